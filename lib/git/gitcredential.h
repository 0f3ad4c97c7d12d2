/* SPDX-License-Identifier: MIT */
/*
 * git/gitcredential - the credentials for a remote over http and https
 *
 * One after the other, as long as the server says 401:
 *	user and password in the remote's URL
 *	git credential fill: the user's credential helpers and GIT_ASKPASS; it
 *	  never prompts on a terminal. git credential approve or reject is told
 *	  what came of it, as by git itself
 *	GH_TOKEN, GITHUB_TOKEN: for https://github.com only
 *	netrc
 */
#ifndef GIT_GITCREDENTIAL_H
#define GIT_GITCREDENTIAL_H

#include <stdbool.h>

#include "config.h"
#include "git/address.h"
#include "mem.h"

struct gitcredential {
	struct credential credential; /* kind NONE: none yet */

	const struct address *address;
	char *git_dir; /* GIT_DIR=..., whose config has the helpers */
	int next;      /* the source to look at next */
	bool helped;   /* the present one is from git credential */
	char *filled;  /* then what it said, to be approved or rejected */
	struct buf tried;
};

/* Borrows address; git_dir is the repository's git folder. */
void gitcredential_init(struct gitcredential *credential,
    const struct address *address, const char *git_dir);
void gitcredential_release(struct gitcredential *credential);

/* The next credential; the present one was refused. False without one. */
bool gitcredential_next(struct gitcredential *credential);

/* The present one was taken. */
void gitcredential_good(struct gitcredential *credential);

/* The sources of those that were refused, for a message; "" without any. */
const char *gitcredential_tried(const struct gitcredential *credential);

#endif
