/* SPDX-License-Identifier: MIT */
/*
 * replay - what the records of a .wandb file make of a run
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "wandb/artifactlog.h"
#include "wandb/replay.h"

/* So many of the newest console lines may have been sent before they were
 * final, by who logged online. */
enum { CONSOLE_VIEW = 32 };

static void take_line(void *context, const struct console_line *line);

void
replay_init(struct replay *replay)
{
	*replay = (struct replay){
		.alerts = jv_array(),
		.error = jv_null(),
		.started = NAN,
		.config = runconfig_new(),
		.summary = summary_new(),
		.history = history_new(),
	};
	run_params_init(&replay->params);
	replay->console = console_new(take_line, replay);
}

void
replay_release(struct replay *replay)
{
	run_params_release(&replay->params);
	free(replay->branch);
	runconfig_free(replay->config);
	summary_free(replay->summary);
	history_free(replay->history);
	console_free(replay->console);
	buf_release(&replay->line);
	jv_free(replay->alerts);
	jv_free(replay->error);
	if (replay->log != NULL)
		(void)fclose(replay->log); /* nobody reads it any more */
}

/* Makes room for a line. False if it could not be made. */
static bool
room(struct replay *replay, size_t bytes)
{
	jv error;

	if (!jv_is_valid(replay->error))
		return false;
	if (!stream_full(replay->stream) && stream_fits(replay->stream, bytes))
		return true;
	error = replay->flush(replay->context);
	jv_free(replay->error);
	replay->error = error;
	return jv_is_valid(error);
}

/* ---- lines ---- */

static void
take_row(struct replay *replay, struct span message)
{
	const struct place *place = &replay->place;
	struct history_row row;

	if (place_too_long(message.len)) {
		replay->too_long++;
		return;
	}
	if (replay->at.rows++ < place->there.rows || replay->stream == NULL)
		return;
	if (replay->at.step < place->first.step)
		replay->at.step = place->first.step;
	history_line(replay->history, message, replay->at.step, &row);
	replay->dropped += row.dropped;
	if (row.line.len > STREAM_MOST_LINE) {
		replay->too_long++;
		replay->at.rows--;
		return;
	}
	if (!room(replay, row.line.len))
		return;
	stream_row(replay->stream, row.line);
	replay->fresh++;
	replay->at.step = row.step + 1;
	replay->last_row = (struct row_key){
		.known = true, .timestamp = row.timestamp, .step = row.step
	};
}

static void
take_event(struct replay *replay, struct span message)
{
	struct history_row row;

	/* Upstream has no line without the time that it would count from. */
	if (isnan(replay->started))
		return;
	if (replay->at.events++ < replay->place.there.events ||
	    replay->stream == NULL)
		return;
	history_event(replay->history, message, replay->started, &row);
	if (row.line.len > STREAM_MOST_LINE) {
		replay->at.events--;
		return;
	}
	if (!room(replay, row.line.len))
		return;
	stream_event(replay->stream, row.line);
	replay->fresh++;
}

static void
write_log(struct replay *replay, struct span text)
{
	if (replay->log == NULL)
		replay->log = tmpfile();
	if (replay->log != NULL &&
	    fwrite(text.at, 1, text.len, replay->log) == text.len &&
	    putc('\n', replay->log) != EOF)
		return;
	if (jv_is_valid(replay->error)) {
		jv_free(replay->error);
		replay->error = error_value("io",
		    "a temporary file for output.log: %s", strerror(errno));
	}
}

static void
take_line(void *context, const struct console_line *line)
{
	struct replay *replay = context;
	int64_t there = replay->place.there.console;
	struct span text;

	replay->at.console = line->number + 1;
	if (!jv_is_valid(replay->error))
		return;
	write_log(replay, line->text);
	if (replay->stream == NULL || line->number < there - CONSOLE_VIEW)
		return;
	buf_clear(&replay->line);
	console_line_text(line, replay->structured, &replay->line);
	text = (struct span){ replay->line.at, replay->line.len };
	if (text.len > STREAM_MOST_LINE) {
		text.len = STREAM_MOST_LINE;
		replay->too_long++;
	}
	if (!room(replay, text.len))
		return;
	stream_console(replay->stream, text);
	replay->fresh += line->number >= there;
}

/* A line that will come again; one for which there is no room comes then. */
static void
show_line(void *context, const struct console_line *line)
{
	struct replay *replay = context;
	struct span text;

	if (replay->written ||
	    line->number < replay->place.there.console - CONSOLE_VIEW)
		return;
	buf_clear(&replay->line);
	console_line_text(line, replay->structured, &replay->line);
	text = (struct span){ replay->line.at, replay->line.len };
	if (text.len > STREAM_MOST_LINE ||
	    !stream_fits(replay->stream, text.len))
		replay->written = true; /* the lines behind it wait, too */
	else
		stream_open_console(replay->stream, text);
}

