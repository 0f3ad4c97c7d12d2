/* SPDX-License-Identifier: MIT */
/*
 * growing - the digest of a file while it is written, by another process
 *
 * On another core: in one process the sum of a large file would take as long
 * as its transfer. The file is only added to. All zero is none.
 */
#ifndef WANDB_GROWING_H
#define WANDB_GROWING_H

#include "wandb/checksum.h"

struct growing {
	pid_t pid;
	int reached; /* how far it may read */
	int result;
};

/* Begins; without a process to be had it is none. */
void growing_begin(struct growing *growing, int fd, enum checksum_kind kind);

/* The first size bytes are there. */
void growing_reach(struct growing *growing, off_t size);

/*
 * Its digest, of size bytes; it is none again. False if there is no digest: the
 * file could not be read, or it was none.
 */
bool growing_end(struct growing *growing, off_t size, char text[CHECKSUM_TEXT]);

/* Ends it without. */
void growing_drop(struct growing *growing);

#endif
