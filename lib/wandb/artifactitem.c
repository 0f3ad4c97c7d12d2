/* SPDX-License-Identifier: MIT */
/*
 * artifactitem - one file of an artifact on its way to the server
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record.h"
#include "wandb/artifactitem.h"

static const char complete_query[] =
    "mutation CompleteMultipartUploadArtifact("
    "$completeMultipartAction: CompleteMultipartAction!, "
    "$completedParts: [UploadPartsInput!]!, $artifactID: ID!, "
    "$storagePath: String!, $uploadID: String!) {"
    " completeMultipartUploadArtifact(input: {"
    "completeMultipartAction: $completeMultipartAction,"
    " completedParts: $completedParts, artifactID: $artifactID,"
    " storagePath: $storagePath, uploadID: $uploadID}) { digest } }";

/* KW_MULTIPART, for tests, is a number of bytes. */
static int64_t
parts_from(void)
{
	const char *text = getenv("KW_MULTIPART");
	int64_t from = text != NULL ? strtoll(text, NULL, 10) : 0;

	return from > 0 ? from : (int64_t)ITEM_PARTS_FROM << 20;
}

void
item_init(struct item *item, const struct artifact_entry *entry,
    enum checksum_kind kind)
{
	*item = (struct item){
		.path = xstrndup(entry->path.at, entry->path.len),
		.local = xstrndup(entry->local.at, entry->local.len),
		.digest = xstrndup(entry->digest.at, entry->digest.len),
		.size = entry->size,
		.kind = kind,
		.xxh128 = entry->xxh128,
		.why = jv_null(),
		.parts = jv_null(),
		.node = jv_null(),
		.etags = jv_object(),
	};
	if (entry->stamp == NULL)
		return;
	item->stamped = true;
	item->stamp = *entry->stamp;
	(void)snprintf(item->md5, sizeof item->md5, "%s", item->digest);
	item->checked = item->size < parts_from();
}

void
item_release(struct item *item)
{
	free(item->path);
	free(item->local);
	free(item->digest);
	jv_free(item->why);
	jv_free(item->parts);
	jv_free(item->node);
	jv_free(item->etags);
	buf_release(&item->member);
}

void
item_lose(struct item *item, jv why)
{
	jv_free(item->why);
	item->why = why;
	item->state = ITEM_LOST;
	item->here = false;
}

/* ---- what is here ---- */

static void
lose_here(struct item *item, jv why)
{
	item_lose(item, why);
	item->here = true;
}

/* With KW_MULTIPART there are twenty parts in such a file, too. */
static int64_t
part_size(int64_t size)
{
	int64_t part = (int64_t)ITEM_PART << 20;
	int64_t from = parts_from();

	if (from != (int64_t)ITEM_PARTS_FROM << 20)
		return (from + 19) / 20;
	if (size < part * ITEM_PARTS_MOST)
		return part;
	part = (size + ITEM_PARTS_MOST - 1) / ITEM_PARTS_MOST;
	return (part + 4095) / 4096 * 4096;
}

bool
item_needs_check(const struct item *item)
{
	return item->xxh128 || item->kind == CHECKSUM_XXH128 ||
	    item->size >= parts_from();
}

