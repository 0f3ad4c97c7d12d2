/* SPDX-License-Identifier: MIT */
/*
 * sync - a .wandb file brought to the server, whole, once, and verified
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "file.h"
#include "record.h"
#include "wandb/alert.h"
#include "wandb/job.h"
#include "wandb/marker.h"
#include "wandb/rundir.h"
#include "wandb/runhead.h"
#include "wandb/verify.h"
#include "wandb/writer.h"

/* Telemetry's Feature: how the run came to the server. */
enum { RESUMED = 5, SYNCED = 76 };

struct syncer *
syncer_new(struct wandb *wandb, const struct sync_options *options)
{
	struct syncer *syncer = xcalloc(1, sizeof *syncer);

	syncer->wandb = wandb;
	syncer->options = options;
	return syncer;
}

void
syncer_free(struct syncer *syncer)
{
	if (syncer == NULL)
		return;
	free(syncer->last);
	free(syncer);
}

static void
job_init(struct job *job, struct syncer *syncer, const char *path)
{
	*job = (struct job){
		.syncer = syncer,
		.wandb = syncer->wandb,
		.options = syncer->options,
		.path = path,
		.deadline = deadline_in(syncer->options->timeout),
		.marker = jv_null(),
		.damage = jv_null(),
		.alert = jv_null(),
	};
	replay_init(&job->replay);
	job->replay.instead = &job->options->instead;
	job->replay.context = job;
}

static void
job_release(struct job *job)
{
	stream_free(job->stream);
	uploads_free(job->uploads);
	replay_release(&job->replay);
	bucket_release(&job->bucket);
	runlog_close(job->log);
	buf_release(&job->config);
	buf_release(&job->summary);
	free(job->name);
	free(job->url);
	free(job->stream_url);
	jv_free(job->marker);
	jv_free(job->damage);
	jv_free(job->alert);
}

/* ---- what is sent while the file is read ---- */

/* The names in use are now the server's. */
static void
take_names(struct job *job)
{
	struct run_params *params = &job->replay.params;
	const struct bucket *bucket = &job->bucket;

	free(params->entity);
	free(params->project);
	free(params->run_id);
	params->entity =
	    bucket->entity != NULL ? xstrdup(bucket->entity) : NULL;
	params->project = xstrdup(bucket->project);
	params->run_id = xstrdup(bucket->run_id);
	free(job->url);
	free(job->stream_url);
	job->url = job->stream_url = NULL;
	if (bucket->entity == NULL)
		return;
	job->url = wandb_run_url(
	    job->wandb, bucket->entity, bucket->project, bucket->run_id);
	job->stream_url = wandb_stream_url(
	    job->wandb, bucket->entity, bucket->project, bucket->run_id);
	diag_on_signal("%s: what came is at %s: run it again to go on",
	    job->path, job->url);
}

/* Creates the run, or tells the server what has changed since. */
static jv
upsert(struct job *job)
{
	struct buf config = { 0 };
	jv error = jv_null();

	runconfig_json(job->replay.config, &config);
	if (!job->upserted || job->replay.changed ||
	    config.len != job->config.len ||
	    memcmp(config.at, job->config.at, config.len) != 0) {
		error = bucket_upsert(job->wandb, &job->replay.params,
		    config.at, &job->deadline, &job->bucket);
		if (jv_is_valid(error) && job->bucket.entity == NULL) {
			jv_free(error);
			error = error_value("unavailable",
			    "UpsertBucket: the answer names no entity");
		}
	}
	if (jv_is_valid(error)) {
		job->upserted = true;
		job->replay.changed = false;
		buf_release(&job->config);
		job->config = config;
		take_names(job);
	} else {
		buf_release(&config);
	}
	return error;
}

/* The stream has enough for a post. */
static jv
flush(void *context)
{
	struct job *job = context;
	jv error = job->upserted ? jv_null() : upsert(job);

	if (!jv_is_valid(error))
		return error;
	jv_free(error);
	return stream_send(job->stream, job->stream_url);
}

/* ---- the beginning: whose run it is, and what the server has of it ---- */

/* A file that has its exit record is whole, whoever still holds it. */
static bool
is_live(struct job *job)
{
	struct runhead head;
	jv error;
	bool live;

	if (!writer_is_alive(runlog_fd(job->log)))
		return false;
	error = runhead_read(job->path, &head);
	live = !jv_is_valid(error) || head.state == RUNHEAD_LIVE;
	jv_free(error);
	runhead_release(&head);
	return live;
}

