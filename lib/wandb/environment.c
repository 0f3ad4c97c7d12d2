/* SPDX-License-Identifier: MIT */
/*
 * environment - EnvironmentRecord by a table of its fields
 */
#include <stdlib.h>
#include <time.h>

#include "json.h"
#include "wandb/environment.h"
#include "wandb/keys.h"

/*
 * Fields of a message in wandb_internal.proto, up to one without a name. A
 * U32_SET is optional there: a 0 that is written is one.
 */
enum type { TEXT, U32, U32_SET, U64, TIME, MESSAGE };
enum many { ONE, LIST, MAP };

struct field {
	uint32_t number;
	enum type type;
	const char *name; /* in JSON */
	enum many many;
	const struct field *fields; /* of a MESSAGE */
};

static const struct field git[] = {
	{ 1, TEXT, "remote", ONE, NULL },
	{ 2, TEXT, "commit", ONE, NULL },
	{ 0 },
};
static const struct field disk[] = {
	{ 1, U64, "total", ONE, NULL },
	{ 2, U64, "used", ONE, NULL },
	{ 0 },
};
static const struct field memory[] = {
	{ 1, U64, "total", ONE, NULL },
	{ 0 },
};
static const struct field cpu[] = {
	{ 1, U32, "count", ONE, NULL },
	{ 2, U32, "countLogical", ONE, NULL },
	{ 3, TEXT, "model", ONE, NULL },
	{ 0 },
};
static const struct field apple[] = {
	{ 1, TEXT, "name", ONE, NULL },
	{ 2, U32, "ecpuCores", ONE, NULL },
	{ 3, U32, "pcpuCores", ONE, NULL },
	{ 4, U32, "gpuCores", ONE, NULL },
	{ 5, U32, "memoryGb", ONE, NULL },
	{ 6, U64, "swapTotalBytes", ONE, NULL },
	{ 7, U64, "ramTotalBytes", ONE, NULL },
	{ 8, TEXT, "macModel", ONE, NULL },
	{ 0 },
};
static const struct field nvidia[] = {
	{ 1, TEXT, "name", ONE, NULL },
	{ 2, U64, "memoryTotal", ONE, NULL },
	{ 3, U32, "cudaCores", ONE, NULL },
	{ 4, TEXT, "architecture", ONE, NULL },
	{ 5, TEXT, "uuid", ONE, NULL },
	{ 6, TEXT, "pciBusId", ONE, NULL },
	{ 7, U32_SET, "numaNode", ONE, NULL },
	{ 0 },
};
static const struct field amd[] = {
	{ 1, TEXT, "id", ONE, NULL },
	{ 2, TEXT, "uniqueId", ONE, NULL },
	{ 3, TEXT, "vbiosVersion", ONE, NULL },
	{ 4, TEXT, "performanceLevel", ONE, NULL },
	{ 5, TEXT, "gpuOverdrive", ONE, NULL },
	{ 6, TEXT, "gpuMemoryOverdrive", ONE, NULL },
	{ 7, TEXT, "maxPower", ONE, NULL },
	{ 8, TEXT, "series", ONE, NULL },
	{ 9, TEXT, "model", ONE, NULL },
	{ 10, TEXT, "vendor", ONE, NULL },
	{ 11, TEXT, "sku", ONE, NULL },
	{ 12, TEXT, "sclkRange", ONE, NULL },
	{ 13, TEXT, "mclkRange", ONE, NULL },
	{ 0 },
};
static const struct field trainium[] = {
	{ 1, TEXT, "name", ONE, NULL },
	{ 2, TEXT, "vendor", ONE, NULL },
	{ 3, U32, "neuronDeviceCount", ONE, NULL },
	{ 4, U32, "neuroncorePerDeviceCount", ONE, NULL },
	{ 0 },
};
static const struct field tpu[] = {
	{ 1, TEXT, "name", ONE, NULL },
	{ 2, U32, "hbmGib", ONE, NULL },
	{ 3, U32, "devicesPerChip", ONE, NULL },
	{ 4, U32, "count", ONE, NULL },
	{ 0 },
};
static const struct field coreweave[] = {
	{ 1, TEXT, "clusterName", ONE, NULL },
	{ 2, TEXT, "orgId", ONE, NULL },
	{ 3, TEXT, "region", ONE, NULL },
	{ 0 },
};

