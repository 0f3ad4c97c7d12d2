/* SPDX-License-Identifier: MIT */
/* sandbox/wandb_artifacts - artifacts as they are asked for */
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "sandbox/wandb_parts.h"

#define ARTIFACT_COLUMNS                                                    \
	"key AS _key, id, collection AS _collection, run AS _run, digest, " \
	"coalesce(algorithm, 'MANIFEST_MD5') AS digestAlgorithm, state, "   \
	"version AS versionIndex, description, metadata, "                  \
	"tags AS \"_tags*\", historyStep, "                                 \
	"coalesce(ttl, -2) AS ttlDurationSeconds, "                         \
	"iif(ttl IS NULL, 'true', 'false') AS \"ttlIsInherited*\", "        \
	"manifest AS _manifest, size, fileCount, createdAt, "               \
	"createdAt AS updatedAt "

jv
wb_artifact_node(struct store *store, long long artifact)
{
	return wb_node_of(store_query(store,
	    "SELECT " ARTIFACT_COLUMNS "FROM wb_artifact WHERE key = ?", "i",
	    artifact));
}

static jv
collection_node(struct store *store, long long key)
{
	jv node = wb_node_of(store_query(store,
	    "SELECT key AS _key, project AS _project, name, type AS _type, "
	    "portfolio AS _portfolio, createdAt, createdAt AS updatedAt, "
	    "'READY' AS state, coalesce((SELECT algorithm FROM wb_artifact a "
	    "WHERE a.collection = wb_collection.key LIMIT 1), 'MANIFEST_MD5') "
	    "AS digestAlgorithm "
	    "FROM wb_collection WHERE key = ?",
	    "i", key));
	bool portfolio;
	char *id;

	if (jv_get_kind(node) != JV_KIND_OBJECT)
		return node;
	portfolio = wb_number(node, "_portfolio") != 0;
	id = wb_id(
	    portfolio ? "ArtifactPortfolio" : "ArtifactSequence", "%lld", key);
	node = record_set_str(node, "id", id);
	free(id);
	return record_set_str(node, "__typename",
	    portfolio ? "ArtifactPortfolio" : "ArtifactSequence");
}

/* ---- small types ---- */

static const struct gql_field name_fields[] = {
	{ .name = "id" },
	{ .name = "name" },
	{ .name = "description" },
	{ .name = "createdAt" },
	{ 0 },
};
static const struct gql_type tag_type = { "Tag", NULL, name_fields };
static const struct gql_field tag_edge_fields[] = {
	{ .name = "node", .type = &tag_type },
	{ 0 },
};
static const struct gql_type tag_edge = { "TagEdge", NULL, tag_edge_fields };
static const struct gql_field tag_connection_fields[] = {
	{ .name = "edges", .type = &tag_edge },
	{ 0 },
};
static const struct gql_type tag_connection = { "TagConnection", NULL,
	tag_connection_fields };

static jv
no_edges(struct gql *gql, jv self, jv args)
{
	(void)gql;
	(void)self;
	(void)args;
	return jv_object_set(jv_object(), jv_string("edges"), jv_array());
}

/* ---- aliases ---- */

static jv
alias_collection(struct gql *gql, jv self, jv args)
{
	(void)args;
	return collection_node(wb_store(gql), wb_number(self, "_collection"));
}

static const struct gql_field alias_fields[] = {
	{ .name = "id" },
	{ .name = "alias" },
	{ .name = "artifactCollection",
	    .type = &wb_collection_type,
	    .resolve = alias_collection },
	{ 0 },
};
static const struct gql_type alias_type = { "ArtifactAlias", NULL,
	alias_fields };
static const struct gql_field alias_edge_fields[] = {
	{ .name = "node", .type = &alias_type },
	{ .name = "cursor" },
	{ 0 },
};
static const struct gql_type alias_edge = { "ArtifactAliasEdge", NULL,
	alias_edge_fields };
