/* SPDX-License-Identifier: MIT */
/*
 * fragment - whether what comes before a file of a resumed run is there
 */
#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "file.h"
#include "record.h"
#include "wandb/fragment.h"
#include "wandb/rundir.h"
#include "wandb/runhead.h"
#include "wandb/runlog.h"

enum {
	TAIL = 32 * LEVELDB_BLOCK, /* in which the last row is looked for */
	HEAD = 100, /* rows in which the widest stride is looked for */
	SLACK = 5,  /* seconds between the start of a run and of its clock */
	BASE_SECONDS = 15 /* for the run that another one was forked from */
};

/* How a file begins. */
struct beginning {
	bool resumed;
	int64_t starting_step;
	int32_t runtime;
	double started;
	int rows; /* that were read; of the first: */
	double step, time, clock;
	double stride; /* the widest between two rows */
};

static double
number_of(struct span text)
{
	char *copy = xstrndup(text.at, text.len);
	double number = text.len > 0 ? strtod(copy, NULL) : NAN;

	free(copy);
	return number;
}

static void
read_row(struct span message, double *step, double *time, double *clock)
{
	struct runlog_items items;
	struct runlog_item item;

	*step = *time = *clock = NAN;
	runlog_items(&items, RUNLOG_HISTORY, message);
	while (runlog_next_item(&items, &item)) {
		if (item.depth != 1)
			continue;
		if (span_is(item.path[0], "_step"))
			*step = number_of(item.json);
		else if (span_is(item.path[0], "_timestamp"))
			*time = number_of(item.json);
		else if (span_is(item.path[0], "_runtime"))
			*clock = number_of(item.json);
	}
	runlog_items_release(&items);
}

static void
take_run(struct beginning *begin, struct span message)
{
	struct runlog_run run;

	if (!isnan(begin->started) || !runlog_run(message, &run))
		return;
	begin->started = run.start_time;
	begin->resumed = run.resumed;
	begin->starting_step = run.starting_step;
	begin->runtime = run.runtime;
}

static void
read_beginning(const char *path, struct beginning *begin)
{
	jv why = jv_null();
	struct runlog *log = runlog_open(path, &why);
	struct runlog_entry entry;
	enum leveldb_event event;
	double before = NAN, step, time, clock;

	jv_free(why);
	*begin = (struct beginning){ .started = NAN };
	if (log == NULL)
		return;
	while (begin->rows < HEAD &&
	    ((event = runlog_next(log, &entry)) == LEVELDB_RECORD ||
		event == LEVELDB_DAMAGE)) {
		if (event == LEVELDB_DAMAGE)
			continue;
		if (entry.kind == RUNLOG_RUN)
			take_run(begin, entry.message);
		if (entry.kind != RUNLOG_HISTORY)
			continue;
		read_row(entry.message, &step, &time, &clock);
		if (begin->rows++ == 0) {
			begin->step = step;
			begin->time = time;
			begin->clock = clock;
		} else if (isgreater(step - before, begin->stride)) {
			begin->stride = step - before;
		}
		before = step;
	}
	runlog_close(log);
}

/* When the last row of a file was written; NAN if its tail shows none. */
static double
last_time(const char *path, off_t bytes)
{
	jv why = jv_null();
	struct runlog *log = runlog_open(path, &why);
	struct runlog_entry entry;
	enum leveldb_event event;
	double last = NAN, step, time, clock;

	jv_free(why);
	if (log == NULL)
		return NAN;
	runlog_seek(log, bytes > TAIL ? bytes - TAIL : 0);
	while ((event = runlog_next(log, &entry)) == LEVELDB_RECORD ||
	    event == LEVELDB_DAMAGE) {
		if (event == LEVELDB_DAMAGE || entry.kind != RUNLOG_HISTORY)
			continue;
		read_row(entry.message, &step, &time, &clock);
		if (!isnan(time))
			last = time;
	}
	runlog_close(log);
	return last;
}

static jv
missing(const struct bucket *bucket, const char *what)
{
	char *there = bucket->rows > 0
	    ? xasprintf("ends at step %" PRId64 ", after %" PRId64 " rows",
		  bucket->last_row.step, bucket->rows)
	    : xasprintf("%s", bucket->present ? "has no rows" : "is not there");
	jv why = error_value("conflict",
	    "an earlier file of the run is missing: %s; on the server the "
	    "run %s. Sync that one first, or this one alone with --partial",
	    what, there);

	free(there);
	return why;
}

/* ---- what the file says ---- */

/*
 * Whether the first step is further from where the run stands than from one
 * row to the next.
 */
static bool
skips(const struct beginning *begin, const struct bucket *bucket)
{
	double behind = bucket->rows > 0 ? (double)bucket->last_row.step : 0;

	if (bucket->rows > 0 &&
	    (bucket->state == NULL ||
		strcasecmp(bucket->state, "finished") != 0))
		return false;
	return begin->rows > 1 &&
	    isgreater(begin->step - behind, begin->stride);
}

