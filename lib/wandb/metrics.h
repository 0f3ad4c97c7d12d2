/* SPDX-License-Identifier: MIT */
/*
 * metrics - the metrics that a run defines (define_metric)
 *
 * Upstream: core/internal/runmetric. A later definition of a name adds to an
 * earlier one, unless it overwrites it.
 */
#ifndef WANDB_METRICS_H
#define WANDB_METRICS_H

#include <stdbool.h>

#include "mem.h"

struct metrics;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);

/* Takes a MetricRecord; false if it is none. */
bool metrics_define(struct metrics *metrics, struct span message);

/*
 * Appends the list that a config has in _wandb.m: MetricRecords by field number
 * with the place of the step metric in the list, from 1, instead of its name. A
 * step metric that is not defined has an entry of its own.
 *
 * Globs are in it, and what the logging side made of them is not: wandb 0.31.0
 * does so whatever the server's EXPAND_DEFINED_METRIC_GLOBS says.
 */
void metrics_json(const struct metrics *metrics, struct buf *out);

#endif