static const struct gql_field alias_connection_fields[] = {
	{ .name = "edges", .type = &alias_edge },
	{ .name = "pageInfo", .type = &wb_page_info },
	{ .name = "totalCount" },
	{ 0 },
};
static const struct gql_type alias_connection = { "ArtifactAliasConnection",
	NULL, alias_connection_fields };

static jv
artifact_aliases(struct gql *gql, jv self, jv args)
{
	(void)args;
	return wb_nodes_of(store_query(wb_store(gql),
	    "SELECT 'ArtifactAlias:' || key AS id, alias, "
	    "collection AS _collection FROM wb_alias WHERE artifact = ? "
	    "ORDER BY key",
	    "i", wb_number(self, "_key")));
}

static jv
collection_aliases(struct gql *gql, jv self, jv args)
{
	return wb_page(wb_nodes_of(store_query(wb_store(gql),
			   "SELECT 'ArtifactAlias:' || key AS id, alias, "
			   "collection AS _collection FROM wb_alias "
			   "WHERE collection = ? ORDER BY key",
			   "i", wb_number(self, "_key"))),
	    args, 1000);
}

/* ---- files of an artifact ---- */

/* A manifest's entry as a file; what is a reference has no place here. */
static jv
entry_node(struct store *store, jv name, jv entry)
{
	const char *digest = wb_text(entry, "digest");
	jv node = jv_object_set(jv_object(), jv_string("name"), jv_copy(name));
	long long object;

	node = jv_object_set(node, jv_string("displayName"), name);
	node = record_take(node, "digest", entry, "digest");
	node = record_take(node, "md5", entry, "digest");
	node = record_take(node, "sizeBytes", entry, "size");
	if (digest == NULL || wb_text(entry, "ref") != NULL)
		return node;
	object = wb_object_with(store, digest);
	if (object == 0) /* the digest is no MD5: it is what was put so */
		object = store_number(store, 0,
		    "SELECT f.object FROM wb_artifact_file f "
		    "JOIN wb_artifact a ON a.key = f.artifact "
		    "WHERE f.name = ? AND a.id = ?",
		    "ss", wb_text(node, "name"),
		    wb_text(entry, "birthArtifactID"));
	return record_set_number(node, "_object", (double)object);
}

static jv
artifact_files(struct gql *gql, jv self, jv args)
{
	struct store *store = wb_store(gql);
	jv contents = wb_artifact_contents(store, wb_number(self, "_key"));
	jv nodes = jv_array(), names = record_get(args, "names"), keys;
	bool all = jv_get_kind(names) != JV_KIND_ARRAY ||
	    jv_array_length(jv_copy(names)) == 0;

	keys = jv_is_valid(contents) ? jv_keys(jv_copy(contents)) : jv_array();
	for (int i = 0; i < jv_array_length(jv_copy(keys)); i++) {
		jv name = jv_array_get(jv_copy(keys), i), entry, at;

		at = all ? jv_number(0)
			 : jv_array_indexes(jv_copy(names),
			       jv_array_append(jv_array(), jv_copy(name)));
		if (all ||
		    (jv_get_kind(at) == JV_KIND_ARRAY &&
			jv_array_length(jv_copy(at)) > 0)) {
			entry = jv_object_get(jv_copy(contents), jv_copy(name));
			nodes = jv_array_append(
			    nodes, entry_node(store, jv_copy(name), entry));
			jv_free(entry);
		}
		jv_free(at);
		jv_free(name);
	}
	jv_free(keys);
	jv_free(names);
	jv_free(contents);
	return wb_page(nodes, args, 50);
}

static jv
files_by_entries(struct gql *gql, jv self, jv args)
{
	jv entries = record_get(args, "entries"), nodes = jv_array();

	(void)self;
	for (int i = 0; jv_get_kind(entries) == JV_KIND_ARRAY &&
	     i < jv_array_length(jv_copy(entries));
	     i++) {
		jv entry = jv_array_get(jv_copy(entries), i);

		nodes = jv_array_append(nodes,
		    entry_node(
			wb_store(gql), record_get(entry, "name"), entry));
		jv_free(entry);
	}
	jv_free(entries);
	return wb_page(nodes, args, 5000);
}

