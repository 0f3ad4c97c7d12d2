/* SPDX-License-Identifier: MIT */
/*
 * fields - protobuf messages as JSON, by tables of their fields
 *
 * A message is walked once for each field of its table, so that members come
 * in the table's order whatever the writer's was.
 */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "json.h"
#include "wandb/fields.h"
#include "wandb/keys.h"

struct form {
	struct buf *out;
	enum fields_style style;
	bool bad; /* some bytes were no protobuf */
};

/* What a field has on the wire. */
struct value {
	uint64_t number;
	struct span bytes;
};

static enum wire_type
wire_type_of(enum field_type type)
{
	switch (type) {
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_U32:
	case FIELD_U64:
	case FIELD_MILLIS:
	case FIELD_ENUM:
		return WIRE_VARINT;
	case FIELD_DOUBLE:
		return WIRE_FIXED64;
	default:
		return WIRE_BYTES;
	}
}

/* The next value of a field in a message. */
static bool
next_value(struct wire *wire, const struct field *field, struct value *value)
{
	enum wire_type type = wire_type_of(field->type);
	struct wire_field found;

	while (wire_next(wire, &found)) {
		if (found.number != field->number || found.type != type)
			continue;
		*value = (struct value){ found.value, found.bytes };
		return true;
	}
	return false;
}

static void
add_part(struct buf *out, char before, int64_t number, size_t digits)
{
	buf_addc(out, before);
	buf_add_digits(out, number, digits);
}

bool
fields_time(struct buf *out, int64_t seconds, int64_t nanos)
{
	time_t time = (time_t)seconds;
	struct tm tm;

	if (nanos < 0 || nanos > 999999999 || seconds < -62135596800 ||
	    seconds > 253402300799 || !gmtime_r(&time, &tm))
		return false;
	/* One for each row: printf(3) would need ten times as long. */
	add_part(out, '"', tm.tm_year + 1900, 4);
	add_part(out, '-', tm.tm_mon + 1, 2);
	add_part(out, '-', tm.tm_mday, 2);
	add_part(out, 'T', tm.tm_hour, 2);
	add_part(out, ':', tm.tm_min, 2);
	add_part(out, ':', tm.tm_sec, 2);
	if (nanos % 1000 != 0)
		add_part(out, '.', nanos, 9);
	else if (nanos % 1000000 != 0)
		add_part(out, '.', nanos / 1000, 6);
	else if (nanos != 0)
		add_part(out, '.', nanos / 1000000, 3);
	buf_adds(out, "Z\"");
	return true;
}

/* A google.protobuf.Timestamp. */
static bool
add_time(struct span message, struct form *form)
{
	struct wire wire = wire_of(message);
	struct wire_field field;
	int64_t seconds = 0, nanos = 0;

	while (wire_next(&wire, &field)) {
		if (field.type == WIRE_VARINT && field.number == 1)
			seconds = (int64_t)field.value;
		else if (field.type == WIRE_VARINT && field.number == 2)
			nanos = (int64_t)field.value;
	}
	form->bad |= wire.bad;
	return fields_time(form->out, seconds, nanos);
}

static void
add_flags(struct span message, struct form *form)
{
	struct wire wire = wire_of(message);
	struct wire_field field;
	char before = '[';

	while (wire_next(&wire, &field)) {
		if (field.type != WIRE_VARINT || field.value == 0)
			continue;
		buf_addf(
		    form->out, "%c%lu", before, (unsigned long)field.number);
		before = ',';
	}
	form->bad |= wire.bad;
	buf_adds(form->out, before == '[' ? "[]" : "]");
}

static void
add_json(struct span text, struct buf *out)
{
	struct json_value value;
	struct json_fault fault;

	if (json_value(text, JSON_WORDS, &value, &fault))
		json_plain(out, &value);
	else
		json_quote(out, text);
}

/* A number that has no name yet stands for itself. */
static void
add_name(const struct field *field, uint64_t number, struct buf *out)
{
	uint64_t i = 0;

	while (field->names[i] != NULL && i < number)
		i++;
	if (field->names[i] != NULL)
		json_quote(out, span_of(field->names[i]));
	else
		buf_addf(out, "%lld", (long long)number);
}

static void
add_double(double number, struct buf *out)
{
	if (!isfinite(number))
		buf_addc(out, '"');
	json_number(out, number);
	if (!isfinite(number))
		buf_addc(out, '"');
}

static void add_message(
    const struct field *fields, struct span message, struct form *form);

/* Appends one value; false, and nothing, if it cannot be had in JSON. */
static bool
add_value(
    const struct field *field, const struct value *value, struct form *form)
{
	const char *quote = form->style == FIELDS_OURS ? "" : "\"";
	struct buf *out = form->out;
	double number;

	switch (field->type) {
	case FIELD_TEXT:
		json_quote(out, value->bytes);
		break;
	case FIELD_BOOL:
		buf_adds(out, value->number != 0 ? "true" : "false");
		break;
	case FIELD_INT:
		buf_add_whole(out, (int64_t)value->number);
		break;
	case FIELD_U32:
		buf_add_whole(out, (uint32_t)value->number);
		break;
	case FIELD_U64: /* more than a double can hold, hence a string */
		buf_addf(out, "%s%llu%s", quote,
		    (unsigned long long)value->number, quote);
		break;
	case FIELD_DOUBLE:
		number =
		    wire_double(&(struct wire_field){ .value = value->number });
		add_double(number, out);
		break;
	case FIELD_MILLIS:
		json_number(out, (double)(int64_t)value->number / 1000);
		break;
	case FIELD_ENUM:
		add_name(field, value->number, out);
		break;
	case FIELD_TIME:
		return add_time(value->bytes, form);
	case FIELD_FLAGS:
		add_flags(value->bytes, form);
		break;
	case FIELD_JSON:
		add_json(value->bytes, out);
		break;
	case FIELD_MESSAGE:
		buf_addc(out, '{');
		add_message(field->fields, value->bytes, form);
		buf_addc(out, '}');
		break;
	}
	return true;
}

