/* SPDX-License-Identifier: MIT */
/*
 * choice - which entries of a file, and which of their values, are wanted:
 * --only and --keys
 */
#ifndef WANDB_CHOICE_H
#define WANDB_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

#include "mem.h"
#include "wandb/runlog.h"

/* All zero: everything. */
struct choice {
	bool only; /* those of kind */
	bool kind[RUNLOG_REQUEST + 1];
	struct span *keys; /* in the texts that were added */
	size_t key_count;
};

/*
 * Adds the kinds in list ("history,summary"). Returns NULL, or where in it the
 * first word is that is none.
 */
const char *choice_add_kinds(struct choice *choice, const char *list);

/* The same for keys, of which none may be empty. list must stay. */
const char *choice_add_keys(struct choice *choice, const char *list);

/* Whether an entry of this kind is wanted. Keys alone mean rows. */
bool choice_has(const struct choice *choice, enum runlog_kind kind);

/* Frees all; empty again. */
void choice_release(struct choice *choice);

#endif