/* ---- the manifest ---- */

static jv
manifest_upload(struct gql *gql, jv self, jv args)
{
	(void)args;
	return wb_object_url(wb_request(gql), wb_number(self, "_object"), true);
}

static jv
manifest_headers(struct gql *gql, jv self, jv args)
{
	(void)args;
	return wb_object_headers(wb_store(gql), wb_number(self, "_object"));
}

static jv
manifest_direct(struct gql *gql, jv self, jv args)
{
	(void)args;
	return wb_object_url(
	    wb_request(gql), wb_number(self, "_object"), false);
}

static const struct gql_field manifest_file_fields[] = {
	{ .name = "id" },
	{ .name = "uploadUrl", .resolve = manifest_upload },
	{ .name = "uploadHeaders", .resolve = manifest_headers },
	{ .name = "directUrl", .resolve = manifest_direct },
	{ 0 },
};
static const struct gql_type manifest_file_type = { "File", NULL,
	manifest_file_fields };
static const struct gql_field manifest_fields[] = {
	{ .name = "id" },
	{ .name = "digest" },
	{ .name = "file", .type = &manifest_file_type },
	{ 0 },
};

const struct gql_type wb_manifest_type = { "ArtifactManifest", NULL,
	manifest_fields };

static jv
artifact_manifest(struct gql *gql, jv self, jv args)
{
	jv node = wb_node_of(store_query(wb_store(gql),
	    "SELECT id, digest, object AS _object FROM wb_manifest "
	    "WHERE key = ?",
	    "i", wb_number(self, "_manifest")));

	(void)args;
	if (jv_get_kind(node) != JV_KIND_OBJECT)
		return node;
	return jv_object_set(node, jv_string("file"), jv_copy(node));
}

/* ---- an artifact ---- */

static jv
artifact_sequence(struct gql *gql, jv self, jv args)
{
	(void)args;
	return collection_node(wb_store(gql), wb_number(self, "_collection"));
}

static jv
artifact_type(struct gql *gql, jv self, jv args)
{
	(void)args;
	return wb_node_of(store_query(wb_store(gql),
	    "SELECT type AS name FROM wb_collection WHERE key = ?", "i",
	    wb_number(self, "_collection")));
}

static jv
artifact_tags(struct gql *gql, jv self, jv args)
{
	jv names = record_get(self, "_tags"), out = jv_array();

	(void)gql;
	(void)args;
	for (int i = 0; jv_get_kind(names) == JV_KIND_ARRAY &&
	     i < jv_array_length(jv_copy(names));
	     i++) {
		jv name = jv_array_get(jv_copy(names), i);
		char *id = wb_id("Tag", "%s", jv_string_value(name));

		out = jv_array_append(out,
		    jv_object_set(record_set_str(jv_object(), "id", id),
			jv_string("name"), name));
		free(id);
	}
	jv_free(names);
	return out;
}

static jv
artifact_creator(struct gql *gql, jv self, jv args)
{
	(void)args;
	return wb_run_node(wb_store(gql), wb_number(self, "_run"));
}

static jv
artifact_users(struct gql *gql, jv self, jv args)
{
	struct store *store = wb_store(gql);
	sqlite3_stmt *row =
	    store_query(store, "SELECT run FROM wb_used WHERE artifact = ?",
		"i", wb_number(self, "_key"));
	jv keys = jv_array(), nodes = jv_array();

	while (store_row(row))
		keys = jv_array_append(
		    keys, jv_number(sqlite3_column_double(row, 0)));
	for (int i = 0; i < jv_array_length(jv_copy(keys)); i++) {
		jv key = jv_array_get(jv_copy(keys), i);

		nodes = jv_array_append(
		    nodes, wb_run_node(store, (long long)jv_number_value(key)));
		jv_free(key);
	}
	jv_free(keys);
	return wb_page(nodes, args, 50);
}

