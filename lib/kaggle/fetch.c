/* SPDX-License-Identifier: MIT */
/*
 * fetch - one file of a kernel's output: asked for, checked, written, named
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "kaggle/fetch.h"
#include "mem.h"
#include "record.h"
#include "safepath.h"

enum {
	SLICE = 64 * 1024, /* read at once, */
	SLICES = 16,       /* and that often before others get their turn */
	RESTARTS = 2,      /* from the beginning, for answers that do not fit */
	BEHIND = 8 << 20,  /* bytes of which the disk is told at once */
};

/* Ends the fetch; consumes why. */
static void
fail(struct fetch *fetch, jv why)
{
	jv_free(fetch->error);
	fetch->error = why;
	fetch->state = FETCH_DONE;
}

/* What errno says about a file of ours, as a value. */
static jv
disk_error(struct fetch *fetch)
{
	switch (errno) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
	case EROFS:
	case EIO:
		fetch->disk_full = true;
		break;
	}
	return error_value("io", "%s: %s", fetch->name,
	    errno == ELOOP ? "a symbolic link is in its way" : strerror(errno));
}

const char *
fetch_refuse(const char *name, size_t len)
{
	const char *why = safepath_refuse(name, len);

	if (why == NULL &&
	    strncmp(name, MANIFEST_OURS, strlen(MANIFEST_OURS)) == 0)
		why = "names that begin with " MANIFEST_OURS " are ours";
	return why;
}

/* The head of the last answer. */

static long long
number_of(const char *text)
{
	long long number = -1;
	char end;

	if (text == NULL || sscanf(text, "%lld%c", &number, &end) != 1)
		return -1;
	return number;
}

static bool
same(const char *one, const char *other)
{
	return one != NULL && other != NULL && strcmp(one, other) == 0;
}

/* Whether Content-Range says bytes FIRST-LAST/SIZE, up to the end. */
static bool
range_of(const struct fetch *fetch, long long *first, long long *last,
    long long *size)
{
	const char *text = http_header(&fetch->call, "Content-Range");
	char total[32], end;

	if (text == NULL ||
	    sscanf(text, "bytes %lld-%lld/%31[0-9*]%c", first, last, total,
		&end) != 3)
		return false;
	*size = strcmp(total, "*") == 0 ? -1 : number_of(total);
	return *first >= 0 && *first <= *last;
}

/* A page where a file should be. */
static bool
is_foreign_page(const struct fetch *fetch)
{
	const char *type = http_header(&fetch->call, "Content-Type");
	const char *dot = strrchr(fetch->name, '.');

	if (type == NULL || strncasecmp(type, "text/html", 9) != 0)
		return false;
	return dot == NULL ||
	    (strcasecmp(dot, ".html") != 0 && strcasecmp(dot, ".htm") != 0);
}

/* How the body is packed; NULL if it is not. */
static const char *
coding_of(const struct fetch *fetch)
{
	const char *coding = http_header(&fetch->call, "Content-Encoding");

	return coding != NULL && strcasecmp(coding, "identity") != 0 ? coding
								     : NULL;
}

/* The part. */

static void
forget_sum(struct fetch *fetch)
{
	fetch->have = 0;
	sha256_init(&fetch->sum);
}

