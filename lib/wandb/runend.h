/* SPDX-License-Identifier: MIT */
/*
 * runend - a run finished, failed, stopped or queued again by hand
 *
 * What W&B's API can do: stop asks the run's program, which hears of it with
 * its next sign of life; finished and failed are what a program says at its
 * end, which is said for one that is dead; a run that never ended may be made
 * failed; and one may be made pending again. All but that by its rules: no run
 * of a sweep, and only out of some states.
 */
#ifndef WANDB_RUNEND_H
#define WANDB_RUNEND_H

#include "wandb/runnow.h"

enum runend {
	RUNEND_NONE,
	RUNEND_FINISHED,
	RUNEND_FAILED,
	RUNEND_STOPPED,
	RUNEND_PENDING,
};

/* By its word: finished, failed, stopped, pending. RUNEND_NONE: none of them.
 */
enum runend runend_of(const char *word);

/* What is to be done next. */
enum runend_step {
	RUNEND_DONE,
	RUNEND_REFUSED, /* it cannot be done to this run */
	RUNEND_STOP,    /* ask its program */
	RUNEND_FAIL,
	RUNEND_QUEUE,
	RUNEND_SAY_FINISHED, /* for its program */
	RUNEND_SAY_FAILED,
};

enum runend_step runend_next(enum runend wanted, const struct runnow *run);

/* Why it was refused: conflict, if it may pass, or input. */
jv runend_refusal(enum runend wanted, const struct runnow *run);

/*
 * Does a step. Returns jv_null() or an error_value(); *unsure says that it may
 * have been done although.
 */
jv runend_do(struct wandb *wandb, const struct account_place *place,
    enum runend_step step, const struct runnow *run,
    const struct deadline *deadline, bool *unsure);

#endif
