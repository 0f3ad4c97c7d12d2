/* SPDX-License-Identifier: MIT */
/*
 * git/treediff - what two trees have otherwise
 */
#include <stdbool.h>
#include <stddef.h>

#include "git/treediff.h"

static bool
is_folder(const git_tree_entry *entry)
{
	return entry != NULL && git_tree_entry_type(entry) == GIT_OBJECT_TREE;
}

static const git_oid *
folder_id(const git_tree_entry *entry)
{
	return is_folder(entry) ? git_tree_entry_id(entry) : NULL;
}

static bool
is_same(const git_tree_entry *left, const git_tree_entry *right)
{
	return left != NULL && right != NULL &&
	    git_tree_entry_filemode_raw(left) ==
	    git_tree_entry_filemode_raw(right) &&
	    git_oid_equal(git_tree_entry_id(left), git_tree_entry_id(right));
}

static int
compare(git_repository *repo, const git_tree_entry *left,
    const git_tree_entry *right, treediff_take *take, void *context)
{
	int error = 0;

	if (is_same(left, right))
		return 0;
	if (left != NULL && right != NULL &&
	    is_folder(left) != is_folder(right)) {
		error = compare(repo, left, NULL, take, context);
		return error != 0 ? error
				  : compare(repo, NULL, right, take, context);
	}
	error = take(context, left, right);
	if (error == 0 && (is_folder(left) || is_folder(right)))
		error = treediff(
		    repo, folder_id(left), folder_id(right), take, context);
	return error;
}

static const git_tree_entry *
find(const git_tree *tree, const git_tree_entry *entry)
{
	return tree != NULL
	    ? git_tree_entry_byname(tree, git_tree_entry_name(entry))
	    : NULL;
}

int
treediff(git_repository *repo, const git_oid *left_id, const git_oid *right_id,
    treediff_take *take, void *context)
{
	git_tree *left = NULL, *right = NULL;
	int error = 0;

	if (left_id != NULL)
		error = git_tree_lookup(&left, repo, left_id);
	if (error == 0 && right_id != NULL)
		error = git_tree_lookup(&right, repo, right_id);
	for (size_t i = 0;
	     error == 0 && right != NULL && i < git_tree_entrycount(right);
	     i++) {
		const git_tree_entry *entry = git_tree_entry_byindex(right, i);

		error = compare(repo, find(left, entry), entry, take, context);
	}
	for (size_t i = 0;
	     error == 0 && left != NULL && i < git_tree_entrycount(left); i++) {
		const git_tree_entry *entry = git_tree_entry_byindex(left, i);

		if (find(right, entry) == NULL)
			error = compare(repo, entry, NULL, take, context);
	}
	git_tree_free(left);
	git_tree_free(right);
	return error;
}
