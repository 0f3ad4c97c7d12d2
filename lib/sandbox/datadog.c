/* SPDX-License-Identifier: MIT */
/*
 * sandbox/datadog - the Datadog half of kw-sandbox: POST /api/v2/series
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "clock.h"
#include "record.h"
#include "sandbox/datadog.h"

enum {
	SENT_MOST = 512000, /* bytes of a body as it comes, and unpacked */
	UNPACKED_MOST = 5242880,
};

/* The key of those who were told none; nothing is behind it. */
static const char default_key[] = "0123456789abcdef0123456789abcdef";

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* ---- settings ---- */

/* Null without one. */
static jv
setting(struct store *store, const char *name)
{
	sqlite3_stmt *row = store_query(
	    store, "SELECT value FROM dd_setting WHERE name = ?", "s", name);
	jv value = jv_null();

	if (store_row(row)) {
		value = store_json(row, 0);
		store_done(row);
	}
	return value;
}

/* The status that the script has for a metric; 0 without one. */
static int
refusal_of(jv refused, const char *metric)
{
	return (int)record_int(refused, metric, 0);
}

/* ---- the body ---- */

/* Unpacks gzip or zlib. False, with more than is allowed, or if it is none. */
static bool
unpack(struct span body, struct buf *out)
{
	z_stream stream = { .next_in = (void *)(uintptr_t)body.at,
		.avail_in = (uInt)body.len };
	int rc = Z_OK;

	/* 15 bits of window, and 32 to tell the two apart. */
	if (inflateInit2(&stream, 15 + 32) != Z_OK)
		die(STATUS_STREAM, "out of memory");
	while (rc == Z_OK && out->len <= UNPACKED_MOST) {
		buf_reserve(out, 1 << 16);
		stream.next_out = (Bytef *)out->at + out->len;
		stream.avail_out = 1 << 16;
		rc = inflate(&stream, Z_NO_FLUSH);
		out->len += (1 << 16) - stream.avail_out;
	}
	inflateEnd(&stream);
	return rc == Z_STREAM_END || out->len > UNPACKED_MOST;
}

static void
refuse(struct request *request, int status, const char *why)
{
	reply_json(request, status,
	    jv_object_set(jv_object(), jv_string("errors"),
		jv_array_append(jv_array(), jv_string(why))));
}

static bool
is_authorized(struct request *request)
{
	const char *given = request_header(request, "DD-API-KEY");
	jv key = setting(request->store, "dd_api_key");
	bool good = given != NULL &&
	    strcmp(given,
		jv_get_kind(key) == JV_KIND_STRING ? jv_string_value(key)
						   : default_key) == 0;

	jv_free(key);
	if (!good)
		refuse(request, 403, "Forbidden");
	return good;
}

/* The body as JSON; an invalid value when it was refused. */
static jv
read_body(struct request *request)
{
	const char *coding = request_header(request, "Content-Encoding");
	struct span body = request->body;
	struct buf unpacked = { 0 };
	bool packed = coding != NULL &&
	    (strcasecmp(coding, "gzip") == 0 ||
		strcasecmp(coding, "deflate") == 0);
	jv value = jv_invalid();

	if (packed && body.len <= SENT_MOST && unpack(body, &unpacked))
		body = (struct span){ unpacked.at, unpacked.len };
	else if (coding != NULL && body.len <= SENT_MOST)
		body.len = 0;
	if (request->body.len > SENT_MOST || body.len > UNPACKED_MOST) {
		refuse(request, 413, "Payload too large");
	} else {
		value = jv_parse_sized(body.at, (int)body.len);
		if (!jv_is_valid(value))
			refuse(request, 400, "Unable to parse payload");
	}
	buf_release(&unpacked);
	return value;
}

/* ---- one series ---- */

static bool
is_kind(jv what, const char *field, jv_kind kind, bool needed)
{
	jv value = record_get(what, field);
	bool good = jv_is_valid(value) ? jv_get_kind(value) == kind : !needed;

	jv_free(value);
	return good;
}

static bool
are_strings(jv list)
{
	jv_array_foreach(list, i, one)
	{
		bool good = jv_get_kind(one) == JV_KIND_STRING;

		jv_free(one);
		if (!good)
			return false;
	}
	return true;
}

static bool
is_point(jv point)
{
	jv time = record_get(point, "timestamp");
	bool good = is_kind(point, "value", JV_KIND_NUMBER, true) &&
	    jv_get_kind(time) == JV_KIND_NUMBER &&
	    floor(jv_number_value(time)) == jv_number_value(time);

	jv_free(time);
	return good;
}

