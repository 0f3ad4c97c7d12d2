/* SPDX-License-Identifier: MIT */
/*
 * metrics/datadog - a metric record as Datadog takes it
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "config.h"
#include "mem.h"
#include "metrics/datadog.h"
#include "record.h"

enum {
	NAME_MOST = 200, /* characters, of names and tags */
	PAST_MOST = 3600,
	FUTURE_MOST = 600, /* seconds */
};

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Whether it goes on a character that began before, in UTF-8. */
static bool
goes_on(char c)
{
	return (c & 0xC0) == 0x80;
}

/* ---- names ---- */

/* The name made legal, or an error_value(). */
static jv
legal_name(const char *text)
{
	struct buf out = { 0 };
	jv name;

	if (!is_letter(*text))
		return error_value(
		    "input", "a metric's name begins with a letter");
	for (; *text != '\0'; text++) {
		if (goes_on(*text))
			continue;
		buf_addc(&out,
		    (char)(is_letter(*text) || is_digit(*text) || *text == '.'
			    ? *text
			    : '_'));
	}
	name = out.len <= NAME_MOST
	    ? jv_string_sized(out.at, (int)out.len)
	    : error_value("input", "a metric's name has %d characters at most",
		  NAME_MOST);
	buf_release(&out);
	return name;
}

/* ---- tags ---- */

jv
datadog_tag(const char *text)
{
	struct buf out = { 0 };
	size_t characters = 0;
	jv tag;

	for (; *text != '\0'; text++) {
		char c = *text;

		if (!goes_on(c) && characters == NAME_MOST)
			break;
		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		if (!is_letter(c) && (c & 0x80) == 0) {
			if (out.len == 0)
				continue;
			if (!is_digit(c) && strchr("_-:./", c) == NULL)
				c = '_';
		}
		if (!goes_on(c))
			characters++;
		buf_addc(&out, c);
	}
	while (out.len > 0 &&
	    (out.at[out.len - 1] == '_' || out.at[out.len - 1] == ':'))
		buf_cut(&out, out.len - 1);
	tag = jv_string_sized(out.len > 0 ? out.at : "", (int)out.len);
	buf_release(&out);
	return tag;
}

static bool
has_same_key(const char *tag, const char *other)
{
	size_t len = strcspn(tag, ":");

	return strcspn(other, ":") == len && strncmp(tag, other, len) == 0;
}

/*
 * Appends text, made legal, unless one of the first stronger tags has its key,
 * or it is in seen, the set of those that were appended since.
 */
static jv
add_tag(jv tags, jv *seen, int stronger, const char *text)
{
	jv tag = datadog_tag(text);
	const char *new = jv_string_value(tag);
	bool wanted =
	    *new != '\0' && !jv_object_has(jv_copy(*seen), jv_copy(tag));

	for (int i = 0; wanted && i < stronger; i++) {
		jv one = jv_array_get(jv_copy(tags), i);

		wanted = !has_same_key(new, jv_string_value(one));
		jv_free(one);
	}
	if (!wanted) {
		jv_free(tag);
		return tags;
	}
	*seen = jv_object_set(*seen, jv_copy(tag), jv_true());
	return jv_array_append(tags, tag);
}

/* Appends all of list, an array of strings, which is borrowed. */
static jv
add_list(jv tags, jv list)
{
	int stronger = jv_array_length(jv_copy(tags));
	jv seen = jv_object();

	for (int i = 0; i < jv_array_length(jv_copy(list)); i++) {
		jv one = jv_array_get(jv_copy(list), i);

		tags = add_tag(tags, &seen, stronger, jv_string_value(one));
		jv_free(one);
	}
	jv_free(seen);
	return tags;
}

static jv
bad_tags(jv tags, jv one)
{
	jv_free(tags);
	jv_free(one);
	return error_value("input",
	    "tags are an object of strings, or a list of \"key:value\"");
}

static jv
tags_of_list(jv list)
{
	for (int i = 0; i < jv_array_length(jv_copy(list)); i++) {
		jv one = jv_array_get(jv_copy(list), i);

		if (jv_get_kind(one) != JV_KIND_STRING)
			return bad_tags(jv_null(), one);
		jv_free(one);
	}
	return add_list(jv_array(), list);
}

static jv
tags_of_object(jv object)
{
	jv list = jv_array(), tags;

	for (int i = jv_object_iter(object); jv_object_iter_valid(object, i);
	     i = jv_object_iter_next(object, i)) {
		jv value = jv_object_iter_value(object, i), text;
		jv_kind kind = jv_get_kind(value);

		if (kind == JV_KIND_NULL)
			continue;
		if (kind == JV_KIND_ARRAY || kind == JV_KIND_OBJECT)
			return bad_tags(list, value);
		if (kind != JV_KIND_STRING)
			value = jv_dump_string(value, 0);
		text = jv_object_iter_key(object, i);
		text = jv_string_concat(jv_string_append_str(text, ":"), value);
		list = jv_array_append(list, text);
	}
	tags = add_list(jv_array(), list);
	jv_free(list);
	return tags;
}

/* The record's own, made legal; or an error_value(). */
static jv
tags_of(jv rec)
{
	jv given = record_get(rec, "tags"), tags;

	switch (jv_get_kind(given)) {
	case JV_KIND_INVALID:
	case JV_KIND_NULL:
		tags = jv_array();
		break;
	case JV_KIND_ARRAY:
		tags = tags_of_list(given);
		break;
	case JV_KIND_OBJECT:
		tags = tags_of_object(given);
		break;
	default:
		tags = bad_tags(jv_null(), jv_null());
	}
	jv_free(given);
	return tags;
}

