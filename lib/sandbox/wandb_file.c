/* SPDX-License-Identifier: MIT */
/*
 * sandbox/wandb_file - the storage behind signed URLs, and a run's files
 *
 * The storage plays another host, "localhost": a client that sends its key
 * there along with a redirect, or with an upload, is found out.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "digest.h"
#include "record.h"
#include "sandbox/wandb_parts.h"

/* ---- objects ---- */

long long
wb_object(struct store *store, const char *name, const char *md5)
{
	(void)store_do(store,
	    "INSERT INTO wb_object(name, wanted) VALUES(?, ?)", "ss", name,
	    md5); /* one row always */
	return store_last(store);
}

/* It proves nothing; it shows whether a URL was kept whole. */
static void
sign(long long object, char text[DIGEST_SHA256_TEXT])
{
	struct sha256_ctx ctx;
	char from[40];

	(void)snprintf(from, sizeof(from), "storage %lld", object); /* fits */
	sha256_init(&ctx);
	sha256_update(&ctx, strlen(from), (const uint8_t *)from);
	digest_sha256_text(&ctx, text);
}

static void
add_encoded(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++)
		if (isalnum((unsigned char)*text) || strchr("/-._~", *text))
			buf_addc(out, *text);
		else
			buf_addf(out, "%%%02X", (unsigned char)*text);
}

jv
wb_object_url(struct request *request, long long object, bool put)
{
	sqlite3_stmt *row = store_query(request->store,
	    "SELECT name FROM wb_object WHERE key = ? AND "
	    "(? OR data IS NOT NULL)",
	    "ii", object, (long long)put);
	char signature[DIGEST_SHA256_TEXT];
	struct buf url = { 0 };
	jv out;

	if (!store_row(row))
		return jv_null();
	sign(object, signature);
	buf_addf(
	    &url, "%s/storage/%lld/", server_storage(request->server), object);
	add_encoded(&url, store_text(row, 0));
	buf_addf(&url, "?X-Expires=3600&X-Signature=%s", signature);
	store_done(row);
	out = jv_string(url.at);
	buf_release(&url);
	return out;
}

jv
wb_object_headers(struct store *store, long long object)
{
	sqlite3_stmt *row = store_query(
	    store, "SELECT wanted FROM wb_object WHERE key = ?", "i", object);
	char *extra = wb_setting(store, "upload_headers", "[]");
	jv headers = jv_parse(extra);

	if (store_row(row)) {
		if (store_text(row, 0) != NULL)
			headers = jv_array_append(headers,
			    jv_string_fmt(
				"Content-MD5: %s", store_text(row, 0)));
		store_done(row);
	}
	free(extra);
	return headers;
}

long long
wb_object_with(struct store *store, const char *md5)
{
	return store_number(store, 0,
	    "SELECT key FROM wb_object WHERE md5 = ? AND wanted NOT NULL", "s",
	    md5);
}

bool
wb_object_read(
    struct store *store, long long object, size_t most, struct buf *out)
{
	long long data = store_number(
	    store, 0, "SELECT data FROM wb_object WHERE key = ?", "i", object);
	long long size = data != 0 ? store_size(store, data) : -1, at = 0;
	long got = 1;

	if (size < 0)
		return false;
	if ((size_t)size > most)
		size = (long long)most;
	buf_reserve(out, (size_t)size + 1);
	/* The store gives a piece at a time. */
	for (; at < size && got > 0; at += got) {
		got = store_get(
		    store, data, at, out->at + out->len, (size_t)(size - at));
		out->len += (size_t)got;
	}
	out->at[out->len] = '\0';
	return at == size;
}

void
wb_object_put(struct store *store, long long object, struct span bytes)
{
	struct md5_ctx ctx;
	char md5[DIGEST_MD5_TEXT];
	long long old = store_number(
	    store, 0, "SELECT data FROM wb_object WHERE key = ?", "i", object);

	if (old != 0)
		store_drop(store, old);
	md5_init(&ctx);
	md5_update(&ctx, bytes.len, (const uint8_t *)bytes.at);
	digest_md5_text(&ctx, md5);
	(void)store_do(store,
	    "UPDATE wb_object SET data = ?, size = ?, md5 = ?, updatedAt = ? "
	    "WHERE key = ?",
	    "iisdi", store_put(store, bytes), (long long)bytes.len, md5,
	    clock_now(), object); /* it is there */
}

