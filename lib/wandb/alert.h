/* SPDX-License-Identifier: MIT */
/*
 * alert - the alerts of a run, sent once
 */
#ifndef WANDB_ALERT_H
#define WANDB_ALERT_H

#include "wandb/bucket.h"

/*
 * Sends alerts, an array of objects with title, text, level and wait
 * (milliseconds), which is borrowed. There is no way to ask whether one was
 * sent, so none is sent again. Returns jv_null(), or the first error_value():
 * "unknown_outcome" if an answer was lost.
 */
jv alert_send(struct wandb *wandb, const struct bucket *bucket, jv alerts,
    const struct deadline *deadline);

#endif