/* An artifact in a collection: what a name with an alias stands for. */
static jv
membership_node(struct store *store, long long in, long long artifact)
{
	jv node = wb_artifact_node(store, artifact), out;
	char *id;

	if (jv_get_kind(node) != JV_KIND_OBJECT)
		return node;
	id = wb_id("ArtifactCollectionMembership", "%lld:%lld", in, artifact);
	out = record_set_str(jv_object(), "id", id);
	free(id);
	out = record_take(out, "versionIndex", node, "versionIndex");
	out = record_take(out, "createdAt", node, "createdAt");
	out = record_take(out, "_key", node, "_key");
	out = record_set_number(out, "_collection", (double)in);
	return jv_object_set(out, jv_string("artifact"), node);
}

static jv
artifact_memberships(struct gql *gql, jv self, jv args)
{
	jv nodes = jv_array_append(jv_array(),
	    membership_node(wb_store(gql), wb_number(self, "_collection"),
		wb_number(self, "_key")));

	return wb_page(nodes, args, 50);
}

static const struct gql_field membership_fields[] = {
	{ .name = "id" },
	{ .name = "versionIndex" },
	{ .name = "createdAt" },
	{ .name = "aliases", .type = &alias_type, .resolve = artifact_aliases },
	{ .name = "artifactCollection",
	    .type = &wb_collection_type,
	    .resolve = alias_collection },
	{ .name = "artifact", .type = &wb_artifact_type },
	{ .name = "files",
	    .args = "names first after",
	    .type = &wb_file_connection,
	    .resolve = artifact_files },
	{ 0 },
};

const struct gql_type wb_membership_type = { "ArtifactCollectionMembership",
	NULL, membership_fields };

static const struct gql_field membership_edge_fields[] = {
	{ .name = "cursor" },
	{ .name = "node", .type = &wb_membership_type },
	{ 0 },
};
static const struct gql_type membership_edge = {
	"ArtifactCollectionMembershipEdge", NULL, membership_edge_fields
};
static const struct gql_field membership_connection_fields[] = {
	{ .name = "edges", .type = &membership_edge },
	{ .name = "pageInfo", .type = &wb_page_info },
	{ .name = "totalCount" },
	{ 0 },
};
static const struct gql_type membership_connection = {
	"ArtifactCollectionMembershipConnection", NULL,
	membership_connection_fields
};

static const struct gql_field artifact_fields[] = {
	{ .name = "id" },
	{ .name = "state" },
	{ .name = "digest" },
	{ .name = "digestAlgorithm" },
	{ .name = "description" },
	{ .name = "metadata" },
	{ .name = "versionIndex" },
	{ .name = "size" },
	{ .name = "fileCount" },
	{ .name = "commitHash" },
	{ .name = "historyStep" },
	{ .name = "ttlDurationSeconds" },
	{ .name = "ttlIsInherited" },
	{ .name = "createdAt" },
	{ .name = "updatedAt" },
	{ .name = "tags", .type = &tag_type, .resolve = artifact_tags },
	{ .name = "aliases", .type = &alias_type, .resolve = artifact_aliases },
	{ .name = "artifactSequence",
	    .type = &wb_collection_type,
	    .resolve = artifact_sequence },
	{ .name = "artifactType",
	    .type = &wb_artifact_type_type,
	    .resolve = artifact_type },
	{ .name = "currentManifest",
	    .type = &wb_manifest_type,
	    .resolve = artifact_manifest },
	{ .name = "createdBy",
	    .type = &wb_run_type,
	    .resolve = artifact_creator },
	{ .name = "usedBy",
	    .args = "first after",
	    .type = &wb_run_connection,
	    .resolve = artifact_users },
	{ .name = "files",
	    .args = "names first after",
	    .type = &wb_file_connection,
	    .resolve = artifact_files },
	{ .name = "filesByManifestEntries",
	    .args = "entries storageLayout! manifestVersion! storageRegion "
		    "first after",
	    .type = &wb_file_connection,
	    .resolve = files_by_entries },
	{ .name = "artifactMemberships",
	    .args = "first after",
	    .type = &membership_connection,
	    .resolve = artifact_memberships },
	{ 0 },
};