/* ---- PUT and GET ---- */

static void
refuse(struct request *request, int status, const char *code)
{
	char *text = xasprintf("<?xml version=\"1.0\"?><Error><Code>%s</Code>"
			       "</Error>",
	    code);

	reply_text(request, status, "application/xml", span_of(text));
	free(text);
}

/* The object that a signed URL is for; 0, and it has replied, if it is none. */
static long long
signed_object(struct request *request)
{
	long long object = strtoll(request->rest, NULL, 10);
	const char *given = request_query(request, "X-Signature");
	char signature[DIGEST_SHA256_TEXT];

	sign(object, signature);
	if (given != NULL && strcmp(given, signature) == 0)
		return object;
	wb_violation(request, 0, "%s %s without the URL's signature",
	    request->method, request->path);
	refuse(request, 403, "SignatureDoesNotMatch");
	return 0;
}

/* Whether all headers came that were handed out with the URL. */
static bool
headers_came(struct request *request, long long object)
{
	jv headers = wb_object_headers(request->store, object);
	bool all = true;

	for (int i = 0; i < jv_array_length(jv_copy(headers)); i++) {
		jv header = jv_array_get(jv_copy(headers), i);
		char *name = xstrdup(jv_string_value(header));
		char *value = strchr(name, ':');
		const char *came;

		if (value != NULL) {
			*value++ = '\0';
			value += strspn(value, " ");
			came = request_header(request, name);
			if (came == NULL || strcmp(came, value) != 0) {
				wb_violation(request, 0,
				    "PUT %s without the "
				    "header %s that came with its URL",
				    request->path, name);
				all = false;
			}
		}
		free(name);
		jv_free(header);
	}
	jv_free(headers);
	return all;
}

static void
put_bytes(struct request *request, long long object)
{
	struct md5_ctx ctx;
	uint8_t sum[MD5_DIGEST_SIZE];
	const char *given = request_header(request, "Content-MD5");
	const char *length = request_header(request, "Content-Length");
	char *md5, etag[2 * MD5_DIGEST_SIZE + 3] = "\"";

	md5_init(&ctx);
	md5_update(&ctx, request->body.len, (const uint8_t *)request->body.at);
	md5_digest(&ctx, sizeof(sum), sum);
	md5 = digest_base64(sum, sizeof(sum));
	if (length != NULL && strtoull(length, NULL, 10) != request->body.len) {
		wb_violation(request, 0, "PUT %s: %zu bytes, announced %s",
		    request->path, request->body.len, length);
		refuse(request, 400, "IncompleteBody");
	} else if (given != NULL && strcmp(given, md5) != 0) {
		wb_violation(request, 0, "PUT %s: Content-MD5 %s, but it is %s",
		    request->path, given, md5);
		refuse(request, 400, "BadDigest");
	} else {
		for (size_t i = 0; i < sizeof(sum); i++)
			(void)snprintf(
			    etag + 1 + 2 * i, 3, "%02x", sum[i]); /* fits */
		etag[sizeof(etag) - 2] = '"';
		wb_object_put(request->store, object, request->body);
		reply_header(request, "ETag", etag);
		reply_text(request, 200, "text/plain", span_of(""));
	}
	free(md5);
}

void
wb_answer_put(struct request *request)
{
	const char *coding = request_header(request, "Transfer-Encoding");
	long long object;

	if (request_header(request, "Authorization") != NULL) {
		wb_violation(
		    request, 0, "Authorization was sent to %s", request->path);
		refuse(request, 400, "InvalidArgument");
		return;
	}
	if (coding != NULL ||
	    request_header(request, "Content-Length") == NULL) {
		wb_violation(
		    request, 0, "PUT %s without a length", request->path);
		refuse(request, 411, "MissingContentLength");
		return;
	}
	object = signed_object(request);
	if (object == 0)
		return;
	if (!headers_came(request, object))
		refuse(request, 403, "SignatureDoesNotMatch");
	else
		put_bytes(request, object);
}