static bool
are_points(jv list)
{
	jv_array_foreach(list, i, one)
	{
		bool good = is_point(one);

		jv_free(one);
		if (!good)
			return false;
	}
	return true;
}

/* Whether it has the form that the API asks for. */
static bool
is_series(jv series)
{
	long long type = record_int(series, "type", 0);
	jv tags = record_get(series, "tags");
	jv points = record_get(series, "points");
	bool good = is_kind(series, "metric", JV_KIND_STRING, true) &&
	    is_kind(series, "points", JV_KIND_ARRAY, true) &&
	    is_kind(series, "tags", JV_KIND_ARRAY, false) &&
	    is_kind(series, "resources", JV_KIND_ARRAY, false) &&
	    is_kind(series, "unit", JV_KIND_STRING, false) &&
	    is_kind(series, "interval", JV_KIND_NUMBER, false) &&
	    is_kind(series, "type", JV_KIND_NUMBER, false) && type >= 0 &&
	    type <= 3 && are_points(points) &&
	    (!jv_is_valid(tags) || are_strings(tags));

	jv_free(points);
	jv_free(tags);
	return good;
}

/* What Datadog would drop without a word. False: it is not kept. */
static bool
check_names(struct request *request, const char *metric, jv tags)
{
	size_t len = strlen(metric);
	bool good = true;

	if (len == 0 || len > 200 || strchr(LETTERS, metric[0]) == NULL ||
	    strspn(metric, LETTERS "0123456789_.") != len) {
		request_violation(request, "%s: no name of a metric", metric);
		return false;
	}
	if (jv_get_kind(tags) != JV_KIND_ARRAY)
		return true;
	jv_array_foreach(tags, i, tag)
	{
		const char *text = jv_string_value(tag);

		/* Other scripts' letters are not told from what is none. */
		if (jv_string_length_codepoints(jv_copy(tag)) > 200 ||
		    ((text[0] & 0x80) == 0 &&
			strchr(LETTERS, text[0]) == NULL) ||
		    strpbrk(text, " ,|#\n\t\"'\\*?!@$%&()=+<>;") != NULL) {
			request_violation(request, "%s: no tag", text);
			good = false;
		}
		jv_free(tag);
	}
	return good;
}

static bool
check_time(struct request *request, const char *metric, double time)
{
	double age = clock_now() - time;

	if (age <= 3600 && age >= -600)
		return true;
	request_violation(
	    request, "%s: a point that is %.0f s old", metric, age);
	return false;
}

/* The host of resources, which is consumed; null without one. */
static jv
host_of(jv resources)
{
	jv host = jv_null();

	if (jv_get_kind(resources) == JV_KIND_ARRAY) {
		jv_array_foreach(resources, i, one)
		{
			const char *type = record_str(one, "type");

			if (type != NULL && strcmp(type, "host") == 0) {
				jv_free(host);
				host = record_get(one, "name");
			}
			jv_free(one);
		}
	}
	jv_free(resources);
	return host;
}

static void
keep_point(struct request *request, jv series, jv tags, jv point)
{
	const char *metric = record_str(series, "metric");
	double time = (double)record_int(point, "timestamp", 0);
	jv value = record_get(point, "value");
	jv host = host_of(record_get(series, "resources"));

	/* The last one that comes for a time is the one that counts. */
	if (check_time(request, metric, time))
		(void)store_do(request->store,
		    "INSERT INTO dd_point(metric, tags, host, timestamp, "
		    "value, type, interval, unit) "
		    "VALUES(?, ?, ?, ?, ?, ?, ?, ?) "
		    "ON CONFLICT DO UPDATE SET value = excluded.value, "
		    "times = times + 1",
		    "sjjddiis", metric,
		    jv_is_valid(tags) ? jv_copy(tags) : jv_array(),
		    jv_copy(host), time, jv_number_value(value),
		    record_int(series, "type", 0),
		    record_int(series, "interval", 0),
		    record_str(series, "unit"));
	jv_free(value);
	jv_free(host);
}

static void
keep_series(struct request *request, jv series)
{
	jv tags = record_get(series, "tags");
	jv points = record_get(series, "points");

	if (check_names(request, record_str(series, "metric"), tags)) {
		jv_array_foreach(points, i, point)
		{
			keep_point(request, series, tags, point);
			jv_free(point);
		}
	}
	jv_free(points);
	jv_free(tags);
}

/* ---- the call ---- */

/* Whether all have their form, and none has to be refused with all others. */
static bool
check_all(struct request *request, jv list, jv refused)
{
	jv_array_foreach(list, i, series)
	{
		bool good = is_series(series);
		int status = good
		    ? refusal_of(refused, record_str(series, "metric"))
		    : 400;
		char *why;

		jv_free(series);
		if (status < 400)
			continue;
		why = xasprintf(
		    good ? "Payload is refused" : "series[%d] has not its form",
		    i);
		refuse(request, status, why);
		free(why);
		return false;
	}
	return true;
}

