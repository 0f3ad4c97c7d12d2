/* SPDX-License-Identifier: MIT */
/*
 * outcome - what became of a file: its record, its marker, and what the next
 * file of the run needs to know
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "wandb/job.h"
#include "wandb/marker.h"

/* Adds a complaint; the first one's code is that of all. */
static void
complain(
    struct buf *message, const char **code, const char *its, const char *text)
{
	if (*code == NULL)
		*code = its;
	buf_addf(message, "%s%s", message->len > 0 ? "; " : "", text);
}

static void
complain_of(struct buf *message, const char **code, long count, const char *its,
    const char *what)
{
	char *text;

	if (count == 0)
		return;
	text = xasprintf("%ld %s", count, what);
	complain(message, code, its, text);
	free(text);
}

/* Values in whole records, and records before the run's. */
static long
unreadable(const struct job *job)
{
	return job->replay.dropped + job->replay.unsaid;
}

static void
complain_if(struct buf *message, const char **code, jv why)
{
	if (!jv_is_valid(why))
		complain(message, code, error_code(why), error_message(why));
}

/* What is not whole although all that could be sent is there. */
static jv
verdict(struct job *job)
{
	const struct replay *replay = &job->replay;
	bool accept = job->options->accept_damage;
	struct buf message = { 0 };
	const char *code = NULL;
	jv damage = accept ? jv_null() : damage_verdict(&job->damage);
	jv files =
	    job->uploads != NULL ? uploads_verdict(job->uploads) : jv_null();
	jv artifacts = artifacts_verdict(job->artifacts);
	jv why = jv_null();

	complain_if(&message, &code, damage);
	complain_if(&message, &code, files);
	complain_of(&message, &code, replay->too_long, "input",
	    "lines are longer than the server takes, and were left out");
	complain_of(&message, &code, accept ? 0 : unreadable(job), "damaged",
	    "values or records cannot be read, and were left out");
	if (job->summary.len > STREAM_MOST)
		complain(&message, &code, "input",
		    "the summary is longer than the server takes");
	complain_if(&message, &code, artifacts);
	complain_if(&message, &code, job->alert);
	if (code != NULL)
		why = error_value(code, "%s", message.at);
	buf_release(&message);
	jv_free(artifacts);
	jv_free(files);
	jv_free(damage);
	return why;
}

/* What could not be read, if there is such, and whether it is accepted. */
static jv
set_damage(struct job *job, jv rec)
{
	jv counts;

	if (!damage_found(&job->damage) && unreadable(job) == 0)
		return rec;
	counts = damage_counts(&job->damage);
	counts = record_set_number(counts, "values", (double)unreadable(job));
	counts =
	    record_set_bool(counts, "accepted", job->options->accept_damage);
	return jv_object_set(rec, jv_string("damage"), counts);
}

/* What stayed here, if anything did. */
static jv
set_left_out(struct job *job, jv rec)
{
	unsigned left = job->replay.left_out |
	    (job->uploads != NULL ? uploads_left_out(job->uploads) : 0);

	if (left == 0)
		return rec;
	return jv_object_set(rec, jv_string("left_out"),
	    selection_words(&job->options->leave, left));
}

/* "entity/project/run_id", as far as it is known. */
static jv
set_run(struct job *job, jv rec)
{
	const struct run_params *params = &job->replay.params;
	char *run;

	if (params->entity == NULL || params->project == NULL ||
	    params->run_id == NULL)
		return rec;
	run = xasprintf(
	    "%s/%s/%s", params->entity, params->project, params->run_id);
	rec = record_set_str(rec, "run", run);
	free(run);
	return record_set_str(rec, "url", job->url);
}

static jv
set_counts(struct job *job, jv rec)
{
	const struct row_key *last = job->replay.last_row.known
	    ? &job->replay.last_row
	    : &job->bucket.last_row;
	long long bytes;
	long files = uploads_count(job->uploads, &bytes);

	rec = record_set_number(rec, "history_lines",
	    (double)(job->place.over
		    ? job->bucket.rows
		    : job->place.first.rows + job->replay.at.rows));
	if (last->known && last->step >= 0)
		rec = record_set_number(rec, "last_step", (double)last->step);
	rec = record_set_number(rec, "files", (double)files);
	rec = record_set_number(rec, "bytes", (double)bytes);
	return record_set_number(
	    rec, "artifacts", (double)artifacts_count(job->artifacts));
}

