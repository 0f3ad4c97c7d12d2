/* SPDX-License-Identifier: MIT */
/*
 * entry: what is written of messages made here, byte for byte, and that every
 * entry of every file of tests/data is strict JSON.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "file.h"
#include "json.h"
#include "wandb/message.h"
#include "walk.h"
#include "wandb/entry.h"
#include "wandb/rundir.h"

static struct buf out;

/* Writes a message of that kind; asserts what comes. */
static void
check_with(struct entry_writer *writer, enum runlog_kind kind,
    struct buf *message, const char *want)
{
	struct runlog_entry entry = {
		.kind = kind,
		.num = 3,
		.start = 7,
		.end = 20,
		.message = message_span(message),
	};
	struct buf all = { 0 };

	buf_clear(&out);
	assert_int_equal(entry_write(writer, &entry, &out), ENTRY_WRITTEN);
	buf_addf(&all, "\"kind\":\"%s\",\"offset\":7,\"num\":3%s",
	    runlog_kind_name(kind), want);
	assert_string_equal(out.at, all.at);
	buf_release(&all);
	buf_release(message);
}

static void
check(enum runlog_kind kind, struct buf *message, const char *want)
{
	struct entry_writer *writer = entry_writer_new(NULL, 0);

	check_with(writer, kind, message, want);
	entry_writer_free(writer);
}

static void
test_numbers(void **state)
{
	struct buf m = { 0 };

	(void)state;
	message_item(&m, 1, "_step", "0");
	message_item(&m, 1, "a", "9007199254740993");
	message_item(&m, 1, "b", "1e-7");
	message_item(&m, 1, "c", "-0.0");
	message_item(&m, 1, "d", "0.12345678901234568");
	message_item(&m, 1, "e", " [1.50, {\"x\": 1E400}] ");
	message_item(&m, 1, "f", "-12.5");
	message_item(&m, 1, "g", "1234567890.123456");
	check(RUNLOG_HISTORY, &m,
	    ",\"values\":{\"_step\":0,\"a\":9007199254740993,\"b\":1e-7,"
	    "\"c\":-0.0,\"d\":0.12345678901234568,"
	    "\"e\":[1.50, {\"x\": 1E400}],\"f\":-12.5,"
	    "\"g\":1234567890.123456}");
}

/* What looks like a number, at every length that is looked at at once. */
static void
test_no_numbers(void **state)
{
	static const char *const bad[] = { "", "-", ".5", "5.", "01", "-01",
		"00", "1.2.3", "1-2", "-.5", "1.-2", "+1", "--1", "1,2", "1:2",
		"12345678901234567.", "1e", "/1", "0x1" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct buf m = { 0 }, want = { 0 };

		message_item(&m, 1, "a", bad[i]);
		message_item(&m, 1, "an item behind it", "0");
		buf_addf(&want,
		    ",\"values\":{\"an item behind it\":0},"
		    "\"unreadable\":[{\"path\":[\"a\"],\"text\":\"%s\"}]",
		    bad[i]);
		check(RUNLOG_HISTORY, &m, want.at);
		buf_release(&want);
	}
}

/* Appends an item, whose key is nested_key or key. */
static void
add_item(struct buf *row, bool nested, const char *key, const char *json)
{
	const char *path[] = { key, NULL };

	if (nested)
		message_nested(row, 1, path, json);
	else
		message_item(row, 1, key, json);
}

/* What a writer says of a row that ends where its memory does, in out. */
static void
write_row(struct entry_writer *writer, const struct buf *row)
{
	char *exact = malloc(row->len);
	struct runlog_entry entry = {
		.kind = RUNLOG_HISTORY,
		.message = { exact, row->len },
	};

	assert_non_null(exact);
	memcpy(exact, row->at, row->len);
	buf_clear(&out);
	buf_addc(&out, (char)('0' + entry_write(writer, &entry, &out)));
	free(exact);
}

/* A row is written as it is whether its keys were in the row before or not. */
static void
check_row(struct entry_writer *writer, const struct buf *row)
{
	struct entry_writer *fresh = entry_writer_new(NULL, 0);
	char *again;

	write_row(writer, row);
	again = xstrdup(out.at);
	write_row(fresh, row);
	assert_string_equal(again, out.at);
	free(again);
	entry_writer_free(fresh);
}

