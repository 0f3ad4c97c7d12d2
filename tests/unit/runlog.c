/* SPDX-License-Identifier: MIT */
/*
 * runlog: each kind of record field by field, and all files of tests/data
 * against what their records.json says of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <jv.h>

#include "record.h"
#include "wandb/runlog.h"

#define TEXT(literal)                        \
	(struct span)                        \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

static void
add_varint(struct buf *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		buf_addc(out, (char)(value | 0x80));
	buf_addc(out, (char)value);
}

static void
add_number(struct buf *out, unsigned field, uint64_t value)
{
	add_varint(out, field << 3);
	add_varint(out, value);
}

static void
add_double(struct buf *out, unsigned field, double value)
{
	add_varint(out, field << 3 | WIRE_FIXED64);
	buf_add(out, &value, sizeof(value)); /* tests run on little-endian */
}

static void
add_bytes(struct buf *out, unsigned field, const char *text)
{
	add_varint(out, field << 3 | WIRE_BYTES);
	add_varint(out, strlen(text));
	buf_adds(out, text);
}

/* Adds inner as a field, and empties it. */
static void
add_message(struct buf *out, unsigned field, struct buf *inner)
{
	add_varint(out, field << 3 | WIRE_BYTES);
	add_varint(out, inner->len);
	buf_add(out, inner->at, inner->len);
	buf_clear(inner);
}

static struct span
all(const struct buf *buf)
{
	return (struct span){ buf->at, buf->len };
}

/* The file of 201 bytes that the description of the format gives. */
static const char small[] =
    ":W&B\xe1\xbe\0"
    "\x1d\x21\xea\x95\x0d\0\1\x08\1\xaa\1\x08\x0a\6\x0a\4test"
    "\xe3\xdb\xab\x3b\x46\0\1\x08\2\x8a\1\x41\x0a\x08"
    "abc12345\x1a\1p"
    "\"\x0c\x0a\x0a\x0a\2lr\x82\1\3"
    "0.1B\4demoR\2t1"
    "\x8a\1\6\x08\x80\xe2\xcf\xaa\6\x9a\1\x10\"\6"
    "3.11.2*\6"
    "0.28.2"
    "\xc4\x1a\x5b\x7f\x21\0\1\x08\3\x12\x1d\x0a\x0c\x12\4loss\x82\1\3"
    "0.5"
    "\x0a\x0b\x12\5_step\x82\1\1"
    "0\x12\0"
    "\xee\xd2\x0f\x3c\x12\0\1\x08\4\x1a\x0e\x0a\x0c\x12\4loss\x82\1\3"
    "0.5"
    "\x45\xbc\x6a\xad\x0b\0\1\x08\5j\7\x08\1\x1a\3hi\n"
    "\x1d\xf6\x0b\x8f\7\0\1\x08\6\x92\1\2\x10\3";

static void
check_run(struct span message)
{
	struct runlog_run run;
	struct runlog_items items;
	struct runlog_item item;
	struct wire tags = { 0 };
	struct span tag;

	assert_true(runlog_run(message, &run));
	assert_true(span_is(run.run_id, "abc12345"));
	assert_true(span_is(run.project, "p"));
	assert_true(span_is(run.display_name, "demo"));
	assert_true(span_is(run.entity, ""));
	assert_true(run.start_time == 1700000000);
	assert_false(run.resume);
	assert_false(run.has_branch);
	assert_int_equal(run.telemetry.len, 16);
	runlog_items(&items, RUNLOG_CONFIG, run.config);
	assert_true(runlog_next_item(&items, &item));
	assert_true(span_is(item.path[0], "lr"));
	assert_true(span_is(item.json, "0.1"));
	assert_false(runlog_next_item(&items, &item));
	runlog_items_release(&items);
	assert_true(runlog_next_tag(message, &tags, &tag));
	assert_true(span_is(tag, "t1"));
	assert_false(runlog_next_tag(message, &tags, &tag));
}

