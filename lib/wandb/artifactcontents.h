/* SPDX-License-Identifier: MIT */
/*
 * artifactcontents - what an artifact holds: its manifest, as the server has it
 *
 * Memory: the manifest's text (some 200 bytes for an entry) and 88 bytes for
 * each entry.
 */
#ifndef WANDB_ARTIFACTCONTENTS_H
#define WANDB_ARTIFACTCONTENTS_H

#include <stdint.h>

#include <jv.h>

#include "clock.h"
#include "wandb/api.h"
#include "wandb/checksum.h"

struct contents_entry {
	struct span path, digest;
	struct span ref;   /* empty: it is a file */
	struct span birth; /* the id of the artifact that it came with */
	int64_t size;
	enum checksum_kind kind; /* of digest */
};

struct artifact_contents {
	struct contents_entry *at; /* sorted by path, byte by byte */
	size_t count;
	char *layout; /* storageLayout: "V2" */
	int64_t version;
	char digest[CHECKSUM_HEX]; /* of what it lists */

	char *text; /* its own */
};

/*
 * Gets the manifest of an artifact's node (artifactname.h). Returns jv_null(),
 * or an error_value(): conflict (the server has none), damaged (it is none, or
 * lists a path twice).
 */
jv artifact_contents(const struct wandb *wandb,
    struct artifact_contents *contents, jv node,
    const struct deadline *deadline);
void artifact_contents_release(struct artifact_contents *contents);

#endif
