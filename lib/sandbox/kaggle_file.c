/* SPDX-License-Identifier: MIT */
/*
 * sandbox/kaggle_file - the content of an output file: from a real file, from
 * the script, or made up, as large as the script says
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "record.h"
#include "sandbox/kaggle_parts.h"

enum { HTTP_DATE = 40 };

struct source {
	int fd;     /* a real file; -1: none */
	char *text; /* the script's; NULL: made up */
	long long size;
	unsigned long long seed;
};

/* The number that stands at place n of a made up file (splitmix64). */
static unsigned long long
made_up(unsigned long long seed, unsigned long long n)
{
	unsigned long long z = seed + (n + 1) * 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static void
make_up(
    const struct source *source, long long at, unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len;) {
		unsigned long long place = (unsigned long long)at + i;
		unsigned long long number = made_up(source->seed, place / 8);

		for (size_t j = place % 8; j < 8 && i < len; j++, i++)
			bytes[i] = (unsigned char)(number >> (8 * j));
	}
}

static long
source_read(void *context, long long at, void *bytes, size_t len)
{
	const struct source *source = context;

	if (at >= source->size)
		return 0;
	if ((long long)len > source->size - at)
		len = (size_t)(source->size - at);
	if (source->fd >= 0)
		return pread(source->fd, bytes, len, at);
	if (source->text != NULL)
		memcpy(bytes, source->text + at, len);
	else
		make_up(source, at, bytes, len);
	return (long)len;
}

static void
source_close(void *context)
{
	struct source *source = context;

	if (source->fd >= 0)
		close(source->fd);
	free(source->text);
	free(source);
}

static void
http_date(double time, char text[HTTP_DATE])
{
	time_t seconds = (time_t)time;
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL ||
	    strftime(text, HTTP_DATE, "%a, %d %b %Y %H:%M:%S GMT", &tm) == 0)
		text[0] = '\0';
}

/* Opens what the script, else path, says; NULL if the file is not there. */
static struct source *
source_open(const char *name, const char *path, jv script, double *modified)
{
	struct source *source = xcalloc(1, sizeof *source);
	jv text = record_get(script, "content");
	struct stat info;

	source->fd = -1;
	source->seed = (unsigned long long)record_int(script, "seed", 0);
	for (; name != NULL && *name != '\0'; name++)
		source->seed = source->seed * 31 + (unsigned char)*name;
	source->size = record_int(script, "bytes", 0);
	if (jv_get_kind(text) == JV_KIND_STRING) {
		source->size = jv_string_length_bytes(jv_copy(text));
		source->text = xcalloc(1, (size_t)source->size + 1);
		memcpy(
		    source->text, jv_string_value(text), (size_t)source->size);
	}
	jv_free(text);
	if (source->text != NULL || path == NULL)
		return source;

	source->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (source->fd < 0 || fstat(source->fd, &info) != 0) {
		source_close(source);
		return NULL;
	}
	source->size = info.st_size;
	*modified = (double)info.st_mtime;
	return source;
}

/* Whether the script says "field": false, so that there is none. */
static bool
is_off(jv script, const char *field)
{
	jv value = record_get(script, field);
	bool off = jv_get_kind(value) == JV_KIND_FALSE;

	jv_free(value);
	return off;
}

void
kaggle_send_file(
    struct request *request, const char *name, const char *path, jv script)
{
	double modified = 1767225600; /* 2026-01-01 */
	struct source *source = source_open(name, path, script, &modified);
	const char *given = record_str(script, "modified");
	const char *etag = record_str(script, "etag");
	int status = (int)record_int(script, "status", 0);
	char date[HTTP_DATE], *tag = NULL;
	struct content content = { .type = record_str(script, "type"),
		.read = source_read,
		.close = source_close,
		.ranges = !is_off(script, "ranges"),
		.context = source };

	if (source == NULL || status != 0) {
		if (source != NULL)
			source_close(source);
		reply_text(request, status != 0 ? status : 404, "text/html",
		    span_of("<html><body>Error</body></html>\n"));
		jv_free(script);
		return;
	}
	if (given != NULL)
		modified = clock_parse(given);
	http_date(modified, date);
	if (etag == NULL)
		tag = xasprintf("\"%llx-%llx\"", (unsigned long long)modified,
		    (unsigned long long)source->size + source->seed);
	else
		tag = xasprintf("\"%s\"", etag);
	content.size = record_true(script, "chunked") ? -1 : source->size;
	content.etag = is_off(script, "etag") ? NULL : tag;
	content.modified = is_off(script, "modified") ? NULL : date;
	reply_content(request, &content);
	free(tag);
	jv_free(script);
}
