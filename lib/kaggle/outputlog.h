/* SPDX-License-Identifier: MIT */
/*
 * outputlog - the session's log as a file beside its output
 *
 * It comes into a hidden file, and gets the name SLUG.log when it is whole, or
 * another one if an output has that name.
 */
#ifndef KAGGLE_OUTPUTLOG_H
#define KAGGLE_OUTPUTLOG_H

#include <jv.h>

#include "kaggle/manifest.h"
#include "kaggle/outputs.h"

/* The file for outputs_open(); -1 with errno. */
int outputlog_open(const struct manifest *manifest);

/*
 * Gives the log that list wrote its name, and sets "log_path"; without a log
 * nothing. Returns rec, with "error", io, if it could not be written.
 */
jv outputlog_name(jv rec, struct manifest *manifest, const struct outputs *list,
    const char *slug, int log);

/* Closes it, and removes what has no name. */
void outputlog_close(const struct manifest *manifest, int log);

#endif
