/* SPDX-License-Identifier: MIT */
/*
 * git/pick - the commit that a record names, and where it can be cloned
 *
 * A record with remote_url, branch and commit (kgl-gitsync has pushed it) says
 * all. Else it is the HEAD of repo and the upstream of its branch, for which
 * REPO_URL and GIT_BRANCH stand in, where they are set.
 */
#ifndef GIT_PICK_H
#define GIT_PICK_H

#include <stdbool.h>

#include <jv.h>

#include "git/source.h"

struct git_pick {
	struct git_source *source; /* repo; NULL without one */
	char *commit;              /* 40 or 64 hex digits */
	char *branch;              /* "" if there is none */
	char *remote_url;          /* by git_clone_url(); "" if none */
};

/*
 * The record with a remote_url that has no user info; without one, if that
 * cannot be told. Consumes rec.
 */
jv git_pick_clean(jv rec);

/*
 * Fills pick: what the record names, or HEAD of its repo; a commit without
 * branch and remote_url must be HEAD. With must_clone a URL is needed, and the
 * upstream must hold the commit, as far as is known here. Returns jv_null(), or
 * an error_value(): input, not_found, and conflict for a commit that is not
 * there to be cloned. Either way git_pick_release() frees what is there.
 * Borrows rec.
 */
jv git_pick(struct git_pick *pick, jv rec, bool must_clone);

/*
 * What can be known of the commit here, where it is: that the file script and
 * those in the array files are in it. Warns about a script that has changed
 * since, and about submodules. Returns jv_null(), or an error_value(): input.
 * Borrows files.
 */
jv git_pick_check(const struct git_pick *pick, const char *script, jv files);

/*
 * The record with commit, branch and remote_url as they were picked; a URL that
 * comes to the same stays. Consumes rec.
 */
jv git_pick_add(const struct git_pick *pick, jv rec);

void git_pick_release(struct git_pick *pick);

#endif
