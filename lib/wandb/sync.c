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
#include "wandb/follow.h"
#include "wandb/fragment.h"
#include "wandb/job.h"
#include "wandb/logspool.h"
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
	syncer->broken = jv_null();
	return syncer;
}

void
syncer_free(struct syncer *syncer)
{
	if (syncer == NULL)
		return;
	free(syncer->last);
	jv_free(syncer->broken);
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
		.alert = jv_null(),
	};
	damage_init(&job->damage);
	replay_init(&job->replay);
	job->artifacts = artifacts_new();
	job->replay.artifacts = job->artifacts;
	job->replay.skip = job->options->leave.skip;
	job->replay.instead = &job->options->instead;
	job->replay.context = job;
}

static void
job_release(struct job *job)
{
	stream_free(job->stream);
	uploads_free(job->uploads);
	artifacts_free(job->artifacts);
	replay_release(&job->replay);
	bucket_release(&job->bucket);
	runlog_close(job->log);
	buf_release(&job->config);
	buf_release(&job->summary);
	free(job->name);
	free(job->url);
	free(job->stream_url);
	jv_free(job->marker);
	damage_release(&job->damage);
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

/*
 * A small new run goes up in five round trips: RunResumeStatus; UpsertBucket
 * with createRunFiles; the files; file_stream; RunResumeStatus and RunFiles.
 * Where the entity is not known yet, or a server does not take two mutations in
 * one request, createRunFiles is a sixth.
 */
static jv
send_run(struct job *job, const char *config)
{
	struct syncer *syncer = job->syncer;
	jv names = job->made && !job->upserted && !job->was_present &&
		!syncer->one_by_one && job->bucket.entity != NULL
	    ? uploads_wanted(job->uploads)
	    : jv_null();
	jv created;

	if (jv_get_kind(names) == JV_KIND_ARRAY) {
		created = bucket_upsert_files(job->wandb, &job->replay.params,
		    config, names, &job->deadline, &job->bucket);
		if (jv_is_valid(created)) {
			uploads_addresses(job->uploads, created);
			return jv_null();
		}
		if (strcmp(error_code(created), "rejected") != 0 ||
		    job->bucket.deleted)
			return created;
		jv_free(created);
		syncer->one_by_one = true;
	} else {
		jv_free(names);
	}
	return bucket_upsert(job->wandb, &job->replay.params, config,
	    &job->deadline, &job->bucket);
}

jv
job_upsert(struct job *job)
{
	struct buf config = { 0 };
	jv error = jv_null();

	runconfig_json(job->replay.config, &config);
	if (!job->upserted || job->replay.changed ||
	    config.len != job->config.len ||
	    memcmp(config.at, job->config.at, config.len) != 0) {
		error = send_run(job, config.at);
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

void
job_tell(const struct job *job)
{
	const struct sync_feed *feed = job->options->feed;
	const struct bucket *bucket = &job->bucket;
	struct sync_news news = { .read = job->read, .url = job->url };
	char *run = NULL;

	if (feed == NULL || job->stream == NULL)
		return;
	news.lines = stream_confirmed(job->stream);
	news.rows = news.lines - job->place.first.rows;
	news.stopped = stream_stopped(job->stream);
	if (job->url != NULL)
		run = xasprintf("%s/%s/%s", bucket->entity, bucket->project,
		    bucket->run_id);
	news.run = run;
	feed->posted(feed->context, &news);
	free(run);
}

/* The stream has enough for a post. */
static jv
flush(void *context)
{
	struct job *job = context;
	jv error = job->upserted ? jv_null() : job_upsert(job);

	if (!jv_is_valid(error))
		return error;
	jv_free(error);
	error = stream_send(job->stream, job->stream_url);
	if (jv_is_valid(error))
		job_tell(job);
	return error;
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
	follow_begin(job);
	if (!job->options->follow && is_live(job))
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

	if (job->options->again || job->options->verify)
		return;
	marker =
	    marker_read(job->path, runlog_fd(job->log), &job->options->leave);
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

	replay->place = job->place;
	replay->structured = job->bucket.structured_console;
	replay->flush = flush;
	replay->uploads = job->uploads;
	if (there->rows > 0 && !job->place.over)
		replay->last_row = job->bucket.last_row;
	if (job->options->keep_summary && replay->resume &&
	    job->bucket.present && job->bucket.summary != NULL)
		summary_inherit(replay->summary, span_of(job->bucket.summary));
	if (job->place.over || job->options->verify)
		return;
	job->stream =
	    stream_new(job->wandb, &job->deadline, first->rows + there->rows,
		first->events + there->events, first->console + console);
	replay->stream = job->stream;
	if (job->options->feed != NULL)
		stream_live(job->stream, job->options->feed->batch);
	runconfig_feature(replay->config, SYNCED);
	runconfig_core_version(replay->config, PACKAGE_VERSION);
	if ((!replay->resume && !replay->rewound) || !job->bucket.present)
		return;
	runconfig_feature(replay->config, RESUMED);
	if (job->bucket.config != NULL)
		runconfig_inherit(replay->config, span_of(job->bucket.config));
}

/* What this one goes on from: it must be there, or be given up. */
static jv
check_before(struct job *job)
{
	const struct place *place = &job->place;

	if (job->options->partial || place->over || place->there.rows > 0)
		return jv_null();
	return fragment_check(job->path, &job->bucket,
	    job->replay.rewound && job->number < 2 ? 2 : job->number,
	    job->follows);
}

/*
 * Takes the run back to where this file goes on from, once: whatever was
 * written since the program was started shows that it was done.
 */
static jv
rewind_run(struct job *job)
{
	struct bucket *bucket = &job->bucket;
	double started = job->replay.started, written = NAN;
	jv error = jv_null();

	if (bucket->console > 0)
		error = bucket_console_time(
		    job->wandb, bucket, &job->deadline, &written);
	if (!jv_is_valid(error) || isgreaterequal(written, started) ||
	    (bucket->last_row.known &&
		isgreaterequal(bucket->last_row.timestamp, started)) ||
	    (bucket->last_event.known &&
		isgreaterequal(bucket->last_event.timestamp, started)))
		return error;
	jv_free(error);
	error = check_before(job);
	if (!jv_is_valid(error) || !bucket->present)
		return error;
	jv_free(error);
	if (job->options->verify)
		return error_value(
		    "conflict", "the server has nothing of this file yet");
	error = bucket_rewind(job->wandb, bucket,
	    (double)(job->replay.branch_step - 1), &job->deadline);
	if (!jv_is_valid(error))
		return error;
	jv_free(error);
	return bucket_ask(
	    job->wandb, &job->replay.params, &job->deadline, bucket);
}

/*
 * What keeps the file from being begun: jv_null(), or that the one before it in
 * this call was not done. Sets follows, if it was.
 */
static jv
look_back(struct job *job)
{
	const struct syncer *syncer = job->syncer;
	const struct replay *replay = &job->replay;
	bool done = jv_is_valid(syncer->broken);
	bool sure = replay->resume || replay->rewound;

	if (syncer->last == NULL || strcmp(syncer->last, job->name) != 0)
		return jv_null();
	/* Another copy of the same file is no fragment. */
	if (!sure && !isgreater(replay->started, syncer->started))
		return jv_null();
	if (!done &&
	    (error_is_temporary(syncer->broken) ||
		(sure && !job->options->partial)))
		return jv_copy(syncer->broken);
	/* Counted or not, unless one between them is left out. */
	job->follows = done &&
	    (job->number == 0 || job->number == syncer->number + 1 ||
		job->options->instead.run_id != NULL);
	return jv_null();
}

/*
 * Whether a file that does not say so goes on with the one before it in this
 * call: clients before 0.25 never say it, nor does resume="auto". Two programs
 * that ran at once are two runs.
 */
static bool
goes_on(const struct job *job)
{
	const struct syncer *syncer = job->syncer;
	const struct bucket *bucket = &job->bucket;

	return job->follows && job->replay.branch == NULL && bucket->present &&
	    (bucket->rows > syncer->reach.rows || !bucket->last_row.known ||
		isgreaterequal(
		    job->replay.started, bucket->last_row.timestamp));
}

/* What a fork or a rewind needs before its first row. */
static jv
go_back(struct job *job)
{
	const struct replay *replay = &job->replay;

	if (replay->rewound)
		return rewind_run(job);
	if (replay->branch == NULL || job->was_present || job->options->partial)
		return jv_null();
	return fragment_check_base(
	    job->wandb, &replay->params, replay->branch, &job->deadline);
}

/* Whether it was noted where the file's lines begin on the server. */
static bool
begins_at(const struct job *job, struct reach *begin)
{
	const struct run_params *instead = &job->options->instead;

	return instead->run_id == NULL && instead->project == NULL &&
	    instead->entity == NULL && logspool_begin(job->path, begin);
}

/* Where the file's lines are, or will be, on the server. */
static jv
find_place(struct job *job)
{
	struct replay *replay = &job->replay;
	struct bucket *bucket = &job->bucket;
	struct place_claim claim = { .rewound = replay->rewound,
		.step = replay->branch_step };
	struct reach begin;
	jv error = look_back(job);

	if (!jv_is_valid(error))
		return error;
	jv_free(error);
	error = bucket_ask(job->wandb, &replay->params, &job->deadline, bucket);
	if (!jv_is_valid(error))
		return error;
	jv_free(error);
	if (job->options->verify && !bucket->present)
		return error_value("conflict", "the server has no such run");
	job->was_present = bucket->present;
	job->was_ended = bucket->present && bucket_ended(bucket);
	error = go_back(job);
	if (!jv_is_valid(error))
		return error;
	jv_free(error);
	replay->resume |= goes_on(job);
	claim.resume = replay->resume;
	if (job->follows && replay->resume && !replay->rewound)
		claim.before = &job->syncer->reach;
	if (replay->resume && !replay->rewound && begins_at(job, &begin)) {
		claim.before = &begin;
		claim.sure = true;
	}
	error = place_find(
	    job->wandb, job->path, bucket, &claim, &job->deadline, &job->place);
	if (!jv_is_valid(error) || !replay->resume || replay->rewound)
		return error;
	jv_free(error);
	return check_before(job);
}

/* After the first run record. */
static jv
begin(struct job *job)
{
	struct replay *replay = &job->replay;
	char *folder, *files;
	jv error;

	if (replay->params.run_id == NULL)
		return error_value("input", "%s: the run has no id", job->path);
	if (replay->branch != NULL && replay->branch_step < 0)
		return error_value("input",
		    "%s: a fork or rewind to what is no _step", job->path);
	fill_names(job);
	read_marker(job);
	if (jv_get_kind(job->marker) == JV_KIND_OBJECT)
		return jv_null();
	folder = rundir_of(job->path);
	files = file_join(folder, "files");
	free(folder);
	job->uploads = uploads_new(job->wandb, files, &job->deadline);
	free(files);
	uploads_select(job->uploads, &job->options->leave);
	replay->uploads = job->uploads;
	if (job->options->dry_run)
		return jv_null();

	error = find_place(job);
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
	if (event == LEVELDB_FOREIGN || event == LEVELDB_ERROR)
		return runlog_error(job->path, event, entry);
	if (damage_found(&job->damage))
		return error_value("damaged", "%s; there is no run record",
		    error_message(job->damage.first));
	return error_value("input",
	    "%s: offset %lld: the file ends without a run record", job->path,
	    (long long)entry->start);
}

/*
 * What is readable begins without its run record: a later one, as there is for
 * each change of name or tags, says the same.
 */
static void
find_run(struct job *job)
{
	jv why = jv_null();
	struct runlog *log = runlog_open(job->path, &why);
	struct runlog_entry entry;
	enum leveldb_event event;

	jv_free(why);
	if (log == NULL)
		return;
	while (!job->replay.begun &&
	    ((event = runlog_next(log, &entry)) == LEVELDB_RECORD ||
		event == LEVELDB_DAMAGE))
		if (event == LEVELDB_RECORD && entry.kind == RUNLOG_RUN)
			(void)replay_record(&job->replay, &entry);
	runlog_close(log);
}

/* The next record or damage; with -f the file is over when the run is. */
static enum leveldb_event
next_record(struct job *job, struct runlog_entry *entry)
{
	enum leveldb_event event;

	do {
		event = runlog_next(job->log, entry);
		if (!job->options->follow || job->options->dry_run ||
		    (event != LEVELDB_END && event != LEVELDB_CUT &&
			event != LEVELDB_CUT_BLOCK))
			break;
		job->size = entry->end;
	} while (follow_on(job));
	return event;
}

static jv
read_file(struct job *job)
{
	struct replay *replay = &job->replay;
	struct runlog_entry entry;
	enum leveldb_event event;
	bool sought = false, first;
	jv error;

	while ((event = next_record(job, &entry)) == LEVELDB_RECORD ||
	    event == LEVELDB_DAMAGE) {
		job->read = entry.end;
		damage_take(&job->damage, job->path, event, &entry);
		if (event == LEVELDB_DAMAGE)
			continue;
		first = !replay->begun && entry.kind == RUNLOG_RUN;
		if (!replay->begun && !first && !sought &&
		    entry.kind != RUNLOG_HEADER) {
			sought = true;
			find_run(job);
		}
		if (first && !replay_record(replay, &entry))
			return jv_copy(replay->error);
		if (replay->begun && job->name == NULL) {
			error = begin(job);
			if (!jv_is_valid(error) ||
			    jv_get_kind(job->marker) == JV_KIND_OBJECT)
				return error;
			jv_free(error);
		}
		if (!first && !replay_record(replay, &entry))
			return jv_copy(replay->error);
	}
	if (!jv_is_valid(replay->error))
		return jv_copy(replay->error);
	damage_take(&job->damage, job->path, event, &entry);
	if (!replay->begun)
		return no_run(job, event, &entry);
	if (event == LEVELDB_ERROR)
		return runlog_error(job->path, event, &entry);
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

	buf_clear(&job->summary);
	replay_summary(replay, &job->summary);
	job->made = true;
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
		.events = replay->at.events > 0
		    ? job->place.first.events + replay->at.events
		    : 0,
		.console = replay->at.console > 0
		    ? job->place.first.console + replay->at.console
		    : 0,
		.files = job->place.over ? UPLOADS_NAMES : UPLOADS_BYTES,
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
		.preempting = job->replay.preempting && !job->preempted,
		.complete = expected->complete,
		.exit_code = expected->exit_code,
		.sent = job->options->rest };
	jv error;

	if (expected->summarized && !job->settled)
		end.summary = expected->summary;
	error = stream_finish(job->stream, job->stream_url, &end);
	jv_free(end.uploaded);
	return error;
}

/*
 * Sends the artifacts that the server lacks, or with --verify only looks for
 * them. What of them fails is said by their verdict, and stops nothing else.
 */
static void
send_artifacts(struct job *job, struct expected *expected)
{
	struct staged staged;
	struct artifact_run run = { .wandb = job->wandb,
		.log = job->log,
		.staged = &staged,
		.bucket = &job->bucket,
		.instead = &job->options->instead,
		.was_present = job->was_present,
		.only_look = job->options->verify,
		.deadline = &job->deadline };

	staged_init(&staged, job->options->maps, job->output_dir, job->path,
	    runconfig_root(job->replay.config));
	artifacts_send(job->artifacts, &run);
	staged_release(&staged);
	expected->artifacts = job->artifacts;
}

/* All but artifacts is there. */
static jv
finish_artifacts(struct job *job, struct expected *expected)
{
	send_artifacts(job, expected);
	return verify_artifacts(job->wandb, job->artifacts, &job->deadline);
}

/* Files of a run that has ended: it stays ended. */
static jv
send_files(struct job *job)
{
	jv names;

	uploads_send(job->uploads, &job->bucket);
	names = uploads_sent(job->uploads);
	if (!job->bucket.marks_files || jv_array_length(jv_copy(names)) == 0) {
		jv_free(names);
		return jv_null();
	}
	return bucket_mark_uploaded(
	    job->wandb, &job->bucket, names, &job->deadline);
}

/*
 * Later files of the run are there: what is there of lines is not touched, and
 * the run stays ended. Files that only this one had are sent.
 */
static jv
finish_over(struct job *job, const struct expected *expected)
{
	jv error = verify_run(expected, &job->bucket);

	if (!jv_is_valid(error))
		return error;
	jv_free(error);
	error = uploads_compare(job->uploads, &job->bucket, UPLOADS_NAMES);
	if (!jv_is_valid(error) || uploads_lacking(job->uploads) == 0)
		return error;
	jv_free(error);
	error = send_files(job);
	if (!jv_is_valid(error))
		return error;
	jv_free(error);
	return verify_files(
	    job->uploads, &job->bucket, UPLOADS_NAMES, &job->deadline);
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

/* Sends the lines that are left, and all files, and ends the run. */
static jv
send_all(struct job *job, struct expected *expected)
{
	jv error;

	if (!job->settled) {
		error = job_upsert(job);
		if (!jv_is_valid(error))
			return error;
		jv_free(error);
	}
	/* Before the run has ended, as those who wait for its end use them. */
	send_artifacts(job, expected);
	uploads_send(job->uploads, &job->bucket);
	return send_end(job, expected);
}

/* With --verify: nothing is sent. */
static jv
check(struct job *job, struct expected *expected)
{
	struct buf config = { 0 };
	struct row_key row;
	jv why;

	/* Derived files may be another program's, or an earlier file's. */
	if (!job->place.over)
		expected->files = UPLOADS_CLAIM;
	expected->may_hold_more = true;
	runconfig_json(job->replay.config, &config);
	expected->config = (struct span){ config.at, config.len };
	why = verify_once(job->wandb, &job->replay.params, expected,
	    job->uploads, &job->deadline, &job->bucket, NULL);
	buf_release(&config);
	if (!jv_is_valid(why) || !job->place.first_row.known)
		return why;
	jv_free(why);
	why = bucket_row(job->wandb, &job->bucket, job->place.first_row.step,
	    job->place.first_row.step + 1, &job->deadline, &row);
	if (!jv_is_valid(why))
		return why;
	if (!row.known || !place_same_row(&row, &job->place.first_row)) {
		jv_free(why);
		why = error_value("conflict",
		    "the server does not show what the file holds: the first "
		    "row is another");
	}
	return why;
}

static jv
finish(struct job *job)
{
	struct expected expected;
	bool there;
	jv error;

	make_files(job);
	expect(job, &expected);
	if (job->options->verify)
		error = check(job, &expected);
	else if (job->place.over)
		error = finish_over(job, &expected);
	there = job->options->verify || job->place.over ||
	    is_there(job, &expected, &error);
	if (there && !job->options->verify)
		leave_alerts(job);
	if (!jv_is_valid(error))
		return error;
	jv_free(error);
	if (there)
		return finish_artifacts(job, &expected);
	/* The server revives a run for what its stream says. */
	if (job->settled && job->bucket.marks_files) {
		send_artifacts(job, &expected);
		error = send_files(job);
	} else {
		error = send_all(job, &expected);
	}
	if (!jv_is_valid(error))
		return error;
	jv_free(error);
	job->landed = true;
	send_alerts(job);
	if (job->options->rest != NULL)
		job->options->rest();
	return verify_wait(job->wandb, &job->replay.params, &expected,
	    job->uploads, &job->deadline, &job->bucket);
}

jv
syncer_do(struct syncer *syncer, const char *path, jv rec)
{
	struct job job;
	jv error;

	job_init(&job, syncer, path);
	job.number = (int)record_int(rec, "fragment", 0);
	job.output_dir = record_str(rec, "output_dir");
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
