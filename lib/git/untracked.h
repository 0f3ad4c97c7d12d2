/* SPDX-License-Identifier: MIT */
/*
 * git/untracked - files of a work tree that git does not know
 */
#ifndef GIT_UNTRACKED_H
#define GIT_UNTRACKED_H

#include <git2.h>
#include <jv.h>

#include "git/worktree.h"

/*
 * Gives each file and symbolic link that is neither in the index nor ignored to
 * take, with its path in the work tree; in no order. Other kinds of files are
 * passed over, and so are submodules. Returns jv_null(), or an error_value():
 * input (names the path: a repository of its own that is no submodule, a name
 * that git does not take, a path that is too long), io.
 */
jv untracked_find(const struct worktree *worktree, git_index *index,
    void (*take)(void *context, const char *path), void *context);

#endif
