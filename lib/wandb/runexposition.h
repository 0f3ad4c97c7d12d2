/* SPDX-License-Identifier: MIT */
/*
 * runexposition - the metrics of runs in the forms that other collectors read
 *
 * In Prometheus' two forms there are two gauges more, so that what has grown
 * old can be told from what is so:
 *
 *	wandb_collect_last_success_timestamp_seconds	of each project
 *	wandb_collect_duration_seconds			of the whole call
 */
#ifndef WANDB_RUNEXPOSITION_H
#define WANDB_RUNEXPOSITION_H

#include "mem.h"
#include "metrics/exposition.h"

/*
 * Adds a line that may be a record of runmetric_record(), with this window;
 * what is another is passed by. A project that comes again is left out, with a
 * warning, where its metrics may be there once only.
 */
void runexposition_add(
    struct exposition *exposition, struct span line, double window);

/* Appends the whole text; seconds is how long it took. */
void runexposition_end(
    struct exposition *exposition, double seconds, struct buf *out);

#endif
