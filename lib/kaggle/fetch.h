/* SPDX-License-Identifier: MIT */
/*
 * fetch - one file of a kernel's output: asked for, checked, written, named
 *
 * Many of them are under way at once:
 *
 *	fetch_start(&fetch);
 *	while (fetch.state != FETCH_DONE) {
 *		if (fetch.state == FETCH_ASKING)
 *			http_drive();
 *		else
 *			fetch_work(&fetch);
 *	}
 *
 * What is here whole (manifest.h) is read, and if it is what was fetched, the
 * server is asked whether that is still so: with If-None-Match, or for one byte
 * if it gave no ETag. Everything else goes to a file of a short name at the top
 * of the folder, and gets its own name when it is whole: its length is what the
 * server announced, and it is on the disk. What a cut leaves there is gone on
 * with (Range and If-Range), in the same call and in another process; an answer
 * that does not fit begins it anew. The page of a login or an error that comes
 * with status 200 is known by its Content-Type, text/html for another file.
 */
#ifndef FETCH_H
#define FETCH_H

#include <stdbool.h>
#include <sys/types.h>

#include <jv.h>
#include <nettle/sha2.h>

#include "http.h"
#include "kaggle/manifest.h"

enum fetch_state {
	FETCH_READING,  /* what is here is being read; fetch_work() goes on */
	FETCH_ASKING,   /* its call is under way */
	FETCH_ANSWERED, /* the call is done; fetch_work() judges it */
	FETCH_DONE,
};

struct fetch {
	/* Set by the caller, and all else zero. */
	struct manifest *manifest;
	const char *name;  /* must have passed fetch_refuse() */
	const char *url;   /* gets no credential */
	long long version; /* of the kernel, 0 if that is not known */
	long long most;    /* bytes that are wanted; -1: all */
	const struct deadline *deadline; /* NULL: none */
	void (*moved)(void *context);    /* as bytes come; NULL: not */
	void *context;

	enum fetch_state state;

	/* The outcome. */
	jv error;        /* jv_null() if it is here, whole, or too big */
	bool too_big;    /* larger than most, and not fetched */
	bool kept;       /* was here already, unchanged */
	bool expired;    /* the URL is refused: another one may do */
	bool disk_full;  /* or broken: no other file will fare better */
	long long have;  /* bytes of it that are here */
	long long total; /* what it will have; -1 while that is not known */

	/* fetch's own. */
	struct http_call call;
	struct manifest_entry known;
	struct sha256_ctx sum;
	const char *headers[3];
	char *header[2];
	long long end; /* of what is being read */
	int fd;
	int restarts;
	bool checking; /* it is here whole: only asked whether it changed */
	bool heard;    /* the head of this try's answer was looked at */
	bool ignore;   /* the body is not wanted, but short */
	bool restart;  /* the answer does not fit what is here */
};

/*
 * Why bytes cannot be the name of an output, or NULL: safepath_refuse(), and
 * those that are ours.
 */
const char *fetch_refuse(const char *name, size_t len);

void fetch_start(struct fetch *fetch);

/* One step of what is no waiting, at most a mebibyte to read. */
void fetch_work(struct fetch *fetch);

/* After expired: goes on where it was, with another URL. */
void fetch_again(struct fetch *fetch, const char *url);

/* Ends it wherever it is; what came stays in the folder. */
void fetch_release(struct fetch *fetch);

#endif
