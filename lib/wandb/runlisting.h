/* SPDX-License-Identifier: MIT */
/*
 * runlisting - the runs of a project, or one run, written as records
 *
 * A line for each run: what runfields.h makes of it, and behind that what else
 * the input record holds. With history instead a line for each row of it,
 *
 *	{"run": ..., "kind": "history", "values": {"_step": 3, ...}}
 *
 * as wb-cat writes rows, with the fields that were asked for.
 */
#ifndef WANDB_RUNLISTING_H
#define WANDB_RUNLISTING_H

#include <jv.h>

#include "clock.h"
#include "wandb/account.h"
#include "wandb/runfields.h"

/* What is to be written of which runs; all borrowed. */
struct runlisting {
	struct wandb *wandb;
	struct runfields *fields;
	char *filter, *order; /* as in struct runs_query */
	long long limit;
	jv history; /* an array of keys; invalid: no rows */
};

/*
 * Writes them with ndjson_write_lines(). rec is the input, which is borrowed.
 * A run whose rows are not to be had is a record with "error", and stops no
 * other. Returns jv_null(), or why not all runs were listed.
 */
jv runlisting_write(const struct runlisting *what,
    const struct account_place *place, jv rec, const struct deadline *deadline);

#endif