static void
check_again(bool nested, const char *key, const char *value)
{
	struct entry_writer *writer = entry_writer_new(NULL, 0);
	const char *const names[] = { "a", "_timestamp", key, "z", key };
	struct buf row = { 0 };

	for (size_t count = 5; count > 0; count--) {
		buf_clear(&row);
		for (size_t i = 0; i < count; i++)
			add_item(&row, nested, names[i], "1");
		write_row(writer, &row);
		buf_clear(&row);
		for (size_t i = 0; i < count; i++)
			add_item(&row, nested, names[i], value);
		check_row(writer, &row);
	}
	buf_release(&row);
	entry_writer_free(writer);
}

static void
test_again(void **state)
{
	static const char *const values[] = { "", "0", "-", "-0", "01", "-01",
		"0.", "0.5", "-0.5", ".5", "-.5", "1..5", "1.5.5", "1-5", "--1",
		"-1-", "1e5", "1/", "1:", "1 ", " 1", "1\x80", "\xb1", "NaN",
		"-Infinity", "[1]", "\"a\"", "1700000000.123456",
		"1234567890123456", "12345678901234567",
		"0.12345678901234567890123456789",
		"0.123456789012345678901234567890",
		"0.1234567890123456789012345678901",
		"12345678901234567890123456789012",
		"-1234567890123456789012345678901",
		"1234567890123456789012345678901.",
		"123456789012345678901234567890123" };
	char key[133] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		for (size_t len = 1; len + 1 < sizeof(key); len++) {
			memset(key, 'k', len);
			key[len] = '\0';
			check_again(len % 2 == 0, key, values[i]);
			check_again(len % 2 == 1, key, values[i]);
		}
}

/* Items that begin like those of the row before. */
static void
test_odd_items(void **state)
{
	static const char *const rest[] = { "", "\x18\x01", "\x82\x01\x01\x32",
		"\x12\x01z", "\x0a", "\x00" };
	struct buf row = { 0 }, item = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++) {
		for (size_t cut = 0; cut < 12; cut++) {
			struct entry_writer *writer = entry_writer_new(NULL, 0);

			buf_clear(&row);
			add_item(&row, true, "a", "1");
			write_row(writer, &row);
			buf_clear(&row);
			message_text(&item, 2, "a");
			message_text(&item, 16, "123");
			buf_adds(&item, rest[i]);
			message_sub(&row, 1, &item);
			buf_cut(&row, row.len - cut);
			check_row(writer, &row);
			entry_writer_free(writer);
		}
	}
	buf_release(&row);
}

static void
test_words(void **state)
{
	struct buf m = { 0 };

	(void)state;
	message_item(&m, 1, "a", "NaN");
	message_item(&m, 1, "b", "-Infinity");
	message_item(&m, 1, "c",
	    "[NaN,-1,-Infinity,{\"N\":Infinity,\"s\":\"\\\"NaN\"},[ NaN ]]");
	message_item(&m, 1, "d", "\"NaN and -Infinity\"");
	check(RUNLOG_SUMMARY, &m,
	    ",\"values\":{\"a\":\"NaN\",\"b\":\"-Infinity\","
	    "\"c\":[\"NaN\",-1,\"-Infinity\","
	    "{\"N\":\"Infinity\",\"s\":\"\\\"NaN\"},[ \"NaN\" ]],"
	    "\"d\":\"NaN and -Infinity\"}");
}

static void
test_typed(void **state)
{
	static const double number = -0.0;
	struct buf m = { 0 }, item = { 0 };

	(void)state;
	message_text(&item, 1, "nothing");
	message_sub(&m, 1, &item);
	check(RUNLOG_HISTORY, &m,
	    ",\"values\":{},"
	    "\"unreadable\":[{\"path\":[\"nothing\"],\"text\":\"\"}]");
	message_text(&item, 1, "i");
	message_int(&item, 5, 13); /* zigzag: -7 */
	message_sub(&m, 1, &item);
	message_text(&item, 1, "d");
	message_varint(&item, 6 << 3 | 1);
	buf_add(&item, &number, sizeof(number));
	message_sub(&m, 1, &item);
	message_text(&item, 1, "t");
	message_text(&item, 7, "x\"");
	message_sub(&m, 1, &item);
	check(RUNLOG_HISTORY, &m,
	    ",\"values\":{\"i\":-7,\"d\":-0,\"t\":\"x\\\"\"}");
}