static bool
open_part(struct fetch *fetch)
{
	char part[MANIFEST_PART];

	manifest_part(fetch->name, part);
	fetch->fd = openat(manifest_folder(fetch->manifest), part,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
	return fetch->fd >= 0;
}

static void
close_part(struct fetch *fetch)
{
	if (fetch->fd >= 0)
		close(fetch->fd);
	fetch->fd = -1;
}

static void
remove_part(struct fetch *fetch)
{
	char part[MANIFEST_PART];

	close_part(fetch);
	manifest_part(fetch->name, part);
	/* There may be none. */
	(void)unlinkat(manifest_folder(fetch->manifest), part, 0);
}

/* What may stand behind If-Range: no weak ETag. */
static const char *
validator(const struct fetch *fetch)
{
	const char *etag = fetch->known.etag;

	return etag != NULL && strncmp(etag, "W/", 2) != 0
	    ? etag
	    : fetch->known.last_modified;
}

/* A body from its beginning: notes what it will be, and makes room for it. */
static bool
begin_part(struct fetch *fetch)
{
	const char *etag = http_header(&fetch->call, "ETag");
	const char *modified = http_header(&fetch->call, "Last-Modified");
	jv why;

	manifest_entry_release(&fetch->known);
	fetch->known.version = fetch->version;
	fetch->known.bytes = fetch->total;
	fetch->known.etag = etag ? xstrdup(etag) : NULL;
	fetch->known.last_modified = modified ? xstrdup(modified) : NULL;

	why = manifest_put(fetch->manifest, fetch->name, &fetch->known);
	if (!jv_is_valid(why)) {
		fetch->disk_full = true;
		fetch->call.error = why;
		return false;
	}
	forget_sum(fetch);
	if ((fetch->fd < 0 && !open_part(fetch)) ||
	    ftruncate(fetch->fd, 0) != 0) {
		fetch->call.error = disk_error(fetch);
		return false;
	}
	return true;
}

/* Whether an answer to the question about a whole file says that it is so. */
static bool
is_unchanged(const struct fetch *fetch)
{
	long long first, last;
	long long size = number_of(http_header(&fetch->call, "Content-Length"));

	if (fetch->known.etag != NULL)
		return same(
		    http_header(&fetch->call, "ETag"), fetch->known.etag);
	if (fetch->call.status == 206 && !range_of(fetch, &first, &last, &size))
		return false;
	return size == fetch->known.bytes &&
	    same(http_header(&fetch->call, "Last-Modified"),
		fetch->known.last_modified);
}

/* Whether a 206 goes on exactly where we are. */
static bool
continues(const struct fetch *fetch)
{
	const char *etag = http_header(&fetch->call, "ETag");
	long long first, last, size;

	return fetch->have > 0 && range_of(fetch, &first, &last, &size) &&
	    first == fetch->have && (size < 0 || last == size - 1) &&
	    (size < 0 || fetch->known.bytes < 0 ||
		size == fetch->known.bytes) &&
	    (etag == NULL || fetch->known.etag == NULL ||
		same(etag, fetch->known.etag)) &&
	    coding_of(fetch) == NULL;
}

/* The head of a whole body. False if the body is not wanted. */
static bool
take_head(struct fetch *fetch)
{
	const char *coding = coding_of(fetch);

	if (coding != NULL && strcasecmp(coding, "gzip") != 0) {
		fetch->call.error = error_value("unavailable",
		    "%s: it comes in the coding %s", fetch->name, coding);
		return false;
	}
	if (coding != NULL && !fetch->call.gzip) {
		/* Not asked for, but the file is what is in it. */
		fetch->call.gzip = true;
		fetch->restart = true;
		return false;
	}
	if (is_foreign_page(fetch)) {
		fetch->call.error = error_value("unavailable",
		    "%s: a page (text/html) came instead of the file",
		    fetch->name);
		return false;
	}
	fetch->total = coding != NULL
	    ? -1
	    : number_of(http_header(&fetch->call, "Content-Length"));
	if (fetch->most >= 0 && fetch->total > fetch->most) {
		fetch->too_big = true;
		return false;
	}
	return begin_part(fetch);
}

/* Looks at the head of an answer, once in a try. */
static bool
hear(struct fetch *fetch)
{
	long long first, last, size;

	fetch->heard = true;
	if (fetch->checking) {
		fetch->kept = is_unchanged(fetch);
		fetch->ignore = fetch->call.status == 206; /* of one byte */
		if (fetch->kept)
			return false;
		fetch->checking = false;
		forget_sum(fetch);
		fetch->restart = fetch->ignore;
		if (fetch->restart)
			return false;
	}
	if (fetch->call.status == 200)
		return take_head(fetch);
	if (fetch->call.status != 206) {
		fetch->call.error = error_value("unavailable",
		    "%s: status %d is no answer to this", fetch->name,
		    fetch->call.status);
		return false;
	}
	if (!continues(fetch)) {
		fetch->restart = true;
		return false;
	}
	(void)range_of(fetch, &first, &last, &size); /* continues() did it */
	fetch->total = last + 1;
	if (fetch->most >= 0 && fetch->total > fetch->most)
		fetch->too_big = true;
	return !fetch->too_big;
}

/* The call. */

static void
set_header(struct fetch *fetch, size_t at, char *text)
{
	free(fetch->header[at]);
	fetch->header[at] = text;
	fetch->headers[at] = text;
}

/* Each try goes on where the one before it was cut. */
static bool
begin(struct http_call *call)
{
	struct fetch *fetch = call->context;

	fetch->heard = false;
	fetch->kept = false;
	fetch->restart = false;
	fetch->ignore = false;
	set_header(fetch, 0, NULL);
	set_header(fetch, 1, NULL);
	if (fetch->checking && fetch->known.etag != NULL) {
		set_header(fetch, 0,
		    xasprintf("If-None-Match: %s", fetch->known.etag));
	} else if (fetch->checking) {
		set_header(fetch, 0, xstrdup("Range: bytes=0-0"));
	} else if (fetch->have > 0 && validator(fetch) != NULL && !call->gzip) {
		set_header(
		    fetch, 0, xasprintf("Range: bytes=%lld-", fetch->have));
		set_header(
		    fetch, 1, xasprintf("If-Range: %s", validator(fetch)));
	}
	return true;
}

/* Begins to write what came to the disk: at the end fsync(2) has less to do. */
static void
write_behind(const struct fetch *fetch, size_t len)
{
	long long ends = fetch->have / BEHIND * BEHIND;

	/* A hint: fsync(2) is what tells of failures. */
	if (fetch->have - (long long)len < ends)
		(void)sync_file_range(
		    fetch->fd, ends - BEHIND, BEHIND, SYNC_FILE_RANGE_WRITE);
}

static bool
sink(struct http_call *call, const void *bytes, size_t len)
{
	struct fetch *fetch = call->context;
	const char *at = bytes;
	size_t done = 0;

	if (!fetch->heard && !hear(fetch))
		return fetch->ignore;
	if (fetch->ignore)
		return true;
	if (fetch->total >= 0 && (long long)len > fetch->total - fetch->have) {
		call->error = error_value("unavailable",
		    "%s: more came than was announced", fetch->name);
		return false;
	}
	if (fetch->most >= 0 && (long long)len > fetch->most - fetch->have) {
		fetch->too_big = true;
		return false;
	}
	while (done < len) {
		ssize_t n =
		    pwrite(fetch->fd, at + done, len - done, fetch->have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			call->error = disk_error(fetch);
			return false;
		}
		sha256_update(
		    &fetch->sum, (size_t)n, (const uint8_t *)at + done);
		fetch->have += n;
		done += (size_t)n;
	}
	write_behind(fetch, len);
	if (fetch->moved != NULL)
		fetch->moved(fetch->context);
	return true;
}

static void
answered(struct http_call *call)
{
	struct fetch *fetch = call->context;

	fetch->state = FETCH_ANSWERED;
}

static void
ask(struct fetch *fetch)
{
	http_release(&fetch->call);
	fetch->call = (struct http_call){
		.method = "GET",
		.url = fetch->url,
		.headers = fetch->headers,
		.gzip = fetch->call.gzip,
		.safe = true,
		.transfer = true,
		.deadline = fetch->deadline,
		.name = fetch->name,
		.begin = begin,
		.sink = sink,
		.done = answered,
		.context = fetch,
		.error = jv_null(),
	};
	fetch->state = FETCH_ASKING;
	http_start(&fetch->call);
}

void
fetch_again(struct fetch *fetch, const char *url)
{
	fetch->url = url;
	fetch->expired = false;
	jv_free(fetch->error);
	fetch->error = jv_null();
	ask(fetch);
}

/* From the beginning; not for ever. */
static void
start_over(struct fetch *fetch)
{
	if (++fetch->restarts > RESTARTS) {
		fail(fetch,
		    error_value("unavailable",
			"%s: the answers to Range do not fit the file",
			fetch->name));
		return;
	}
	forget_sum(fetch);
	ask(fetch);
}

/* What is whole gets its name. */
static void
finish(struct fetch *fetch)
{
	char part[MANIFEST_PART], sum[DIGEST_SHA256_TEXT];
	const char *base;
	int parent, done;

	manifest_part(fetch->name, part);
	if (fsync(fetch->fd) != 0) {
		fail(fetch, disk_error(fetch));
		return;
	}
	parent = safepath_parent(
	    manifest_folder(fetch->manifest), fetch->name, true, &base);
	done = parent < 0
	    ? -1
	    : renameat(manifest_folder(fetch->manifest), part, parent, base);
	if (done != 0) {
		fail(fetch, disk_error(fetch));
	} else {
		digest_sha256_text(&fetch->sum, sum);
		fetch->known.whole = true;
		fetch->known.bytes = fetch->have;
		fetch->known.sha256 = xstrdup(sum);
		fail(fetch,
		    manifest_put(fetch->manifest, fetch->name, &fetch->known));
		fetch->disk_full |= !jv_is_valid(fetch->error);
	}
	if (parent >= 0)
		close(parent);
}

static void
judge(struct fetch *fetch)
{
	struct http_call *call = &fetch->call;
	bool whole = jv_is_valid(call->error);

	/* An empty body never came by sink(). */
	if (whole && !fetch->heard && !hear(fetch))
		whole = false;
	if (fetch->checking && call->status == 304)
		fetch->kept = true;

	if (fetch->kept) {
		fetch->have = fetch->total = fetch->known.bytes;
		fail(fetch, jv_null());
	} else if (fetch->too_big) {
		remove_part(fetch);
		fail(fetch, jv_null());
	} else if (fetch->restart ||
	    (call->status == 416 && (fetch->have > 0 || fetch->checking))) {
		fetch->checking = false;
		start_over(fetch);
	} else if (!whole) {
		/* What a signed URL says when its time is over. */
		fetch->expired = call->status == 400 || call->status == 401 ||
		    call->status == 403 || call->status == 410;
		fail(fetch, jv_copy(call->error));
	} else if (fetch->total >= 0 && fetch->have != fetch->total) {
		fail(fetch,
		    error_value("unavailable", "%s: %lld of %lld bytes came",
			fetch->name, fetch->have, fetch->total));
	} else {
		finish(fetch);
	}
	if (fetch->state == FETCH_DONE && !fetch->expired)
		close_part(fetch);
}

/* What is here already. */

/* The whole file, if it is here and as long as it was. */
static bool
open_whole(struct fetch *fetch)
{
	const char *base;
	int parent = safepath_parent(
	    manifest_folder(fetch->manifest), fetch->name, false, &base);
	struct stat st;

	if (parent < 0)
		return false;
	fetch->fd = openat(parent, base, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	close(parent);
	fetch->end = fetch->known.bytes;
	if (fetch->fd >= 0 && fstat(fetch->fd, &st) == 0 &&
	    S_ISREG(st.st_mode) && st.st_size == fetch->known.bytes)
		return true;
	close_part(fetch);
	return false;
}

/* What came of it before. */
static bool
open_rest(struct fetch *fetch)
{
	struct stat st;

	if (!open_part(fetch) || fstat(fetch->fd, &st) != 0)
		return false;
	fetch->end = st.st_size;
	/* If nothing is missing, the last byte is asked for: as a check. */
	if (fetch->end == fetch->known.bytes)
		fetch->end--;
	return fetch->end > 0 &&
	    (fetch->known.bytes < 0 || fetch->end < fetch->known.bytes);
}

/* Reads on; the sum then is that of all that is here. */
static void
read_on(struct fetch *fetch)
{
	unsigned char slice[SLICE];
	int i;

	for (i = 0; i < SLICES && fetch->have < fetch->end; i++) {
		long long left = fetch->end - fetch->have;
		ssize_t n = pread(fetch->fd, slice,
		    left < SLICE ? (size_t)left : SLICE, fetch->have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		sha256_update(&fetch->sum, (size_t)n, slice);
		fetch->have += n;
	}
	if (fetch->have < fetch->end && i == SLICES)
		return;

	if (fetch->checking) {
		char sum[DIGEST_SHA256_TEXT];

		digest_sha256_text(&fetch->sum, sum);
		fetch->checking = same(sum, fetch->known.sha256);
		close_part(fetch);
		forget_sum(fetch);
	}
	ask(fetch);
}

/* Whether the file's own name is free, or taken by such a file. */
static bool
is_free(struct fetch *fetch)
{
	const char *base;
	int parent = safepath_parent(
	    manifest_folder(fetch->manifest), fetch->name, true, &base);
	struct stat st;
	bool there;

	if (parent < 0) {
		fail(fetch, disk_error(fetch));
		return false;
	}
	there = fstatat(parent, base, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (!there && errno != ENOENT) {
		fail(fetch, disk_error(fetch));
	} else if (there && !S_ISREG(st.st_mode)) {
		fail(fetch,
		    error_value("conflict", "%s: a %s has its name",
			fetch->name,
			S_ISDIR(st.st_mode)       ? "folder"
			    : S_ISLNK(st.st_mode) ? "symbolic link"
						  : "device"));
	}
	close(parent);
	return fetch->state != FETCH_DONE;
}

void
fetch_start(struct fetch *fetch)
{
	fetch->state = FETCH_READING;
	fetch->error = jv_null();
	fetch->call.error = jv_null();
	fetch->total = -1;
	fetch->fd = -1;
	forget_sum(fetch);
	if (!is_free(fetch))
		return;

	(void)manifest_find(fetch->manifest, fetch->name, &fetch->known);
	fetch->checking = fetch->known.whole &&
	    (fetch->known.etag != NULL ||
		(fetch->known.last_modified != NULL &&
		    fetch->known.bytes > 0)) &&
	    open_whole(fetch);
	if (fetch->checking)
		return;
	if (!fetch->known.whole && validator(fetch) != NULL && open_rest(fetch))
		return;
	close_part(fetch);
	ask(fetch);
}

void
fetch_work(struct fetch *fetch)
{
	if (fetch->state == FETCH_READING)
		read_on(fetch);
	else if (fetch->state == FETCH_ANSWERED)
		judge(fetch);
}

void
fetch_release(struct fetch *fetch)
{
	if (http_pending(&fetch->call))
		http_cancel(&fetch->call);
	http_release(&fetch->call);
	set_header(fetch, 0, NULL);
	set_header(fetch, 1, NULL);
	manifest_entry_release(&fetch->known);
	close_part(fetch);
	jv_free(fetch->error);
	fetch->error = jv_null();
}
