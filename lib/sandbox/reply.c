/* SPDX-License-Identifier: MIT */
/*
 * sandbox/reply - what is answered: JSON, text, content with ranges
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "sandbox/exchange.h"

enum { BLOCK = 64 * 1024 }; /* bytes of content read at a time */

void
reply_header(struct request *request, const char *name, const char *value)
{
	struct exchange *exchange = (struct exchange *)request;
	struct header *header = xcalloc(1, sizeof *header);

	header->name = xstrdup(name);
	header->value = xstrdup(value);
	header->next = exchange->headers;
	exchange->headers = header;
}

/* Content on its way out; base is where the range begins. */
struct outgoing {
	struct content content;
	struct exchange *exchange;
	long long base;
	long long end;  /* the range's end, -1: not known */
	long long stop; /* where it is cut off; -1: nowhere */
};

/* The body stops here: the connection is closed, or only held. */
static ssize_t
stop(struct exchange *exchange)
{
	if (!exchange->stall || exchange->close)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	exchange->silent = true;
	exchange_hold(exchange);
	return 0;
}

static ssize_t
outgoing_read(void *context, uint64_t at, char *bytes, size_t len)
{
	struct outgoing *out = context;
	long long from = out->base + (long long)at;
	long did;

	if (out->stop >= 0) {
		if ((long long)at >= out->stop)
			return stop(out->exchange);
		if ((long long)len > out->stop - (long long)at)
			len = (size_t)(out->stop - (long long)at);
	}
	if (out->end >= 0 && (long long)len > out->end - from)
		len = (size_t)(out->end - from);
	did = out->content.read(out->content.context, from, bytes, len);
	if (did > 0)
		return did;
	if (did == 0 && out->content.stall) {
		out->exchange->stall = true;
		return stop(out->exchange);
	}
	return did == 0 && out->end < 0 ? MHD_CONTENT_READER_END_OF_STREAM
					: MHD_CONTENT_READER_END_WITH_ERROR;
}

static void
outgoing_free(void *context)
{
	struct outgoing *out = context;

	if (out->content.close != NULL)
		out->content.close(out->content.context);
	free(out);
}

static void
set_answer(struct request *request, int status, struct MHD_Response *response)
{
	struct exchange *exchange = (struct exchange *)request;

	if (response == NULL)
		die(STATUS_STREAM, "out of memory");
	for (struct header *h = exchange->headers; h != NULL; h = h->next)
		MHD_add_response_header(response, h->name, h->value);
	if (exchange->response != NULL)
		MHD_destroy_response(exchange->response);
	exchange->response = response;
	exchange->status = status;
}

/* Sends from base to end (not known: -1) of content, which is taken over. */
static void
send_part(struct request *request, int status, const struct content *content,
    long long base, long long end)
{
	struct exchange *exchange = (struct exchange *)request;
	struct outgoing *out = xcalloc(1, sizeof *out);
	long long len = end - base;

	out->content = *content;
	out->exchange = exchange;
	out->base = base;
	out->end = end;
	out->stop = exchange->cut;
	/* What is cut is never whole. */
	if (end >= 0 && out->stop >= len)
		out->stop = len > 0 ? len - 1 : 0;
	set_answer(request, status,
	    MHD_create_response_from_callback(
		end >= 0 ? (uint64_t)len : MHD_SIZE_UNKNOWN, BLOCK,
		outgoing_read, out, outgoing_free));
}

struct copy {
	size_t len;
	char bytes[];
};

static long
copy_read(void *context, long long at, void *bytes, size_t len)
{
	const struct copy *copy = context;

	if ((size_t)at >= copy->len)
		return 0;
	if (len > copy->len - (size_t)at)
		len = copy->len - (size_t)at;
	memcpy(bytes, copy->bytes + at, len);
	return (long)len;
}

void
reply_text(
    struct request *request, int status, const char *type, struct span body)
{
	const struct exchange *exchange = (struct exchange *)request;
	struct content content = { .read = copy_read, .close = free };
	struct copy *copy;

