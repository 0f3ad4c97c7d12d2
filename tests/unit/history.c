/* SPDX-License-Identifier: MIT */
/* history: the lines of rows and of system metrics. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <nettle/sha2.h>

#include "digest.h"
#include "wandb/message.h"
#include "wandb/history.h"
#include "wandb/summary.h"

static struct history *history;

static int
begin(void **state)
{
	(void)state;
	history = history_new();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	history_free(history);
	return 0;
}

/* Makes the line of message, which is freed, and compares it. */
static struct history_row
assert_row(struct buf *message, int64_t least, const char *line)
{
	struct history_row row;

	history_line(history, message_span(message), least, &row);
	assert_int_equal(row.line.len, strlen(line));
	assert_memory_equal(row.line.at, line, row.line.len);
	buf_release(message);
	return row;
}

static struct history_row
assert_event(struct buf *message, double start, const char *line)
{
	struct history_row row;

	history_event(history, message_span(message), start, &row);
	assert_int_equal(row.line.len, strlen(line));
	assert_memory_equal(row.line.at, line, row.line.len);
	buf_release(message);
	return row;
}

static void
test_row(void **state)
{
	struct history_row row;
	struct buf m = { 0 };
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		message_item(&m, 1, "loss", " 0.10 ");
		message_item(&m, 1, "_step", "5");
		message_item(&m, 1, "n\"\n\xc3\xa9", "9007199254740993");
		message_item(&m, 1, "big", "18446744073709551616");
		message_item(&m, 1, "x", "-Infinity");
		message_item(&m, 1, "half", "\"\\udcff\"");
		message_item(&m, 1, "list", "[1, {\"a\":NaN}]");
		message_item(&m, 1, "_timestamp", "1.5e+09");
		row = assert_row(&m, 0,
		    "{\"loss\":0.10,\"n\\\"\\n\xc3\xa9\":9007199254740993,"
		    "\"big\":18446744073709551616,\"x\":-Infinity,"
		    "\"half\":\"\\udcff\","
		    "\"list\":[1, {\"a\":NaN}],\"_timestamp\":1.5e+09,"
		    "\"_step\":5}");
		assert_int_equal(row.step, 5);
		assert_true(row.timestamp == 1.5e9);
		assert_int_equal(row.dropped, 0);
	}
}

static void
test_step(void **state)
{
	static const struct {
		const char *json;
		int64_t least;
		const char *line;
		int dropped;
	} cases[] = {
		{ "3", 3, "{\"_step\":3}", 0 },
		{ "2", 3, "{\"_step\":3}", 0 },
		{ "-1", 0, "{\"_step\":0}", 0 },
		{ "-5", -7, "{\"_step\":-5}", 0 },
		{ "9223372036854775807", 0, "{\"_step\":9223372036854775807}",
		    0 },
		{ "1e+06", 0, "{\"_step\":1000000}", 0 },
		{ "7.0", 0, "{\"_step\":7}", 0 },
		{ "7.5", 4, "{\"_step\":4}", 1 },
		{ "9223372036854775808", 4, "{\"_step\":4}", 1 },
		{ "1e999", 4, "{\"_step\":4}", 1 },
		{ "NaN", 4, "{\"_step\":4}", 1 },
		{ "\"9\"", 4, "{\"_step\":4}", 1 },
		{ "{\"a\":1}", 4, "{\"_step\":4}", 0 },
		{ "-", 4, "{\"_step\":4}", 1 },
	};
	struct history_row row;
	struct buf m = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		message_item(&m, 1, "_step", cases[i].json);
		row = assert_row(&m, cases[i].least, cases[i].line);
		assert_int_equal(row.dropped, cases[i].dropped);
	}
	row = assert_row(&m, INT64_MIN, "{\"_step\":-9223372036854775808}");
	assert_true(isnan(row.timestamp));
}

static void
test_tree(void **state)
{
	static const char *const abc[] = { "a", "b", "c", NULL };
	static const char *const ab[] = { "a", "b", NULL };
	static const char *const one[] = { "one", NULL };
	struct history_row row;
	struct buf m = { 0 };
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		message_nested(&m, 1, one, "1");
		message_item(&m, 1, "_step", "1");
		message_nested(&m, 1, abc, "0");
		message_item(&m, 1, "_timestamp", "2.5");
		message_item(&m, 1, "a", "{\"d\":{},\"b\":{\"e\":[ 2 ]}}");
		row = assert_row(&m, 8,
		    "{\"one\":1,\"_step\":8,\"a\":{\"b\":{\"c\":0,"
		    "\"e\":[ 2 ]}},\"_timestamp\":2.5}");
		assert_int_equal(row.step, 8);
		assert_true(row.timestamp == 2.5);
		assert_int_equal(row.dropped, 0);
		/* A leaf takes the place of what is below it; keys keep the
		 * order in which they were first seen. */
		message_nested(&m, 1, abc, "0");
		message_nested(&m, 1, ab, "5");
		(void)assert_row(&m, 0, "{\"_step\":0,\"a\":{\"b\":5}}");
	}
}

