/* SPDX-License-Identifier: MIT */
/*
 * logrow - lines of metrics, made into the rows and the summary of a run
 *
 * What the client's logging side does (upstream: core/internal/runmetric,
 * core/internal/runsummary, wandb/sdk/wandb_run.py). Values are passed on as
 * they stand in the line. A line is a row of its own: its _step is counted
 * unless it says one, which must be greater than that of the row before; its
 * _timestamp and _runtime are those of now unless it says some. Two rows that
 * are timed here never have the same _timestamp, as it tells rows apart.
 *
 * The summary has the last value of each leaf, or of a defined metric an object
 * with what was asked for. It is written as what has changed since it was
 * written before.
 */
#ifndef WANDB_LOGROW_H
#define WANDB_LOGROW_H

#include <stdbool.h>
#include <stdint.h>

#include "mem.h"
#include "wandb/logwriter.h"

struct logrows;

/* start: when the run was, by clock_now(). */
struct logrows *logrows_new(double start);
void logrows_free(struct logrows *rows);

/*
 * Defines a metric: "KEY:min", max, mean or last; several of one key add up.
 * False if text is nothing of the kind.
 */
bool logrows_define(struct logrows *rows, const char *text);

/* Adds the MetricRecords of what was defined. */
void logrows_metrics(const struct logrows *rows, struct logwriter *writer);

/*
 * The run was there before, for runtime seconds: the next row has at least this
 * step.
 */
void logrows_go_on(struct logrows *rows, int64_t step, double runtime);

/*
 * Adds the HistoryRecord of a line. Returns NULL, or why it cannot be logged;
 * that lives until the next call. A line without metrics makes no row.
 */
const char *logrows_take(struct logrows *rows, struct span line, double now,
    struct logwriter *writer);

/* Adds a SummaryRecord of what came since the last, if anything did. */
void logrows_summary(
    struct logrows *rows, double now, struct logwriter *writer);

/* Adds the RunExitRecord, and before it what the summary says of the time. */
void logrows_exit(
    struct logrows *rows, double now, int code, struct logwriter *writer);

int64_t logrows_count(const struct logrows *rows);
int64_t logrows_last_step(const struct logrows *rows); /* -1: no row yet */

#endif
