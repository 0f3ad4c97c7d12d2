/* SPDX-License-Identifier: MIT */
/*
 * values - the items of a record as a JSON object, as they are
 *
 * Of a HistoryRecord, SummaryRecord, ConfigRecord or StatsRecord, by itself:
 * nothing is merged with other records, as a server would. Values are the
 * file's bytes; only the words NaN, Infinity and -Infinity become strings, so
 * that the object is JSON. Paths are nested. Of items that contradict each
 * other the later counts. The ordinary record (paths of one element, each
 * once) is spliced in one pass; others go through a tree.
 */
#ifndef WANDB_VALUES_H
#define WANDB_VALUES_H

#include <stdint.h>

#include "wandb/runlog.h"

struct values;

/*
 * With keys, which must outlive it, only these are taken: "a.b" is the path a,
 * b, and what is below it, or the key "a.b". Of rows also _step, always.
 */
struct values *values_new(const struct span *keys, size_t count);
void values_free(struct values *values);

/* Spans are valid until the next call; empty where there is nothing. */
struct values_row {
	struct span object;
	struct span removed; /* an array of paths, which are arrays of keys */
	/* [{"path":[...],"text":"..."}]: items whose value is no JSON */
	struct span unreadable;
	bool found; /* one of keys was there; without keys always */
	bool bad;   /* the record holds bytes that are no item */
	bool timed; /* of a HistoryRecord, its _timestamp: */
	int64_t seconds, nanos;
};

void values_read(struct values *values, enum runlog_kind kind,
    struct span message, struct values_row *row);

#endif