/* ---- what all have ---- */

/* The tag that a variable stands for, as a list of one or none. */
static jv
tag_of_variable(jv list, const char *variable, const char *key)
{
	const char *value = config_env(variable);
	char *text;

	if (value == NULL)
		return list;
	text = xasprintf("%s:%s", key, value);
	list = jv_array_append(list, jv_string(text));
	free(text);
	return list;
}

/* DD_TAGS: commas part them, or white space where there is none. */
static jv
tags_of_environment(void)
{
	const char *at = config_env("DD_TAGS");
	const char *between;
	jv list = jv_array();

	if (at == NULL)
		return list;
	between = strchr(at, ',') != NULL ? "," : " \t\n";
	while (*(at += strspn(at, between)) != '\0') {
		size_t len = strcspn(at, between);

		list = jv_array_append(list, jv_string_sized(at, (int)len));
		at += len;
	}
	return list;
}

void
datadog_init(struct datadog *datadog, jv tags)
{
	const char *host = config_env("DD_HOSTNAME");
	jv more = jv_array();

	datadog->tags = add_list(jv_array(), tags);
	jv_free(tags);
	more = tag_of_variable(more, "DD_ENV", "env");
	more = tag_of_variable(more, "DD_SERVICE", "service");
	more = tag_of_variable(more, "DD_VERSION", "version");
	datadog->tags = add_list(datadog->tags, more);
	jv_free(more);
	more = tags_of_environment();
	datadog->tags = add_list(datadog->tags, more);
	jv_free(more);
	datadog->host = host != NULL ? jv_string(host) : jv_null();
}

void
datadog_release(struct datadog *datadog)
{
	jv_free(datadog->tags);
	jv_free(datadog->host);
}

/* ---- series ---- */

/* Its point, as an array of one; jv_null(); or an error_value(). */
static jv
points_of(jv rec)
{
	const char *at = record_str(rec, "at");
	double time = at != NULL ? clock_parse(at) : NAN;
	jv value = record_get(rec, "value"), point;

	if (jv_get_kind(value) == JV_KIND_NULL)
		return value;
	if (jv_get_kind(value) != JV_KIND_NUMBER ||
	    !isfinite(jv_number_value(value))) {
		jv_free(value);
		return error_value("input", "the value is no finite number");
	}
	if (isnan(time)) {
		jv_free(value);
		return error_value("input", "\"at\" is no time");
	}
	point = record_set_number(jv_object(), "timestamp", floor(time));
	point = jv_object_set(point, jv_string("value"), value);
	return jv_array_append(jv_array(), point);
}

/* Datadog's number for a type; 0 if it has none. */
static int
type_of(jv rec)
{
	static const char *const types[] = { "count", "rate", "gauge" };
	jv given = record_get(rec, "type");
	bool has = jv_is_valid(given) && jv_get_kind(given) != JV_KIND_NULL;
	int type = has ? 0 : 3;

	for (int i = 0; i < 3; i++)
		if (jv_get_kind(given) == JV_KIND_STRING &&
		    strcmp(jv_string_value(given), types[i]) == 0)
			type = i + 1;
	jv_free(given);
	return type;
}

/* Name, type, interval; or an error_value(). */
static jv
begin_series(jv rec)
{
	const char *metric = record_str(rec, "metric");
	long long interval = record_int(rec, "interval_seconds", 0);
	int type = type_of(rec);
	jv name, series;

	if (metric == NULL)
		return error_value("input", "the record has no metric");
	name = legal_name(metric);
	if (!jv_is_valid(name))
		return name;
	if (type == 0) {
		jv_free(name);
		return error_value(
		    "input", "a metric's type is gauge, count or rate");
	}
	series = jv_object_set(jv_object(), jv_string("metric"), name);
	series = record_set_number(series, "type", type);
	if (type != 3 && interval > 0)
		series =
		    record_set_number(series, "interval", (double)interval);
	return series;
}

static jv
resources_of(jv host)
{
	jv one = jv_object_set(jv_object(), jv_string("name"), jv_copy(host));

	one = record_set_str(one, "type", "host");
	return jv_array_append(jv_array(), one);
}

jv
datadog_series(const struct datadog *datadog, jv rec)
{
	jv series = begin_series(rec), points, tags;
	const char *unit = record_str(rec, "unit");

	if (!jv_is_valid(series))
		return series;
	points = points_of(rec);
	if (jv_get_kind(points) != JV_KIND_ARRAY) {
		jv_free(series);
		return points;
	}
	series = jv_object_set(series, jv_string("points"), points);
	tags = tags_of(rec);
	if (!jv_is_valid(tags)) {
		jv_free(series);
		return tags;
	}
	tags = add_list(tags, datadog->tags);
	series = jv_object_set(series, jv_string("tags"), tags);
	if (jv_get_kind(datadog->host) == JV_KIND_STRING)
		series = jv_object_set(series, jv_string("resources"),
		    resources_of(datadog->host));
	if (unit != NULL && *unit != '\0')
		series = record_set_str(series, "unit", unit);
	return series;
}

jv
datadog_check_time(jv series)
{
	jv points = record_get(series, "points");
	jv point = jv_array_get(points, 0);
	double age = clock_now() - (double)record_int(point, "timestamp", 0);

	jv_free(point);
	if (age > PAST_MOST)
		return error_value("input",
		    "it is %.0f s old: Datadog drops what is older than an "
		    "hour",
		    age);
	if (age < -FUTURE_MOST)
		return error_value("input",
		    "it is %.0f s ahead: Datadog drops what is more than ten "
		    "minutes ahead",
		    -age);
	return jv_null();
}
