/* SPDX-License-Identifier: MIT */
/*
 * jsonedit - single keys of a JSON object's text set or taken away
 *
 * All other bytes stay as they are: NaN, numbers that no double holds, white
 * space, the order of the keys. A summary is such a text, {"KEY": V}, and so is
 * a config, {"KEY": {"value": V, ...}}.
 */
#ifndef WANDB_JSONEDIT_H
#define WANDB_JSONEDIT_H

#include <stdbool.h>

#include "mem.h"

enum jsonedit_form {
	JSONEDIT_PLAIN,   /* KEY is a key, or a path of keys joined by dots */
	JSONEDIT_WRAPPED, /* the same in a config: V is meant */
	JSONEDIT_EXACT,   /* KEY is a key at the top, as it is */
};

/*
 * Sets key in text, an object that JSON_WORDS let pass, to value, JSON text; an
 * empty value takes the key away. A key that is there under its whole name is
 * that one; else a dot leads into an object that is there, the one with the
 * longest name; else the key is new, dots and all. A value that is the same
 * (same_exactly()) stays in the bytes that it has. Returns whether text was
 * changed.
 */
bool jsonedit_put(struct buf *text, const char *key, struct span value,
    enum jsonedit_form form);

/* Does to text, key by key at the top, what made base become theirs. */
void jsonedit_merge(struct buf *text, struct span base, struct span theirs);

#endif