enum { WRITER = 199 };

static const struct field environment[] = {
	{ 1, TEXT, "os", ONE, NULL },
	{ 2, TEXT, "python", ONE, NULL },
	{ 3, TIME, "startedAt", ONE, NULL },
	{ 4, TEXT, "docker", ONE, NULL },
	{ 5, TEXT, "args", LIST, NULL },
	{ 6, TEXT, "program", ONE, NULL },
	{ 7, TEXT, "codePath", ONE, NULL },
	{ 8, TEXT, "codePathLocal", ONE, NULL },
	{ 9, MESSAGE, "git", ONE, git },
	{ 10, TEXT, "email", ONE, NULL },
	{ 11, TEXT, "root", ONE, NULL },
	{ 12, TEXT, "host", ONE, NULL },
	{ 13, TEXT, "username", ONE, NULL },
	{ 14, TEXT, "executable", ONE, NULL },
	{ 15, TEXT, "colab", ONE, NULL },
	{ 16, U32, "cpu_count", ONE, NULL },
	{ 17, U32, "cpu_count_logical", ONE, NULL },
	{ 18, TEXT, "gpu", ONE, NULL },
	{ 19, U32, "gpu_count", ONE, NULL },
	{ 20, MESSAGE, "disk", MAP, disk },
	{ 21, MESSAGE, "memory", ONE, memory },
	{ 22, MESSAGE, "cpu", ONE, cpu },
	{ 23, MESSAGE, "apple", ONE, apple },
	{ 24, MESSAGE, "gpu_nvidia", LIST, nvidia },
	{ 25, TEXT, "cudaVersion", ONE, NULL },
	{ 26, MESSAGE, "gpu_amd", LIST, amd },
	{ 27, TEXT, "slurm", MAP, NULL },
	{ 28, MESSAGE, "trainium", ONE, trainium },
	{ 29, MESSAGE, "tpu", ONE, tpu },
	{ 30, MESSAGE, "coreweave", ONE, coreweave },
	{ WRITER, TEXT, "writerId", ONE, NULL },
	{ 0 },
};

/* What a field has on the wire. */
struct value {
	uint64_t number;
	struct span bytes;
};

/* The next value of a field in a message. */
static bool
next_value(struct wire *wire, const struct field *field, struct value *value)
{
	bool is_number = field->type == U32 || field->type == U32_SET ||
	    field->type == U64; /* no map has these */
	enum wire_type type = is_number ? WIRE_VARINT : WIRE_BYTES;
	struct wire_field found;

	while (wire_next(wire, &found)) {
		if (found.number != field->number || found.type != type)
			continue;
		*value = (struct value){ found.value, found.bytes };
		return true;
	}
	return false;
}

