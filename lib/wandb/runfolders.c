/* SPDX-License-Identifier: MIT */
/*
 * runfolders - folds of the runs that come as records, one for each project
 */
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "wandb/runfolders.h"

/* The folder of a name, which is made; NULL if it is no entity/project. */
static struct runfolder *
folder_of(struct runfolders *all, struct span name)
{
	const char *slash = memchr(name.at, '/', name.len);
	size_t number, count = all->names.count;

	if (slash == NULL || slash == name.at ||
	    memchr(name.at, '\0', name.len) != NULL ||
	    slash == name.at + name.len - 1 ||
	    memchr(slash + 1, '/', name.len - (size_t)(slash + 1 - name.at)) !=
		NULL)
		return NULL;
	number = keys_add(&all->names, name);
	if (number == count) {
		all->at = xreallocarray(all->at, count + 1, sizeof(*all->at));
		all->at[number].in_doubt = false;
		runfold_begin(&all->at[number].fold, all->rules);
	}
	return &all->at[number];
}

/* That of the project that a record is about; NULL if it names none. */
static struct runfolder *
folder_for(struct runfolders *all, const struct run_facts *facts)
{
	struct buf *kept = &all->kept;
	struct span name;
	size_t slash;

	buf_clear(kept);
	if (run_facts_text(facts, RUN_ID, kept)) {
		for (slash = kept->len; slash > 0; slash--)
			if (kept->at[slash - 1] == '/')
				break;
		name = (struct span){ kept->at, slash > 0 ? slash - 1 : 0 };
	} else if (run_facts_text(facts, RUN_PROJECT, kept)) {
		name = (struct span){ kept->at, kept->len };
	} else {
		return NULL;
	}
	return name.len > 0 ? folder_of(all, name) : NULL;
}

bool
runfolders_take(struct runfolders *folders, struct span text, jv *why)
{
	const char *wrong = "is not of the form entity/project/run_id";
	struct runfolder *folder;
	struct run_facts facts;
	bool is_run, is_error;

	if (!run_facts_read(&facts, text, RUN_OF_RECORD))
		return false;
	is_run = run_facts_have(&facts, RUN_ID);
	is_error = run_facts_have(&facts, RUN_ERROR);
	if (!is_run && !is_error && run_facts_have(&facts, RUN_PROJECT))
		return false;
	folder = folder_for(folders, &facts);
	*why = jv_null();
	if (folder != NULL && is_run && !is_error)
		wrong = runfold_add(&folder->fold, &facts);
	if (wrong == NULL)
		return true;
	if (folder != NULL)
		folder->in_doubt = true;
	else
		folders->in_doubt = true;
	if (!is_run || is_error)
		return false;
	*why = error_value("input", "%.*s %s", (int)folders->kept.len,
	    folders->kept.len > 0 ? folders->kept.at : "", wrong);
	return true;
}

bool
runfolders_is_whole(const struct runfolders *folders, size_t i)
{
	return !folders->in_doubt && !folders->at[i].in_doubt;
}

void
runfolders_release(struct runfolders *folders)
{
	for (size_t i = 0; i < folders->names.count; i++)
		runfold_release(&folders->at[i].fold);
	free(folders->at);
	keys_release(&folders->names);
	buf_release(&folders->kept);
}
