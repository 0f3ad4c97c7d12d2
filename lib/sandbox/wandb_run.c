/* SPDX-License-Identifier: MIT */
/* sandbox/wandb_run - what is done to a run by mutations */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "json.h"
#include "record.h"
#include "sandbox/wandb_parts.h"

#define RUN_COLUMNS                                                       \
	"r.key AS _key, r.project AS _project, r.id, r.name, "            \
	"CASE WHEN scripted THEN displayName ELSE coalesce(displayName, " \
	"'quiet-sandbox-' || r.key) END AS displayName, "                 \
	"notes, description, groupName AS \"group\", jobType, host, "     \
	"gitCommit AS \"commit\", repo, program, sweepName, "             \
	"tags AS \"tags*\", state, stopped AS _stopped, "                 \
	"r.readOnly AS _readOnly, "                                       \
	"history AS historyLineCount, events AS eventsLineCount, "        \
	"console AS logLineCount, r.createdAt, heartbeatAt, "             \
	"heartbeatAt AS updatedAt, "                                      \
	"CAST(heartbeatAt - r.createdAt AS INTEGER) AS computeSeconds, "  \
	"r.project AS projectId, p.entity AS _entity, "                   \
	"p.name AS _projectName, "                                        \
	"CASE WHEN scripted THEN NULL ELSE heartbeatAt + 0 END "          \
	"AS _heartbeat "

enum wb_found
wb_run(struct store *store, const char *entity, const char *project,
    const char *name, long long *run)
{
	long long in = wb_project(store, entity, project, false);
	sqlite3_stmt *row = store_query(store,
	    "SELECT key, deleted FROM wb_run WHERE project = ? AND name = ?",
	    "is", in, name);
	enum wb_found found = WB_MISSING;

	*run = 0;
	if (store_row(row)) {
		*run = sqlite3_column_int64(row, 0);
		found = sqlite3_column_int(row, 1) ? WB_DELETED : WB_FOUND;
		store_done(row);
	}
	return found;
}

enum wb_found
wb_run_at(struct store *store, const char *path, long long *run, char **rest)
{
	char *copy = xstrdup(path), *part[4] = { copy, NULL, NULL, NULL };
	enum wb_found found = WB_MISSING;
	int count = 1;

	for (char *at = copy; *at != '\0' && count < 4; at++) {
		if (*at == '/') {
			*at = '\0';
			part[count++] = at + 1;
		}
	}
	*run = 0;
	if (count == 4)
		found = wb_run(store, part[0], part[1], part[2], run);
	*rest = found != WB_MISSING ? xstrdup(part[3]) : NULL;
	free(copy);
	return found;
}

/* Whoever has not sent a sign of life for a while has crashed. */
static jv
finish_node(jv node)
{
	const char *state = wb_text(node, "state");
	jv beat;

	if (jv_get_kind(node) != JV_KIND_OBJECT)
		return node;
	beat = record_get(node, "_heartbeat");
	if (state != NULL && strcmp(state, "running") == 0 &&
	    jv_get_kind(beat) == JV_KIND_NUMBER &&
	    jv_number_value(beat) < clock_now() - WB_CRASHED_AFTER)
		node = record_set_str(node, "state", "crashed");
	jv_free(beat);
	node = record_set_bool(node, "stopped", wb_number(node, "_stopped"));
	return record_set_bool(node, "readOnly", wb_number(node, "_readOnly"));
}

jv
wb_run_node(struct store *store, long long run)
{
	return finish_node(wb_node_of(store_query(store,
	    "SELECT " RUN_COLUMNS
	    "FROM wb_run r JOIN wb_project p ON p.key = r.project "
	    "WHERE r.key = ? AND NOT deleted",
	    "i", run)));
}

#define RUNS                                                    \
	"SELECT " RUN_COLUMNS                                   \
	"FROM wb_run r JOIN wb_project p ON p.key = r.project " \
	"WHERE r.project = ?1 AND NOT deleted "                 \
	"AND (r.createdAt >= ?2 OR (?3 AND state = 'running')) "
/* Behind run ?4; the first comparison is what finds it in the index. */
#define BEHIND(than)                                       \
	"AND r.createdAt " than                            \
	"= (SELECT createdAt FROM wb_run WHERE key = ?4) " \
	"AND (r.createdAt, r.key) " than                   \
	" (SELECT createdAt, key FROM wb_run WHERE key = ?4) "
