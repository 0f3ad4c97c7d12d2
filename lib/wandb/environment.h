/* SPDX-License-Identifier: MIT */
/*
 * environment - the machine and the program that wrote a run
 *
 * EnvironmentRecords as JSON, by protobuf's JSON mapping
 * (https://protobuf.dev/programming-guides/json/): what wandb-metadata.json and
 * the config's _wandb.e hold (upstream: core/internal/runenvironment).
 */
#ifndef WANDB_ENVIRONMENT_H
#define WANDB_ENVIRONMENT_H

#include "wandb/wire.h"

/*
 * Appends records, which stand one behind the other (that merges them), as one
 * object without white space. What is not set is left out, and so are unknown
 * fields.
 */
void environment_json(struct span records, struct buf *out);

/*
 * Appends the members of one record with a comma before each, in this
 * project's way (fields.h); false if it holds bytes that are no protobuf.
 */
bool environment_members(struct span record, struct buf *out);

/* The writer_id of such records; an empty span without one. */
struct span environment_writer(struct span records);

/* The folder that the client worked in, likewise. */
struct span environment_root(struct span records);

#endif
