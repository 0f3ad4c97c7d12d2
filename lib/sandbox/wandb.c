/* SPDX-License-Identifier: MIT */
/* sandbox/wandb - routes, keys, what --load sets, and the schema's roots */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "digest.h"
#include "json.h"
#include "record.h"
#include "sandbox/wandb.h"
#include "sandbox/wandb_parts.h"

/* The key of those who were told none; nothing is behind it. */
static const char default_key[] = "0123456789abcdef0123456789abcdef01234567";

/* ---- the schema ---- */

static const struct gql_field feature_fields[] = {
	{ .name = "name" },
	{ .name = "isEnabled" },
	{ 0 },
};
static const struct gql_type feature_type = { "ServerFeature", NULL,
	feature_fields };
static const struct gql_field version_fields[] = {
	{ .name = "outOfDate" },
	{ .name = "latestVersionString" },
	{ .name = "versionOnThisInstanceString" },
	{ 0 },
};
static const struct gql_type version_type = { "LocalVersionInfo", NULL,
	version_fields };
static const struct gql_field server_fields[] = {
	{ .name = "cliVersionInfo" },
	{ .name = "latestLocalVersionInfo", .type = &version_type },
	{ .name = "features", .type = &feature_type },
	{ 0 },
};
static const struct gql_type server_type = { "ServerInfo", NULL,
	server_fields };

static jv
server_info(struct gql *gql, jv self, jv args)
{
	char *names = wb_setting(wb_store(gql), "features", "[]");
	jv list = jv_parse(names), features = jv_array(), info, version;

	(void)self;
	(void)args;
	for (int i = 0; i < jv_array_length(jv_copy(list)); i++)
		features = jv_array_append(features,
		    record_set_bool(
			jv_object_set(jv_object(), jv_string("name"),
			    jv_array_get(jv_copy(list), i)),
			"isEnabled", true));
	jv_free(list);
	free(names);
	info = jv_object_set(jv_object(), jv_string("features"), features);
	version = record_set_bool(jv_object(), "outOfDate", false);
	names = wb_setting(wb_store(gql), "server_version", "");
	if (*names != '\0')
		version = record_set_str(
		    version, "versionOnThisInstanceString", names);
	free(names);
	info =
	    jv_object_set(info, jv_string("latestLocalVersionInfo"), version);
	return jv_object_set(info, jv_string("cliVersionInfo"),
	    record_set_str(jv_object(), "max_cli_version", "9.9.9"));
}

static const struct gql_field query_fields[] = {
	{ .name = "viewer", .type = &wb_user_type, .resolve = wb_query_viewer },
	{ .name = "serverInfo", .type = &server_type, .resolve = server_info },
	{ .name = "entity",
	    .args = "name!",
	    .type = &wb_entity_type,
	    .resolve = wb_query_entity },
	{ .name = "project",
	    .args = "name entityName",
	    .type = &wb_project_node_type,
	    .resolve = wb_query_project },
	{ .name = "model",
	    .args = "name entityName",
	    .type = &wb_project_node_type,
	    .resolve = wb_query_project },
	{ .name = "artifact",
	    .args = "id!",
	    .type = &wb_artifact_type,
	    .resolve = wb_query_artifact },
	{ .name = "clientIDMapping",
	    .args = "clientID!",
	    .type = &wb_client_id_type,
	    .resolve = wb_query_client_id },
	{ 0 },
};
static const struct gql_type query_type = { "Query", NULL, query_fields };