#define OLDEST_FIRST "ORDER BY r.createdAt, r.key"
#define NEWEST_FIRST "ORDER BY r.createdAt DESC, r.key DESC"

sqlite3_stmt *
wb_runs_from(struct store *store, long long project,
    const struct wb_bounds *bounds, long long after, bool newest_first)
{
	long long running = bounds->running;

	if (after == 0)
		return newest_first
		    ? store_query(store, RUNS NEWEST_FIRST, "idi", project,
			  bounds->from, running)
		    : store_query(store, RUNS OLDEST_FIRST, "idi", project,
			  bounds->from, running);
	return newest_first
	    ? store_query(store, RUNS BEHIND("<") NEWEST_FIRST, "idii", project,
		  bounds->from, running, after)
	    : store_query(store, RUNS BEHIND(">") OLDEST_FIRST, "idii", project,
		  bounds->from, running, after);
}

jv
wb_run_of(sqlite3_stmt *row)
{
	return finish_node(wb_node(row));
}

static long long
run_by_id(struct store *store, const char *id)
{
	return store_number(store, 0,
	    "SELECT key FROM wb_run WHERE id = ? AND NOT deleted", "s", id);
}

/* Whether nobody may change a run; then it has refused. */
static bool
is_read_only(struct gql *gql, long long run)
{
	if (store_number(wb_store(gql), 0,
		"SELECT readOnly FROM wb_run WHERE key = ?", "i", run) == 0)
		return false;
	(void)gql_refuse(gql, 403, "permission denied"); /* returns null */
	return true;
}

/* ---- upsertBucket ---- */

long long
wb_insert_run(struct store *store, const char *entity, const char *project,
    const char *name)
{
	long long in = wb_project(store, entity, project, true), run;
	jv where = wb_node_of(store_query(store,
	    "SELECT entity, name FROM wb_project WHERE key = ?", "i", in));
	char *id, *own = NULL;

	if (name == NULL || *name == '\0')
		name = own = xasprintf("sandbox%lld",
		    store_number(store, 0, "SELECT max(key) FROM wb_run", "") +
			1);
	id = wb_id("Run", "v1:%s:%s:%s", name, wb_text(where, "name"),
	    wb_text(where, "entity"));
	(void)store_do(store,
	    "INSERT INTO wb_run(project, id, name, createdAt, heartbeatAt) "
	    "VALUES(?, ?, ?, ?, ?)",
	    "issdd", in, id, name, clock_now(),
	    clock_now()); /* one row always */
	run = store_last(store);
	free(id);
	free(own);
	jv_free(where);
	return run;
}

/* Whether input[field] may stand in a run: JSON text of an object, or null. */
static bool
json_or_null(struct gql *gql, jv input, const char *field, int flags)
{
	const char *text = wb_text(input, field);
	struct json_value value;
	struct json_fault fault;

	if (text == NULL ||
	    (json_value(span_of(text), flags, &value, &fault) &&
		value.type == JSON_OBJECT))
		return true;
	(void)gql_refuse(gql, 200, "%s is no JSON", field); /* returns null */
	return false;
}

void
wb_update_run(struct store *store, long long run, jv input)
{
	jv tags = record_get(input, "tags");

	if (jv_get_kind(tags) != JV_KIND_ARRAY) {
		jv_free(tags);
		tags = jv_null();
	}
	(void)store_do(store,
	    "UPDATE wb_run SET displayName = coalesce(?, displayName), "
	    "notes = coalesce(?, notes), "
	    "description = coalesce(?, description), "
	    "groupName = coalesce(?, groupName), "
	    "jobType = coalesce(?, jobType), host = coalesce(?, host), "
	    "gitCommit = coalesce(?, gitCommit), repo = coalesce(?, repo), "
	    "program = coalesce(?, program), "
	    "sweepName = coalesce(?, sweepName), "
	    "config = coalesce(?, config), summary = coalesce(?, summary), "
	    "state = coalesce(?, state), "
	    "tags = coalesce(nullif(?, 'null'), tags), closed = NULL, "
	    "scripted = 0 "
	    "WHERE key = ?",
	    "sssssssssssssji", wb_text(input, "displayName"),
	    wb_text(input, "notes"), wb_text(input, "description"),
	    wb_text(input, "groupName"), wb_text(input, "jobType"),
	    wb_text(input, "host"), wb_text(input, "commit"),
	    wb_text(input, "jobRepo"), wb_text(input, "jobProgram"),
	    wb_text(input, "sweep"), wb_text(input, "config"),
	    wb_text(input, "summaryMetrics"), wb_text(input, "state"), tags,
	    run); /* one row always */
}

