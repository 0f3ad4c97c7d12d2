/* SPDX-License-Identifier: MIT */
/*
 * runfolders - folds of the runs that come as records, one for each project
 *
 * Their memory grows with the number of projects, not with that of the runs.
 */
#ifndef WANDB_RUNFOLDERS_H
#define WANDB_RUNFOLDERS_H

#include <stdbool.h>

#include <jv.h>

#include "mem.h"
#include "wandb/keys.h"
#include "wandb/runfold.h"

struct runfolder {
	struct runfold fold;
	bool in_doubt; /* not all of its runs came */
};

/* All zero but for rules is empty and valid. */
struct runfolders {
	const struct runfold_rules *rules;
	struct keys names;    /* entity/project */
	struct runfolder *at; /* by the number of the name */
	bool in_doubt;        /* something was missing of who knows which */
	struct buf kept;
};

/*
 * Takes a line of input. Returns true if it is the record of a run that was
 * taken. One that cannot be counted is taken, too, and *why is an
 * error_value() then, otherwise jv_null(). False if it is something else: a
 * record with error, that of a project, or none at all. Behind one that was
 * not counted, and behind an error, its project is in doubt; it must have no
 * metrics.
 */
bool runfolders_take(struct runfolders *folders, struct span text, jv *why);

/* Whether nothing is missing of project number i. */
bool runfolders_is_whole(const struct runfolders *folders, size_t i);

void runfolders_release(struct runfolders *folders);

#endif
