/* SPDX-License-Identifier: MIT */
/*
 * tree - JSON values at paths: a row, a summary, a config while it changes
 *
 * Upstream: core/internal/pathtree. A leaf is JSON text, checked when it is put
 * in and written as it came. A leaf replaces a subtree at its path, and the
 * reverse.
 * Keys keep the order in which they first came, also when they were away for
 * a while. Putting a value at a path that is there costs a look-up and a copy
 * of its text: a summary of ten keys takes a million changes of all of them a
 * second. A path has at most JSON_DEPTH elements.
 */
#ifndef WANDB_TREE_H
#define WANDB_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "mem.h"

struct tree;

struct tree *tree_new(void);
void tree_free(struct tree *tree);
void tree_clear(struct tree *tree); /* keeps memory for the same keys */
bool tree_is_empty(const struct tree *tree);

/*
 * Sets the leaf at path to json, which may hold the words NaN and Infinity.
 * False if json is no JSON or the path is empty or too long: nothing was
 * changed.
 */
bool tree_put(
    struct tree *tree, const struct span *path, size_t depth, struct span json);

/*
 * The same, but an object is merged leaf by leaf below path; an empty object
 * leaves no trace.
 */
bool tree_merge(
    struct tree *tree, const struct span *path, size_t depth, struct span json);

/* Takes away what is at path and below, and parents that become empty. */
void tree_remove(struct tree *tree, const struct span *path, size_t depth);

/* Whether anything is at path or below. */
bool tree_has(const struct tree *tree, const struct span *path, size_t depth);

/* The text of the leaf at path; an empty span without one. */
struct span tree_leaf(
    const struct tree *tree, const struct span *path, size_t depth);

/* Appends the whole as one JSON object, without white space of its own. */
void tree_write(const struct tree *tree, struct buf *out);

/*
 * Calls visit for each key at the top with its JSON text, in order; the key is
 * as it was put in, not escaped.
 */
void tree_each(const struct tree *tree,
    void (*visit)(void *context, struct span key, struct span json),
    void *context);

#endif
