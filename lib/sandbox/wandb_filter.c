/* SPDX-License-Identifier: MIT */
/*
 * sandbox/wandb_filter - filters of runs, which are like MongoDB's
 *
 * An unknown field matches nothing, as on the real server; an unknown operator
 * is refused. Times match only in full RFC 3339 with a zone. Before a run is
 * compared, sqlite leaves out those that wb_bounds() tells cannot match.
 */
#include <math.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "record.h"
#include "sandbox/canonical.h"
#include "sandbox/wandb_parts.h"

jv
wb_parsed(const char *text)
{
	struct buf strict = { 0 };
	jv out;

	if (text == NULL ||
	    !canonical(&strict, span_of(text), CANONICAL_QUOTED))
		return jv_null();
	out = jv_parse_sized(strict.at, (int)strict.len);
	if (!jv_is_valid(out)) {
		jv_free(out);
		out = jv_string_sized(strict.at, (int)strict.len);
	}
	buf_release(&strict);
	return out;
}

/* The value at a path whose keys may hold dots themselves. Consumes object. */
static jv
look_up(jv object, const char *path)
{
	jv found;

	if (jv_get_kind(object) != JV_KIND_OBJECT) {
		jv_free(object);
		return jv_invalid();
	}
	found = jv_object_get(jv_copy(object), jv_string(path));
	for (const char *dot = strchr(path, '.');
	     dot != NULL && !jv_is_valid(found); dot = strchr(dot + 1, '.')) {
		jv inner = jv_object_get(
		    jv_copy(object), jv_string_sized(path, (int)(dot - path)));

		jv_free(found);
		found = look_up(inner, dot + 1);
	}
	jv_free(object);
	return found;
}

/*
 * A config's keys are wrapped: {"KEY": {"value": ...}}. config.KEY.INNER means
 * what config.KEY.value.INNER does, whatever dots are in KEY. Consumes config.
 */
static jv
config_value(jv config, const char *path)
{
	jv found = strstr(path, ".value") != NULL
	    ? look_up(jv_copy(config), path)
	    : jv_invalid();

	for (const char *at = path; at != NULL && !jv_is_valid(found);) {
		const char *end = at + strcspn(at, ".");
		char *full =
		    xasprintf("%.*s.value%s", (int)(end - path), path, end);

		jv_free(found);
		found = look_up(jv_copy(config), full);
		free(full);
		at = *end == '.' ? end + 1 : NULL;
	}
	jv_free(config);
	return found;
}

static jv
run_text(struct store *store, jv node, bool config)
{
	jv row = wb_node_of(store_query(store,
	    "SELECT config, summary FROM wb_run WHERE key = ?", "i",
	    wb_number(node, "_key")));
	jv out = wb_parsed(wb_text(row, config ? "config" : "summary"));

	jv_free(row);
	return out;
}

jv
wb_run_value(struct store *store, jv node, const char *key)
{
	static const struct {
		const char *key, *field;
	} names[] = { { "created_at", "createdAt" },
		{ "heartbeat_at", "heartbeatAt" },
		{ "updated_at", "updatedAt" },
		{ "display_name", "displayName" }, { "job_type", "jobType" },
		{ "sweep", "sweepName" }, { "username", "_entity" },
		{ "duration", "computeSeconds" } };

	if (strncmp(key, "config.", 7) == 0)
		return config_value(run_text(store, node, true), key + 7);
	if (strncmp(key, "summary_metrics.", 16) == 0)
		return look_up(run_text(store, node, false), key + 16);
	if (strncmp(key, "keys_info.keys.", 15) == 0)
		return look_up(run_text(store, node, false), key + 15);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(key, names[i].key) == 0)
			key = names[i].field;
	return key[0] == '_' ? jv_invalid() : record_get(node, key);
}

static bool
is_time(const char *key)
{
	size_t len = strlen(key);

	return (len > 2 && strcmp(key + len - 2, "At") == 0) ||
	    (len > 3 && strcmp(key + len - 3, "_at") == 0);
}

/* A time that the server understands; NAN otherwise. */
static double
full_time(jv value)
{
	const char *text, *clock;

	if (jv_get_kind(value) != JV_KIND_STRING)
		return NAN;
	text = jv_string_value(value);
	clock = strchr(text, 'T');
	if (clock == NULL || strpbrk(clock, "Z+-") == NULL)
		return NAN;
	return clock_parse(text);
}

