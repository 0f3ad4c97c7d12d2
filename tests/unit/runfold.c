/* SPDX-License-Identifier: MIT */
/* runfold and runmetrics: the 20 metrics, by both rules. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "record.h"
#include "wandb/runmetrics.h"

/* The numbers of some metrics. */
enum {
	ACTIVE,
	COMPLETED,
	FAILED,
	TOTAL,
	MEAN,
	GPU_HOURS,
	CI_COMPLETED,
	CI_FAILED,
	CI_SUCCESS,
	CI_MEAN,
	SPEED,
	EPOCH_SPEED,
	SPS,
	CUMULATIVE,
	PER_EPOCH,
	SWEEP_TOTAL,
	SWEEP_COMPLETED,
	SWEEP_FAILED,
	SWEEP_ACTIVE,
	SWEEP_SUCCESS
};

#define NOON "2026-01-10T12:00:00Z"
#define CI "\"displayName\":\"github.sky.main.x\","

static struct runfold fold;

static void
begin(bool compat)
{
	struct runfold_rules rules = {
		.window = 86400,
		.now = clock_parse(NOON),
		.compat = compat,
		.ci_prefix = "github.sky.",
		.sweep_mark = ".sweep",
		.gpus = 1,
	};

	runfold_begin(&fold, &rules);
}

/* Takes a run as the server tells it; members is without its brackets. */
static const char *
try_run(const char *id, const char *members)
{
	char *text = xasprintf("{\"name\":\"%s\",%s}", id, members);
	struct run_facts facts;
	const char *wrong;

	assert_true(run_facts_read(&facts, span_of(text), RUN_OF_SERVER));
	wrong = runfold_add(&fold, &facts);
	free(text);
	return wrong;
}

static void
run(const char *id, const char *members)
{
	assert_null(try_run(id, members));
}

/* A run of a name in a state, between hours of January 10; -1: none. */
static void
day_run(const char *id, const char *name, const char *state, int created,
    int heartbeat, const char *more)
{
	char beat[64] = "null";
	char *members;

	if (heartbeat >= 0)
		(void)snprintf(beat, sizeof(beat), "\"2026-01-10T%02d:00:00Z\"",
		    heartbeat);
	members = xasprintf("\"displayName\":%s,\"state\":\"%s\","
			    "\"createdAt\":\"2026-01-10T%02d:00:00\","
			    "\"heartbeatAt\":%s%s",
	    name, state, created, beat, more);
	run(id, members);
	free(members);
}

static jv
metric(int i)
{
	return runmetric_record(&fold, i, "e/p");
}

/* NAN for null, which must have a reason. */
static double
value(int i)
{
	jv rec = metric(i), it = record_get(rec, "value");
	double number = NAN;

	if (jv_get_kind(it) == JV_KIND_NUMBER)
		number = jv_number_value(it);
	else
		assert_int_equal(jv_get_kind(it), JV_KIND_NULL);
	assert_int_equal(isnan(number), record_str(rec, "reason") != NULL);
	jv_free(it);
	jv_free(rec);
	return number;
}

/* To the last digit; NAN is null. */
static void
assert_values(const double want[RUNMETRICS])
{
	char name[RUNMETRIC_NAME];

	for (int i = 0; i < RUNMETRICS; i++) {
		double have = value(i);

		if (isnan(want[i]) ? !isnan(have) : have != want[i])
			fail_msg("%s is %.17g, not %.17g",
			    runmetric_name(i, 86400, name), have, want[i]);
	}
}

static void
assert_from(int i, const char *want)
{
	jv rec = metric(i);

	assert_string_equal(record_str(rec, "run"), want);
	jv_free(rec);
}

#define SUMMARY(text) ",\"summaryMetrics\":\"{" text "}\""
#define IN(key, number) "\\\"" key "\\\":" number

