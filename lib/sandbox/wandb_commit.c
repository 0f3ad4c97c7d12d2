/* SPDX-License-Identifier: MIT */
/*
 * sandbox/wandb_commit - whether an artifact is whole
 *
 * All that its manifest lists must have been put into the storage, with that
 * digest and size, and the digest of the list must be the one that was
 * announced. Manifests of the types PATCH and INCREMENTAL are put together:
 * all patches, and what the base has with what is new.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/md5.h>
#include <xxhash.h>

#include "digest.h"
#include "record.h"
#include "sandbox/wandb_parts.h"

/* What one manifest lists; invalid if it was not put. */
static jv
contents_of(struct store *store, long long object)
{
	struct buf text = { 0 };
	jv manifest, contents;

	if (object == 0 ||
	    !wb_object_read(store, object, WB_ARTIFACT_BYTES, &text)) {
		buf_release(&text);
		return jv_invalid();
	}
	manifest = jv_parse_sized(text.at, (int)text.len);
	contents = record_get(manifest, "contents");
	buf_release(&text);
	jv_free(manifest);
	if (jv_get_kind(contents) == JV_KIND_OBJECT)
		return contents;
	jv_free(contents);
	return jv_invalid();
}

jv
wb_artifact_contents(struct store *store, long long artifact)
{
	return contents_of(store,
	    store_number(store, 0,
		"SELECT object FROM wb_manifest m JOIN wb_artifact a "
		"ON a.manifest = m.key WHERE a.key = ? AND object NOT NULL",
		"i", artifact));
}

static void
xxh128_bytes(struct span text, uint8_t sum[MD5_DIGEST_SIZE])
{
	XXH128_canonical_t bytes;

	XXH128_canonicalFromHash(&bytes, XXH3_128bits(text.at, text.len));
	memcpy(sum, bytes.digest, MD5_DIGEST_SIZE);
}

/* Whether an object's XXH128 is digest. */
static bool
has_xxh128(struct store *store, long long object, const char *digest)
{
	uint8_t sum[MD5_DIGEST_SIZE];
	struct buf bytes = { 0 };
	bool has = false;
	char *text;

	if (object != 0 &&
	    wb_object_read(store, object, WB_ARTIFACT_BYTES, &bytes)) {
		xxh128_bytes((struct span){ bytes.at, bytes.len }, sum);
		text = digest_base64(sum, sizeof(sum));
		has = strcmp(text, digest) == 0;
		free(text);
	}
	buf_release(&bytes);
	return has;
}

static bool
is_xxh128(jv entry)
{
	jv extra = record_get(entry, "extra");
	const char *its = record_str(extra, "alg");
	bool is = its != NULL && strcmp(its, "XXH128") == 0;

	jv_free(extra);
	return is;
}

/*
 * Whether what a manifest's entry says was put, with this artifact or with the
 * one that it names; adds its size.
 */
static bool
entry_is_there(struct store *store, long long artifact, const char *name,
    jv entry, long long *bytes)
{
	const char *digest = wb_text(entry, "digest");
	long long object, birth, size = wb_number(entry, "size");

	*bytes += size;
	if (wb_text(entry, "ref") != NULL)
		return true;
	if (digest == NULL)
		return false;
	object = wb_artifact_object(store, artifact, digest, &birth);
	if (is_xxh128(entry)) {
		object = store_number(store, 0,
		    "SELECT f.object FROM wb_artifact_file f "
		    "JOIN wb_artifact a ON a.key = f.artifact "
		    "WHERE f.name = ?1 AND (a.key = ?2 OR a.id = ?3) "
		    "ORDER BY a.key = ?2 DESC LIMIT 1",
		    "sis", name, artifact, wb_text(entry, "birthArtifactID"));
		if (!has_xxh128(store, object, digest))
			object = 0;
	}
	return object != 0 &&
	    store_number(store, -1, "SELECT size FROM wb_object WHERE key = ?",
		"i", object) == size;
}

