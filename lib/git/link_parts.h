/* SPDX-License-Identifier: MIT */
/*
 * git/link_parts - the two kinds of links; for link*.c only
 */
#ifndef GIT_LINK_PARTS_H
#define GIT_LINK_PARTS_H

#include "git/link.h"

/* What link.h says of each, of one kind. */
struct link_kind {
	jv (*read)(struct link *link, void *bytes, size_t len);
	jv (*write)(struct link *link, const void *bytes, size_t len);
	jv (*turn)(struct link *link);
	void (*welcome)(struct link *link);
	void (*close)(struct link *link);
};

/* What each kind of link begins with. */
struct link {
	const struct link_kind *kind;
	const struct link_place *place;
	enum link_service service;
};

jv link_http_open(struct link **link, const struct link_place *place,
    enum link_service service);
jv link_program_open(struct link **link, const struct link_place *place,
    enum link_service service);

/* "git-upload-pack", "git-receive-pack". */
const char *link_service_name(enum link_service service);

#endif
