/* SPDX-License-Identifier: MIT */
/*
 * storage - the addresses of files that a server hands out
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mem.h"
#include "record.h"
#include "wandb/storage.h"

/* Scheme, name and port of a URL: what is before its path. */
struct origin {
	struct span all;    /* "http://USER:PASSWORD@NAME:PORT" */
	struct span scheme; /* "http://" */
	struct span host;   /* "NAME:PORT" */
	struct span name;   /* of IPv6 in its brackets */
	struct span port;   /* as it is written */
};

static struct origin
origin_of(const char *url)
{
	const char *start = strstr(url, "://");
	const char *name, *end, *colon;

	start = start != NULL ? start + 3 : url;
	name = start;
	end = name + strcspn(name, "/?#");
	for (const char *at = name; at < end; at++)
		if (*at == '@') /* before it: who asks */
			name = at + 1;
	colon = *name == '[' ? memchr(name, ']', (size_t)(end - name)) : name;
	colon =
	    colon != NULL ? memchr(colon, ':', (size_t)(end - colon)) : NULL;
	if (colon == NULL)
		colon = end;
	return (struct origin){ { url, (size_t)(end - url) },
		{ url, (size_t)(start - url) }, { name, (size_t)(end - name) },
		{ name, (size_t)(colon - name) },
		{ colon, (size_t)(end - colon) } };
}

static bool
is_loopback(struct span name)
{
	return span_is(name, "localhost") || span_is(name, "[::1]") ||
	    (name.len > 4 && memcmp(name.at, "127.", 4) == 0);
}

static bool
same_text(struct span a, struct span b)
{
	return a.len == b.len && strncasecmp(a.at, b.at, a.len) == 0;
}

char *
storage_url(const struct wandb *wandb, const char *url)
{
	const char *base = wandb_config_of(wandb)->base_url;
	struct origin origin = origin_of(base);
	const char *path = base + origin.all.len;
	size_t len = strlen(path);

	if (*url != '/')
		return xstrdup(url);
	if (url[1] == '/') /* without a scheme */
		return xasprintf("%.*s:%s", (int)strcspn(base, ":"), base, url);
	if (strncmp(url, path, len) == 0 && url[len] == '/')
		path = "";
	return xasprintf("%.*s%s%s", (int)origin.all.len, base, path, url);
}

bool
storage_is_inside(const struct wandb *wandb, const char *url)
{
	struct origin own = origin_of(wandb_config_of(wandb)->base_url);
	struct origin other = origin_of(url);

	if (same_text(own.name, other.name))
		return false;
	if (is_loopback(other.name))
		return !is_loopback(own.name) ||
		    !same_text(own.port, other.port);
	return other.name.len > 0 && *other.name.at != '[' &&
	    memchr(other.name.at, '.', other.name.len) == NULL;
}

jv
storage_error(const struct wandb *wandb, const struct http_call *call, jv error)
{
	const char *base = wandb_config_of(wandb)->base_url;
	struct origin there = origin_of(call->url);
	jv told;

	if (jv_is_valid(error) || !storage_is_inside(wandb, call->url) ||
	    (call->status != 0 && !is_loopback(there.name)))
		return error;
	told = error_value(error_code(error),
	    "%s; the server says that files go to %.*s%.*s, which is a name of "
	    "its own: HOST has to be set on the server, to the address that "
	    "clients use (%s)",
	    error_message(error), (int)there.scheme.len, there.scheme.at,
	    (int)there.host.len, there.host.at, base);
	jv_free(error);
	return told;
}
