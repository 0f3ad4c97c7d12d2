/* SPDX-License-Identifier: MIT */
/*
 * runlog - the records of a .wandb file
 *
 * The field numbers are those of wandb_internal.proto; each function below
 * reads one message of it. Fields that are not named here are passed over.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json.h"
#include "record.h"
#include "wandb/runlog.h"

static const struct {
	enum runlog_kind kind;
	const char *name;
} kinds[] = {
	{ RUNLOG_HISTORY, "history" },
	{ RUNLOG_SUMMARY, "summary" },
	{ RUNLOG_OUTPUT, "output" },
	{ RUNLOG_CONFIG, "config" },
	{ RUNLOG_FILES, "files" },
	{ RUNLOG_STATS, "stats" },
	{ RUNLOG_ARTIFACT, "artifact" },
	{ RUNLOG_TBRECORD, "tbrecord" },
	{ RUNLOG_ALERT, "alert" },
	{ RUNLOG_TELEMETRY, "telemetry" },
	{ RUNLOG_METRIC, "metric" },
	{ RUNLOG_OUTPUT_RAW, "output_raw" },
	{ RUNLOG_RUN, "run" },
	{ RUNLOG_EXIT, "exit" },
	{ RUNLOG_FINAL, "final" },
	{ RUNLOG_HEADER, "header" },
	{ RUNLOG_FOOTER, "footer" },
	{ RUNLOG_PREEMPTING, "preempting" },
	{ RUNLOG_LINK_ARTIFACT, "noop_link_artifact" },
	{ RUNLOG_USE_ARTIFACT, "use_artifact" },
	{ RUNLOG_ENVIRONMENT, "environment" },
	{ RUNLOG_OUTPUT_LOGGER, "output_logger" },
	{ RUNLOG_REQUEST, "request" },
	{ RUNLOG_NONE, "none" },
};

struct runlog {
	int fd;
	struct leveldb *log;
};

static const struct span nothing = { "", 0 };

const char *
runlog_kind_name(enum runlog_kind kind)
{
	size_t i = 0;

	while (kinds[i].kind != kind && kinds[i].kind != RUNLOG_NONE)
		i++;
	return kinds[i].name;
}

static bool
is_kind(uint32_t number)
{
	switch (number) {
	case 14: /* reserved, and transport: control, uuid */
	case 15:
	case 16:
	case 19:
		return false;
	default:
		return (number >= RUNLOG_HISTORY &&
			   number <= RUNLOG_OUTPUT_LOGGER) ||
		    number == RUNLOG_REQUEST;
	}
}

struct runlog *
runlog_open(const char *path, jv *why)
{
	struct runlog *log;
	struct stat st;
	/* NONBLOCK: the opening of a FIFO would wait for its writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd == -1 || fstat(fd, &st) == -1) {
		bool missing = errno == ENOENT || errno == ENOTDIR;

		*why = error_value(missing ? "not_found" : "io", "%s: %s", path,
		    strerror(errno));
		if (fd != -1)
			close(fd);
		return NULL;
	}
	if (!S_ISREG(st.st_mode)) {
		close(fd);
		*why = error_value("io", "%s: Not a regular file", path);
		return NULL;
	}
	log = xcalloc(1, sizeof(*log));
	log->fd = fd;
	log->log = leveldb_new(fd);
	return log;
}

void
runlog_close(struct runlog *log)
{
	if (log == NULL)
		return;
	leveldb_free(log->log);
	close(log->fd); /* it was only read */
	free(log);
}

int
runlog_fd(const struct runlog *log)
{
	return log->fd;
}

void
runlog_seek(struct runlog *log, off_t offset)
{
	leveldb_seek(log->log, offset);
}

/*
 * A Record as nearly all are: its number, and one of its first messages up to
 * the end. False if it is another.
 */
static inline bool
decode_usual(struct span payload, struct runlog_entry *entry)
{
	const uint8_t *at = (const uint8_t *)payload.at,
		      *end = at + payload.len;
	uint64_t number, len;
	unsigned tag;

	if (payload.len < 10 || *at++ != (1 << 3 | WIRE_VARINT))
		return false;
	at = wire_short_varint(at, &number);
	if (at == NULL)
		return false;
	tag = *at++;
	if (tag < (RUNLOG_HISTORY << 3 | WIRE_BYTES) ||
	    tag > (RUNLOG_OUTPUT_RAW << 3 | WIRE_BYTES) ||
	    (tag & 7) != WIRE_BYTES)
		return false;
	at = wire_short_varint(at, &len);
	if (at == NULL || at > end || len != (uint64_t)(end - at))
		return false;
	entry->kind = (enum runlog_kind)(tag >> 3);
	entry->num = (int64_t)number;
	entry->message = (struct span){ (const char *)at, (size_t)len };
	return true;
}

