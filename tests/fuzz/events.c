/* SPDX-License-Identifier: MIT */
/*
 * event under a fuzzer: a line of any bytes. The usual forms, which are read
 * in a way of their own, give the same as the general way, to which a space in
 * front leads.
 */
#include <stdlib.h>

#include "fuzz.h"
#include "json.h"
#include "minio/event.h"
#include "minio/objectkey.h"

static void
add(struct buf *out, struct span text)
{
	buf_addf(out, "%zu ", text.len);
	buf_add(out, text.at, text.len);
}

/* Notes all that an event says. */
static void
take(void *context, const struct event *event)
{
	struct buf *out = context;
	struct objectkey parts;
	char time[EVENT_TIME];

	MUST(event->kind != EVENT_OTHER);
	MUST(event->size >= 0);
	MUST(json_is_utf8(event->etag) && json_is_utf8(event->type));
	event_time_text(event->moment.time, time);
	add(out, span_of(time));
	add(out, event->bucket);
	add(out, event->key);
	add(out, event->etag);
	add(out, event->type);
	buf_addf(out, "%d %d %lld %llx %x\n", event->kind, event->versioned,
	    (long long)event->size, (unsigned long long)event->moment.sequencer,
	    event->moment.sequencer_low);
	if (objectkey_split(event->key, &parts))
		MUST(parts.path.len + parts.run.len + parts.name.len + 2 ==
		    event->key.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf events = { 0 }, others = { 0 }, spaced = { 0 };
	struct event_reader reader = { .take = take, .context = &events };
	struct json_value value;
	struct json_fault why;
	char *fault, *other;

	buf_addc(&spaced, ' ');
	buf_add(&spaced, data, size);
	fault =
	    event_read(&reader, (struct span){ spaced.at + 1, spaced.len - 1 });
	reader.context = &others;
	other = event_read(&reader, (struct span){ spaced.at, spaced.len });
	/* Only what nests to the last level may be more to one of them. */
	if (size < JSON_DEPTH) {
		MUST((fault == NULL) == (other == NULL));
		MUST(events.len == others.len);
		MUST(events.len == 0 ||
		    memcmp(events.at, others.at, events.len) == 0);
		MUST(fault != NULL ||
		    json_value((struct span){ spaced.at, spaced.len }, 0,
			&value, &why));
	}
	free(fault);
	free(other);
	event_reader_release(&reader);
	buf_release(&events);
	buf_release(&others);
	buf_release(&spaced);
	return 0;
}

#define EVENT                                                             \
	"{\"eventVersion\":\"2.0\",\"eventSource\":\"minio:s3\","         \
	"\"eventTime\":\"2026-11-21T04:30:43.979Z\",\"eventName\":"       \
	"\"s3:ObjectCreated:Put\",\"s3\":{\"bucket\":{\"name\":\"b\"},"   \
	"\"object\":{\"key\":\"e%2Fp%2Fr%2Ff+%2B\",\"size\":14,\"eTag\":" \
	"\"bda83faa799dc8310bb705a12132020a\",\"contentType\":\"a/b\","   \
	"\"versionId\":\"null\",\"sequencer\":\"18E9F51FEE033E57\"}}}"

void
fuzz_seeds(void)
{
	static const char *const lines[] = {
		"[{\"Event\":[" EVENT
		"],\"EventTime\":\"2026-11-21T04:30:43.979Z\"}]",
		"{\"Records\":[" EVENT "]}",
		"{\"EventName\":\"x\",\"Key\":\"b/k\",\"Records\":[" EVENT
		"," EVENT "]}",
		"[" EVENT ",[" EVENT "],{\"Service\":\"s3:TestEvent\"}]",
		"{\"b/e/p/r/f\":\"{\\\"Records\\\":[{\\\"eventName\\\":"
		"\\\"s3:ObjectRemoved:Delete\\\",\\\"eventTime\\\":"
		"\\\"2026-11-21T04:30:43Z\\\",\\\"s3\\\":{\\\"bucket\\\":"
		"{\\\"name\\\":\\\"b\\\"},\\\"object\\\":{\\\"key\\\":"
		"\\\"k\\\"}}}]}\"}",
		"[\"{}\",\"[]\"]",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		fuzz_seed("line", lines[i], strlen(lines[i]));
}

/* A run's file holds no event. */
void
fuzz_seeds_of(const char *path, struct runlog *log)
{
	(void)path;
	(void)log;
}
