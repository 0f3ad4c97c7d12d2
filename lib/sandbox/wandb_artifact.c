/* SPDX-License-Identifier: MIT */
/*
 * sandbox/wandb_artifact - how an artifact comes to be
 *
 * A client id stands for one artifact, wherever that is, and so does the id of
 * one that several runs put together (distributedID). A version is PENDING
 * from createArtifact on, and COMMITTED when all of it is there:
 * wandb_commit.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/md5.h>

#include "clock.h"
#include "digest.h"
#include "record.h"
#include "sandbox/wandb_parts.h"

void
wb_make_artifact_tables(struct store *store)
{
	store_script(store,
	    "CREATE TABLE IF NOT EXISTS wb_collection(key INTEGER PRIMARY KEY, "
	    "project INTEGER, name TEXT, type TEXT, portfolio INTEGER, "
	    "createdAt REAL, UNIQUE(project, name));"
	    "CREATE TABLE IF NOT EXISTS wb_artifact(key INTEGER PRIMARY KEY, "
	    "id TEXT UNIQUE, collection INTEGER, run INTEGER, digest TEXT, "
	    "algorithm TEXT, state TEXT DEFAULT 'PENDING', version INTEGER, "
	    "description TEXT, metadata TEXT, tags TEXT, distributed TEXT, "
	    "historyStep INTEGER, ttl INTEGER, manifest INTEGER, "
	    "size INTEGER DEFAULT 0, fileCount INTEGER DEFAULT 0, "
	    "createdAt REAL);"
	    "CREATE TABLE IF NOT EXISTS wb_client_id(id TEXT PRIMARY KEY, "
	    "artifact INTEGER);"
	    "CREATE INDEX IF NOT EXISTS wb_artifact_of "
	    "ON wb_artifact(collection, version);"
	    "CREATE TABLE IF NOT EXISTS wb_alias(key INTEGER PRIMARY KEY, "
	    "collection INTEGER, alias TEXT, artifact INTEGER, "
	    "UNIQUE(collection, alias));"
	    "CREATE TABLE IF NOT EXISTS wb_manifest(key INTEGER PRIMARY KEY, "
	    "id TEXT UNIQUE, artifact INTEGER, name TEXT, type TEXT, "
	    "base INTEGER, digest TEXT, object INTEGER);"
	    "CREATE INDEX IF NOT EXISTS wb_manifest_of "
	    "ON wb_manifest(artifact);"
	    "CREATE TABLE IF NOT EXISTS wb_artifact_file("
	    "key INTEGER PRIMARY KEY, artifact INTEGER, name TEXT, md5 TEXT, "
	    "object INTEGER, UNIQUE(artifact, name));"
	    "CREATE INDEX IF NOT EXISTS wb_artifact_file_md5 "
	    "ON wb_artifact_file(md5);"
	    "CREATE TABLE IF NOT EXISTS wb_part(file INTEGER, number INTEGER, "
	    "object INTEGER, PRIMARY KEY(file, number));"
	    "CREATE TABLE IF NOT EXISTS wb_used(run INTEGER, artifact INTEGER, "
	    "PRIMARY KEY(run, artifact));");
}

long long
wb_artifact_by_id(struct gql *gql, const char *id)
{
	long long key = store_number(wb_store(gql), 0,
	    "SELECT key FROM wb_artifact WHERE id = ? AND state <> 'DELETED'",
	    "s", id);

	if (key == 0)
		(void)gql_refuse(gql, 404, "artifact %s not found",
		    id != NULL ? id : ""); /* returns null */
	return key;
}

jv
wb_payload(const char *name, jv value)
{
	return jv_object_set(jv_object(), jv_string(name), value);
}

/* ---- createArtifact ---- */

static long long
collection(struct store *store, long long project, const char *name,
    const char *type, bool portfolio)
{
	long long key = store_number(store, 0,
	    "SELECT key FROM wb_collection WHERE project = ? AND name = ?",
	    "is", project, name);

	if (key != 0)
		return key;
	(void)store_do(store,
	    "INSERT INTO wb_collection(project, name, type, portfolio, "
	    "createdAt) VALUES(?, ?, ?, ?, ?)",
	    "issid", project, name, type, (long long)portfolio,
	    clock_now()); /* one row always */
	return store_last(store);
}

