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

/*
 * fd is open for reading only. What cannot be found out, for want of rights,
 * counts as no writer.
 */
bool writer_is_alive(int fd);

/*
 * Watching a file that may grow: it is given up when it has not grown for 30
 * seconds and nobody writes it.
 */
enum { WRITER_PATIENCE = 30 }; /* seconds */

#define WRITER_LOOK 0.5 /* seconds between two looks at the file */

struct writer_watch {
	off_t size;    /* when it was looked at last */
	double grown;  /* when it grew last, by clock_now() */
	double looked; /* when a writer was looked for, by clock_ticks() */
};

/* Before the file is read; size is as much of it as was seen. */
void writer_watch(struct writer_watch *watch, int fd, off_t size);

/* Whether it has another size than when it was looked at last. */
bool writer_has_grown(struct writer_watch *watch, int fd);

/*
 * Why what is read from fd is not the file path any more, of which read bytes
 * were read: "was replaced", "was cut"; NULL if it is. One that was removed may
 * still grow.
 */
const char *writer_changed(int fd, const char *path, off_t read);

/* Whether it is given up. */
bool writer_is_gone(struct writer_watch *watch, int fd);

#endif
