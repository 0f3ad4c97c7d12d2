/* SPDX-License-Identifier: MIT */
/*
 * projects - the numbers that a W&B server has given to its projects
 *
 * A file with one JSON object: {"entity/project": 3, "project": 4}; a key
 * without '/' stands for the projects of this name of all entities. An entry
 * with null is as none.
 */
#ifndef MINIO_PROJECTS_H
#define MINIO_PROJECTS_H

#include <jv.h>

#include "json.h"
#include "mem.h"
#include "minio/objectkey.h"

struct projects {
	struct buf file;
	struct json_members members;
	struct buf last; /* the path that was asked for last */
	struct span last_id;
};

/* jv_null(), or an error_value(): io, not_found, input. */
jv projects_read(struct projects *projects, const char *path);

/* The id, in digits; of length 0 if it is not known. */
struct span projects_id(
    struct projects *projects, const struct objectkey *parts);

void projects_release(struct projects *projects);

#endif
