/* SPDX-License-Identifier: MIT */
/* sandbox/wandb_history - rows, events and console lines as answers */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "record.h"
#include "sandbox/canonical.h"
#include "sandbox/wandb_parts.h"

/* ---- lines as they came ---- */

/* A file's last line in a list, as JSON text. */
static jv
tail(struct gql *gql, jv self, enum wb_lines file)
{
	sqlite3_stmt *row = store_query(wb_store(gql),
	    "SELECT text FROM wb_line WHERE run = ? AND file = ? "
	    "ORDER BY n DESC LIMIT 1",
	    "ii", wb_number(self, "_key"), (long long)file);
	jv list = jv_array();

	if (store_row(row)) {
		list = jv_array_append(list, store_string(row, 0));
		store_done(row);
	}
	return jv_dump_string(list, 0);
}

jv
wb_run_tail(struct gql *gql, jv self, jv args)
{
	(void)args;
	return tail(gql, self, WB_HISTORY);
}

jv
wb_run_events_tail(struct gql *gql, jv self, jv args)
{
	(void)args;
	return tail(gql, self, WB_EVENTS);
}

jv
wb_run_system(struct gql *gql, jv self, jv args)
{
	sqlite3_stmt *row = store_query(wb_store(gql),
	    "SELECT text FROM wb_line WHERE run = ? AND file = 1 "
	    "ORDER BY n DESC LIMIT 1",
	    "i", wb_number(self, "_key"));
	jv out = jv_string("{}");

	(void)args;
	if (store_row(row)) {
		jv_free(out);
		out = store_string(row, 0);
		store_done(row);
	}
	return out;
}

/* Every nth of a file's lines, so that there are not more than samples. */
static jv
sampled_lines(struct gql *gql, jv self, enum wb_lines file, long long samples)
{
	long long count = store_number(wb_store(gql), 0,
	    "SELECT count(*) FROM wb_line WHERE run = ? AND file = ?", "ii",
	    wb_number(self, "_key"), (long long)file);
	long long every = samples > 0 ? (count + samples - 1) / samples : 1;
	sqlite3_stmt *row = store_query(wb_store(gql),
	    "SELECT text FROM wb_line WHERE run = ? AND file = ? "
	    "AND n % ? = 0 ORDER BY n",
	    "iii", wb_number(self, "_key"), (long long)file,
	    every > 0 ? every : 1);
	jv out = jv_array();

	while (store_row(row))
		out = jv_array_append(out, store_string(row, 0));
	return out;
}

jv
wb_run_history(struct gql *gql, jv self, jv args)
{
	jv from = record_get(args, "minStep"), to = record_get(args, "maxStep");
	long long samples = record_int(args, "samples", 500);
	bool range = jv_get_kind(from) == JV_KIND_NUMBER ||
	    jv_get_kind(to) == JV_KIND_NUMBER;
	sqlite3_stmt *row;
	jv out;

	jv_free(from);
	jv_free(to);
	if (!range)
		return sampled_lines(gql, self, WB_HISTORY, samples);
	row = store_query(wb_store(gql),
	    "SELECT text FROM wb_line WHERE run = ? AND step >= ? AND step < ? "
	    "ORDER BY step, n LIMIT ?",
	    "iiii", wb_number(self, "_key"), record_int(args, "minStep", 0),
	    record_int(args, "maxStep", LLONG_MAX), samples);
	out = jv_array();
	while (store_row(row))
		out = jv_array_append(out, store_string(row, 0));
	return out;
}

jv
wb_run_events(struct gql *gql, jv self, jv args)
{
	return sampled_lines(
	    gql, self, WB_EVENTS, record_int(args, "samples", 500));
}

/* ---- some keys of rows ---- */

