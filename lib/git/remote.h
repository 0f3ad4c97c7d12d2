/* SPDX-License-Identifier: MIT */
/*
 * git/remote - what a remote's branch holds, and pushing to it
 *
 * (The prefix is remote_, as git_remote_ is libgit2's.)
 *
 * Whoever talks to the remote is a child process. It is ended, with the
 * programs that it runs (ssh, git receive-pack, credential helpers), when the
 * deadline is over or when SIGINT or SIGTERM ends this program.
 */
#ifndef GIT_REMOTE_H
#define GIT_REMOTE_H

#include <stdbool.h>

#include <jv.h>

#include "clock.h"

struct remote;

enum { REMOTE_OID = 41 }; /* 40 hex digits and a NUL */

/*
 * Opens a remote of the repository whose work tree or git folder repo is,
 * without asking it. name NULL: where git push would push the branch that is
 * checked out (branch.NAME.pushRemote, remote.pushDefault,
 * branch.NAME.remote), else "origin". pushurl, pushInsteadOf and insteadOf
 * hold. Returns jv_null(), or an error_value(), with *remote NULL: not_found
 * (no such remote; the message names git remote add), input (no repository, a
 * URL of a kind that nobody here can push to).
 */
jv remote_open(struct remote **remote, const char *repo, const char *name);
void remote_close(struct remote *remote); /* NULL is fine */

/*
 * Where pushes go, for records: without user info, query and fragment.
 * Borrowed; lives as long as remote.
 */
const char *remote_url(const struct remote *remote);

/*
 * Asks what the remote's branch (a short name: main) holds. *found is false if
 * there is no such branch (an empty remote has none), else oid is its commit.
 * Asking is repeated after passing errors, within the deadline. Returns
 * jv_null(), or an error_value(): auth, not_found, unavailable, timeout,
 * rejected, input.
 */
jv remote_ask(struct remote *remote, const char *branch,
    const struct deadline *deadline, bool *found, char oid[REMOTE_OID]);

/*
 * Makes the remote's branch hold commit (40 hex digits), which is in the
 * repository. expected is what the branch holds now, NULL if it is not there.
 * Nothing is ever forced: it is conflict, before anything is sent, if the
 * remote holds neither expected nor commit, or if expected is no ancestor of
 * commit; and the remote compares again, in one step with the change.
 *
 * Whatever the answer was, the remote is asked afterwards; a lost answer is
 * looked up before the push is repeated, once. jv_null() means that the remote
 * said, when it was asked, that its branch holds commit; the tracking branch
 * (refs/remotes/...) is then moved as git push does. Else an error_value():
 * rejected with the remote's own words; conflict; auth; not_found;
 * unavailable, timeout (the branch does not hold commit, as far as the remote
 * could be asked); unknown_outcome (something was sent, and then the remote
 * could not be asked; the message says how to check); input.
 */
jv remote_push(struct remote *remote, const char *branch, const char *commit,
    const char *expected, const struct deadline *deadline);

#endif
