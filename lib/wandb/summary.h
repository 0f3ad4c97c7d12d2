/* SPDX-License-Identifier: MIT */
/*
 * summary - what SummaryRecords make of a run's summary
 *
 * Upstream: core/internal/runsummary. The logging side has computed the
 * values; a sync only replays them.
 *
 * The client writes two of them for each row, with the keys of the row before,
 * and only the last counts: a record whose keys are those of one that waits
 * takes its place, and what is left is put into the tree when that is asked
 * for.
 */
#ifndef WANDB_SUMMARY_H
#define WANDB_SUMMARY_H

#include "wandb/runlog.h"
#include "wandb/tree.h"

struct summary;

struct summary *summary_new(void);
void summary_free(struct summary *summary);

/*
 * Applies a SummaryRecord: each update puts a value (an object is one leaf),
 * each removal takes away what is at its path. A null is a removal too: no
 * summary holds one. Returns how many items were no JSON; they change nothing.
 */
int summary_change(struct summary *summary, struct span message);

/*
 * Before any record: what the run has already, a JSON object. Of objects each
 * leaf stays until it or the whole is replaced.
 */
void summary_inherit(struct summary *summary, struct span json);

/* What it is now. The summary's own; it may be changed. */
struct tree *summary_tree(struct summary *summary);

#endif