static void
set_alias(
    struct store *store, long long in, const char *alias, long long artifact)
{
	(void)store_do(store,
	    "INSERT INTO wb_alias(collection, alias, artifact) "
	    "VALUES(?, ?, ?) ON CONFLICT(collection, alias) "
	    "DO UPDATE SET artifact = excluded.artifact",
	    "isi", in, alias, artifact); /* one row always */
}

/* A list of {alias} for an artifact. Consumes aliases. */
static void
set_aliases(struct store *store, long long in, jv aliases, long long artifact)
{
	for (int i = 0; jv_get_kind(aliases) == JV_KIND_ARRAY &&
	     i < jv_array_length(jv_copy(aliases));
	     i++) {
		jv one = jv_array_get(jv_copy(aliases), i);

		if (wb_text(one, "alias") != NULL)
			set_alias(store, in, wb_text(one, "alias"), artifact);
		jv_free(one);
	}
	jv_free(aliases);
}

/* The names of a list of {tagName}. Consumes it. */
static jv
tag_names(jv tags)
{
	jv names = jv_array();

	for (int i = 0; jv_get_kind(tags) == JV_KIND_ARRAY &&
	     i < jv_array_length(jv_copy(tags));
	     i++) {
		jv one = jv_array_get(jv_copy(tags), i);

		names = jv_array_append(names, record_get(one, "tagName"));
		jv_free(one);
	}
	jv_free(tags);
	return names;
}

static long long
insert_artifact(struct store *store, jv input, long long in, long long run)
{
	long long key, step = record_int(input, "historyStep", -1);
	char *id;

	(void)store_do(store,
	    "INSERT INTO wb_artifact(collection, run, digest, algorithm, "
	    "version, description, metadata, tags, distributed, historyStep, ttl, "
	    "createdAt) VALUES(?1, ?2, ?3, ?4, (SELECT coalesce(max(version), "
	    "-1) + 1 FROM wb_artifact WHERE collection = ?1), ?5, ?6, ?7, ?8, "
	    "nullif(?9, -1), nullif(?10, 0), ?11)",
	    "iissssjsiid", in, run, wb_text(input, "digest"),
	    wb_text(input, "digestAlgorithm"), wb_text(input, "description"),
	    wb_text(input, "metadata"), tag_names(record_get(input, "tags")),
	    wb_text(input, "distributedID"), step,
	    wb_number(input, "ttlDurationSeconds"),
	    clock_now()); /* one row always */
	key = store_last(store);
	id = wb_id("Artifact", "%lld", key);
	(void)store_do(store, "UPDATE wb_artifact SET id = ? WHERE key = ?",
	    "si", id, key); /* it was just put there */
	free(id);
	return key;
}

/* The run that an artifact belongs to: 0 is none, -1 that it is not there. */
static long long
input_run(struct gql *gql, jv input)
{
	const char *name = wb_text(input, "runName");
	long long run = 0;

	if (name != NULL && *name != '\0' &&
	    wb_run(wb_store(gql), wb_text(input, "entityName"),
		wb_text(input, "projectName"), name, &run) != WB_FOUND) {
		(void)gql_refuse(gql, 404, "run %s not found", name);
		return -1; /* and gql_refuse() gave null */
	}
	return run;
}

