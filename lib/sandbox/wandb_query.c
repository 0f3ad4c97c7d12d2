/* SPDX-License-Identifier: MIT */
/* sandbox/wandb_query - what is asked of projects and runs */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "record.h"
#include "sandbox/wandb_parts.h"

static const struct gql_field page_info_fields[] = {
	{ .name = "endCursor" },
	{ .name = "hasNextPage" },
	{ 0 },
};

const struct gql_type wb_page_info = { "PageInfo", NULL, page_info_fields };

/* ---- who ---- */

static const struct gql_field team_fields[] = { { .name = "name" }, { 0 } };
static const struct gql_type team_type = { "Entity", NULL, team_fields };
static const struct gql_field team_edge_fields[] = {
	{ .name = "node", .type = &team_type },
	{ 0 },
};
static const struct gql_type team_edge = { "EntityEdge", NULL,
	team_edge_fields };
static const struct gql_field team_connection_fields[] = {
	{ .name = "edges", .type = &team_edge },
	{ 0 },
};
static const struct gql_type team_connection = { "EntityConnection", NULL,
	team_connection_fields };

static const struct gql_field api_key_fields[] = {
	{ .name = "id" },
	{ .name = "name" },
	{ .name = "description" },
	{ 0 },
};
static const struct gql_type api_key_type = { "ApiKey", NULL, api_key_fields };
static const struct gql_field api_key_edge_fields[] = {
	{ .name = "node", .type = &api_key_type },
	{ 0 },
};
static const struct gql_type api_key_edge = { "ApiKeyEdge", NULL,
	api_key_edge_fields };
static const struct gql_field api_key_connection_fields[] = {
	{ .name = "edges", .type = &api_key_edge },
	{ 0 },
};
static const struct gql_type api_key_connection = { "ApiKeyConnection", NULL,
	api_key_connection_fields };

/* An edge for each name, or none without names. */
static jv
edges(const char *name)
{
	jv list = jv_array();

	if (name != NULL)
		list = jv_array_append(list,
		    jv_object_set(jv_object(), jv_string("node"),
			record_set_str(jv_object(), "name", name)));
	return jv_object_set(jv_object(), jv_string("edges"), list);
}

static jv
user_teams(struct gql *gql, jv self, jv args)
{
	(void)gql;
	(void)args;
	return edges(wb_text(self, "entity"));
}

static jv
user_keys(struct gql *gql, jv self, jv args)
{
	(void)gql;
	(void)self;
	(void)args;
	return edges(NULL); /* never shown */
}

static const struct gql_field user_fields[] = {
	{ .name = "id" },
	{ .name = "name" },
	{ .name = "username" },
	{ .name = "entity" },
	{ .name = "email" },
	{ .name = "admin" },
	{ .name = "flags" },
	{ .name = "deletedAt" },
	{ .name = "teams", .type = &team_connection, .resolve = user_teams },
	{ .name = "apiKeys",
	    .type = &api_key_connection,
	    .resolve = user_keys },
	{ 0 },
};

const struct gql_type wb_user_type = { "User", NULL, user_fields };

jv
wb_query_viewer(struct gql *gql, jv self, jv args)
{
	char *entity = wb_setting(wb_store(gql), "entity", "tester");
	char *id = wb_id("User", "1");
	jv user = record_set_str(jv_object(), "id", id);

	(void)self;
	(void)args;
	user = record_set_str(user, "entity", entity);
	user = record_set_str(user, "username", entity);
	user = record_set_str(user, "name", entity);
	user = record_set_str(user, "email", "tester@example.com");
	user = record_set_str(user, "flags", "{}");
	user = record_set_bool(user, "admin", false);
	free(id);
	free(entity);
	return user;
}

static const struct gql_field organization_fields[] = {
	{ .name = "name" },
	{ .name = "coreWeaveOrganizationId" },
	{ .name = "orgEntity", .type = &team_type },
	{ 0 },
};
static const struct gql_type organization_type = { "Organization", NULL,
	organization_fields };

static jv
entity_digests(struct gql *gql, jv self, jv args)
{
	(void)self;
	(void)args;
	return jv_bool(wb_has_algorithms(wb_store(gql)));
}

static const struct gql_field entity_fields[] = {
	{ .name = "id" },
	{ .name = "name" },
	{ .name = "xxhashDigestsEnabled", .resolve = entity_digests },
	{ .name = "organization", .type = &organization_type },
	{ 0 },
};

