/* SPDX-License-Identifier: MIT */
/*
 * walk - the files below a folder, each once, at any depth
 *
 * In the order of their names, those of a folder before those of the folders
 * in it. Symbolic links are followed when all that is there without them is
 * done; a folder or file that was met before, by device and inode, is passed
 * over, so links in circles end. What grows with the tree are 16 bytes or
 * more for each folder, and the paths of folders that are still to be read.
 */
#ifndef WALK_H
#define WALK_H

#include <stdbool.h>

#include <jv.h>

struct walker {
	/* Whether a file of this name is looked for. */
	bool (*wants)(const char *name);
	/* Takes one that was found: a regular file. */
	void (*take)(void *context, const char *path);
	/*
	 * Takes what could not be read: a folder, or a link of a wanted name
	 * that leads nowhere. why is consumed. The walk goes on.
	 */
	void (*trouble)(void *context, const char *path, jv why);
	void *context;
};

/*
 * Walks from start, a folder; a file is taken whatever its name. Returns
 * jv_null(), or an error_value() if start itself cannot be read: not_found, io.
 */
jv walk(const char *start, const struct walker *walker);

#endif