/* The one that this is already; 0 if it is none. */
static long long
same_artifact(struct store *store, jv input, long long in, long long run)
{
	const char *digest = wb_text(input, "digest");
	const char *distributed = wb_text(input, "distributedID");
	long long key = store_number(store, 0,
	    "SELECT key FROM wb_client_id c JOIN wb_artifact a "
	    "ON a.key = c.artifact WHERE c.id = ? AND state <> 'DELETED' AND "
	    "(digest = ? OR state = 'COMMITTED' AND manifest IN "
	    "(SELECT key FROM wb_manifest WHERE type = 'MERGED'))",
	    "ss", wb_text(input, "clientID"), digest);

	if (key == 0 && distributed != NULL)
		key = store_number(store, 0,
		    "SELECT key FROM wb_artifact WHERE collection = ? AND "
		    "distributed = ? AND state <> 'DELETED'",
		    "is", in, distributed);
	if (key == 0 && distributed == NULL)
		key = store_number(store, 0,
		    "SELECT key FROM wb_artifact WHERE collection = ? AND "
		    "digest = ? AND (state = 'COMMITTED' OR "
		    "(state = 'PENDING' AND run = ?)) ORDER BY state LIMIT 1",
		    "isi", in, digest, run);
	return key;
}

bool
wb_has_algorithms(struct store *store)
{
	char *features = wb_setting(store, "features", "[]");
	bool has = strstr(features, "\"ARTIFACT_DIGEST_ALGORITHM\"") != NULL;

	free(features);
	return has;
}

/* What a collection began with it goes on with. */
static bool
is_algorithm_of(struct store *store, long long in, const char *algorithm)
{
	const char *its = algorithm != NULL ? algorithm : "MANIFEST_MD5";

	return (strcmp(its, "MANIFEST_MD5") == 0 || wb_has_algorithms(store)) &&
	    store_number(store, 0,
		"SELECT count(*) FROM wb_artifact WHERE collection = ? AND "
		"coalesce(algorithm, 'MANIFEST_MD5') <> ?",
		"is", in, its) == 0;
}

jv
wb_create_artifact(struct gql *gql, jv self, jv args)
{
	struct store *store = wb_store(gql);
	jv input = record_get(args, "input"), out;
	const char *name = wb_text(input, "artifactCollectionName");
	const char *type = wb_text(input, "artifactTypeName"), *there;
	long long run = input_run(gql, input), project, in, key;
	jv row;

	(void)self;
	if (run < 0 || name == NULL || *name == '\0' || strchr(name, '/')) {
		jv_free(input);
		return run < 0 ? jv_null()
			       : gql_refuse(gql, 400, "a bad artifact name");
	}
	project = wb_project(store, wb_text(input, "entityName"),
	    wb_text(input, "projectName"), true);
	in = collection(store, project, name, type, false);
	row = wb_node_of(store_query(
	    store, "SELECT type FROM wb_collection WHERE key = ?", "i", in));
	there = wb_text(row, "type");
	if (there == NULL || type == NULL || strcmp(there, type) != 0) {
		out = gql_refuse(gql, 400, "artifact %s is of type %s, not %s",
		    name, there, type);
	} else if (!is_algorithm_of(
		       store, in, wb_text(input, "digestAlgorithm"))) {
		out = gql_refuse(gql, 400,
		    "artifact %s cannot have the digest algorithm %s", name,
		    wb_text(input, "digestAlgorithm"));
	} else {
		key = same_artifact(store, input, in, run);
		if (key == 0)
			key = insert_artifact(store, input, in, run);
		set_aliases(store, in, record_get(input, "aliases"), key);
		if (wb_text(input, "clientID") != NULL)
			(void)store_do(store,
			    "INSERT OR IGNORE INTO wb_client_id VALUES(?, ?)",
			    "si", wb_text(input, "clientID"),
			    key); /* or it is there */
		out = wb_payload("artifact", wb_artifact_node(store, key));
	}
	jv_free(row);
	jv_free(input);
	return out;
}

/* ---- manifests and files ---- */

/* With a digest there is a place to put it. */
static void
place_manifest(struct store *store, long long manifest, const char *digest)
{
	if (digest == NULL || *digest == '\0')
		return;
	(void)store_do(store,
	    "UPDATE wb_manifest SET digest = ?, object = ? WHERE key = ?",
	    "sii", digest, wb_object(store, "wandb_manifest.json", digest),
	    manifest); /* it is there */
}

