/* SPDX-License-Identifier: MIT */
/*
 * git/link_http - git's "smart" HTTP (gitprotocol-http(5)) by lib/http
 *
 * GET URL/info/refs?service=SERVICE says what is there; POST URL/SERVICE takes
 * a request and answers it. Without a credential first, as git: a server that
 * wants one says 401.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "git/gitcredential.h"
#include "git/link_parts.h"
#include "git/program.h"
#include "http.h"
#include "mem.h"
#include "record.h"

enum { WORDS_MOST = 600 };

struct link_http {
	struct link link;
	struct gitcredential credential;
	struct http_call call;
	size_t read; /* bytes of the call's answer */
	int request; /* a file; -1 before anything was written */
	off_t size;
};

/* The URL of a thing of the repository, put together as git does. */
static char *
url_of(const struct link_http *to, const char *what)
{
	const char *base = to->link.place->address->base;
	size_t len = strlen(base);

	return xasprintf(
	    "%s%s%s", base, len > 0 && base[len - 1] == '/' ? "" : "/", what);
}

/* Whether the answer is of that kind. */
static bool
is_kind(const struct link_http *from, const char *kind)
{
	const char *type = http_header(&from->call, "Content-Type");
	char *wanted = xasprintf(
	    "application/x-%s-%s", link_service_name(from->link.service), kind);
	bool good = type != NULL && strncmp(type, wanted, strlen(wanted)) == 0;

	free(wanted);
	return good;
}

/* An error with what the server said in plain text; consumes error. */
static jv
with_words(const struct link_http *from, jv error)
{
	const char *type = http_header(&from->call, "Content-Type");
	size_t size = from->call.answer_size;
	const char *moved = from->call.status >= 300 && from->call.status < 400
	    ? "the remote has moved: see git remote set-url"
	    : NULL;
	char *words = NULL;
	jv fuller;

	if (moved != NULL)
		words = xstrdup(moved);
	else if (type != NULL && strncmp(type, "text/plain", 10) == 0 &&
	    size > 0)
		words = program_one_line(
		    from->call.answer, size < WORDS_MOST ? size : WORDS_MOST);
	if (words == NULL || *words == '\0') {
		free(words);
		return error;
	}
	fuller = error_value(
	    error_code(error), "%s: %s", error_message(error), words);
	free(words);
	jv_free(error);
	return fuller;
}

/* No credential is left. */
static jv
refused(const struct link_http *from)
{
	const char *tried = gitcredential_tried(&from->credential);

	if (*tried != '\0')
		return error_value("auth",
		    "HTTP 401: the credential was refused; tried: %s", tried);
	return error_value("auth",
	    "HTTP 401: no credential: looked at git credential, %snetrc",
	    strcmp(from->link.place->address->host, "github.com") == 0
		? "GH_TOKEN, GITHUB_TOKEN, "
		: "");
}

/* The call, with one credential after the other while it is answered by 401. */
static jv
call(struct link_http *to)
{
	jv error;

	to->read = 0;
	for (;;) {
		to->call.credential =
		    to->credential.credential.kind != CREDENTIAL_NONE
		    ? &to->credential.credential
		    : NULL;
		http_do(&to->call);
		if (to->call.status != 401)
			break;
		if (!gitcredential_next(&to->credential))
			return refused(to);
	}
	error = jv_copy(to->call.error);
	return jv_is_valid(error) ? error : with_words(to, error);
}

static jv
http_link_read(struct link *link, void *bytes, size_t len)
{
	struct link_http *from = (struct link_http *)link;

	if (from->call.answer_size - from->read < len)
		return error_value("unavailable", "the answer is cut");
	memcpy(bytes, from->call.answer + from->read, len);
	from->read += len;
	return jv_null();
}

