/* SPDX-License-Identifier: MIT */
/*
 * runmetrics - the 20 metrics of a project's runs, from what runfold counted
 *
 * Their names are an interface: dashboards ask for them. A name that speaks of
 * a window ends in it: _24h, _7d, _90m.
 */
#ifndef WANDB_RUNMETRICS_H
#define WANDB_RUNMETRICS_H

#include <stdbool.h>

#include <jv.h>

#include "wandb/runfold.h"

enum { RUNMETRICS = 20, RUNMETRIC_NAME = 80 };

/*
 * The name of metric number i of RUNMETRICS for a window in whole seconds.
 * Returns name.
 */
char *runmetric_name(int i, double window, char name[RUNMETRIC_NAME]);

/* The number of a metric; -1 if there is none of that name. */
int runmetric_find(const char *name, double window);

/* What it is, in a sentence. */
const char *runmetric_help(int i);

/* Whether it counts, so that it is a whole number always. */
bool runmetric_counts(int i);

/*
 * Metric number i as a record: metric, value, unit, at, window_seconds, tags,
 * type, project (entity/project), and run (of a throughput) or reason (of a
 * value that is null).
 */
jv runmetric_record(const struct runfold *fold, int i, const char *project);

#endif
