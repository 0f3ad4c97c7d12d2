/* SPDX-License-Identifier: MIT */
/*
 * logsend - a process that sends a run while it is logged
 *
 * Who reads the metrics writes them into a spool (logwriter.h), and never waits
 * for the network. A child process reads the spool and sends it, as wb-sync -f
 * would (sync.h); where that fails in a way that passes, it asks the server
 * again where it is, and goes on there. It dies with its parent.
 *
 * What is learnt comes over a socket: have poll(2) wait for input on fd, then
 * call logsend_listen().
 */
#ifndef WANDB_LOGSEND_H
#define WANDB_LOGSEND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <jv.h>

#include "mem.h"
#include "wandb/bucket.h"

struct logsend_options {
	struct wandb *wandb;
	const char *dir;  /* where other files of the run may be */
	const char *file; /* the spool */
	const struct run_params *params;
	bool resume; /* else a run of that id is a conflict */
	int batch;   /* rows of a request, at most */
	double interval;
};

struct logsend {
	pid_t pid;
	int fd; /* from the child, and to it */
	struct buf heard;
	off_t window;     /* logsend_has_room()'s */
	off_t mark;       /* when the spool was so long, */
	double marked;    /* that was then, in clock_ticks() */
	double heard_at;  /* something was */
	double closed_at; /* there was no room any more; 0: there is */

	/* What it said. */
	bool taken;      /* the server has the run: these are known */
	char *run, *url; /* "entity/project/run_id" */
	int64_t step;    /* the least that its first row may have */
	double runtime;  /* seconds that a resumed run had before */
	int64_t rows;    /* of the spool, that are confirmed */
	int64_t lines;   /* of the run, that the server has */
	off_t read;      /* so much of the spool was read */
	bool stopped;    /* somebody pressed the stop button */
	bool over;       /* it has ended, and this came of it: */
	jv outcome;      /* wb-sync's record, or an error_value() */
};

/* Starts it. There must be no request under way. */
void logsend_start(
    struct logsend *sender, const struct logsend_options *options);

/* Says that the spool has grown. */
void logsend_wake(struct logsend *sender);

/*
 * Whether more may be put into a spool of size bytes: what is not read of it
 * must be there in some 20 s, by how quick it was before. While nothing is
 * heard the spool may grow, up to a limit. Otherwise *seconds, unless something
 * is heard before, are left until that can be.
 */
bool logsend_has_room(struct logsend *sender, off_t size, double *seconds);

/*
 * Why wb-sync's record says that the file is not done; jv_null(): it is.
 * Borrows rec.
 */
jv logsend_verdict(jv rec);

/* Takes in what it said; waits if it said nothing. */
void logsend_listen(struct logsend *sender);

/* Ends the process if it goes on, and frees all. */
void logsend_end(struct logsend *sender);

#endif
