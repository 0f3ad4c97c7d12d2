/* SPDX-License-Identifier: MIT */
/*
 * git/link - bytes to and from git's service at a remote's address
 */
#include "git/link_parts.h"

const char *
link_service_name(enum link_service service)
{
	return service == LINK_UPLOAD_PACK ? "git-upload-pack"
					   : "git-receive-pack";
}

jv
link_open(struct link **link, const struct link_place *place,
    enum link_service service)
{
	*link = NULL;
	return place->address->kind == ADDRESS_HTTP
	    ? link_http_open(link, place, service)
	    : link_program_open(link, place, service);
}

jv
link_read(struct link *link, void *bytes, size_t len)
{
	return link->kind->read(link, bytes, len);
}

jv
link_write(struct link *link, const void *bytes, size_t len)
{
	return link->kind->write(link, bytes, len);
}

jv
link_turn(struct link *link)
{
	return link->kind->turn(link);
}

void
link_welcome(struct link *link)
{
	link->kind->welcome(link);
}

void
link_close(struct link *link)
{
	if (link != NULL)
		link->kind->close(link);
}