	reply_header(request, "Content-Type", type);
	if (exchange->cut < 0) {
		char *bytes = xcalloc(1, body.len + 1);

		memcpy(bytes, body.at, body.len);
		set_answer(request, status,
		    MHD_create_response_from_buffer_with_free_callback(
			body.len, bytes, free));
		return;
	}
	copy = xcalloc(1, sizeof *copy + body.len);
	copy->len = body.len;
	memcpy(copy->bytes, body.at, body.len);
	content.context = copy;
	send_part(request, status, &content, 0, (long long)body.len);
}

void
reply_json(struct request *request, int status, jv value)
{
	jv text = jv_dump_string(value, 0);

	reply_text(request, status, "application/json",
	    (struct span){ jv_string_value(text),
		(size_t)jv_string_length_bytes(jv_copy(text)) });
	jv_free(text);
}

void
reply_fault(struct request *request, const struct fault *fault)
{
	jv error;

	for (size_t i = 0; fault->headers && fault->headers[i] != NULL; i++) {
		char *colon = strchr(fault->headers[i], ':');
		char *name = xstrndup(
		    fault->headers[i], (size_t)(colon - fault->headers[i]));

		reply_header(request, name, colon + 1 + strspn(colon + 1, " "));
		free(name);
	}
	if (fault->retry_after != NULL)
		reply_header(request, "Retry-After", fault->retry_after);
	if (fault->body != NULL) {
		reply_text(request, fault->status, "application/json",
		    span_of(fault->body));
		return;
	}
	/* Kaggle's form and that of GraphQL in one. */
	error = jv_object_set(
	    jv_object(), jv_string("code"), jv_number(fault->status));
	error = record_set_str(error, "message", "a fault on demand");
	reply_json(request, fault->status,
	    jv_object_set(
		jv_object_set(jv_object(), jv_string("error"), jv_copy(error)),
		jv_string("errors"), jv_array_append(jv_array(), error)));
}

static bool
same(const char *one, const char *other)
{
	return one != NULL && other != NULL && strcmp(one, other) == 0;
}

/*
 * Whether one range of the content is asked for, and which: from, up to and
 * without to. from is size or more if there is no such range.
 */
static bool
asked_range(struct request *request, const struct content *content,
    long long *from, long long *to)
{
	const char *range = request_header(request, "Range");
	const char *condition = request_header(request, "If-Range");
	char *end;

	if (!content->ranges || content->size < 0 || range == NULL ||
	    strncmp(range, "bytes=", 6) != 0 || strchr(range, ','))
		return false;
	if (condition != NULL && !same(condition, content->etag) &&
	    !same(condition, content->modified))
		return false;
	range += 6;
	*to = content->size;
	if (*range == '-') {
		*from = content->size - strtoll(range + 1, &end, 10);
		if (*from < 0)
			*from = 0;
		return end != range + 1 && *end == '\0';
	}
	*from = strtoll(range, &end, 10);
	if (end == range || *end++ != '-' || *from < 0)
		return false;
	if (*end != '\0') {
		*to = strtoll(end, &end, 10) + 1;
		if (*end != '\0' || *to <= *from)
			return false;
		if (*to > content->size)
			*to = content->size;
	}
	return true;
}

static void
range_header(
    struct request *request, long long from, long long to, long long size)
{
	char *text = from < size
	    ? xasprintf("bytes %lld-%lld/%lld", from, to - 1, size)
	    : xasprintf("bytes */%lld", size);

	reply_header(request, "Content-Range", text);
	free(text);
}

static void
reply_empty(struct request *request, int status, const struct content *content)
{
	if (content->close != NULL)
		content->close(content->context);
	set_answer(request, status,
	    MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
}

void
reply_content(struct request *request, const struct content *content)
{
	const char *match = request_header(request, "If-None-Match");
	long long from, to;

	if (content->type != NULL)
		reply_header(request, "Content-Type", content->type);
	if (content->etag != NULL)
		reply_header(request, "ETag", content->etag);
	if (content->modified != NULL)
		reply_header(request, "Last-Modified", content->modified);
	if (content->ranges)
		reply_header(request, "Accept-Ranges", "bytes");

	if (content->ranges && same(match, content->etag)) {
		reply_empty(request, 304, content);
		return;
	}
	if (!asked_range(request, content, &from, &to)) {
		send_part(request, 200, content, 0, content->size);
		return;
	}
	range_header(request, from, to, content->size);
	if (from >= content->size)
		reply_empty(request, 416, content);
	else
		send_part(request, 206, content, from, to);
}