static void
test_twice(void **state)
{
	struct history_row row;
	struct buf m = { 0 };

	(void)state;
	message_item(&m, 1, "a", "1");
	message_item(&m, 1, "b", "bad");
	message_item(&m, 1, "a", "2");
	message_item(&m, 1, "_step", "1");
	message_item(&m, 1, "_step", "3");
	row = assert_row(&m, 0, "{\"a\":2,\"_step\":3}");
	assert_int_equal(row.step, 3);
	assert_int_equal(row.dropped, 1);
}

static void
test_dropped(void **state)
{
	struct history_row row;
	struct buf m = { 0 };

	(void)state;
	message_item(&m, 1, "", "1");
	message_item(&m, 1, "none", "");
	message_item(&m, 1, "bad", "{\"a\":");
	message_item(&m, 1, "ok", "null");
	row = assert_row(&m, 0, "{\"ok\":null,\"_step\":0}");
	assert_int_equal(row.dropped, 3);
	/* What is behind a broken item is lost. */
	message_item(&m, 1, "ok", "1");
	message_text(&m, 1, "\x0a\x7f");
	message_item(&m, 1, "no", "1");
	row = assert_row(&m, 0, "{\"ok\":1,\"_step\":0}");
	assert_int_equal(row.dropped, 1);
}

/* Names that no row has twice: what is known of them is forgotten in time. */
static void
test_many_names(void **state)
{
	struct history_row row;
	struct buf m = { 0 };
	char name[32], line[80];
	size_t i;

	(void)state;
	for (i = 0; i < 70000; i++) {
		(void)snprintf(name, sizeof(name), "name %zu", i);
		message_item(&m, 1, name, "true");
		(void)snprintf(line, sizeof(line),
		    "{\"name %zu\":true,\"_step\":%zu}", i, i);
		row = assert_row(&m, (int64_t)i, line);
		assert_int_equal(row.dropped, 0);
	}
}

static void
add_time(struct buf *out, uint64_t seconds, uint64_t nanos)
{
	struct buf time = { 0 };

	message_int(&time, 1, seconds);
	message_int(&time, 2, nanos);
	message_sub(out, 2, &time);
}

static void
test_event(void **state)
{
	struct history_row row;
	struct buf m = { 0 };

	(void)state;
	add_time(&m, 1795236012, 224058731);
	message_item(&m, 3, "cpu", "0.5");
	message_item(&m, 3, "disk./.\"usage\"", "16.25");
	row = assert_event(&m, 1795236012.171979,
	    "{\"_wandb\":true,\"_timestamp\":1795236012.2240586,"
	    "\"_runtime\":0.052079731,\"system.cpu\":0.5,"
	    "\"system.disk./.\\\"usage\\\"\":16.25}");
	assert_int_equal(row.dropped, 0);
	assert_true(fabs(row.timestamp - 1795236012.224058731) < 1e-6);
}

static void
test_event_oddities(void **state)
{
	struct history_row row;
	struct buf m = { 0 };

	(void)state;
	/* Before the start; a key that comes twice; one that is ours. */
	add_time(&m, 99, 500000000);
	message_item(&m, 3, "cpu", "1");
	message_item(&m, 3, "_step", "{\"a\":1}");
	message_item(&m, 3, "cpu", "2");
	message_item(&m, 3, "bad", "?");
	row = assert_event(&m, 100.75,
	    "{\"_wandb\":true,\"_timestamp\":99.5,\"_runtime\":-1.25,"
	    "\"system.cpu\":2,\"system._step\":{\"a\":1}}");
	assert_int_equal(row.dropped, 1);
	/* Without a start, without a time, and one that no clock shows. */
	add_time(&m, 3, 0);
	(void)assert_event(&m, NAN, "{\"_wandb\":true,\"_timestamp\":3}");
	row = assert_event(&m, 1, "{\"_wandb\":true}");
	assert_true(isnan(row.timestamp));
	add_time(&m, INT64_MAX, 0);
	(void)assert_event(&m, 0,
	    "{\"_wandb\":true,\"_timestamp\":9.223372036854776e+18,"
	    "\"_runtime\":9.223372036854776e+18}");
}