/* What was put there, whole or a part of it. */
static void
reply_object(struct request *request, long long object)
{
	struct content content;
	char etag[40];
	jv node = wb_node_of(store_query(request->store,
	    "SELECT data, md5 FROM wb_object WHERE key = ? AND data NOT NULL",
	    "i", object));

	if (jv_get_kind(node) != JV_KIND_OBJECT) {
		refuse(request, 404, "NoSuchKey");
	} else {
		content =
		    store_content(request->store, wb_number(node, "data"));
		(void)snprintf(
		    etag, sizeof(etag), "\"%s\"", wb_text(node, "md5"));
		content.type = "application/octet-stream";
		content.etag = etag;
		reply_content(request, &content);
	}
	jv_free(node);
}

void
wb_answer_get(struct request *request)
{
	long long object;

	if (request_header(request, "Authorization") != NULL) {
		wb_violation(
		    request, 0, "Authorization was sent to %s", request->path);
		refuse(request, 400, "InvalidArgument");
		return;
	}
	object = signed_object(request);
	if (object == 0)
		return;
	reply_object(request, object);
}

/* The digest, in base64, that a part of a path is in hex; NULL if it is none.
 */
static char *
digest_in(const char *part, size_t len)
{
	uint8_t sum[MD5_DIGEST_SIZE];
	char hex[3] = { 0 };

	if (len != 2 * sizeof(sum) || strspn(part, "0123456789abcdef") < len)
		return NULL;
	for (size_t i = 0; i < sizeof(sum); i++) {
		memcpy(hex, part + 2 * i, 2);
		sum[i] = (uint8_t)strtoul(hex, NULL, 16);
	}
	return digest_base64(sum, sizeof(sum));
}

/* GET /artifactsV2/.../HEXMD5/NAME and /artifacts/ENTITY/HEXMD5, with a key. */
void
wb_answer_artifact(struct request *request)
{
	char *md5 = NULL;
	long long object = 0;

	if (!wb_authorized(request))
		return;
	for (const char *at = request->rest; *at != '\0';) {
		size_t len = strcspn(at, "/");
		char *digest = digest_in(at, len);

		if (digest != NULL) { /* a name before it may look like one */
			free(md5);
			md5 = digest;
		}
		at += len + (at[len] == '/');
	}
	if (md5 != NULL)
		object = wb_object_with(request->store, md5);
	free(md5);
	reply_object(request, object);
}

/* ---- a run's files ---- */

jv
wb_create_run_files(struct gql *gql, jv self, jv args)
{
	struct store *store = wb_store(gql);
	jv input = record_get(args, "input"), names, files = jv_array();
	jv node, out = jv_null();
	long long run;

	(void)self;
	names = record_get(input, "files");
	if (wb_run(store, wb_text(input, "entityName"),
		wb_text(input, "projectName"), wb_text(input, "runName"),
		&run) != WB_FOUND) {
		(void)gql_refuse(gql, 404, "run not found");
		goto done;
	}
	for (int i = 0; jv_get_kind(names) == JV_KIND_ARRAY &&
	     i < jv_array_length(jv_copy(names));
	     i++) {
		jv name = jv_array_get(jv_copy(names), i), file;
		const char *text = jv_get_kind(name) == JV_KIND_STRING
		    ? jv_string_value(name)
		    : "";
		long long object = store_number(store, 0,
		    "SELECT object FROM wb_file WHERE run = ? AND name = ?",
		    "is", run, text);

		if (object == 0) {
			object = wb_object(store, text, NULL);
			(void)store_do(store,
			    "INSERT INTO wb_file(run, name, object) "
			    "VALUES(?, ?, ?)",
			    "isi", run, text, object);
		}
		if (*text == '/' || *text == '\0' ||
		    strstr(text, "../") != NULL)
			wb_violation(wb_request(gql), run,
			    "createRunFiles for the name %s", text);
		file = jv_object_set(jv_object(), jv_string("name"), name);
		file = jv_object_set(file, jv_string("uploadUrl"),
		    wb_object_url(wb_request(gql), object, true));
		files = jv_array_append(files, file);
	}
	node = wb_run_node(store, run);
	out = record_set_str(jv_object(), "runID", wb_text(node, "id"));
	out = jv_object_set(
	    out, jv_string("uploadHeaders"), wb_object_headers(store, 0));
	out = jv_object_set(out, jv_string("files"), jv_copy(files));
	jv_free(node);
done:
	jv_free(files);
	jv_free(names);
	jv_free(input);
	return out;
}

