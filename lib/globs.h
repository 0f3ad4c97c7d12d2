/* SPDX-License-Identifier: MIT */
/*
 * globs - the patterns of --include and --exclude
 *
 * A pattern is compared with the whole name, as the shell compares names with
 * '*', '?' and [...], but '*' and '?' match a '/', too: "*.ckpt" is all such
 * files in any folder.
 */
#ifndef GLOBS_H
#define GLOBS_H

#include <stdbool.h>
#include <stddef.h>

/* All zero is empty, and matches nothing. */
struct globs {
	const char **at;
	size_t count;
};

/* Adds a pattern, which is borrowed. */
void globs_add(struct globs *globs, const char *pattern);

/* Whether one of them matches name. */
bool globs_match(const struct globs *globs, const char *name);

void globs_release(struct globs *globs);

#endif
