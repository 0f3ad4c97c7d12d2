/* SPDX-License-Identifier: MIT */
/*
 * entry - a record of a .wandb file as members of a JSON object
 *
 * Tables for the kinds of which a file has few, as wandb_internal.proto has
 * them; values.h for those of which it has many.
 */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "wandb/entry.h"
#include "wandb/environment.h"
#include "wandb/fields.h"
#include "wandb/values.h"

#define TEXT(number, name)                                      \
	{                                                       \
		number, FIELD_TEXT, name, FIELD_ONE, NULL, NULL \
	}
#define BOOL(number, name)                                      \
	{                                                       \
		number, FIELD_BOOL, name, FIELD_ONE, NULL, NULL \
	}
#define TEXTS(number, name)                                      \
	{                                                        \
		number, FIELD_TEXT, name, FIELD_LIST, NULL, NULL \
	}
#define ENUM(number, name, names)                                   \
	{                                                           \
		number, FIELD_ENUM, name, FIELD_ALWAYS, NULL, names \
	}
#define INSIDE(number, fields)                                        \
	{                                                             \
		number, FIELD_MESSAGE, "", FIELD_INSIDE, fields, NULL \
	}
#define MESSAGE(number, name, many, fields)                     \
	{                                                       \
		number, FIELD_MESSAGE, name, many, fields, NULL \
	}
#define SIMPLE(number, type, name, many)             \
	{                                            \
		number, type, name, many, NULL, NULL \
	}

static const char *const streams[] = { "stderr", "stdout", NULL };
static const char *const policies[] = { "now", "end", "live", NULL };
static const char *const types[] = { "other", "wandb", "media", "artifact",
	NULL };
static const char *const goals[] = { "", "minimize", "maximize", NULL };

static const struct field version[] = {
	TEXT(1, "producer"),
	TEXT(2, "min_consumer"),
	{ 0 },
};
static const struct field header[] = {
	INSIDE(1, version),
	{ 0 },
};

static const struct field label[] = {
	TEXT(1, "code_string"),
	TEXT(2, "repo_string"),
	TEXT(3, "code_version"),
	{ 0 },
};
static const struct field telemetry[] = {
	SIMPLE(1, FIELD_FLAGS, "imports_init", FIELD_ONE),
	SIMPLE(2, FIELD_FLAGS, "imports_finish", FIELD_ONE),
	SIMPLE(3, FIELD_FLAGS, "feature", FIELD_ONE),
	TEXT(4, "python_version"),
	TEXT(5, "cli_version"),
	TEXT(6, "huggingface_version"),
	SIMPLE(8, FIELD_FLAGS, "env", FIELD_ONE),
	MESSAGE(9, "label", FIELD_ONE, label),
	SIMPLE(10, FIELD_FLAGS, "deprecated", FIELD_ONE),
	TEXT(12, "core_version"),
	TEXT(13, "platform"),
	{ 0 },
};

static const struct field setting[] = {
	TEXT(1, "key"),
	SIMPLE(16, FIELD_JSON, "value", FIELD_ONE),
	{ 0 },
};
static const struct field settings[] = {
	MESSAGE(1, "settings", FIELD_LIST, setting),
	{ 0 },
};
static const struct field git[] = {
	TEXT(1, "remote_url"),
	TEXT(2, "commit"),
	{ 0 },
};
static const struct field branch_point[] = {
	TEXT(1, "run_id"),
	SIMPLE(2, FIELD_DOUBLE, "value", FIELD_ALWAYS),
	TEXT(3, "metric"),
	{ 0 },
};
static const struct field run[] = {
	TEXT(1, "run_id"),
	TEXT(2, "entity"),
	TEXT(3, "project"),
	TEXT(6, "group"),
	TEXT(7, "job_type"),
	TEXT(8, "display_name"),
	TEXT(9, "notes"),
	TEXTS(10, "tags"),
	INSIDE(11, settings),
	TEXT(12, "sweep_id"),
	TEXT(13, "host"),
	SIMPLE(14, FIELD_INT, "starting_step", FIELD_ONE),
	TEXT(16, "storage_id"),
	SIMPLE(17, FIELD_TIME, "started_at", FIELD_ONE),
	BOOL(18, "resumed"),
	MESSAGE(19, "telemetry", FIELD_ONE, telemetry),
	SIMPLE(20, FIELD_INT, "runtime_seconds", FIELD_ONE),
	INSIDE(21, git),
	BOOL(22, "forked"),
	MESSAGE(23, "branch_point", FIELD_ONE, branch_point),
	BOOL(24, "resume"),
	{ 0 },
};

