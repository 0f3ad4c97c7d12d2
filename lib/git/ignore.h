/* SPDX-License-Identifier: MIT */
/*
 * git/ignore - which files git ignores: gitignore(5)
 *
 * libgit2 1.5 forgets a line like "!keep.log" if what it takes back stands in
 * the .gitignore of a folder above, follows .gitignore where it is a symbolic
 * link, and takes links to folders for folders. git does none of that, so this
 * is done here, as in git 2.39.
 *
 * The lines that count for a path are those of core.excludesFile, of
 * info/exclude and of each .gitignore from the top down to its folder; the last
 * one that matches decides. Nothing below an ignored folder is taken back.
 */
#ifndef GIT_IGNORE_H
#define GIT_IGNORE_H

#include <stdbool.h>
#include <stddef.h>

#include <jv.h>

#include "git/worktree.h"

struct ignore_rule;

struct ignore {
	struct ignore_rule *rules;
	size_t count, room;
	bool fold; /* core.ignoreCase */
};

/* Reads the two files that count everywhere, if they are there. */
void ignore_init(struct ignore *ignore, const struct worktree *worktree);
void ignore_release(struct ignore *ignore);

/*
 * Adds the .gitignore of a folder, if it has one: folder_fd is open on it, path
 * is the folder in the work tree, "" or ending with a slash. *mark is for
 * ignore_leave(), which forgets its lines again. Returns jv_null(), or an
 * error_value(): io.
 */
jv ignore_enter(
    struct ignore *ignore, int folder_fd, const char *path, size_t *mark);
void ignore_leave(struct ignore *ignore, size_t mark);

/*
 * Whether the path, of which no folder is ignored, is. It has no slash at its
 * end; is_folder is not true of a symbolic link.
 */
bool ignore_matches(
    const struct ignore *ignore, const char *path, bool is_folder);

#endif
