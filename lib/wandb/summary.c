/* SPDX-License-Identifier: MIT */
/*
 * summary - SummaryRecords, one after the other, in a tree
 */
#include "wandb/summary.h"

int
summary_change(struct tree *summary, struct span message)
{
	struct runlog_items items;
	struct runlog_item item;
	int bad = 0;

	runlog_items(&items, RUNLOG_SUMMARY, message);
	while (runlog_next_item(&items, &item)) {
		if (item.removed || span_is(item.json, "null"))
			tree_remove(summary, item.path, item.depth);
		else if (!tree_put(summary, item.path, item.depth, item.json))
			bad++;
	}
	bad += items.wire.bad;
	runlog_items_release(&items);
	return bad;
}