/* How far the run reaches for the file that comes next; consumes broken. */
static void
remember(struct job *job, jv broken)
{
	struct syncer *syncer = job->syncer;
	const struct reach *first = &job->place.first;
	const struct replay *replay = &job->replay;

	free(syncer->last);
	syncer->last = job->name != NULL ? xstrdup(job->name) : NULL;
	syncer->number = job->number;
	syncer->started = job->replay.started;
	jv_free(syncer->broken);
	syncer->broken = broken;
	syncer->reach = (struct reach){
		.rows = first->rows + replay->at.rows,
		.events = first->events + replay->at.events,
		.console = first->console + replay->at.console,
		.step = job->place.over             ? job->place.next
		    : replay->at.step > first->step ? replay->at.step
						    : first->step,
	};
}

static void
remember_marker(struct job *job)
{
	struct syncer *syncer = job->syncer;

	free(syncer->last);
	syncer->last = xstrdup(job->name);
	syncer->number = job->number;
	syncer->started = job->replay.started;
	jv_free(syncer->broken);
	syncer->broken = jv_null();
	syncer->reach = (struct reach){
		.rows = record_int(job->marker, "history_lines", 0),
		.events = record_int(job->marker, "events_lines", 0),
		.console = record_int(job->marker, "console_lines", 0),
		.step = record_int(job->marker, "next_step", 0),
	};
}

/* What a marker keeps of a record. */
static const char *const kept[] = { "run", "url", "history_lines", "last_step",
	"files", "bytes", "artifacts", "verified_at", "damage", "left_out" };

jv
outcome_skipped(struct job *job, jv rec)
{
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		rec = record_take(rec, kept[i], job->marker, kept[i]);
	rec = record_set_bool(rec, "synced", true);
	rec = record_set_bool(rec, "verified", true);
	remember_marker(job);
	if (job->options->dry_run)
		rec = record_set_bool(rec, "dry_run", true);
	return record_set_bool(rec, "skipped", true);
}

static jv
mark(struct job *job, jv rec)
{
	const struct reach *reach = &job->syncer->reach;
	jv marker = record_set_str(jv_object(), "tool", "wb-sync"), error;

	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		marker = record_take(marker, kept[i], rec, kept[i]);
	/* Where the next file of the run will begin. */
	marker =
	    record_set_number(marker, "history_lines", (double)reach->rows);
	marker =
	    record_set_number(marker, "events_lines", (double)reach->events);
	marker =
	    record_set_number(marker, "console_lines", (double)reach->console);
	marker = record_set_number(marker, "next_step", (double)reach->step);
	error = marker_write(job->path, runlog_fd(job->log), job->size, marker);
	if (!jv_is_valid(error))
		return record_failed(rec, error);
	jv_free(error);
	return rec;
}

/* All that could be sent is confirmed. */
jv
outcome_done(struct job *job, jv rec)
{
	const struct sync_options *options = job->options;
	jv why = verdict(job);
	bool whole = jv_is_valid(why);
	char now[CLOCK_TEXT];

	rec = set_counts(job, set_run(job, rec));
	rec = set_left_out(job, set_damage(job, rec));
	if (job->follow.end != NULL)
		rec = record_set_str(rec, "ended_by", job->follow.end);
	rec = record_set_bool(rec, "synced", whole);
	rec = record_set_bool(rec, "verified", whole);
	rec = record_set_str(
	    rec, "verified_at", clock_format(floor(clock_now()), now));
	remember(job, jv_null());
	if (!whole)
		return record_failed(rec, why);
	jv_free(why);
	return options->no_mark || options->verify ? rec : mark(job, rec);
}

/* What the run's next file says when this one was not done. */
static jv
stop_next(jv error)
{
	jv why = error_value(
	    "conflict", "the run's file before this one was not synced");

	return error_is_temporary(error) ? error_temporary(why) : why;
}

/* It could not be done; what of it is on the server is said. */
jv
outcome_gave_up(struct job *job, jv rec, jv error)
{
	bool differs =
	    job->options->verify && strcmp(error_code(error), "conflict") == 0;

	if (job->name != NULL)
		remember(job, stop_next(error));
	rec = set_damage(job, set_run(job, rec));
	if (job->stream != NULL && job->bucket.present)
		rec = record_set_number(rec, "history_lines",
		    (double)stream_confirmed(job->stream));
	rec = record_set_bool(rec, "synced", false);
	rec = record_set_bool(rec, "verified", false);
	return job->landed || differs ? record_failed(rec, error)
				      : record_error(rec, error);
}

jv
outcome_dry(struct job *job, jv rec)
{
	jv why = verdict(job);

	rec = set_counts(job, set_run(job, rec));
	rec = set_left_out(job, set_damage(job, rec));
	rec = record_set_bool(rec, "dry_run", true);
	if (!jv_is_valid(why))
		return record_failed(rec, why);
	jv_free(why);
	return rec;
}