/* A Record: which of its messages is set. The last one on the wire counts. */
static bool
decode(struct span payload, struct runlog_entry *entry)
{
	struct wire wire;
	struct wire_field field;

	if (decode_usual(payload, entry))
		return true;
	wire = wire_of(payload);
	entry->message = nothing;
	while (wire_next(&wire, &field)) {
		if (field.number == 1 && field.type == WIRE_VARINT) {
			entry->num = (int64_t)field.value;
		} else if (field.type == WIRE_BYTES && is_kind(field.number)) {
			entry->kind = (enum runlog_kind)field.number;
			entry->message = field.bytes;
		}
	}
	return !wire.bad;
}

enum leveldb_event
runlog_next(struct runlog *log, struct runlog_entry *entry)
{
	struct leveldb_entry found;
	enum leveldb_event event = leveldb_next(log->log, &found);

	*entry = (struct runlog_entry){
		.start = found.start,
		.end = found.end,
		.why =
		    event == LEVELDB_ERROR ? strerror(found.error) : found.why,
	};
	if (event != LEVELDB_RECORD || decode(found.payload, entry))
		return event;
	entry->kind = RUNLOG_NONE;
	entry->why = "no protobuf";
	return LEVELDB_DAMAGE;
}

jv
runlog_error(const char *path, enum leveldb_event event,
    const struct runlog_entry *entry)
{
	long long at = (long long)entry->start;

	switch (event) {
	case LEVELDB_FOREIGN:
		return error_value(
		    "input", "%s: offset 0: %s", path, entry->why);
	case LEVELDB_ERROR:
		return error_value("io", "%s: %s", path, entry->why);
	case LEVELDB_CUT_BLOCK:
		return error_value("damaged",
		    "%s: offset %lld: the file ends "
		    "inside this record, as a killed writer leaves it",
		    path, at);
	case LEVELDB_CUT:
		return error_value("damaged",
		    "%s: offset %lld: the file was "
		    "cut: %s",
		    path, at, entry->why);
	default:
		return error_value("damaged", "%s: offset %lld: %s", path, at,
		    entry->why != NULL ? entry->why : "no damage");
	}
}

/* A wire for a walk that one call after the other goes on with. */
static void
begin(struct wire *state, struct span message)
{
	if (state->at == NULL)
		*state = wire_of(message);
}

static bool
git(struct span message, struct runlog_run *run)
{
	struct wire wire = wire_of(message);
	struct wire_field field;

	while (wire_next(&wire, &field)) {
		if (field.type != WIRE_BYTES)
			continue;
		if (field.number == 1)
			run->remote_url = field.bytes;
		else if (field.number == 2)
			run->commit = field.bytes;
	}
	return !wire.bad;
}

static bool
branch(struct span message, struct runlog_run *run)
{
	struct wire wire = wire_of(message);
	struct wire_field field;

	run->has_branch = true;
	while (wire_next(&wire, &field)) {
		if (field.number == 1 && field.type == WIRE_BYTES)
			run->branch_run = field.bytes;
		else if (field.number == 2 && field.type == WIRE_FIXED64)
			run->branch_value = wire_double(&field);
		else if (field.number == 3 && field.type == WIRE_BYTES)
			run->branch_metric = field.bytes;
	}
	return !wire.bad;
}

/* The strings of a RunRecord; NULL where number is none of them. */
static struct span *
run_string(struct runlog_run *run, uint32_t number)
{
	switch (number) {
	case 1:
		return &run->run_id;
	case 2:
		return &run->entity;
	case 3:
		return &run->project;
	case 4:
		return &run->config;
	case 6:
		return &run->group;
	case 7:
		return &run->job_type;
	case 8:
		return &run->display_name;
	case 9:
		return &run->notes;
	case 12:
		return &run->sweep_id;
	case 13:
		return &run->host;
	case 19:
		return &run->telemetry;
	default:
		return NULL;
	}
}

