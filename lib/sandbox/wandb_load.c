/* SPDX-License-Identifier: MIT */
/* sandbox/wandb_load - runs that are there from the beginning: --load */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "record.h"
#include "sandbox/wandb_parts.h"

static const char *const fields[] = { "run", "display_name", "state",
	"created_at", "heartbeat_at", "notes", "group", "job_type", "tags",
	"sweep", "host", "commit", "program", "config", "summary", "history",
	"deleted", "read_only", NULL };

/* A text as it is, or an object as one. */
static jv
json_text(jv one, const char *field)
{
	jv value = record_get(one, field);

	return jv_get_kind(value) == JV_KIND_OBJECT ? jv_dump_string(value, 0)
						    : value;
}

/* A config has its values wrapped: {"KEY": {"value": V}}. */
static jv
wrapped(jv one)
{
	jv config = record_get(one, "config"), out = jv_object();

	if (jv_get_kind(config) != JV_KIND_OBJECT) {
		jv_free(out);
		return config;
	}
	jv_object_foreach(config, key, value) out = jv_object_set(
	    out, key, jv_object_set(jv_object(), jv_string("value"), value));
	jv_free(config);
	return jv_dump_string(out, 0);
}

/* What UpsertBucket would be told. */
static jv
input_of(jv one)
{
	static const struct {
		const char *ours, *theirs;
	} names[] = { { "display_name", "displayName" }, { "state", "state" },
		{ "notes", "notes" }, { "group", "groupName" },
		{ "job_type", "jobType" }, { "tags", "tags" },
		{ "sweep", "sweep" }, { "host", "host" },
		{ "commit", "commit" }, { "program", "jobProgram" } };
	jv input = jv_object(), text;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		input = record_take(input, names[i].theirs, one, names[i].ours);
	text = wrapped(one);
	input = jv_is_valid(text)
	    ? jv_object_set(input, jv_string("config"), text)
	    : input;
	text = json_text(one, "summary");
	return jv_is_valid(text)
	    ? jv_object_set(input, jv_string("summaryMetrics"), text)
	    : input;
}

static double
time_of(jv one, const char *field)
{
	const char *text = record_str(one, field);

	return text != NULL ? clock_parse(text) : NAN;
}

/* Rows, in the order of their steps; each an object, or its text. */
static void
load_rows(struct store *store, long long run, jv rows)
{
	long long n = 0;

	jv_array_foreach(rows, i, row)
	{
		jv step = record_get(row, "_step");
		bool object = jv_get_kind(row) == JV_KIND_OBJECT;
		jv text = object ? jv_dump_string(row, 0) : row;

		if (jv_get_kind(text) == JV_KIND_STRING)
			(void)store_do(store,
			    "INSERT OR REPLACE INTO wb_line(run, file, n, "
			    "step, text) VALUES(?, 0, ?, ?, ?)",
			    "iiis", run, n++,
			    jv_get_kind(step) == JV_KIND_NUMBER
				? (long long)jv_number_value(step)
				: (long long)i,
			    jv_string_value(text)); /* one row always */
		jv_free(text);
		jv_free(step);
	}
	(void)store_do(store, "UPDATE wb_run SET history = ? WHERE key = ?",
	    "ii", n, run); /* one row always */
	jv_free(rows);
}

/* Borrows one. False if it has no name of three parts. */
static bool
load_run(struct store *store, jv one)
{
	const char *path = record_str(one, "run");
	char *entity = path != NULL ? xstrdup(path) : NULL;
	char *project = entity != NULL ? strchr(entity, '/') : NULL;
	char *id = project != NULL ? strchr(project + 1, '/') : NULL;
	double created = time_of(one, "created_at");
	jv input, name, rows;
	long long run;

	if (id == NULL) {
		free(entity);
		return false;
	}
	*project++ = *id++ = '\0';
	if (wb_run(store, entity, project, id, &run) == WB_MISSING)
		run = wb_insert_run(store, entity, project, id);
	free(entity);
	input = input_of(one);
	wb_update_run(store, run, input);
	jv_free(input);
	if (!isnan(created))
		(void)store_do(store,
		    "UPDATE wb_run SET createdAt = ?, "
		    "heartbeatAt = nullif(?, -1.0) WHERE key = ?",
		    "ddi", created,
		    isnan(time_of(one, "heartbeat_at"))
			? -1.0
			: time_of(one, "heartbeat_at"),
		    run); /* one row always */
	name = record_get(one, "display_name");
	(void)store_do(store,
	    "UPDATE wb_run SET scripted = 1, displayName = iif(?, displayName, "
	    "coalesce(displayName, 'quiet-sandbox-' || key)) WHERE key = ?",
	    "ii", (long long)jv_is_valid(name), run); /* one row always */
	jv_free(name);
	(void)store_do(store,
	    "UPDATE wb_run SET deleted = ?, readOnly = ? WHERE key = ?", "iii",
	    (long long)record_true(one, "deleted"),
	    (long long)record_true(one, "read_only"), run); /* likewise */
	rows = record_get(one, "history");
	if (jv_get_kind(rows) == JV_KIND_ARRAY)
		load_rows(store, run, rows);
	else
		jv_free(rows);
	return true;
}

jv
wb_load_runs(struct store *store, jv runs)
{
	jv out = jv_get_kind(runs) == JV_KIND_ARRAY
	    ? jv_null()
	    : error_value("input", "runs is no list");
	int count = jv_is_valid(out) ? jv_array_length(jv_copy(runs)) : 0;

	for (int i = 0; i < count && jv_is_valid(out); i++) {
		jv one = jv_array_get(jv_copy(runs), i);

		jv_free(out);
		out = script_check(one, "a run", fields);
		if (jv_is_valid(out) && !load_run(store, one)) {
			jv_free(out);
			out = error_value("input",
			    "a run without \"run\": \"entity/project/id\"");
		}
		jv_free(one);
	}
	jv_free(runs);
	return out;
}
