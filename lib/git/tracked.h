/* SPDX-License-Identifier: MIT */
/*
 * git/tracked - files that git knows and that may have changed
 */
#ifndef GIT_TRACKED_H
#define GIT_TRACKED_H

#include <sys/stat.h>
#include <time.h>

#include <git2.h>
#include <jv.h>

#include "git/worktree.h"

struct tracked;

/* Returns jv_null(), or an error_value(), which ends the search. */
typedef jv tracked_take(
    void *context, const git_index_entry *entry, const struct stat *st);

/*
 * Begins to look for entries of the index that are not as the stat data there
 * says, or that may have been changed when the index was written (at written)
 * or later without that it would show. Until tracked_find() nothing may change
 * in the index, which both are to outlive. Returns jv_null(), or an
 * error_value(): io. *begun is for tracked_end() either way.
 */
jv tracked_begin(struct tracked **begun, const struct worktree *worktree,
    git_index *index, struct timespec written);

/*
 * Gives each of them to take; st is NULL if nothing is there. A submodule is
 * given if another commit is checked out in it. Entries that are assumed to be
 * unchanged are passed over. take may replace the entry, but neither add nor
 * remove any. Returns jv_null(), or an error_value(): io, or what take has
 * returned.
 */
jv tracked_find(struct tracked *tracked, tracked_take *take, void *context);

void tracked_end(struct tracked *tracked); /* NULL is fine */

#endif
