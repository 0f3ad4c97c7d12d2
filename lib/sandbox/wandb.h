/* SPDX-License-Identifier: MIT */
/*
 * sandbox/wandb - the W&B half of kw-sandbox
 *
 * What a W&B server does for runs: GraphQL, file_stream, storage.
 * kw-sandbox(1) is its manual.
 */
#ifndef SANDBOX_WANDB_H
#define SANDBOX_WANDB_H

#include "sandbox/server.h"

extern const struct service wandb_service;

#endif