const struct gql_type wb_entity_type = { "Entity", NULL, entity_fields };

static jv
entity_node(const char *name)
{
	char *id = wb_id("Entity", "%s", name);
	jv out = record_set_str(jv_object(), "id", id), organization;

	organization = record_set_str(jv_object(), "name", name);
	organization = jv_object_set(organization, jv_string("orgEntity"),
	    record_set_str(jv_object(), "name", name));
	out = record_set_str(out, "name", name);
	free(id);
	return jv_object_set(out, jv_string("organization"), organization);
}

jv
wb_query_entity(struct gql *gql, jv self, jv args)
{
	char *entity = wb_setting(wb_store(gql), "entity", "tester");
	const char *name = wb_text(args, "name");
	jv out = entity_node(name != NULL && *name != '\0' ? name : entity);

	(void)self;
	free(entity);
	return out;
}

/* ---- texts of a run ---- */

static bool
among(jv keys, const struct json_member *member)
{
	struct buf name = { 0 };
	bool found = false;

	json_decode(&name, member->key);
	for (int i = 0; !found && i < jv_array_length(jv_copy(keys)); i++) {
		jv key = jv_array_get(jv_copy(keys), i);

		found = jv_get_kind(key) == JV_KIND_STRING &&
		    span_is((struct span){ name.at, name.len },
			jv_string_value(key));
		jv_free(key);
	}
	buf_release(&name);
	return found;
}

/* A text of JSON, or those of its keys that args ask for, byte for byte. */
static jv
project_keys(const char *text, jv args)
{
	jv keys = record_get(args, "keys"), out;
	struct buf cut = { 0 };
	struct json_walk walk;
	struct json_member member;

	if (jv_get_kind(keys) != JV_KIND_ARRAY) {
		jv_free(keys);
		return jv_string(text);
	}
	json_walk(&walk, span_of(text), JSON_WORDS);
	while (json_next(&walk, &member)) {
		if (!among(keys, &member))
			continue;
		buf_addc(&cut, cut.len == 0 ? '{' : ',');
		buf_addf(&cut, "\"%.*s\":", (int)member.key.len, member.key.at);
		buf_add(&cut, member.value.text.at, member.value.text.len);
	}
	if (cut.len == 0)
		buf_addc(&cut, '{');
	buf_addc(&cut, '}');
	out = jv_string_sized(cut.at, (int)cut.len);
	buf_release(&cut);
	jv_free(keys);
	return out;
}

static jv
texts(struct gql *gql, jv self)
{
	return wb_node_of(store_query(wb_store(gql),
	    "SELECT coalesce(config, '{}') AS config, "
	    "coalesce(summary, '{}') AS summary FROM wb_run WHERE key = ?",
	    "i", wb_number(self, "_key")));
}

static jv
run_config(struct gql *gql, jv self, jv args)
{
	jv row = texts(gql, self);
	jv out = project_keys(wb_text(row, "config"), args);

	jv_free(row);
	return out;
}

static jv
run_summary(struct gql *gql, jv self, jv args)
{
	jv row = texts(gql, self);
	jv out = project_keys(wb_text(row, "summary"), args);

	jv_free(row);
	return out;
}

/* What the config holds for W&B's own use. */
static jv
run_wandb_config(struct gql *gql, jv self, jv args)
{
	jv row = texts(gql, self), out = jv_invalid();
	struct json_walk walk, inner;
	struct json_member member, value;

	json_walk(&walk, span_of(wb_text(row, "config")), 0);
	while (json_next(&walk, &member)) {
		if (!span_is(member.key, "_wandb") ||
		    member.value.type != JSON_OBJECT)
			continue;
		json_walk(&inner, member.value.text, 0);
		while (json_next(&inner, &value)) {
			char *text;

			if (!span_is(value.key, "value") || jv_is_valid(out))
				continue;
			text =
			    xstrndup(value.value.text.at, value.value.text.len);
			jv_free(out);
			out = project_keys(text, args);
			free(text);
		}
	}
	jv_free(row);
	if (jv_is_valid(out))
		return out;
	jv_free(out);
	return jv_string("{}");
}

/* ---- a run ---- */

