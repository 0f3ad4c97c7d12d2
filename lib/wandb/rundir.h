/* SPDX-License-Identifier: MIT */
/*
 * rundir - the folders of runs and the names in them
 *
 * wandb/offline-run-20261121_063050-ID/run-ID.wandb, or run-... without
 * offline- where the client was online.
 */
#ifndef WANDB_RUNDIR_H
#define WANDB_RUNDIR_H

#include <stdbool.h>

enum rundir_kind {
	RUNDIR_ONLINE,
	RUNDIR_OFFLINE,
	RUNDIR_OTHER, /* no run folder */
};

/* By the folder's name, its own where path is a link or ".". */
enum rundir_kind rundir_kind(const char *path);

/* Whether a file's name ends in .wandb. */
bool rundir_is_file(const char *name);

/* The folder of a file; the caller's. */
char *rundir_of(const char *file);

/* The run folder that a folder lies in, the caller's; NULL if in none. */
char *rundir_around(const char *folder);

#endif
