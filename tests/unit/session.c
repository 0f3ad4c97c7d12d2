/* SPDX-License-Identifier: MIT */
/* kaggle/session: whose end is reported, against scripted answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "kaggle/session.h"
#include "record.h"

/*
 * What Kaggle says: a status, JSON, or "!code" for an error; 40 times if "*40"
 * is behind it. The last stays.
 */
static const char *const *answers;
static int repeated;
static const char *run_at; /* lastRunTime */
static int asked;

jv __wrap_kaggle_call(struct kaggle *kaggle, const char *method, jv body,
    bool safe, const struct deadline *deadline);

jv
__wrap_kaggle_call(struct kaggle *kaggle, const char *method, jv body,
    bool safe, const struct deadline *deadline)
{
	const char *answer, *times;
	char said[100];
	bool more;

	(void)kaggle;
	(void)deadline;
	assert_true(safe);
	jv_free(body);
	if (strcmp(method, "GetKernel") == 0)
		return jv_object_set(jv_object(), jv_string("metadata"),
		    record_set_str(jv_object(), "lastRunTime", run_at));
	assert_string_equal(method, "GetKernelSessionStatus");
	asked++;
	answer = *answers;
	times = strchr(answer, '*');
	more = times != NULL && ++repeated < strtol(times + 1, NULL, 10);
	if (!more && answers[1] != NULL) {
		answers++;
		repeated = 0;
	}
	(void)snprintf(said, sizeof(said), "%.*s", (int)strcspn(answer, "*"),
	    answer); /* they are short */
	answer = said;
	if (answer[0] == '!')
		return error_value(answer + 1, "as scripted");
	if (answer[0] == '{')
		return jv_parse(answer);
	return record_set_str(jv_object(), "status", answer);
}

/* Asks until there is an end or an error; returns its name, to be freed. */
static char *
outcome(const char *record, bool waiting, double *waited)
{
	struct kernel kernel;
	struct session session;
	jv rec = jv_parse(record), why;
	double started = clock_ticks();
	char *end;

	kernel_init(&kernel, "u", "kernel");
	session_init(&session, &kernel, rec);
	session.waiting = waiting;
	for (;;) {
		why = session_ask(NULL, &session, NULL);
		if (!jv_is_valid(why) || session.ended || !waiting)
			break;
		clock_sleep(session_pause(&session, 30));
	}
	end = strdup(!jv_is_valid(why)   ? error_code(why)
		: session.status != NULL ? session.status
					 : "none");
	*waited = clock_ticks() - started;
	jv_free(why);
	session_release(&session);
	kernel_release(&kernel);
	jv_free(rec);
	return end;
}

enum { MOST = 9 };

struct script {
	const char *record;
	const char *answers[MOST];
	const char *run_at;
	const char *outcome;
	int asked; /* 0: does not matter */
};