const struct gql_type wb_artifact_type = { "Artifact", NULL, artifact_fields };

static jv
edge_version(struct gql *gql, jv self, jv args)
{
	jv node = record_get(self, "node"), out;

	(void)gql;
	(void)args;
	out = jv_string_fmt("v%lld", wb_number(node, "versionIndex"));
	jv_free(node);
	return out;
}

static const struct gql_field artifact_edge_fields[] = {
	{ .name = "cursor" },
	{ .name = "version", .resolve = edge_version },
	{ .name = "node", .type = &wb_artifact_type },
	{ 0 },
};
static const struct gql_type artifact_edge = { "ArtifactEdge", NULL,
	artifact_edge_fields };
static const struct gql_field artifact_connection_fields[] = {
	{ .name = "edges", .type = &artifact_edge },
	{ .name = "pageInfo", .type = &wb_page_info },
	{ .name = "totalCount" },
	{ 0 },
};

const struct gql_type wb_artifact_connection = { "ArtifactConnection",
	"VersionedArtifactConnection", artifact_connection_fields };

jv
wb_query_artifact(struct gql *gql, jv self, jv args)
{
	long long key = store_number(wb_store(gql), 0,
	    "SELECT key FROM wb_artifact WHERE id = ? AND state <> 'DELETED'",
	    "s", wb_text(args, "id"));

	(void)self;
	return wb_artifact_node(wb_store(gql), key);
}

static const struct gql_field client_id_fields[] = {
	{ .name = "serverID" },
	{ 0 },
};

const struct gql_type wb_client_id_type = { "ClientIDMapping", NULL,
	client_id_fields };

jv
wb_query_client_id(struct gql *gql, jv self, jv args)
{
	(void)self;
	return wb_node_of(store_query(wb_store(gql),
	    "SELECT a.id AS serverID FROM wb_client_id c JOIN wb_artifact a "
	    "ON a.key = c.artifact WHERE c.id = ? AND state <> 'DELETED'",
	    "s", wb_text(args, "clientID")));
}

/* ---- a run's ---- */

jv
wb_run_outputs(struct gql *gql, jv self, jv args)
{
	return wb_page(wb_nodes_of(store_query(wb_store(gql),
			   "SELECT " ARTIFACT_COLUMNS "FROM wb_artifact "
			   "WHERE run = ? AND state <> 'DELETED' ORDER BY key",
			   "i", wb_number(self, "_key"))),
	    args, 50);
}

jv
wb_run_inputs(struct gql *gql, jv self, jv args)
{
	return wb_page(
	    wb_nodes_of(store_query(wb_store(gql),
		"SELECT " ARTIFACT_COLUMNS "FROM wb_artifact WHERE key IN "
		"(SELECT artifact FROM wb_used WHERE run = ?) ORDER BY key",
		"i", wb_number(self, "_key"))),
	    args, 50);
}

/* ---- collections ---- */

/* The version of a collection that an alias means; 0 without. */
static long long
version_of(struct store *store, long long in, const char *alias)
{
	char *end;
	long long version = -1;

	if (alias[0] == 'v' && alias[1] != '\0') {
		version = strtoll(alias + 1, &end, 10);
		if (*end != '\0')
			version = -1;
	}
	if (version >= 0)
		return store_number(store, 0,
		    "SELECT key FROM wb_artifact WHERE collection = ? AND "
		    "version = ? AND state <> 'DELETED'",
		    "ii", in, version);
	return store_number(store, 0,
	    "SELECT artifact FROM wb_alias WHERE collection = ? AND alias = ?",
	    "is", in, alias);
}

