/* SPDX-License-Identifier: MIT */
/*
 * artifactlook - whether what the server has of an artifact is what was logged
 *
 * Of a whole artifact the digest tells: it is of the paths and digests of all
 * its files. That of an increment, or of the part of a distributed artifact, is
 * not the committed whole's. Its entries must be in the manifest of that.
 */
#ifndef WANDB_ARTIFACTLOOK_H
#define WANDB_ARTIFACTLOOK_H

#include "wandb/artifactfiles.h"
#include "wandb/bucket.h"

/*
 * Whether the manifest at url lists each entry of the artifact, with its
 * digest, size and reference. Returns jv_null(), or an error_value(): conflict,
 * or why it could not be compared. Memory: the whole's manifest, some 200 bytes
 * for each of its entries.
 */
jv artifactlook_part(struct artifact *artifact, const char *url,
    const struct artifact_context *context);

/*
 * Fails an artifact whose entries in the log are not what its digest there is
 * of. A list in a file of its own, which the client may have removed, is not
 * looked at.
 */
void artifactlook_list(
    struct artifact *artifact, const struct artifact_context *context);

/*
 * Looks among what the run has put out for a version of its name and digest,
 * for one that the server does not know by a client id: old files have none,
 * and a version that was deleted may keep it. Sets id and state if there is
 * one. Returns jv_null(), or an error_value(): why it could not be asked.
 */
jv artifactlook_output(struct artifact *artifact, const struct bucket *bucket,
    const struct artifact_context *context);

/*
 * Whether its tags are among those that the server has (found: its answer with
 * aliases and tags), and each alias is that of a version of its name: a later
 * version takes an alias over. Returns as artifactlook_part().
 */
jv artifactlook_names(const struct artifact *artifact, jv found,
    const struct bucket *bucket, const struct artifact_context *context);

#endif
