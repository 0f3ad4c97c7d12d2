/* SPDX-License-Identifier: MIT */
/*
 * git/remoteurl - which remote, and at which URL, by git's configuration
 */
#ifndef GIT_REMOTEURL_H
#define GIT_REMOTEURL_H

#include <git2.h>

#include <jv.h>

/*
 * The name of the remote that git push would take for the branch that is
 * checked out: branch.NAME.pushRemote, remote.pushDefault, branch.NAME.remote,
 * "origin". The caller's to free.
 */
char *remoteurl_name(git_repository *repository, git_config *config);

/*
 * The URL that git push would push to: remote.NAME.pushurl, else .url, after
 * url.BASE.pushInsteadOf (where there is no pushurl) or url.BASE.insteadOf; a
 * name that is no remote's, but has a slash or a colon, is a URL itself.
 * Returns jv_null(), with *url the caller's to free, or an error_value():
 * not_found, or input if there are several, as git pushes to all of them.
 */
jv remoteurl_find(git_config *config, const char *name, char **url);

/* A text of the configuration; NULL without it. The caller's to free. */
char *remoteurl_setting(git_config *config, const char *name);

#endif
