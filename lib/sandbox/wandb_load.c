/* SPDX-License-Identifier: MIT */
/* sandbox/wandb_load - runs that a script says are there */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "json.h"
#include "record.h"
#include "sandbox/wandb_parts.h"

static const char *const members[] = { "displayName", "state", "createdAt",
	"heartbeatAt", "sweepName", "group", "jobType", "tags", "notes", "host",
	"config", "summaryMetrics", NULL };

/* ENTITY/PROJECT/RUN; false if it is not of that form. */
static bool
split_path(char *path, const char *part[3])
{
	char *slash = strchr(path, '/');
	char *second = slash != NULL ? strchr(slash + 1, '/') : NULL;

	if (second == NULL || strchr(second + 1, '/') != NULL)
		return false;
	*slash = *second = '\0';
	part[0] = path;
	part[1] = slash + 1;
	part[2] = second + 1;
	return *part[0] != '\0' && *part[1] != '\0' && *part[2] != '\0';
}

/* A time for the store: NULL without one. False if it is none. */
static bool
time_text(jv script, const char *field, char **text)
{
	jv value = record_get(script, field);
	bool given = jv_get_kind(value) == JV_KIND_STRING;
	double time = given ? clock_parse(jv_string_value(value)) : 0;

	*text = given && !isnan(time) ? xasprintf("%.6f", time) : NULL;
	given =
	    given || !jv_is_valid(value) || jv_get_kind(value) == JV_KIND_NULL;
	jv_free(value);
	return given && !isnan(time);
}

/* An object as JSON text; a string as it is; otherwise null. */
static jv
object_text(jv script, const char *field)
{
	jv value = record_get(script, field);

	if (jv_get_kind(value) == JV_KIND_OBJECT)
		return jv_dump_string(value, 0);
	if (jv_get_kind(value) == JV_KIND_STRING)
		return value;
	jv_free(value);
	return jv_null();
}

static const char *
text_of(jv value)
{
	return jv_get_kind(value) == JV_KIND_STRING ? jv_string_value(value)
						    : NULL;
}

static jv
put_run(struct store *store, const char *const part[3], jv script)
{
	long long project = wb_project(store, part[0], part[1], true);
	const char *state = wb_text(script, "state");
	char *id = wb_id("Run", "v1:%s:%s:%s", part[2], part[1], part[0]);
	char *created = NULL, *heartbeat = NULL;
	jv config = object_text(script, "config");
	jv summary = object_text(script, "summaryMetrics");
	jv tags = record_get(script, "tags"), out = jv_null();

	if (jv_get_kind(tags) != JV_KIND_ARRAY) {
		jv_free(tags);
		tags = jv_array();
	}
	if (!time_text(script, "createdAt", &created) || created == NULL ||
	    !time_text(script, "heartbeatAt", &heartbeat)) {
		out = error_value("input", "run %s: a time that is none", id);
		jv_free(tags);
	} else {
		(void)store_do(store,
		    "DELETE FROM wb_line WHERE run = "
		    "(SELECT key FROM wb_run WHERE id = ?)",
		    "s", id); /* it may have none */
		(void)store_do(store,
		    "INSERT OR REPLACE INTO wb_run(project, id, name, "
		    "displayName, state, createdAt, heartbeatAt, sweepName, "
		    "groupName, jobType, notes, host, config, summary, tags, "
		    "scripted) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
		    "?, ?, 1)",
		    "isssssssssssssj", project, id, part[2],
		    wb_text(script, "displayName"),
		    state != NULL ? state : "finished", created, heartbeat,
		    wb_text(script, "sweepName"), wb_text(script, "group"),
		    wb_text(script, "jobType"), wb_text(script, "notes"),
		    wb_text(script, "host"), text_of(config), text_of(summary),
		    tags); /* one row always */
	}
	free(created);
	free(heartbeat);
	free(id);
	jv_free(config);
	jv_free(summary);
	return out;
}

jv
wb_load_runs(struct store *store, jv runs)
{
	jv out = jv_null();

	if (jv_get_kind(runs) != JV_KIND_OBJECT)
		return error_value("input", "runs is no object");
	jv_object_foreach(runs, path, script)
	{
		char *copy = xstrdup(jv_string_value(path));
		const char *part[3];

		if (jv_is_valid(out)) {
			jv_free(out);
			out = script_check(script, copy, members);
		}
		if (jv_is_valid(out)) {
			jv_free(out);
			out = split_path(copy, part)
			    ? put_run(store, part, script)
			    : error_value("input",
				  "%s is no ENTITY/PROJECT/RUN",
				  jv_string_value(path));
		}
		free(copy);
		jv_free(path);
		jv_free(script);
	}
	return out;
}
