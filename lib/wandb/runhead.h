/* SPDX-License-Identifier: MIT */
/*
 * runhead - what a .wandb file says of its run, from its head and its tail
 *
 * The run record is the second one, the exit record one of the last: a file of
 * a gigabyte is told from 100 kB of it. What the client wrote in between is not
 * seen, a new name of the run for one.
 */
#ifndef WANDB_RUNHEAD_H
#define WANDB_RUNHEAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <jv.h>

enum runhead_state {
	RUNHEAD_FINISHED, /* exit code 0 */
	RUNHEAD_FAILED,   /* another one */
	RUNHEAD_CRASHED,  /* no exit record, and nobody writes the file */
	RUNHEAD_LIVE,     /* no exit record, and a process here writes it */
};

/* "finished", "failed", ... */
const char *runhead_state_name(enum runhead_state state);

/* Texts are the struct's, and empty where the file leaves them open. */
struct runhead {
	char *run_id, *entity, *project, *display_name;
	double started; /* NAN if it is not told */
	enum runhead_state state;
	off_t bytes;
};

/*
 * Reads head and tail of a file. Returns jv_null(), or an error_value(), then
 * head is all zero: not_found, io, input (no .wandb file), damaged (the head
 * cannot be read, or there is no run record in its first MiB); temporary while
 * a process writes the file.
 */
jv runhead_read(const char *path, struct runhead *head);
void runhead_release(struct runhead *head);

#endif
