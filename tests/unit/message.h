/* SPDX-License-Identifier: MIT */
/* message: protobuf messages for tests, field by field. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdint.h>
#include <string.h>

#include "mem.h"

static inline void
message_varint(struct buf *out, uint64_t value)
{
	for (; value > 0x7f; value >>= 7)
		buf_addc(out, (char)(value | 0x80));
	buf_addc(out, (char)value);
}

static inline void
message_int(struct buf *out, uint32_t number, uint64_t value)
{
	message_varint(out, number << 3);
	message_varint(out, value);
}

static inline void
message_bytes(struct buf *out, uint32_t number, struct span bytes)
{
	message_varint(out, number << 3 | 2);
	message_varint(out, bytes.len);
	buf_add(out, bytes.at, bytes.len);
}

static inline void
message_text(struct buf *out, uint32_t number, const char *text)
{
	message_bytes(out, number, span_of(text));
}

static inline void
message_double(struct buf *out, uint32_t number, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof bits);
	message_varint(out, number << 3 | 1);
	for (int i = 0; i < 8; i++)
		buf_addc(out, (char)(bits >> 8 * i));
}

/* Appends a message as a field, and frees it. */
static inline void
message_sub(struct buf *out, uint32_t number, struct buf *message)
{
	message_bytes(out, number, (struct span){ message->at, message->len });
	buf_release(message);
}

/* An item of a history, summary, config or stats record (number: 1, 2 or 3). */
static inline void
message_item(
    struct buf *out, uint32_t number, const char *key, const char *json)
{
	struct buf item = { 0 };

	message_text(&item, 1, key);
	message_text(&item, 16, json);
	message_sub(out, number, &item);
}

/* The same with nested_key: the elements of path up to NULL. */
static inline void
message_nested(
    struct buf *out, uint32_t number, const char *const *path, const char *json)
{
	struct buf item = { 0 };

	for (; *path; path++)
		message_text(&item, 2, *path);
	message_text(&item, 16, json);
	message_sub(out, number, &item);
}

static inline struct span
message_span(const struct buf *message)
{
	return (struct span){ message->at, message->len };
}

#endif