static jv
run_user(struct gql *gql, jv self, jv args)
{
	return wb_query_viewer(gql, self, args);
}

static jv
project_node(jv row)
{
	const char *entity = wb_text(row, "_entity");
	const char *name = wb_text(row, "_projectName");
	long long key = wb_number(row, "_project");
	char *id = wb_id("Project", "v1:%s:%s", name, entity);
	char *internal = wb_id("ProjectInternalId", "%lld", key);
	jv out = record_set_str(jv_object(), "id", id);

	out = record_set_str(out, "internalId", internal);
	out = record_set_str(out, "name", name);
	out = record_set_str(out, "entityName", entity);
	out = record_take(out, "createdAt", row, "_projectCreatedAt");
	out = jv_object_set(out, jv_string("entity"), entity_node(entity));
	out = record_set_bool(out, "readOnly", false);
	out = record_set_bool(out, "isBenchmark", false);
	out = record_set_number(out, "_key", (double)key);
	free(id);
	free(internal);
	return out;
}

static jv
run_project(struct gql *gql, jv self, jv args)
{
	(void)gql;
	(void)args;
	return project_node(self);
}

static const struct gql_field git_fields[] = {
	{ .name = "remote" },
	{ .name = "commit" },
	{ 0 },
};
static const struct gql_type git_type = { "GitInfo", NULL, git_fields };
static const struct gql_field run_info_fields[] = {
	{ .name = "program" },
	{ .name = "args" },
	{ .name = "os" },
	{ .name = "python" },
	{ .name = "gpu" },
	{ .name = "gpuCount" },
	{ .name = "cpuCount" },
	{ .name = "git", .type = &git_type },
	{ 0 },
};
static const struct gql_type run_info_type = { "RunInfo", NULL,
	run_info_fields };

static jv
run_info(struct gql *gql, jv self, jv args)
{
	jv git = record_take(jv_object(), "commit", self, "commit");

	(void)gql;
	(void)args;
	git = record_take(git, "remote", self, "repo");
	return jv_object_set(
	    record_take(jv_object(), "program", self, "program"),
	    jv_string("git"), git);
}

static const struct gql_field log_line_fields[] = {
	{ .name = "number" },
	{ .name = "timestamp" },
	{ .name = "level" },
	{ .name = "label" },
	{ .name = "line" },
	{ 0 },
};
static const struct gql_type log_line_type = { "LogLine", NULL,
	log_line_fields };
static const struct gql_field log_edge_fields[] = {
	{ .name = "cursor" },
	{ .name = "node", .type = &log_line_type },
	{ 0 },
};
static const struct gql_type log_edge = { "LogLineEdge", NULL,
	log_edge_fields };
static const struct gql_field log_connection_fields[] = {
	{ .name = "edges", .type = &log_edge },
	{ .name = "pageInfo", .type = &wb_page_info },
	{ .name = "totalCount" },
	{ 0 },
};
static const struct gql_type log_connection = { "LogLineConnection", NULL,
	log_connection_fields };

static const struct gql_field parquet_fields[] = {
	{ .name = "parquetUrls" },
	{ .name = "liveData", .type = &gql_json },
	{ 0 },
};
static const struct gql_type parquet_type = { "ParquetHistory", NULL,
	parquet_fields };

