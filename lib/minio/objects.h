/* SPDX-License-Identifier: MIT */
/*
 * objects - the last state of each object that events tell of
 *
 * Some 90 bytes for an object beside its key, and nothing for an event.
 */
#ifndef MINIO_OBJECTS_H
#define MINIO_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mem.h"
#include "minio/event.h"

/* An eTag as text, with the number of parts behind a multipart upload's. */
enum { OBJECT_MD5 = 16, OBJECT_ETAG = 2 * OBJECT_MD5 + 12 };

struct object {
	const char *key;
	uint64_t sequencer;
	int64_t time;
	int64_t size;
	uint8_t sum[OBJECT_MD5]; /* the hex digits of its eTag */
	uint32_t sequencer_low;
	uint32_t parts; /* behind them; 0: there are none */
	uint32_t etag;  /* in texts, if it is of another form */
	uint32_t type;  /* in texts */
	uint32_t hash;
	uint16_t key_len;
	bool has_sum;
	bool removed;
};

struct objects;

struct objects *objects_new(void);
void objects_free(struct objects *objects);

/*
 * Takes one event, EVENT_CREATED or EVENT_REMOVED, of a key of at most
 * OBJECTKEY_MOST bytes. It is forgotten if a later one was there; of two that
 * were at the same moment the one that comes later is the later.
 */
void objects_take(struct objects *objects, const struct event *event);

/*
 * All objects by the bytes of their keys; *count is their number. No event can
 * be taken any more. The list is the table's.
 */
struct object *const *objects_sorted(struct objects *objects, size_t *count);

struct span object_key(const struct object *object);

/* The eTag and the type of its content; text has OBJECT_ETAG bytes. */
struct span object_etag(const struct objects *objects,
    const struct object *object, char text[OBJECT_ETAG]);
struct span object_type(
    const struct objects *objects, const struct object *object);

/* Whether the eTag is the MD5 of its content: not of a multipart upload. */
bool object_has_md5(const struct object *object);

#endif