jv
wb_mark_uploaded(struct gql *gql, jv self, jv args)
{
	struct store *store = wb_store(gql);
	jv input = record_get(args, "input"), names;
	long long run;

	(void)self;
	names = record_get(input, "files");
	if (wb_run(store, wb_text(input, "entityName"),
		wb_text(input, "projectName"), wb_text(input, "runName"),
		&run) != WB_FOUND) {
		jv_free(names);
		jv_free(input);
		return gql_refuse(gql, 404, "run not found");
	}
	for (int i = 0; jv_get_kind(names) == JV_KIND_ARRAY &&
	     i < jv_array_length(jv_copy(names));
	     i++) {
		jv name = jv_array_get(jv_copy(names), i);

		if (jv_get_kind(name) == JV_KIND_STRING &&
		    store_do(store,
			"UPDATE wb_file SET uploaded = 1 WHERE run = ? AND "
			"name = ? AND object IN (SELECT key FROM wb_object "
			"WHERE data IS NOT NULL)",
			"is", run, jv_string_value(name)) == 0)
			wb_violation(wb_request(gql), run,
			    "markRunFilesUploaded names %s, which was never "
			    "put",
			    jv_string_value(name));
		jv_free(name);
	}
	jv_free(names);
	jv_free(input);
	return record_set_bool(jv_object(), "success", true);
}

jv
wb_delete_files(struct gql *gql, jv self, jv args)
{
	jv input = record_get(args, "input"), ids = record_get(input, "files");
	long long project = wb_number(input, "projectId");
	bool all = true;

	(void)self;
	for (int i = 0; jv_get_kind(ids) == JV_KIND_ARRAY &&
	     i < jv_array_length(jv_copy(ids));
	     i++) {
		jv id = jv_array_get(jv_copy(ids), i);

		all &= jv_get_kind(id) == JV_KIND_STRING &&
		    store_do(wb_store(gql),
			"DELETE FROM wb_file WHERE 'File:' || key = "
			"?1 AND (?2 = 0 OR run IN "
			"(SELECT key FROM wb_run WHERE project = ?2))",
			"si", jv_string_value(id), project) == 1;
		jv_free(id);
	}
	jv_free(ids);
	jv_free(input);
	if (!all)
		return gql_refuse(gql, 404, "file not found");
	return record_set_bool(jv_object(), "success", true);
}

static const char *
mime_type(const char *name)
{
	static const struct {
		const char *end, *type;
	} types[] = { { ".json", "application/json" }, { ".txt", "text/plain" },
		{ ".log", "text/plain" }, { ".yaml", "text/yaml" },
		{ ".png", "image/png" }, { ".html", "text/html" } };
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (len > strlen(types[i].end) &&
		    strcmp(name + len - strlen(types[i].end), types[i].end) ==
			0)
			return types[i].type;
	return "application/octet-stream";
}

/* Where a file is got with a key: it leads on to the signed URL. */
static char *
download_url(struct request *request, jv run, const char *name)
{
	struct buf url = { 0 };

	buf_addf(&url, "%s/files/", server_url(request->server));
	add_encoded(&url, wb_text(run, "_entity"));
	buf_addc(&url, '/');
	add_encoded(&url, wb_text(run, "_projectName"));
	buf_addc(&url, '/');
	add_encoded(&url, wb_text(run, "name"));
	buf_addc(&url, '/');
	add_encoded(&url, name);
	return buf_take(&url);
}

static bool
among(jv names, jv node)
{
	bool found = false;
	int count = jv_get_kind(names) == JV_KIND_ARRAY
	    ? jv_array_length(jv_copy(names))
	    : 0;

	for (int i = 0; i < count && !found; i++) {
		jv name = jv_array_get(jv_copy(names), i);

		found = jv_get_kind(name) == JV_KIND_STRING &&
		    strcmp(jv_string_value(name), wb_text(node, "name")) == 0;
		jv_free(name);
	}
	return found || count == 0;
}

/* Whether the storage tells of files; else clients have to. */
static bool
storage_tells(struct store *store)
{
	char *events = wb_setting(store, "storage_events", "true");
	bool tells = *events != '\0';

	free(events);
	return tells;
}

