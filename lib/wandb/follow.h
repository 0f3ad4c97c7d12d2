/* SPDX-License-Identifier: MIT */
/*
 * follow - a file that is still being written
 *
 * What has come is sent at most every FOLLOW_INTERVAL seconds (sooner where a
 * post is full), so that it is on the server within 5 s of reaching the disk;
 * after FOLLOW_SILENCE seconds without anything, an empty post tells the server
 * that the run goes on. The file is looked at, not waited for: a look costs one
 * fstat(2), and works on every file system.
 *
 * Nothing is kept here of how far it came: whoever goes on, asks the server.
 */
#ifndef WANDB_FOLLOW_H
#define WANDB_FOLLOW_H

#include "wandb/job.h"

enum {
	FOLLOW_INTERVAL = 3, /* seconds between two posts */
	FOLLOW_SILENCE = 30, /* before an empty one */
};

/* Before the file is read. */
void follow_begin(struct job *job);

/*
 * At the end of what there is: waits until there is more, and returns true. Or
 * false: the run has ended, or there is nobody who writes (both are said on
 * standard error), or replay.error says what went wrong.
 */
bool follow_on(struct job *job);

#endif