static jv
open_file(struct job *job)
{
	jv why = jv_null();
	struct stat st;

	job->log = runlog_open(job->path, &why);
	if (job->log == NULL)
		return why;
	jv_free(why);
	if (fstat(runlog_fd(job->log), &st) < 0)
		return error_value("io", "%s: %s", job->path, strerror(errno));
	job->size = st.st_size;
	/* Where a file system knows no locks there is nobody to wait for. */
	if (flock(runlog_fd(job->log), LOCK_EX | LOCK_NB) < 0 &&
	    errno == EWOULDBLOCK)
		return error_temporary(error_value(
		    "conflict", "another wb-sync is at work on it"));
	if (is_live(job))
		return error_temporary(error_value("conflict",
		    "the run goes on: a program still writes this file"));
	return jv_null();
}

/* What is empty in the file comes from the configuration. */
static void
fill_names(struct job *job)
{
	const struct wandb_config *config = wandb_config_of(job->wandb);
	struct run_params *params = &job->replay.params;

	if (params->entity == NULL && config->entity != NULL)
		params->entity = xstrdup(config->entity);
	if (params->project == NULL && config->project != NULL)
		params->project = xstrdup(config->project);
	job->name =
	    xasprintf("%s/%s/%s", params->entity != NULL ? params->entity : "",
		params->project != NULL ? params->project : "", params->run_id);
}

/* Whether a marker speaks of the place where the run is to go. */
static bool
marker_is_for(struct job *job, jv marker)
{
	const struct run_params *params = &job->replay.params;
	const char *app = wandb_config_of(job->wandb)->app_url;
	const char *url = record_str(marker, "url");
	const char *run = record_str(marker, "run");
	const char *rest = run != NULL ? strchr(run, '/') : NULL;
	char *wanted;
	bool same;

	if (rest == NULL || url == NULL || strncmp(url, app, strlen(app)) != 0)
		return false;
	if (params->entity != NULL &&
	    (strncmp(run, params->entity, (size_t)(rest - run)) != 0 ||
		params->entity[rest - run] != '\0'))
		return false;
	wanted = xasprintf("/%s/%s",
	    params->project != NULL ? params->project : BUCKET_NO_PROJECT,
	    params->run_id);
	same = strcmp(rest, wanted) == 0;
	free(wanted);
	return same;
}

static void
read_marker(struct job *job)
{
	jv marker;

	if (job->options->again)
		return;
	marker = marker_read(job->path, runlog_fd(job->log));
	if (jv_get_kind(marker) == JV_KIND_OBJECT && marker_is_for(job, marker))
		job->marker = marker;
	else
		jv_free(marker);
}

/* Makes the replay go on where the server is. */
static void
go_on(struct job *job)
{
	struct replay *replay = &job->replay;
	struct reach *first = &job->place.first, *there = &job->place.there;
	int64_t console = there->console > 32 ? there->console - 32 : 0;

	if (replay->branch_step > first->step)
		first->step = replay->branch_step;
	replay->place = job->place;
	replay->structured = job->bucket.structured_console;
	replay->flush = flush;
	replay->uploads = job->uploads;
	if (job->place.over)
		return;
	job->stream =
	    stream_new(job->wandb, &job->deadline, first->rows + there->rows,
		first->events + there->events, first->console + console);
	replay->stream = job->stream;
	runconfig_feature(replay->config, SYNCED);
	runconfig_core_version(replay->config, PACKAGE_VERSION);
	if (!replay->resume || !job->bucket.present)
		return;
	runconfig_feature(replay->config, RESUMED);
	if (job->bucket.config != NULL)
		runconfig_inherit(replay->config, span_of(job->bucket.config));
	if (there->rows > 0)
		replay->last_row = job->bucket.last_row;
}

/* After the first run record. */
static jv
begin(struct job *job)
{
	struct syncer *syncer = job->syncer;
	struct replay *replay = &job->replay;
	char *folder, *files;
	bool next;
	jv error;

	if (replay->params.run_id == NULL)
		return error_value("input", "%s: the run has no id", job->path);
	fill_names(job);
	read_marker(job);
	if (jv_get_kind(job->marker) == JV_KIND_OBJECT)
		return jv_null();
	if (replay->branch != NULL &&
	    strcmp(replay->branch, replay->params.run_id) == 0)
		return error_value("input",
		    "%s: the run is a rewind of "
		    "itself, which is not replayed",
		    job->path);
	folder = rundir_of(job->path);
	files = file_join(folder, "files");
	free(folder);
	job->uploads = uploads_new(job->wandb, files, &job->deadline);
	free(files);
	replay->uploads = job->uploads;
	if (job->options->dry_run)
		return jv_null();

	next = syncer->last != NULL && strcmp(syncer->last, job->name) == 0;
	if (next && syncer->broken && replay->resume)
		return error_value("conflict",
		    "the run's file before this "
		    "one was not synced");
	error = bucket_ask(
	    job->wandb, &replay->params, &job->deadline, &job->bucket);
	if (!jv_is_valid(error))
		return error;
	jv_free(error);
	job->was_present = job->bucket.present;
	job->was_ended = job->bucket.present && bucket_ended(&job->bucket);
	error = place_find(job->wandb, job->path, &job->bucket, replay->resume,
	    next ? &syncer->reach : NULL, &job->deadline, &job->place);
	if (!jv_is_valid(error))
		return error;
	take_names(job);
	go_on(job);
	return error;
}

