/* SPDX-License-Identifier: MIT */
/*
 * sandbox/wandb_state - what the server holds, in a form that can be compared
 *
 * Rows and events count by a digest of their canonical lines, the console by
 * one of its lines without time stamps, which are the uploader's own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "record.h"
#include "sandbox/canonical.h"
#include "sandbox/wandb_parts.h"

/* ---- lines ---- */

struct summing {
	struct sha256_ctx ctx;
	long long lines;
	jv first, last;
};

static void
sum_line(struct summing *sum, struct span line)
{
	sha256_update(&sum->ctx, line.len, (const uint8_t *)line.at);
	sha256_update(&sum->ctx, 1, (const uint8_t *)"\n");
	sum->lines++;
}

static jv
summed(struct summing *sum)
{
	char text[DIGEST_SHA256_TEXT];

	digest_sha256_text(&sum->ctx, text);
	return record_set_str(
	    record_set_number(jv_object(), "lines", (double)sum->lines),
	    "sha256", text);
}

static jv
history_state(struct store *store, long long run, enum wb_lines file)
{
	sqlite3_stmt *row = store_query(store,
	    "SELECT text FROM wb_line WHERE run = ? AND file = ? ORDER BY n",
	    "ii", run, (long long)file);
	struct summing sum = { .first = jv_null(), .last = jv_null() };
	struct buf line = { 0 }, last = { 0 };
	jv out;

	sha256_init(&sum.ctx);
	while (store_row(row)) {
		struct span text = store_span(row, 0);

		buf_clear(&line);
		if (!canonical(&line, text, 0))
			buf_add(&line, text.at, text.len);
		sum_line(&sum, (struct span){ line.at, line.len });
		buf_clear(&last);
		buf_add(&last, text.at, text.len);
		if (sum.lines == 1) {
			jv_free(sum.first);
			sum.first = wb_parsed(last.at);
		}
	}
	if (last.len > 0) {
		jv_free(sum.last);
		sum.last = wb_parsed(last.at);
	}
	out = summed(&sum);
	if (file == WB_HISTORY) {
		out = jv_object_set(out, jv_string("first"), sum.first);
		out = jv_object_set(out, jv_string("last"), sum.last);
	} else {
		jv_free(sum.first);
		jv_free(sum.last);
	}
	buf_release(&line);
	buf_release(&last);
	return out;
}

/* The text of a console line; the structured form becomes the plain one. */
static bool
console_text(struct span line, struct buf *out)
{
	struct span stamp, content;
	jv parsed;

	buf_clear(out);
	if (line.len > 0 && line.at[0] == '{') {
		char *copy = xstrndup(line.at, line.len);

		parsed = wb_parsed(copy);
		free(copy);
		if (wb_text(parsed, "ts") && wb_text(parsed, "content")) {
			if (wb_text(parsed, "level") != NULL)
				buf_adds(out, "ERROR ");
			buf_adds(out, wb_text(parsed, "content"));
			jv_free(parsed);
			return true;
		}
		jv_free(parsed);
	}
	if (!wb_console_split(line, &stamp, &content)) {
		buf_add(out, line.at, line.len);
		return false;
	}
	if (stamp.at > line.at)
		buf_adds(out, "ERROR ");
	buf_add(out, content.at, content.len);
	return true;
}

static jv
console_state(struct store *store, long long run)
{
	sqlite3_stmt *row = store_query(store,
	    "SELECT text FROM wb_line WHERE run = ? AND file = 2 ORDER BY n",
	    "i", run);
	struct summing sum = { .first = jv_array(), .last = jv_array() };
	struct buf text = { 0 };
	long long stamped = 0;
	jv out;

	sha256_init(&sum.ctx);
	while (store_row(row)) {
		jv line;

		stamped += console_text(store_span(row, 0), &text);
		sum_line(&sum, (struct span){ text.at, text.len });
		line =
		    jv_string_sized(text.len > 0 ? text.at : "", (int)text.len);
		if (sum.lines <= 3)
			sum.first = jv_array_append(sum.first, jv_copy(line));
		sum.last = jv_array_append(sum.last, line);
		if (sum.lines > 3)
			sum.last = jv_array_slice(sum.last, 1, 4);
	}
	buf_release(&text);
	out = summed(&sum);
	out = jv_object_set(out, jv_string("first"), sum.first);
	out = jv_object_set(out, jv_string("last"), sum.last);
	return record_set_number(out, "stamped", (double)stamped);
}

/* ---- the config ---- */

/* Consumes list; what is no list is an empty one. */
static jv
sorted_numbers(jv list)
{
	if (jv_get_kind(list) == JV_KIND_ARRAY)
		return jv_sort(list, jv_copy(list));
	jv_free(list);
	return jv_array();
}