/* What "name:alias" means in a project, as a membership; null without. */
static jv
membership_named(struct gql *gql, jv self, const char *name)
{
	const char *colon = strchr(name, ':');
	char *base = xstrndup(
	    name, colon != NULL ? (size_t)(colon - name) : strlen(name));
	struct store *store = wb_store(gql);
	long long in = store_number(store, 0,
	    "SELECT key FROM wb_collection WHERE project = ? AND name = ?",
	    "is", wb_number(self, "_key"), base);

	free(base);
	return membership_node(store, in,
	    version_of(store, in, colon != NULL ? colon + 1 : "latest"));
}

jv
wb_project_membership(struct gql *gql, jv self, jv args)
{
	return membership_named(gql, self, wb_text(args, "name"));
}

jv
wb_project_artifact(struct gql *gql, jv self, jv args)
{
	jv member = membership_named(gql, self, wb_text(args, "name"));
	jv artifact = record_get(member, "artifact");

	jv_free(member);
	if (jv_is_valid(artifact))
		return artifact;
	jv_free(artifact);
	return jv_null();
}

static jv
collection_membership(struct gql *gql, jv self, jv args)
{
	long long in = wb_number(self, "_key");

	return membership_node(wb_store(gql), in,
	    version_of(wb_store(gql), in, wb_text(args, "aliasName")));
}

static jv
collection_artifacts(struct gql *gql, jv self, jv args)
{
	return wb_page(wb_nodes_of(store_query(wb_store(gql),
			   "SELECT " ARTIFACT_COLUMNS "FROM wb_artifact "
			   "WHERE collection = ? AND state = 'COMMITTED' "
			   "ORDER BY version DESC",
			   "i", wb_number(self, "_key"))),
	    args, 50);
}

static jv
collection_latest(struct gql *gql, jv self, jv args)
{
	(void)args;
	return wb_node_of(store_query(wb_store(gql),
	    "SELECT " ARTIFACT_COLUMNS "FROM wb_artifact WHERE collection = ? "
	    "AND state = 'COMMITTED' ORDER BY version DESC LIMIT 1",
	    "i", wb_number(self, "_key")));
}

static jv
collection_project(struct gql *gql, jv self, jv args)
{
	jv name = wb_node_of(store_query(wb_store(gql),
	    "SELECT name, entity AS entityName FROM wb_project WHERE key = ?",
	    "i", wb_number(self, "_project")));
	jv project = wb_query_project(gql, self, name);

	(void)args;
	jv_free(name);
	return project;
}

static jv
collection_type(struct gql *gql, jv self, jv args)
{
	(void)gql;
	(void)args;
	return record_take(jv_object(), "name", self, "_type");
}

static const struct gql_field collection_fields[] = {
	{ .name = "id" },
	{ .name = "name" },
	{ .name = "description" },
	{ .name = "state" },
	{ .name = "createdAt" },
	{ .name = "updatedAt" },
	{ .name = "digestAlgorithm" },
	{ .name = "project",
	    .type = &wb_project_node_type,
	    .resolve = collection_project },
	{ .name = "defaultArtifactType",
	    .type = &wb_artifact_type_type,
	    .resolve = collection_type },
	{ .name = "tags", .type = &tag_connection, .resolve = no_edges },
	{ .name = "aliases",
	    .args = "first after",
	    .type = &alias_connection,
	    .resolve = collection_aliases },
	{ .name = "latestArtifact",
	    .type = &wb_artifact_type,
	    .resolve = collection_latest },
	{ .name = "artifacts",
	    .args = "first after order filters",
	    .type = &wb_artifact_connection,
	    .resolve = collection_artifacts },
	{ .name = "artifactMembership",
	    .args = "aliasName!",
	    .type = &wb_membership_type,
	    .resolve = collection_membership },
	{ 0 },
};

const struct gql_type wb_collection_type = { "ArtifactCollection",
	"ArtifactSequence ArtifactPortfolio", collection_fields };

