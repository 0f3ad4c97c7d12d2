/* SPDX-License-Identifier: MIT */
/*
 * sandbox/control - /sandbox/: what the sandbox holds, and what it shall do
 */
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "sandbox/control.h"
#include "sandbox/faults.h"

static void
answer_state(struct request *request)
{
	reply_json(request, 200, server_state(request->server));
}

static jv
request_record(sqlite3_stmt *row)
{
	jv rec = record_set_number(
	    jv_object(), "n", (double)sqlite3_column_int64(row, 0));

	rec = record_set_str(rec, "method", store_text(row, 1));
	rec = record_set_str(rec, "path", store_text(row, 2));
	rec = record_set_str(rec, "operation", store_text(row, 3));
	/* 0: no answer. */
	rec = record_set_number(rec, "status", sqlite3_column_int(row, 4));
	rec = record_set_number(
	    rec, "bytes", (double)sqlite3_column_int64(row, 5));
	rec = record_set_bool(
	    rec, "authorization", sqlite3_column_int(row, 6) != 0);
	rec = record_set_str(rec, "range", store_text(row, 7));
	if (sqlite3_column_bytes(row, 8) > 0)
		rec = jv_object_set(rec, jv_string("body"), store_json(row, 8));
	return record_set_str(rec, "fault", store_text(row, 9));
}

static void
answer_requests(struct request *request)
{
	struct buf lines = { 0 };
	sqlite3_stmt *row = store_query(request->store,
	    "SELECT n, method, path, operation, status, bytes, authorization,"
	    " range, body, fault FROM request ORDER BY n",
	    "");

	while (store_row(row)) {
		jv text = jv_dump_string(request_record(row), 0);

		buf_adds(&lines, jv_string_value(text));
		buf_addc(&lines, '\n');
		jv_free(text);
	}
	reply_text(request, 200, "application/x-ndjson",
	    (struct span){ lines.len ? lines.at : "", lines.len });
	buf_release(&lines);
}

/* What was ordered cannot be done: nothing of it is. Consumes why. */
static void
refuse(struct request *request, jv why)
{
	store_rollback(request->store);
	store_begin(request->store);
	reply_json(request, 400,
	    record_set_str(jv_object(), "error", error_message(why)));
	jv_free(why);
}

static void
answer_load(struct request *request)
{
	jv result = request_json(request);

	if (jv_is_valid(result))
		result = server_load(request->server, result);
	if (!jv_is_valid(result)) {
		refuse(request, result);
		return;
	}
	jv_free(result);
	reply_json(request, 200, jv_object());
}

static void
answer_add_faults(struct request *request)
{
	struct span left = request->body;

	while (left.len > 0) {
		const char *end = memchr(left.at, '\n', left.len);
		size_t len = end ? (size_t)(end - left.at) : left.len;
		char *spec = xstrndup(left.at, len);
		jv result = jv_null();

		if (*spec != '\0')
			result =
			    faults_add(server_faults(request->server), spec);
		free(spec);
		if (!jv_is_valid(result)) {
			refuse(request, result);
			return;
		}
		left.at += end ? len + 1 : len;
		left.len -= end ? len + 1 : len;
	}
	reply_json(request, 200, jv_object());
}

static void
answer_faults(struct request *request)
{
	reply_json(request, 200, faults_list(server_faults(request->server)));
}

static void
answer_clear_faults(struct request *request)
{
	faults_clear(server_faults(request->server));
	reply_json(request, 200, jv_object());
}

static void
answer_reset(struct request *request)
{
	store_clear(request->store);
	answer_clear_faults(request);
}

static const struct route routes[] = {
	{ "GET", "/sandbox/state", "state", NULL, answer_state, false },
	{ "GET", "/sandbox/requests", "requests", NULL, answer_requests,
	    false },
	{ "POST", "/sandbox/load", "load", NULL, answer_load, false },
	{ "POST", "/sandbox/faults", "faults", NULL, answer_add_faults, false },
	{ "GET", "/sandbox/faults", "faults", NULL, answer_faults, false },
	{ "DELETE", "/sandbox/faults", "faults", NULL, answer_clear_faults,
	    false },
	{ "POST", "/sandbox/reset", "reset", NULL, answer_reset, false },
	{ 0 },
};

const struct service control_service = { .routes = routes };
