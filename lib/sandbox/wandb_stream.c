/* SPDX-License-Identifier: MIT */
/*
 * sandbox/wandb_stream - POST /files/ENTITY/PROJECT/RUN/file_stream
 *
 * A line is kept at its number; what is sent again takes the place of what was
 * there. The body is read by spans: a line without escapes is never copied.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "json.h"
#include "record.h"
#include "sandbox/canonical.h"
#include "sandbox/wandb_parts.h"

enum {
	LINE_MAX_BYTES = 10 * 1024 * 1024,
	BODY_MAX_BYTES = 24 * 1024 * 1024, /* 10 MiB of lines, and escapes */
};

struct stream {
	struct request *request;
	struct store *store;
	long long run;
	long long counts[3]; /* lines kept, by enum wb_lines */
	struct buf text;     /* a line whose escapes were undone */
	bool complete;
	bool preempting;
	long long exitcode;
	const char *refused; /* why the body cannot be taken */
};

/* ---- one line ---- */

/* Whether a line is a JSON object; its _step, if it is a row. */
static bool
look_at_line(struct span line, long long *step)
{
	struct json_walk walk;
	struct json_member member;

	*step = LLONG_MIN;
	if (line.len == 0 || line.at[0] != '{')
		return false;
	json_walk(&walk, line, JSON_WORDS);
	while (json_next(&walk, &member)) {
		char *text;

		if (!span_is(member.key, "_step") ||
		    member.value.type != JSON_NUMBER)
			continue;
		text = xstrndup(member.value.text.at, member.value.text.len);
		*step = (long long)strtod(text, NULL);
		free(text);
	}
	return walk.fault.why == NULL;
}

/* A row that is there already is sent again: it has to say the same. */
static void
compare_line(struct stream *stream, long long n, struct span line)
{
	sqlite3_stmt *row = store_query(stream->store,
	    "SELECT text FROM wb_line WHERE run = ? AND file = 0 AND n = ?",
	    "ii", stream->run, n);
	struct buf old = { 0 }, new = { 0 };
	struct span was = { "", 0 };

	if (store_row(row))
		was = store_span(row, 0);
	if (was.len != line.len || memcmp(was.at, line.at, line.len) != 0) {
		(void)canonical(&old, was, 0);
		(void)canonical(&new, line, 0);
		if (old.len != new.len || memcmp(old.at, new.at, old.len) != 0)
			wb_violation(stream->request, stream->run,
			    "history line %lld was sent again with other "
			    "content",
			    n);
	}
	store_done(row);
	buf_release(&old);
	buf_release(&new);
}

static void
keep_line(
    struct stream *stream, enum wb_lines file, long long n, struct span line)
{
	long long step = LLONG_MIN;

	if (line.len > 0 && line.at[line.len - 1] == '\n')
		line.len--; /* old clients end console lines so */
	if (line.len > LINE_MAX_BYTES) {
		stream->refused = "a line is longer than 10 MiB";
		return;
	}
	if (file != WB_CONSOLE && !look_at_line(line, &step)) {
		stream->refused = "a line is no JSON object";
		return;
	}
	if (file != WB_HISTORY)
		step = LLONG_MIN;
	if (store_do(stream->store,
		"INSERT OR IGNORE INTO wb_line(run, file, n, step, text) "
		"VALUES(?, ?, ?, nullif(?, -9223372036854775807 - 1), ?)",
		"iiiit", stream->run, (long long)file, n, step, line) == 1) {
		stream->counts[file]++;
		return;
	}
	if (file == WB_HISTORY)
		compare_line(stream, n, line);
	(void)store_do(stream->store,
	    "UPDATE wb_line SET step = nullif(?, -9223372036854775807 - 1), "
	    "text = ? WHERE run = ? AND file = ? AND n = ?",
	    "itiii", step, line, stream->run, (long long)file,
	    n); /* it is there */
}

/* ---- one file ---- */

static struct span
decoded(struct stream *stream, const struct json_value *value)
{
	struct span inner = { value->text.at + 1, value->text.len - 2 };

	if (!value->escaped)
		return inner;
	buf_clear(&stream->text);
	json_decode(&stream->text, inner);
	return (struct span){ stream->text.at, stream->text.len };
}

static void
take_lines(struct stream *stream, enum wb_lines file, long long offset,
    struct span content)
{
	struct json_walk walk;
	struct json_member member;

