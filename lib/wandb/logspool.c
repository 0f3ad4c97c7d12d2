/* SPDX-License-Identifier: MIT */
/*
 * logspool - the folders in which runs wait that are logged
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "file.h"
#include "record.h"
#include "wandb/logspool.h"
#include "wandb/rundir.h"

enum { STATE_MOST = 4096 }; /* bytes */

char *
logspool_dir(void)
{
	const char *root = config_env("WANDB_DIR");
	char *hidden = file_join(root != NULL ? root : "", ".wandb");
	struct stat st;

	if (stat(hidden, &st) == 0 && S_ISDIR(st.st_mode))
		return hidden;
	free(hidden);
	return file_join(root != NULL ? root : "", "wandb");
}

jv
logspool_make(const char *dir, const char *run_id, double now)
{
	char *folder = NULL, stamp[32];
	struct tm tm;
	time_t second;
	bool made;
	jv path;

	(void)file_make_folders(dir);
	/* Why it could not be made. */
	if (mkdir(dir, 0777) < 0 && errno != EEXIST)
		return error_value("io", "%s: %s", dir, strerror(errno));
	do {
		free(folder);
		second = (time_t)now++;
		if (localtime_r(&second, &tm) == NULL)
			memset(&tm, 0, sizeof tm);
		(void)strftime(stamp, sizeof stamp, "%Y%m%d_%H%M%S", &tm);
		folder = xasprintf("%s/offline-run-%s-%s", dir, stamp, run_id);
		made = mkdir(folder, 0777) == 0;
	} while (!made && errno == EEXIST);
	if (made)
		path = jv_string_fmt("%s/run-%s.wandb", folder, run_id);
	else
		path = error_value("io", "%s: %s", folder, strerror(errno));
	free(folder);
	return path;
}

/* Whether two names may be the same: an empty one is the account's own. */
static bool
may_be(const char *name, const char *other)
{
	return other == NULL || *name == '\0' || strcmp(name, other) == 0;
}

void
logspool_left(
    const char *dir, const struct run_params *params, struct runlist *list)
{
	DIR *folders = opendir(dir);
	struct dirent *entry;
	struct runhead head;
	char *path;
	jv why;

	while (folders != NULL && (entry = readdir(folders)) != NULL) {
		if (strncmp(entry->d_name, "offline-run-", 12) != 0)
			continue;
		path = xasprintf(
		    "%s/%s/run-%s.wandb", dir, entry->d_name, params->run_id);
		why = runhead_read(path, &head);
		if (jv_is_valid(why) &&
		    strcmp(head.run_id, params->run_id) == 0 &&
		    may_be(head.project, params->project) &&
		    may_be(head.entity, params->entity)) {
			/* One run, however it was named: by time alone. */
			*head.project = *head.entity = '\0';
			runlist_add(list, path, &head);
		} else {
			runhead_release(&head);
		}
		jv_free(why);
		free(path);
	}
	if (folders != NULL)
		closedir(folders);
	runlist_sort(list);
}

static char *
begin_name(const char *file)
{
	return xasprintf("%s.syncstate", file);
}

jv
logspool_set_begin(const char *file, const struct reach *begin)
{
	char *path = begin_name(file);
	jv state = record_set_number(
	       jv_object(), "starting_step", (double)begin->step),
	   text, why;

	state = record_set_number(state, "starting_runtime", 0);
	state = record_set_number(state, "history_lines", (double)begin->rows);
	state = record_set_number(state, "events_lines", (double)begin->events);
	state =
	    record_set_number(state, "console_lines", (double)begin->console);
	text = jv_dump_string(state, 0);
	why = file_replace(path, jv_string_value(text),
	    (size_t)jv_string_length_bytes(jv_copy(text)));
	jv_free(text);
	free(path);
	return why;
}

bool
logspool_begin(const char *file, struct reach *begin)
{
	char *path = begin_name(file);
	struct buf text = { 0 };
	jv why = file_read(path, STATE_MOST, &text), state;
	bool known;

	state = jv_is_valid(why) ? jv_parse_sized(text.at, (int)text.len)
				 : jv_null();
	*begin = (struct reach){
		.rows = record_int(state, "history_lines", -1),
		.events = record_int(state, "events_lines", -1),
		.console = record_int(state, "console_lines", -1),
		.step = record_int(state, "starting_step", -1),
	};
	known = begin->rows >= 0 && begin->events >= 0 && begin->console >= 0 &&
	    begin->step >= 0;
	jv_free(state);
	jv_free(why);
	buf_release(&text);
	free(path);
	return known;
}

void
logspool_remove(const char *file)
{
	char *folder = rundir_of(file), *begin = begin_name(file);
	char *marker = xasprintf("%s.synced", file);

	/* Whatever else is in the folder keeps it. */
	(void)unlink(marker);
	(void)unlink(begin);
	(void)unlink(file);
	(void)rmdir(folder);
	free(begin);
	free(marker);
	free(folder);
}