static void
assert_summary(
    struct summary *summary, struct buf *message, int bad, const char *json)
{
	struct buf out = { 0 };

	assert_int_equal(summary_change(summary, message_span(message)), bad);
	tree_write(summary_tree(summary), &out);
	assert_string_equal(out.at, json);
	buf_release(&out);
	buf_release(message);
}

static void
test_summary(void **state)
{
	static const char *const runtime[] = { "_wandb", "runtime", NULL };
	static const char *const ab[] = { "a", "b", NULL };
	struct summary *summary = summary_new();
	struct buf m = { 0 };

	(void)state;
	message_nested(&m, 1, runtime, "3");
	message_item(&m, 1, "loss", "{\"min\":NaN}");
	message_item(&m, 1, "bad", "1 2");
	message_nested(&m, 1, ab, "1");
	message_item(&m, 1, "a.b", "2");
	assert_summary(summary, &m, 1,
	    "{\"_wandb\":{\"runtime\":3},\"loss\":{\"min\":NaN},"
	    "\"a\":{\"b\":1},\"a.b\":2}");
	/* A null is no value, wherever it stands. */
	message_nested(&m, 1, ab, "null");
	message_item(&m, 1, "loss", "null");
	message_item(&m, 1, "list", "[null]");
	message_item(&m, 2, "a.b", "");
	assert_summary(
	    summary, &m, 0, "{\"_wandb\":{\"runtime\":3},\"list\":[null]}");
	summary_free(summary);
}

/* Records that wait for others with their keys give what each alone gives. */
static void
test_summaries_in_order(void **state)
{
	static const char *const runtime[] = { "_wandb", "runtime", NULL };
	struct summary *summary = summary_new();
	struct buf m = { 0 };
	char number[12];

	(void)state;
	for (int i = 0; i < 9; i++) {
		(void)snprintf(number, sizeof number, "%d", i);
		message_nested(&m, 1, runtime, number);
		message_item(&m, 1, "_runtime", number);
		assert_int_equal(summary_change(summary, message_span(&m)), 0);
		buf_clear(&m);
		message_item(&m, 1, "_runtime", "0.5");
		message_item(&m, 1, "loss", i == 5 ? "\"no number\"" : number);
		assert_int_equal(summary_change(summary, message_span(&m)), 0);
		buf_clear(&m);
		if (i == 3) {
			message_item(&m, 2, "loss", "");
			(void)summary_change(summary, message_span(&m));
			buf_clear(&m);
		}
		/* What is no JSON leaves what was there. */
		message_item(&m, 1, "_runtime", "7");
		message_item(&m, 1, "loss", "1-1");
		assert_int_equal(summary_change(summary, message_span(&m)), 1);
		buf_clear(&m);
		message_item(&m, 1, i % 2 == 0 ? "even" : "odd", number);
		message_item(&m, 1, "n", "1");
		assert_int_equal(summary_change(summary, message_span(&m)), 0);
		buf_clear(&m);
	}
	message_nested(&m, 1, runtime, "10");
	message_item(&m, 1, "_runtime", "10");
	assert_summary(summary, &m, 0,
	    "{\"_wandb\":{\"runtime\":10},\"_runtime\":10,\"loss\":8,"
	    "\"even\":8,\"n\":1,\"odd\":7}");
	summary_free(summary);
}

static struct runlog *
open_run(const char *name)
{
	const char *srcdir = getenv("srcdir");
	char *path =
	    xasprintf("%s/tests/data/runs/%s", srcdir ? srcdir : ".", name);
	struct runlog *log;
	jv why;

	log = runlog_open(path, &why);
	free(path);
	assert_non_null(log);
	return log;
}

/* The lines of one kind in a run. */
struct sum {
	int lines;
	struct sha256_ctx sha;
};

static void
sum_line(struct sum *sum, const struct history_row *row)
{
	assert_int_equal(row->dropped, 0);
	sum->lines++;
	sha256_update(&sum->sha, row->line.len, (const uint8_t *)row->line.at);
	sha256_update(&sum->sha, 1, (const uint8_t *)"\n");
}

static void
sum_run(const char *name, struct sum *rows, struct sum *events)
{
	struct runlog *log = open_run(name);
	struct runlog_entry entry;
	struct runlog_run run = { .start_time = NAN };
	struct history_row row;

	sha256_init(&rows->sha);
	sha256_init(&events->sha);
	while (runlog_next(log, &entry) == LEVELDB_RECORD) {
		if (entry.kind == RUNLOG_RUN && isnan(run.start_time)) {
			assert_true(runlog_run(entry.message, &run));
		} else if (entry.kind == RUNLOG_HISTORY) {
			history_line(history, entry.message, 0, &row);
			sum_line(rows, &row);
		} else if (entry.kind == RUNLOG_STATS) {
			history_event(
			    history, entry.message, run.start_time, &row);
			sum_line(events, &row);
		}
	}
	runlog_close(log);
}

