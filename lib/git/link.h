/* SPDX-License-Identifier: MIT */
/*
 * git/link - bytes to and from git's service at a remote's address
 *
 * A path and ssh: the service is a program with pipes, which git runs the same
 * way. http and https: a GET and a POST by lib/http, with what was written
 * kept in a file without a name until it is sent.
 *
 * Why not libgit2's transports (1.5.1, that of Debian 12): the one for paths
 * runs no hook of the remote and compares nothing when it sets the ref, that
 * for http (mbed TLS) knows neither TLS 1.3 nor SSL_CERT_FILE nor a limit of
 * time, that for ssh neither the user's ssh nor its configuration.
 *
 * For a child only (child.h).
 */
#ifndef GIT_LINK_H
#define GIT_LINK_H

#include <stddef.h>

#include <jv.h>

#include "clock.h"
#include "git/address.h"

enum link_service {
	LINK_UPLOAD_PACK,  /* git-upload-pack: what is there */
	LINK_RECEIVE_PACK, /* git-receive-pack: pushes */
};

/* What it needs to know of a repository. */
struct link_place {
	const struct address *address;
	const char *folder;      /* what a path is relative to */
	const char *git_dir;     /* for git credential, and files for a while */
	const char *ssh;         /* core.sshCommand; NULL without one */
	const char *programs[2]; /* remote.NAME.uploadpack, receivepack; NULL */
	struct deadline deadline;
};

struct link;

/*
 * Reaches the service, which will then say what it has. Returns jv_null(), or
 * with *link NULL an error_value(): auth, not_found, unavailable, timeout,
 * rejected, input. Borrows place until link_close().
 */
jv link_open(struct link **link, const struct link_place *place,
    enum link_service service);

/* Reads len bytes. Errors: those above; unavailable if no more come. */
jv link_read(struct link *link, void *bytes, size_t len);

/* Takes len bytes of a request. */
jv link_write(struct link *link, const void *bytes, size_t len);

/* The request is whole: its answer can be read. */
jv link_turn(struct link *link);

/* The remote has taken a credential, if there was one. Tells its source. */
void link_welcome(struct link *link);

void link_close(struct link *link); /* NULL is fine */

#endif
