/* SPDX-License-Identifier: MIT */
/*
 * runhead - what a .wandb file says of its run, from its head and its tail
 */
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "mem.h"
#include "record.h"
#include "wandb/runhead.h"
#include "wandb/runlog.h"
#include "wandb/writer.h"

enum { HEAD_MOST = 1 << 20 };

/*
 * How much of the tail is read for the exit record: mostly it is the last one
 * or nearly so, but samples and a large summary may follow.
 */
static const off_t tails[] = { 2 * LEVELDB_BLOCK, 16 * LEVELDB_BLOCK };

const char *
runhead_state_name(enum runhead_state state)
{
	static const char *const names[] = {
		[RUNHEAD_FINISHED] = "finished",
		[RUNHEAD_FAILED] = "failed",
		[RUNHEAD_CRASHED] = "crashed",
		[RUNHEAD_LIVE] = "live",
	};

	return names[state];
}

static char *
text_of(struct span span)
{
	return xstrndup(span.at, span.len);
}

/* The first run record. */
static jv
read_head(struct runlog *log, const char *path, struct runhead *head)
{
	struct runlog_entry entry;
	struct runlog_run run;
	enum leveldb_event event;

	do {
		event = runlog_next(log, &entry);
		if (event == LEVELDB_RECORD && entry.kind == RUNLOG_RUN) {
			if (!runlog_run(entry.message, &run) ||
			    run.run_id.len == 0)
				break;
			head->run_id = text_of(run.run_id);
			head->entity = text_of(run.entity);
			head->project = text_of(run.project);
			head->display_name = text_of(run.display_name);
			head->started = run.start_time;
			return jv_null();
		}
	} while (event == LEVELDB_RECORD && entry.start < HEAD_MOST);
	if (event != LEVELDB_RECORD && event != LEVELDB_END)
		return runlog_error(path, event, &entry);
	return error_value("damaged", "%s: offset %lld: no run record", path,
	    (long long)entry.start);
}

/* Whether there is an exit record in the last bytes of the file. */
static bool
read_tail(struct runlog *log, off_t bytes, struct runhead *head)
{
	struct runlog_entry entry;
	struct runlog_exit end;
	struct runlog_run run;
	enum leveldb_event event;
	bool found = false;

	runlog_seek(log, head->bytes > bytes ? head->bytes - bytes : 0);
	do {
		event = runlog_next(log, &entry);
		if (event != LEVELDB_RECORD)
			continue;
		if (entry.kind == RUNLOG_EXIT &&
		    runlog_exit(entry.message, &end)) {
			head->state =
			    end.code == 0 ? RUNHEAD_FINISHED : RUNHEAD_FAILED;
			found = true;
		} else if (entry.kind == RUNLOG_RUN &&
		    runlog_run(entry.message, &run) &&
		    run.display_name.len > 0) {
			free(head->display_name);
			head->display_name = text_of(run.display_name);
		}
	} while (event == LEVELDB_RECORD || event == LEVELDB_DAMAGE);
	return found;
}

static bool
has_ended(struct runlog *log, struct runhead *head)
{
	struct stat st;

	if (fstat(runlog_fd(log), &st) == 0)
		head->bytes = st.st_size;
	for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++)
		if (read_tail(log, tails[i], head))
			return true;
		else if (tails[i] >= head->bytes)
			break;
	return false;
}

static jv
read_both(struct runlog *log, const char *path, struct runhead *head)
{
	jv why = read_head(log, path, head);

	if (!jv_is_valid(why))
		return writer_is_alive(runlog_fd(log)) ? error_temporary(why)
						       : why;
	if (has_ended(log, head))
		return why;
	head->state = RUNHEAD_LIVE;
	/* A writer that is gone may have written its last in the meantime. */
	if (!writer_is_alive(runlog_fd(log)) && !has_ended(log, head))
		head->state = RUNHEAD_CRASHED;
	return why;
}

jv
runhead_read(const char *path, struct runhead *head)
{
	struct runlog *log;
	jv why;

	*head = (struct runhead){ 0 };
	log = runlog_open(path, &why);
	if (log == NULL)
		return why;
	why = read_both(log, path, head);
	runlog_close(log);
	return why;
}

void
runhead_release(struct runhead *head)
{
	free(head->run_id);
	free(head->entity);
	free(head->project);
	free(head->display_name);
	*head = (struct runhead){ 0 };
}