static void
small_file(void **state)
{
	static const enum runlog_kind kinds[] = { RUNLOG_HEADER, RUNLOG_RUN,
		RUNLOG_HISTORY, RUNLOG_SUMMARY, RUNLOG_OUTPUT_RAW,
		RUNLOG_EXIT };
	static const off_t starts[] = { 7, 27, 104, 144, 169, 187, 201 };
	char path[] = "/tmp/runlog.XXXXXX";
	int fd = mkstemp(path);
	struct runlog_entry entry;
	struct runlog_output output;
	struct runlog_exit end;
	struct runlog *log;
	jv why;

	(void)state;
	assert_int_equal(sizeof(small), 202);
	assert_int_equal(write(fd, small, 201), 201);
	close(fd);
	log = runlog_open(path, &why);
	assert_non_null(log);
	assert_true(runlog_fd(log) > 2);
	unlink(path);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(runlog_next(log, &entry), LEVELDB_RECORD);
		assert_int_equal(entry.kind, kinds[i]);
		assert_int_equal(entry.num, i + 1);
		assert_int_equal(entry.start, starts[i]);
		assert_int_equal(entry.end, starts[i + 1]);
		if (entry.kind == RUNLOG_RUN)
			check_run(entry.message);
		if (entry.kind == RUNLOG_OUTPUT_RAW) {
			assert_true(
			    runlog_output(entry.kind, entry.message, &output));
			assert_true(span_is(output.text, "hi\n"));
			assert_false(output.error);
			assert_true(isnan(output.time));
		}
	}
	assert_true(runlog_exit(entry.message, &end));
	assert_int_equal(end.code, 0);
	assert_int_equal(end.runtime, 3);
	assert_false(end.not_complete);
	assert_int_equal(runlog_next(log, &entry), LEVELDB_END);
	runlog_close(log);
}

static void
not_there(void **state)
{
	jv why;

	(void)state;
	assert_null(runlog_open("/nowhere/run-x.wandb", &why));
	assert_string_equal(error_code(why), "not_found");
	jv_free(why);
	assert_null(runlog_open("/", &why));
	assert_string_equal(error_code(why), "io");
	jv_free(why);
	runlog_close(NULL);
}

static void
run_record(void **state)
{
	struct buf out = { 0 }, inner = { 0 };
	struct runlog_run run;

	(void)state;
	add_bytes(&out, 2, "team");
	add_bytes(&out, 6, "group");
	add_bytes(&out, 7, "train");
	add_bytes(&out, 9, "notes");
	add_bytes(&out, 12, "sweep");
	add_bytes(&out, 13, "host");
	add_bytes(&out, 99, "unknown");
	add_number(&out, 20, 77);
	add_bytes(&inner, 1, "https://example.org/r.git");
	add_bytes(&inner, 2, "c0ffee");
	add_message(&out, 21, &inner);
	add_bytes(&inner, 1, "origin");
	add_double(&inner, 2, 40);
	add_bytes(&inner, 3, "_step");
	add_message(&out, 23, &inner);
	add_number(&out, 24, 1);
	assert_true(runlog_run(all(&out), &run));
	assert_true(span_is(run.entity, "team"));
	assert_true(span_is(run.group, "group"));
	assert_true(span_is(run.job_type, "train"));
	assert_true(span_is(run.notes, "notes"));
	assert_true(span_is(run.sweep_id, "sweep"));
	assert_true(span_is(run.host, "host"));
	assert_true(span_is(run.remote_url, "https://example.org/r.git"));
	assert_true(span_is(run.commit, "c0ffee"));
	assert_true(run.has_branch);
	assert_true(span_is(run.branch_run, "origin"));
	assert_true(run.branch_value == 40);
	assert_true(span_is(run.branch_metric, "_step"));
	assert_true(run.resume);
	assert_int_equal(run.runtime, 77);
	assert_true(isnan(run.start_time));
	assert_false(runlog_run(TEXT("\x0a\x05"
				     "abc"),
	    &run));
	assert_false(runlog_run(TEXT("\xaa\x01\x01\x0a"), &run));
	buf_release(&out);
	buf_release(&inner);
}

