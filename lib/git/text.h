/* SPDX-License-Identifier: MIT */
/*
 * git/text - what git makes of line ends and $Id$, where libgit2 differs
 *
 * libgit2 1.5 converts line ends, but not always as git 2.39 does (convert.c):
 * where the attributes leave it to git whether a file is text, git takes one
 * with a lone CR for binary, and leaves a file alone that has CR LF in the
 * index. ident it does for the first keyword of a file only. It also follows a
 * .gitattributes that is a symbolic link, takes a pattern with '!' in front for
 * all other files, and knows no patterns in quotes.
 */
#ifndef GIT_TEXT_H
#define GIT_TEXT_H

#include <stdbool.h>

#include <jv.h>

#include "git/worktree.h"

/* What git's configuration says of all files. */
struct text_rules {
	bool autocrlf; /* true or input */
	bool safecrlf; /* true: what cannot be converted back is refused */
	char *folder;  /* whose files of attributes have been looked at */
};

void text_rules_read(struct text_rules *rules, const struct worktree *worktree);
void text_rules_release(struct text_rules *rules);

/*
 * What is to be done with a file's bytes. fd is read with pread(2); path is
 * its path in the work tree. *raw: they are committed as they are, without
 * libgit2's conversion. Returns jv_null(), or an error_value(): input (libgit2
 * would make another blob of it than git, or core.safecrlf refuses it; names
 * git add), io.
 */
jv text_check(const struct worktree *worktree, struct text_rules *rules,
    git_index *index, const char *path, int fd, bool *raw);

#endif