bool
runlog_run(struct span message, struct runlog_run *run)
{
	struct wire wire = wire_of(message);
	struct wire_field field;

	*run = (struct runlog_run){ .message = message, .start_time = NAN };
	for (uint32_t i = 1; i <= 19; i++)
		if (run_string(run, i) != NULL)
			*run_string(run, i) = nothing;
	run->remote_url = run->commit = nothing;
	run->branch_run = run->branch_metric = nothing;
	while (wire_next(&wire, &field)) {
		struct span *string = run_string(run, field.number);

		if (field.type == WIRE_VARINT && field.number == 20)
			run->runtime = (int32_t)field.value;
		else if (field.type == WIRE_VARINT && field.number == 14)
			run->starting_step = (int64_t)field.value;
		else if (field.type == WIRE_VARINT && field.number == 18)
			run->resumed = field.value != 0;
		else if (field.type == WIRE_VARINT && field.number == 24)
			run->resume = field.value != 0;
		if (field.type != WIRE_BYTES)
			continue;
		if (string != NULL)
			*string = field.bytes;
		else if (field.number == 17)
			run->start_time = wire_time(field.bytes);
		else if (field.number == 21 && !git(field.bytes, run))
			return false;
		else if (field.number == 23 && !branch(field.bytes, run))
			return false;
	}
	return !wire.bad;
}

bool
runlog_next_tag(struct span message, struct wire *state, struct span *tag)
{
	struct wire_field field;

	begin(state, message);
	while (wire_next(state, &field)) {
		if (field.number == 10 && field.type == WIRE_BYTES) {
			*tag = field.bytes;
			return true;
		}
	}
	return false;
}

void
runlog_items(
    struct runlog_items *items, enum runlog_kind kind, struct span message)
{
	*items = (struct runlog_items){
		.wire = wire_of(message),
		.kind = kind,
	};
}

void
runlog_items_release(struct runlog_items *items)
{
	free(items->more);
	items->more = NULL;
	items->room = 0;
	buf_release(&items->typed);
}

static void
add_key(struct runlog_items *items, struct runlog_item *item, struct span key)
{
	if (item->depth == 0) {
		items->one = key;
		item->path = &items->one;
		item->depth = 1;
		return;
	}
	if (item->depth >= items->room) {
		items->room = items->room == 0 ? 8 : 2 * items->room;
		items->more = xreallocarray(
		    items->more, items->room, sizeof(*items->more));
	}
	if (item->depth == 1)
		items->more[0] = items->one;
	items->more[item->depth++] = key;
	item->path = items->more;
}

/* A typed value (HistoryItem) as JSON. */
static struct span
typed(struct buf *out, const struct wire_field *field)
{
	uint64_t value = field->value;

	buf_clear(out);
	switch (field->number) {
	case 3:
		buf_adds(out, "null");
		break;
	case 4:
		buf_adds(out, value != 0 ? "true" : "false");
		break;
	case 5: /* sint64: the sign is the lowest bit */
		buf_addf(out, "%lld",
		    (long long)(int64_t)(value >> 1 ^ -(value & 1)));
		break;
	case 6:
		json_number(out, wire_double(field));
		break;
	case 7:
		json_quote(out, field->bytes);
		break;
	default: /* 8: JSON it is */
		return field->bytes;
	}
	return (struct span){ out->at, out->len };
}

static bool
is_typed(const struct wire_field *field)
{
	static const enum wire_type types[] = {
		[3] = WIRE_VARINT,
		[4] = WIRE_VARINT,
		[5] = WIRE_VARINT,
		[6] = WIRE_FIXED64,
		[7] = WIRE_BYTES,
		[8] = WIRE_BYTES,
	};

	return field->number >= 3 && field->number <= 8 &&
	    field->type == types[field->number];
}

/*
 * The item that nearly all are, nested_key and value_json, both shorter than
 * 128 bytes; false if it is another.
 */
static bool
read_plain(
    struct runlog_items *items, struct span message, struct runlog_item *item)
{
	const uint8_t *at = (const uint8_t *)message.at;
	size_t key, value;

	if (message.len < 5 || at[0] != (2 << 3 | WIRE_BYTES) || at[1] >= 0x80)
		return false;
	key = at[1];
	if (message.len < key + 5 || at[key + 2] != 0x82 || at[key + 3] != 1)
		return false;
	value = at[key + 4];
	if (value == 0 || value >= 0x80 || message.len != key + 5 + value)
		return false;
	items->one = (struct span){ message.at + 2, key };
	*item = (struct runlog_item){
		.path = &items->one,
		.depth = 1,
		.json = { message.at + key + 5, value },
	};
	return true;
}