jv
wb_upsert_bucket(struct gql *gql, jv self, jv args)
{
	struct store *store = wb_store(gql);
	jv input = record_get(args, "input"), out = jv_null();
	const char *entity = wb_text(input, "entityName");
	const char *project = wb_text(input, "modelName");
	const char *id = wb_text(input, "id"), *name = wb_text(input, "name");
	enum wb_found found = WB_FOUND;
	long long run;

	(void)self;
	if (!json_or_null(gql, input, "config", 0) ||
	    !json_or_null(gql, input, "summaryMetrics", JSON_WORDS))
		goto done;
	if (id != NULL && *id != '\0') {
		run = run_by_id(store, id);
		if (run == 0) {
			out = gql_refuse(gql, 404, "run %s not found", id);
			goto done;
		}
	} else {
		found = wb_run(store, entity, project, name, &run);
	}
	if (found == WB_DELETED) {
		wb_violation(wb_request(gql), run,
		    "upsertBucket for %s, which was deleted", name);
		out = gql_refuse(gql, 410,
		    "run %s/%s/%s was previously created "
		    "and deleted; try a new run name",
		    entity != NULL ? entity : "",
		    project != NULL ? project : "", name);
		goto done;
	}
	if (found == WB_MISSING)
		run = wb_insert_run(store, entity, project, name);
	if (is_read_only(gql, run))
		goto done;
	wb_update_run(store, run, input);
	out = record_set_bool(jv_object(), "inserted", found == WB_MISSING);
	out = jv_object_set(out, jv_string("bucket"), wb_run_node(store, run));
done:
	jv_free(input);
	return out;
}

jv
wb_upsert_model(struct gql *gql, jv self, jv args)
{
	struct store *store = wb_store(gql);
	jv input = record_get(args, "input"), project, out;
	const char *entity = wb_text(input, "entityName");
	const char *name = wb_text(input, "name");
	bool there = wb_project(store, entity, name, false) != 0;

	(void)wb_project(
	    store, entity, name, true); /* its number is not used */
	project =
	    jv_object_set(jv_object(), jv_string("name"), jv_string(name));
	project = record_set_str(project, "entityName", entity);
	out = wb_query_project(gql, self, project);
	jv_free(project);
	out = jv_object_set(
	    jv_object_set(jv_object(), jv_string("model"), jv_copy(out)),
	    jv_string("project"), out);
	jv_free(input);
	return record_set_bool(out, "inserted", !there);
}

/* ---- the others ---- */

static jv
success(void)
{
	return record_set_bool(jv_object(), "success", true);
}

/* The run that input names by id; 0, and a refusal, without it. */
static long long
input_run(struct gql *gql, jv input)
{
	const char *id = wb_text(input, "id");
	long long run = id != NULL ? run_by_id(wb_store(gql), id) : 0;

	if (run == 0)
		(void)gql_refuse(gql, 404, "run %s not found",
		    id != NULL ? id : ""); /* returns null */
	else if (is_read_only(gql, run))
		return 0;
	return run;
}