static void
test_paths(void **state)
{
	static const char *const abc[] = { "a", "b", "c", NULL };
	static const char *const abd[] = { "a", "b", "d", NULL };
	static const char *const ax[] = { "a", "x", NULL };
	struct buf m = { 0 };

	(void)state;
	message_nested(&m, 1, abc, "1");
	message_item(&m, 1, "k", "[]");
	message_nested(&m, 1, abd, "{}");
	message_nested(&m, 1, ax, "NaN");
	message_nested(&m, 2, abc, "");
	message_item(&m, 2, "gone", "");
	check(RUNLOG_CONFIG, &m,
	    ",\"values\":{\"a\":{\"b\":{\"c\":1,\"d\":{}},\"x\":\"NaN\"},"
	    "\"k\":[]},\"removed\":[[\"a\",\"b\",\"c\"],[\"gone\"]]");
	message_item(&m, 1, "twice", "1");
	message_item(&m, 1, "", "2");
	message_item(&m, 1, "twice", "3");
	check(RUNLOG_CONFIG, &m, ",\"values\":{\"twice\":3,\"\":2}");
	check(RUNLOG_SUMMARY, &m, ",\"values\":{}");
}

static void
test_no_utf8(void **state)
{
	struct buf m = { 0 };

	(void)state;
	message_item(&m, 1, "k\xe9y", "\"caf\xe9\"");
	message_item(&m, 1, "n", "no\xff");
	check(RUNLOG_HISTORY, &m,
	    ",\"values\":{\"k\xef\xbf\xbdy\":\"caf\xef\xbf\xbd\"},"
	    "\"unreadable\":[{\"path\":[\"n\"],\"text\":\"no\xef\xbf\xbd\"}]");
	message_item(&m, 1, "h", "\"\\ud83d\\ude00\\ud83d\\udc0x\"");
	message_item(&m, 1, "i", "\"\\ud83d\\ude00\\\\ud83d\\ud83d\\n\"");
	message_item(&m, 1, "j", "{\"\\udc00\":[\"\\ud83d\"]}");
	check(RUNLOG_HISTORY, &m,
	    ",\"values\":{\"i\":\"\\ud83d\\ude00\\\\ud83d\\ufffd\\n\","
	    "\"j\":{\"\\ufffd\":[\"\\ufffd\"]}},\"unreadable\":"
	    "[{\"path\":[\"h\"],\"text\":"
	    "\"\\\"\\\\ud83d\\\\ude00\\\\ud83d\\\\udc0x\\\"\"}]");
	message_text(&m, 3, "\xf0\x9f\x98");
	check(RUNLOG_OUTPUT, &m,
	    ",\"stream\":\"stderr\",\"text\":\"\xef\xbf\xbd\"");
}

static void
test_times(void **state)
{
	static const struct {
		const char *timestamp, *want;
	} times[] = {
		{ "1795242650", "2026-11-21T06:30:50Z" },
		{ "1795242650.0", "2026-11-21T06:30:50Z" },
		{ "1795242650.05", "2026-11-21T06:30:50.050Z" },
		{ "1795242650.123456", "2026-11-21T06:30:50.123456Z" },
		{ "1795242651.0123456", "2026-11-21T06:30:51.012345600Z" },
		{ "1.79524265025e+09", "2026-11-21T06:30:50.250Z" },
		{ "0", "1970-01-01T00:00:00Z" },
	};
	struct entry_writer *writer = entry_writer_new(NULL, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		struct buf m = { 0 }, want = { 0 };

		message_item(&m, 1, "_timestamp", times[i].timestamp);
		buf_addf(&want,
		    ",\"logged_at\":\"%s\",\"values\":{\"_timestamp\":%s}",
		    times[i].want, times[i].timestamp);
		check_with(writer, RUNLOG_HISTORY, &m, want.at);
		buf_release(&want);
	}
	entry_writer_free(writer);
}

static void
test_no_times(void **state)
{
	static const char *const bad[] = { "\"soon\"", "NaN", "1e300", "null",
		"99999999999999999999", "-1e11" };
	struct entry_writer *writer = entry_writer_new(NULL, 0);
	struct runlog_entry entry = { .kind = RUNLOG_HISTORY };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct buf m = { 0 };

		message_item(&m, 1, "_timestamp", bad[i]);
		entry.message = message_span(&m);
		buf_clear(&out);
		assert_int_equal(
		    entry_write(writer, &entry, &out), ENTRY_WRITTEN);
		assert_null(strstr(out.at, "logged_at"));
		buf_release(&m);
	}
	entry_writer_free(writer);
}

