/* SPDX-License-Identifier: MIT */
/*
 * summary - what SummaryRecords make of a run's summary
 *
 * Upstream: core/internal/runsummary. The logging side has computed the
 * values; a sync only replays them.
 */
#ifndef WANDB_SUMMARY_H
#define WANDB_SUMMARY_H

#include "wandb/runlog.h"
#include "wandb/tree.h"

/*
 * Applies a SummaryRecord: each update puts a value (an object is one leaf),
 * each removal takes away what is at its path. A null is a removal too: no
 * summary holds one. Returns how many items were no JSON; they change nothing.
 */
int summary_change(struct tree *summary, struct span message);

#endif