jv
wb_run_files(struct gql *gql, jv self, jv args)
{
	struct request *request = wb_request(gql);
	const char *pattern = wb_text(args, "pattern");
	sqlite3_stmt *row = store_query(request->store,
	    "SELECT 'File:' || f.key AS id, f.name, f.name AS displayName, "
	    "o.key AS _object, CAST(o.size AS TEXT) AS sizeBytes, md5, "
	    "md5 AS digest, o.updatedAt FROM wb_file f "
	    "JOIN wb_object o ON o.key = f.object "
	    "WHERE run = ? AND data NOT NULL AND (? OR uploaded) "
	    "AND f.name LIKE ? ORDER BY f.name",
	    "iis", wb_number(self, "_key"),
	    (long long)storage_tells(request->store),
	    pattern != NULL && *pattern != '\0' ? pattern : "%");
	jv nodes = jv_array(), names = record_get(args, "names");

	while (store_row(row)) {
		jv node = wb_node(row);
		char *url;

		if (!among(names, node)) {
			jv_free(node);
			continue;
		}
		url = download_url(request, self, wb_text(node, "name"));
		node = record_set_str(node, "url", url);
		node = record_set_str(
		    node, "mimetype", mime_type(wb_text(node, "name")));
		nodes = jv_array_append(nodes, node);
		free(url);
	}
	jv_free(names);
	return wb_page(nodes, args, 50);
}

jv
wb_run_file_count(struct gql *gql, jv self, jv args)
{
	(void)args;
	return jv_number((double)store_number(wb_store(gql), 0,
	    "SELECT count(*) FROM wb_file f JOIN wb_object o "
	    "ON o.key = f.object WHERE run = ? AND data NOT NULL "
	    "AND (? OR uploaded)",
	    "ii", wb_number(self, "_key"),
	    (long long)storage_tells(wb_store(gql))));
}

static jv
file_url(struct gql *gql, jv self, jv args)
{
	jv url = record_get(self, "url"), upload = record_get(args, "upload");

	if (jv_get_kind(upload) == JV_KIND_TRUE || !jv_is_valid(url)) {
		jv_free(url);
		url = wb_object_url(wb_request(gql), wb_number(self, "_object"),
		    jv_get_kind(upload) == JV_KIND_TRUE);
	}
	jv_free(upload);
	return url;
}

static jv
file_direct_url(struct gql *gql, jv self, jv args)
{
	(void)args;
	return wb_object_url(
	    wb_request(gql), wb_number(self, "_object"), false);
}

static const struct gql_field file_fields[] = {
	{ .name = "id" },
	{ .name = "name" },
	{ .name = "displayName" },
	{ .name = "url", .args = "upload", .resolve = file_url },
	{ .name = "directUrl", .resolve = file_direct_url },
	{ .name = "sizeBytes" },
	{ .name = "storagePath" },
	{ .name = "mimetype" },
	{ .name = "updatedAt" },
	{ .name = "digest" },
	{ .name = "md5" },
	{ 0 },
};

static const struct gql_type file_type = { "File", NULL, file_fields };

static const struct gql_field file_edge_fields[] = {
	{ .name = "cursor" },
	{ .name = "node", .type = &file_type },
	{ 0 },
};

static const struct gql_type file_edge = { "FileEdge", NULL, file_edge_fields };

static const struct gql_field file_connection_fields[] = {
	{ .name = "edges", .type = &file_edge },
	{ .name = "pageInfo", .type = &wb_page_info },
	{ .name = "totalCount" },
	{ 0 },
};

const struct gql_type wb_file_connection = { "FileConnection", NULL,
	file_connection_fields };

/* GET /files/ENTITY/PROJECT/RUN/NAME: leads on to the storage. */
void
wb_answer_download(struct request *request)
{
	char *name;
	long long run, object = 0;
	jv url;

	if (!wb_authorized(request))
		return;
	if (wb_run_at(request->store, request->rest, &run, &name) == WB_FOUND)
		object = store_number(request->store, 0,
		    "SELECT object FROM wb_file WHERE run = ? AND name = ?",
		    "is", run, name);
	url = wb_object_url(request, object, false);
	if (jv_get_kind(url) == JV_KIND_STRING) {
		reply_header(request, "Location", jv_string_value(url));
		reply_text(request, 302, "text/plain", span_of(""));
	} else {
		reply_json(request, 404,
		    record_set_str(jv_object(), "error", "file not found"));
	}
	jv_free(url);
	free(name);
}
