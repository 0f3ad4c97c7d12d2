/* SPDX-License-Identifier: MIT */
/*
 * filerow - a row of the table `files` of a self-hosted W&B server
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "digest.h"
#include "json.h"
#include "minio/filerow.h"

enum { MUCH = 65536 }; /* bytes that are written at once */

void
filerow_fill(struct filerow *row, const struct objects *objects,
    const struct object *object)
{
	row->whole_key = object_key(object);
	(void)objectkey_split(row->whole_key, &row->key); /* it did before */
	row->etag = object_etag(objects, object, row->etag_text);
	row->type = object_type(objects, object);
	if (row->type.len == 0 && !object->removed)
		row->type = span_of("application/octet-stream");
	row->md5 = object_has_md5(object) ? object->sum : NULL;
	row->size = object->size;
	row->removed = object->removed;
	event_time_text(object->time, row->at);
}

static void
add_text(struct buf *out, const char *name, struct span text)
{
	buf_adds(out, name);
	json_quote(out, text);
}

static void
add_meta(struct buf *out, const struct filerow *row)
{
	char *md5 = row->md5 != NULL ? digest_base64(row->md5, OBJECT_MD5)
				     : xstrdup("");

	add_text(out, ",\"meta\":{\"md5\":", span_of(md5));
	add_text(out, ",\"etag\":", row->etag);
	buf_adds(out, ",\"size\":");
	buf_add_whole(out, row->size);
	add_text(out, ",\"name\":", row->whole_key);
	buf_adds(out, ",\"bucket\":\"s3://");
	json_quote_part(out, span_of(row->bucket));
	buf_addf(out,
	    "\",\"crc32c\":\"\",\"updated\":\"%sZ\",\"generation\":\"null\"",
	    row->at);
	add_text(out, ",\"contentType\":", row->type);
	buf_addc(out, '}');
	free(md5);
}

void
filerow_record(struct buf *out, const struct filerow *row)
{
	buf_adds(out, "{\"run\":\"");
	json_quote_part(out, row->key.path);
	buf_addc(out, '/');
	json_quote_part(out, row->key.run);
	add_text(out, "\",\"name\":", row->key.name);
	if (row->type.len > 0)
		add_text(out, ",\"mimetype\":", row->type);
	if (row->project_id.len > 0) {
		buf_adds(out, ",\"project_id\":");
		buf_add(out, row->project_id.at, row->project_id.len);
	}
	add_text(out, ",\"run_name\":", row->key.run);
	add_meta(out, row);
	buf_adds(out, ",\"storage_bucket\":\"s3://");
	json_quote_part(out, span_of(row->bucket));
	add_text(out, "\",\"storage_entity_name\":", row->key.entity);
	add_text(out, ",\"storage_project_name\":", row->key.project);
	add_text(out, ",\"storage_run_name\":", row->key.run);
	add_text(out, ",\"storage_file_name\":", row->key.name);
	if (row->removed)
		buf_addf(out, ",\"deleted_at\":\"%sZ\"", row->at);
	buf_adds(out, "}\n");
}

void
filerow_write(struct buf *out, bool at_end)
{
	if (out->len == 0 || (out->len < MUCH && !at_end))
		return;
	if (fwrite(out->at, 1, out->len, stdout) != out->len ||
	    fflush(stdout) == EOF)
		die(STATUS_STREAM, "standard output: %s", strerror(errno));
	buf_clear(out);
}
