/* SPDX-License-Identifier: MIT */
/*
 * kaggle/kernelfiles - the files that a kernel's program carries
 */
#include "kaggle/kernelfiles.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "json.h"
#include "record.h"
#include "safepath.h"

enum { MOST = 64 << 20 }; /* bytes; packed they must be much fewer */
enum { LEVEL = 9 };       /* of 12; those above take long for little */

static const char lfs[] = "version https://git-lfs.github.com/spec/";

/* Appends a file to the stream. */
static jv
add_file(void *context, const struct git_file *file)
{
	static const char *const kinds[] = { [GIT_FILE] = "file",
		[GIT_PROGRAM] = "program",
		[GIT_LINK] = "link" };
	struct buf *stream = context;
	struct span bytes = file->bytes;
	const char *name = file->name;
	const char *why = safepath_refuse(name, strlen(name));

	if (why != NULL)
		return error_value("input", "%s: %s", name, why);
	if (!json_is_utf8(span_of(name)))
		return error_value("input", "%s: its name is not UTF-8", name);
	if (bytes.len >= strlen(lfs) && memcmp(bytes.at, lfs, strlen(lfs)) == 0)
		return error_value("input",
		    "%s: is kept by Git LFS; the commit has only a pointer",
		    name);
	buf_addf(stream, "[\"%s\",%zu,", kinds[file->kind], bytes.len);
	json_quote(stream, span_of(name));
	buf_adds(stream, "]\n");
	buf_add(stream, bytes.at, bytes.len);
	return jv_null();
}

/* The stream as a program carries it; the caller's to free. */
static char *
compressed(const struct buf *stream)
{
	struct libdeflate_compressor *compressor =
	    libdeflate_alloc_compressor(LEVEL);
	size_t room, len;
	char *packed, *text;

	if (compressor == NULL)
		die(STATUS_STREAM, "no memory");
	room = libdeflate_zlib_compress_bound(compressor, stream->len);
	packed = xcalloc(1, room);
	len = libdeflate_zlib_compress(compressor,
	    stream->at != NULL ? stream->at : "", stream->len, packed, room);
	libdeflate_free_compressor(compressor);
	text = digest_base64(packed, len);
	free(packed);
	return text;
}

jv
kernelfiles_pack(struct git_source *source, const char *commit, char **text)
{
	struct buf stream = { 0 };
	jv why;

	if (source == NULL)
		return error_value(
		    "input", "the record has no repo, which --embed needs");
	why = git_source_files(source, commit, MOST, add_file, &stream);
	if (jv_is_valid(why))
		*text = compressed(&stream);
	buf_release(&stream);
	return why;
}
