/* SPDX-License-Identifier: MIT */
/*
 * manifest - the manifest of an artifact, written to a temporary file
 *
 *	{"version": 1, "storagePolicy": "...",
 *	 "storagePolicyConfig": {"storageLayout": "V2"},
 *	 "contents": {"PATH": {"digest": "...", "size": N, "ref": "...",
 *	                       "extra": {...}, "birthArtifactID": "..."}}}
 *
 * Members come one after the other and are not kept. Where the files were on
 * the machine that logged them is nobody's business and is left out.
 */
#ifndef WANDB_MANIFEST_H
#define WANDB_MANIFEST_H

#include <stdio.h>
#include <sys/types.h>

#include "wandb/artifactlog.h"
#include "wandb/clientids.h"

/* All zero is none; manifest_release() may be called at any time. */
struct manifest {
	FILE *file;
	off_t size;
	struct md5_ctx ctx;
	char md5[CHECKSUM_TEXT]; /* after manifest_end(); "" before */
	bool first;
	int error; /* errno of the first write that failed */
};

void manifest_begin(
    struct manifest *manifest, const struct artifact_record *record);

/*
 * A member as far as it is known before the file is on the server, appended to
 * member. Returns jv_null(), or an error_value() if what it refers to is not
 * there.
 */
jv manifest_member(const struct artifact_entry *entry, struct clientids *ids,
    struct buf *member);

/* Adds it; birth is the id of the artifact that its file came with. */
void manifest_add(
    struct manifest *manifest, struct buf *member, struct span birth);

/* Returns jv_null(), or an error_value() if it could not be written. */
jv manifest_end(struct manifest *manifest);
void manifest_release(struct manifest *manifest);

#endif
