/* SPDX-License-Identifier: MIT */
/*
 * source - the .wandb file that a record names, and whose it is
 */
#ifndef WANDB_SOURCE_H
#define WANDB_SOURCE_H

#include <jv.h>

#include "wandb/bucket.h"

/*
 * Finds the .wandb file that rec names: wandb_file, which may also be a run's
 * folder, else the one in run_dir. Returns its path as a string, or an
 * error_value(). Borrows rec.
 */
jv source_path(jv rec);

/*
 * Takes away what says beside the file of rec, if it names one, that it was
 * synced, and from rec as well: its run is no longer on the server. Returns the
 * record, with "failed" if that could not be done.
 */
jv source_forget(jv rec);

/*
 * Reads whose the file at path is: "entity/project/run_id" after overrides,
 * the caller's to free; NULL if that cannot be read. *started becomes the time
 * when it began, NAN if that is not known.
 */
char *source_run(
    const char *path, const struct run_params *instead, double *started);

#endif
