/* SPDX-License-Identifier: MIT */
/*
 * sandbox/kaggle_log - the log of a session as a stream, of which each
 * connection tells all from the start
 */
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "sandbox/kaggle_parts.h"

void
kaggle_log_text(struct buf *text, jv events, long long most, bool whole)
{
	jv_array_foreach(events, i, event)
	{
		jv line = jv_dump_string(event, 0);

		if (most < 0 || i < most)
			buf_addf(text, "%s%s\n", i == 0 ? "[" : ",",
			    jv_string_value(line));
		jv_free(line);
	}
	if (whole && text->len > 0)
		buf_adds(text, "]\n");
	jv_free(events);
}

/* The same as server-sent events; consumes events. */
static void
sse_text(struct buf *text, jv events, long long most)
{
	buf_adds(text, ": ping\n\n");
	jv_array_foreach(events, i, event)
	{
		jv line = jv_dump_string(event, 0);

		if (most < 0 || i < most)
			buf_addf(text, "data: %s\n\n", jv_string_value(line));
		jv_free(line);
	}
	jv_free(events);
}

/* The entry of "log_stream" for this connection, the last one stays. */
static jv
stream_entry(struct request *request, struct kernel *kernel)
{
	jv list = record_get(kernel->script, "log_stream");
	int count = jv_get_kind(list) == JV_KIND_ARRAY
	    ? jv_array_length(jv_copy(list))
	    : 0;
	long long n = kernel->streams;

	store_do(request->store,
	    "UPDATE kaggle_kernel SET streams = streams + 1 WHERE id = ?", "i",
	    kernel->id);
	if (count > 0)
		return jv_array_get(list, n < count ? (int)n : count - 1);
	jv_free(list);
	/* Without a script a session goes on while its log is looked at. */
	jv_free(kernel_next_status(request->store, kernel));
	return jv_object_set(jv_object(), jv_string("end"),
	    jv_string(
		status_is_final(kernel_status(kernel)) ? "log" : "clean"));
}

struct stream {
	struct buf text;
	bool cut;
};

static long
stream_read(void *context, long long at, void *bytes, size_t len)
{
	const struct stream *stream = context;
	size_t left = stream->text.len - (size_t)at;

	if (left == 0)
		return stream->cut ? -1 : 0;
	if (len > left)
		len = left;
	memcpy(bytes, stream->text.at + at, len);
	return (long)len;
}

static void
stream_close(void *context)
{
	struct stream *stream = context;

	buf_release(&stream->text);
	free(stream);
}

/* Answers as the entry says. */
static void
send_stream(struct request *request, const struct kernel *kernel, jv entry)
{
	const char *type = record_str(entry, "type");
	const char *end = record_str(entry, "end");
	bool sse = type == NULL || strcmp(type, "text/event-stream") == 0;
	bool whole = end == NULL || strcmp(end, "log") == 0;
	long long most = record_int(entry, "events", -1);
	struct stream *stream = xcalloc(1, sizeof *stream);
	struct content content = { .size = -1,
		.type = sse ? "text/event-stream" : type,
		.read = stream_read,
		.close = stream_close,
		.context = stream };
	const char *given = record_str(entry, "text");
	jv log = record_get(entry, "log");

	if (!jv_is_valid(log)) {
		jv_free(log);
		log = record_get(kernel->script, "log");
	}
	if (jv_get_kind(log) != JV_KIND_ARRAY) {
		if (given == NULL && jv_get_kind(log) == JV_KIND_STRING)
			buf_adds(&stream->text, jv_string_value(log));
		jv_free(log);
		log = jv_array();
	}
	if (sse)
		sse_text(&stream->text, log, most);
	else
		kaggle_log_text(&stream->text, log, most, whole);
	if (given != NULL)
		buf_adds(&stream->text, given);
	if (sse && whole)
		buf_adds(&stream->text, "data: END_OF_LOG\n\n");
	stream->cut = end != NULL && strcmp(end, "cut") == 0;
	content.stall = end != NULL && strcmp(end, "stall") == 0;
	reply_content(request, &content);
}

void
kaggle_answer_stream(struct request *request, const char *user)
{
	struct caller caller = { request, request->store, user };
	jv body = record_set_str(jv_object(), "kernelSlug", request->rest);
	jv why = jv_null(), entry;
	struct kernel kernel = kernel_of(&caller, body, &why);
	long long status;

	jv_free(body);
	if (kernel.ref == NULL) {
		kaggle_reply(request, why);
		kernel_release(&kernel);
		return;
	}
	entry = stream_entry(request, &kernel);
	status = record_int(entry, "status", 0);
	if (status != 0)
		kaggle_reply(request, refusal((int)status, "scripted"));
	else
		send_stream(request, &kernel, entry);
	jv_free(entry);
	kernel_release(&kernel);
}