static const struct gql_field collection_edge_fields[] = {
	{ .name = "cursor" },
	{ .name = "node", .type = &wb_collection_type },
	{ 0 },
};
static const struct gql_type collection_edge = { "ArtifactCollectionEdge", NULL,
	collection_edge_fields };
static const struct gql_field collection_connection_fields[] = {
	{ .name = "edges", .type = &collection_edge },
	{ .name = "pageInfo", .type = &wb_page_info },
	{ .name = "totalCount" },
	{ 0 },
};

const struct gql_type wb_collection_connection = {
	"ArtifactCollectionConnection", NULL, collection_connection_fields
};

/* Collections of a project, of one type if that is not NULL. */
static jv
collections(struct gql *gql, long long project, const char *type, jv args)
{
	struct store *store = wb_store(gql);
	jv rows = wb_nodes_of(store_query(store,
	    "SELECT key FROM wb_collection WHERE project = ?1 AND "
	    "(?2 IS NULL OR type = ?2) ORDER BY key",
	    "is", project, type));
	jv nodes = jv_array();

	for (int i = 0; i < jv_array_length(jv_copy(rows)); i++) {
		jv row = jv_array_get(jv_copy(rows), i);

		nodes = jv_array_append(
		    nodes, collection_node(store, wb_number(row, "key")));
		jv_free(row);
	}
	jv_free(rows);
	return wb_page(nodes, args, 50);
}

jv
wb_project_collections(struct gql *gql, jv self, jv args)
{
	return collections(gql, wb_number(self, "_key"), NULL, args);
}

jv
wb_project_collection(struct gql *gql, jv self, jv args)
{
	long long key = store_number(wb_store(gql), 0,
	    "SELECT key FROM wb_collection WHERE project = ? AND name = ?",
	    "is", wb_number(self, "_key"), wb_text(args, "name"));

	return collection_node(wb_store(gql), key);
}

/* ---- types of artifacts ---- */

static jv
type_collections(struct gql *gql, jv self, jv args)
{
	return collections(
	    gql, wb_number(self, "_project"), wb_text(self, "name"), args);
}

static jv
type_collection(struct gql *gql, jv self, jv args)
{
	long long key = store_number(wb_store(gql), 0,
	    "SELECT key FROM wb_collection WHERE project = ? AND name = ? AND "
	    "type = ?",
	    "iss", wb_number(self, "_project"), wb_text(args, "name"),
	    wb_text(self, "name"));

	return collection_node(wb_store(gql), key);
}

static const struct gql_field type_fields[] = {
	{ .name = "id" },
	{ .name = "name" },
	{ .name = "description" },
	{ .name = "createdAt" },
	{ .name = "artifactCollection",
	    .args = "name!",
	    .type = &wb_collection_type,
	    .resolve = type_collection },
	{ .name = "artifactCollections",
	    .args = "first after filters order",
	    .type = &wb_collection_connection,
	    .resolve = type_collections },
	{ 0 },
};

const struct gql_type wb_artifact_type_type = { "ArtifactType", NULL,
	type_fields };

static const struct gql_field type_edge_fields[] = {
	{ .name = "cursor" },
	{ .name = "node", .type = &wb_artifact_type_type },
	{ 0 },
};
static const struct gql_type type_edge = { "ArtifactTypeEdge", NULL,
	type_edge_fields };
static const struct gql_field type_connection_fields[] = {
	{ .name = "edges", .type = &type_edge },
	{ .name = "pageInfo", .type = &wb_page_info },
	{ 0 },
};

const struct gql_type wb_artifact_type_connection = { "ArtifactTypeConnection",
	NULL, type_connection_fields };

jv
wb_project_type(struct gql *gql, jv self, jv args)
{
	return wb_node_of(store_query(wb_store(gql),
	    "SELECT DISTINCT 'ArtifactType:' || type AS id, type AS name, "
	    "project AS _project, createdAt FROM wb_collection "
	    "WHERE project = ? AND type = ?",
	    "is", wb_number(self, "_key"), wb_text(args, "name")));
}

