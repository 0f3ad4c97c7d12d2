/* SPDX-License-Identifier: MIT */
/*
 * fields - protobuf messages as JSON, by tables of their fields
 *
 * For the records that a table describes better than code: those of which a
 * file has few. By protobuf's JSON mapping
 * (https://protobuf.dev/programming-guides/json/), or in this project's way:
 * names in snake_case, 64-bit numbers as numbers. What is not set is left out,
 * and so are fields that no table names.
 */
#ifndef WANDB_FIELDS_H
#define WANDB_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "wandb/wire.h"

enum field_type {
	FIELD_TEXT,
	FIELD_BOOL,
	FIELD_INT, /* int32, int64 */
	FIELD_U32,
	FIELD_U64, /* a string in protobuf's mapping */
	FIELD_DOUBLE,
	FIELD_MILLIS, /* an int64 of milliseconds; in JSON seconds */
	FIELD_ENUM,   /* one of names */
	FIELD_TIME,   /* google.protobuf.Timestamp */
	FIELD_FLAGS, /* a message of bools: the numbers of those that are set */
	FIELD_JSON,  /* JSON text, which is put in; a string if it is none */
	FIELD_MESSAGE,
};

enum field_many {
	FIELD_ONE,    /* left out if it is 0 or empty */
	FIELD_SET,    /* optional: a 0 that is written is one */
	FIELD_ALWAYS, /* a 0, too: it means something */
	FIELD_INSIDE, /* a message whose members come in its place */
	FIELD_LIST,
	FIELD_MAP, /* from text (1) to type (2): text, JSON or a message */
};

/* A table ends with a field that has no name. */
struct field {
	uint32_t number;
	enum field_type type;
	const char *name; /* in JSON, in camelCase or snake_case */
	enum field_many many;
	const struct field *fields; /* of a MESSAGE */
	const char *const *names;   /* of an ENUM, up to NULL */
};

enum fields_style { FIELDS_PROTOBUF, FIELDS_OURS };

/*
 * Appends a message as an object without white space. Several that stand one
 * behind the other are merged. False if there are bytes that are no protobuf:
 * then out holds what came before them.
 */
bool fields_json(const struct field *fields, struct span message,
    enum fields_style style, struct buf *out);

/* The same with a comma before each member, and without the brackets. */
bool fields_members(const struct field *fields, struct span message,
    enum fields_style style, struct buf *out);

/*
 * Appends a time as a string in RFC 3339, in UTC, with 0, 3, 6 or 9 digits of
 * a fraction; false, and nothing, if it is none of the years 1 to 9999.
 */
bool fields_time(struct buf *out, int64_t seconds, int64_t nanos);

#endif