/* One HistoryItem of these bytes: its value. */
static void
item_is(struct buf *item, const char *json)
{
	struct buf record = { 0 };
	struct runlog_items items;
	struct runlog_item got;

	add_message(&record, 1, item);
	runlog_items(&items, RUNLOG_HISTORY, all(&record));
	assert_true(runlog_next_item(&items, &got));
	if (!span_is(got.json, json))
		fail_msg(
		    "%.*s is not %s", (int)got.json.len, got.json.at, json);
	assert_false(runlog_next_item(&items, &got));
	assert_false(items.wire.bad);
	runlog_items_release(&items);
	buf_release(&record);
}

static void
typed_values(void **state)
{
	struct buf item = { 0 };

	(void)state;
	add_number(&item, 3, 0);
	item_is(&item, "null");
	add_number(&item, 4, 1);
	item_is(&item, "true");
	add_number(&item, 4, 0);
	item_is(&item, "false");
	add_number(&item, 5, 3); /* zigzag */
	item_is(&item, "-2");
	add_number(&item, 5, UINT64_MAX);
	item_is(&item, "-9223372036854775808");
	add_number(&item, 5, UINT64_MAX - 1);
	item_is(&item, "9223372036854775807");
	add_double(&item, 6, 0.1);
	item_is(&item, "0.1");
	add_double(&item, 6, -INFINITY);
	item_is(&item, "-Infinity");
	add_bytes(&item, 7, "a\"b");
	item_is(&item, "\"a\\\"b\"");
	add_bytes(&item, 8, "[1, 2]");
	item_is(&item, "[1, 2]");
	add_bytes(&item, 16, "0.10");
	add_double(&item, 6, 0.1);
	item_is(&item, "0.10");
	item_is(&item, "");
	buf_release(&item);
}

static void
item_paths(void **state)
{
	struct buf record = { 0 }, item = { 0 };
	struct runlog_items items;
	struct runlog_item got;

	(void)state;
	add_bytes(&item, 1, "a.b");
	add_bytes(&item, 16, "1");
	add_message(&record, 1, &item);
	add_bytes(&item, 1, "not looked at");
	for (int i = 0; i < 20; i++)
		add_bytes(&item, 2, i == 0 ? "top" : i == 19 ? "leaf" : "x");
	add_message(&record, 2, &item);
	add_message(&record, 1, &item);
	add_bytes(&record, 1, "\x0a\x7f");
	runlog_items(&items, RUNLOG_SUMMARY, all(&record));
	assert_true(runlog_next_item(&items, &got));
	assert_int_equal(got.depth, 1);
	assert_true(span_is(got.path[0], "a.b"));
	assert_false(got.removed);
	assert_true(runlog_next_item(&items, &got));
	assert_int_equal(got.depth, 20);
	assert_true(span_is(got.path[0], "top"));
	assert_true(span_is(got.path[1], "x"));
	assert_true(span_is(got.path[19], "leaf"));
	assert_true(got.removed);
	assert_true(runlog_next_item(&items, &got));
	assert_int_equal(got.depth, 1); /* an empty key */
	assert_int_equal(got.path[0].len, 0);
	assert_false(runlog_next_item(&items, &got));
	assert_true(items.wire.bad);
	runlog_items_release(&items);
	/* Field 2 of a HistoryRecord is no item. */
	runlog_items(&items, RUNLOG_HISTORY, all(&record));
	assert_true(runlog_next_item(&items, &got));
	assert_true(runlog_next_item(&items, &got));
	assert_int_equal(got.path[0].len, 0);
	runlog_items_release(&items);
	buf_release(&record);
	buf_release(&item);
}

