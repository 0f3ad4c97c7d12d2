/* SPDX-License-Identifier: MIT */
/*
 * runnow - a run as it is on the server now: what can be changed of it
 */
#ifndef WANDB_RUNNOW_H
#define WANDB_RUNNOW_H

#include <stdbool.h>

#include <jv.h>

#include "clock.h"
#include "mem.h"
#include "wandb/account.h"
#include "wandb/api.h"

/* Without a sign of life for so many seconds its program is dead. */
enum { RUNNOW_DEAD_AFTER = 600 };

/* All zero: nothing is known. Strings may be NULL. */
struct runnow {
	bool absent; /* the server says that there is no such run */
	char *id;    /* the server's own */
	char *state, *display_name, *notes, *group, *sweep;
	double heard_of;            /* when; NAN: never */
	bool stopped;               /* it was asked to stop */
	bool read_only;             /* for this credential */
	jv tags;                    /* an array */
	struct buf summary, config; /* JSON text of objects, if asked for */
};

void runnow_release(struct runnow *run);
void runnow_copy(struct runnow *to, const struct runnow *from);

/* Which of the two that may be large are asked for. */
enum { RUNNOW_SUMMARY = 1, RUNNOW_CONFIG = 2 };

/*
 * Asks for the run at place, and fills run, which it releases first. Returns
 * jv_null(), or an error_value(): not_found, those of api.h, damaged (a summary
 * or config that is no JSON object, and so cannot be changed in parts).
 */
jv runnow_ask(struct wandb *wandb, const struct account_place *place, int texts,
    const struct deadline *deadline, struct runnow *run);

/* The fields of a bucket that runnow_take() reads; the caller's. */
char *runnow_selection(int texts);

/* Fills run, likewise, from a run's object in an answer. */
jv runnow_take(struct runnow *run, struct span object, int texts);

bool runnow_is(const struct runnow *run, const char *state);

/* Whether a program is writing it, as far as can be told. */
bool runnow_is_live(const struct runnow *run);

#endif