static void
test_keys(void **state)
{
	const struct span keys[] = { span_of("loss"), span_of("a.b"),
		span_of("o.p.q") };
	static const char *const ab[] = { "a", "b", NULL };
	static const char *const abc[] = { "a", "b", "c", NULL };
	static const char *const ax[] = { "a", "x", NULL };
	struct entry_writer *writer = entry_writer_new(keys, 3);
	struct runlog_entry entry = { .kind = RUNLOG_HISTORY };
	struct buf m = { 0 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		message_item(&m, 1, "_step", "4");
		message_item(&m, 1, "lossy", "1");
		message_item(&m, 1, "loss", "2");
		check_with(writer, RUNLOG_HISTORY, &m,
		    ",\"values\":{\"_step\":4,\"loss\":2}");
	}
	message_item(&m, 1, "_step", "4");
	message_item(&m, 1, "lossy", "1");
	message_item(&m, 1, "a", "1");
	entry.message = message_span(&m);
	assert_int_equal(entry_write(writer, &entry, &out), ENTRY_LEFT_OUT);
	buf_release(&m);

	message_nested(&m, 1, ax, "1");
	message_nested(&m, 1, abc, "2");
	check_with(writer, RUNLOG_HISTORY, &m,
	    ",\"values\":{\"a\":{\"b\":{\"c\":2}}}");
	message_item(&m, 1, "a", "{\"x\":1,\"b\":[NaN]}");
	message_item(&m, 1, "o", "{\"p\":{\"q\":5,\"r\":6},\"q\":7}");
	check_with(writer, RUNLOG_HISTORY, &m,
	    ",\"values\":{\"a\":{\"b\":[\"NaN\"]},\"o\":{\"p\":{\"q\":5}}}");
	message_item(&m, 3, "a.b", "1");
	message_item(&m, 3, "a.c", "1");
	message_item(&m, 3, "_step", "1");
	check_with(writer, RUNLOG_STATS, &m, ",\"values\":{\"a.b\":1}");
	message_nested(&m, 2, ab, "");
	message_nested(&m, 2, ax, "");
	check_with(writer, RUNLOG_SUMMARY, &m,
	    ",\"values\":{},\"removed\":[[\"a\",\"b\"]]");
	entry_writer_free(writer);
}

static void
test_small_kinds(void **state)
{
	struct buf m = { 0 }, in = { 0 }, inner = { 0 };

	(void)state;
	check(RUNLOG_EXIT, &m, ",\"exit_code\":0");
	message_int(&m, 1, (uint64_t)-9);
	message_int(&m, 2, 60);
	check(RUNLOG_EXIT, &m, ",\"exit_code\":-9,\"runtime_seconds\":60");
	check(RUNLOG_PREEMPTING, &m, "");
	check(RUNLOG_NONE, &m, ",\"bytes\":13");
	message_text(&m, 1, "dir");
	message_text(&m, 4, "");
	message_int(&m, 2, 1);
	check(RUNLOG_TBRECORD, &m,
	    ",\"log_dir\":\"dir\",\"namespace\":\"\",\"save\":true");
	message_text(&m, 2, "dataset");
	message_text(&m, 3, "data:v1");
	check(RUNLOG_USE_ARTIFACT, &m,
	    ",\"type\":\"dataset\",\"name\":\"data:v1\"");
	message_text(&m, 1, "T");
	message_int(&m, 4, 1500);
	check(RUNLOG_ALERT, &m, ",\"title\":\"T\",\"wait_seconds\":1.5");
	message_text(&in, 1, "p");
	message_int(&in, 2, 9);
	message_sub(&m, 1, &in);
	check(RUNLOG_FILES, &m,
	    ",\"files\":[{\"path\":\"p\",\"policy\":9,\"type\":\"other\"}]");
	message_text(&m, 1, "loss");
	message_int(&m, 8, 1);
	message_int(&in, 1, 1);
	message_sub(&m, 9, &in);
	check(RUNLOG_METRIC, &m,
	    ",\"name\":\"loss\",\"goal\":\"minimize\",\"overwrite\":true");
	message_text(&m, 5, "a");
	message_text(&m, 8, "{\"x\":NaN}");
	message_text(&in, 2, "policy");
	message_text(&inner, 1, "f");
	message_int(&inner, 4, 7);
	message_sub(&in, 4, &inner);
	message_text(&inner, 1, "g");
	message_int(&inner, 4, 5);
	message_sub(&in, 4, &inner);
	message_sub(&m, 12, &in);
	check(RUNLOG_ARTIFACT, &m,
	    ",\"name\":\"a\",\"metadata\":{\"x\":\"NaN\"},"
	    "\"storage_policy\":\"policy\",\"entries\":[{\"path\":\"f\","
	    "\"bytes\":7},{\"path\":\"g\",\"bytes\":5}],\"bytes\":12");
}