static void
stats_and_output(void **state)
{
	struct buf record = { 0 }, inner = { 0 };
	struct runlog_items items;
	struct runlog_item got;
	struct runlog_output output;

	(void)state;
	add_number(&inner, 1, 1700000000);
	add_number(&inner, 2, 250000000);
	add_message(&record, 2, &inner);
	add_bytes(&inner, 1, "gpu.0.temp");
	add_bytes(&inner, 16, "61.5");
	add_message(&record, 3, &inner);
	assert_true(runlog_stats_time(all(&record)) == 1700000000.25);
	runlog_items(&items, RUNLOG_STATS, all(&record));
	assert_true(runlog_next_item(&items, &got));
	assert_true(span_is(got.path[0], "gpu.0.temp"));
	assert_true(span_is(got.json, "61.5"));
	assert_false(runlog_next_item(&items, &got));
	runlog_items_release(&items);

	buf_clear(&record);
	add_number(&inner, 1, 5);
	add_message(&record, 2, &inner);
	add_bytes(&record, 3, "oops");
	assert_true(runlog_output(RUNLOG_OUTPUT, all(&record), &output));
	assert_true(output.error);
	assert_true(output.time == 5);
	assert_true(span_is(output.text, "oops"));
	buf_clear(&record);
	add_bytes(&record, 1, "logged");
	assert_true(runlog_output(RUNLOG_OUTPUT_LOGGER, all(&record), &output));
	assert_false(output.error);
	assert_true(span_is(output.text, "logged"));
	buf_release(&record);
	buf_release(&inner);
}

static void
files(void **state)
{
	struct buf record = { 0 }, inner = { 0 };
	struct runlog_file file;
	struct wire at = { 0 };

	(void)state;
	add_bytes(&inner, 1, "a.txt");
	add_message(&record, 1, &inner);
	add_bytes(&inner, 1, "media/b.png");
	add_number(&inner, 2, 2);
	add_number(&inner, 3, 2);
	add_message(&record, 1, &inner);
	assert_true(runlog_next_file(all(&record), &at, &file));
	assert_true(span_is(file.path, "a.txt"));
	assert_int_equal(file.policy, RUNLOG_NOW);
	assert_int_equal(file.type, 0);
	assert_true(runlog_next_file(all(&record), &at, &file));
	assert_true(span_is(file.path, "media/b.png"));
	assert_int_equal(file.policy, RUNLOG_LIVE);
	assert_int_equal(file.type, 2);
	assert_false(runlog_next_file(all(&record), &at, &file));
	assert_false(at.bad);
	buf_release(&record);
	buf_release(&inner);
}

static void
metric_and_alert(void **state)
{
	struct buf record = { 0 }, inner = { 0 };
	struct runlog_metric metric;
	struct runlog_alert alert;
	struct runlog_exit end;

	(void)state;
	add_bytes(&record, 2, "val/*");
	add_bytes(&record, 4, "epoch");
	add_number(&inner, 1, 1);
	add_number(&inner, 3, 1);
	add_message(&record, 6, &inner);
	add_number(&inner, 1, 1);
	add_number(&inner, 8, 1);
	add_number(&inner, 300, 1);
	add_message(&record, 7, &inner);
	add_number(&record, 8, 2);
	add_number(&inner, 1, 1);
	add_message(&record, 9, &inner);
	add_number(&record, 10, 1);
	assert_true(runlog_metric(all(&record), &metric));
	assert_true(span_is(metric.name, ""));
	assert_true(span_is(metric.glob, "val/*"));
	assert_true(span_is(metric.step_metric, "epoch"));
	assert_true(metric.step_sync && metric.defined && !metric.hidden);
	assert_true(metric.min && metric.first && !metric.max && !metric.mean &&
	    !metric.best && !metric.last && !metric.none && !metric.copy);
	assert_int_equal(metric.goal, 2);
	assert_true(metric.overwrite && metric.expanded);

	buf_clear(&record);
	add_bytes(&record, 1, "title");
	add_bytes(&record, 2, "text");
	add_bytes(&record, 3, "WARN");
	add_number(&record, 4, 60000);
	assert_true(runlog_alert(all(&record), &alert));
	assert_true(span_is(alert.title, "title"));
	assert_true(span_is(alert.text, "text"));
	assert_true(span_is(alert.level, "WARN"));
	assert_int_equal(alert.wait, 60000);

	buf_clear(&record);
	add_number(&record, 1, (uint64_t)-9);
	add_number(&record, 3, 1);
	assert_true(runlog_exit(all(&record), &end));
	assert_int_equal(end.code, -9);
	assert_true(end.not_complete);
	buf_release(&record);
	buf_release(&inner);
}