static void
assert_sum(struct sum *sum, int lines, const char *sha256)
{
	char text[DIGEST_SHA256_TEXT];

	digest_sha256_text(&sum->sha, text);
	assert_int_equal(sum->lines, lines);
	assert_string_equal(text, sha256);
}

/*
 * Runs of the real client. The sums are those of lines that, as canonical
 * JSON, were the same as upstream's on a server.
 */
static void
test_runs(void **state)
{
	const char *srcdir = getenv("srcdir");
	char *path =
	    xasprintf("%s/tests/data/lines.tsv", srcdir ? srcdir : ".");
	FILE *file = fopen(path, "r");
	char line[400], row_sum[65], event_sum[65], name[200];
	int row_count, event_count, runs = 0;

	(void)state;
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file)); /* what it is */
	while (fgets(line, sizeof(line), file)) {
		struct sum rows = { 0 }, events = { 0 };

		assert_int_equal(
		    sscanf(line, "%d\t%64s\t%d\t%64s\t%199[^\n]", &row_count,
			row_sum, &event_count, event_sum, name),
		    5);
		history_free(history);
		history = history_new();
		sum_run(name, &rows, &events);
		assert_sum(&rows, row_count, row_sum);
		assert_sum(&events, event_count, event_sum);
		runs++;
	}
	assert_int_equal(runs, 32);
	(void)fclose(file); /* it was read only */
	free(path);
}

/* Rows in full: limits of numbers, and one that goes through the tree. */
static void
test_run_rows(void **state)
{
	static const struct {
		const char *name, *line;
	} cases[] = {
		{ "numbers/wandb/offline-run-20261121_044009-numbers0/"
		  "run-numbers0.wandb",
		    "{\"over\":1.8446744073709552e+19,\"tiny\":5e-324,"
		    "\"third\":0.3333333333333333,\"negzero\":-0,"
		    "\"million\":1e+06,\"true\":true,\"false\":false,"
		    "\"small\":1e-05,\"e21\":1e+21,\"i8\":-7,"
		    "\"mixed\":[1,\"a\",null,{\"k\":[1,2]}],"
		    "\"_timestamp\":1.7952360102292778e+09,"
		    "\"imin\":-9223372036854775808,\"huge\":1e+308,"
		    "\"none\":null,\"f16\":0.0999755859375,"
		    "\"vec\":[0,1,2,3,4],\"empty_list\":[],"
		    "\"_runtime\":0.542831596,\"i53\":9007199254740993,"
		    "\"imax\":9223372036854775807,"
		    "\"f32\":0.10000000149011612,\"b\":true,\"zero_d\":3,"
		    "\"str\":\"\",\"_step\":0}" },
		{ "nested/wandb/offline-run-20261121_044050-nested00/"
		  "run-nested00.wandb",
		    "{\"_step\":0,\"a\":{\"b\":{\"c\":1,\"d\":2}},"
		    "\"flat.key\":1,\"flat\":{\"key\":2},"
		    "\"_timestamp\":1.7952360509420896e+09,"
		    "\"_runtime\":0.201441059}" },
	};
	struct runlog_entry entry;
	struct history_row row;
	struct runlog *log;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		log = open_run(cases[i].name);
		do
			assert_int_equal(
			    runlog_next(log, &entry), LEVELDB_RECORD);
		while (entry.kind != RUNLOG_HISTORY);
		history_line(history, entry.message, 0, &row);
		assert_int_equal(row.line.len, strlen(cases[i].line));
		assert_memory_equal(row.line.at, cases[i].line, row.line.len);
		runlog_close(log);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_row, begin, end),
		cmocka_unit_test_setup_teardown(test_step, begin, end),
		cmocka_unit_test_setup_teardown(test_tree, begin, end),
		cmocka_unit_test_setup_teardown(test_twice, begin, end),
		cmocka_unit_test_setup_teardown(test_dropped, begin, end),
		cmocka_unit_test_setup_teardown(test_many_names, begin, end),
		cmocka_unit_test_setup_teardown(test_event, begin, end),
		cmocka_unit_test_setup_teardown(
		    test_event_oddities, begin, end),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_summaries_in_order),
		cmocka_unit_test_setup_teardown(test_runs, begin, end),
		cmocka_unit_test_setup_teardown(test_run_rows, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
