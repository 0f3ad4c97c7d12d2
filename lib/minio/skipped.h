/* SPDX-License-Identifier: MIT */
/*
 * skipped - what is left out, to be told at the end: how many, the place of the
 * first, and some names
 */
#ifndef MINIO_SKIPPED_H
#define MINIO_SKIPPED_H

#include "mem.h"

struct skipped {
	const char *what; /* "events of another bucket" */
	long count;
	long line; /* of the first; 0 if it is of none */
	struct buf names;
};

void skipped_add(struct skipped *skipped, long line, struct span name);

/* A warning, if there were any; frees the names. */
void skipped_tell(struct skipped *skipped);

#endif