/* What records.json says: counted by the reader under test. */
struct count {
	jv kinds;
	jv damage;
	int records;
	int rows;
	jv first_step, last_step, exit_code;
};

static struct count
count_new(void)
{
	return (struct count){
		.kinds = jv_object(),
		.damage = jv_array(),
		.first_step = jv_null(),
		.last_step = jv_null(),
		.exit_code = jv_null(),
	};
}

static void
count_release(struct count *count)
{
	jv_free(count->kinds);
	jv_free(count->damage);
	jv_free(count->first_step);
	jv_free(count->last_step);
	jv_free(count->exit_code);
}

/* The last _step of a row that is a number of its own. */
static void
count_row(struct count *count, struct span message)
{
	struct runlog_items items;
	struct runlog_item item;

	runlog_items(&items, RUNLOG_HISTORY, message);
	while (runlog_next_item(&items, &item)) {
		if (item.depth != 1 || !span_is(item.path[0], "_step"))
			continue;
		jv_free(count->last_step);
		count->last_step =
		    jv_parse_sized(item.json.at, (int)item.json.len);
	}
	assert_false(items.wire.bad);
	runlog_items_release(&items);
	if (count->rows++ == 0) {
		jv_free(count->first_step);
		count->first_step = jv_copy(count->last_step);
	}
}

static void
count_record(struct count *count, const struct runlog_entry *entry)
{
	const char *name = runlog_kind_name(entry->kind);
	struct runlog_exit end;

	count->records++;
	count->kinds = jv_object_set(count->kinds, jv_string(name),
	    jv_number((double)record_int(count->kinds, name, 0) + 1));
	if (entry->kind == RUNLOG_HISTORY)
		count_row(count, entry->message);
	if (entry->kind != RUNLOG_EXIT)
		return;
	assert_true(runlog_exit(entry->message, &end));
	jv_free(count->exit_code);
	count->exit_code = jv_number(end.code);
}

static void
count_damage(struct count *count, const struct runlog_entry *entry)
{
	jv damage = jv_object();
	const char *why = strcmp(entry->why, "no protobuf") == 0
	    ? "record is no protobuf"
	    : entry->why;

	/* records.json calls another version what another file is. */
	if (strcmp(why, "unknown version") == 0)
		why = "not a .wandb file";
	damage = record_set_number(damage, "offset", (double)entry->start);
	damage = record_set_str(damage, "error", why);
	count->damage = jv_array_append(count->damage, damage);
}

static void
same(const char *name, const char *what, jv got, jv wanted)
{
	if (!jv_equal(jv_copy(got), jv_copy(wanted))) {
		jv a = jv_dump_string(jv_copy(got), 0);
		jv b = jv_dump_string(jv_copy(wanted), 0);

		fail_msg("%s: %s: %s, not %s", name, what, jv_string_value(a),
		    jv_string_value(b));
	}
	jv_free(got);
	jv_free(wanted);
}

static void
compare(const char *name, struct count *count, jv wanted)
{
	same(name, "records", jv_copy(count->kinds),
	    record_get(wanted, "records"));
	same(name, "record_count", jv_number(count->records),
	    record_get(wanted, "record_count"));
	same(name, "history_rows", jv_number(count->rows),
	    record_get(wanted, "history_rows"));
	same(name, "first_step", jv_copy(count->first_step),
	    record_get(wanted, "first_step"));
	same(name, "last_step", jv_copy(count->last_step),
	    record_get(wanted, "last_step"));
	same(name, "exit_code", jv_copy(count->exit_code),
	    record_get(wanted, "exit_code"));
	same(name, "damage", jv_copy(count->damage),
	    record_get(wanted, "damage"));
}