static const struct field output[] = {
	SIMPLE(2, FIELD_TIME, "logged_at", FIELD_ONE),
	ENUM(1, "stream", streams),
	SIMPLE(3, FIELD_TEXT, "text", FIELD_ALWAYS),
	{ 0 },
};
static const struct field output_logger[] = {
	SIMPLE(1, FIELD_TEXT, "text", FIELD_ALWAYS),
	{ 0 },
};

static const struct field file[] = {
	SIMPLE(1, FIELD_TEXT, "path", FIELD_ALWAYS),
	ENUM(2, "policy", policies),
	ENUM(3, "type", types),
	{ 0 },
};
static const struct field files[] = {
	MESSAGE(1, "files", FIELD_LIST, file),
	{ 0 },
};

/* What the machine was doing: the values come behind it. */
static const struct field stats[] = {
	SIMPLE(2, FIELD_TIME, "logged_at", FIELD_ONE),
	{ 0 },
};

static const struct field storage[] = {
	SIMPLE(1, FIELD_INT, "manifest_version", FIELD_ONE),
	TEXT(2, "storage_policy"),
	SIMPLE(3, FIELD_JSON, "storage_policy_config", FIELD_MAP),
	TEXT(5, "manifest_path"),
	{ 0 },
};
static const struct field content[] = {
	TEXT(1, "path"),
	TEXT(2, "digest"),
	TEXT(3, "ref"),
	SIMPLE(4, FIELD_INT, "bytes", FIELD_ALWAYS),
	TEXT(5, "mimetype"),
	TEXT(6, "local_path"),
	TEXT(7, "birth_artifact_id"),
	BOOL(8, "skip_cache"),
	SIMPLE(16, FIELD_JSON, "extra", FIELD_MAP),
	{ 0 },
};
static const struct field contents[] = {
	MESSAGE(4, "entries", FIELD_LIST, content),
	{ 0 },
};
static const struct field artifact[] = {
	TEXT(1, "run_id"),
	TEXT(3, "entity"),
	TEXT(2, "project"),
	TEXT(4, "type"),
	TEXT(5, "name"),
	TEXTS(11, "aliases"),
	TEXTS(19, "tags"),
	TEXT(6, "digest"),
	TEXT(20, "digest_algorithm"),
	TEXT(7, "description"),
	SIMPLE(8, FIELD_JSON, "metadata", FIELD_ONE),
	BOOL(9, "user_created"),
	BOOL(10, "use_after_commit"),
	BOOL(14, "finalize"),
	TEXT(13, "distributed_id"),
	TEXT(15, "client_id"),
	TEXT(16, "sequence_client_id"),
	TEXT(17, "base_id"),
	SIMPLE(18, FIELD_INT, "ttl_duration_seconds", FIELD_ONE),
	BOOL(100, "incremental"),
	INSIDE(12, storage),
	INSIDE(12, contents),
	{ 0 },
};
static const struct field use_artifact[] = {
	TEXT(1, "id"),
	TEXT(2, "type"),
	TEXT(3, "name"),
	{ 0 },
};

static const struct field tbrecord[] = {
	TEXT(1, "log_dir"),
	TEXT(3, "root_dir"),
	SIMPLE(4, FIELD_TEXT, "namespace", FIELD_SET),
	TEXT(5, "save_path"),
	BOOL(2, "save"),
	BOOL(6, "ignore_timestamp"),
	BOOL(7, "ignore_hostname"),
	{ 0 },
};

static const struct field alert[] = {
	TEXT(1, "title"),
	TEXT(2, "text"),
	TEXT(3, "level"),
	SIMPLE(4, FIELD_MILLIS, "wait_seconds", FIELD_ONE),
	{ 0 },
};

