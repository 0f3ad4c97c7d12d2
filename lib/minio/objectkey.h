/* SPDX-License-Identifier: MIT */
/*
 * objectkey - the key of an object as an event tells it, and what W&B puts
 * into it: entity/project/run/file
 */
#ifndef MINIO_OBJECTKEY_H
#define MINIO_OBJECTKEY_H

#include <stdbool.h>

#include "mem.h"

enum { OBJECTKEY_MOST = 1024 }; /* bytes that S3 and MinIO allow */

/*
 * Appends the key that an event's "key" stands for, once decoded: '+' is a
 * space, then %XX a byte. False if a '%' has no two hex digits behind it.
 *
 * MinIO escapes all but A-Z a-z 0-9 - _ . ~, so what holds another byte than
 * these, '%' and '+' comes from its listen call, which does not escape, and is
 * the key itself. S3 and others (minio is false) leave some bytes as they are.
 */
bool objectkey_decode(struct buf *out, struct span text, bool minio);

struct objectkey {
	struct span entity;
	struct span project;
	struct span path; /* "entity/project" */
	struct span run;
	struct span name; /* of the file in the run; may hold '/' */
};

/*
 * Parts a decoded key at its first three '/'. False if it is no run file:
 * fewer parts, an empty one, ".", "..", a NUL, bytes that are not UTF-8, or
 * longer than a key may be.
 */
bool objectkey_split(struct span key, struct objectkey *parts);

#endif
