/* SPDX-License-Identifier: MIT */
/*
 * git/address - the URL of a remote, taken apart as git does
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "git/address.h"
#include "mem.h"
#include "record.h"

static const struct {
	const char *name;
	enum address_kind kind;
	const char *protocol;
} schemes[] = {
	{ "file", ADDRESS_PATH, "file" },
	{ "ssh", ADDRESS_SSH, "ssh" },
	{ "git+ssh", ADDRESS_SSH, "ssh" },
	{ "ssh+git", ADDRESS_SSH, "ssh" },
	{ "http", ADDRESS_HTTP, "http" },
	{ "https", ADDRESS_HTTP, "https" },
};

/* Text with %XX decoded; the caller's. What is no %XX stays as it is. */
static char *
decoded(const char *text, size_t len)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < len; i++) {
		int high =
		    i + 2 < len && text[i] == '%' ? hex_digit(text[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

		if (low >= 0) {
			buf_addc(&out, (char)(high * 16 + low));
			i += 2;
		} else {
			buf_addc(&out, text[i]);
		}
	}
	buf_add(&out, "", 0);
	return buf_take(&out);
}

static bool
has_control(const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

/* What is between "://" and the path: [user[:password]@]host[:port]. */
static bool
take_authority(struct address *to, const char *at, const char *end)
{
	const char *host = at, *colon, *stop;

	for (const char *c = at; c < end; c++)
		if (*c == '@')
			host = c + 1;
	if (host > at) {
		colon = memchr(at, ':', (size_t)(host - 1 - at));
		stop = colon != NULL ? colon : host - 1;
		to->user = decoded(at, (size_t)(stop - at));
		if (colon != NULL)
			to->password =
			    decoded(colon + 1, (size_t)(host - 1 - colon - 1));
	}
	stop = *host == '[' ? memchr(host, ']', (size_t)(end - host)) : host;
	if (stop == NULL)
		return false;
	colon = memchr(stop, ':', (size_t)(end - stop));
	stop = colon != NULL ? colon : end;
	if (colon != NULL && colon + 1 < end)
		to->port = xstrndup(colon + 1, (size_t)(end - colon - 1));
	/* Of a password with a slash in it the port would be the first part. */
	if (to->port != NULL &&
	    to->port[strspn(to->port, "0123456789")] != '\0')
		return false;
	if (*host == '[' && stop > host + 1 && stop[-1] == ']')
		to->host = xstrndup(host + 1, (size_t)(stop - host - 2));
	else
		to->host = decoded(host, (size_t)(stop - host));
	to->shown =
	    xasprintf("%s://%.*s", to->protocol, (int)(end - host), host);
	if (to->kind == ADDRESS_HTTP)
		to->base = xasprintf("%s://%s", to->protocol, host);
	return *to->host != '\0';
}

/* The rest of a URL, from its path on. */
static void
take_path(struct address *to, const char *at)
{
	size_t len = to->kind == ADDRESS_HTTP ? strcspn(at, "?#") : strlen(at);
	char *shown =
	    xasprintf("%s%.*s", to->shown, (int)strcspn(at, "?#"), at);

	free(to->shown);
	to->shown = shown;
	if (to->kind == ADDRESS_SSH && strncmp(at, "/~", 2) == 0)
		at++, len--; /* ssh://host/~user/path */
	to->path = to->kind == ADDRESS_HTTP
	    ? xstrndup(at + strspn(at, "/"), len - strspn(at, "/"))
	    : decoded(at, len);
}

static bool
take_url(struct address *to, const char *at)
{
	const char *end = at + strcspn(at, "/?#");

	if (to->kind == ADDRESS_PATH) {
		/* As git: file://host/path is the path //host/path. */
		const char *path = *at == '/' ? at : at - 2;

		to->shown = xasprintf("file://%s", at);
		to->path = decoded(path, strlen(path));
		return true;
	}
	if (!take_authority(to, at, end))
		return false;
	if (to->kind == ADDRESS_SSH && *end != '/')
		return false;
	take_path(to, end);
	return true;
}

/* [user@]host:path, host perhaps in brackets, perhaps with a port there. */
static bool
take_scp(struct address *to, const char *url, const char *colon)
{
	const char *host = url, *inner;

	for (const char *c = url; c < colon; c++)
		if (*c == '@')
			host = c + 1;
	if (host > url)
		to->user = xstrndup(url, (size_t)(host - 1 - url));
	to->shown = xstrdup(host);
	to->path = xstrdup(colon + 1);
	if (*host != '[' || colon[-1] != ']') {
		to->host = xstrndup(host, (size_t)(colon - host));
		return *to->host != '\0';
	}
	inner = memchr(host, ':', (size_t)(colon - host));
	if (inner != NULL &&
	    memchr(inner + 1, ':', (size_t)(colon - inner - 1)) == NULL)
		to->port = xstrndup(inner + 1, (size_t)(colon - inner - 2));
	else
		inner = colon - 1;
	to->host = xstrndup(host + 1, (size_t)(inner - host - 1));
	return *to->host != '\0' &&
	    (to->port == NULL ||
		to->port[strspn(to->port, "0123456789")] == '\0');
}

/* The colon that ends the host of [user@]host:path; NULL if url is a path. */
static const char *
scp_colon(const char *url)
{
	const char *bracket = strchr(url, '['), *slash = strchr(url, '/');
	const char *close = bracket != NULL ? strstr(bracket, "]:") : NULL;
	const char *colon = close != NULL ? close + 1 : strchr(url, ':');

	return colon != NULL && (slash == NULL || colon < slash) ? colon : NULL;
}

static bool
is_safe(const struct address *address)
{
	if (has_control(address->user) || has_control(address->password) ||
	    has_control(address->host) || has_control(address->path) ||
	    has_control(address->base))
		return false;
	if (address->user != NULL && *address->user == '-')
		return false;
	if (address->host != NULL && *address->host == '-')
		return false;
	return *address->path != '-' &&
	    (*address->path != '\0' || address->kind == ADDRESS_HTTP);
}

static jv
parse(struct address *to, const char *url)
{
	const char *rest = strstr(url, "://"), *colon = scp_colon(url);
	const char *plain = url + strspn(url, "abcdefghijklmnopqrstuvwxyz+");
	bool good = false, known = false;

	if (strstr(url, "::") == plain && *plain != '\0')
		return error_value("input",
		    "a remote with a helper of its own (%.*s::)",
		    (int)(plain - url), url);
	if (rest != NULL && rest == plain) {
		for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
			if (strlen(schemes[i].name) != (size_t)(rest - url) ||
			    strncmp(schemes[i].name, url,
				(size_t)(rest - url)) != 0)
				continue;
			known = true;
			to->kind = schemes[i].kind;
			to->protocol = xstrdup(schemes[i].protocol);
			good = take_url(to, rest + 3);
		}
		if (!known)
			return error_value("input",
			    "a remote of the kind %.*s://, to which only git "
			    "can push: git push",
			    (int)(rest - url), url);
	} else if (colon != NULL) {
		to->kind = ADDRESS_SSH;
		to->protocol = xstrdup("ssh");
		good = take_scp(to, url, colon);
	} else {
		to->protocol = xstrdup("file");
		to->shown = xstrdup(url);
		to->path = xstrdup(url);
		good = true;
	}
	if (!good || !is_safe(to))
		return error_value("input",
		    "the remote's URL is malformed: see git remote -v");
	return jv_null();
}

jv
address_parse(struct address *address, const char *url)
{
	jv error;

	*address = (struct address){ 0 };
	error = parse(address, url);
	if (!jv_is_valid(error))
		address_release(address);
	return error;
}

void
address_release(struct address *address)
{
	free(address->shown);
	free(address->protocol);
	free(address->user);
	if (address->password != NULL)
		explicit_bzero(address->password, strlen(address->password));
	free(address->password);
	free(address->host);
	free(address->port);
	free(address->path);
	free(address->base);
	*address = (struct address){ 0 };
}
