/* SPDX-License-Identifier: MIT */
/*
 * history - the line of a row or of a system metrics sample
 *
 * What wandb-history.jsonl and wandb-events.jsonl hold on the server, one JSON
 * object a line (upstream: core/internal/runhistory, core/internal/filestream).
 * The ordinary row (paths of one element, no objects) is spliced from the
 * record's spans in one pass; others go through a tree.
 */
#ifndef WANDB_HISTORY_H
#define WANDB_HISTORY_H

#include <stdint.h>

#include "wandb/runlog.h"

struct history;

struct history *history_new(void);
void history_free(struct history *history);

struct history_row {
	struct span line; /* valid until the next call */
	int64_t step;     /* as it stands in the line; 0 for an event */
	double timestamp; /* _timestamp; NAN without one */
	int dropped;      /* items that were no JSON or had no key */
};

/*
 * The line of a HistoryRecord. _step becomes the greater of what is recorded
 * and least (upstream numbers rows that way when a run is resumed); a row
 * without a _step gets least.
 */
void history_line(struct history *history, struct span message, int64_t least,
    struct history_row *row);

/*
 * The line of a StatsRecord: keys with the prefix "system.", _wandb true,
 * _timestamp, and _runtime counted from start, which is that of the run
 * (runlog_run(), in microseconds); NAN leaves it out.
 */
void history_event(struct history *history, struct span message, double start,
    struct history_row *row);

#endif