static const struct gql_field run_fields[] = {
	{ .name = "id" },
	{ .name = "name" },
	{ .name = "displayName" },
	{ .name = "state" },
	{ .name = "createdAt" },
	{ .name = "heartbeatAt" },
	{ .name = "updatedAt" },
	{ .name = "computeSeconds" },
	{ .name = "config", .args = "keys", .resolve = run_config },
	{ .name = "summaryMetrics", .args = "keys", .resolve = run_summary },
	{ .name = "systemMetrics", .resolve = wb_run_system },
	{ .name = "wandbConfig", .args = "keys", .resolve = run_wandb_config },
	{ .name = "sweepName" },
	{ .name = "group" },
	{ .name = "jobType" },
	{ .name = "tags" },
	{ .name = "commit" },
	{ .name = "host" },
	{ .name = "notes" },
	{ .name = "description" },
	{ .name = "readOnly" },
	{ .name = "stopped" },
	{ .name = "projectId" },
	{ .name = "historyLineCount" },
	{ .name = "eventsLineCount" },
	{ .name = "logLineCount" },
	{ .name = "historyTail", .resolve = wb_run_tail },
	{ .name = "eventsTail", .resolve = wb_run_events_tail },
	{ .name = "historyKeys", .type = &gql_json, .resolve = wb_run_keys },
	{ .name = "history",
	    .args = "samples minStep maxStep",
	    .resolve = wb_run_history },
	{ .name = "events", .args = "samples", .resolve = wb_run_events },
	{ .name = "sampledHistory",
	    .args = "specs+",
	    .type = &gql_json,
	    .resolve = wb_run_sampled },
	{ .name = "parquetHistory",
	    .args = "liveKeys+",
	    .type = &parquet_type,
	    .resolve = wb_run_parquet },
	{ .name = "logLines",
	    .args = "first after last useImprovedPagination",
	    .type = &log_connection,
	    .resolve = wb_run_log_lines },
	{ .name = "fileCount", .resolve = wb_run_file_count },
	{ .name = "files",
	    .args = "names first after pattern useImprovedPagination",
	    .type = &wb_file_connection,
	    .resolve = wb_run_files },
	{ .name = "outputArtifacts",
	    .args = "first after",
	    .type = &wb_artifact_connection,
	    .resolve = wb_run_outputs },
	{ .name = "inputArtifacts",
	    .args = "first after",
	    .type = &wb_artifact_connection,
	    .resolve = wb_run_inputs },
	{ .name = "runInfo", .type = &run_info_type, .resolve = run_info },
	{ .name = "user", .type = &wb_user_type, .resolve = run_user },
	{ .name = "project",
	    .type = &wb_project_node_type,
	    .resolve = run_project },
	{ 0 },
};

const struct gql_type wb_run_type = { "Run", NULL, run_fields };

static const struct gql_field run_edge_fields[] = {
	{ .name = "cursor" },
	{ .name = "node", .type = &wb_run_type },
	{ 0 },
};
static const struct gql_type run_edge = { "RunEdge", NULL, run_edge_fields };
static const struct gql_field run_connection_fields[] = {
	{ .name = "edges", .type = &run_edge },
	{ .name = "pageInfo", .type = &wb_page_info },
	{ 0 },
};

const struct gql_type wb_run_connection = { "RunConnection", NULL,
	run_connection_fields };

/* ---- a project ---- */

jv
wb_query_project(struct gql *gql, jv self, jv args)
{
	long long key = wb_project(wb_store(gql), wb_text(args, "entityName"),
	    wb_text(args, "name"), false);
	jv row = wb_node_of(store_query(wb_store(gql),
	    "SELECT key AS _project, entity AS _entity, name AS _projectName, "
	    "createdAt AS _projectCreatedAt FROM wb_project WHERE key = ?",
	    "i", key));
	jv out =
	    jv_get_kind(row) == JV_KIND_OBJECT ? project_node(row) : jv_null();

	(void)self;
	jv_free(row);
	return out;
}

static jv
one_run(struct gql *gql, jv self, jv args)
{
	long long run = store_number(wb_store(gql), 0,
	    "SELECT key FROM wb_run WHERE project = ? AND name = ?", "is",
	    wb_number(self, "_key"), wb_text(args, "name"));

	return wb_run_node(wb_store(gql), run);
}

/* The bucket of a model: as a writer sees a run. */
static jv
project_bucket(struct gql *gql, jv self, jv args)
{
	jv run = one_run(gql, self, args);

	if (jv_get_kind(run) == JV_KIND_NULL && !record_true(args, "missingOk"))
		return gql_refuse(gql, 404, "run not found");
	return run;
}

/* The filter in args; false, and it has refused, if it is none. */
static bool
read_filter(struct gql *gql, jv args, jv *filter)
{
	const char *text = wb_text(args, "filters");

	*filter = text != NULL && *text != '\0' ? jv_parse(text) : jv_null();
	if (jv_is_valid(*filter))
		return true;
	jv_free(*filter);
	(void)gql_refuse(gql, 400, "invalid filters: no JSON");
	return false;
}

/*
 * The next row whose run matches, as a node; null at the end, invalid if the
 * filter is none. The statement is at rest after either.
 */
static jv
next_match(struct store *store, sqlite3_stmt *row, jv filter)
{
	while (store_row(row)) {
		jv node = wb_run_of(row);
		int yes = wb_matches(store, filter, node);

		if (yes > 0)
			return node;
		jv_free(node);
		if (yes < 0) {
			store_done(row);
			return jv_invalid();
		}
	}
	return jv_null();
}