/* The digest of what a manifest lists, in hex. */
static void
digest_of(struct span lines, bool xxh128, char hex[33])
{
	uint8_t sum[MD5_DIGEST_SIZE];
	struct md5_ctx ctx;

	md5_init(&ctx);
	md5_update(&ctx, lines.len, (const uint8_t *)lines.at);
	md5_digest(&ctx, sizeof(sum), sum);
	if (xxh128)
		xxh128_bytes(lines, sum);
	for (size_t i = 0; i < sizeof(sum); i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", sum[i]); /* fits */
}

/* Goes over the contents: their digest in hex, and what is not there. */
static char *
check_contents(struct store *store, long long artifact, jv contents,
    bool xxh128, char hex[33], long long *bytes, int *count)
{
	jv keys = jv_keys(jv_copy(contents));
	struct buf lines = { 0 };
	char *missing = NULL;

	buf_adds(&lines, "wandb-artifact-manifest-v1\n");
	*count = jv_array_length(jv_copy(keys));
	for (int i = 0; i < *count; i++) {
		jv key = jv_array_get(jv_copy(keys), i);
		jv entry = jv_object_get(jv_copy(contents), jv_copy(key));
		const char *digest = wb_text(entry, "digest");
		const char *name = jv_string_value(key);

		buf_addf(&lines, "%s:%s\n", name, digest != NULL ? digest : "");
		if (missing == NULL &&
		    !entry_is_there(store, artifact, name, entry, bytes))
			missing = xstrdup(name);
		jv_free(entry);
		jv_free(key);
	}
	jv_free(keys);
	digest_of((struct span){ lines.at, lines.len }, xxh128, hex);
	buf_release(&lines);
	return missing;
}

/* Keeps merged contents as the manifest of an artifact. Borrows contents. */
static void
keep_merged(struct store *store, long long artifact, jv contents)
{
	jv text = jv_dump_string(jv_object_set(jv_object(),
				     jv_string("contents"), jv_copy(contents)),
	    0);
	long long object = wb_object(store, "wandb_manifest.json", NULL);

	wb_object_put(store, object, span_of(jv_string_value(text)));
	jv_free(text);
	(void)store_do(store,
	    "INSERT INTO wb_manifest(artifact, name, type, object) "
	    "VALUES(?, 'wandb_manifest.json', 'MERGED', ?)",
	    "ii", artifact, object); /* one row always */
	(void)store_do(store,
	    "UPDATE wb_artifact SET manifest = ? WHERE key = ?", "ii",
	    store_last(store), artifact); /* it is there */
}

/*
 * The patches and increments of an artifact put together; null if it has none
 * that was put, its manifest is a full one then.
 */
static jv
merged_contents(struct store *store, long long artifact)
{
	jv rows = wb_nodes_of(store_query(store,
	    "SELECT base, object FROM wb_manifest WHERE artifact = ? AND "
	    "type IN ('PATCH', 'INCREMENTAL') AND object NOT NULL "
	    "ORDER BY key",
	    "i", artifact));
	jv contents = jv_null();

	for (int i = 0; i < jv_array_length(jv_copy(rows)); i++) {
		jv row = jv_array_get(jv_copy(rows), i);
		jv base = wb_artifact_contents(store, wb_number(row, "base"));
		jv own = contents_of(store, wb_number(row, "object"));

		if (jv_get_kind(contents) != JV_KIND_OBJECT) {
			jv_free(contents);
			contents =
			    jv_is_valid(base) ? jv_copy(base) : jv_object();
		}
		if (jv_is_valid(own))
			contents = jv_object_merge(contents, jv_copy(own));
		jv_free(base);
		jv_free(own);
		jv_free(row);
	}
	jv_free(rows);
	return contents;
}

static void
set_committed(struct store *store, long long artifact, const char *digest,
    long long bytes, int count)
{
	(void)store_do(store,
	    "UPDATE wb_artifact SET state = 'COMMITTED', digest = ?, "
	    "size = ?, fileCount = ? WHERE key = ?",
	    "siii", digest, bytes, (long long)count,
	    artifact); /* it is there */
}

/* Why an artifact cannot be committed; NULL if it can, and size is noted. */
static char *
commit(struct store *store, long long artifact)
{
	jv merged = merged_contents(store, artifact), contents, row;
	bool is_merged = jv_get_kind(merged) == JV_KIND_OBJECT, xxh128;
	char hex[33], *missing, *why = NULL;
	const char *algorithm;
	long long bytes = 0;
	int count;

	contents =
	    is_merged ? jv_copy(merged) : wb_artifact_contents(store, artifact);
	jv_free(merged);
	if (!jv_is_valid(contents)) {
		jv_free(contents);
		return xstrdup("its manifest was not put");
	}
	row = wb_node_of(store_query(store,
	    "SELECT digest, algorithm FROM wb_artifact WHERE key = ?", "i",
	    artifact));
	algorithm = wb_text(row, "algorithm");
	xxh128 = algorithm != NULL && strcmp(algorithm, "MANIFEST_XXH128") == 0;
	missing = check_contents(
	    store, artifact, contents, xxh128, hex, &bytes, &count);
	if (missing != NULL)
		why = xasprintf(
		    "%s was not put with that digest and size", missing);
	else if (!is_merged && strcmp(wb_text(row, "digest"), hex) != 0)
		why = xasprintf("its digest is %s, announced was %s", hex,
		    wb_text(row, "digest"));
	else if (is_merged)
		keep_merged(store, artifact, contents);
	if (why == NULL)
		set_committed(store, artifact, hex, bytes, count);
	jv_free(contents);
	jv_free(row);
	free(missing);
	return why;
}

jv
wb_commit_artifact(struct gql *gql, jv self, jv args)
{
	struct store *store = wb_store(gql);
	jv input = record_get(args, "input"), out = jv_null();
	long long artifact =
	    wb_artifact_by_id(gql, wb_text(input, "artifactID"));
	char *why;

	(void)self;
	jv_free(input);
	if (artifact == 0)
		return out;
	/* Again is the same. */
	why = store_number(store, 0,
		  "SELECT state = 'COMMITTED' FROM wb_artifact WHERE key = ?",
		  "i", artifact)
	    ? NULL
	    : commit(store, artifact);
	if (why == NULL)
		return wb_payload(
		    "artifact", wb_artifact_node(store, artifact));
	wb_violation(wb_request(gql),
	    store_number(store, 0, "SELECT run FROM wb_artifact WHERE key = ?",
		"i", artifact),
	    "commitArtifact: %s", why);
	out = gql_refuse(gql, 400, "the artifact is not whole: %s", why);
	free(why);
	return out;
}
