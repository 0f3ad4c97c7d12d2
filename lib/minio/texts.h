/* SPDX-License-Identifier: MIT */
/*
 * texts - texts that are held many times, kept once
 *
 * Each has a number from 1 up; 0 is the empty text. One that nobody holds any
 * more is forgotten, so they are never more than their holders.
 */
#ifndef MINIO_TEXTS_H
#define MINIO_TEXTS_H

#include <stdint.h>

#include "mem.h"

struct texts {
	struct texts_one *at;
	uint32_t count;
	uint32_t room;
	uint32_t unused; /* the first of those that were forgotten */
	uint32_t *heads; /* by hash: the first of a chain */
	uint32_t slots;
};

uint32_t texts_hold(struct texts *texts, struct span text);
void texts_drop(struct texts *texts, uint32_t number);
struct span texts_get(const struct texts *texts, uint32_t number);
void texts_release(struct texts *texts);

#endif
