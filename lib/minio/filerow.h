/* SPDX-License-Identifier: MIT */
/*
 * filerow - a row of the table `files` of a self-hosted W&B server, made of an
 * object
 */
#ifndef MINIO_FILEROW_H
#define MINIO_FILEROW_H

#include <stdint.h>

#include "mem.h"
#include "minio/event.h"
#include "minio/objectkey.h"
#include "minio/objects.h"

struct filerow {
	struct objectkey key;
	struct span whole_key;
	const char *bucket;
	struct span project_id; /* digits; of length 0 if it is not known */
	struct span etag;
	struct span type;
	const uint8_t *md5; /* its 16 bytes; NULL if they are not known */
	int64_t size;
	bool removed;
	char at[EVENT_TIME]; /* when the object was written or removed */
	char etag_text[OBJECT_ETAG];
};

/* Fills row from an object, to whose key and texts it points. */
void filerow_fill(struct filerow *row, const struct objects *objects,
    const struct object *object);

/* Appends it as a record, a line. */
void filerow_record(struct buf *out, const struct filerow *row);

/*
 * Writes what out holds to standard output, at the end all of it and before
 * only much; the end of the program with status 3 if that fails.
 */
void filerow_write(struct buf *out, bool at_end);

#endif
