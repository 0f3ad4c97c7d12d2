/* SPDX-License-Identifier: MIT */
/*
 * git/cachetree - the tree that an index file says it holds
 *
 * The extension TREE of gitformat-index(5): git keeps the ids of trees there
 * that the index would make, until an entry in them changes. By its root
 * what has been staged is known without reading a tree.
 */
#ifndef GIT_CACHETREE_H
#define GIT_CACHETREE_H

#include <stdbool.h>

#include <git2.h>

/*
 * Fills id with the tree of the index file at path. False if the file does not
 * say, or is none of version 2 or 3: then it has to be found out otherwise.
 */
bool cachetree_root(const char *path, git_oid *id);

#endif
