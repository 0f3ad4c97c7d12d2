/* SPDX-License-Identifier: MIT */
/*
 * fragment - whether what comes before a file of a resumed run is there
 *
 * A run that was resumed left several files. The rows of one can only be put
 * behind those that are on the server: should one before it come later, there
 * is no place for it. So before the first row of a file is sent, all that can
 * be known of earlier ones is looked at:
 *
 * - how many the caller counts (fragment of wb-find-runs);
 * - files of the run beside this one, and when their last row was written;
 * - what the run record says: resumed, starting_step, runtime;
 * - rows whose _runtime is longer than the program ran;
 * - a first _step that is further from what is there than any of the next
 *   rows from the one before it. This counts only if the run there ended well:
 *   a killed program loses its last rows, and is resumed from a later step;
 *   nor does it where the caller knows the file before.
 *
 * A program that was resumed offline, begins its steps at 0 again, and whose
 * earlier files are nowhere to be seen, is not to be told from the first.
 */
#ifndef WANDB_FRAGMENT_H
#define WANDB_FRAGMENT_H

#include <jv.h>

#include "wandb/bucket.h"

/*
 * path: the file, whose first row is to be put behind all that bucket has.
 * number: which file of the run it is, as the caller counts them from 1, 0 if
 * that is not known. follows: the caller has just seen that the file before it
 * is there. Returns jv_null(), or an error_value(): "conflict" says what is
 * missing.
 */
jv fragment_check(
    const char *path, const struct bucket *bucket, int number, bool follows);

/*
 * base: the run that the one params name was forked from, in the same project.
 * Nothing else says on the server that it is one: its rows alone are not the
 * whole. As another worker may be about to make it, it is waited for a little.
 * Returns jv_null() if it is there, or an error_value(): "conflict", or why it
 * could not be asked for.
 */
jv fragment_check_base(struct wandb *wandb, const struct run_params *params,
    const char *base, const struct deadline *deadline);

#endif