void
replay_show(struct replay *replay)
{
	if (!replay->written)
		return;
	replay->written = false;
	console_show(replay->console, show_line, replay);
}

static void
take_output(struct replay *replay, const struct runlog_entry *entry)
{
	struct runlog_output output;

	replay->written = true;
	if (!runlog_output(entry->kind, entry->message, &output))
		replay->dropped++;
	else if (entry->kind == RUNLOG_OUTPUT_RAW)
		console_raw(
		    replay->console, output.error, output.time, output.text);
	else
		console_logged(replay->console, output.time, output.text);
}

/* ---- the run ---- */

/* Text from a record, as UTF-8; what is empty changes nothing. */
static void
set(struct replay *replay, char **field, struct span text, const char *instead)
{
	jv utf8 = instead != NULL ? jv_string(instead)
				  : jv_string_sized(text.at, (int)text.len);
	const char *value = jv_string_value(utf8);

	if (*value != '\0' && (*field == NULL || strcmp(*field, value) != 0)) {
		free(*field);
		*field = xstrdup(value);
		replay->changed = true;
	}
	jv_free(utf8);
}

/* Consumes both. */
static jv
add_tag(jv tags, jv extra)
{
	bool there = false;

	jv_array_foreach(tags, i, tag)
	{
		if (jv_equal(tag, jv_copy(extra)))
			there = true;
	}
	if (!there)
		return jv_array_append(tags, extra);
	jv_free(extra);
	return tags;
}

static void
take_tags(struct replay *replay, struct span message)
{
	struct wire state = { 0 };
	struct span tag;
	jv tags = jv_array(), before = replay->params.tags;
	jv more = replay->instead->tags;

	while (runlog_next_tag(message, &state, &tag))
		tags = jv_array_append(
		    tags, jv_string_sized(tag.at, (int)tag.len));
	if (jv_array_length(jv_copy(tags)) == 0 && replay->begun) {
		jv_free(tags);
		return;
	}
	jv_array_foreach(more, i, extra)
	{
		tags = add_tag(tags, extra);
	}
	if (!jv_equal(jv_copy(tags), before))
		replay->changed = true;
	replay->params.tags = tags;
}

/* Upstream knows no other metric, and a step is an integer. */
static int64_t
step_behind(const struct runlog_run *run)
{
	if (!span_is(run->branch_metric, "_step") ||
	    !(run->branch_value >= 0 && run->branch_value < 0x1p53))
		return -1;
	return (int64_t)run->branch_value + 1;
}

/* The run record that comes first: whose run it is. */
static void
begin(struct replay *replay, const struct runlog_run *run)
{
	const struct run_params *instead = replay->instead;
	struct run_params *params = &replay->params;

	set(replay, &params->run_id, run->run_id, instead->run_id);
	set(replay, &params->entity, run->entity, instead->entity);
	set(replay, &params->project, run->project, instead->project);
	replay->started = run->start_time;
	replay->resume = run->resume;
	if (run->has_branch) {
		set(replay, &replay->branch, run->branch_run, NULL);
		replay->rewound = span_is(
		    run->run_id, replay->branch != NULL ? replay->branch : "");
		replay->branch_step = step_behind(run);
	}
}

static void
take_run(struct replay *replay, struct span message)
{
	const struct run_params *instead = replay->instead;
	struct run_params *params = &replay->params;
	struct runlog_run run;

	if (!runlog_run(message, &run)) {
		replay->dropped++;
		return;
	}
	if (!replay->begun)
		begin(replay, &run);
	set(replay, &params->group, run.group, instead->group);
	set(replay, &params->job_type, run.job_type, instead->job_type);
	set(replay, &params->display_name, run.display_name,
	    instead->display_name);
	set(replay, &params->notes, run.notes, instead->notes);
	set(replay, &params->sweep, run.sweep_id, instead->sweep);
	set(replay, &params->host, run.host, instead->host);
	set(replay, &params->repo, run.remote_url, instead->repo);
	set(replay, &params->commit, run.commit, instead->commit);
	take_tags(replay, message);
	runconfig_run_id(replay->config, run.run_id);
	replay->dropped += !runconfig_change(replay->config, run.config);
	replay->dropped += !runconfig_telemetry(replay->config, run.telemetry);
	replay->begun = true;
}

static void
take_files(struct replay *replay, struct span message)
{
	struct wire state = { 0 };
	struct runlog_file file;

	while (
	    replay->uploads != NULL && runlog_next_file(message, &state, &file))
		uploads_add(replay->uploads, file.path);
}