static void
keep_all(struct request *request, jv list, jv refused)
{
	jv errors = jv_array();

	jv_array_foreach(list, i, series)
	{
		const char *metric = record_str(series, "metric");

		if (refusal_of(refused, metric) == 202)
			errors = jv_array_append(
			    errors, jv_string("A metric was not accepted"));
		else
			keep_series(request, series);
		jv_free(series);
	}
	reply_json(request, 202,
	    jv_object_set(jv_object(), jv_string("errors"), errors));
}

static void
answer_series(struct request *request)
{
	jv body, list, refused;

	if (!is_authorized(request))
		return;
	body = read_body(request);
	if (!jv_is_valid(body)) {
		jv_free(body);
		return;
	}
	list = record_get(body, "series");
	refused = setting(request->store, "dd_refused");
	if (jv_get_kind(list) != JV_KIND_ARRAY)
		refuse(request, 400, "series is no list");
	else if (check_all(request, list, refused))
		keep_all(request, list, refused);
	jv_free(refused);
	jv_free(list);
	jv_free(body);
}

static const struct route routes[] = {
	{ "POST", "/api/v2/series", "series", NULL, answer_series, false },
	{ 0 },
};

/* ---- the service ---- */

static void
make_tables(struct store *store)
{
	store_script(store,
	    "CREATE TABLE IF NOT EXISTS dd_setting("
	    "name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
	    "CREATE TABLE IF NOT EXISTS dd_point(key INTEGER PRIMARY KEY, "
	    "metric TEXT, tags TEXT, host TEXT, timestamp REAL, value REAL, "
	    "type INTEGER, interval INTEGER, unit TEXT, "
	    "times INTEGER DEFAULT 1, UNIQUE(metric, tags, host, timestamp));");
}

static const char *const parts[] = { "dd_api_key", "dd_refused", NULL };

static jv
load(struct store *store, jv script)
{
	static const jv_kind kinds[] = { JV_KIND_STRING, JV_KIND_OBJECT };
	jv out = jv_null();

	for (size_t i = 0; parts[i] != NULL; i++) {
		jv value = record_get(script, parts[i]);

		if (jv_get_kind(value) == kinds[i]) {
			(void)store_do(store,
			    "REPLACE INTO dd_setting VALUES(?, ?)", "sj",
			    parts[i], jv_copy(value));
		} else if (jv_is_valid(value)) {
			jv_free(out);
			out = error_value("input", "%s is no %s", parts[i],
			    jv_kind_name(kinds[i]));
		}
		jv_free(value);
	}
	jv_free(script);
	return out;
}

static jv
state_of(struct store *store, jv state)
{
	jv list = jv_array(), one;
	sqlite3_stmt *row = store_query(store,
	    "SELECT metric, tags, host, timestamp, value, type, interval, "
	    "unit, times FROM dd_point ORDER BY key",
	    "");

	while (store_row(row)) {
		one = jv_object_set(
		    jv_object(), jv_string("metric"), store_string(row, 0));
		one = jv_object_set(one, jv_string("tags"), store_json(row, 1));
		one = jv_object_set(one, jv_string("host"), store_json(row, 2));
		one = record_set_number(
		    one, "timestamp", sqlite3_column_double(row, 3));
		one = record_set_number(
		    one, "value", sqlite3_column_double(row, 4));
		one = record_set_number(
		    one, "type", sqlite3_column_double(row, 5));
		one = record_set_number(
		    one, "interval", sqlite3_column_double(row, 6));
		one = record_set_str(one, "unit", store_text(row, 7));
		one = record_set_number(
		    one, "times", sqlite3_column_double(row, 8));
		list = jv_array_append(list, one);
	}
	return jv_object_set(state, jv_string("points"), list);
}

static void
set_environment(struct store *store, const char *url, bool peers)
{
	jv key = setting(store, "dd_api_key");

	(void)peers;
	if (setenv("DD_URL", url, 1) != 0 || unsetenv("DD_DD_URL") != 0 ||
	    setenv("DD_API_KEY",
		jv_get_kind(key) == JV_KIND_STRING ? jv_string_value(key)
						   : default_key,
		1) != 0)
		die(STATUS_USAGE, "the environment cannot be set");
	jv_free(key);
}

const struct service datadog_service = {
	.routes = routes,
	.open = make_tables,
	.load = load,
	.parts = parts,
	.state = state_of,
	.environment = set_environment,
};