/* Whether every run matches the filter, which read_filter() took. */
static bool
is_empty(jv filter)
{
	return jv_get_kind(filter) == JV_KIND_NULL ||
	    (jv_get_kind(filter) == JV_KIND_OBJECT &&
		jv_object_length(jv_copy(filter)) == 0);
}

static jv
project_run_count(struct gql *gql, jv self, jv args)
{
	struct store *store = wb_store(gql);
	long long count = 0, project = wb_number(self, "_key");
	struct wb_bounds bounds;
	sqlite3_stmt *row;
	jv filter, node;

	if (!read_filter(gql, args, &filter))
		return jv_null();
	if (is_empty(filter)) {
		jv_free(filter);
		return jv_number((double)store_number(store, 0,
		    "SELECT count(*) FROM wb_run WHERE project = ? AND "
		    "NOT deleted",
		    "i", project));
	}
	wb_bounds(filter, &bounds);
	row = wb_runs_from(store, project, &bounds, 0, false);
	for (;;) {
		node = next_match(store, row, filter);
		if (jv_get_kind(node) != JV_KIND_OBJECT)
			break;
		jv_free(node);
		count++;
	}
	jv_free(filter);
	if (!jv_is_valid(node)) {
		jv_free(node);
		return gql_refuse(gql, 400, "invalid filters");
	}
	return jv_number((double)count);
}

/* A run and what it is sorted by. */
struct ranked {
	jv by;
	jv node;
	long long key;
	int sign;
};

static int
by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	int order = jv_cmp(jv_copy(x->by), jv_copy(y->by));

	if (order == 0)
		order = (x->key > y->key) - (x->key < y->key);
	return x->sign * order;
}

/* Consumes nodes. "+field" or "-field"; newest first without. */
static jv
sorted(struct store *store, jv nodes, const char *order)
{
	int count = jv_array_length(jv_copy(nodes));
	struct ranked *runs = xcalloc((size_t)count + 1, sizeof(*runs));
	int sign = -1;
	jv out = jv_array();

	if (order != NULL && (*order == '+' || *order == '-')) {
		sign = *order == '+' ? 1 : -1;
		order++;
	} else if (order != NULL && *order != '\0') {
		sign = 1;
	}
	for (int i = 0; i < count; i++) {
		runs[i].node = jv_array_get(jv_copy(nodes), i);
		runs[i].key = wb_number(runs[i].node, "_key");
		runs[i].sign = sign;
		runs[i].by = order != NULL && *order != '\0'
		    ? wb_run_value(store, runs[i].node, order)
		    : jv_null();
		if (!jv_is_valid(runs[i].by)) {
			jv_free(runs[i].by);
			runs[i].by = jv_null();
		}
	}
	qsort(runs, (size_t)count, sizeof(*runs), by_rank);
	for (int i = 0; i < count; i++) {
		out = jv_array_append(out, runs[i].node);
		jv_free(runs[i].by);
	}
	free(runs);
	jv_free(nodes);
	return out;
}

static jv
base36(long long number)
{
	char text[16], *at = text + sizeof(text) - 1;

	for (*at = '\0'; number > 0; number /= 36)
		*--at = "0123456789abcdefghijklmnopqrstuvwxyz"[number % 36];
	return jv_string(at);
}

/* All that match, sorted by any value. Invalid if the filter is none. */
static jv
sorted_runs(struct store *store, jv self, jv filter, jv args)
{
	struct wb_bounds bounds;
	sqlite3_stmt *row;
	jv kept = jv_array(), node;

	wb_bounds(filter, &bounds);
	row = wb_runs_from(store, wb_number(self, "_key"), &bounds, 0, false);
	for (;;) {
		node = next_match(store, row, filter);
		if (jv_get_kind(node) != JV_KIND_OBJECT)
			break;
		kept = jv_array_append(kept, node);
	}
	if (!jv_is_valid(node)) {
		jv_free(kept);
		return node;
	}
	kept = sorted(store, kept, wb_text(args, "order"));
	return wb_page(kept, args, 50);
}

/*
 * A page in the order of creation. It reads no more runs than it has to: all
 * pages together read each run once. The cursor is the last run's number.
 */