static void
made_up_day(void)
{
	day_run("r01", "\"github.sky.main.abc.cfg.1\"", "finished", 0, 2,
	    SUMMARY(IN("overview/steps_per_second", "100") "," IN(
		"overview/epoch_steps_per_second", "90") "," IN("overview/sps",
		"80") "," IN("timing_cumulative/sps",
		"70") "," IN("timing_per_epoch/sps", "60")));
	day_run("r02", "\"github.sky.pr12.def.cfg.2\"", "crashed", 1, 2,
	    SUMMARY(IN("overview/steps_per_second", "200") "," IN(
		"timing_per_epoch/sps", "65")));
	day_run("r03", "\"github.sky.main.ghi.cfg.3\"", "failed", 2, 3,
	    SUMMARY(IN("overview/steps_per_second", "999")));
	day_run("r04", "\"github.sky.main.jkl.sweep.4\"", "running", 3, 9,
	    SUMMARY(IN("overview/steps_per_second", "888")));
	day_run("r05", "\"ak.sweep_multi.v5_trial_1\"", "finished", 4, 5, "");
	day_run("r06", "\"AK.SWEEP_x.trial_2\"", "FAILED", 4, 5, "");
	day_run("r07", "\"plain-name\"", "running", 5, 6,
	    ",\"sweepName\":\"swp123\"");
	day_run("r08", "\"mysweep-nodot\"", "finished", 6, 8, "");
	day_run("r09", "\"regular\"", "killed", 6, 7, "");
	day_run("r10", "\"regular2\"", "running", 7, -1, "");
	day_run("r11", "null", "crashed", 8, 9, "");
	day_run("r12", "\"regular3\"", "pending", 9, 9, "");
}

static const double made_up_values[RUNMETRICS] = { 3, 3, 4, 12,
	1.5454545454545454, 17, 1, 2, 33.33333333333333, 2.5, 200, 90, 80, 70,
	65, 3, 1, 1, 1, 50 };

static void
test_day(void **state)
{
	(void)state;
	for (int compat = 0; compat < 2; compat++) {
		begin(compat);
		made_up_day();
		assert_values(made_up_values);
		assert_from(SPEED, "e/p/r02");
		assert_from(CUMULATIVE, "e/p/r01");
		runfold_release(&fold);
	}
}

static void
test_none(void **state)
{
	static const double none[RUNMETRICS] = { 0, 0, 0, 0, NAN, 0, 0, 0, NAN,
		NAN, NAN, NAN, NAN, NAN, NAN, 0, 0, 0, 0, NAN };

	(void)state;
	for (int compat = 0; compat < 2; compat++) {
		begin(compat);
		assert_values(none);
		runfold_release(&fold);
	}
}

#define OLD "\"createdAt\":\"2026-01-05T12:00:00Z\","
#define BEAT "\"heartbeatAt\":\"2026-01-10T11:00:00Z\""

/* What runs outside the window are for the one rule, and not for the other. */
static void
test_outside(void **state)
{
	(void)state;
	for (int compat = 0; compat < 2; compat++) {
		begin(compat);
		run("old", CI "\"state\":\"running\"," OLD BEAT);
		run("older",
		    "\"displayName\":\"a.sweep\","
		    "\"state\":\"running\"," OLD BEAT);
		run("done", "\"state\":\"finished\"," OLD BEAT);
		run("later",
		    "\"state\":\"finished\",\"createdAt\":"
		    "\"2026-01-10T12:00:01Z\"");
		assert_true(value(ACTIVE) == (compat ? 0 : 2));
		assert_true(value(SWEEP_ACTIVE) == (compat ? 0 : 1));
		assert_true(value(SWEEP_TOTAL) == 0);
		assert_true(value(TOTAL) == (compat ? 1 : 2));
		assert_true(value(COMPLETED) == compat);
		assert_true(isnan(value(MEAN)));
		/* 23 of the last 24 hours, each. */
		assert_true(value(GPU_HOURS) == (compat ? 0 : 69));
		runfold_release(&fold);
	}
	begin(false);
	run("edge",
	    "\"state\":\"failed\",\"createdAt\":"
	    "\"2026-01-09T12:00:00Z\",\"heartbeatAt\":null");
	run("out",
	    "\"state\":\"failed\",\"createdAt\":"
	    "\"2026-01-09T11:59:59.999999Z\"");
	assert_true(value(FAILED) == 1);
	/* There are runs, and how long they ran is not known: not 0 hours. */
	assert_true(isnan(value(GPU_HOURS)));
	runfold_release(&fold);
}

