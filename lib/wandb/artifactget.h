/* SPDX-License-Identifier: MIT */
/*
 * artifactget - the files of an artifact brought here
 *
 * Three questions (the artifact, its manifest, addresses for what is not here),
 * then the files: artifactfetch.h.
 */
#ifndef WANDB_ARTIFACTGET_H
#define WANDB_ARTIFACTGET_H

#include "wandb/api.h"
#include "wandb/artifactname.h"

struct artifact_get {
	const char *entity, *project; /* what a name does not say, or NULL */
	const char *folder;           /* NULL: artifacts/NAME:vN */
	bool (*wanted)(const char *path);
	char *holds; /* which one folder has; the caller's to free */
};

/*
 * Gets what rec's "artifact" names. Consumes rec, and returns it with what the
 * server says of the artifact, where it is, and how much of it; with "failed"
 * if not all is whole, or with "error". A folder that is given holds one
 * artifact: conflict. Nor do two calls work in one folder: conflict, temporary.
 */
jv artifact_get(struct wandb *wandb, struct artifact_get *get,
    const struct deadline *deadline, jv rec);

#endif
