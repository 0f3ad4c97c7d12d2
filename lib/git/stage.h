/* SPDX-License-Identifier: MIT */
/*
 * git/stage - what git add would stage, checked, and made a tree
 *
 * Three steps. stage_open() takes the index: its lock first, as git does, so
 * that no other git writes it meanwhile. stage_scan() finds what a commit would
 * change, by the stat data of the index (a file that has not changed is not
 * read), and checks all of it; nothing is written. stage_build() then makes the
 * blobs and the tree. stage_install() puts the new index in the place of the
 * old one and gives the lock back; without it the index stays as it was.
 *
 * The tree is the one that git add -A makes, or the change is refused, naming
 * git add: where an attribute names a filter or an encoding, which libgit2
 * does not know, where it would treat line ends otherwise than git, a
 * repository within the work tree, a sparse checkout.
 */
#ifndef GIT_STAGE_H
#define GIT_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include <git2.h>
#include <jv.h>

#include "git/text.h"
#include "git/worktree.h"

enum stage_mode {
	STAGE_DRY,  /* nothing is written, no object either */
	STAGE_SIDE, /* objects are; the index stays as it is */
	STAGE_INDEX /* objects, and then the index */
};

struct stage_change;

struct stage {
	const struct worktree *worktree;
	enum stage_mode mode;
	bool tracked;       /* only what git knows */
	long long max_file; /* in bytes */
	struct text_rules rules;
	git_index *index; /* in memory */
	git_tree *base;   /* what the commit is on top of, NULL: nothing */
	struct stage_change *changes; /* by path */
	size_t count, room;
	char *lock, *copy;       /* files that stage_close() removes */
	struct timespec written; /* the index was, then; 0: there was none */
	bool refreshed;          /* it has newer stat data in memory */
	bool ready;              /* the new index is in the lock */
};

/*
 * Takes the index. base is the commit that the new one will be on top of, or
 * NULL; worktree is borrowed. Returns jv_null(), or an error_value(): conflict,
 * temporary (another git has the lock), input (an index that libgit2 does not
 * know), io. Close it in any case. While the lock is held SIGINT and SIGTERM
 * remove it before they end the program.
 */
jv stage_open(struct stage *stage, const struct worktree *worktree,
    enum stage_mode mode, const git_oid *base);
void stage_close(struct stage *stage);

/*
 * Finds and checks. tracked: files that git does not know are left out;
 * max_file: larger files are refused (and warned about from 50 MB on). Returns
 * jv_null(), or an error_value() that names the path: input, conflict
 * (unmerged paths), io. stage->count is then how many paths are to be looked
 * at; if it is 0, nothing has changed.
 */
jv stage_scan(struct stage *stage, bool tracked, long long max_file);

/*
 * Makes the tree, or with STAGE_DRY only what it would hold. *files is how many
 * paths it has otherwise than base. Returns jv_null(), or an error_value(): io,
 * input, conflict (temporary: a file has changed since it was checked).
 */
jv stage_build(struct stage *stage, git_oid *tree, size_t *files);

/*
 * With STAGE_INDEX: the new index is written into the lock, and with
 * stage_install(), which follows when HEAD has moved, becomes the index and
 * gives the lock back. Where nothing was staged only refreshed stat data is
 * written, if there is any. Both return jv_null(), or an error_value(): io.
 */
jv stage_prepare(struct stage *stage);
jv stage_install(struct stage *stage);

#endif
