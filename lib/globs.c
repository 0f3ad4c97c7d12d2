/* SPDX-License-Identifier: MIT */
/*
 * globs - the patterns of --include and --exclude
 */
#include <fnmatch.h>
#include <stdlib.h>

#include "globs.h"
#include "mem.h"

void
globs_add(struct globs *globs, const char *pattern)
{
	globs->at =
	    xreallocarray(globs->at, globs->count + 1, sizeof(*globs->at));
	globs->at[globs->count++] = pattern;
}

bool
globs_match(const struct globs *globs, const char *name)
{
	size_t i;

	for (i = 0; i < globs->count; i++) {
		if (fnmatch(globs->at[i], name, 0) == 0)
			return true;
	}
	return false;
}

void
globs_release(struct globs *globs)
{
	free(globs->at);
	*globs = (struct globs){ 0 };
}
