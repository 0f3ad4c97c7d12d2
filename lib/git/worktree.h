/* SPDX-License-Identifier: MIT */
/*
 * git/worktree - a work tree that can be committed, or why it cannot
 *
 * libgit2 1.5 is less than git: it runs no hooks and no filters but those for
 * line ends, signs nothing, knows neither sparse checkouts nor split indexes.
 * What it does not do is found out here and in git/stage.h before anything is
 * written, and refused with the git command that does it.
 *
 * git's configuration holds, also what the environment says of it
 * (git/settings.h). GIT_DIR, GIT_WORK_TREE and GIT_INDEX_FILE are ignored: it
 * is the record that names the repository.
 */
#ifndef GIT_WORKTREE_H
#define GIT_WORKTREE_H

#include <stdbool.h>

#include <git2.h>
#include <jv.h>

#include "diag.h"

struct worktree {
	git_repository *repo;
	const char *root; /* the folder of the work tree, ends with a slash */
	char *branch;     /* what is checked out; NULL: a detached HEAD */
	char *remote;     /* the name of the remote to push to */
	char *target;     /* the branch to push to, there */
	bool unborn;      /* no commit is there; head is zero */
	git_oid head;     /* the commit that is checked out */
};

/*
 * Opens the work tree that path lies in, as git finds it. remote is the name of
 * a remote, or NULL: where git push would push the branch, else "origin". side
 * is the branch to push to, or NULL: the branch's upstream if that is of this
 * remote, else the branch of its own name.
 *
 * Returns jv_null(), or an error_value(): not_found; input (bare, shallow,
 * sparse, a format that libgit2 does not know, another user's); conflict (a
 * merge or the like is under way; HEAD is detached and there is no side).
 * Release it in any case.
 */
jv worktree_open(struct worktree *worktree, const char *path,
    const char *remote, const char *side);
void worktree_release(struct worktree *worktree);

/*
 * Whether a push may begin: the remote's branch holds theirs, which must be
 * here and, unless the branch is one of its own (side), behind what is checked
 * out. Returns jv_null(), or an error_value(): conflict, with how far the
 * remote has moved on.
 */
jv worktree_compare(
    const struct worktree *worktree, const git_oid *theirs, bool side);

/* Hooks and signing, which only git does. */
struct worktree_leave {
	bool no_hooks, no_sign; /* they may be left out */
	bool hooks, sign;       /* they are */
};

/*
 * Whether a commit, or a push, can be made without git: no hook of its own is
 * there and no signature is asked for, or they may be left out, which is then
 * noted. Returns jv_null(), or an error_value(): input (names git's command).
 */
jv worktree_check_commit(
    const struct worktree *worktree, struct worktree_leave *leave);
jv worktree_check_push(
    const struct worktree *worktree, struct worktree_leave *leave);

/* A boolean of git's configuration, otherwise without it. */
bool worktree_setting(
    const struct worktree *worktree, const char *name, bool otherwise);

/* A string of it, the caller's; NULL without it. */
char *worktree_string(const struct worktree *worktree, const char *name);

/* The path of a file or folder, from the work tree on; NULL without it. */
char *worktree_path(const struct worktree *worktree, const char *name);

/* An error_value() that ends with what libgit2 has said last. */
jv worktree_failure(const char *code, const char *format, ...)
    DIAG_PRINTF(2, 3);

#endif
