/* SPDX-License-Identifier: MIT */
/*
 * replay - what the records of a .wandb file make of a run
 *
 * One pass: each record changes the config, the summary, ..., or becomes a
 * line, which goes to a stream at once if the server does not have it.
 */
#ifndef WANDB_REPLAY_H
#define WANDB_REPLAY_H

#include <stdbool.h>
#include <stdio.h>

#include <jv.h>

#include "wandb/artifact.h"
#include "wandb/bucket.h"
#include "wandb/console.h"
#include "wandb/history.h"
#include "wandb/place.h"
#include "wandb/runconfig.h"
#include "wandb/selection.h"
#include "wandb/stream.h"
#include "wandb/summary.h"
#include "wandb/upload.h"

struct replay {
	/*
	 * Where lines and files go, set by the caller when the run record has
	 * said whose they are; NULL: they are only counted. flush is called
	 * when the stream has enough for a post.
	 */
	struct stream *stream;
	struct uploads *uploads;
	struct artifacts *artifacts;
	struct place place;
	bool structured; /* the form of console lines */
	jv (*flush)(void *context);
	void *context;
	const struct run_params *instead; /* overrides; tags are added */
	unsigned skip;     /* LEAVE_...: what stays here, and what there was */
	unsigned left_out; /* of it */

	/* What the records say. */
	bool begun; /* there was a run record */
	struct run_params params;
	bool changed; /* params did; the caller resets it */
	bool resume;  /* it goes on with a run that may be there */
	double started;
	char *branch;        /* the run that it is a fork or rewind of */
	bool rewound;        /* of itself */
	int64_t branch_step; /* its first step then; -1: not told by a step */
	struct runconfig *config;
	struct summary *summary;
	bool exited, not_complete, preempting;
	int exit_code;
	jv alerts; /* an array of objects: title, text, level, wait */

	/* The lines of the file, and what became of them. */
	struct reach at;         /* how many were read; step: the next row's */
	struct row_key last_row; /* of those that were given to the stream */
	long fresh;              /* lines that the server did not have */
	long ignored, unsaid;    /* records; unsaid: before the run's */
	long dropped;            /* values that are no JSON */
	long too_long;           /* lines that no server takes */
	FILE *log;               /* output.log; NULL without a line */
	jv error;                /* jv_null(), or what keeps it from going on */

	struct history *history;
	struct console *console;
	struct buf line;
	bool written; /* to the console, since replay_show() */
};

void replay_init(struct replay *replay);
void replay_release(struct replay *replay);

/* Takes a record. False when error is set. */
bool replay_record(struct replay *replay, const struct runlog_entry *entry);

/* The end of the file: lines that could still have changed are final. */
void replay_finish(struct replay *replay);

/*
 * Gives the console lines that can still change to the stream, if anything was
 * written since the last time.
 */
void replay_show(struct replay *replay);

/* Appends the summary. */
void replay_summary(struct replay *replay, struct buf *out);

#endif
