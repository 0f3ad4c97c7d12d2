/* SPDX-License-Identifier: MIT */
/*
 * place - where in a run on the server the lines of a file are
 *
 * A run may be there already: sent in part before a crash, sent whole by
 * another program, or by the earlier fragments that a resumed file goes on
 * from. Nothing may be sent before it is known which; the proof are the times
 * of rows (_timestamp), which nothing shifts. A run that holds something else
 * is a conflict. So is one that lacks rows of the file's middle, as the sync of
 * a damaged copy leaves it: lines have numbers, and those are taken. A damaged
 * file itself may lack rows that the run has.
 */
#ifndef WANDB_PLACE_H
#define WANDB_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "wandb/bucket.h"

/* How far the lines of a run reach. */
struct reach {
	int64_t rows, events, console;
	int64_t step; /* the least that the next row may have */
};

struct place {
	struct reach first; /* the numbers of the file's first lines; step: of
	                       the first row that is not there */
	struct reach there; /* how many of the file's lines are there */
	bool over;          /* so are lines that came after the file's; then */
	int64_t next; /* is the least step that the row behind its last has */
	struct row_key first_row; /* of the file, where it was found out */
};

/* What a file says of the run that it is a part of. */
struct place_claim {
	bool resume;  /* it goes on with what is there */
	bool rewound; /* so it does, from a step that the run was taken back to;
	                 events and console begin anew */
	int64_t step; /* its rows have at least this one */
	const struct reach *before; /* what the fragment before it reached; NULL
	                               if that is not known */
	bool sure; /* before is where it begins, whatever times say */
};

/* Whether two keys are those of one row: by time, or by step without one. */
bool place_same_row(const struct row_key *a, const struct row_key *b);

/*
 * Finds the place of the file at path. Reads the file only if the server has
 * lines of the run. Returns jv_null() and fills place, or returns an
 * error_value().
 */
jv place_find(struct wandb *wandb, const char *path,
    const struct bucket *bucket, const struct place_claim *claim,
    const struct deadline *deadline, struct place *place);

/* _timestamp and _step of a HistoryRecord; NAN where it has none. */
void place_row(struct span message, double *timestamp, double *step);

/* Whether a HistoryRecord of so many bytes is too long for the server. */
bool place_too_long(size_t bytes);

#endif
