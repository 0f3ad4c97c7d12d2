/* SPDX-License-Identifier: MIT */
/*
 * runlist - .wandb files, those of one run together, oldest first
 *
 * A run that was interrupted and resumed left a file for each time: its
 * fragments, which must be synced in the order in which they came to be.
 */
#ifndef WANDB_RUNLIST_H
#define WANDB_RUNLIST_H

#include <stddef.h>

#include "wandb/runhead.h"

struct runfile {
	char *path;
	struct runhead head;
	int fragment; /* from 1 */
	int fragments;
	size_t order; /* the list's own */
};

/* All zero is empty and valid. A few hundred bytes for each file. */
struct runlist {
	struct runfile *at;
	size_t count;
	size_t room;
};

/* Copies path, takes over what head holds. */
void runlist_add(
    struct runlist *list, const char *path, const struct runhead *head);

/*
 * Puts the files of a run where the first of them stands, by the time when
 * they were started, and numbers them. Runs are the same if run_id, project
 * and entity are.
 */
void runlist_sort(struct runlist *list);
void runlist_release(struct runlist *list);

#endif
