/* SPDX-License-Identifier: MIT */
/*
 * same - whether two texts are the same JSON value
 *
 * Members in any order, numbers by value, strings by what they stand for; NaN
 * and the infinities may be words or strings.
 */
#ifndef WANDB_SAME_H
#define WANDB_SAME_H

#include <stdbool.h>

#include "json.h"
#include "mem.h"

/* False if either is no JSON. */
bool same_json(struct span a, struct span b);

/* The same, whole numbers by all of their digits; or the same bytes. */
bool same_exactly(struct span a, struct span b);

/* The same of objects; with b_has_more only the members of a are looked at. */
bool same_objects(struct span a, struct span b, bool b_has_more);

/*
 * The member of b whose key is that of like, which is member number at of
 * another object; NULL without it.
 */
const struct json_member *same_member(
    const struct json_members *b, size_t at, const struct json_member *like);

#endif
