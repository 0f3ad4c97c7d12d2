/* SPDX-License-Identifier: MIT */
/*
 * artifactls - what artifacts there are: records, as the server's pages come
 */
#ifndef WANDB_ARTIFACTLS_H
#define WANDB_ARTIFACTLS_H

#include "wandb/api.h"
#include "wandb/artifactname.h"

/*
 * Each hands records to take, which consumes them, and returns jv_null() or an
 * error_value(), also after records. type: only collections of it; NULL: all.
 */
typedef void artifact_take(jv rec);

/* The collections of a project, by type: artifact, type, created_at. */
jv artifact_ls_project(struct wandb *wandb, const struct artifact_name *name,
    const char *type, const struct deadline *deadline, artifact_take *take);

/* The versions of a collection, as artifact_describe() has them. */
jv artifact_ls_versions(struct wandb *wandb, const struct artifact_name *name,
    const struct deadline *deadline, artifact_take *take);

/*
 * The files of a version, those that are wanted: artifact, name, bytes, digest,
 * and ref for references.
 */
jv artifact_ls_files(struct wandb *wandb, const struct artifact_name *name,
    bool (*wanted)(const char *path), const struct deadline *deadline,
    artifact_take *take);

#endif