/* ---- the whole file ---- */

static jv
no_run(
    struct job *job, enum leveldb_event event, const struct runlog_entry *entry)
{
	if (event == LEVELDB_FOREIGN || event == LEVELDB_CUT ||
	    event == LEVELDB_ERROR)
		return runlog_error(job->path, event, entry);
	if (jv_is_valid(job->damage))
		return error_value("damaged", "%s: offset %lld: no run record",
		    job->path, (long long)entry->start);
	return jv_copy(job->damage);
}

static jv
read_file(struct job *job)
{
	struct replay *replay = &job->replay;
	struct runlog_entry entry;
	enum leveldb_event event;
	jv error;

	while ((event = runlog_next(job->log, &entry)) == LEVELDB_RECORD ||
	    event == LEVELDB_DAMAGE) {
		bool begun = replay->begun;

		if (event == LEVELDB_DAMAGE) {
			if (jv_is_valid(job->damage))
				job->damage =
				    runlog_error(job->path, event, &entry);
			continue;
		}
		if (!replay_record(replay, &entry))
			return jv_copy(replay->error);
		if (begun || !replay->begun)
			continue;
		error = begin(job);
		if (!jv_is_valid(error) ||
		    jv_get_kind(job->marker) == JV_KIND_OBJECT)
			return error;
		jv_free(error);
	}
	if (!replay->begun)
		return no_run(job, event, &entry);
	if (event == LEVELDB_ERROR)
		return runlog_error(job->path, event, &entry);
	if (event == LEVELDB_CUT && jv_is_valid(job->damage))
		job->damage = runlog_error(job->path, event, &entry);
	replay_finish(replay);
	return jv_copy(replay->error);
}

/* ---- the end ---- */

/* The files that are made of the records. */
static void
make_files(struct job *job)
{
	struct replay *replay = &job->replay;
	struct buf text = { 0 };
	struct stat st;

	replay_summary(replay, &job->summary);
	if (job->place.over)
		return;
	buf_add(&text, job->summary.at, job->summary.len);
	uploads_add_text(job->uploads, "wandb-summary.json", &text, true);
	runconfig_yaml(replay->config, &text);
	uploads_add_text(job->uploads, "config.yaml", &text, true);
	if (runconfig_metadata(replay->config, &text))
		uploads_add_text(
		    job->uploads, "wandb-metadata.json", &text, true);
	buf_release(&text);
	if (replay->log != NULL && fstat(fileno(replay->log), &st) == 0)
		uploads_add_fd(job->uploads, "output.log", fileno(replay->log),
		    st.st_size);
}

static void
expect(struct job *job, struct expected *expected)
{
	const struct replay *replay = &job->replay;

	*expected = (struct expected){
		.rows = job->place.first.rows + replay->at.rows,
		.last_row = replay->last_row,
		.over = job->place.over,
		.summarized = job->summary.len <= STREAM_MOST,
		.summary = { job->summary.at, job->summary.len },
		.complete = !replay->not_complete,
		.exit_code = replay->exited ? replay->exit_code : 1,
	};
	if (!expected->last_row.known && expected->rows == job->bucket.rows)
		expected->last_row = job->bucket.last_row;
}

/*
 * One that is sent twice is worse than one that comes late to nobody: alerts
 * are sent by the call that ends the run, after it did, and never again. The
 * server cannot be asked about them, so a call that comes later cannot know.
 */
static void
leave_alerts(struct job *job)
{
	int count = jv_array_length(jv_copy(job->replay.alerts));

	if (count > 0)
		warning("%s: the run had ended on the server: its alerts (%d) "
			"are not sent again",
		    job->path, count);
}

static void
send_alerts(struct job *job)
{
	if (job->was_ended && job->replay.fresh == 0) {
		leave_alerts(job);
		return;
	}
	jv_free(job->alert);
	job->alert = alert_send(
	    job->wandb, &job->bucket, job->replay.alerts, &job->deadline);
}

