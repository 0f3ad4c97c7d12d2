/* SPDX-License-Identifier: MIT */
/*
 * stream - the lines of a run, sent to its file_stream
 *
 * Rows are quoted straight into the body, as they are nearly all of it; the
 * other lists wait in buffers of their own until the body is closed.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "http.h"
#include "json.h"
#include "record.h"
#include "wandb/stream.h"

enum {
	FULL = 4 << 20,    /* bytes of a body that is sent */
	STRIDE = 64 << 10, /* bytes between two looks at the network */
	LIVE_STALL = 10,   /* seconds */
	LIVE_PAUSE = 5
};

struct list {
	struct buf lines; /* quoted, with commas */
	int64_t at;       /* the number of the first */
	int64_t count;
	int64_t open; /* the last ones, which may still change */
};

struct stream {
	struct wandb *wandb;
	const struct deadline *deadline;
	struct buf bodies[2];
	int filling;    /* which of them takes lines */
	int64_t row_at; /* the number of the next row */
	int live;       /* so many rows are the most of a post; 0: any */
	int rows;       /* that the body has */
	struct list events, console;
	size_t used;   /* bytes of the lines, as the limit counts them */
	size_t looked; /* at the network, when so much was used */
	struct http_call call;
	char *url;   /* its own: the caller's may go while it is under way */
	bool flying; /* call is under way, with the other body */
	int64_t flying_rows; /* the server has so many once it is answered */
	int64_t confirmed;
	bool stopped;
};

struct stream *
stream_new(struct wandb *wandb, const struct deadline *deadline, int64_t rows,
    int64_t events, int64_t console)
{
	struct stream *stream = xcalloc(1, sizeof *stream);

	stream->wandb = wandb;
	stream->deadline = deadline;
	stream->row_at = stream->confirmed = rows;
	stream->events.at = events;
	stream->console.at = console;
	return stream;
}

void
stream_free(struct stream *stream)
{
	if (stream == NULL)
		return;
	if (stream->flying) {
		http_cancel(&stream->call);
		http_release(&stream->call);
	}
	buf_release(&stream->bodies[0]);
	buf_release(&stream->bodies[1]);
	buf_release(&stream->events.lines);
	buf_release(&stream->console.lines);
	free(stream->url);
	free(stream);
}

void
stream_live(struct stream *stream, int rows)
{
	stream->live = rows;
}

bool
stream_fits(const struct stream *stream, size_t bytes)
{
	return stream->used + bytes <= STREAM_MOST;
}

bool
stream_full(const struct stream *stream)
{
	return stream->used >= FULL ||
	    (stream->live > 0 && stream->rows >= stream->live);
}

bool
stream_has_lines(const struct stream *stream)
{
	return stream->used > 0;
}

int64_t
stream_confirmed(const struct stream *stream)
{
	return stream->confirmed;
}

bool
stream_stopped(const struct stream *stream)
{
	return stream->stopped;
}

static void
count(struct stream *stream, size_t bytes)
{
	/* The comma counts, so that a list of empty lines has an end. */
	stream->used += bytes + 1;
	if (stream->flying && stream->used - stream->looked >= STRIDE) {
		stream->looked = stream->used;
		http_poll();
	}
}

void
stream_row(struct stream *stream, struct span line)
{
	struct buf *body = &stream->bodies[stream->filling];

	if (body->len == 0)
		buf_addf(body,
		    "{\"files\":{\"wandb-history.jsonl\":"
		    "{\"offset\":%" PRId64 ",\"content\":[",
		    stream->row_at);
	else
		buf_addc(body, ',');
	json_quote(body, line);
	stream->row_at++;
	stream->rows++;
	count(stream, line.len);
}

static void
list_add(struct stream *stream, struct list *list, struct span line)
{
	if (list->count++ > 0)
		buf_addc(&list->lines, ',');
	json_quote(&list->lines, line);
	count(stream, line.len);
}

void
stream_event(struct stream *stream, struct span line)
{
	list_add(stream, &stream->events, line);
}

void
stream_console(struct stream *stream, struct span line)
{
	list_add(stream, &stream->console, line);
}

void
stream_open_console(struct stream *stream, struct span line)
{
	list_add(stream, &stream->console, line);
	stream->console.open++;
}

/* Opens the member name of files; *first says whether it is the first. */
static void
open_file(struct buf *body, bool *first, const char *name, int64_t at)
{
	buf_addf(body, "%s\"%s\":{\"offset\":%" PRId64 ",\"content\":[",
	    *first ? "" : ",", name, at);
	*first = false;
}