static void
test_run(void **state)
{
	static const double value = 1.5;
	struct buf m = { 0 }, in = { 0 };

	(void)state;
	message_text(&m, 1, "id");
	message_item(&in, 1, "lr", "1e-3");
	message_sub(&m, 4, &in);
	message_text(&m, 10, "t");
	message_text(&m, 10, "u");
	message_text(&in, 1, "url");
	message_text(&in, 2, "abc");
	message_sub(&m, 21, &in);
	message_text(&in, 1, "old");
	message_varint(&in, 2 << 3 | 1);
	buf_add(&in, &value, sizeof(value));
	message_sub(&m, 23, &in);
	message_int(&m, 24, 1);
	check(RUNLOG_RUN, &m,
	    ",\"run_id\":\"id\",\"tags\":[\"t\",\"u\"],"
	    "\"remote_url\":\"url\",\"commit\":\"abc\","
	    "\"branch_point\":{\"run_id\":\"old\",\"value\":1.5},"
	    "\"resume\":true,\"config\":{\"lr\":1e-3}");
}

/* Bytes that are no protobuf, in each kind: nothing is written. */
static void
test_broken(void **state)
{
	struct entry_writer *writer = entry_writer_new(NULL, 0);
	struct runlog_entry entry = { .message = { "\x0a\x7f", 2 } };

	(void)state;
	buf_clear(&out);
	for (int kind = 2; kind <= RUNLOG_OUTPUT_LOGGER; kind++) {
		entry.kind = (enum runlog_kind)kind;
		if (strcmp(runlog_kind_name(entry.kind), "none") == 0)
			continue;
		assert_int_equal(
		    entry_write(writer, &entry, &out), ENTRY_BROKEN);
		assert_int_equal(out.len, 0);
	}
	entry_writer_free(writer);
}

static int entries;

static void
read_file(void *context, const char *path)
{
	struct runlog_entry entry;
	struct json_value value;
	struct json_fault fault;
	enum leveldb_event event;
	jv why;
	struct runlog *log = runlog_open(path, &why);

	assert_non_null(log);
	do {
		event = runlog_next(log, &entry);
		if (event != LEVELDB_RECORD)
			continue;
		buf_clear(&out);
		buf_addc(&out, '{');
		assert_int_equal(
		    entry_write(context, &entry, &out), ENTRY_WRITTEN);
		buf_addc(&out, '}');
		assert_true(json_value(
		    (struct span){ out.at, out.len }, 0, &value, &fault));
		entries++;
	} while (event == LEVELDB_RECORD || event == LEVELDB_DAMAGE);
	runlog_close(log);
}

static void
fail_file(void *context, const char *path, jv why)
{
	(void)context;
	jv_free(why);
	fail_msg("%s", path);
}

static void
test_files(void **state)
{
	const char *srcdir = getenv("srcdir");
	char *data = file_join(srcdir != NULL ? srcdir : ".", "tests/data");
	struct entry_writer *writer = entry_writer_new(NULL, 0);
	struct walker walker = {
		.wants = rundir_is_file,
		.take = read_file,
		.trouble = fail_file,
		.context = writer,
	};

	(void)state;
	jv_free(walk(data, &walker));
	assert_true(entries > 30000);
	entry_writer_free(writer);
	free(data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_no_numbers),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_odd_items),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_typed),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_no_utf8),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_no_times),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_small_kinds),
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_files),
	};
	int status = cmocka_run_group_tests(tests, NULL, NULL);

	buf_release(&out);
	return status;
}
