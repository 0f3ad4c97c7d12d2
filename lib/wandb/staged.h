/* SPDX-License-Identifier: MIT */
/*
 * staged - files of artifacts, looked for where they may be now
 *
 * A .wandb file names them by the path they had on the machine where the run
 * was: copies that the client staged, or the user's own. Here they are looked
 * for, in this order,
 *
 *	below NEW, if the path begins with the OLD of a --map=OLD=NEW,
 *	where it says,
 *	below output_dir, if it is below /kaggle/working,
 *	as they lie to the run's folder: if ROOT/wandb/RUN is here/wandb/RUN
 *	now, ROOT is here, and so are the folders above as far as their names
 *	are the same.
 *
 * A relative path is meant from ROOT. Nothing is ever written to them.
 */
#ifndef WANDB_STAGED_H
#define WANDB_STAGED_H

#include <stdint.h>

#include <jv.h>

#include "mem.h"

struct staged {
	jv maps;          /* an array of [OLD, NEW]; the caller's */
	char *output_dir; /* NULL if it is not known */
	char *root;       /* as recorded; NULL without one */
	char *there, *here;
};

/* path: of the .wandb file. root: as EnvironmentRecord has it, or empty. */
void staged_init(struct staged *staged, jv maps, const char *output_dir,
    const char *path, struct span root);
void staged_release(struct staged *staged);

/*
 * Opens a file for reading: the first regular one of that size (-1: of any).
 * Returns a descriptor to close; or -1 and sets *why to an error_value():
 * not_found, io, or conflict if it has another size.
 */
int staged_open(
    const struct staged *staged, struct span recorded, int64_t size, jv *why);

#endif