/* A metric by the names of its parts instead of their numbers. */
static jv
metric_state(jv metrics, jv metric)
{
	long long step = record_int(metric, "5", 0);
	jv out = record_take(jv_object(), "name", metric, "1"), by;

	out = record_take(out, "glob", metric, "2");
	out = record_take(out, "step", metric, "4");
	out = record_take(out, "goal", metric, "8");
	if (step > 0) {
		by = jv_array_get(jv_copy(metrics), (int)step - 1);
		out = record_take(out, "step", by, "1");
		jv_free(by);
	}
	out = jv_object_set(
	    out, jv_string("options"), sorted_numbers(record_get(metric, "6")));
	return jv_object_set(
	    out, jv_string("summary"), sorted_numbers(record_get(metric, "7")));
}

/* Consumes metrics. */
static jv
metrics_state(jv metrics)
{
	jv out = jv_array(), order = jv_array();

	for (int i = 0; jv_get_kind(metrics) == JV_KIND_ARRAY &&
	     i < jv_array_length(jv_copy(metrics));
	     i++) {
		jv metric = jv_array_get(jv_copy(metrics), i);
		jv named = metric_state(metrics, metric);

		order = jv_array_append(
		    order, jv_dump_string(jv_copy(named), JV_PRINT_SORTED));
		out = jv_array_append(out, named);
		jv_free(metric);
	}
	jv_free(metrics);
	return jv_sort(out, order);
}

/* The key _wandb without what differs with who uploads. Consumes config. */
static jv
wandb_state(jv config)
{
	jv environments = record_get(config, "e"), list = jv_array();
	jv metrics = record_get(config, "m");

	if (jv_get_kind(config) != JV_KIND_OBJECT) {
		jv_free(config);
		config = jv_object();
	}
	config = jv_object_delete(config, jv_string("t"));
	if (jv_get_kind(environments) == JV_KIND_OBJECT) {
		for (int i = jv_object_iter(environments);
		     jv_object_iter_valid(environments, i);
		     i = jv_object_iter_next(environments, i))
			list = jv_array_append(
			    list, jv_object_iter_value(environments, i));
		config = jv_object_set(config, jv_string("e"), jv_copy(list));
	}
	jv_free(list);
	jv_free(environments);
	return jv_object_set(config, jv_string("m"), metrics_state(metrics));
}

/* Sets config and wandb. */
static jv
add_config(jv state, const char *text)
{
	jv config = wb_parsed(text), plain = jv_object();
	jv wandb = jv_object();

	for (int i = jv_get_kind(config) == JV_KIND_OBJECT
		 ? jv_object_iter(config)
		 : -1;
	     i >= 0 && jv_object_iter_valid(config, i);
	     i = jv_object_iter_next(config, i)) {
		jv key = jv_object_iter_key(config, i);
		jv wrapped = jv_object_iter_value(config, i);
		jv value = record_get(wrapped, "value");

		if (!jv_is_valid(value)) {
			jv_free(value);
			value = jv_null();
		}
		if (strcmp(jv_string_value(key), "_wandb") == 0) {
			jv_free(wandb);
			wandb = value;
			jv_free(key);
		} else {
			plain = jv_object_set(plain, key, value);
		}
		jv_free(wrapped);
	}
	jv_free(config);
	state = jv_object_set(state, jv_string("config"), plain);
	return jv_object_set(state, jv_string("wandb"), wandb_state(wandb));
}

/* ---- a run ---- */

static jv
files_state(struct store *store, long long run)
{
	sqlite3_stmt *row = store_query(store,
	    "SELECT f.name, md5, size FROM wb_file f JOIN wb_object o "
	    "ON o.key = f.object WHERE run = ? AND data NOT NULL",
	    "i", run);
	jv out = jv_object();

	while (store_row(row)) {
		jv file = wb_node(row), name = record_get(file, "name");

		out = jv_object_set(out, name, record_drop(file, "name"));
	}
	return out;
}

static jv
violations_state(struct store *store, long long run)
{
	sqlite3_stmt *row = store_query(store,
	    "SELECT text FROM wb_violation WHERE run = ? ORDER BY rowid", "i",
	    run);
	jv out = jv_array();

	while (store_row(row))
		out = jv_array_append(out, store_string(row, 0));
	return out;
}