static jv
manifest_node(struct store *store, long long manifest)
{
	jv node = wb_node_of(store_query(store,
	    "SELECT id, digest, object AS _object FROM wb_manifest "
	    "WHERE key = ?",
	    "i", manifest));
	jv file = record_take(jv_object(), "id", node, "id");

	file = record_take(file, "_object", node, "_object");
	return jv_object_set(node, jv_string("file"), file);
}

jv
wb_create_manifest(struct gql *gql, jv self, jv args)
{
	struct store *store = wb_store(gql);
	jv input = record_get(args, "input"), out = jv_null();
	const char *type = wb_text(input, "type");
	long long artifact =
	    wb_artifact_by_id(gql, wb_text(input, "artifactID"));
	long long manifest;
	char *id;

	(void)self;
	if (artifact == 0 || input_run(gql, input) < 0)
		goto done;
	if (type == NULL)
		type = "FULL";
	/* Each patch has one of its own. */
	manifest = strcmp(type, "PATCH") == 0
	    ? 0
	    : store_number(store, 0,
		  "SELECT key FROM wb_manifest WHERE artifact = ? AND "
		  "name = ?",
		  "is", artifact, wb_text(input, "name"));
	if (manifest == 0) {
		(void)store_do(store,
		    "INSERT INTO wb_manifest(artifact, name, type, base) "
		    "VALUES(?, ?, ?, (SELECT key FROM wb_artifact "
		    "WHERE id = ?))",
		    "isss", artifact, wb_text(input, "name"), type,
		    wb_text(input, "baseArtifactID")); /* one row always */
		manifest = store_last(store);
		id = wb_id("ArtifactManifest", "%lld", manifest);
		(void)store_do(store,
		    "UPDATE wb_manifest SET id = ? WHERE key = ?", "si", id,
		    manifest); /* it is there */
		free(id);
	}
	place_manifest(store, manifest, wb_text(input, "digest"));
	if (strcmp(type, "FULL") == 0)
		(void)store_do(store,
		    "UPDATE wb_artifact SET manifest = ? WHERE key = ?", "ii",
		    manifest, artifact); /* it is there */
	out = wb_payload("artifactManifest", manifest_node(store, manifest));
done:
	jv_free(input);
	return out;
}

jv
wb_update_manifest(struct gql *gql, jv self, jv args)
{
	struct store *store = wb_store(gql);
	jv input = record_get(args, "input"), out;
	long long manifest =
	    store_number(store, 0, "SELECT key FROM wb_manifest WHERE id = ?",
		"s", wb_text(input, "artifactManifestID"));

	(void)self;
	if (manifest == 0) {
		out = gql_refuse(gql, 404, "manifest not found");
	} else {
		place_manifest(store, manifest, wb_text(input, "digest"));
		out = wb_payload(
		    "artifactManifest", manifest_node(store, manifest));
	}
	jv_free(input);
	return out;
}

/* NULL if it is no MD5. */
static char *
base64_of_hex(const char *hex)
{
	uint8_t sum[MD5_DIGEST_SIZE];
	unsigned int byte;

	if (hex == NULL || strlen(hex) != 2 * sizeof(sum))
		return NULL;
	for (size_t i = 0; i < sizeof(sum); i++) {
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return NULL;
		sum[i] = (uint8_t)byte;
	}
	return digest_base64(sum, sizeof(sum));
}

static jv
part_urls(struct gql *gql, jv spec, long long file)
{
	struct store *store = wb_store(gql);
	jv parts = record_get(spec, "uploadPartsInput"), urls = jv_array(), out;
	char *id;

	if (jv_get_kind(parts) != JV_KIND_ARRAY ||
	    jv_array_length(jv_copy(parts)) == 0) {
		jv_free(parts);
		jv_free(urls);
		return jv_null();
	}
	for (int i = 0; i < jv_array_length(jv_copy(parts)); i++) {
		jv part = jv_array_get(jv_copy(parts), i), url;
		char *md5 = base64_of_hex(wb_text(part, "hexMD5"));
		long long object = wb_object(store, "part", md5);

		(void)store_do(store, "REPLACE INTO wb_part VALUES(?, ?, ?)",
		    "iii", file, wb_number(part, "partNumber"), object);
		url =
		    record_take(jv_object(), "partNumber", part, "partNumber");
		urls = jv_array_append(urls,
		    jv_object_set(url, jv_string("uploadUrl"),
			wb_object_url(wb_request(gql), object, true)));
		free(md5);
		jv_free(part);
	}
	jv_free(parts);
	id = wb_id("Upload", "%lld", file);
	out = record_set_str(jv_object(), "uploadID", id);
	free(id);
	return jv_object_set(out, jv_string("uploadUrlParts"), urls);
}