	if (offset > stream->counts[file])
		wb_violation(stream->request, stream->run,
		    "lines from %lld on leave a hole: there are %lld in %s",
		    offset, stream->counts[file],
		    file == WB_HISTORY      ? "wandb-history.jsonl"
			: file == WB_EVENTS ? "wandb-events.jsonl"
					    : "output.log");
	json_walk(&walk, content, 0);
	while (stream->refused == NULL && json_next(&walk, &member)) {
		if (member.value.type != JSON_STRING)
			stream->refused = "a line is no string";
		else
			keep_line(stream, file, offset++,
			    decoded(stream, &member.value));
	}
}

static void
take_summary(struct stream *stream, struct span content)
{
	struct json_walk walk;
	struct json_member member;
	struct span line = { NULL, 0 };
	long long step;

	json_walk(&walk, content, 0);
	while (json_next(&walk, &member)) {
		if (member.value.type != JSON_STRING) {
			stream->refused = "a line is no string";
			return;
		}
		line = decoded(stream, &member.value);
	}
	if (line.at == NULL)
		return;
	if (!look_at_line(line, &step))
		stream->refused = "the summary is no JSON object";
	else
		(void)store_do(stream->store,
		    "UPDATE wb_run SET summary = ? WHERE key = ?", "ti", line,
		    stream->run); /* it is there */
}

static void
take_file(struct stream *stream, struct span name, struct span file)
{
	struct json_walk walk;
	struct json_member member;
	struct span content = { NULL, 0 };
	long long offset = 0;

	json_walk(&walk, file, 0);
	while (json_next(&walk, &member)) {
		if (span_is(member.key, "offset") &&
		    member.value.type == JSON_NUMBER) {
			char *text = xstrndup(
			    member.value.text.at, member.value.text.len);

			offset = strtoll(text, NULL, 10);
			free(text);
		} else if (span_is(member.key, "content") &&
		    member.value.type == JSON_ARRAY) {
			content = member.value.text;
		}
	}
	if (content.at == NULL || offset < 0)
		stream->refused = "a file without content, or below line 0";
	else if (span_is(name, "wandb-history.jsonl"))
		take_lines(stream, WB_HISTORY, offset, content);
	else if (span_is(name, "wandb-events.jsonl"))
		take_lines(stream, WB_EVENTS, offset, content);
	else if (span_is(name, "output.log"))
		take_lines(stream, WB_CONSOLE, offset, content);
	else if (span_is(name, "wandb-summary.json"))
		take_summary(stream, content);
	else
		stream->refused = "a file that is not known";
}

/* ---- the body ---- */

static void
take_uploaded(struct stream *stream, struct span list)
{
	struct json_walk walk;
	struct json_member member;

	json_walk(&walk, list, 0);
	while (json_next(&walk, &member)) {
		struct span name;

		if (member.value.type != JSON_STRING) {
			stream->refused = "a name in uploaded is no string";
			return;
		}
		name = decoded(stream, &member.value);
		if (store_do(stream->store,
			"UPDATE wb_file SET uploaded = 1 WHERE run = ? AND "
			"name = ? AND object IN (SELECT key FROM wb_object "
			"WHERE data IS NOT NULL)",
			"it", stream->run, name) == 0)
			wb_violation(stream->request, stream->run,
			    "uploaded names %.*s, which was never put",
			    (int)name.len, name.at);
	}
}

static void
take_member(struct stream *stream, const struct json_member *member)
{
	const struct json_value *value = &member->value;
	struct json_walk walk;
	struct json_member file;

	if (span_is(member->key, "complete")) {
		stream->complete = value->type == JSON_TRUE;
	} else if (span_is(member->key, "exitcode")) {
		char *text = xstrndup(value->text.at, value->text.len);

		stream->exitcode = strtoll(text, NULL, 10);
		free(text);
	} else if (span_is(member->key, "preempting")) {
		stream->preempting = value->type == JSON_TRUE;
	} else if (span_is(member->key, "uploaded") &&
	    value->type == JSON_ARRAY) {
		take_uploaded(stream, value->text);
	} else if (span_is(member->key, "files") &&
	    value->type == JSON_OBJECT) {
		json_walk(&walk, value->text, 0);
		while (stream->refused == NULL && json_next(&walk, &file))
			if (file.value.type == JSON_OBJECT)
				take_file(stream, file.key, file.value.text);
			else
				stream->refused = "a file is no object";
	} else if (!span_is(member->key, "dropped") &&
	    !span_is(member->key, "failed")) {
		stream->refused = "a member that is not known";
	}
}

