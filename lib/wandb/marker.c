/* SPDX-License-Identifier: MIT */
/*
 * marker - FILE.synced, which says that a run file is on the server
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "digest.h"
#include "file.h"
#include "mem.h"
#include "record.h"
#include "wandb/marker.h"

enum { MOST = 65536 };

jv
marker_read(const char *path, int fd)
{
	char *name = xasprintf("%s.synced", path);
	struct buf text = { 0 };
	char sha256[DIGEST_SHA256_TEXT];
	jv error = file_read(name, MOST, &text);
	jv marker = jv_null();
	struct stat st;

	if (jv_is_valid(error) && text.len > 0)
		marker = jv_parse_sized(text.at, (int)text.len);
	/* The size costs nothing and mostly tells. */
	if (record_str(marker, "sha256") == NULL || fstat(fd, &st) < 0 ||
	    record_int(marker, "size", -1) != (long long)st.st_size ||
	    !digest_file(fd, st.st_size, NULL, sha256) ||
	    strcmp(record_str(marker, "sha256"), sha256) != 0) {
		jv_free(marker);
		marker = jv_null();
	}
	jv_free(error);
	buf_release(&text);
	free(name);
	return marker;
}

bool
marker_claims(const char *path, off_t size)
{
	char *name = xasprintf("%s.synced", path);
	struct buf text = { 0 };
	jv error = file_read(name, MOST, &text), marker = jv_null();
	bool claims = jv_is_valid(error) && text.len == 0;

	if (jv_is_valid(error) && text.len > 0)
		marker = jv_parse_sized(text.at, (int)text.len);
	if (record_str(marker, "sha256") != NULL)
		claims = record_int(marker, "size", -1) == (long long)size;
	jv_free(marker);
	jv_free(error);
	buf_release(&text);
	free(name);
	return claims;
}

jv
marker_write(const char *path, int fd, off_t size, jv fields)
{
	char *name = xasprintf("%s.synced", path);
	char sha256[DIGEST_SHA256_TEXT];
	jv text, outcome;

	if (!digest_file(fd, size, NULL, sha256)) {
		jv_free(fields);
		free(name);
		return error_value("io", "%s: %s", path, strerror(errno));
	}
	fields = record_set_number(fields, "size", (double)size);
	fields = record_set_str(fields, "sha256", sha256);
	text = jv_string_append_str(jv_dump_string(fields, 0), "\n");
	outcome = file_replace(name, jv_string_value(text),
	    (size_t)jv_string_length_bytes(jv_copy(text)));
	jv_free(text);
	free(name);
	return outcome;
}
