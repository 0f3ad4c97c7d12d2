/* SPDX-License-Identifier: MIT */
/*
 * yaml - JSON text as YAML, in the form that W&B's config.yaml has
 *
 * Keys sorted (numbers in them by value), four spaces a level. What could be
 * read as something else than it is, by YAML 1.1 or 1.2, is quoted.
 */
#ifndef WANDB_YAML_H
#define WANDB_YAML_H

#include "mem.h"

/* Appends json, which must be valid (JSON_WORDS or not). */
void yaml_add(struct span json, struct buf *out);

#endif