static void
play(const struct script *scripts, size_t count, bool waiting)
{
	for (size_t i = 0; i < count; i++) {
		double waited;
		char *end;

		answers = scripts[i].answers;
		run_at = scripts[i].run_at;
		asked = repeated = 0;
		end = outcome(scripts[i].record, waiting, &waited);
		if (strcmp(end, scripts[i].outcome) != 0)
			print_message("# script %zu\n", i);
		assert_string_equal(end, scripts[i].outcome);
		if (scripts[i].asked != 0)
			assert_int_equal(asked, scripts[i].asked);
		if (strcmp(end, "unknown_outcome") == 0) {
			assert_true(waited >= 600);
			assert_true(waited <= 640);
		}
		free(end);
	}
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void
test_waiting(void **state)
{
	static const char before[] =
	    "{\"previous_status\":\"COMPLETE\",\"previous_version\":2,"
	    "\"previous_run_at\":\"2026-11-21T05:00:00Z\"}";
	static const char first[] = "{\"pushed_at\":\"2026-11-21T06:00:00Z\"}";
	static const char beside[] =
	    "{\"previous_status\":\"RUNNING\",\"previous_version\":2,"
	    "\"previous_run_at\":\"2026-11-21T05:00:00Z\"}";
	static const char old[] = "2026-11-21T05:00:00.000Z";
	static const char new[] = "2026-11-21T06:00:01Z";
	static const struct script scripts[] = {
		/* no push: the present session */
		{ "{}", { "QUEUED", "RUNNING", "COMPLETE" }, old, "COMPLETE",
		    3 },
		{ "{}", { "ERROR" }, old, "ERROR", 1 },
		{ "{}", { "!not_found" }, old, "not_found", 1 },
		{ "{}", { "CANCEL_REQUESTED", "CANCEL_ACKNOWLEDGED" }, old,
		    "CANCEL_ACKNOWLEDGED", 2 },
		{ "{\"no_run\":true,\"pushed_at\":\"2026-11-21T06:00:00Z\"}",
		    { "!not_found" }, old, "not_found", 1 },
		{ "{}", { "NEW_SCRIPT" }, NULL, "not_found", 0 },
		{ "{\"no_run\":true,\"pushed_at\":\"2026-11-21T06:00:00Z\"}",
		    { "NEW_SCRIPT" }, old, "not_found", 0 },
		{ "{}", { "NEW_SCRIPT", "QUEUED", "COMPLETE" }, NULL,
		    "COMPLETE", 3 },
		/* an end as before: one that was not ended must be seen */
		{ before, { "COMPLETE", "COMPLETE", "QUEUED", "COMPLETE" }, old,
		    "COMPLETE", 4 },
		{ before, { "RUNNING", "COMPLETE" }, old, "COMPLETE", 2 },
		{ before, { "COMPLETE", "!not_found", "COMPLETE" }, old,
		    "unknown_outcome", 0 },
		/* or another end, or another time */
		{ before, { "COMPLETE", "ERROR" }, old, "ERROR", 2 },
		{ before, { "COMPLETE" }, new, "COMPLETE", 0 },
		/* unless the time moved first */
		{ before, { "COMPLETE", "COMPLETE", "RUNNING", "ERROR" }, new,
		    "ERROR", 4 },
		{ before, { "COMPLETE" }, NULL, "unknown_outcome", 0 },
		{ "{\"previous_status\":\"COMPLETE\"}", { "COMPLETE" }, new,
		    "unknown_outcome", 0 },
		{ "{\"previous_status\":\"UNKNOWN\"}", { "ERROR" }, new,
		    "unknown_outcome", 0 },
		{ "{\"previous_status\":\"UNKNOWN\"}", { "QUEUED", "ERROR" },
		    new, "ERROR", 2 },
		/* no session before */
		{ first, { "!not_found", "!not_found", "QUEUED", "COMPLETE" },
		    NULL, "COMPLETE", 4 },
		{ first, { "COMPLETE" }, NULL, "COMPLETE", 1 },
		{ first, { "!not_found" }, NULL, "unknown_outcome", 0 },
		{ first, { "NEW_SCRIPT" }, NULL, "unknown_outcome", 0 },
		/* one that ran on: which end it is shows only by going back */
		{ beside, { "RUNNING", "COMPLETE" }, old, "unknown_outcome",
		    0 },
		{ beside, { "RUNNING", "QUEUED", "RUNNING", "ERROR" }, old,
		    "ERROR", 4 },
		{ beside, { "ERROR", "RUNNING", "COMPLETE" }, old, "COMPLETE",
		    3 },
		{ beside, { "RUNNING", "COMPLETE" }, new, "COMPLETE", 0 },
		/* what passes, passes; what does not, does not */
		{ "{}", { "!unavailable", "!timeout", "COMPLETE" }, old,
		    "COMPLETE", 3 },
		{ "{}", { "!unavailable" }, old, "unavailable", 0 },
		{ "{}", { "RUNNING", "!auth" }, old, "auth", 2 },
		{ first, { "!not_found", "RUNNING*40", "!not_found", "ERROR" },
		    NULL, "ERROR", 43 },
		{ first, { "NEW_SCRIPT", "QUEUED*40", "!not_found*3", "ERROR" },
		    NULL, "ERROR", 45 },
		{ "{}", { "RUNNING*40", "WEIRD*7", "COMPLETE" }, old,
		    "COMPLETE", 48 },
		{ "{}", { "RUNNING*40", "{\"status\":7}" }, old, "unavailable",
		    0 },
		/* a kernel that was deleted */
		{ "{}", { "RUNNING*40", "!not_found" }, old, "not_found", 41 },
		{ first, { "RUNNING", "!not_found" }, NULL, "unknown_outcome",
		    0 },
	};

	(void)state;
	play(scripts, COUNT(scripts), true);
}

static void
test_asking_once(void **state)
{
	static const struct script scripts[] = {
		{ "{}", { "RUNNING" }, NULL, "RUNNING", 1 },
		{ "{}", { "!unavailable" }, NULL, "unavailable", 1 },
		{ "{}", { "!not_found" }, NULL, "not_found", 1 },
		{ "{\"previous_status\":\"ERROR\"}", { "!not_found" }, NULL,
		    "none", 1 },
		/* any spelling, and the default that is left out */
		{ "{}", { "cancelAcknowledged" }, NULL, "CANCEL_ACKNOWLEDGED",
		    1 },
		{ "{}", { "KernelWorkerStatus.ERROR" }, NULL, "ERROR", 1 },
		{ "{}", { "complete" }, NULL, "COMPLETE", 1 },
		{ "{}", { "{}" }, NULL, "QUEUED", 1 },
		{ "{}", { "{\"status\":null}" }, NULL, "QUEUED", 1 },
		/* no status: asked five times */
		{ "{}", { "CANCEL" }, NULL, "unavailable", 5 },
		{ "{}", { "ERRORS" }, NULL, "unavailable", 5 },
		{ "{}", { "{\"status\":2}" }, NULL, "unavailable", 5 },
		{ "{}", { "WEIRD", "{\"status\":{}}", "ERROR" }, NULL, "ERROR",
		    3 },
	};

	(void)state;
	play(scripts, COUNT(scripts), false);
}

static void
test_pauses_grow(void **state)
{
	struct session session;
	struct kernel kernel;
	double last = 0, pause;
	jv rec = jv_object();

	(void)state;
	kernel_init(&kernel, "u", "kernel");
	session_init(&session, &kernel, rec);
	for (int i = 0; i < 20; i++) {
		pause = session_pause(&session, 30);
		assert_true(pause >= 1 && pause >= last && pause <= 30);
		last = pause;
	}
	assert_true(last == 30);
	session_release(&session);
	kernel_release(&kernel);
	jv_free(rec);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_asking_once),
		cmocka_unit_test(test_pauses_grow),
	};
	char file[] = "/tmp/session-clock.XXXXXX";
	int fd = mkstemp(file), status;

	if (fd < 0 || write(fd, "1795000000\n", 11) != 11 || close(fd) != 0 ||
	    setenv("KW_CLOCK", file, 1) != 0)
		return 1;
	status = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(file);
	return status;
}
