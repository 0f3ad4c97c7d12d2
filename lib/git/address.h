/* SPDX-License-Identifier: MIT */
/*
 * git/address - the URL of a remote, taken apart as git does
 *
 * The forms are those of git-push(1), GIT URLS: https:// and http://, ssh://
 * (also git+ssh:// and ssh+git://), [user@]host:path, file://, and a path.
 */
#ifndef GIT_ADDRESS_H
#define GIT_ADDRESS_H

#include <jv.h>

enum address_kind {
	ADDRESS_PATH, /* a path, or file:// */
	ADDRESS_SSH,
	ADDRESS_HTTP, /* http and https */
};

struct address {
	enum address_kind kind;
	char *shown;    /* without user info, query and fragment */
	char *protocol; /* "https", "http", "ssh", "file" */
	char *user;     /* decoded; NULL without one */
	char *password; /* decoded; NULL without one; never shown */
	char *host;     /* without port and brackets; NULL for a path */
	char *port;     /* digits; NULL without one */
	char *path;     /* of the repository, decoded; for HTTP as it is */
	char *base;     /* for HTTP: the URL without user info */
};

/*
 * Takes url apart. Returns jv_null(), or, with *address empty, an
 * error_value(): input, which does not show what may be a secret. What ssh or
 * a shell could take for an option is refused, and so are control characters,
 * also encoded ones, which would forge a line for a credential helper.
 */
jv address_parse(struct address *address, const char *url);

/* Wipes the password and frees all. */
void address_release(struct address *address);

#endif