static const struct field metric_options[] = {
	BOOL(1, "step_sync"),
	BOOL(2, "hidden"),
	BOOL(3, "defined"),
	{ 0 },
};
static const struct field metric_summary[] = {
	BOOL(1, "min"),
	BOOL(2, "max"),
	BOOL(3, "mean"),
	BOOL(4, "best"),
	BOOL(5, "last"),
	BOOL(6, "none"),
	BOOL(7, "copy"),
	BOOL(8, "first"),
	{ 0 },
};
static const struct field metric_control[] = {
	BOOL(1, "overwrite"),
	{ 0 },
};
static const struct field metric[] = {
	TEXT(1, "name"),
	TEXT(2, "glob_name"),
	TEXT(4, "step_metric"),
	SIMPLE(5, FIELD_INT, "step_metric_index", FIELD_ONE),
	MESSAGE(6, "options", FIELD_ONE, metric_options),
	MESSAGE(7, "summary", FIELD_ONE, metric_summary),
	{ 8, FIELD_ENUM, "goal", FIELD_ONE, NULL, goals },
	INSIDE(9, metric_control),
	BOOL(10, "expanded_from_glob"),
	{ 0 },
};

static const struct field end[] = {
	SIMPLE(1, FIELD_INT, "exit_code", FIELD_ALWAYS),
	SIMPLE(2, FIELD_INT, "runtime_seconds", FIELD_ONE),
	BOOL(3, "not_complete"),
	{ 0 },
};

static const struct field none[] = { { 0 } };

struct entry_writer {
	struct values *values;  /* with the keys */
	struct values *configs; /* those of run records: all */
	struct buf time;        /* the last whole second: "2026-...:50Z" */
	int64_t second;
};

struct entry_writer *
entry_writer_new(const struct span *keys, size_t count)
{
	struct entry_writer *writer = xcalloc(1, sizeof(*writer));

	writer->values = values_new(keys, count);
	writer->configs = values_new(NULL, 0);
	return writer;
}

void
entry_writer_free(struct entry_writer *writer)
{
	if (writer == NULL)
		return;
	values_free(writer->values);
	values_free(writer->configs);
	buf_release(&writer->time);
	free(writer);
}

/* Appends ,"name":text. */
static void
add_member(struct buf *out, const char *name, struct span text)
{
	buf_adds(out, ",\"");
	buf_adds(out, name);
	buf_adds(out, "\":");
	buf_add(out, text.at, text.len);
}

/* The time of a row: rows of one second have the text of it in common. */
static void
add_time(
    struct entry_writer *writer, const struct values_row *row, struct buf *out)
{
	static const size_t digits = 20; /* "2026-11-21T06:30:50 */

	if (writer->time.len == 0 || writer->second != row->seconds) {
		buf_clear(&writer->time);
		writer->second = row->seconds;
		if (!fields_time(&writer->time, row->seconds, 0))
			return;
	}
	buf_adds(out, ",\"logged_at\":");
	if (row->nanos == 0) {
		buf_add(out, writer->time.at, writer->time.len);
		return;
	}
	buf_add(out, writer->time.at, digits);
	buf_addc(out, '.');
	/* 3, 6 or 9 digits, with the zeros at its front */
	if (row->nanos % 1000000 == 0)
		buf_add_digits(out, row->nanos / 1000000, 3);
	else if (row->nanos % 1000 == 0)
		buf_add_digits(out, row->nanos / 1000, 6);
	else
		buf_add_digits(out, row->nanos, 9);
	buf_adds(out, "Z\"");
}

static enum entry_result
add_values(struct entry_writer *writer, const struct runlog_entry *entry,
    struct buf *out)
{
	struct values_row row;

	if (entry->kind == RUNLOG_STATS &&
	    !fields_members(stats, entry->message, FIELDS_OURS, out))
		return ENTRY_BROKEN;
	values_read(writer->values, entry->kind, entry->message, &row);
	if (row.bad)
		return ENTRY_BROKEN;
	if (!row.found)
		return ENTRY_LEFT_OUT;
	if (row.timed)
		add_time(writer, &row, out);
	add_member(out, "values", row.object);
	if (row.removed.len > 0)
		add_member(out, "removed", row.removed);
	if (row.unreadable.len > 0)
		add_member(out, "unreadable", row.unreadable);
	return ENTRY_WRITTEN;
}

