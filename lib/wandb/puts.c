/* SPDX-License-Identifier: MIT */
/*
 * puts - bytes sent to addresses in the storage, many at a time
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "record.h"
#include "wandb/puts.h"
#include "wandb/storage.h"

struct slot {
	struct puts *puts;
	struct http_call call;
	struct put put;
	char *url, *name;
	const char **headers;
	int count;
};

struct puts {
	const struct wandb *wandb;
	const struct deadline *deadline;
	jv why; /* there is nobody where the server's own names point to */
	int count;
	struct slot slots[];
};

struct puts *
puts_new(const struct wandb *wandb, const struct deadline *deadline)
{
	int count = http_allowed();
	struct puts *puts =
	    xcalloc(1, sizeof *puts + (size_t)count * sizeof *puts->slots);

	puts->wandb = wandb;
	puts->why = jv_null();
	puts->deadline = deadline;
	puts->count = count;
	for (int i = 0; i < count; i++)
		puts->slots[i].call.error = jv_null();
	return puts;
}

static void
clear(struct slot *slot)
{
	http_release(&slot->call);
	free(slot->url);
	free(slot->name);
	for (int i = 0; i < slot->count; i++)
		free((void *)(uintptr_t)slot->headers[i]);
	free(slot->headers);
	*slot = (struct slot){ .call.error = jv_null() };
}

void
puts_wait(struct puts *puts)
{
	for (int i = 0; i < puts->count; i++) {
		while (http_pending(&puts->slots[i].call))
			http_drive();
		clear(&puts->slots[i]);
	}
}

void
puts_free(struct puts *puts)
{
	puts_wait(puts);
	jv_free(puts->why);
	free(puts);
}

static struct slot *
idle(struct puts *puts)
{
	for (;;) {
		for (int i = 0; i < puts->count; i++) {
			if (!http_pending(&puts->slots[i].call)) {
				clear(&puts->slots[i]);
				return &puts->slots[i];
			}
		}
		http_drive();
	}
}

/* Lines that can be headers, as http.h wants them. */
static void
take_headers(struct slot *slot, jv lines)
{
	int n = jv_get_kind(lines) == JV_KIND_ARRAY
	    ? jv_array_length(jv_copy(lines))
	    : 0;

	slot->headers = xcalloc((size_t)n + 1, sizeof *slot->headers);
	for (int i = 0; i < n; i++) {
		jv line = jv_array_get(jv_copy(lines), i);

		if (jv_get_kind(line) == JV_KIND_STRING &&
		    strchr(jv_string_value(line), ':') != NULL &&
		    strpbrk(jv_string_value(line), "\r\n") == NULL)
			slot->headers[slot->count++] =
			    xstrdup(jv_string_value(line));
		jv_free(line);
	}
}

static void
end(const struct put *put, jv error, const char *etag)
{
	put->done(put, error, etag);
	if (put->close)
		close(put->fd);
}

static void
done(struct http_call *call)
{
	struct slot *slot = call->context;
	struct puts *puts = slot->puts;

	call->error = storage_error(puts->wandb, call, call->error);
	if (!jv_is_valid(call->error) && call->status == 0 && !call->unsure &&
	    storage_is_inside(puts->wandb, call->url)) {
		jv_free(puts->why);
		puts->why = jv_copy(call->error);
	}
	end(&slot->put, call->error, http_header(call, "ETag"));
}

void
puts_start(struct puts *puts, const struct put *put)
{
	struct slot *slot = idle(puts);
	bool inside;

	slot->puts = puts;
	slot->put = *put;
	slot->url = storage_url(puts->wandb, put->url);
	inside = storage_is_inside(puts->wandb, slot->url);
	if (inside && !jv_is_valid(puts->why)) {
		end(put, puts->why, NULL);
		return;
	}
	slot->name = xstrdup(put->name);
	take_headers(slot, put->headers);
	slot->call = (struct http_call){ .method = "PUT",
		.url = slot->url,
		.headers = slot->headers,
		.safe = true,
		.transfer = true,
		.attempts = inside ? STORAGE_TRIES : 0,
		.body = put->size == 0 ? "" : put->bytes,
		.body_fd = put->fd,
		.body_at = put->at,
		.body_size = put->size,
		.deadline = puts->deadline,
		.name = slot->name,
		.done = done,
		.context = slot };
	http_start(&slot->call);
}

bool
puts_may_have_expired(jv error)
{
	const char *code = error_code(error);

	return strcmp(code, "auth") == 0 || strcmp(code, "rejected") == 0;
}