bool
artifact_stamp(int fd, struct artifact_stamp *stamp, int64_t *size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	*stamp = (struct artifact_stamp){ st.st_ino,
		(int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec };
	*size = st.st_size;
	return true;
}

bool
artifact_stamp_is(const struct artifact_stamp *stamp, int64_t size, int fd)
{
	struct artifact_stamp now;
	int64_t its;

	return artifact_stamp(fd, &now, &its) && its == size &&
	    now.inode == stamp->inode && now.modified == stamp->modified;
}

static bool
is_as_measured(const struct item *item, int fd)
{
	return !item->stamped ||
	    artifact_stamp_is(&item->stamp, item->size, fd);
}

static void
lose_changed(struct item *item)
{
	lose_here(item,
	    error_value(
		"conflict", "%s changed while it was read", item->local));
}

static int
open_file(struct item *item, const struct artifact_context *context)
{
	jv why;
	int fd = staged_open(context->staged, span_of(item->local),
	    item->stamped ? -1 : item->size, &why);

	if (fd < 0) {
		lose_here(item, why);
		return -1;
	}
	jv_free(why);
	if (is_as_measured(item, fd))
		return fd;
	lose_changed(item);
	close(fd);
	return -1;
}

/* The numbers of parts, from 1, and their digests. */
static bool
measure_parts(struct item *item, int fd)
{
	int64_t part = part_size(item->size);
	char hex[CHECKSUM_HEX];
	jv one;

	jv_free(item->parts);
	item->parts = jv_array();
	for (int64_t at = 0; at < item->size; at += part) {
		int64_t left = item->size - at;

		if (!checksum_part(fd, at, left < part ? left : part, hex))
			return false;
		one = record_set_number(
		    jv_object(), "partNumber", (double)(at / part + 1));
		item->parts = jv_array_append(
		    item->parts, record_set_str(one, "hexMD5", hex));
	}
	return true;
}

void
item_check(struct item *item, const struct artifact_context *context)
{
	char xxh128[CHECKSUM_TEXT] = "";
	bool both = item->xxh128 || item->kind == CHECKSUM_XXH128;
	int fd = open_file(item, context);

	if (fd < 0)
		return;
	if (item->stamped) {
		if (!measure_parts(item, fd))
			lose_here(item,
			    error_value(
				"io", "%s: %s", item->local, strerror(errno)));
		else if (is_as_measured(item, fd))
			item->checked = true;
		else
			lose_changed(item);
		close(fd);
		return;
	}
	if (!checksum_file(fd, item->size, item->md5, both ? xxh128 : NULL) ||
	    (item->size >= parts_from() && !measure_parts(item, fd)))
		lose_here(item,
		    error_value("io", "%s: %s", item->local, strerror(errno)));
	else if (strcmp(item->digest, xxh128) == 0 ||
	    (!item->xxh128 && strcmp(item->digest, item->md5) == 0))
		item->checked = true;
	else
		lose_here(item,
		    error_value("conflict",
			"%s is not what was logged: its digest is another",
			item->local));
	close(fd);
}

/* ---- the address ---- */

jv
item_spec(const struct item *item, const char *artifact_id,
    const char *manifest_id, bool digests)
{
	bool xxh128 = item->kind == CHECKSUM_XXH128;
	bool parted = jv_get_kind(item->parts) == JV_KIND_ARRAY;
	const char *md5 = item->checked ? item->md5 : item->digest;
	jv spec = record_set_str(jv_object(), "artifactID", artifact_id);

	spec = record_set_str(spec, "name", item->path);
	/* Upstream: none where the storage could not check the whole by it. */
	spec = record_set_str(spec, "md5", xxh128 && parted ? "" : md5);
	if (digests)
		spec =
		    record_set_str(spec, "digest", xxh128 ? item->digest : md5);
	spec = record_set_str(spec, "artifactManifestID", manifest_id);
	spec = jv_object_set(spec, jv_string("mimetype"), jv_null());
	return jv_object_set(
	    spec, jv_string("uploadPartsInput"), jv_copy(item->parts));
}

void
item_take(struct item *item, jv edge)
{
	jv_free(item->node);
	item->node = record_get(edge, "node");
	if (jv_get_kind(item->node) != JV_KIND_OBJECT)
		item_lose(item,
		    error_value("rejected", "the server gave no address"));
	else
		item->state = record_str(item->node, "uploadUrl") != NULL
		    ? ITEM_SEND
		    : ITEM_THERE;
	jv_free(edge);
}

/* ---- the bytes ---- */

static void
put_done(const struct put *put, jv error, const char *etag)
{
	struct item *item = put->context;
	char key[24];

	if (!jv_is_valid(error)) {
		item_lose(item, jv_copy(error));
	} else if (!is_as_measured(item, put->fd)) {
		lose_changed(item);
	} else if (put->part == 0) {
		item->state = ITEM_THERE;
	} else if (etag == NULL) {
		item_lose(item,
		    error_value("unavailable", "a part was put without ETag"));
	} else {
		(void)snprintf(key, sizeof key, "%d", put->part); /* fits */
		item->etags = record_set_str(item->etags, key, etag);
	}
}

static void
start_whole(struct item *item, struct puts *puts,
    const struct artifact_context *context)
{
	struct put put = { .url = record_str(item->node, "uploadUrl"),
		.headers = record_get(item->node, "uploadHeaders"),
		.name = item->path,
		.size = (off_t)item->size,
		.close = true,
		.done = put_done,
		.context = item };

	put.fd = open_file(item, context);
	if (put.fd >= 0)
		puts_start(puts, &put);
	jv_free(put.headers);
}

/* The headers of a part: its digest, and the type that the whole has. */
static jv
part_headers(const struct item *item, int number)
{
	jv all = record_get(item->node, "uploadHeaders"), headers = jv_array();
	jv part = jv_array_get(jv_copy(item->parts), number - 1);
	char md5[CHECKSUM_TEXT];
	int n = jv_get_kind(all) == JV_KIND_ARRAY
	    ? jv_array_length(jv_copy(all))
	    : 0;

	if (checksum_base64_of_hex(record_str(part, "hexMD5"), md5))
		headers = jv_array_append(
		    headers, jv_string_fmt("Content-MD5: %s", md5));
	for (int i = 0; i < n; i++) {
		jv line = jv_array_get(jv_copy(all), i);

		if (jv_get_kind(line) == JV_KIND_STRING &&
		    strncasecmp(jv_string_value(line), "Content-Type:", 13) ==
			0)
			headers = jv_array_append(headers, jv_copy(line));
		jv_free(line);
	}
	jv_free(part);
	jv_free(all);
	return headers;
}

/* One of uploadUrlParts, which is consumed. */
static void
start_part(struct item *item, struct puts *puts, jv part,
    const struct artifact_context *context)
{
	int number = (int)record_int(part, "partNumber", 0);
	int count = jv_array_length(jv_copy(item->parts));
	int64_t size = part_size(item->size);
	struct put put = { .url = record_str(part, "uploadUrl"),
		.name = item->path,
		.at = (off_t)(size * (number - 1)),
		.close = true,
		.done = put_done,
		.context = item,
		.part = number };

	if (put.url == NULL || number < 1 || number > count) {
		item_lose(item,
		    error_value("unavailable",
			"CreateArtifactFiles: parts that were not asked for"));
	} else if ((put.fd = open_file(item, context)) >= 0) {
		put.size =
		    number < count ? (off_t)size : (off_t)item->size - put.at;
		put.headers = part_headers(item, number);
		puts_start(puts, &put);
		jv_free(put.headers);
	}
	jv_free(part);
}

void
item_start(struct item *item, struct puts *puts,
    const struct artifact_context *context)
{
	jv urls = record_get(item->node, "uploadMultipartUrls");
	jv parts = record_get(urls, "uploadUrlParts");
	int count = jv_get_kind(parts) == JV_KIND_ARRAY
	    ? jv_array_length(jv_copy(parts))
	    : 0;

	/* Not every storage takes parts. */
	if (jv_get_kind(item->parts) != JV_KIND_ARRAY || count == 0)
		start_whole(item, puts, context);
	for (int i = 0; i < count && item->state == ITEM_SEND &&
	     jv_get_kind(item->parts) == JV_KIND_ARRAY;
	     i++)
		start_part(
		    item, puts, jv_array_get(jv_copy(parts), i), context);
	jv_free(parts);
	jv_free(urls);
}

/* The parts that were put: their numbers and the storage's word for them. */
static jv
completed(const struct item *item)
{
	int count = jv_array_length(jv_copy(item->parts));
	jv parts = jv_array(), part;
	char key[24];

	for (int i = 1; i <= count; i++) {
		(void)snprintf(key, sizeof key, "%d", i); /* fits */
		part = record_set_number(jv_object(), "partNumber", i);
		part = record_take(part, "hexMD5", item->etags, key);
		parts = jv_array_append(parts, part);
	}
	return parts;
}

void
item_complete(struct item *item, const struct artifact_context *context)
{
	jv urls = record_get(item->node, "uploadMultipartUrls");
	jv artifact = record_get(item->node, "artifact");
	jv v = jv_object(), data;
	int put = jv_object_length(jv_copy(item->etags));
	int count = jv_array_length(jv_copy(item->parts));

	v = record_set_str(v, "completeMultipartAction", "Complete");
	v = jv_object_set(v, jv_string("completedParts"), completed(item));
	v = record_take(v, "artifactID", artifact, "id");
	v = record_take(v, "storagePath", item->node, "storagePath");
	v = record_take(v, "uploadID", urls, "uploadID");
	if (put == count) {
		data =
		    wandb_ask(context->wandb, "CompleteMultipartUploadArtifact",
			complete_query, v, true, context->deadline);
	} else {
		jv_free(v);
		data = error_value("unavailable",
		    "CreateArtifactFiles: addresses for %d of %d parts", put,
		    count);
	}
	if (jv_is_valid(data)) {
		jv_free(data);
		item->state = ITEM_THERE;
	} else {
		item_lose(item, data);
	}
	jv_free(urls);
	jv_free(artifact);
}
