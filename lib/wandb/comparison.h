/* SPDX-License-Identifier: MIT */
/*
 * comparison - what differs between runs
 *
 * Runs are taken one by one, each a record in its text; values keep its bytes.
 * Keys that are nested are joined by dots; an object with _type, such as an
 * image, is one value. Memory: the values of the summaries, and of those keys
 * of the configs that differ, once.
 */
#ifndef WANDB_COMPARISON_H
#define WANDB_COMPARISON_H

#include <stdbool.h>

#include "mem.h"

struct comparison;

enum comparison_order { COMPARISON_MIN, COMPARISON_MAX };

/* by: the key of the summary that tells which run is best; NULL: none is. */
struct comparison *comparison_new(const char *by, enum comparison_order order);
void comparison_free(struct comparison *comparison);

enum comparison_verdict {
	COMPARISON_TAKEN,
	COMPARISON_TWICE, /* the run was taken before */
	COMPARISON_NONE,  /* no record of a run with both config and summary, */
			  /* or one with an error */
};

enum comparison_verdict comparison_take(
    struct comparison *comparison, struct span record);

size_t comparison_runs(const struct comparison *comparison);

/* Whether a run has a number under by. */
bool comparison_has_best(const struct comparison *comparison);

/* Appends the members runs, config, summary and best, without braces. */
void comparison_write(struct comparison *comparison, struct buf *out);

#endif