static jv
run_state(struct store *store, long long run)
{
	jv node = wb_run_node(store, run);
	jv state = wb_node_of(store_query(store,
	    "SELECT name, displayName, notes, groupName AS \"group\", jobType, "
	    "host, gitCommit AS \"commit\", repo, sweepName AS sweep, "
	    "tags AS \"tags*\", exitcode, preempting, complete, config, "
	    "summary FROM wb_run WHERE key = ?",
	    "i", run));
	jv config = record_get(state, "config");
	jv summary = record_get(state, "summary");
	jv used = wb_nodes_of(store_query(store,
	    "SELECT c.name || ':v' || version AS name FROM wb_used u "
	    "JOIN wb_artifact a ON a.key = u.artifact "
	    "JOIN wb_collection c ON c.key = a.collection "
	    "WHERE u.run = ? ORDER BY name",
	    "i", run));

	state =
	    record_set_bool(state, "complete", wb_number(state, "complete"));
	state = record_take(state, "entity", node, "_entity");
	state = record_take(state, "project", node, "_projectName");
	state = record_take(state, "state", node, "state");
	state = add_config(state,
	    jv_get_kind(config) == JV_KIND_STRING ? jv_string_value(config)
						  : NULL);
	state = jv_object_set(state, jv_string("summary"),
	    jv_get_kind(summary) == JV_KIND_STRING
		? wb_parsed(jv_string_value(summary))
		: jv_object());
	state = jv_object_set(
	    state, jv_string("history"), history_state(store, run, WB_HISTORY));
	state = jv_object_set(
	    state, jv_string("events"), history_state(store, run, WB_EVENTS));
	state = jv_object_set(
	    state, jv_string("console"), console_state(store, run));
	state =
	    jv_object_set(state, jv_string("files"), files_state(store, run));
	state = jv_object_set(
	    state, jv_string("artifacts"), wb_artifact_state(store, run));
	if (jv_array_length(jv_copy(used)) > 0)
		state = jv_object_set(state, jv_string("used"), jv_copy(used));
	state = jv_object_set(state, jv_string("alerts"),
	    wb_nodes_of(store_query(store,
		"SELECT severity, text, title FROM wb_alert WHERE run = ? "
		"ORDER BY rowid",
		"i", run)));
	state = jv_object_set(
	    state, jv_string("violations"), violations_state(store, run));
	jv_free(config);
	jv_free(summary);
	jv_free(used);
	jv_free(node);
	return state;
}

jv
wb_state(struct store *store, jv state)
{
	jv keys = jv_array(), runs = jv_object();
	sqlite3_stmt *row = store_query(store,
	    "SELECT r.key FROM wb_run r WHERE NOT deleted ORDER BY r.key", "");

	while (store_row(row))
		keys = jv_array_append(
		    keys, jv_number(sqlite3_column_double(row, 0)));
	for (int i = 0; i < jv_array_length(jv_copy(keys)); i++) {
		jv key = jv_array_get(jv_copy(keys), i);
		jv run = run_state(store, (long long)jv_number_value(key));

		runs = jv_object_set(runs,
		    jv_string_fmt("%s/%s/%s", wb_text(run, "entity"),
			wb_text(run, "project"), wb_text(run, "name")),
		    run);
		jv_free(key);
	}
	jv_free(keys);
	return jv_object_set(state, jv_string("runs"), runs);
}

/* ---- GET /sandbox/runs/ENTITY/PROJECT/RUN/WHAT ---- */

struct view {
	struct store *store;
	long long run;
	long long file;
	long long next;  /* line */
	struct buf rest; /* of a line that did not fit */
	size_t sent;     /* of rest */
};

static long
view_read(void *context, long long at, void *bytes, size_t len)
{
	struct view *view = context;
	size_t have = 0, part;
	sqlite3_stmt *row;

	(void)at; /* it is read from the beginning to the end */
	while (have < len) {
		if (view->sent == view->rest.len) {
			row = store_query(view->store,
			    "SELECT n, text FROM wb_line WHERE run = ? AND "
			    "file = ? AND n >= ? ORDER BY n LIMIT 1",
			    "iii", view->run, view->file, view->next);
			if (!store_row(row))
				break;
			view->next = sqlite3_column_int64(row, 0) + 1;
			buf_clear(&view->rest);
			view->sent = 0;
			buf_add(&view->rest, store_span(row, 1).at,
			    store_span(row, 1).len);
			buf_addc(&view->rest, '\n');
			store_done(row);
		}
		part = view->rest.len - view->sent;
		if (part > len - have)
			part = len - have;
		memcpy((char *)bytes + have, view->rest.at + view->sent, part);
		view->sent += part;
		have += part;
	}
	return (long)have;
}

static void
view_close(void *context)
{
	struct view *view = context;

	buf_release(&view->rest);
	free(view);
}

void
wb_answer_view(struct request *request)
{
	static const char *const lines[] = { "history", "events", "console" };
	struct content content = { .size = -1,
		.type = "text/plain; charset=utf-8",
		.read = view_read,
		.close = view_close };
	struct view *view;
	char *what;
	long long run;
	jv row;

	if (wb_run_at(request->store, request->rest, &run, &what) != WB_FOUND) {
		reply_text(
		    request, 404, "text/plain", span_of("no such run\n"));
		free(what);
		return;
	}
	for (long long file = 0; file < 3; file++) {
		if (strcmp(what, lines[file]) != 0)
			continue;
		view = xcalloc(1, sizeof(*view));
		view->store = request->store;
		view->run = run;
		view->file = file;
		content.context = view;
		reply_content(request, &content);
		free(what);
		return;
	}
	row = wb_node_of(store_query(request->store,
	    "SELECT coalesce(config, '{}') AS config, "
	    "coalesce(summary, '{}') AS summary FROM wb_run WHERE key = ?",
	    "i", run));
	if (wb_text(row, what) != NULL)
		reply_text(request, 200, "application/json",
		    span_of(wb_text(row, what)));
	else
		reply_text(
		    request, 404, "text/plain", span_of("no such view\n"));
	jv_free(row);
	free(what);
}