static jv
created_runs(struct store *store, jv self, jv filter, jv args)
{
	const char *order = wb_text(args, "order");
	const char *after = wb_text(args, "after");
	long long first = record_int(args, "first", 50);
	struct wb_bounds bounds;
	sqlite3_stmt *row;
	jv edges = jv_array(), cursor = jv_null(), node, info;

	wb_bounds(filter, &bounds);
	row = wb_runs_from(store, wb_number(self, "_key"), &bounds,
	    after != NULL ? strtoll(after, NULL, 36) : 0,
	    order == NULL || *order == '\0' || *order == '-');
	for (;;) {
		node = next_match(store, row, filter);
		if (jv_get_kind(node) != JV_KIND_OBJECT || first-- <= 0)
			break;
		jv_free(cursor);
		cursor = base36(wb_number(node, "_key"));
		info = jv_object_set(
		    jv_object(), jv_string("cursor"), jv_copy(cursor));
		edges = jv_array_append(
		    edges, jv_object_set(info, jv_string("node"), node));
	}
	if (!jv_is_valid(node)) {
		jv_free(cursor);
		jv_free(edges);
		return node;
	}
	info = record_set_bool(
	    jv_object(), "hasNextPage", jv_get_kind(node) == JV_KIND_OBJECT);
	if (jv_get_kind(node) == JV_KIND_OBJECT)
		store_done(row);
	jv_free(node);
	info = jv_object_set(info, jv_string("endCursor"), cursor);
	return jv_object_set(
	    jv_object_set(jv_object(), jv_string("edges"), edges),
	    jv_string("pageInfo"), info);
}

static jv
project_runs(struct gql *gql, jv self, jv args)
{
	const char *order = wb_text(args, "order");
	bool created = order == NULL || *order == '\0' ||
	    strcmp(order + 1, "created_at") == 0 ||
	    strcmp(order + 1, "createdAt") == 0;
	jv filter, page;

	if (!read_filter(gql, args, &filter))
		return jv_null();
	page = (created ? created_runs : sorted_runs)(
	    wb_store(gql), self, filter, args);
	jv_free(filter);
	if (jv_is_valid(page))
		return page;
	jv_free(page);
	return gql_refuse(gql, 400, "invalid filters");
}

static jv
project_user(struct gql *gql, jv self, jv args)
{
	return wb_query_viewer(gql, self, args);
}

static const struct gql_field project_fields[] = {
	{ .name = "id" },
	{ .name = "internalId" },
	{ .name = "name" },
	{ .name = "entityName" },
	{ .name = "description" },
	{ .name = "access" },
	{ .name = "views" },
	{ .name = "createdAt" },
	{ .name = "isBenchmark" },
	{ .name = "readOnly" },
	{ .name = "entity", .type = &wb_entity_type },
	{ .name = "user", .type = &wb_user_type, .resolve = project_user },
	{ .name = "bucket",
	    .args = "name! missingOk",
	    .type = &wb_run_type,
	    .resolve = project_bucket },
	{ .name = "run",
	    .args = "name!",
	    .type = &wb_run_type,
	    .resolve = one_run },
	{ .name = "runCount", .args = "filters", .resolve = project_run_count },
	{ .name = "runs",
	    .args = "filters order first after",
	    .type = &wb_run_connection,
	    .resolve = project_runs },
	{ .name = "artifact",
	    .args = "name!",
	    .type = &wb_artifact_type,
	    .resolve = wb_project_artifact },
	{ .name = "artifactCollectionMembership",
	    .args = "name!",
	    .type = &wb_membership_type,
	    .resolve = wb_project_membership },
	{ .name = "artifactType",
	    .args = "name!",
	    .type = &wb_artifact_type_type,
	    .resolve = wb_project_type },
	{ .name = "artifactTypes",
	    .args = "first after",
	    .type = &wb_artifact_type_connection,
	    .resolve = wb_project_types },
	{ .name = "artifactCollection",
	    .args = "name!",
	    .type = &wb_collection_type,
	    .resolve = wb_project_collection },
	{ .name = "artifactCollections",
	    .args = "first after filters order",
	    .type = &wb_collection_connection,
	    .resolve = wb_project_collections },
	{ 0 },
};

const struct gql_type wb_project_node_type = { "Project", "Model",
	project_fields };
