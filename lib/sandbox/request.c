/* SPDX-License-Identifier: MIT */
/*
 * sandbox/request - what came: its body, headers, query and name
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "record.h"
#include "sandbox/exchange.h"

enum { SMALL = 1024 * 1024 }; /* a larger body goes into a file */

/*
 * A client that takes us for a proxy asks for http://host/path: what is before
 * the path goes.
 */
static const char *
path_of(const char *url)
{
	const char *host;

	if (strncasecmp(url, "http://", 7) != 0)
		return url;
	host = url + 7;
	return host[strcspn(host, "/")] == '/' ? host + strcspn(host, "/")
					       : "/";
}

struct exchange *
exchange_new(struct server *server, struct MHD_Connection *connection,
    const char *url, const char *method)
{
	struct exchange *exchange = xcalloc(1, sizeof *exchange);

	exchange->connection = connection;
	exchange->method = xstrdup(method);
	exchange->path = xstrdup(path_of(url));
	exchange->fd = -1;
	exchange->cut = -1;
	exchange->request.server = server;
	exchange->request.method = exchange->method;
	exchange->request.path = exchange->path;
	exchange->request.rest = "";
	exchange->request.body = (struct span){ "", 0 };
	return exchange;
}

void
exchange_free(struct exchange *exchange)
{
	struct header *header;

	while ((header = exchange->headers) != NULL) {
		exchange->headers = header->next;
		free(header->name);
		free(header->value);
		free(header);
	}
	if (exchange->map != NULL)
		munmap(exchange->map, exchange->size);
	if (exchange->fd >= 0)
		close(exchange->fd);
	if (exchange->response != NULL)
		MHD_destroy_response(exchange->response);
	buf_release(&exchange->small);
	free(exchange->operation);
	free(exchange->method);
	free(exchange->path);
	free(exchange);
}

/* An open file without a name. */
static int
nameless_file(void)
{
	const char *folder = getenv("TMPDIR");
	char *name = xasprintf("%s/kw-sandbox.XXXXXX",
	    folder != NULL && *folder != '\0' ? folder : "/tmp");
	int fd = mkstemp(name);

	if (fd < 0 || unlink(name) != 0)
		die(STATUS_STREAM, "%s: %s", name, strerror(errno));
	free(name);
	return fd;
}

static void
write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t did = write(fd, bytes, len);

		if (did < 0 && errno == EINTR)
			continue;
		if (did < 0)
			die(STATUS_STREAM, "temporary file: %s",
			    strerror(errno));
		bytes += did;
		len -= (size_t)did;
	}
}

void
exchange_take(struct exchange *exchange, const void *bytes, size_t len)
{
	exchange->size += len;
	if (exchange->fd < 0 && exchange->size <= SMALL) {
		buf_add(&exchange->small, bytes, len);
		return;
	}
	if (exchange->fd < 0) {
		exchange->fd = nameless_file();
		write_all(
		    exchange->fd, exchange->small.at, exchange->small.len);
		buf_release(&exchange->small);
	}
	write_all(exchange->fd, bytes, len);
}

void
exchange_body(struct exchange *exchange)
{
	if (exchange->fd < 0) {
		if (exchange->small.len > 0)
			exchange->request.body =
			    (struct span){ exchange->small.at,
				    exchange->small.len };
		return;
	}
	exchange->map =
	    mmap(NULL, exchange->size, PROT_READ, MAP_PRIVATE, exchange->fd, 0);
	if (exchange->map == MAP_FAILED)
		die(STATUS_STREAM, "temporary file: %s", strerror(errno));
	exchange->request.body = (struct span){ exchange->map, exchange->size };
}

/* A request is the beginning of its exchange. */
static struct exchange *
exchange_of(struct request *request)
{
	return (struct exchange *)request;
}

const char *
request_header(struct request *request, const char *name)
{
	return MHD_lookup_connection_value(
	    exchange_of(request)->connection, MHD_HEADER_KIND, name);
}

const char *
request_query(struct request *request, const char *name)
{
	return MHD_lookup_connection_value(
	    exchange_of(request)->connection, MHD_GET_ARGUMENT_KIND, name);
}

jv
request_json(struct request *request)
{
	jv value;

	if (request->body.len > 1024 * 1024 * 1024)
		return error_value("input", "a body that large is no JSON");
	value = jv_parse_sized(request->body.at, (int)request->body.len);
	if (jv_get_kind(value) == JV_KIND_OBJECT)
		return value;
	jv_free(value);
	return error_value("input", "the body is not a JSON object");
}

void
request_name(struct request *request, const char *operation)
{
	struct exchange *exchange = exchange_of(request);

	free(exchange->operation);
	exchange->operation = xstrdup(operation);
}

const char *
request_operation(const struct request *request)
{
	const struct exchange *exchange = (const struct exchange *)request;

	return exchange->operation != NULL ? exchange->operation : "";
}

void
request_violation(struct request *request, const char *format, ...)
{
	struct buf text = { 0 };
	va_list args;
	char *what;

	va_start(args, format);
	if (vasprintf(&what, format, args) < 0)
		die(STATUS_STREAM, "out of memory");
	va_end(args);
	buf_addf(&text, "%s %s: %s", request->method,
	    *request_operation(request) != '\0' ? request_operation(request)
						: request->path,
	    what);
	store_do(request->store, "INSERT INTO violation (text) VALUES (?)", "t",
	    (struct span){ text.at, text.len });
	buf_release(&text);
	free(what);
}