/* -1, 0, 1; 2 if the two cannot be compared. Borrows both. */
static int
compare(const char *key, jv a, jv b)
{
	if (is_time(key)) {
		double x = full_time(a), y = full_time(b);

		return isnan(x) || isnan(y) ? 2 : (x > y) - (x < y);
	}
	if (jv_get_kind(a) != jv_get_kind(b))
		return 2;
	return jv_cmp(jv_copy(a), jv_copy(b));
}

static bool
equal(const char *key, jv have, jv want)
{
	bool found = false;

	if (jv_get_kind(have) == JV_KIND_ARRAY &&
	    jv_get_kind(want) != JV_KIND_ARRAY) {
		for (int i = 0; i < jv_array_length(jv_copy(have)); i++) {
			jv one = jv_array_get(jv_copy(have), i);

			found |= compare(key, one, want) == 0;
			jv_free(one);
		}
		return found;
	}
	if (!jv_is_valid(have))
		return jv_get_kind(want) == JV_KIND_NULL;
	return compare(key, have, want) == 0;
}

static bool
equal_any(const char *key, jv have, jv list)
{
	bool found = false;

	for (int i = 0; jv_get_kind(list) == JV_KIND_ARRAY &&
	     i < jv_array_length(jv_copy(list));
	     i++) {
		jv want = jv_array_get(jv_copy(list), i);

		found |= equal(key, have, want);
		jv_free(want);
	}
	return found;
}

static bool
matches(jv have, jv pattern)
{
	const char *text;
	int flags = REG_EXTENDED | REG_NOSUB;
	regex_t regex;
	bool yes;

	if (jv_get_kind(pattern) != JV_KIND_STRING ||
	    jv_get_kind(have) != JV_KIND_STRING)
		return false;
	text = jv_string_value(pattern);
	if (strncmp(text, "(?i)", 4) == 0) {
		text += 4;
		flags |= REG_ICASE;
	}
	if (regcomp(&regex, text, flags) != 0)
		return false;
	yes = regexec(&regex, jv_string_value(have), 0, NULL, 0) == 0;
	regfree(&regex);
	return yes;
}

/* One operator: 1 yes, 0 no, -1 there is no such operator. */
static int
operate(const char *key, const char *operator, jv have, jv want)
{
	int order = compare(key, have, want);

	if (strcmp(operator, "$eq") == 0)
		return equal(key, have, want);
	if (strcmp(operator, "$ne") == 0)
		return !equal(key, have, want);
	if (strcmp(operator, "$gt") == 0)
		return order == 1;
	if (strcmp(operator, "$gte") == 0)
		return order == 0 || order == 1;
	if (strcmp(operator, "$lt") == 0)
		return order == -1;
	if (strcmp(operator, "$lte") == 0)
		return order == 0 || order == -1;
	if (strcmp(operator, "$in") == 0)
		return equal_any(key, have, want);
	if (strcmp(operator, "$nin") == 0)
		return !equal_any(key, have, want);
	if (strcmp(operator, "$exists") == 0)
		return (jv_is_valid(have) &&
			   jv_get_kind(have) != JV_KIND_NULL) ==
		    (jv_get_kind(want) == JV_KIND_TRUE);
	if (strcmp(operator, "$regex") == 0)
		return matches(have, want);
	return -1;
}

static int
match_field(struct store *store, const char *key, jv want, jv node)
{
	jv have = wb_run_value(store, node, key);
	int yes = 1;

	if (jv_get_kind(want) != JV_KIND_OBJECT)
		yes = equal(key, have, want);
	else
		for (int i = jv_object_iter(want);
		     yes == 1 && jv_object_iter_valid(want, i);
		     i = jv_object_iter_next(want, i)) {
			jv operator= jv_object_iter_key(want, i);
			jv value = jv_object_iter_value(want, i);

			yes = operate(
			    key, jv_string_value(operator), have, value);
			jv_free(operator);
			jv_free(value);
		}
	jv_free(have);
	return yes;
}

