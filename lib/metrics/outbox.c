/* SPDX-License-Identifier: MIT */
/*
 * metrics/outbox - records that wait in their order, and what is sent of them
 */
#include <stdlib.h>

#include "clock.h"
#include "mem.h"
#include "metrics/outbox.h"
#include "ndjson.h"
#include "record.h"

enum { RECORDS_MOST = 4 << 20 }; /* bytes of records that wait */

/* The record with what became of its item, which is freed. */
static jv
settle(jv rec, const char *field, const char *now, struct outbox_item *item)
{
	free(item->text);
	if (!jv_is_valid(item->verdict))
		return record_error(rec, item->verdict);
	jv_free(item->verdict);
	return record_set_str(rec, field, now);
}

void
outbox_flush(struct outbox *outbox)
{
	struct outbox_item *item = outbox->items;
	char now[CLOCK_TEXT];

	if (outbox->item_count > 0)
		outbox->send(outbox->items, outbox->item_count);
	clock_format(clock_now(), now);
	for (size_t i = 0; i < outbox->count; i++) {
		jv rec = outbox->records[i];

		if (outbox->sent[i])
			rec = settle(rec, outbox->field, now, item++);
		ndjson_write(rec);
	}
	outbox->count = outbox->bytes = 0;
	outbox->item_count = outbox->item_bytes = 0;
}

/* Has rec wait; with an item, if text_len is not 0. */
static void
keep(struct outbox *outbox, jv rec, size_t text_len)
{
	jv text = jv_dump_string(jv_copy(rec), 0);
	size_t bytes = (size_t)jv_string_length_bytes(text);

	if (outbox->bytes + bytes > RECORDS_MOST ||
	    outbox->item_bytes + text_len > OUTBOX_MOST)
		outbox_flush(outbox);
	if (outbox->count == outbox->room) {
		outbox->room = outbox->room * 2 + 64;
		outbox->records = xreallocarray(
		    outbox->records, outbox->room, sizeof *outbox->records);
		outbox->sent = xreallocarray(
		    outbox->sent, outbox->room, sizeof *outbox->sent);
		outbox->items = xreallocarray(
		    outbox->items, outbox->room, sizeof *outbox->items);
	}
	outbox->sent[outbox->count] = text_len > 0;
	outbox->records[outbox->count++] = rec;
	outbox->bytes += bytes;
	outbox->item_bytes += text_len;
}

void
outbox_pass(struct outbox *outbox, jv rec)
{
	keep(outbox, rec, 0);
}

void
outbox_put(struct outbox *outbox, jv rec, jv text, bool once)
{
	size_t len = (size_t)jv_string_length_bytes(jv_copy(text));

	keep(outbox, rec, len + 1); /* with what parts it from the next */
	outbox->items[outbox->item_count++] =
	    (struct outbox_item){ .text = xstrdup(jv_string_value(text)),
		    .len = len,
		    .once = once,
		    .verdict = jv_null() };
	jv_free(text);
}

void
outbox_release(struct outbox *outbox)
{
	free(outbox->records);
	free(outbox->sent);
	free(outbox->items);
}
