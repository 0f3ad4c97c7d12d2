/* SPDX-License-Identifier: MIT */
/*
 * wire - the protobuf wire format, field by field, without a schema
 *
 * https://protobuf.dev/programming-guides/encoding/. Nothing is allocated:
 * bytes are spans of the input. A field number is 1 to 2^29-1, a varint has at
 * most ten bytes and the tenth is at most 1, a length is compared with what
 * remains; wire types are 0, 1, 2 and 5. An embedded message is walked by a
 * wire of its own.
 *
 *	struct wire wire = wire_of(payload);
 *	struct wire_field field;
 *	while (wire_next(&wire, &field)) ...
 *	if (wire.bad) ...
 */
#ifndef WANDB_WIRE_H
#define WANDB_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "mem.h"

enum wire_type {
	WIRE_VARINT = 0,
	WIRE_FIXED64 = 1,
	WIRE_BYTES = 2,
	WIRE_FIXED32 = 5,
};

struct wire {
	const uint8_t *at;
	const uint8_t *end;
	bool bad; /* what follows at is no field */
};

struct wire_field {
	uint32_t number;
	enum wire_type type;
	uint64_t value;    /* VARINT, FIXED64, FIXED32 */
	struct span bytes; /* BYTES */
};

struct wire wire_of(struct span message);

/*
 * A varint of at most four bytes, of which four can be read: where it ends, or
 * NULL if it is longer.
 */
static inline const uint8_t *
wire_short_varint(const uint8_t at[4], uint64_t *value)
{
	uint32_t bytes = (uint32_t)at[0] | (uint32_t)at[1] << 8 |
	    (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
	uint32_t last = ~bytes & 0x80808080;

	bytes &= last ^ (last - 1); /* up to the first byte without the bit */
	bytes = (bytes & 0x7f007f) | (bytes & 0x7f007f00) >> 1;
	*value = (bytes & 0xffff) | bytes >> 16 << 14;
	return last == 0 ? NULL : at + __builtin_ctz(last) / 8 + 1;
}

/* The next field; false at the end, and with bad set where there is none. */
bool wire_next(struct wire *wire, struct wire_field *field);

/* A FIXED64 as a double. */
double wire_double(const struct wire_field *field);

/* google.protobuf.Timestamp in seconds; NAN if it is none. */
double wire_time(struct span message);

#endif