static void
take_alert(struct replay *replay, struct span message)
{
	struct runlog_alert alert;
	jv what = jv_object();

	if (!runlog_alert(message, &alert)) {
		replay->dropped++;
		jv_free(what);
		return;
	}
	what = jv_object_set(what, jv_string("title"),
	    jv_string_sized(alert.title.at, (int)alert.title.len));
	what = jv_object_set(what, jv_string("text"),
	    jv_string_sized(alert.text.at, (int)alert.text.len));
	what = jv_object_set(what, jv_string("level"),
	    jv_string_sized(alert.level.at, (int)alert.level.len));
	what = record_set_number(what, "wait", (double)alert.wait);
	replay->alerts = jv_array_append(replay->alerts, what);
}

static void
take_exit(struct replay *replay, struct span message)
{
	struct runlog_exit end;

	if (!runlog_exit(message, &end)) {
		replay->dropped++;
		return;
	}
	replay->exited = true;
	replay->exit_code = end.code;
	replay->not_complete = end.not_complete;
}

/*
 * What the client makes an artifact of beside the file is what the file is:
 * code that was saved; a table that was logged, with the media in it.
 */
static unsigned
kind_of_artifact(struct span message)
{
	struct artifact_record record;

	if (!artifact_record(message, &record))
		return 0;
	return span_is(record.type, "code")     ? LEAVE_CODE
	    : span_is(record.type, "run_table") ? LEAVE_MEDIA
						: 0;
}

/* Which of LEAVE_... a record is. */
static unsigned
selected(const struct runlog_entry *entry)
{
	switch (entry->kind) {
	case RUNLOG_STATS:
		return LEAVE_STATS;
	case RUNLOG_OUTPUT:
	case RUNLOG_OUTPUT_RAW:
	case RUNLOG_OUTPUT_LOGGER:
		return LEAVE_CONSOLE;
	case RUNLOG_ARTIFACT:
		return LEAVE_ARTIFACTS | kind_of_artifact(entry->message);
	default:
		return 0;
	}
}

static void
take_record(struct replay *replay, const struct runlog_entry *entry)
{
	struct span message = entry->message;

	switch (entry->kind) {
	case RUNLOG_HISTORY:
		take_row(replay, message);
		break;
	case RUNLOG_SUMMARY:
		replay->dropped += summary_change(replay->summary, message);
		break;
	case RUNLOG_STATS:
		take_event(replay, message);
		break;
	case RUNLOG_OUTPUT:
	case RUNLOG_OUTPUT_RAW:
	case RUNLOG_OUTPUT_LOGGER:
		take_output(replay, entry);
		break;
	case RUNLOG_RUN:
		take_run(replay, message);
		break;
	case RUNLOG_CONFIG:
		replay->dropped += !runconfig_change(replay->config, message);
		break;
	case RUNLOG_TELEMETRY:
		replay->dropped +=
		    !runconfig_telemetry(replay->config, message);
		break;
	case RUNLOG_ENVIRONMENT:
		replay->dropped +=
		    !runconfig_environment(replay->config, message);
		break;
	case RUNLOG_METRIC:
		replay->dropped += !runconfig_metric(replay->config, message);
		break;
	case RUNLOG_FILES:
		take_files(replay, message);
		break;
	case RUNLOG_ALERT:
		take_alert(replay, message);
		break;
	case RUNLOG_EXIT:
		take_exit(replay, message);
		break;
	case RUNLOG_PREEMPTING:
		replay->preempting = true;
		break;
	case RUNLOG_ARTIFACT:
		if (replay->artifacts != NULL)
			artifacts_add(replay->artifacts, entry->start);
		break;
	default:
		replay->ignored++;
		break;
	}
}

bool
replay_record(struct replay *replay, const struct runlog_entry *entry)
{
	unsigned kind = selected(entry) & replay->skip;

	if (!replay->begun && entry->kind != RUNLOG_RUN)
		replay->unsaid += entry->kind != RUNLOG_HEADER;
	else if (kind != 0)
		replay->left_out |= kind;
	else
		take_record(replay, entry);
	return jv_is_valid(replay->error);
}

void
replay_finish(struct replay *replay)
{
	console_finish(replay->console);
	if (replay->log != NULL && fflush(replay->log) == EOF &&
	    jv_is_valid(replay->error)) {
		jv_free(replay->error);
		replay->error = error_value("io",
		    "a temporary file for output.log: %s", strerror(errno));
	}
}

void
replay_summary(struct replay *replay, struct buf *out)
{
	static const struct span step = { "_step", 5 };
	struct tree *summary = summary_tree(replay->summary);
	char text[24];

	/*
	 * It is that of the last row: rows may have been renumbered, the row
	 * that a summary was written for may be cut off, and clients before
	 * 0.18 write no summary before the end.
	 */
	if (replay->last_row.known && replay->last_row.step >= 0) {
		(void)snprintf(
		    text, sizeof text, "%" PRId64, replay->last_row.step);
		/* a number is JSON */
		(void)tree_put(summary, &step, 1, span_of(text));
	}
	tree_write(summary, out);
}