/* A row with all keys, and only these, appended to out; false without one. */
static bool
add_keys(struct buf *out, struct span line, jv keys)
{
	struct json_members members = { 0 };
	struct json_fault fault;
	size_t start = out->len;
	bool whole = json_members(line, JSON_WORDS, &members, &fault);

	for (int i = 0; whole && i < jv_array_length(jv_copy(keys)); i++) {
		jv key = jv_array_get(jv_copy(keys), i);
		const struct json_member *member =
		    jv_get_kind(key) == JV_KIND_STRING
		    ? json_member(&members, jv_string_value(key))
		    : NULL;

		whole = member != NULL;
		if (whole) {
			buf_addc(out, i == 0 ? '{' : ',');
			buf_addf(out, "\"%.*s\":", (int)member->key.len,
			    member->key.at);
			whole = canonical(
			    out, member->value.text, CANONICAL_QUOTED);
		}
		jv_free(key);
	}
	json_members_release(&members);
	if (!whole || out->len == start) {
		out->len = start;
		return false;
	}
	buf_addc(out, '}');
	return true;
}

/* One spec's rows, as a JSON list. */
static void
add_spec(struct gql *gql, long long run, jv spec, struct buf *out)
{
	jv keys = record_get(spec, "keys");
	long long samples = record_int(spec, "samples", 500), count = 0;
	bool some = jv_get_kind(keys) == JV_KIND_ARRAY &&
	    jv_array_length(jv_copy(keys)) > 0;
	long long from = record_int(spec, "minStep", LLONG_MIN + 1);
	long long to = record_int(spec, "maxStep", LLONG_MAX);
	sqlite3_stmt *row = store_query(wb_store(gql),
	    "SELECT text FROM wb_line WHERE run = ? AND file = 0 "
	    "AND coalesce(step, 0) >= ? AND coalesce(step, 0) <= ? ORDER BY n",
	    "iii", run, from, to);

	buf_addc(out, '[');
	while (store_row(row)) {
		size_t start = out->len;

		if (count > 0)
			buf_addc(out, ',');
		if (some ? add_keys(out, store_span(row, 0), keys)
			 : canonical(out, store_span(row, 0), CANONICAL_QUOTED))
			count++;
		else
			out->len = start;
		if (count == samples) {
			store_done(row);
			break;
		}
	}
	buf_addc(out, ']');
	jv_free(keys);
}

jv
wb_run_sampled(struct gql *gql, jv self, jv args)
{
	jv specs = record_get(args, "specs"), out;
	struct buf text = { 0 };
	bool fine = true;

	for (int i = 0; fine && jv_get_kind(specs) == JV_KIND_ARRAY &&
	     i < jv_array_length(jv_copy(specs));
	     i++) {
		jv one = jv_array_get(jv_copy(specs), i);
		jv spec = jv_get_kind(one) == JV_KIND_STRING
		    ? jv_parse(jv_string_value(one))
		    : jv_invalid();

		buf_addc(&text, i == 0 ? '[' : ',');
		fine = jv_get_kind(spec) == JV_KIND_OBJECT;
		if (fine)
			add_spec(gql, wb_number(self, "_key"), spec, &text);
		jv_free(one);
		jv_free(spec);
	}
	if (text.len == 0)
		buf_addc(&text, '[');
	buf_addc(&text, ']');
	out = fine ? jv_string_sized(text.at, (int)text.len)
		   : gql_refuse(gql, 400, "a spec is no JSON object");
	buf_release(&text);
	jv_free(specs);
	return out;
}

/* There are no parquet files here: everything is live. */
jv
wb_run_parquet(struct gql *gql, jv self, jv args)
{
	jv keys = record_get(args, "liveKeys"), out, spec;
	struct buf text = { 0 };

	spec = jv_object_set(jv_object(), jv_string("keys"), keys);
	spec = record_set_number(spec, "samples", 1e9);
	add_spec(gql, wb_number(self, "_key"), spec, &text);
	jv_free(spec);
	out = jv_object_set(jv_object(), jv_string("parquetUrls"), jv_array());
	out = jv_object_set(out, jv_string("liveData"),
	    jv_string_sized(text.at, (int)text.len));
	buf_release(&text);
	return out;
}

