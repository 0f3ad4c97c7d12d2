/* SPDX-License-Identifier: MIT */
/*
 * verify - whether a run on the server is what a file says
 *
 * What was answered with success may still not be there: the server is asked
 * what it has.
 */
#ifndef WANDB_VERIFY_H
#define WANDB_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "wandb/artifact.h"
#include "wandb/bucket.h"
#include "wandb/upload.h"

enum { VERIFY_SECONDS = 60 }; /* how long a server may take to show it */

struct expected {
	int64_t rows;
	int64_t events, console; /* at least; 0: not compared */
	struct row_key last_row; /* the last of the rows */
	bool over;               /* more came later: then rows, events and */
				 /* console may be more; the rest is not ours */
	struct span config;      /* JSON, as sent; empty: not compared */
	bool summarized;         /* there is a summary to compare */
	struct span summary;     /* JSON */
	bool may_hold_more;      /* the summary: keys that others added */
	bool complete;           /* the run has ended, with */
	int exit_code;
	enum uploads_mode files;
	struct artifacts *artifacts; /* that were sent; NULL: none */
};

/*
 * Compares with what bucket holds, the files aside. Returns jv_null() or a
 * "conflict".
 */
jv verify_run(const struct expected *expected, const struct bucket *bucket);

/*
 * Asks once. Returns jv_null() if all of it is there, else an error_value()
 * that says what is not: "conflict", or why it could not be asked. Fills bucket
 * anew, and compares the files of uploads, and the artifacts. *agrees, unless
 * NULL, says that all but files and artifacts is there.
 */
jv verify_once(struct wandb *wandb, const struct run_params *params,
    const struct expected *expected, struct uploads *uploads,
    const struct deadline *deadline, struct bucket *bucket, bool *agrees);

/* Asks for files only, likewise until they are there. */
jv verify_files(struct uploads *uploads, const struct bucket *bucket,
    enum uploads_mode mode, const struct deadline *deadline);

/* Asks for artifacts only, likewise until they are there. */
jv verify_artifacts(struct wandb *wandb, struct artifacts *artifacts,
    const struct deadline *deadline);

/* Asks until all of it is there, or VERIFY_SECONDS are over: "timeout". */
jv verify_wait(struct wandb *wandb, const struct run_params *params,
    const struct expected *expected, struct uploads *uploads,
    const struct deadline *deadline, struct bucket *bucket);

#endif