/* All of it or, if it is refused, nothing. */
static void
take_body(struct stream *stream, struct span body)
{
	struct json_walk walk;
	struct json_member member;

	store_script(stream->store, "SAVEPOINT stream");
	json_walk(&walk, body, 0);
	while (stream->refused == NULL && json_next(&walk, &member))
		take_member(stream, &member);
	if (walk.fault.why != NULL || body.len == 0)
		stream->refused = "the body is no JSON object";
	if (stream->refused != NULL)
		store_script(stream->store, "ROLLBACK TO stream");
	store_script(stream->store, "RELEASE stream");
}

/* What becomes of the run's state. */
static void
finish_post(struct stream *stream)
{
	struct store *store = stream->store;
	const char *state = stream->complete
	    ? (stream->exitcode == 0 ? "finished" : "failed")
	    : stream->preempting ? "preempting"
				 : "running";

	if (stream->complete &&
	    store_number(store, stream->exitcode,
		"SELECT closed FROM wb_run WHERE key = ? AND closed NOT NULL",
		"i", stream->run) != stream->exitcode)
		wb_violation(stream->request, stream->run,
		    "complete came again with another exitcode: %lld",
		    stream->exitcode);
	(void)store_do(store,
	    "UPDATE wb_run SET history = ?2, events = ?3, console = ?4, "
	    "heartbeatAt = ?5, state = ?6, preempting = preempting + ?7, "
	    "complete = ?8, scripted = 0, exitcode = iif(?8, ?9, NULL), "
	    "closed = iif(?8, ?9, NULL) WHERE key = ?1",
	    "iiiidsiii", stream->run, stream->counts[WB_HISTORY],
	    stream->counts[WB_EVENTS], stream->counts[WB_CONSOLE], clock_now(),
	    state, (long long)stream->preempting, (long long)stream->complete,
	    stream->exitcode); /* it is there */
}

/* The run that is meant; 0, and it has replied, if it may not be written. */
static long long
find_run(struct request *request)
{
	char *rest;
	long long run;
	enum wb_found found =
	    wb_run_at(request->store, request->rest, &run, &rest);

	if (found != WB_MISSING && strcmp(rest, "file_stream") != 0)
		found = WB_MISSING;
	free(rest);
	if (found == WB_FOUND)
		return run;
	if (found == WB_DELETED)
		wb_violation(
		    request, run, "file_stream for a run that was deleted");
	reply_json(request, found == WB_DELETED ? 410 : 404,
	    record_set_str(jv_object(), "error", "run not found"));
	return 0;
}

void
wb_answer_stream(struct request *request)
{
	struct stream stream = { .request = request, .store = request->store };
	jv node, reply;

	if (!wb_authorized(request))
		return;
	if (request->body.len > BODY_MAX_BYTES) {
		wb_violation(request, 0, "a file_stream body of %zu bytes",
		    request->body.len);
		reply_json(request, 413,
		    record_set_str(jv_object(), "error", "body too large"));
		return;
	}
	stream.run = find_run(request);
	if (stream.run == 0)
		return;
	node = wb_run_node(request->store, stream.run);
	stream.counts[WB_HISTORY] = wb_number(node, "historyLineCount");
	stream.counts[WB_EVENTS] = wb_number(node, "eventsLineCount");
	stream.counts[WB_CONSOLE] = wb_number(node, "logLineCount");
	take_body(&stream, request->body);
	if (stream.refused != NULL) {
		wb_violation(
		    request, stream.run, "file_stream: %s", stream.refused);
		reply = record_set_str(jv_object(), "error", stream.refused);
		reply_json(request, 400, reply);
	} else {
		finish_post(&stream);
		reply = jv_object_set(
		    jv_object(), jv_string("exitcode"), jv_null());
		reply = jv_object_set(reply, jv_string("limits"), jv_object());
		if (record_true(node, "stopped"))
			reply = record_set_bool(reply, "stopped", true);
		reply_json(request, 200, reply);
	}
	jv_free(node);
	buf_release(&stream.text);
}
