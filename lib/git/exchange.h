/* SPDX-License-Identifier: MIT */
/*
 * git/exchange - what is said over a link: gitprotocol-pack(5), version 0
 *
 * libgit2 makes the pack; the few lines around it are written here, as
 * git_remote_push() of 1.5.1 cannot push a commit that no ref names, and does
 * not understand a shallow remote.
 *
 * For a child only (child.h).
 */
#ifndef GIT_EXCHANGE_H
#define GIT_EXCHANGE_H

#include <git2.h>
#include <stdbool.h>

#include <jv.h>

#include "git/link.h"

/* What a service says at first. */
struct exchange_advert {
	bool found;  /* it has the branch that was asked for, */
	git_oid oid; /* which holds this */
	bool reports, sideband, quiet;
	git_oid *has; /* commits that both have, where a repository was given */
	size_t count;
};

/*
 * Reads what there is, and whether ref (refs/heads/...) is. repository, if not
 * NULL, tells which of the remote's commits are here too. Returns jv_null(), or
 * an error_value(): those of the link, rejected (the remote's words; what it
 * says is not git's), input (it has SHA-256 objects).
 */
jv exchange_advert(struct link *link, const char *ref,
    git_repository *repository, struct exchange_advert *advert);
void exchange_advert_release(struct exchange_advert *advert);

/* Takes leave without a request. */
void exchange_leave(struct link *link);

/*
 * Has the remote move ref from old (all zero: it is not there) to new, and
 * sends what it lacks. Returns jv_null() if it says that it has done so, or an
 * error_value(): rejected, with its words; those of the link, after which it
 * may have been done.
 */
jv exchange_push(struct link *link, const char *ref, git_repository *repository,
    const struct exchange_advert *advert, const git_oid *old,
    const git_oid *new);

#endif
