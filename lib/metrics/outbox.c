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

enum {
	RECORDS_MOST = 4 << 20, /* bytes of records that wait, */
	RECORD_COST = 128,      /* each with what it costs besides its text */
};

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
	char now[CLOCK_TEXT];

	if (outbox->item_count > 0)
		outbox->send(outbox->items, outbox->item_count);
	clock_format(clock_now(), now);
	for (size_t i = 0; i < outbox->item_count; i++) {
		struct outbox_item *item = &outbox->items[i];

		outbox->records[item->record].item = item;
	}
	for (size_t i = 0; i < outbox->count; i++) {
		struct outbox_record *one = &outbox->records[i];
		jv rec = jv_parse(one->text);

		if (one->item != NULL)
			rec = settle(rec, outbox->field, now, one->item);
		ndjson_write(rec);
		free(one->text);
	}
	outbox->count = outbox->bytes = 0;
	outbox->item_count = outbox->item_bytes = 0;
}

/* Has rec wait, with an item of text_len bytes, if that is not 0. */
static void
keep(struct outbox *outbox, jv rec, size_t text_len)
{
	jv text = jv_dump_string(rec, 0);
	size_t bytes =
	    (size_t)jv_string_length_bytes(jv_copy(text)) + RECORD_COST;

	if (outbox->bytes + bytes > RECORDS_MOST ||
	    outbox->item_bytes + text_len > OUTBOX_MOST)
		outbox_flush(outbox);
	if (outbox->count == outbox->room) {
		outbox->room = outbox->room * 2 + 64;
		outbox->records = xreallocarray(
		    outbox->records, outbox->room, sizeof *outbox->records);
		outbox->items = xreallocarray(
		    outbox->items, outbox->room, sizeof *outbox->items);
	}
	outbox->records[outbox->count++] =
	    (struct outbox_record){ .text = xstrdup(jv_string_value(text)) };
	outbox->bytes += bytes;
	outbox->item_bytes += text_len;
	jv_free(text);
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
		    .record = outbox->count - 1,
		    .verdict = jv_null() };
	jv_free(text);
}

void
outbox_release(struct outbox *outbox)
{
	free(outbox->records);
	free(outbox->items);
}