/* A HistoryItem, SummaryItem, ConfigItem or StatsItem. */
static bool
read_item(
    struct runlog_items *items, struct span message, struct runlog_item *item)
{
	struct wire wire = wire_of(message);
	struct wire_field field, value = { 0 };
	struct span key = nothing;

	if (items->kind != RUNLOG_STATS && read_plain(items, message, item))
		return true;
	*item = (struct runlog_item){ .json = nothing };
	while (wire_next(&wire, &field)) {
		if (items->kind == RUNLOG_HISTORY && is_typed(&field))
			value = field;
		if (field.type != WIRE_BYTES)
			continue;
		if (field.number == 1)
			key = field.bytes;
		else if (field.number == 2 && items->kind != RUNLOG_STATS)
			add_key(items, item, field.bytes);
		else if (field.number == 16)
			item->json = field.bytes;
	}
	if (item->depth == 0)
		add_key(items, item, key);
	if (item->json.len == 0 && value.number != 0)
		item->json = typed(&items->typed, &value);
	return !wire.bad;
}

/*
 * The next item if it is as the client writes them, which is the most of a
 * file: one key, the JSON, and lengths of one byte. False if it is another, or
 * none: nothing was read.
 */
static inline bool
next_usual(struct runlog_items *items, struct runlog_item *item)
{
	bool is_stats = items->kind == RUNLOG_STATS;
	const uint8_t *at = items->wire.at;
	size_t left = (size_t)(items->wire.end - at), len, key, json;

	if (left < 7 || at[0] != (is_stats ? 0x1a : 0x0a) ||
	    (at[2] != 0x0a && (at[2] != 0x12 || is_stats)))
		return false;
	len = at[1];
	key = at[3];
	if (len >= 0x80 || len + 2 > left || key + 5 > len ||
	    at[key + 4] != 0x82 || at[key + 5] != 0x01)
		return false;
	json = at[key + 6];
	if (key + json + 5 != len)
		return false;
	items->one = (struct span){ (const char *)at + 4, key };
	*item = (struct runlog_item){
		.path = &items->one,
		.depth = 1,
		.json = { (const char *)at + key + 7, json },
	};
	items->wire.at += len + 2;
	return true;
}

bool
runlog_next_item(struct runlog_items *items, struct runlog_item *item)
{
	uint32_t update = items->kind == RUNLOG_STATS ? 3 : 1;
	bool removes =
	    items->kind == RUNLOG_SUMMARY || items->kind == RUNLOG_CONFIG;
	struct wire_field field;

	if (next_usual(items, item))
		return true;
	while (wire_next(&items->wire, &field)) {
		bool removed = removes && field.number == 2;

		if (field.type != WIRE_BYTES ||
		    (field.number != update && !removed))
			continue;
		if (!read_item(items, field.bytes, item)) {
			items->wire.bad = true;
			return false;
		}
		item->removed = removed;
		return true;
	}
	return false;
}

double
runlog_stats_time(struct span message)
{
	struct wire wire = wire_of(message);
	struct wire_field field;
	double time = NAN;

	while (wire_next(&wire, &field))
		if (field.number == 2 && field.type == WIRE_BYTES)
			time = wire_time(field.bytes);
	return time;
}

bool
runlog_output(
    enum runlog_kind kind, struct span message, struct runlog_output *output)
{
	uint32_t line = kind == RUNLOG_OUTPUT_LOGGER ? 1 : 3;
	struct wire wire = wire_of(message);
	struct wire_field field;

	/* The type's zero, which is not written, is standard error. */
	*output = (struct runlog_output){
		.error = kind != RUNLOG_OUTPUT_LOGGER,
		.time = NAN,
		.text = nothing,
	};
	while (wire_next(&wire, &field)) {
		if (field.number == line && field.type == WIRE_BYTES)
			output->text = field.bytes;
		else if (kind == RUNLOG_OUTPUT_LOGGER)
			continue;
		else if (field.number == 1 && field.type == WIRE_VARINT)
			output->error = field.value == 0;
		else if (field.number == 2 && field.type == WIRE_BYTES)
			output->time = wire_time(field.bytes);
	}
	return !wire.bad;
}

