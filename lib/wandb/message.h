/* SPDX-License-Identifier: MIT */
/*
 * message - protobuf messages, written field by field: wire.h the other way
 *
 * https://protobuf.dev/programming-guides/encoding/. What is written is
 * appended to a buf; a message within a message is a buf of its own first, but
 * for items, of which there are many.
 */
#ifndef WANDB_MESSAGE_H
#define WANDB_MESSAGE_H

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

static inline size_t
message_varint_size(uint64_t value)
{
	size_t size = 1;

	for (; value > 0x7f; value >>= 7)
		size++;
	return size;
}

/* The same with nested_key: the elements of path. */
static inline void
message_path(struct buf *out, uint32_t number, const struct span *path,
    size_t depth, struct span json)
{
	size_t size = 2 + message_varint_size(json.len) + json.len;

	for (size_t i = 0; i < depth; i++)
		size += 1 + message_varint_size(path[i].len) + path[i].len;
	message_varint(out, number << 3 | 2);
	message_varint(out, size);
	for (size_t i = 0; i < depth; i++)
		message_bytes(out, 2, path[i]);
	message_bytes(out, 16, json);
}

/* The same: the elements of path up to NULL. */
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
