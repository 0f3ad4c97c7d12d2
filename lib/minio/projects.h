/* SPDX-License-Identifier: MIT */
/*
 * projects - the numbers that a W&B server has given to its projects
 *
 * A file with one JSON object: {"entity/project": 3, "entity/": null,
 * "project": 4}, of which the first that is there counts. A key without '/'
 * stands for the projects of this name of all entities, one with '/' at its
 * end, which may have null only, for all projects of the entity. Null: is left
 * out.
 */
#ifndef MINIO_PROJECTS_H
#define MINIO_PROJECTS_H

#include <stdbool.h>

#include <jv.h>

#include "json.h"
#include "mem.h"
#include "minio/objectkey.h"

struct projects {
	struct buf file;
	struct json_members members;
	struct buf last; /* the path that was asked for last */
	struct span last_id;
	bool last_known;
};

/* jv_null(), or an error_value(): io, not_found, input. */
jv projects_read(struct projects *projects, const char *path);

/*
 * Whether the file says something of the project; id is what, in digits; of
 * length 0 if it is to be left out, or nothing is said.
 */
bool projects_id(
    struct projects *projects, const struct objectkey *parts, struct span *id);

void projects_release(struct projects *projects);

#endif