static bool
read_file(struct span message, struct runlog_file *file)
{
	struct wire wire = wire_of(message);
	struct wire_field field;

	*file = (struct runlog_file){ .path = nothing };
	while (wire_next(&wire, &field)) {
		if (field.number == 1 && field.type == WIRE_BYTES)
			file->path = field.bytes;
		else if (field.number == 2 && field.type == WIRE_VARINT &&
		    field.value <= RUNLOG_LIVE)
			file->policy = (enum runlog_policy)field.value;
		else if (field.number == 3 && field.type == WIRE_VARINT)
			file->type = (int)(int32_t)field.value;
	}
	return !wire.bad;
}

bool
runlog_next_file(
    struct span message, struct wire *state, struct runlog_file *file)
{
	struct wire_field field;

	begin(state, message);
	while (wire_next(state, &field)) {
		if (field.number != 1 || field.type != WIRE_BYTES)
			continue;
		if (!read_file(field.bytes, file)) {
			state->bad = true;
			return false;
		}
		return true;
	}
	return false;
}

/* A message of bools only: sets *flags[number], where there is one. */
static bool
read_flags(struct span message, bool *const flags[], uint32_t count)
{
	struct wire wire = wire_of(message);
	struct wire_field field;

	while (wire_next(&wire, &field))
		if (field.type == WIRE_VARINT && field.number < count &&
		    flags[field.number] != NULL)
			*flags[field.number] = field.value != 0;
	return !wire.bad;
}

static bool
metric_message(struct runlog_metric *metric, const struct wire_field *field)
{
	bool *const options[] = { NULL, &metric->step_sync, &metric->hidden,
		&metric->defined };
	bool *const summary[] = { NULL, &metric->min, &metric->max,
		&metric->mean, &metric->best, &metric->last, &metric->none,
		&metric->copy, &metric->first };
	bool *const control[] = { NULL, &metric->overwrite };

	switch (field->number) {
	case 1:
		metric->name = field->bytes;
		return true;
	case 2:
		metric->glob = field->bytes;
		return true;
	case 4:
		metric->step_metric = field->bytes;
		return true;
	case 6:
		return read_flags(field->bytes, options, 4);
	case 7:
		return read_flags(field->bytes, summary, 9);
	case 9:
		return read_flags(field->bytes, control, 2);
	default:
		return true;
	}
}

bool
runlog_metric(struct span message, struct runlog_metric *metric)
{
	struct wire wire = wire_of(message);
	struct wire_field field;

	*metric = (struct runlog_metric){
		.name = nothing,
		.glob = nothing,
		.step_metric = nothing,
	};
	while (wire_next(&wire, &field)) {
		if (field.type == WIRE_BYTES) {
			if (!metric_message(metric, &field))
				return false;
		} else if (field.type == WIRE_VARINT && field.number == 8) {
			metric->goal = (int)(int32_t)field.value;
		} else if (field.type == WIRE_VARINT && field.number == 10) {
			metric->expanded = field.value != 0;
		}
	}
	return !wire.bad;
}

bool
runlog_alert(struct span message, struct runlog_alert *alert)
{
	struct wire wire = wire_of(message);
	struct wire_field field;

	*alert = (struct runlog_alert){
		.title = nothing,
		.text = nothing,
		.level = nothing,
	};
	while (wire_next(&wire, &field)) {
		if (field.number == 4 && field.type == WIRE_VARINT)
			alert->wait = (int64_t)field.value;
		if (field.type != WIRE_BYTES)
			continue;
		if (field.number == 1)
			alert->title = field.bytes;
		else if (field.number == 2)
			alert->text = field.bytes;
		else if (field.number == 3)
			alert->level = field.bytes;
	}
	return !wire.bad;
}

bool
runlog_exit(struct span message, struct runlog_exit *exit)
{
	struct wire wire = wire_of(message);
	struct wire_field field;

	*exit = (struct runlog_exit){ 0 };
	while (wire_next(&wire, &field)) {
		if (field.type != WIRE_VARINT)
			continue;
		if (field.number == 1)
			exit->code = (int32_t)field.value;
		else if (field.number == 2)
			exit->runtime = (int32_t)field.value;
		else if (field.number == 3)
			exit->not_complete = field.value != 0;
	}
	return !wire.bad;
}