jv
wb_rewind_run(struct gql *gql, jv self, jv args)
{
	struct store *store = wb_store(gql);
	jv input = record_get(args, "input"), value, out;
	const char *metric = wb_text(input, "metricName");
	long long run;

	(void)self;
	value = record_get(input, "metricValue");
	if (wb_run(store, wb_text(input, "entityName"),
		wb_text(input, "projectName"), wb_text(input, "runName"),
		&run) != WB_FOUND) {
		out = gql_refuse(gql, 404, "run not found");
	} else if (metric == NULL || strcmp(metric, "_step") != 0 ||
	    jv_get_kind(value) != JV_KIND_NUMBER) {
		out = gql_refuse(gql, 400, "only _step can be rewound to");
	} else {
		(void)store_do(store,
		    "DELETE FROM wb_line WHERE run = ? AND (file <> 0 OR "
		    "step > ?)",
		    "id", run, jv_number_value(value));
		(void)store_do(store,
		    "UPDATE wb_run SET events = 0, console = 0, history = "
		    "(SELECT count(*) FROM wb_line WHERE run = ?1 AND "
		    "file = 0), state = 'running', closed = NULL, "
		    "complete = 0, exitcode = NULL WHERE key = ?1",
		    "i", run);
		out = jv_object_set(jv_object(), jv_string("rewoundRun"),
		    wb_run_node(store, run));
	}
	jv_free(value);
	jv_free(input);
	return out;
}

jv
wb_delete_run(struct gql *gql, jv self, jv args)
{
	struct store *store = wb_store(gql);
	jv input = record_get(args, "input");
	long long run = input_run(gql, input);

	(void)self;
	if (run == 0) {
		jv_free(input);
		return jv_null();
	}
	/* The row stays: a deleted run's name is not given away again. */
	(void)store_do(store,
	    "UPDATE wb_run SET deleted = 1, history = 0, events = 0, "
	    "console = 0 WHERE key = ?",
	    "i", run);
	(void)store_do(store, "DELETE FROM wb_line WHERE run = ?", "i", run);
	(void)store_do(store, "DELETE FROM wb_file WHERE run = ?", "i", run);
	if (record_true(input, "deleteArtifacts"))
		(void)store_do(store,
		    "UPDATE wb_artifact SET state = 'DELETED' WHERE run = ?",
		    "i", run);
	jv_free(input);
	return jv_object_set(
	    jv_object(), jv_string("clientMutationId"), jv_null());
}

jv
wb_stop_run(struct gql *gql, jv self, jv args)
{
	jv input = record_get(args, "input");
	long long run = input_run(gql, input);

	(void)self;
	jv_free(input);
	if (run == 0)
		return jv_null();
	(void)store_do(wb_store(gql),
	    "UPDATE wb_run SET stopped = 1 WHERE key = ?", "i", run);
	return success();
}

/* Whether a run may be brought from one state to another by hand. */
static bool
may_change(const char *from, const char *to)
{
	if (strcmp(to, "failed") == 0)
		return strcmp(from, "pending") == 0 ||
		    strcmp(from, "running") == 0;
	return strcmp(to, "pending") == 0 &&
	    (strcmp(from, "running") == 0 || strcmp(from, "failed") == 0 ||
		strcmp(from, "crashed") == 0 || strcmp(from, "preempted") == 0);
}

jv
wb_update_run_state(struct gql *gql, jv self, jv args)
{
	jv input = record_get(args, "input"), node, out;
	const char *to = wb_text(input, "state");
	long long run = input_run(gql, input);

	(void)self;
	if (run == 0) {
		jv_free(input);
		return jv_null();
	}
	node = wb_run_node(wb_store(gql), run);
	if (to == NULL || wb_text(node, "sweepName") != NULL ||
	    !may_change(wb_text(node, "state"), to)) {
		out = gql_refuse(gql, 400, "a run in state %s cannot become %s",
		    wb_text(node, "state"), to != NULL ? to : "null");
	} else {
		(void)store_do(wb_store(gql),
		    "UPDATE wb_run SET state = ? WHERE key = ?", "si", to, run);
		out = success();
	}
	jv_free(node);
	jv_free(input);
	return out;
}

jv
wb_alert(struct gql *gql, jv self, jv args)
{
	struct store *store = wb_store(gql);
	jv input = record_get(args, "input"), out;
	long long run;

	(void)self;
	if (wb_run(store, wb_text(input, "entityName"),
		wb_text(input, "projectName"), wb_text(input, "runName"),
		&run) != WB_FOUND) {
		out = gql_refuse(gql, 404, "run not found");
	} else {
		(void)store_do(store,
		    "INSERT INTO wb_alert(run, title, text, severity) "
		    "VALUES(?, ?, ?, ?)",
		    "isss", run, wb_text(input, "title"),
		    wb_text(input, "text"), wb_text(input, "severity"));
		out = success();
	}
	jv_free(input);
	return out;
}
