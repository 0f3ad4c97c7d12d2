/* SPDX-License-Identifier: MIT */
/*
 * metrics/outbox - records that wait in their order, and what is sent of them
 *
 * Some go through as they are, of others a text is sent, many at once; all are
 * written (ndjson_write()) in the order in which they were put, when it is
 * known what became of them. What waits is bounded: 4 MiB of records,
 * OUTBOX_MOST bytes of texts.
 */
#ifndef METRICS_OUTBOX_H
#define METRICS_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>

#include <jv.h>

enum { OUTBOX_MOST = 500000 };

/* A text that is to be sent. */
struct outbox_item {
	char *text;
	size_t len;
	bool once;     /* not to be sent twice: a count would be doubled */
	size_t record; /* the place of its record */
	jv verdict;    /* jv_null() when it was sent, else an error_value() */
};

/* Set by the caller, the first two; all others zero at first. */
struct outbox {
	/* Sends the items: sets their verdicts, and may order them anew. */
	void (*send)(struct outbox_item *items, size_t count);
	const char *field; /* gets the time, when it was sent */

	struct outbox_record {
		char *text; /* as JSON: a jv takes many times as much */
		struct outbox_item *item; /* NULL: nothing is sent of it */
	} * records;
	size_t count, room, bytes;
	struct outbox_item *items;
	size_t item_count, item_bytes;
};

/* A record that only waits for its turn; consumed. */
void outbox_pass(struct outbox *outbox, jv rec);

/*
 * A record of which text, a string of less than OUTBOX_MOST bytes, is sent;
 * both are consumed.
 */
void outbox_put(struct outbox *outbox, jv rec, jv text, bool once);

/* Sends and writes all that waits. */
void outbox_flush(struct outbox *outbox);

void outbox_release(struct outbox *outbox);

#endif
