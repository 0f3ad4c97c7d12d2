/* SPDX-License-Identifier: MIT */
/*
 * event - what a bucket says of its objects, read from any form
 *
 * MinIO's forms: Redis and MySQL "access" and "namespace", also a whole Redis
 * hash as one object (redis-cli --json HGETALL) or a list as one array of
 * strings (--json LRANGE), webhook, the listen call; and S3's own.
 *
 * Events leave MinIO in parallel, so their order in a list is not that in
 * which they happened: event_order() is.
 */
#ifndef MINIO_EVENT_H
#define MINIO_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "mem.h"

enum event_kind {
	EVENT_CREATED, /* the object is there, with this content */
	EVENT_REMOVED, /* it is not there any more */
	EVENT_OTHER,   /* it was read or the like; nothing else is told of it */
};

/* When, as numbers that can be compared. */
struct event_moment {
	uint64_t sequencer;     /* its first 16 hex digits, 0 behind the last */
	int64_t time;           /* 20261121043043979: UTC, to milliseconds */
	uint32_t sequencer_low; /* the 8 digits behind those; MinIO has none */
};

/* Less than 0 if a was before b, more if it was later, 0 if it is not told. */
int event_order(const struct event_moment *a, const struct event_moment *b);

/* The time as 2026-11-21T04:30:43.979, without the Z; EVENT_TIME bytes. */
enum { EVENT_TIME = 24 };
void event_time_text(int64_t time, char text[EVENT_TIME]);

struct event {
	enum event_kind kind;
	bool versioned; /* it is of one version of the object */
	bool is_minio;  /* MinIO's, not another server's */
	struct span bucket;
	struct span key;  /* decoded; see objectkey.h */
	struct span etag; /* empty if there is none */
	struct span type; /* of the content; empty if there is none */
	int64_t size;     /* 0 if there is none */
	struct event_moment moment;
};

struct event_reader {
	/* Shown each event; what it points to is there until it returns. */
	void (*take)(void *context, const struct event *event);
	void *context;
	struct buf text[5]; /* what was decoded; event_reader_release() */
	struct buf inner[2];
	char *fault; /* the first in this line */
};

/*
 * Gives take the events of one line, in order. NULL, or what is wrong with the
 * line ("byte 7: no key"), the caller's to free; the line's good events are
 * taken all the same.
 */
char *event_read(struct event_reader *reader, struct span line);

void event_reader_release(struct event_reader *reader);

#endif