/* Which keys there are, by the summary, and the last step. */
jv
wb_run_keys(struct gql *gql, jv self, jv args)
{
	long long run = wb_number(self, "_key");
	sqlite3_stmt *row = store_query(wb_store(gql),
	    "SELECT text FROM wb_line WHERE run = ? AND file = 0 "
	    "ORDER BY n DESC LIMIT 1",
	    "i", run);
	struct buf text = { 0 };
	struct json_walk walk;
	struct json_member member;
	bool first = true;
	jv out;

	(void)args;
	buf_addf(&text, "{\"sets\":[],\"lastStep\":%lld,\"keys\":{",
	    store_number(wb_store(gql), -1,
		"SELECT max(step) FROM wb_line WHERE run = ? AND step NOT NULL",
		"i", run));
	if (store_row(row)) {
		json_walk(&walk, store_span(row, 0), JSON_WORDS);
		while (json_next(&walk, &member)) {
			buf_addf(&text,
			    "%s\"%.*s\":{\"typeCounts\":[{"
			    "\"type\":\"%s\",\"count\":1}]}",
			    first ? "" : ",", (int)member.key.len,
			    member.key.at,
			    member.value.type == JSON_NUMBER ||
				    member.value.type == JSON_WORD
				? "number"
				: member.value.type == JSON_STRING ? "string"
								   : "unknown");
			first = false;
		}
		store_done(row);
	}
	buf_adds(&text, "}}");
	out = jv_string_sized(text.at, (int)text.len);
	buf_release(&text);
	return out;
}

/* ---- the console ---- */

bool
wb_console_split(struct span line, struct span *stamp, struct span *content)
{
	static const char form[] = "0000-00-00T00:00:00";
	size_t at = 0, i;

	*stamp = (struct span){ line.at, 0 };
	*content = line;
	if (line.len > 6 && memcmp(line.at, "ERROR ", 6) == 0)
		at = 6;
	for (i = 0; form[i] != '\0'; i++) {
		char c = at + i < line.len ? line.at[at + i] : '\0';

		if (form[i] == '0' ? c < '0' || c > '9' : c != form[i])
			return false;
	}
	while (at + i < line.len && strchr(".0123456789Z", line.at[at + i]) &&
	    line.at[at + i] != '\0')
		i++;
	if (at + i >= line.len || line.at[at + i] != ' ')
		return false;
	*stamp = (struct span){ line.at + at, i };
	*content = (struct span){ line.at + at + i + 1, line.len - at - i - 1 };
	return true;
}

static jv
log_line(sqlite3_stmt *row)
{
	struct span line = store_span(row, 1), stamp, content;
	bool stamped = wb_console_split(line, &stamp, &content);
	bool error = line.len > 6 && memcmp(line.at, "ERROR ", 6) == 0;
	jv node = record_set_number(
	    jv_object(), "number", (double)sqlite3_column_int64(row, 0));

	if (stamped)
		node = jv_object_set(node, jv_string("timestamp"),
		    jv_string_sized(stamp.at, (int)stamp.len));
	if (error)
		node = record_set_str(node, "level", "error");
	return jv_object_set(node, jv_string("line"),
	    jv_string_sized(content.at, (int)content.len));
}

jv
wb_run_log_lines(struct gql *gql, jv self, jv args)
{
	long long run = wb_number(self, "_key");
	long long last = record_int(args, "last", -1);
	long long total = wb_number(self, "logLineCount");
	sqlite3_stmt *row = store_query(wb_store(gql),
	    "SELECT n, text FROM wb_line WHERE run = ? AND file = 2 AND n >= ? "
	    "ORDER BY n",
	    "ii", run, last >= 0 && last < total ? total - last : 0LL);
	jv nodes = jv_array(), all;

	while (store_row(row))
		nodes = jv_array_append(nodes, log_line(row));
	if (last < 0)
		return wb_page(nodes, args, 1000);
	all = record_set_number(jv_object(), "first", (double)last);
	all = jv_object_set(all, jv_string("after"), jv_null());
	nodes = wb_page(nodes, all, 1000);
	jv_free(all);
	return nodes;
}
