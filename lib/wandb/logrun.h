/* SPDX-License-Identifier: MIT */
/*
 * logrun - a run that is logged: from standard input into a spool, and from
 * there, by a process beside, to the server
 */
#ifndef WANDB_LOGRUN_H
#define WANDB_LOGRUN_H

#include <stdbool.h>

#include "wandb/api.h"
#include "wandb/bucket.h"
#include "wandb/logrow.h"
#include "wandb/tree.h"

struct logrun_options {
	struct wandb *wandb;      /* NULL: the spool is all */
	const char *dir;          /* where it is made */
	struct run_params params; /* run_id and project are there */
	struct tree *config;
	struct logrows *rows; /* with the metrics that are defined */
	double start;         /* theirs */
	bool resume;
	bool strict; /* a line that cannot be logged ends it */
	int batch;
	double interval;
	double timeout; /* seconds, from the end of the input */
	int exit_code;  /* of the run at the end of the input */
};

/*
 * Logs what comes on standard input and writes the records about it. Returns
 * the exit status; SIGINT and SIGTERM end the program by that signal, when all
 * is sent or the timeout is over.
 */
int logrun(const struct logrun_options *options);

#endif