static void
check_file(const char *path, jv wanted)
{
	struct count salvage = count_new(), strict = count_new();
	struct runlog_entry entry;
	enum leveldb_event event;
	jv why, first = record_get(wanted, "strict");
	struct runlog *log = runlog_open(path, &why);
	bool damaged = false;

	assert_non_null(log);
	do {
		event = runlog_next(log, &entry);
		assert_int_not_equal(event, LEVELDB_ERROR);
		if (event == LEVELDB_RECORD) {
			count_record(&salvage, &entry);
			if (!damaged)
				count_record(&strict, &entry);
		} else if (event != LEVELDB_END) {
			count_damage(&salvage, &entry);
			if (!damaged)
				count_damage(&strict, &entry);
			damaged = true;
		}
	} while (event == LEVELDB_RECORD || event == LEVELDB_DAMAGE);
	compare(path, &salvage, wanted);
	if (jv_is_valid(first))
		compare(path, &strict, first);
	else
		assert_false(damaged);
	jv_free(first);
	count_release(&salvage);
	count_release(&strict);
	runlog_close(log);
}

/* All files that folder/records.json names; returns how many. */
static int
check_folder(const char *folder)
{
	const char *srcdir = getenv("srcdir");
	char *top =
	    xasprintf("%s/tests/data/%s", srcdir ? srcdir : ".", folder);
	char *name = xasprintf("%s/records.json", top);
	jv records = jv_load_file(name, 0), list;
	int count = 0;

	if (!jv_is_valid(records))
		fail_msg("cannot read %s", name);
	list = jv_array_get(records, 0);
	for (int i = jv_object_iter(list); jv_object_iter_valid(list, i);
	     i = jv_object_iter_next(list, i)) {
		jv key = jv_object_iter_key(list, i);
		jv value = jv_object_iter_value(list, i);
		char *path = xasprintf("%s/%s", top, jv_string_value(key));

		check_file(path, value);
		free(path);
		jv_free(key);
		jv_free(value);
		count++;
	}
	jv_free(list);
	free(name);
	free(top);
	return count;
}

static void
whole_files(void **state)
{
	static const char *const kinds[] = { "alert", "artifact",
		"artifact_lost", "code", "console", "crashed", "crashed_block",
		"define_metric", "failed", "files", "media", "minimal",
		"nested", "nonfinite", "nonfinite_config", "norows", "numbers",
		"reinit", "resumed", "resumed_restart", "steps", "sweep",
		"system", "typed", "typical", "unicode" };
	char folder[64];
	int count = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		(void)snprintf(folder, sizeof(folder), "runs/%s", kinds[i]);
		count += check_folder(folder);
	}
	assert_int_equal(count, 32);
	assert_int_equal(check_folder("tree"), 8);
}

static void
damaged_files(void **state)
{
	(void)state;
	assert_int_equal(check_folder("damaged"), 23);
}

/* What a user is told of a damage. */
static void
errors(void **state)
{
	static const struct {
		enum leveldb_event event;
		const char *code, *message;
	} cases[] = {
		{ LEVELDB_FOREIGN, "input", "x: offset 0: checksum" },
		{ LEVELDB_ERROR, "io", "x: checksum" },
		{ LEVELDB_DAMAGE, "damaged", "x: offset 98507: checksum" },
		{ LEVELDB_CUT, "damaged",
		    "x: offset 98507: the file was cut: checksum" },
		{ LEVELDB_CUT_BLOCK, "damaged",
		    "x: offset 98507: the file ends inside this record, "
		    "as a killed writer leaves it" },
	};
	struct runlog_entry entry = { .start = 98507, .why = "checksum" };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		jv why = runlog_error("x", cases[i].event, &entry);

		assert_string_equal(error_code(why), cases[i].code);
		assert_string_equal(error_message(why), cases[i].message);
		jv_free(why);
	}
	assert_string_equal(runlog_kind_name(RUNLOG_NONE), "none");
	assert_string_equal(runlog_kind_name((enum runlog_kind)77), "none");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_file),
		cmocka_unit_test(not_there),
		cmocka_unit_test(run_record),
		cmocka_unit_test(typed_values),
		cmocka_unit_test(item_paths),
		cmocka_unit_test(stats_and_output),
		cmocka_unit_test(files),
		cmocka_unit_test(metric_and_alert),
		cmocka_unit_test(whole_files),
		cmocka_unit_test(damaged_files),
		cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