/* What mutations give back. */
#define PAYLOAD(type, ...)                                                    \
	static const struct gql_field type##_fields[] = {                     \
		__VA_ARGS__,                                                  \
		{ .name = "clientMutationId" },                               \
		{ 0 },                                                        \
	};                                                                    \
	static const struct gql_type type = { #type, "CreateArtifactPayload", \
		type##_fields }

PAYLOAD(UpsertBucketPayload, { .name = "bucket", .type = &wb_run_type },
    { .name = "inserted" });
PAYLOAD(UpsertModelPayload, { .name = "model", .type = &wb_project_node_type },
    { .name = "project", .type = &wb_project_node_type },
    { .name = "inserted" });
PAYLOAD(RewindRunPayload, { .name = "rewoundRun", .type = &wb_run_type });
PAYLOAD(SuccessPayload, { .name = "success" });
PAYLOAD(CreatedFile, { .name = "name" }, { .name = "uploadUrl" });
PAYLOAD(CreateRunFilesPayload, { .name = "runID" }, { .name = "uploadHeaders" },
    { .name = "files", .type = &CreatedFile });
PAYLOAD(ArtifactPayload, { .name = "artifact", .type = &wb_artifact_type });
PAYLOAD(
    ManifestPayload, { .name = "artifactManifest", .type = &wb_manifest_type });
PAYLOAD(
    ArtifactFilesPayload, { .name = "files", .type = &wb_created_files_type });
PAYLOAD(MultipartPayload, { .name = "digest" });
PAYLOAD(LinkPayload, { .name = "versionIndex" },
    { .name = "artifactMembership", .type = &wb_membership_type });

#define RUN_INPUT                                                        \
	"input+(id name modelName entityName groupName description "     \
	"displayName notes commit config host debug jobProgram jobRepo " \
	"jobType state sweep tags summaryMetrics clientMutationId)"

static const struct gql_field mutation_fields[] = {
	{ .name = "upsertBucket",
	    .args = RUN_INPUT,
	    .type = &UpsertBucketPayload,
	    .resolve = wb_upsert_bucket },
	{ .name = "upsertModel",
	    .args = "input+(name! entityName description access id views "
		    "clientMutationId)",
	    .type = &UpsertModelPayload,
	    .resolve = wb_upsert_model },
	{ .name = "rewindRun",
	    .args = "input+(runName! entityName projectName metricName! "
		    "metricValue+)",
	    .type = &RewindRunPayload,
	    .resolve = wb_rewind_run },
	{ .name = "deleteRun",
	    .args = "input+(id! deleteArtifacts clientMutationId)",
	    .type = &SuccessPayload,
	    .resolve = wb_delete_run },
	{ .name = "stopRun",
	    .args = "input+(id! clientMutationId)",
	    .type = &SuccessPayload,
	    .resolve = wb_stop_run },
	{ .name = "updateRunState",
	    .args = "input+(id! state! clientMutationId)",
	    .type = &SuccessPayload,
	    .resolve = wb_update_run_state },
	{ .name = "notifyScriptableRunAlert",
	    .args = "input+(entityName projectName! runName! title! text! "
		    "severity waitDuration clientMutationId)",
	    .type = &SuccessPayload,
	    .resolve = wb_alert },
	{ .name = "createRunFiles",
	    .args = "input+(entityName! projectName! runName! files+ "
		    "clientMutationId)",
	    .type = &CreateRunFilesPayload,
	    .resolve = wb_create_run_files },
	{ .name = "markRunFilesUploaded",
	    .args = "input+(entityName! projectName! runName! files+ "
		    "clientMutationId)",
	    .type = &SuccessPayload,
	    .resolve = wb_mark_uploaded },
	{ .name = "deleteFiles",
	    .args = "input+(files+ projectId clientMutationId)",
	    .type = &SuccessPayload,
	    .resolve = wb_delete_files },
	{ .name = "createArtifact",
	    .args = "input+(entityName! projectName! artifactTypeName! "
		    "artifactCollectionName artifactCollectionNames runName "
		    "digest! digestAlgorithm description labels aliases tags "
		    "metadata ttlDurationSeconds historyStep "
		    "enableDigestDeduplication distributedID clientID "
		    "sequenceClientID storageRegion clientMutationId)",
	    .type = &ArtifactPayload,
	    .resolve = wb_create_artifact },
	{ .name = "createArtifactManifest",
	    .args = "input+(artifactID! baseArtifactID name! digest! "
		    "entityName! projectName! runName! type clientMutationId)",
	    .type = &ManifestPayload,
	    .resolve = wb_create_manifest },
	{ .name = "updateArtifactManifest",
	    .args = "input+(artifactManifestID! digest baseArtifactID "
		    "clientMutationId)",
	    .type = &ManifestPayload,
	    .resolve = wb_update_manifest },
	{ .name = "createArtifactFiles",
	    .args = "input+(artifactFiles+ storageLayout cloudRegionID "
		    "digestAlgorithm clientMutationId)",
	    .type = &ArtifactFilesPayload,
	    .resolve = wb_create_artifact_files },
	{ .name = "completeMultipartUploadArtifact",
	    .args = "input+(completeMultipartAction! completedParts+ "
		    "artifactID! storagePath! uploadID! clientMutationId)",
	    .type = &MultipartPayload,
	    .resolve = wb_complete_multipart },
	{ .name = "commitArtifact",
	    .args = "input+(artifactID! clientMutationId)",
	    .type = &ArtifactPayload,
	    .resolve = wb_commit_artifact },
	{ .name = "useArtifact",
	    .args = "input+(artifactID! entityName projectName runName! usedAs "
		    "artifactEntityName artifactProjectName clientMutationId)",
	    .type = &ArtifactPayload,
	    .resolve = wb_use_artifact },
	{ .name = "linkArtifact",
	    .args = "input+(artifactPortfolioName! entityName! projectName! "
		    "aliases artifactID clientID clientMutationId)",
	    .type = &LinkPayload,
	    .resolve = wb_link_artifact },
	{ .name = "addAliases",
	    .args = "input+(artifactID! aliases+ clientMutationId)",
	    .type = &SuccessPayload,
	    .resolve = wb_add_aliases },
	{ .name = "deleteAliases",
	    .args = "input+(artifactID! aliases+ clientMutationId)",
	    .type = &SuccessPayload,
	    .resolve = wb_delete_aliases },
	{ .name = "updateArtifact",
	    .args = "input+(artifactID! description metadata aliases tagsToAdd "
		    "tagsToDelete ttlDurationSeconds clientMutationId)",
	    .type = &ArtifactPayload,
	    .resolve = wb_update_artifact },
	{ .name = "deleteArtifact",
	    .args = "input+(artifactID! deleteAliases clientMutationId)",
	    .type = &ArtifactPayload,
	    .resolve = wb_delete_artifact },
	{ 0 },
};
static const struct gql_type mutation_type = { "Mutation", NULL,
	mutation_fields };

/* ---- keys ---- */

/* What identity_token of the script is exchanged for. */
static const char access_token[] = "kw-sandbox-access-token";

bool
wb_authorized(struct request *request)
{
	const char *given = request_header(request, "Authorization");
	char *key = wb_setting(request->store, "api_key", default_key);
	char *identity = wb_setting(request->store, "identity_token", NULL);
	char *want = wb_id("api", "%s", key);
	bool fine = given != NULL &&
	    ((strncasecmp(given, "Basic ", 6) == 0 &&
		 strcmp(given + 6, want) == 0) ||
		(identity != NULL && strncasecmp(given, "Bearer ", 7) == 0 &&
		    strcmp(given + 7, access_token) == 0));
	jv error;

	free(want);
	free(identity);
	free(key);
	if (fine)
		return true;
	error = record_set_str(jv_object(), "message", "user is not logged in");
	reply_json(request, 401,
	    jv_object_set(jv_object(), jv_string("errors"),
		jv_array_append(jv_array(), error)));
	return false;
}

/* The value of a field of a form, decoded; the caller's to free, or NULL. */
static char *
form_value(struct span form, const char *name)
{
	size_t len = strlen(name);
	const char *end = form.at + form.len, *at = form.at;
	struct buf value = { 0 };

	while (end - at > (ptrdiff_t)len &&
	    (memcmp(at, name, len) != 0 || at[len] != '=')) {
		at = memchr(at, '&', (size_t)(end - at));
		if (at == NULL)
			return NULL;
		at++;
	}
	if (end - at <= (ptrdiff_t)len)
		return NULL;
	for (at += len + 1; at < end && *at != '&'; at++) {
		char hex[3] = { 0 };

		if (*at != '%' || end - at < 3) {
			buf_addc(&value, (char)(*at == '+' ? ' ' : *at));
			continue;
		}
		memcpy(hex, at + 1, 2);
		buf_addc(&value, (char)strtol(hex, NULL, 16));
		at += 2;
	}
	return buf_take(&value);
}

/* An identity token for an access token (RFC 7523). */
static void
answer_token(struct request *request)
{
	char *identity = wb_setting(request->store, "identity_token", NULL);
	char *grant = form_value(request->body, "grant_type");
	char *assertion = form_value(request->body, "assertion");
	jv out;

	if (identity == NULL) {
		reply_text(request, 404, "text/plain", span_of("not found\n"));
	} else if (grant == NULL || assertion == NULL ||
	    strcmp(assertion, identity) != 0 ||
	    strcmp(grant, "urn:ietf:params:oauth:grant-type:jwt-bearer") != 0) {
		reply_json(request, 401,
		    record_set_str(jv_object(), "error", "invalid_grant"));
	} else {
		out = record_set_str(jv_object(), "access_token", access_token);
		reply_json(
		    request, 200, record_set_number(out, "expires_in", 3600));
	}
	free(identity);
	free(grant);
	free(assertion);
}

/* ---- routes ---- */

/* The value of a member of the body that is a string; decoded into out. */
static bool
body_string(struct request *request, const char *name, struct buf *out)
{
	struct json_walk walk;
	struct json_member member;
	bool found = false;

	json_walk(&walk, request->body, 0);
	while (json_next(&walk, &member)) {
		if (!span_is(member.key, name) ||
		    member.value.type != JSON_STRING)
			continue;
		buf_clear(out);
		json_decode(out,
		    (struct span){
			member.value.text.at + 1, member.value.text.len - 2 });
		found = true;
	}
	return found;
}

static void
name_query(struct request *request)
{
	struct buf query = { 0 };
	char *name;

	if (body_string(request, "query", &query) && query.len > 0) {
		name = gql_name((struct span){ query.at, query.len });
		request_name(request, name);
		free(name);
	}
	buf_release(&query);
}

static void
answer_query(struct request *request)
{
	struct gql_schema schema = { &query_type, &mutation_type, jv_null() };
	struct buf query = { 0 }, out = { 0 };
	jv body, variables;
	char *lacks;
	int status;

	if (!wb_authorized(request))
		return;
	body = request_json(request);
	if (!jv_is_valid(body) || !body_string(request, "query", &query)) {
		jv_free(body);
		buf_release(&query);
		reply_text(request, 400, "application/json",
		    span_of("{\"errors\":[{\"message\":\"no query\"}]}"));
		return;
	}
	variables = record_get(body, "variables");
	lacks = wb_setting(request->store, "lacks", "[]");
	schema.lacks = jv_parse(lacks);
	free(lacks);
	status = gql_answer(&schema, request,
	    (struct span){ query.len > 0 ? query.at : "", query.len },
	    variables, &out);
	reply_text(request, status, "application/json",
	    (struct span){ out.at, out.len });
	buf_release(&query);
	buf_release(&out);
	jv_free(schema.lacks);
	jv_free(variables);
	jv_free(body);
}

static void
answer_nothing(struct request *request)
{
	reply_text(request, 404, "text/plain", span_of("not found\n"));
}

static const struct route routes[] = {
	{ "POST", "/graphql", NULL, name_query, answer_query, false },
	{ "POST", "/files/", "file_stream", NULL, wb_answer_stream, false },
	{ "GET", "/files/", "file", NULL, wb_answer_download, false },
	{ "PUT", "/storage/", "upload", NULL, wb_answer_put, false },
	{ "GET", "/storage/", "download", NULL, wb_answer_get, false },
	{ "HEAD", "/storage/", "download", NULL, wb_answer_get, false },
	{ "GET", "/artifactsV2/", "artifact", NULL, wb_answer_artifact, false },
	{ "GET", "/artifacts/", "artifact", NULL, wb_answer_artifact, false },
	{ "GET", "/sandbox/runs/", "view", NULL, wb_answer_view, false },
	{ "POST", "/sdk/otel/", "telemetry", NULL, answer_nothing, false },
	{ "POST", "/oidc/token", "token", NULL, answer_token, true },
	{ 0 },
};

/* ---- the service ---- */

static void
make_tables(struct store *store)
{
	store_script(store,
	    "CREATE TABLE IF NOT EXISTS wb_setting("
	    "name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
	    "CREATE TABLE IF NOT EXISTS wb_project(key INTEGER PRIMARY KEY, "
	    "entity TEXT, name TEXT, createdAt REAL, UNIQUE(entity, name));"
	    "CREATE TABLE IF NOT EXISTS wb_run(key INTEGER PRIMARY KEY, "
	    "project INTEGER, id TEXT UNIQUE, name TEXT, displayName TEXT, "
	    "notes TEXT, description TEXT, groupName TEXT, jobType TEXT, "
	    "host TEXT, gitCommit TEXT, repo TEXT, program TEXT, "
	    "sweepName TEXT, tags TEXT DEFAULT '[]', "
	    "state TEXT DEFAULT 'running', exitcode INTEGER, "
	    "complete INTEGER DEFAULT 0, closed INTEGER, "
	    "preempting INTEGER DEFAULT 0, stopped INTEGER DEFAULT 0, "
	    "deleted INTEGER DEFAULT 0, "
	    "readOnly INTEGER DEFAULT 0, history INTEGER DEFAULT 0, "
	    "events INTEGER DEFAULT 0, console INTEGER DEFAULT 0, "
	    "createdAt REAL, heartbeatAt REAL, scripted INTEGER DEFAULT 0, "
	    "config TEXT, summary TEXT, " /* large, so they are last */
	    "UNIQUE(project, name));"
	    "CREATE INDEX IF NOT EXISTS wb_run_in ON wb_run(project, "
	    "createdAt, key);"
	    "CREATE TABLE IF NOT EXISTS wb_line(run INTEGER, file INTEGER, "
	    "n INTEGER, step INTEGER, text TEXT, "
	    "PRIMARY KEY(run, file, n)) WITHOUT ROWID;"
	    "CREATE INDEX IF NOT EXISTS wb_step ON wb_line(run, step) "
	    "WHERE step NOT NULL;"
	    "CREATE TABLE IF NOT EXISTS wb_alert(run INTEGER, title TEXT, "
	    "text TEXT, severity TEXT);"
	    "CREATE TABLE IF NOT EXISTS wb_violation(run INTEGER, text TEXT);"
	    "CREATE TABLE IF NOT EXISTS wb_object(key INTEGER PRIMARY KEY, "
	    "name TEXT, wanted TEXT, data INTEGER, size INTEGER, md5 TEXT, "
	    "updatedAt REAL);"
	    "CREATE INDEX IF NOT EXISTS wb_object_md5 ON wb_object(md5);"
	    "CREATE TABLE IF NOT EXISTS wb_file(key INTEGER PRIMARY KEY, "
	    "run INTEGER, name TEXT, object INTEGER, "
	    "uploaded INTEGER DEFAULT 0, UNIQUE(run, name));");
	wb_make_artifact_tables(store);
}

static const char *const parts[] = { "entity", "api_key", "identity_token",
	"server_version", "storage_events", "features", "lacks",
	"upload_headers", "runs", NULL };

static jv
load(struct store *store, jv script)
{
	static const char *const texts[] = { "entity", "api_key",
		"identity_token", "server_version" };
	static const char *const lists[] = { "features", "lacks",
		"upload_headers" };
	jv out = jv_null(), runs;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (wb_text(script, texts[i]) != NULL)
			wb_set(store, texts[i], wb_text(script, texts[i]));
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		jv list = record_get(script, lists[i]), text;

		if (jv_get_kind(list) == JV_KIND_ARRAY) {
			text = jv_dump_string(jv_copy(list), 0);
			wb_set(store, lists[i], jv_string_value(text));
			jv_free(text);
		} else if (jv_is_valid(list)) {
			jv_free(out);
			out = error_value(
			    "input", "%s is no list of strings", lists[i]);
		}
		jv_free(list);
	}
	runs = record_get(script, "storage_events");
	if (jv_get_kind(runs) == JV_KIND_FALSE)
		wb_set(store, "storage_events", "");
	jv_free(runs);
	runs = record_get(script, "runs");
	jv_free(script);
	if (!jv_is_valid(out) || !jv_is_valid(runs)) {
		jv_free(runs);
		return out;
	}
	jv_free(out);
	return wb_load_runs(store, runs);
}

static void
set_environment(struct store *store, const char *url, bool peers)
{
	char *key = wb_setting(store, "api_key", default_key);

	if (setenv("WANDB_BASE_URL", url, 1) != 0 ||
	    setenv("WANDB_API_KEY", key, 1) != 0)
		die(STATUS_USAGE, "the environment cannot be set");
	free(key);
	if (!peers)
		return;
	if (setenv("WANDB_ERROR_REPORTING", "false", 1) != 0 ||
	    setenv("WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL", "1", 1) != 0)
		die(STATUS_USAGE, "the environment cannot be set");
}

const struct service wandb_service = {
	.routes = routes,
	.open = make_tables,
	.load = load,
	.parts = parts,
	.state = wb_state,
	.environment = set_environment,
};
