/* SPDX-License-Identifier: MIT */
/*
 * rundelete - a run deleted on the server
 */
#ifndef WANDB_RUNDELETE_H
#define WANDB_RUNDELETE_H

#include <stdbool.h>

#include <jv.h>

#include "wandb/account.h"
#include "wandb/api.h"

/*
 * Deletes the run at place, with_artifacts also those that it made, and asks
 * until it is there no more. With dry_run it only asks whether that may be.
 * Returns jv_null(), or an error_value(): not_found, auth (read-only), conflict
 * (its program runs), timeout (the server still shows it), unknown_outcome,
 * those of api.h.
 */
jv rundelete_do(struct wandb *wandb, const struct account_place *place,
    bool with_artifacts, bool dry_run, const struct deadline *deadline);

#endif