/* How many of a list of filters match; -1 if one is none. */
static int
count_matches(struct store *store, jv list, jv node)
{
	int count = 0;

	if (jv_get_kind(list) != JV_KIND_ARRAY)
		return -1;
	for (int i = 0; i < jv_array_length(jv_copy(list)); i++) {
		jv one = jv_array_get(jv_copy(list), i);
		int yes = wb_matches(store, one, node);

		jv_free(one);
		if (yes < 0)
			return -1;
		count += yes;
	}
	return count;
}

static int
match_member(struct store *store, const char *key, jv want, jv node)
{
	int count;

	if (key[0] != '$')
		return match_field(store, key, want, node);
	count = count_matches(store, want, node);
	if (count < 0)
		return -1;
	if (strcmp(key, "$and") == 0)
		return count == jv_array_length(jv_copy(want));
	if (strcmp(key, "$or") == 0)
		return count > 0;
	if (strcmp(key, "$nor") == 0)
		return count == 0;
	return -1;
}

int
wb_matches(struct store *store, jv filter, jv node)
{
	int yes = 1;

	if (jv_get_kind(filter) != JV_KIND_OBJECT)
		return jv_get_kind(filter) == JV_KIND_NULL ? 1 : -1;
	for (int i = jv_object_iter(filter);
	     yes == 1 && jv_object_iter_valid(filter, i);
	     i = jv_object_iter_next(filter, i)) {
		jv key = jv_object_iter_key(filter, i);
		jv want = jv_object_iter_value(filter, i);

		yes = match_member(store, jv_string_value(key), want, node);
		jv_free(key);
		jv_free(want);
	}
	return yes;
}

/* ---- bounds ---- */

static void
bound_by_any(jv list, struct wb_bounds *bounds)
{
	*bounds = (struct wb_bounds){ .from = INFINITY };
	for (int i = 0; jv_get_kind(list) == JV_KIND_ARRAY &&
	     i < jv_array_length(jv_copy(list));
	     i++) {
		jv one = jv_array_get(jv_copy(list), i);
		struct wb_bounds other;

		wb_bounds(one, &other);
		bounds->from = fmin(bounds->from, other.from);
		bounds->running |= other.running;
		jv_free(one);
	}
}

static void
bound_by_all(jv list, struct wb_bounds *bounds)
{
	for (int i = 0; jv_get_kind(list) == JV_KIND_ARRAY &&
	     bounds->from < 0 && i < jv_array_length(jv_copy(list));
	     i++) {
		jv one = jv_array_get(jv_copy(list), i);

		wb_bounds(one, bounds);
		jv_free(one);
	}
}

static void
bound_by_time(jv want, struct wb_bounds *bounds)
{
	jv since = record_get(want, "$gte");
	double time;

	if (!jv_is_valid(since)) {
		jv_free(since);
		since = record_get(want, "$gt");
	}
	time = full_time(since);
	if (!isnan(time))
		bounds->from = time - 1; /* texts of times are rounded */
	jv_free(since);
}

static void
bound_by(const char *key, jv want, struct wb_bounds *bounds)
{
	if (strcmp(key, "$or") == 0)
		bound_by_any(want, bounds);
	else if (strcmp(key, "$and") == 0)
		bound_by_all(want, bounds);
	else if (strcmp(key, "created_at") == 0 ||
	    strcmp(key, "createdAt") == 0)
		bound_by_time(want, bounds);
	else if (strcmp(key, "state") == 0 &&
	    jv_get_kind(want) == JV_KIND_STRING &&
	    strcmp(jv_string_value(want), "running") == 0)
		*bounds = (struct wb_bounds){ INFINITY, true };
}

void
wb_bounds(jv filter, struct wb_bounds *bounds)
{
	*bounds = (struct wb_bounds){ .from = -INFINITY };
	if (jv_get_kind(filter) != JV_KIND_OBJECT)
		return;
	for (int i = jv_object_iter(filter);
	     bounds->from < 0 && jv_object_iter_valid(filter, i);
	     i = jv_object_iter_next(filter, i)) {
		jv key = jv_object_iter_key(filter, i);
		jv want = jv_object_iter_value(filter, i);

		bound_by(jv_string_value(key), want, bounds);
		jv_free(key);
		jv_free(want);
	}
}