static jv
open_request(struct link_http *to)
{
	char *path = xasprintf("%s/push-XXXXXX", to->link.place->git_dir);

	to->request = mkostemp(path, O_CLOEXEC);
	if (to->request >= 0)
		unlink(path);
	free(path);
	return to->request >= 0 ? jv_null()
				: error_value("io", "%s: %s",
				      to->link.place->git_dir, strerror(errno));
}

static jv
http_link_write(struct link *link, const void *bytes, size_t len)
{
	struct link_http *to = (struct link_http *)link;
	const char *from = bytes;
	ssize_t done;

	if (to->request < 0) {
		jv error = open_request(to);

		if (!jv_is_valid(error))
			return error;
	}
	for (; len > 0; from += done, len -= (size_t)done, to->size += done) {
		done = write(to->request, from, len);
		if (done < 0 && errno != EINTR)
			return error_value("io", "%s: %s",
			    to->link.place->git_dir, strerror(errno));
		if (done < 0)
			done = 0;
	}
	return jv_null();
}

static jv
http_link_turn(struct link *link)
{
	struct link_http *to = (struct link_http *)link;
	const char *name = link_service_name(link->service);
	char *url = url_of(to, name);
	char *type = xasprintf("Content-Type: application/x-%s-request", name);
	char *accept = xasprintf("Accept: application/x-%s-result", name);
	const char *const headers[] = { type, accept, NULL };
	jv error;

	http_release(&to->call);
	to->call = (struct http_call){ .method = "POST",
		.url = url,
		.headers = headers,
		.body_fd = to->request,
		.body_size = to->size,
		.transfer = true,
		.name = name,
		.deadline = &link->place->deadline };
	error = call(to);
	if (jv_is_valid(error) && !is_kind(to, "result")) {
		jv_free(error);
		error = error_value(
		    "unavailable", "the answer to the push is none of git's");
	}
	free(url);
	free(type);
	free(accept);
	return error;
}

static void
http_link_welcome(struct link *link)
{
	gitcredential_good(&((struct link_http *)link)->credential);
}

static void
http_link_close(struct link *link)
{
	struct link_http *http = (struct link_http *)link;

	http_release(&http->call);
	gitcredential_release(&http->credential);
	if (http->request >= 0)
		close(http->request);
	free(http);
}

/* Past "# service=...", a line of its own before what a program says. */
static jv
skip_head(struct link_http *from)
{
	char head[5] = "";
	size_t len = 0;

	if (is_kind(from, "advertisement") && from->call.answer_size > 8) {
		memcpy(head, from->call.answer, 4);
		len = strtoul(head, NULL, 16);
	}
	if (len < 5 || len + 4 > from->call.answer_size ||
	    from->call.answer[4] != '#' ||
	    memcmp(from->call.answer + len, "0000", 4) != 0)
		return error_value("rejected",
		    "no git repository is served there (or one by dumb HTTP)");
	from->read = len + 4;
	return jv_null();
}

jv
link_http_open(struct link **link, const struct link_place *place,
    enum link_service service)
{
	static const struct link_kind kind = { http_link_read, http_link_write,
		http_link_turn, http_link_welcome, http_link_close };
	struct link_http *to = xcalloc(1, sizeof *to);
	char *what, *url;
	jv error;

	to->link = (struct link){ &kind, place, service };
	to->request = -1;
	gitcredential_init(&to->credential, place->address, place->git_dir);
	what = xasprintf("info/refs%cservice=%s",
	    strchr(place->address->base, '?') != NULL ? '&' : '?',
	    link_service_name(service));
	url = url_of(to, what);
	to->call = (struct http_call){ .method = "GET",
		.url = url,
		.safe = true,
		.name = link_service_name(service),
		.deadline = &place->deadline };
	error = call(to);
	if (jv_is_valid(error)) {
		jv_free(error);
		error = skip_head(to);
	}
	to->call.url = NULL; /* of a call that is done */
	free(url);
	free(what);
	if (jv_is_valid(error))
		*link = &to->link;
	else
		http_link_close(&to->link);
	return error;
}