/* The lines that are left, the state, and the names of files. */
static jv
send_end(struct job *job, const struct expected *expected)
{
	struct stream_end end = { .uploaded = uploads_sent(job->uploads),
		.preempting = job->replay.preempting,
		.complete = expected->complete,
		.exit_code = expected->exit_code };
	jv error;

	if (expected->summarized && !job->settled)
		end.summary = expected->summary;
	error = stream_finish(job->stream, job->stream_url, &end);
	jv_free(end.uploaded);
	return error;
}

/*
 * Later files of the run are there: what is there of lines is not touched, and
 * the run stays ended. Files that only this one had are sent.
 */
static jv
finish_over(struct job *job)
{
	jv error = uploads_compare(job->uploads, &job->bucket, UPLOADS_NAMES),
	   names;

	if (!jv_is_valid(error) || uploads_lacking(job->uploads) == 0)
		return error;
	jv_free(error);
	uploads_send(job->uploads, &job->bucket);
	names = uploads_sent(job->uploads);
	if (jv_array_length(jv_copy(names)) == 0) {
		jv_free(names);
		return jv_null();
	}
	error = bucket_mark_uploaded(
	    job->wandb, &job->bucket, names, &job->deadline);
	if (!jv_is_valid(error))
		return error;
	jv_free(error);
	return uploads_compare(job->uploads, &job->bucket, UPLOADS_NAMES);
}

/*
 * A run that had ended, with all lines: whether all else is there, too. If only
 * files are lacking, the rest is settled.
 */
static jv
check_claim(struct job *job, struct expected *expected)
{
	jv why;

	/* Derived files of a run that was resumed may be an earlier file's. */
	if (!job->replay.resume)
		expected->files = UPLOADS_CLAIM;
	expected->may_hold_more = true;
	why = verify_once(job->wandb, &job->replay.params, expected,
	    job->uploads, &job->deadline, &job->bucket, &job->settled);
	if (!job->settled) {
		expected->files = UPLOADS_BYTES;
		expected->may_hold_more = false;
	}
	return why;
}

/* Whether the server has it all already; *why: it could not be asked. */
static bool
is_there(struct job *job, struct expected *expected, jv *why)
{
	*why = jv_null();
	if (!job->was_present)
		return false;
	if (job->was_ended && job->replay.fresh == 0) {
		*why = check_claim(job, expected);
		if (jv_is_valid(*why))
			return true;
		if (strcmp(error_code(*why), "conflict") != 0)
			return false;
		jv_free(*why);
		*why = jv_null();
		if (job->settled)
			return false;
	}
	*why = uploads_compare(job->uploads, &job->bucket, UPLOADS_BYTES);
	return false;
}

static jv
finish(struct job *job)
{
	struct expected expected;
	jv error;

	make_files(job);
	expect(job, &expected);
	if (job->place.over) {
		leave_alerts(job);
		return finish_over(job);
	}
	if (is_there(job, &expected, &error)) {
		leave_alerts(job);
		return error;
	}
	if (!jv_is_valid(error))
		return error;
	jv_free(error);
	if (!job->settled) {
		error = upsert(job);
		if (!jv_is_valid(error))
			return error;
		jv_free(error);
	}
	uploads_send(job->uploads, &job->bucket);
	error = send_end(job, &expected);
	if (!jv_is_valid(error))
		return error;
	jv_free(error);
	job->landed = true;
	send_alerts(job);
	return verify_wait(job->wandb, &job->replay.params, &expected,
	    job->uploads, &job->deadline, &job->bucket);
}

jv
syncer_do(struct syncer *syncer, const char *path, jv rec)
{
	struct job job;
	jv error;

	job_init(&job, syncer, path);
	error = open_file(&job);
	if (jv_is_valid(error)) {
		jv_free(error);
		error = read_file(&job);
	}
	if (jv_is_valid(error) && jv_get_kind(job.marker) != JV_KIND_OBJECT) {
		if (job.options->dry_run) {
			make_files(&job);
		} else {
			jv_free(error);
			error = finish(&job);
		}
	}
	if (!jv_is_valid(error)) {
		rec = outcome_gave_up(&job, rec, error);
	} else {
		jv_free(error);
		if (jv_get_kind(job.marker) == JV_KIND_OBJECT)
			rec = outcome_skipped(&job, rec);
		else if (job.options->dry_run)
			rec = outcome_dry(&job, rec);
		else
			rec = outcome_done(&job, rec);
	}
	diag_on_signal(NULL);
	job_release(&job);
	return rec;
}
