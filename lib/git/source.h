/* SPDX-License-Identifier: MIT */
/*
 * git/source - what a repository says of a commit: where it can be cloned
 * from, and its files
 *
 * Nothing is written, and no remote is asked: that a remote holds a commit is
 * known from the last push or fetch.
 */
#ifndef GIT_SOURCE_H
#define GIT_SOURCE_H

#include <stdbool.h>

#include <jv.h>

#include "mem.h"

struct git_source;

/*
 * Opens the repository that path is in. Returns jv_null(), or an
 * error_value(): not_found, input.
 */
jv git_source_open(struct git_source **source, const char *path);
void git_source_close(struct git_source *source); /* NULL is fine */

struct git_head {
	char *commit;
	char *branch;     /* the upstream's name on its remote, else that of
	                     the local branch; NULL if HEAD is detached */
	char *remote_url; /* as git has it, so with user info; a relative path
	                     made absolute; NULL without an upstream */
	bool held;        /* the upstream holds the commit */
};

/*
 * HEAD and its upstream. Returns jv_null(), or an error_value(): input if there
 * is no commit yet. Either way git_head_release() frees what is there.
 */
jv git_source_head(struct git_source *source, struct git_head *head);
void git_head_release(struct git_head *head);

enum git_held { GIT_HELD, GIT_NOT_HELD, GIT_HELD_UNKNOWN };

/*
 * Whether the branch at url holds the commit; unknown if no remote of the
 * repository has that URL.
 */
enum git_held git_source_held(struct git_source *source, const char *url,
    const char *branch, const char *commit);

enum git_found { GIT_FOUND, GIT_NOT_FOUND, GIT_NO_COMMIT };

/* Whether a file of this name is in the commit, and that in the repository. */
enum git_found git_source_find(
    struct git_source *source, const char *commit, const char *name);

/* Whether the work tree's file is another than the one of HEAD. */
bool git_source_is_changed(struct git_source *source, const char *name);

struct git_file {
	const char *name; /* from the root, with '/' */
	enum { GIT_FILE, GIT_PROGRAM, GIT_LINK } kind;
	struct span bytes; /* as in the repository; of a link, where it leads */
};

/*
 * Gives all files of a commit to take, in the order of its trees, without
 * those of submodules. take returns jv_null(), or an error_value() which ends
 * it and is returned. Other errors are not_found (no such commit), io, and
 * input once all together have more than most bytes.
 */
jv git_source_files(struct git_source *source, const char *commit, size_t most,
    jv (*take)(void *context, const struct git_file *file), void *context);

/*
 * The URL by which anybody can clone what url names: without user info, and
 * https for the forms of ssh ([user@]host:path too); others stay as they are.
 * NULL for what is no URL and no path; a message must not show it, as it may
 * hold a password. The caller's to free.
 */
char *git_clone_url(const char *url);

/* Whether url is a path, or file://: of no use on another machine. */
bool git_url_is_local(const char *url);

#endif
