/* SPDX-License-Identifier: MIT */
/*
 * git/commit - a commit of a tree, and the branch moved to it
 */
#ifndef GIT_COMMIT_H
#define GIT_COMMIT_H

#include <git2.h>
#include <jv.h>

#include "git/worktree.h"

struct commit_people {
	git_signature *author, *committer;
};

/*
 * Who commits, and when: GIT_AUTHOR_NAME, _EMAIL, _DATE and GIT_COMMITTER_...,
 * else author.name, committer.name ..., else user.name and user.email in git's
 * configuration, and now. A date is RFC 3339, or as git writes it: seconds
 * since 1970 and an offset ("1795240800 +0100"). Returns jv_null(), or an
 * error_value(): input (names git config). Release it in any case.
 */
jv commit_people(struct commit_people *people, const struct worktree *worktree);
void commit_people_release(struct commit_people *people);

/*
 * Makes a commit of tree on top of parent (NULL: of nothing). The message is
 * cleaned up as git commit -m does. Fills id. Returns jv_null(), or an
 * error_value(): io.
 */
jv commit_make(const struct worktree *worktree,
    const struct commit_people *people, const char *message,
    const git_oid *tree, const git_oid *parent, git_oid *id);

/*
 * Moves the branch that is checked out from worktree->head to id, with entries
 * in the reflogs as git's. Returns jv_null(), or an error_value(): conflict,
 * temporary (HEAD or the branch is not where it was).
 */
jv commit_advance(const struct worktree *worktree,
    const struct commit_people *people, const char *message, const git_oid *id);

#endif