static jv
check_beginning(
    const struct beginning *begin, const struct bucket *bucket, bool follows)
{
	double clock = begin->clock - (begin->time - begin->started);
	char *what = NULL;
	jv why;

	if (begin->starting_step >
	    (bucket->rows > 0 ? bucket->last_row.step + 1 : 0))
		what = xasprintf(
		    "it goes on from step %" PRId64, begin->starting_step);
	else if (!follows && skips(begin, bucket))
		what =
		    xasprintf("this one begins with step %.15g", begin->step);
	else if (!bucket->present && begin->resumed)
		what = xstrdup("the server had the run when this one began");
	else if (!bucket->present && begin->runtime > 0)
		what = xasprintf("the run had lasted %d s when this one began",
		    (int)begin->runtime);
	else if (!bucket->present && begin->rows > 0 && clock > SLACK)
		what = xasprintf(
		    "the run had lasted %.0f s when this one began", clock);
	if (what == NULL)
		return jv_null();
	why = missing(bucket, what);
	free(what);
	return why;
}

/* ---- what is beside it ---- */

static int
is_wandb(const struct dirent *entry)
{
	return rundir_is_file(entry->d_name);
}

/*
 * Whether the file at other is an earlier one of the run, with rows that are
 * not on the server.
 */
static bool
lacks(const char *other, const struct runhead *own, const struct bucket *bucket)
{
	struct runhead head;
	jv error = runhead_read(other, &head);
	bool earlier = jv_is_valid(error) &&
	    strcmp(head.run_id, own->run_id) == 0 &&
	    strcmp(head.project, own->project) == 0 &&
	    strcmp(head.entity, own->entity) == 0 &&
	    isless(head.started, own->started);
	double last = earlier ? last_time(other, head.bytes) : NAN;

	jv_free(error);
	runhead_release(&head);
	/* Times are doubles that may have been printed and read again. */
	return !isnan(last) &&
	    !(bucket->rows > 0 &&
		isgreaterequal(bucket->last_row.timestamp, last - 1e-6));
}

/* The first .wandb file in folder that lacks(); NULL without one. */
static char *
lacks_in(
    const char *folder, const struct runhead *own, const struct bucket *bucket)
{
	struct dirent **found;
	int count = scandir(folder, &found, is_wandb, alphasort);
	char *lacking = NULL;

	for (int i = 0; i < count; i++) {
		char *path = file_join(folder, found[i]->d_name);

		if (lacking == NULL && lacks(path, own, bucket))
			lacking = path;
		else
			free(path);
		free(found[i]);
	}
	if (count >= 0)
		free(found);
	return lacking;
}

/* Run folders carry the id in their name. */
static jv
check_siblings(const char *path, const struct bucket *bucket)
{
	char *folder = rundir_of(path), *around = file_join(folder, "..");
	DIR *dir = opendir(around);
	struct dirent *entry;
	struct runhead own;
	jv error = runhead_read(path, &own);
	char *lacking = NULL, *sibling;

	if (jv_is_valid(error))
		lacking = lacks_in(folder, &own, bucket);
	while (jv_is_valid(error) && dir != NULL && lacking == NULL &&
	    (entry = readdir(dir)) != NULL) {
		if (strstr(entry->d_name, own.run_id) == NULL)
			continue;
		sibling = file_join(around, entry->d_name);
		lacking = lacks_in(sibling, &own, bucket);
		free(sibling);
	}
	jv_free(error);
	error = jv_null();
	if (lacking != NULL)
		error = missing(bucket, lacking);
	if (dir != NULL)
		closedir(dir);
	runhead_release(&own);
	free(lacking);
	free(around);
	free(folder);
	return error;
}

jv
fragment_check(
    const char *path, const struct bucket *bucket, int number, bool follows)
{
	struct beginning begin;
	char *what;
	jv error;

	if (number > 1 && !bucket->present) {
		what = xasprintf("this is number %d", number);
		error = missing(bucket, what);
		free(what);
		return error;
	}
	error = check_siblings(path, bucket);
	if (!jv_is_valid(error))
		return error;
	jv_free(error);
	read_beginning(path, &begin);
	return check_beginning(&begin, bucket, follows);
}

/* ---- what it was forked from ---- */

jv
fragment_check_base(struct wandb *wandb, const struct run_params *params,
    const char *base, const struct deadline *deadline)
{
	struct deadline end =
	    deadline_in(fmin(BASE_SECONDS, deadline_left(deadline)));
	struct run_params its = { .entity = params->entity,
		.project = params->project,
		.run_id = xstrdup(base) };
	struct bucket bucket = { 0 };
	double pause = 0.25;
	jv why;

	for (;;) {
		why = bucket_ask(wandb, &its, deadline, &bucket);
		if (!jv_is_valid(why) || bucket.present ||
		    !deadline_sleep(&end, pause))
			break;
		jv_free(why);
		pause = fmin(pause * 2, 4);
	}
	if (jv_is_valid(why) && !bucket.present) {
		jv_free(why);
		why = error_value("conflict",
		    "the run %s that it was forked from is not on the server. "
		    "Sync that one first, or this one alone with --partial",
		    base);
	}
	bucket_release(&bucket);
	free(its.run_id);
	return why;
}
