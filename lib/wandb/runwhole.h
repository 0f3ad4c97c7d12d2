/* SPDX-License-Identifier: MIT */
/*
 * runwhole - what only a whole .wandb file tells: summary, needed files
 */
#ifndef WANDB_RUNWHOLE_H
#define WANDB_RUNWHOLE_H

#include <jv.h>

enum { RUNWHOLE_SUMMARY = 1, RUNWHOLE_DEPS = 2 };

/*
 * Reads the wandb_file of a record and adds, by what:
 *
 *	summary		the summary, as it is at the end of the file; NaN and
 *			infinities as strings
 *	deps		the paths of the files that a sync reads beside it
 *	deps_missing	those of them that are not there; absent if none
 *
 * and failed if the file is damaged, so that something may be lacking. Consumes
 * and returns rec. What grows is the answer.
 */
jv runwhole_add(jv rec, int what);

#endif
