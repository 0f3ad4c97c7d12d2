/* SPDX-License-Identifier: MIT */
/*
 * git/treediff - what two trees have otherwise
 *
 * libgit2 reads both trees whole for that; here what is the same is not read.
 */
#ifndef GIT_TREEDIFF_H
#define GIT_TREEDIFF_H

#include <git2.h>

/* left or right is NULL where one tree has no such entry. 0 goes on. */
typedef int treediff_take(
    void *context, const git_tree_entry *left, const git_tree_entry *right);

/*
 * Gives each entry that is not the same in both trees to take, folders before
 * what is in them; where only one side is a folder, each side by itself. NULL
 * is an empty tree. Returns 0, what take has returned, or libgit2's error.
 */
int treediff(git_repository *repo, const git_oid *left, const git_oid *right,
    treediff_take *take, void *context);

#endif