static bool
is_merged(enum field_type type)
{
	return type == FIELD_MESSAGE || type == FIELD_TIME ||
	    type == FIELD_FLAGS;
}

/* A field that is there once: the last counts, messages are merged. */
static bool
add_one(const struct field *field, struct span message, struct form *form)
{
	struct wire wire = wire_of(message);
	struct value value, last = { 0 };
	struct buf merged = { 0 };
	bool found = false;

	while (next_value(&wire, field, &value)) {
		found = true;
		last = value;
		if (is_merged(field->type))
			buf_add(&merged, value.bytes.at, value.bytes.len);
	}
	if (is_merged(field->type))
		last.bytes = (struct span){ merged.at, merged.len };
	else if (field->many == FIELD_ONE)
		found = last.number != 0 || last.bytes.len > 0;
	found = (found || field->many == FIELD_ALWAYS) &&
	    add_value(field, &last, form);
	buf_release(&merged);
	return found;
}

static bool
add_list(const struct field *field, struct span message, struct form *form)
{
	struct wire wire = wire_of(message);
	struct value value;
	char before = '[';

	while (next_value(&wire, field, &value)) {
		buf_addc(form->out, before);
		before = ',';
		(void)add_value(field, &value, form); /* no list has times */
	}
	if (before == ',')
		buf_addc(form->out, ']');
	return before == ',';
}

/* The key and the value of an entry of a map. */
static struct value
read_entry(struct span entry, struct span *key, struct form *form)
{
	static const struct field first = { .number = 1, .type = FIELD_TEXT };
	static const struct field second = { .number = 2, .type = FIELD_TEXT };
	struct wire wire = wire_of(entry);
	struct value value = { 0 };

	while (next_value(&wire, &first, &value))
		*key = value.bytes;
	form->bad |= wire.bad;
	value = (struct value){ .bytes = { "", 0 } };
	wire = wire_of(entry);
	while (next_value(&wire, &second, &value))
		;
	return value;
}

/* A map from text to text or messages: the last of equal keys counts. */
static bool
add_map(const struct field *field, struct span message, struct form *form)
{
	struct wire wire = wire_of(message);
	struct keys keys = { 0 };
	struct value entry, *values = NULL;
	struct span key;
	size_t number, room = 0;

	while (next_value(&wire, field, &entry)) {
		key = (struct span){ "", 0 };
		entry = read_entry(entry.bytes, &key, form);
		number = keys_add(&keys, key);
		if (number == room) {
			room = room * 2 + 8;
			values = xreallocarray(values, room, sizeof(*values));
		}
		values[number] = entry;
	}
	for (number = 0; number < keys.count; number++) {
		buf_addc(form->out, number == 0 ? '{' : ',');
		json_quote(form->out, keys_at(&keys, number));
		buf_addc(form->out, ':');
		(void)add_value(field, &values[number], form); /* nor a map */
	}
	if (keys.count > 0)
		buf_addc(form->out, '}');
	number = keys.count;
	keys_release(&keys);
	free(values);
	return number > 0;
}

static bool
add_field(const struct field *field, struct span message, struct form *form)
{
	switch (field->many) {
	case FIELD_LIST:
		return add_list(field, message, form);
	case FIELD_MAP:
		return add_map(field, message, form);
	default:
		return add_one(field, message, form);
	}
}

/* The messages of a field, whose members come in its place. */
static void
add_inside(const struct field *field, struct span message, struct form *form)
{
	struct wire wire = wire_of(message);
	struct buf merged = { 0 };
	struct value value;

	while (next_value(&wire, field, &value))
		buf_add(&merged, value.bytes.at, value.bytes.len);
	if (merged.len > 0)
		add_message(field->fields,
		    (struct span){ merged.at, merged.len }, form);
	buf_release(&merged);
}

/* ,"name": as the style has it; no comma behind a bracket. */
static void
add_key(const char *name, struct form *form)
{
	struct buf *out = form->out;

	buf_adds(
	    out, out->len > 0 && out->at[out->len - 1] == '{' ? "\"" : ",\"");
	for (; *name != '\0'; name++) {
		bool is_upper = *name >= 'A' && *name <= 'Z';

		if (form->style == FIELDS_OURS && is_upper)
			buf_addc(out, '_');
		buf_addc(out,
		    (char)(form->style == FIELDS_OURS && is_upper ? *name | 0x20
								  : *name));
	}
	buf_adds(out, "\":");
}

static void
add_message(const struct field *fields, struct span message, struct form *form)
{
	struct wire wire = wire_of(message);
	struct wire_field any;
	const struct field *field;
	size_t before;

	while (wire_next(&wire, &any))
		;
	form->bad |= wire.bad;
	for (field = fields; field->name; field++) {
		if (field->many == FIELD_INSIDE) {
			add_inside(field, message, form);
			continue;
		}
		before = form->out->len;
		add_key(field->name, form);
		if (!add_field(field, message, form))
			buf_cut(form->out, before);
	}
}

bool
fields_members(const struct field *fields, struct span message,
    enum fields_style style, struct buf *out)
{
	struct form form = { .out = out, .style = style };

	add_message(fields, message, &form);
	return !form.bad;
}

bool
fields_json(const struct field *fields, struct span message,
    enum fields_style style, struct buf *out)
{
	bool good;

	buf_addc(out, '{');
	good = fields_members(fields, message, style, out);
	buf_addc(out, '}');
	return good;
}