long long
wb_artifact_object(
    struct store *store, long long artifact, const char *md5, long long *birth)
{
	sqlite3_stmt *row = store_query(store,
	    "SELECT o.key, f.artifact FROM wb_artifact_file f "
	    "JOIN wb_object o ON o.key = f.object AND o.md5 = f.md5 "
	    "JOIN wb_artifact a ON a.key = f.artifact "
	    "JOIN wb_collection c ON c.key = a.collection "
	    "WHERE f.md5 = ? AND c.project = (SELECT project "
	    "FROM wb_collection JOIN wb_artifact b "
	    "ON b.collection = wb_collection.key WHERE b.key = ?) "
	    "ORDER BY f.key LIMIT 1",
	    "si", md5, artifact);
	long long object = 0;

	*birth = artifact;
	if (store_row(row)) {
		object = sqlite3_column_int64(row, 0);
		*birth = sqlite3_column_int64(row, 1);
		store_done(row);
	}
	return object;
}

/* One file that is asked for; null if it was refused. */
static jv
file_node(struct gql *gql, jv spec)
{
	struct store *store = wb_store(gql);
	const char *id = wb_text(spec, "artifactID");
	const char *name = wb_text(spec, "name"), *md5 = wb_text(spec, "md5");
	long long artifact = wb_artifact_by_id(gql, id), object, file, birth;
	bool known;
	char *path;
	jv node, parts;

	if (artifact == 0)
		return jv_null();
	if (name == NULL || md5 == NULL)
		return gql_refuse(gql, 400, "a file without name or md5");
	/* The whole that comes in parts has none with XXH128. */
	if (*md5 == '\0')
		md5 = NULL;
	object = wb_artifact_object(store, artifact, md5, &birth);
	known = object != 0;
	if (!known)
		object = wb_object(store, name, md5);
	(void)store_do(store,
	    "REPLACE INTO wb_artifact_file(artifact, name, md5, object) "
	    "VALUES(?, ?, ?, ?)",
	    "issi", artifact, name, md5, object);
	file = store_last(store);
	path = xasprintf("wandb_artifacts/%lld/%lld", artifact, file);
	node = record_set_str(jv_object(), "storagePath", path);
	free(path);
	parts = known ? jv_null() : part_urls(gql, spec, file);
	node = jv_object_set(node, jv_string("uploadUrl"),
	    known ? jv_null() : wb_object_url(wb_request(gql), object, true));
	node = jv_object_set(node, jv_string("uploadHeaders"),
	    known ? jv_array() : wb_object_headers(store, object));
	node = jv_object_set(node, jv_string("uploadMultipartUrls"), parts);
	return jv_object_set(
	    node, jv_string("artifact"), wb_artifact_node(store, birth));
}

jv
wb_create_artifact_files(struct gql *gql, jv self, jv args)
{
	jv input = record_get(args, "input"), edges = jv_array();
	jv specs = record_get(input, "artifactFiles");

	(void)self;
	for (int i = 0; jv_get_kind(specs) == JV_KIND_ARRAY &&
	     i < jv_array_length(jv_copy(specs));
	     i++) {
		jv spec = jv_array_get(jv_copy(specs), i);

		edges = jv_array_append(
		    edges, wb_payload("node", file_node(gql, spec)));
		jv_free(spec);
	}
	jv_free(specs);
	jv_free(input);
	return wb_payload("files", wb_payload("edges", edges));
}

