/* SPDX-License-Identifier: MIT */
/*
 * logspool - the folders in which runs wait that are logged
 *
 * DIR/offline-run-YYYYMMDD_HHMMSS-ID/run-ID.wandb, in local time, as the
 * official client names them, so that all who look for runs find them.
 */
#ifndef WANDB_LOGSPOOL_H
#define WANDB_LOGSPOOL_H

#include <stdbool.h>

#include <jv.h>

#include "wandb/bucket.h"
#include "wandb/place.h"
#include "wandb/runlist.h"

/*
 * The folder of all run folders, where the official client has it:
 * WANDB_DIR/.wandb if that is there, else WANDB_DIR/wandb. The caller's.
 */
char *logspool_dir(void);

/*
 * Makes a folder that is not there, for a run that begins now. Returns the name
 * of the .wandb file in it as a string, or an error_value(): io.
 */
jv logspool_make(const char *dir, const char *run_id, double now);

/*
 * Lists the files of the run in offline run folders, oldest first. Those that
 * cannot be read so far that it is known whose they are, are left out.
 */
void logspool_left(
    const char *dir, const struct run_params *params, struct runlist *list);

/*
 * Where on the server the lines of a resumed run's file begin, which nothing in
 * the file tells: kept beside it (FILE.syncstate, where the official client
 * keeps the step) before the first of them is sent. jv_null(), or an
 * error_value(): io.
 */
jv logspool_set_begin(const char *file, const struct reach *begin);

/* False if that is not known. */
bool logspool_begin(const char *file, struct reach *begin);

/* Removes the file of a run and its folder, unless that holds other files. */
void logspool_remove(const char *file);

#endif
