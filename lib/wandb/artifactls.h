/* SPDX-License-Identifier: MIT */
/*
 * artifactls - what artifacts there are: records, as the server's pages come
 */
#ifndef WANDB_ARTIFACTLS_H
#define WANDB_ARTIFACTLS_H

#include "wandb/api.h"
#include "wandb/artifactname.h"

struct artifact_ls {
	const char *entity, *project; /* what a name lacks; or NULL */
	const char *type; /* of a project: only of that type; NULL: all */
	bool (*wanted)(const char *path); /* of a version: only such files */
};

/* Takes a record, which it consumes. */
typedef void artifact_take(jv rec);

/*
 * Hands records to take. Of ENTITY/PROJECT: its collections, by type, with
 * artifact, type, description, created_at, and version and digest of the latest
 * version. Of ENTITY/PROJECT/NAME: its versions, as artifact_describe() has
 * them. With :ALIAS: the files of that one, with artifact, name, bytes, digest,
 * digest_algorithm if it is not MD5, and ref for references. Returns jv_null(),
 * or an error_value(), also after records.
 */
jv artifact_ls(struct wandb *wandb, const struct artifact_ls *ls,
    const char *text, const struct deadline *deadline, artifact_take *take);

#endif