/* Stamps of any two forms; as far as Python's, which cuts after 6 digits. */
static void
test_times(void **state)
{
	static const struct {
		const char *created, *heartbeat;
		double hours;
	} pairs[] = {
		{ "2026-01-10T01:00:00Z", "2026-01-10T02:00:00", 1 },
		{ "2026-01-10T01:00:00", "2026-01-10T04:00:00+02:00", 1 },
		{ "2026-01-10 01:00:00", "2026-01-10T01:00:00.5Z", 0.5 / 3600 },
		{ "2026-01-10T01:00:00.0000009Z", "2026-01-10T01:00:00.000001Z",
		    1e-6 / 3600 },
		{ "2026-01-10T01:00:00.123456789Z",
		    "2026-01-10T01:07:12.34567Z", 432.222214 / 3600 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		char *members =
		    xasprintf(CI "\"state\":\"finished\",\"createdAt\":\"%s\","
				 "\"heartbeatAt\":\"%s\"",
			pairs[i].created, pairs[i].heartbeat);

		begin(i % 2 == 0);
		run("r", members);
		free(members);
		assert_true(value(MEAN) == pairs[i].hours);
		assert_true(value(CI_MEAN) == pairs[i].hours);
		assert_true(value(GPU_HOURS) == pairs[i].hours);
		runfold_release(&fold);
	}
}

/* A clock that went back; a heartbeat that is none. */
static void
test_odd_times(void **state)
{
	(void)state;
	for (int compat = 0; compat < 2; compat++) {
		begin(compat);
		day_run("r1", "\"a\"", "finished", 2, 1, "");
		day_run("r2", "\"a\"", "finished", 2, 3, "");
		run("r3",
		    "\"state\":\"finished\",\"createdAt\":\"" NOON
		    "\",\"heartbeatAt\":\"soon\"");
		assert_true(value(COMPLETED) == 3);
		assert_true(value(MEAN) == (compat ? 0 : 0.5));
		assert_true(value(GPU_HOURS) == (compat ? 0 : 1));
		runfold_release(&fold);
	}
	begin(false);
	run("r", "\"state\":\"running\",\"createdAt\":null");
	assert_true(value(ACTIVE) == 1);
	assert_string_equal(
	    try_run("r", "\"createdAt\":\"" NOON "\""), "has no state");
	assert_string_equal(try_run("r", "\"state\":\"running\""),
	    "does not say when it was created");
	assert_string_equal(try_run("r",
				"\"state\":\"running\","
				"\"createdAt\":\"now\""),
	    "was created at what is no time");
	runfold_release(&fold);
}

/*
 * As Python 3.11 sums up: i * i * millis for i from 1 to 100, first to last.
 * The exact sum of the one, and that of the other backwards, end otherwise.
 */
static void
test_sum(void **state)
{
	static const struct {
		double millis, sum, mean;
	} sums[] = { { 1139, 107.05018055555553, 1.0705018055555553 },
		{ 1733, 162.87793055555557, 1.6287793055555557 } };
	double created = clock_parse("2026-01-10T01:00:00Z");
	char heartbeat[CLOCK_TEXT];

	(void)state;
	for (size_t k = 0; k < sizeof(sums) / sizeof(*sums); k++) {
		begin(true);
		for (int i = 1; i <= 100; i++) {
			double after = i * i * sums[k].millis / 1e3;
			char *members = xasprintf(
			    "\"state\":\"killed\",\"createdAt\":"
			    "\"2026-01-10T01:00:00Z\",\"heartbeatAt\":"
			    "\"%s\"",
			    clock_format(created + after, heartbeat));

			run("r", members);
			free(members);
		}
		assert_true(value(GPU_HOURS) == sums[k].sum);
		assert_true(value(MEAN) == sums[k].mean);
		runfold_release(&fold);
	}
}

#define SPEED_RUN(id, hour, text)                                      \
	day_run(id, "\"github.sky.main\"", "finished", hour, hour + 1, \
	    ",\"summaryMetrics\":" text)
#define SPS_TEXT(number) "\"{\\\"overview\\/sps\\\":" number "}\""

static void
test_summaries(void **state)
{
	static const char *const others[] = { "null", "\"\"", "\"{}\"", "\"{",
		"\"[1]\"", "7", "{\"overview/sps\":null}", SPS_TEXT("NaN"),
		SPS_TEXT("-Infinity"), SPS_TEXT("1e999"),
		SPS_TEXT("\\\"NaN\\\""), SPS_TEXT("\\\"12 a\\\""),
		SPS_TEXT("true"), SPS_TEXT("{\\\"last\\\":1}"),
		SPS_TEXT("[1]") };

	(void)state;
	begin(false);
	SPEED_RUN("first", 1, SPS_TEXT("1.5"));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		char *more = xasprintf(",\"summaryMetrics\":%s%s", others[i],
		    strcmp(others[i], "\"{") == 0 ? "\"" : "");

		day_run("x", "\"github.sky.x\"", "crashed", 2, 3, more);
		free(more);
	}
	assert_true(value(SPS) == 1.5);
	assert_from(SPS, "e/p/first");
	assert_int_equal(fold.unreadable, 3);
	assert_int_equal(fold.not_finite, 9);
	/* Nothing of their durations is lost. */
	assert_true(value(CI_MEAN) == 1);
	assert_true(value(CI_FAILED) == 15);

	SPEED_RUN("text", 3, SPS_TEXT("\\\"-2.5e1\\\""));
	assert_true(value(SPS) == -25);
	SPEED_RUN("object", 4, "{\"overview\\/sps\":4,\"x\":\"\\u0001\"}");
	assert_true(value(SPS) == 4);
	/* An earlier one that comes later, and others of the same hour. */
	SPEED_RUN("early", 3, SPS_TEXT("9"));
	SPEED_RUN("a", 4, SPS_TEXT("8"));
	assert_from(SPS, "e/p/object");
	SPEED_RUN("z", 4, SPS_TEXT("7"));
	assert_from(SPS, "e/p/z");
	/* A raw control character inside a text. */
	SPEED_RUN(
	    "raw", 5, "\"{\\\"a\\\":\\\"\\u0001\\\",\\\"overview/sps\\\":6}\"");
	assert_true(value(SPS) == 6);
	runfold_release(&fold);

	begin(true);
	SPEED_RUN("first", 1, SPS_TEXT("1.5"));
	SPEED_RUN("last", 1, SPS_TEXT("NaN"));
	assert_true(isnan(value(SPS)));
	assert_from(SPS, "e/p/last");
	SPEED_RUN("a", 1, SPS_TEXT("2"));
	assert_from(SPS, "e/p/a");
	runfold_release(&fold);
}

