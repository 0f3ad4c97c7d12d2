/* SPDX-License-Identifier: MIT */
/*
 * runfilter - which runs of a project are meant, and in which order
 *
 * Filters are W&B's, which are like MongoDB's: JSON text that the server
 * applies.
 */
#ifndef WANDB_RUNFILTER_H
#define WANDB_RUNFILTER_H

#include "mem.h"

/* All zero: all runs. */
struct runfilter {
	struct buf terms; /* all of which must hold */
	int count;
};

/* Adds a filter, the text of a JSON object. */
void runfilter_add(struct runfilter *filter, struct span json);

/*
 * Adds that the state is one in list ("failed,crashed"). Returns NULL, or where
 * in it the first word is that is no state.
 */
const char *runfilter_states(struct runfilter *filter, const char *list);

/* The states and orders that there are, parted by spaces. */
extern const char runfilter_known[], runfilter_orders[];

/* Adds that the run was created at a time or later; whole seconds. */
void runfilter_since(struct runfilter *filter, double time);

/* All of it as one, the caller's to free; NULL if there is nothing. */
char *runfilter_text(struct runfilter *filter);

/*
 * What the server calls an order, which may have + or - before it. The caller's
 * to free; NULL if it is none.
 */
char *runfilter_order(const char *key);

#endif