/* The parts that were put, one behind the other; false if one is not right. */
static bool
join_parts(struct store *store, long long file, jv completed, struct buf *whole)
{
	sqlite3_stmt *row = store_query(store,
	    "SELECT p.object, number, md5 FROM wb_part p JOIN wb_object o "
	    "ON o.key = p.object WHERE file = ? ORDER BY number",
	    "i", file);
	bool all = true;
	int count = 0;

	while (store_row(row)) {
		jv part = jv_array_get(jv_copy(completed), count++);
		const char *etag = wb_text(part, "hexMD5");
		char *md5 = NULL;

		/* An ETag has quotes around it. */
		if (etag != NULL && etag[0] == '"' && strlen(etag) > 32) {
			char *hex = xstrndup(etag + 1, 32);

			md5 = base64_of_hex(hex);
			free(hex);
		}
		all &= wb_number(part, "partNumber") ==
			sqlite3_column_int64(row, 1) &&
		    md5 != NULL && store_text(row, 2) != NULL &&
		    strcmp(md5, store_text(row, 2)) == 0 &&
		    wb_object_read(store, sqlite3_column_int64(row, 0),
			WB_ARTIFACT_BYTES, whole);
		free(md5);
		jv_free(part);
	}
	return all && count > 0 && count == jv_array_length(jv_copy(completed));
}

jv
wb_complete_multipart(struct gql *gql, jv self, jv args)
{
	struct store *store = wb_store(gql);
	jv input = record_get(args, "input"), out, row;
	jv completed = record_get(input, "completedParts");
	const char *path = wb_text(input, "storagePath"), *md5;
	const char *last = path != NULL ? strrchr(path, '/') : NULL;
	long long file = last != NULL ? strtoll(last + 1, NULL, 10) : 0;
	struct buf whole = { 0 };

	(void)self;
	row = wb_node_of(store_query(store,
	    "SELECT object, md5 FROM wb_artifact_file WHERE key = ?", "i",
	    file));
	md5 = wb_text(row, "md5");
	if (jv_get_kind(row) != JV_KIND_OBJECT ||
	    jv_get_kind(completed) != JV_KIND_ARRAY ||
	    !join_parts(store, file, completed, &whole)) {
		out = gql_refuse(gql, 400, "a part was not put as announced");
	} else {
		wb_object_put(store, wb_number(row, "object"),
		    (struct span){ whole.at, whole.len });
		if (md5 != NULL && wb_object_with(store, md5) == 0)
			wb_violation(wb_request(gql), 0,
			    "completeMultipartUploadArtifact: the whole is "
			    "another than was announced");
		out = record_set_str(jv_object(), "digest", md5);
	}
	buf_release(&whole);
	jv_free(completed);
	jv_free(row);
	jv_free(input);
	return out;
}

/* ---- what is done to it afterwards ---- */

jv
wb_use_artifact(struct gql *gql, jv self, jv args)
{
	jv input = record_get(args, "input");
	long long artifact =
	    wb_artifact_by_id(gql, wb_text(input, "artifactID"));
	long long run = input_run(gql, input);

	(void)self;
	jv_free(input);
	if (artifact == 0 || run <= 0)
		return jv_null();
	(void)store_do(wb_store(gql),
	    "INSERT OR IGNORE INTO wb_used VALUES(?, ?)", "ii", run,
	    artifact); /* or it is there */
	return wb_payload(
	    "artifact", wb_artifact_node(wb_store(gql), artifact));
}