static void
gpus(const char *key, const char *members, double hours)
{
	char *all = xasprintf("\"state\":\"running\",\"createdAt\":"
			      "\"2026-01-10T08:00:00Z\",\"heartbeatAt\":"
			      "\"2026-01-10T10:00:00Z\",%s",
	    members);

	begin(false);
	fold.rules.gpus_key = key;
	run("r", all);
	free(all);
	if (value(GPU_HOURS) != hours)
		fail_msg("%s: %g, not %g", members, value(GPU_HOURS), hours);
	assert_int_equal(fold.no_gpus, hours == 2);
	runfold_release(&fold);
}

static void
test_gpus(void **state)
{
	(void)state;
	gpus("auto", "\"runInfo\":{\"gpuCount\":8}", 16);
	gpus("auto", "\"runInfo\":{\"gpuCount\":0}", 0);
	gpus("auto", "\"runInfo\":{\"gpuCount\":null}", 2);
	gpus("auto", "\"runInfo\":null", 2);
	gpus("n", "\"config\":\"{\\\"n\\\":{\\\"value\\\":4}}\"", 8);
	gpus("n", "\"config\":{\"m\":1,\"n\":4}", 8);
	gpus("n", "\"config\":{\"n\":{\"value\":\"4\",\"desc\":null}}", 8);
	gpus("a.n", "\"config\":{\"a.n\":4}", 8);
	gpus("a.n", "\"config\":{\"a\":{\"value\":{\"m\":1,\"n\":4}}}", 8);
	gpus("a.b.n", "\"config\":{\"a\":{\"b\":{\"n\":4}}}", 8);
	gpus("n", "\"config\":{\"n\":\"many\"}", 2);
	gpus("n", "\"config\":{\"n\":-1}", 2);
	gpus("n", "\"config\":\"{\"", 2);
	gpus("n", "\"config\":null", 2);
	gpus("n", "\"x\":1", 2);
}

static void
test_names(void **state)
{
	static const struct {
		double window;
		const char *name;
	} windows[] = { { 86400, "wandb.runs.failed_24h" },
		{ 604800, "wandb.runs.failed_7d" },
		{ 172800, "wandb.runs.failed_2d" },
		{ 129600, "wandb.runs.failed_36h" },
		{ 5400, "wandb.runs.failed_90m" },
		{ 3601, "wandb.runs.failed_3601s" } };
	char name[RUNMETRIC_NAME];

	(void)state;
	for (size_t i = 0; i < sizeof(windows) / sizeof(*windows); i++)
		assert_string_equal(
		    runmetric_name(FAILED, windows[i].window, name),
		    windows[i].name);
	assert_int_equal(runmetric_find("wandb.runs.active", 60), ACTIVE);
	assert_int_equal(runmetric_find("wandb.runs.failed_24h", 60), -1);
	assert_true(runmetric_counts(SWEEP_TOTAL));
	assert_false(runmetric_counts(GPU_HOURS));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_day),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_outside),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_odd_times),
		cmocka_unit_test(test_sum),
		cmocka_unit_test(test_summaries),
		cmocka_unit_test(test_gpus),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
