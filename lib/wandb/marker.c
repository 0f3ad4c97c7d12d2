/* SPDX-License-Identifier: MIT */
/*
 * marker - FILE.synced, which says that a run file is on the server
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "file.h"
#include "mem.h"
#include "record.h"
#include "wandb/marker.h"

enum { MOST = 65536 };

static char *
name_of(const char *path, bool partial)
{
	return xasprintf("%s.%s", path, partial ? "partial" : "synced");
}

/* jv_null() if there is none of ours, for a file of that size. */
static jv
load(const char *path, bool partial, off_t size)
{
	char *name = name_of(path, partial);
	struct buf text = { 0 };
	jv error = file_read(name, MOST, &text);
	jv marker = jv_null();

	if (jv_is_valid(error) && text.len > 0)
		marker = jv_parse_sized(text.at, (int)text.len);
	if (record_str(marker, "sha256") == NULL ||
	    record_int(marker, "size", -1) != (long long)size) {
		jv_free(marker);
		marker = jv_null();
	}
	jv_free(error);
	buf_release(&text);
	free(name);
	return marker;
}

static bool
allowed(jv marker, const struct selection *leave)
{
	jv words = record_get(marker, "left_out");
	bool allowed = jv_get_kind(marker) == JV_KIND_OBJECT &&
	    selection_has(leave, words);

	jv_free(words);
	return allowed;
}

jv
marker_read(const char *path, int fd, const struct selection *leave)
{
	char sha256[DIGEST_SHA256_TEXT];
	struct stat st;
	jv marker;

	if (fstat(fd, &st) < 0)
		return jv_null();
	marker = load(path, false, st.st_size);
	if (!allowed(marker, leave)) {
		jv_free(marker);
		marker = load(path, true, st.st_size);
	}
	/* The size costs nothing and mostly tells. */
	if (allowed(marker, leave) &&
	    digest_file(fd, st.st_size, NULL, sha256) &&
	    strcmp(record_str(marker, "sha256"), sha256) == 0)
		return marker;
	jv_free(marker);
	return jv_null();
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
	jv words = record_get(fields, "left_out");
	bool partial = jv_get_kind(words) == JV_KIND_ARRAY;
	char *name = name_of(path, partial);
	char sha256[DIGEST_SHA256_TEXT];
	jv text, outcome;

	jv_free(words);
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
	if (!partial && jv_is_valid(outcome)) {
		name = name_of(path, true);
		(void)unlink(name); /* it is true, only too modest */
		free(name);
	}
	return outcome;
}

jv
marker_remove(const char *path)
{
	jv outcome = jv_null();

	for (int partial = 0; partial < 2; partial++) {
		char *name = name_of(path, partial);

		if (unlink(name) < 0 && errno != ENOENT) {
			jv_free(outcome);
			outcome =
			    error_value("io", "%s: %s", name, strerror(errno));
		}
		free(name);
	}
	return outcome;
}
