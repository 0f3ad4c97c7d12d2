/* SPDX-License-Identifier: MIT */
/*
 * keys - a set of texts, numbered from 0 in the order in which they came
 *
 * What a tree's children, a row's columns and the defined metrics are found
 * by. A text that is there is found without allocating; nothing is ever taken
 * away but all at once. All zero is empty and valid.
 */
#ifndef WANDB_KEYS_H
#define WANDB_KEYS_H

#include <stdint.h>

#include "mem.h"

enum { KEYS_MOST = INT32_MAX };

struct key;

struct keys {
	struct key *at; /* by number */
	size_t count;
	size_t room;
	struct buf text; /* all texts, one behind the other */
	uint32_t *slots; /* number + 1 by hash; 0 is free */
	size_t slot_count;
};

/* The number of key, or count if it is not there. */
size_t keys_find(const struct keys *keys, struct span key);

/* The number of key, which is added as number count if it is not there. */
size_t keys_add(struct keys *keys, struct span key);

/* The key of a number; valid until the next is added. */
struct span keys_at(const struct keys *keys, size_t number);

void keys_clear(struct keys *keys);   /* keeps the room */
void keys_release(struct keys *keys); /* frees; empty again */

#endif