jv
wb_project_types(struct gql *gql, jv self, jv args)
{
	return wb_page(
	    wb_nodes_of(store_query(wb_store(gql),
		"SELECT 'ArtifactType:' || type AS id, type AS name, "
		"project AS _project, min(createdAt) AS createdAt "
		"FROM wb_collection WHERE project = ? AND type NOT NULL "
		"GROUP BY type",
		"i", wb_number(self, "_key"))),
	    args, 50);
}

/* ---- what createArtifactFiles gives ---- */

static const struct gql_field part_fields[] = {
	{ .name = "partNumber" },
	{ .name = "uploadUrl" },
	{ 0 },
};
static const struct gql_type part_type = { "UploadUrlPart", NULL, part_fields };
static const struct gql_field multipart_fields[] = {
	{ .name = "uploadID" },
	{ .name = "uploadUrlParts", .type = &part_type },
	{ 0 },
};
static const struct gql_type multipart_type = { "UploadMultipartUrls", NULL,
	multipart_fields };
static const struct gql_field created_file_fields[] = {
	{ .name = "storagePath" },
	{ .name = "uploadUrl" },
	{ .name = "uploadHeaders" },
	{ .name = "uploadMultipartUrls", .type = &multipart_type },
	{ .name = "artifact", .type = &wb_artifact_type },
	{ 0 },
};
static const struct gql_type created_file_type = { "File", NULL,
	created_file_fields };
static const struct gql_field created_edge_fields[] = {
	{ .name = "node", .type = &created_file_type },
	{ 0 },
};
static const struct gql_type created_edge = { "FileEdge", NULL,
	created_edge_fields };
static const struct gql_field created_files_fields[] = {
	{ .name = "edges", .type = &created_edge },
	{ 0 },
};

const struct gql_type wb_created_files_type = { "FileConnection", NULL,
	created_files_fields };

/* ---- /sandbox/state ---- */

static jv
contents_state(struct store *store, jv node)
{
	jv contents = jv_object(), all;
	const char *state = wb_text(node, "state");

	if (strcmp(state, "COMMITTED") != 0)
		return contents;
	all = wb_artifact_contents(store, wb_number(node, "_key"));
	for (int i = jv_is_valid(all) ? jv_object_iter(all) : -1;
	     i >= 0 && jv_object_iter_valid(all, i);
	     i = jv_object_iter_next(all, i)) {
		jv entry = jv_object_iter_value(all, i), out;

		out = record_take(jv_object(), "digest", entry, "digest");
		out = record_take(out, "ref", entry, "ref");
		out = record_set_number(
		    out, "size", (double)wb_number(entry, "size"));
		contents =
		    jv_object_set(contents, jv_object_iter_key(all, i), out);
		jv_free(entry);
	}
	jv_free(all);
	return contents;
}

jv
wb_artifact_state(struct store *store, long long run)
{
	jv nodes = wb_nodes_of(store_query(store,
	    "SELECT a.key AS _key, a.state, digest, metadata, description, "
	    "version, name, type FROM wb_artifact a JOIN wb_collection c "
	    "ON c.key = a.collection WHERE run = ? AND a.state <> 'DELETED' "
	    "ORDER BY name, version",
	    "i", run));
	jv out = jv_array();

	for (int i = 0; i < jv_array_length(jv_copy(nodes)); i++) {
		jv node = jv_array_get(jv_copy(nodes), i), aliases = jv_array();
		sqlite3_stmt *row = store_query(store,
		    "SELECT alias FROM wb_alias WHERE artifact = ? "
		    "ORDER BY key",
		    "i", wb_number(node, "_key"));

		while (store_row(row))
			aliases =
			    jv_array_append(aliases, store_string(row, 0));
		node = jv_object_set(node, jv_string("aliases"), aliases);
		node = jv_object_set(
		    node, jv_string("contents"), contents_state(store, node));
		out = jv_array_append(out, record_drop(node, "_key"));
	}
	jv_free(nodes);
	return out;
}