/* A google.protobuf.Timestamp: 0, 3, 6 or 9 digits of a fraction. */
static bool
add_time(struct span message, struct buf *out)
{
	struct wire wire = wire_of(message);
	struct wire_field field;
	int64_t seconds = 0, nanos = 0;
	time_t time;
	struct tm tm;

	while (wire_next(&wire, &field)) {
		if (field.type == WIRE_VARINT && field.number == 1)
			seconds = (int64_t)field.value;
		else if (field.type == WIRE_VARINT && field.number == 2)
			nanos = (int64_t)field.value;
	}
	time = (time_t)seconds;
	if (nanos < 0 || nanos > 999999999 || seconds < -62135596800 ||
	    seconds > 253402300799 || !gmtime_r(&time, &tm))
		return false;
	buf_addf(out, "\"%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (nanos % 1000 != 0)
		buf_addf(out, ".%09d", (int)nanos);
	else if (nanos % 1000000 != 0)
		buf_addf(out, ".%06d", (int)nanos / 1000);
	else if (nanos != 0)
		buf_addf(out, ".%03d", (int)nanos / 1000000);
	buf_adds(out, "Z\"");
	return true;
}

static void add_message(
    const struct field *fields, struct span message, struct buf *out);

/* Appends one value; false, and nothing, if it cannot be had in JSON. */
static bool
add_value(const struct field *field, const struct value *value, struct buf *out)
{
	switch (field->type) {
	case TEXT:
		json_quote(out, value->bytes);
		return true;
	case U32:
	case U32_SET:
		buf_addf(out, "%lu", (unsigned long)(uint32_t)value->number);
		return true;
	case U64: /* more than a double can hold, hence a string */
		buf_addf(out, "\"%llu\"", (unsigned long long)value->number);
		return true;
	case TIME:
		return add_time(value->bytes, out);
	case MESSAGE:
		add_message(field->fields, value->bytes, out);
		return true;
	}
	return false;
}

/* A field that is there once: the last counts, messages are merged. */
static bool
add_one(const struct field *field, struct span message, struct buf *out)
{
	struct wire wire = wire_of(message);
	struct value value, last = { 0 };
	struct buf merged = { 0 };
	bool found = false;

	while (next_value(&wire, field, &value)) {
		found = true;
		last = value;
		if (field->type == MESSAGE || field->type == TIME)
			buf_add(&merged, value.bytes.at, value.bytes.len);
	}
	if (field->type == MESSAGE || field->type == TIME)
		last.bytes = (struct span){ merged.at, merged.len };
	else if (field->type != U32_SET)
		found = last.number != 0 || last.bytes.len > 0;
	found = found && add_value(field, &last, out);
	buf_release(&merged);
	return found;
}

static bool
add_list(const struct field *field, struct span message, struct buf *out)
{
	struct wire wire = wire_of(message);
	struct value value;
	char before = '[';

	while (next_value(&wire, field, &value)) {
		buf_addc(out, before);
		before = ',';
		(void)add_value(field, &value, out); /* no list has times */
	}
	if (before == ',')
		buf_addc(out, ']');
	return before == ',';
}

/* The key and the value of an entry of a map. */
static struct value
read_entry(struct span entry, struct span *key)
{
	static const struct field first = { 1, TEXT, "", ONE, NULL };
	static const struct field second = { 2, MESSAGE, "", ONE, NULL };
	struct wire wire = wire_of(entry);
	struct value value = { 0 };

	while (next_value(&wire, &first, &value))
		*key = value.bytes;
	value = (struct value){ 0 };
	wire = wire_of(entry);
	while (next_value(&wire, &second, &value))
		;
	return value;
}

/* A map from text to text or messages: the last of equal keys counts. */
static bool
add_map(const struct field *field, struct span message, struct buf *out)
{
	struct wire wire = wire_of(message);
	struct keys keys = { 0 };
	struct value entry, *values = NULL;
	struct span key;
	size_t number, room = 0;

	while (next_value(&wire, field, &entry)) {
		key = (struct span){ "", 0 };
		entry = read_entry(entry.bytes, &key);
		number = keys_add(&keys, key);
		if (number == room) {
			room = room * 2 + 8;
			values = xreallocarray(values, room, sizeof(*values));
		}
		values[number] = entry;
	}
	for (number = 0; number < keys.count; number++) {
		buf_addc(out, number == 0 ? '{' : ',');
		json_quote(out, keys_at(&keys, number));
		buf_addc(out, ':');
		(void)add_value(
		    field, &values[number], out); /* nor has a map */
	}
	if (keys.count > 0)
		buf_addc(out, '}');
	number = keys.count;
	keys_release(&keys);
	free(values);
	return number > 0;
}

static void
add_message(const struct field *fields, struct span message, struct buf *out)
{
	const struct field *field;
	size_t before;
	bool added, first = true;

	buf_addc(out, '{');
	for (field = fields; field->name; field++) {
		before = out->len;
		buf_adds(out, first ? "\"" : ",\"");
		buf_adds(out, field->name);
		buf_adds(out, "\":");
		if (field->many == LIST)
			added = add_list(field, message, out);
		else if (field->many == MAP)
			added = add_map(field, message, out);
		else
			added = add_one(field, message, out);
		if (!added)
			out->len = before;
		else
			first = false;
	}
	buf_addc(out, '}');
}

void
environment_json(struct span records, struct buf *out)
{
	add_message(environment, records, out);
}

struct span
environment_writer(struct span records)
{
	static const struct field writer = { WRITER, TEXT, "", ONE, NULL };
	struct wire wire = wire_of(records);
	struct value value = { 0 };

	while (next_value(&wire, &writer, &value))
		;
	return value.bytes;
}
