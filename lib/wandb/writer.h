/* SPDX-License-Identifier: MIT */
/*
 * writer - whether a program still writes a file
 *
 * A .wandb file without an exit record is that of a run that goes on, or of
 * one that was killed: the difference is whether a process of this machine has
 * it open for writing.
 */
#ifndef WANDB_WRITER_H
#define WANDB_WRITER_H

#include <stdbool.h>
#include <sys/types.h>

#include "clock.h"

/*
 * fd is open for reading only. What cannot be found out, for want of rights,
 * counts as no writer.
 */
bool writer_is_alive(int fd);

/*
 * Watching a file from its end, all zero at first: more may come while it
 * grows or somebody writes it, and for 30 seconds after that.
 */
struct writer_watch {
	off_t size;  /* when it was looked at last, */
	double idle; /* and for how many seconds it was that */
};

enum writer_news {
	WRITER_MORE, /* look again: there may be more */
	WRITER_GONE, /* there is no more, and nobody to write it */
	WRITER_LATE, /* the deadline would pass */
};

/* Waits a second, before which everything that was read should be passed on. */
enum writer_news writer_wait(
    struct writer_watch *watch, int fd, const struct deadline *deadline);

#endif
