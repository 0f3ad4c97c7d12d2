/* SPDX-License-Identifier: MIT */
/*
 * artifactfetch - files of an artifact into a folder, many at once
 *
 * What is here with the digest that the manifest says stays. Everything else
 * goes to a file of a short name at the top of the folder and gets its own when
 * all of it came and has that digest; what a cut leaves is gone on with, also
 * in another process. As the digest decides, no ETag has to. Addresses are
 * asked for in batches, the next while one is worked on; one that is refused
 * may have expired, and is asked for once more.
 *
 * A file that cannot be had stops no other; a full or broken disk does.
 * Memory: a batch of addresses, beside what is to be fetched.
 */
#ifndef WANDB_ARTIFACTFETCH_H
#define WANDB_ARTIFACTFETCH_H

#include "wandb/api.h"
#include "wandb/artifactcontents.h"

#define FETCH_OURS ".wb-artifact." /* what names of ours begin with */

struct artifact_fetch {
	/* Set by the caller, and all else zero. */
	struct wandb *wandb;
	const char *id; /* the artifact's */
	const struct artifact_contents *contents;
	int folder;
	bool (*wanted)(const char *path);
	const struct deadline *deadline;

	/* The outcome. */
	long long files, bytes; /* that are here, whole */
	long long fetched;      /* of them: by this call */
	long long references;   /* which are not followed */
	long long missing;      /* files that are not here */
	struct buf names;       /* of the first of these */
	jv why;                 /* of the first; jv_null() */
	jv nobody; /* why none comes by an address that is the server's own */
	bool disk_broken; /* why is of the disk */
};

/* Works until all that is wanted is here, or cannot be had. */
void artifact_fetch(struct artifact_fetch *fetch);

/* jv_null(), or an error_value() that names what is missing. */
jv artifact_fetch_verdict(const struct artifact_fetch *fetch);
void artifact_fetch_release(struct artifact_fetch *fetch);

#endif