static void
list_close(struct list *list, struct buf *body, bool *first, const char *name)
{
	if (list->count == 0)
		return;
	open_file(body, first, name, list->at);
	buf_add(body, list->lines.at, list->lines.len);
	buf_adds(body, "]}");
	list->at += list->count - list->open;
	list->count = list->open = 0;
	buf_clear(&list->lines);
}

static bool
is_nothing(const struct stream_end *end)
{
	return end == NULL ||
	    (end->summary.len == 0 && !end->preempting && !end->complete &&
		jv_array_length(jv_copy(end->uploaded)) == 0);
}

/* Makes the body whole, with what end says if there is an end. */
static void
close_body(struct stream *stream, const struct stream_end *end)
{
	struct buf *body = &stream->bodies[stream->filling];
	bool first = body->len == 0;
	jv text;

	if (stream->used == 0 && is_nothing(end)) {
		buf_adds(body, "{}");
		return;
	}
	buf_adds(body, first ? "{\"files\":{" : "]}");
	list_close(&stream->events, body, &first, "wandb-events.jsonl");
	if (end != NULL && end->summary.len > 0) {
		open_file(body, &first, "wandb-summary.json", 0);
		json_quote(body, end->summary);
		buf_adds(body, "]}");
	}
	list_close(&stream->console, body, &first, "output.log");
	buf_addc(body, '}');
	if (end != NULL && jv_array_length(jv_copy(end->uploaded)) > 0) {
		text = jv_dump_string(jv_copy(end->uploaded), 0);
		buf_addf(body, ",\"uploaded\":%s", jv_string_value(text));
		jv_free(text);
	}
	if (end != NULL && end->preempting)
		buf_adds(body, ",\"preempting\":true");
	if (end != NULL && end->complete)
		buf_addf(
		    body, ",\"complete\":true,\"exitcode\":%d", end->exit_code);
	buf_addc(body, '}');
}

jv
stream_land(struct stream *stream)
{
	jv error, answer;

	if (!stream->flying)
		return jv_null();
	while (http_pending(&stream->call))
		http_drive();
	stream->flying = false;
	error = jv_copy(stream->call.error);
	if (jv_is_valid(error)) {
		stream->confirmed = stream->flying_rows;
		answer = jv_parse_sized(
		    stream->call.answer, (int)stream->call.answer_size);
		if (record_true(answer, "stopped"))
			stream->stopped = true;
		jv_free(answer);
	}
	http_release(&stream->call);
	return error;
}

/* Lets the closed body fly. */
static jv
launch(struct stream *stream, const char *url)
{
	static const char *const headers[] = { "Content-Type: application/json",
		NULL };
	struct buf *body = &stream->bodies[stream->filling];
	const struct credential *credential;
	jv error = wandb_credential(stream->wandb, &credential);

	if (!jv_is_valid(error))
		return error;
	free(stream->url);
	stream->url = xstrdup(url);
	stream->call = (struct http_call){ .method = "POST",
		.url = stream->url,
		.credential = credential,
		.headers = headers,
		.body = body->at,
		.body_size = (off_t)body->len,
		.json = true,
		.safe = true,
		.transfer = true,
		.stall_after = stream->live > 0 ? LIVE_STALL : 0,
		.pause_most = stream->live > 0 ? LIVE_PAUSE : 0,
		.deadline = stream->deadline,
		.name = "file_stream" };
	http_start(&stream->call);
	stream->flying = true;
	stream->flying_rows = stream->row_at;
	stream->filling = !stream->filling;
	buf_clear(&stream->bodies[stream->filling]);
	stream->used = stream->looked = 0;
	stream->rows = 0;
	return error;
}

static jv
post(struct stream *stream, const char *url, const struct stream_end *end)
{
	jv error;

	close_body(stream, end);
	error = stream_land(stream);
	if (!jv_is_valid(error))
		return error;
	jv_free(error);
	return launch(stream, url);
}

jv
stream_send(struct stream *stream, const char *url)
{
	return post(stream, url, NULL);
}

jv
stream_finish(
    struct stream *stream, const char *url, const struct stream_end *end)
{
	jv error;

	/* A summary of any size goes up, if need be in a post of its own. */
	if (stream->used > 0 && !stream_fits(stream, end->summary.len)) {
		error = post(stream, url, NULL);
		if (!jv_is_valid(error))
			return error;
		jv_free(error);
	}
	error = post(stream, url, end);
	if (!jv_is_valid(error))
		return error;
	jv_free(error);
	if (end->sent != NULL)
		end->sent();
	return stream_land(stream);
}