jv
wb_link_artifact(struct gql *gql, jv self, jv args)
{
	struct store *store = wb_store(gql);
	jv input = record_get(args, "input");
	const char *client = wb_text(input, "clientID");
	long long artifact, project, in;

	(void)self;
	artifact = client != NULL
	    ? store_number(store, 0,
		  "SELECT artifact FROM wb_client_id WHERE id = ?", "s", client)
	    : wb_artifact_by_id(gql, wb_text(input, "artifactID"));
	if (artifact == 0) {
		jv_free(input);
		return client != NULL
		    ? gql_refuse(gql, 404, "no such client id")
		    : jv_null();
	}
	project = wb_project(store, wb_text(input, "entityName"),
	    wb_text(input, "projectName"), true);
	in = collection(store, project, wb_text(input, "artifactPortfolioName"),
	    NULL, true);
	set_alias(store, in, "latest", artifact);
	set_aliases(store, in, record_get(input, "aliases"), artifact);
	jv_free(input);
	return jv_object_set(jv_object(), jv_string("versionIndex"),
	    jv_number((double)store_number(store, 0,
		"SELECT version FROM wb_artifact WHERE key = ?", "i",
		artifact)));
}

jv
wb_add_aliases(struct gql *gql, jv self, jv args)
{
	struct store *store = wb_store(gql);
	jv input = record_get(args, "input");
	long long artifact =
	    wb_artifact_by_id(gql, wb_text(input, "artifactID"));

	(void)self;
	if (artifact != 0)
		set_aliases(store,
		    store_number(store, 0,
			"SELECT collection FROM wb_artifact WHERE key = ?", "i",
			artifact),
		    record_get(input, "aliases"), artifact);
	jv_free(input);
	return artifact != 0 ? record_set_bool(jv_object(), "success", true)
			     : jv_null();
}

jv
wb_delete_aliases(struct gql *gql, jv self, jv args)
{
	jv input = record_get(args, "input"), aliases;
	long long artifact =
	    wb_artifact_by_id(gql, wb_text(input, "artifactID"));

	(void)self;
	aliases = record_get(input, "aliases");
	for (int i = 0;
	     artifact != 0 && jv_get_kind(aliases) == JV_KIND_ARRAY &&
	     i < jv_array_length(jv_copy(aliases));
	     i++) {
		jv one = jv_array_get(jv_copy(aliases), i);

		(void)store_do(wb_store(gql),
		    "DELETE FROM wb_alias WHERE artifact = ? AND alias = ?",
		    "is", artifact, wb_text(one, "alias")); /* if it is there */
		jv_free(one);
	}
	jv_free(aliases);
	jv_free(input);
	return artifact != 0 ? record_set_bool(jv_object(), "success", true)
			     : jv_null();
}

jv
wb_update_artifact(struct gql *gql, jv self, jv args)
{
	struct store *store = wb_store(gql);
	jv input = record_get(args, "input");
	long long artifact =
	    wb_artifact_by_id(gql, wb_text(input, "artifactID"));

	(void)self;
	if (artifact != 0)
		(void)store_do(store,
		    "UPDATE wb_artifact SET description = coalesce(?, "
		    "description), metadata = coalesce(?, metadata) "
		    "WHERE key = ?",
		    "ssi", wb_text(input, "description"),
		    wb_text(input, "metadata"), artifact); /* it is there */
	jv_free(input);
	return artifact != 0
	    ? wb_payload("artifact", wb_artifact_node(store, artifact))
	    : jv_null();
}

jv
wb_delete_artifact(struct gql *gql, jv self, jv args)
{
	struct store *store = wb_store(gql);
	jv input = record_get(args, "input"), node;
	long long artifact =
	    wb_artifact_by_id(gql, wb_text(input, "artifactID"));

	(void)self;
	if (artifact == 0) {
		jv_free(input);
		return jv_null();
	}
	if (!record_true(input, "deleteAliases") &&
	    store_number(store, 0,
		"SELECT count(*) FROM wb_alias WHERE artifact = ?", "i",
		artifact) > 0) {
		jv_free(input);
		return gql_refuse(
		    gql, 409, "the artifact has aliases: deleteAliases");
	}
	node = wb_artifact_node(store, artifact);
	(void)store_do(store, "DELETE FROM wb_alias WHERE artifact = ?", "i",
	    artifact); /* if there are */
	(void)store_do(store,
	    "UPDATE wb_artifact SET state = 'DELETED' WHERE key = ?", "i",
	    artifact); /* it is there */
	jv_free(input);
	return wb_payload("artifact", node);
}
