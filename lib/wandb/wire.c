/* SPDX-License-Identifier: MIT */
/*
 * wire - the protobuf wire format, field by field, without a schema
 */
#include <math.h>
#include <string.h>

#include "wandb/wire.h"

enum { NUMBER_MAX = (1 << 29) - 1, VARINT_MAX = 10 };

struct wire
wire_of(struct span message)
{
	const uint8_t *at = (const uint8_t *)message.at;

	return (struct wire){ at, at == NULL ? NULL : at + message.len, false };
}

static bool
long_varint(struct wire *wire, uint64_t *value)
{
	uint64_t got = 0;

	for (int i = 0; i < VARINT_MAX && wire->at < wire->end; i++) {
		uint8_t byte = *wire->at++;

		/* The tenth byte holds the 64th bit and no other. */
		if (i == VARINT_MAX - 1 && byte > 1)
			return false;
		got |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte < 0x80) {
			*value = got;
			return true;
		}
	}
	return false;
}

/* Most have one byte: tags, short lengths, flags. */
static inline bool
varint(struct wire *wire, uint64_t *value)
{
	if (wire->at < wire->end && *wire->at < 0x80) {
		*value = *wire->at++;
		return true;
	}
	return long_varint(wire, value);
}

/* Little-endian, as it is on every machine that matters and on the others. */
static bool
fixed(struct wire *wire, unsigned size, uint64_t *value)
{
	uint64_t got = 0;

	if ((size_t)(wire->end - wire->at) < size)
		return false;
	for (unsigned i = 0; i < size; i++)
		got |= (uint64_t)wire->at[i] << (8 * i);
	wire->at += size;
	*value = got;
	return true;
}

static bool
bytes(struct wire *wire, struct span *span)
{
	uint64_t len;

	if (!varint(wire, &len) || len > (uint64_t)(wire->end - wire->at))
		return false;
	*span = (struct span){ (const char *)wire->at, (size_t)len };
	wire->at += len;
	return true;
}

static bool
field_at(struct wire *wire, struct wire_field *field)
{
	uint64_t tag;

	if (!varint(wire, &tag) || tag >> 3 > NUMBER_MAX || tag >> 3 == 0)
		return false;
	field->number = (uint32_t)(tag >> 3);
	field->value = 0;
	field->bytes = (struct span){ 0 };
	switch (tag & 7) {
	case WIRE_VARINT:
		field->type = WIRE_VARINT;
		return varint(wire, &field->value);
	case WIRE_FIXED64:
		field->type = WIRE_FIXED64;
		return fixed(wire, 8, &field->value);
	case WIRE_BYTES:
		field->type = WIRE_BYTES;
		return bytes(wire, &field->bytes);
	case WIRE_FIXED32:
		field->type = WIRE_FIXED32;
		return fixed(wire, 4, &field->value);
	default: /* groups, which nobody writes any more, and what is no type */
		return false;
	}
}

bool
wire_next(struct wire *wire, struct wire_field *field)
{
	const uint8_t *start = wire->at;

	if (wire->bad || wire->at == wire->end)
		return false;
	if (field_at(wire, field))
		return true;
	wire->at = start;
	wire->bad = true;
	return false;
}

double
wire_double(const struct wire_field *field)
{
	double number;

	memcpy(&number, &field->value, sizeof(number));
	return number;
}

double
wire_time(struct span message)
{
	struct wire wire = wire_of(message);
	struct wire_field field;
	int64_t seconds = 0;
	int32_t nanos = 0;

	if (message.len == 0)
		return NAN;
	while (wire_next(&wire, &field)) {
		if (field.type != WIRE_VARINT)
			continue;
		if (field.number == 1)
			seconds = (int64_t)field.value;
		else if (field.number == 2)
			nanos = (int32_t)field.value;
	}
	return wire.bad ? NAN : (double)seconds + (double)nanos / 1e9;
}
