/* SPDX-License-Identifier: MIT */
/*
 * artifactfiles - the files of artifacts sent, their manifests written
 *
 * The entries of an artifact are gone through once, in batches (25, then up to
 * 2,000): the server is asked which files it lacks; those are looked for
 * (staged.h), their digests compared with what was logged, and sent, many at a
 * time. One that is refused is tried once more with a new address, as they
 * expire. One that cannot be sent stops no other.
 *
 * Memory: a batch, and what the names of lost files take. The manifest is
 * written to a temporary file as the batches are done.
 */
#ifndef WANDB_ARTIFACTFILES_H
#define WANDB_ARTIFACTFILES_H

#include "wandb/artifactitem.h"
#include "wandb/manifest.h"

/* An artifact that is being sent. */
struct artifact {
	struct artifact_record log; /* spans of message */
	struct buf message;
	size_t index;      /* artifact.c's, as these are: */
	bool was_there;    /* before anything was sent */
	bool compared;     /* of a part: it is in the whole */
	bool doubtful;     /* whether it was committed */
	char *name;        /* the log's, as UTF-8 */
	char *id, *state;  /* the server's; NULL until it is known */
	char *base_id;     /* of the version that this one goes on from */
	char *manifest_id; /* the server's */
	jv upload;         /* where the manifest is to be put: a file's node */
	jv why;            /* jv_null(), or what keeps it from being whole */
	bool broken;       /* it is not even worth going on with its files */
	bool refused;      /* not only by what is wrong here */
	struct buf names;  /* of the first files that could not be sent */
	long lost;         /* how many there are */

	enum checksum_kind kind; /* log's, or what the server takes instead */
	char hex[CHECKSUM_HEX];  /* the digest that goes with kind */

	struct manifest manifest;

	/*
	 * NULL, or where the entries are: not in the log. All of them are at
	 * hand, so that the first batch is as large as any.
	 */
	artifact_entries_source *source;
	void *context; /* of source */

	/* artifactfiles' own */
	struct artifact_entries entries;
	struct checksum_list list;
	bool reading, first;
	struct item *items;
	size_t count, most;
	struct wandb_call call;
	bool asked;
};

/* Takes the message of a record. False if it is none. */
bool artifact_init(struct artifact *artifact, struct span message);

/* The server did not take it; consumes why. The first one stays. */
void artifact_fail(struct artifact *artifact, jv why);
void artifact_release(struct artifact *artifact);

/*
 * Its entries are gone through: artifact_begin() opens entries, false if the
 * list is not to be had; the caller takes them, and adds each to list;
 * artifact_end() closes both, and fails one whose list is not what its digest
 * is of.
 */
bool artifact_begin(
    struct artifact *artifact, const struct artifact_context *context);
void artifact_end(struct artifact *artifact);

/*
 * Makes MD5 the algorithm of an artifact, for a server that wants that: reads
 * all its files. Memory: the paths and digests of all its entries.
 */
void artifact_rehash(
    struct artifact *artifact, const struct artifact_context *context);

/* Sends the files of those that have no why, and writes their manifests. */
void artifactfiles_send(struct artifact *artifacts, size_t count,
    const struct artifact_context *context);

#endif
