/* SPDX-License-Identifier: MIT */
/*
 * git/ignore - links to folders, which libgit2 takes for folders
 *
 * A line of a .gitignore that ends in '/' is for folders only. libgit2 1.5
 * has it hold for symbolic links to folders, too; git does not.
 */
#ifndef GIT_IGNORE_H
#define GIT_IGNORE_H

#include <stdbool.h>

#include <jv.h>

#include "git/worktree.h"

/*
 * Whether git, too, ignores (or does not) a link that it does not know; path is
 * the link's in the work tree, ignored what libgit2 says. Links to anything but
 * a folder pass. Returns jv_null(), or an error_value(): input.
 */
jv ignore_check_link(
    const struct worktree *worktree, const char *path, bool ignored);

#endif
