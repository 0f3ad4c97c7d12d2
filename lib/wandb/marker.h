/* SPDX-License-Identifier: MIT */
/*
 * marker - FILE.synced, which says that a run file is on the server
 *
 * A record: size and SHA-256 of the file, and what was confirmed. While both
 * fit, nothing needs to be asked. The official client takes any file of that
 * name for its own, which is empty; that one is only a claim.
 *
 * One that says of something that it stayed here ("left_out") is FILE.partial:
 * the official client must not take the run for whole.
 */
#ifndef WANDB_MARKER_H
#define WANDB_MARKER_H

#include <stdbool.h>
#include <sys/types.h>

#include <jv.h>

#include "wandb/selection.h"

/*
 * The marker of the file at path, which is open as fd, if it is ours and fits,
 * and what it left out stays here by leave, too; else jv_null(). The caller's.
 */
jv marker_read(const char *path, int fd, const struct selection *leave);

/*
 * Whether a marker claims that the file at path, which has size bytes, is on
 * the server: ours with that size, or the official client's. Reads no more
 * than the marker.
 */
bool marker_claims(const char *path, off_t size);

/*
 * Writes it: fields, an object that is consumed, with size and sha256 of the
 * first size bytes of the file. One for the whole file removes one for parts,
 * whose fields have "left_out". Returns jv_null(), or an error_value().
 */
jv marker_write(const char *path, int fd, off_t size, jv fields);

/*
 * Takes what says of the file at path that it was synced away, whoever wrote
 * it. Returns jv_null(), also if there was nothing, or an error_value(): io.
 */
jv marker_remove(const char *path);

#endif