static bool
add_run(struct entry_writer *writer, struct span message, struct buf *out)
{
	struct runlog_run its;
	struct values_row row;

	if (!runlog_run(message, &its) ||
	    !fields_members(run, message, FIELDS_OURS, out))
		return false;
	values_read(writer->configs, RUNLOG_CONFIG, its.config, &row);
	add_member(out, "config", row.object);
	if (row.unreadable.len > 0)
		add_member(out, "unreadable", row.unreadable);
	return !row.bad;
}

/* The sum of the entries' sizes. */
static bool
add_size(struct span message, struct buf *out)
{
	struct wire wire = wire_of(message), manifest, one;
	struct wire_field field;
	int64_t sum = 0;

	while (wire_next(&wire, &field)) {
		if (field.number != 12 || field.type != WIRE_BYTES)
			continue;
		manifest = wire_of(field.bytes);
		while (wire_next(&manifest, &field)) {
			if (field.number != 4 || field.type != WIRE_BYTES)
				continue;
			one = wire_of(field.bytes);
			while (wire_next(&one, &field))
				if (field.number == 4 &&
				    field.type == WIRE_VARINT)
					sum = (int64_t)((uint64_t)sum +
					    field.value);
		}
	}
	buf_adds(out, ",\"bytes\":");
	buf_add_whole(out, sum);
	return !wire.bad;
}

/* The table of a kind; that without fields for those that hold nothing. */
static const struct field *
table_of(enum runlog_kind kind)
{
	switch (kind) {
	case RUNLOG_HEADER:
		return header;
	case RUNLOG_TELEMETRY:
		return telemetry;
	case RUNLOG_OUTPUT:
	case RUNLOG_OUTPUT_RAW:
		return output;
	case RUNLOG_OUTPUT_LOGGER:
		return output_logger;
	case RUNLOG_FILES:
		return files;
	case RUNLOG_USE_ARTIFACT:
		return use_artifact;
	case RUNLOG_TBRECORD:
		return tbrecord;
	case RUNLOG_ALERT:
		return alert;
	case RUNLOG_METRIC:
		return metric;
	case RUNLOG_EXIT:
		return end;
	default:
		return none;
	}
}

static bool
add_content(struct entry_writer *writer, const struct runlog_entry *entry,
    struct buf *out)
{
	struct span message = entry->message;

	switch (entry->kind) {
	case RUNLOG_RUN:
		return add_run(writer, message, out);
	case RUNLOG_ENVIRONMENT:
		return environment_members(message, out);
	case RUNLOG_ARTIFACT:
		return fields_members(artifact, message, FIELDS_OURS, out) &&
		    add_size(message, out);
	case RUNLOG_REQUEST:
	case RUNLOG_NONE: /* what we do not know: how much it is */
		buf_adds(out, ",\"bytes\":");
		buf_add_whole(out, entry->end - entry->start);
		return true;
	default:
		return fields_members(
		    table_of(entry->kind), message, FIELDS_OURS, out);
	}
}

enum entry_result
entry_write(struct entry_writer *writer, const struct runlog_entry *entry,
    struct buf *out)
{
	size_t before = out->len;
	enum entry_result result = ENTRY_WRITTEN;

	buf_adds(out, "\"kind\":\"");
	buf_adds(out, runlog_kind_name(entry->kind));
	buf_adds(out, "\",\"offset\":");
	buf_add_whole(out, entry->start);
	if (entry->num != 0) {
		buf_adds(out, ",\"num\":");
		buf_add_whole(out, entry->num);
	}
	switch (entry->kind) {
	case RUNLOG_HISTORY:
	case RUNLOG_SUMMARY:
	case RUNLOG_CONFIG:
	case RUNLOG_STATS:
		result = add_values(writer, entry, out);
		break;
	default:
		if (!add_content(writer, entry, out))
			result = ENTRY_BROKEN;
		break;
	}
	if (result != ENTRY_WRITTEN)
		buf_cut(out, before);
	return result;
}
