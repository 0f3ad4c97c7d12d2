/* SPDX-License-Identifier: MIT */
/*
 * runrows - the rows of runs on the server that have certain keys
 *
 * The server gives a sample of the rows between two steps if there are more
 * than were asked for; all of them, if not. So ranges of steps are asked for,
 * each together with the steps of all rows in it: where those are too many to
 * be all, the range is halved. In the end there must be as many as the server
 * says that the run has.
 *
 * Several runs may be under way at once:
 *
 *	runrows_start(rows, run, true);
 *	runrows_start(rows, other, true);
 *	runrows_take(rows, ...); runrows_take(rows, ...);
 *
 * Memory: an answer, 2 MiB mostly, for each of RUNROWS_MOST runs, and two of
 * that which is taken.
 */
#ifndef WANDB_RUNROWS_H
#define WANDB_RUNROWS_H

#include <jv.h>

#include "clock.h"
#include "mem.h"
#include "wandb/api.h"

enum { RUNROWS_MOST = 6 }; /* runs under way */

struct runrows;

/* keys: an array of strings, which a row must have all. Borrows all. */
struct runrows *runrows_open(struct wandb *wandb, jv keys);
void runrows_close(struct runrows *rows);

/* How many runs are under way. */
int runrows_count(const struct runrows *rows);

/* What must be asked of a run in a list for runrows_start(). */
#define RUNROWS_SELECT "historyLineCount historyKeys"

/*
 * Begins with a run: run is the server's object, with name and RUNROWS_SELECT.
 * head, which is consumed, is given back with each row.
 */
void runrows_start(struct runrows *rows, const char *entity,
    const char *project, struct span run, char *head,
    const struct deadline *deadline);

/* Takes a row, a JSON object of the keys. */
typedef void runrows_row(void *context, const char *head, struct span row);

/*
 * Gives the rows of the run that was started first. Returns jv_null(), or an
 * error_value(), perhaps after some rows. *head is what was given, the caller's
 * to free.
 */
jv runrows_take(
    struct runrows *rows, runrows_row *take, void *context, char **head);

#endif
