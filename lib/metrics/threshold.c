/* SPDX-License-Identifier: MIT */
/*
 * threshold - verdicts on metric records
 */
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "json.h"
#include "mem.h"
#include "metrics/threshold.h"
#include "record.h"

enum { MOST_FILE = 1 << 20 };

/* The worst comes first. */
static const struct limit {
	const char *name;
	bool above;
	const char *verdict;
} limits_known[] = {
	{ "fail_below", false, "fail" },
	{ "fail_above", true, "fail" },
	{ "warn_below", false, "warn" },
	{ "warn_above", true, "warn" },
};

enum { LIMITS = sizeof(limits_known) / sizeof(*limits_known) };

static bool
is_limit(struct span name)
{
	for (int i = 0; i < LIMITS; i++)
		if (span_is(name, limits_known[i].name))
			return true;
	return false;
}

/* The limits of one metric, at an offset in the file. */
static jv
check_limits(const char *path, struct span text, const char *metric,
    const struct json_value *limits)
{
	size_t at = (size_t)(limits->text.at - text.at) + 1;
	struct json_members members = { 0 };
	struct json_fault fault;
	jv out = jv_null();

	if (!json_members(limits->text, 0, &members, &fault))
		out = error_value("input", "%s: byte %zu: %s: %s", path,
		    at + fault.at, metric, fault.why);
	else if (members.count == 0)
		out = error_value(
		    "input", "%s: byte %zu: %s has no limit", path, at, metric);
	for (size_t i = 0; jv_is_valid(out) && i < members.count; i++) {
		const struct json_member *one = &members.at[i];

		at = (size_t)(one->key.at - text.at);
		if (!is_limit(one->key))
			out = error_value("input",
			    "%s: byte %zu: %s: %.*s is no limit (warn_below, "
			    "fail_below, warn_above, fail_above)",
			    path, at, metric, (int)one->key.len, one->key.at);
		else if (one->value.type != JSON_NUMBER)
			out = error_value("input",
			    "%s: byte %zu: %s: %.*s is no number", path, at,
			    metric, (int)one->key.len, one->key.at);
	}
	json_members_release(&members);
	return out;
}

static jv
check(const char *path, struct span text, bool (*is_metric)(const char *name))
{
	struct json_members members = { 0 };
	struct json_fault fault;
	jv out = jv_null();

	if (!json_members(text, 0, &members, &fault))
		out = error_value(
		    "input", "%s: byte %zu: %s", path, fault.at + 1, fault.why);
	for (size_t i = 0; jv_is_valid(out) && i < members.count; i++) {
		const struct json_member *one = &members.at[i];
		char *name = xstrndup(one->key.at, one->key.len);

		if (is_metric(name))
			out = check_limits(path, text, name, &one->value);
		else
			out = error_value("input",
			    "%s: byte %zu: there is no metric %s", path,
			    (size_t)(one->key.at - text.at), name);
		free(name);
	}
	json_members_release(&members);
	return out;
}

jv
threshold_read(const char *path, bool (*is_metric)(const char *name))
{
	struct buf text = { 0 };
	jv out = file_read(path, MOST_FILE, &text);

	if (jv_is_valid(out))
		out =
		    check(path, (struct span){ text.at, text.len }, is_metric);
	if (jv_is_valid(out))
		out = jv_parse_sized(text.at, (int)text.len);
	buf_release(&text);
	return out;
}

/* The worst limit that value is beyond, and where that is; NULL: none. */
static const struct limit *
broken_limit(jv limits, double value, double *limit)
{
	for (int i = 0; i < LIMITS; i++) {
		const struct limit *one = &limits_known[i];
		jv number = record_get(limits, one->name);
		bool is = jv_get_kind(number) == JV_KIND_NUMBER;

		*limit = is ? jv_number_value(number) : 0;
		jv_free(number);
		if (is && (one->above ? value > *limit : value < *limit))
			return one;
	}
	return NULL;
}

static char *
words_for(
    const char *metric, double value, const struct limit *broken, double limit)
{
	struct buf words = { 0 };

	buf_addf(&words, "%s is ", metric);
	json_number(&words, value);
	buf_adds(&words, broken->above ? ", above " : ", below ");
	json_number(&words, limit);
	buf_addf(&words, " (%s)", broken->name);
	return buf_take(&words);
}

jv
threshold_judge(jv limits, jv rec, char **said)
{
	const char *metric = record_str(rec, "metric");
	jv own = record_get(limits, metric), value = record_get(rec, "value");
	const char *verdict = "ok";
	const struct limit *broken;
	double limit;

	*said = NULL;
	if (!jv_is_valid(own)) {
		jv_free(own);
		jv_free(value);
		return rec;
	}
	if (jv_get_kind(value) != JV_KIND_NUMBER) {
		const char *reason = record_str(rec, "reason");

		verdict = "unknown";
		*said = xasprintf("%s is not known: %s", metric,
		    reason != NULL ? reason : "it has no number");
	} else {
		broken = broken_limit(own, jv_number_value(value), &limit);
		if (broken != NULL) {
			verdict = broken->verdict;
			*said = words_for(
			    metric, jv_number_value(value), broken, limit);
		}
	}
	jv_free(value);
	rec = record_set_str(rec, "verdict", verdict);
	rec = jv_object_set(rec, jv_string("limit"), own);
	return strcmp(verdict, "fail") == 0
	    ? record_failed(rec, error_value("rejected", "%s", *said))
	    : rec;
}
