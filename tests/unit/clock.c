/* SPDX-License-Identifier: MIT */
/* clock: times as text, deadlines, and the tests' own clock. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "patience.h"

static void
test_format(void **state)
{
	char text[CLOCK_TEXT];

	(void)state;
	assert_string_equal(clock_format(0, text), "1970-01-01T00:00:00Z");
	assert_string_equal(
	    clock_format(1795235992.34, text), "2026-11-21T04:39:52.340Z");
	assert_string_equal(clock_format(0.9999, text), "1970-01-01T00:00:01Z");
}

static void
test_parse(void **state)
{
	static const struct {
		const char *text;
		double time;
	} good[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-11-21T04:39:52.340Z", 1795235992.34 },
		{ "2026-11-21T04:39:52", 1795235992 },
		{ "2026-11-21 04:39:52", 1795235992 },
		{ "2026-11-21T05:39:52+01:00", 1795235992 },
		{ "2026-11-21T00:09:52-04:30", 1795235992 },
		{ "2026-11-21T04:39:52.123456789Z", 1795235992.123456789 },
	};
	static const char *const bad[] = { "", "yesterday", "2026-11-21",
		"2026-11-21T04:39", "2026-11-21T04:39:52+1",
		"2026-11-21T04:39:52Zulu", "2026-13-21T04:39:52Z" };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(
		    fabs(clock_parse(good[i].text) - good[i].time) < 1e-6);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_true(isnan(clock_parse(bad[i])));
}

static void
test_the_clock_is_faked(void **state)
{
	struct deadline end = deadline_in(10), never = deadline_in(INFINITY);

	(void)state;
	assert_true(clock_is_fake());
	assert_true(clock_now() == 1000);
	clock_sleep(2.5);
	clock_sleep(-1);
	assert_true(clock_now() == 1002.5);
	assert_true(deadline_left(&end) == 7.5);
	assert_false(deadline_sleep(&end, 8));
	assert_true(clock_now() == 1002.5);
	assert_true(deadline_sleep(&end, 7.5));
	assert_true(deadline_left(&end) == 0);
	assert_true(deadline_sleep(&never, 1e6));
}

/* The other side: one byte, and whether this line comes. */
static bool
told(int fd, char byte, const char *want)
{
	char line[64] = "";
	size_t len = 0;

	if (byte != 0 && write(fd, &byte, 1) != 1)
		return false;
	while (want != NULL && len < sizeof line - 1 &&
	    read(fd, line + len, 1) == 1 && line[len++] != '\n')
		continue;
	return want == NULL || strcmp(line, want) == 0;
}

/* Waits three times: for the time, for input, and asleep. */
static int
waiter(int input, const char *path)
{
	struct pollfd fds = { .fd = input, .events = POLLIN };

	setenv("KW_WAITS", path, 1);
	if (clock_poll(&fds, 1, 2.5) != 0 ||
	    clock_poll(&fds, 1, INFINITY) != 1 ||
	    clock_poll(&fds, 1, INFINITY) != 1 || clock_poll(&fds, 1, 0) != 1)
		return 1;
	clock_sleep(1);
	return 0;
}

static void
test_time_is_held(void **state)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int ends[2], status, fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char want[64], late[64];
	pid_t pid;

	(void)state;
	(void)snprintf(name.sun_path, sizeof name.sun_path, "%s.waits",
	    getenv("KW_CLOCK"));
	(void)snprintf(want, sizeof want, "W %.3f\n", clock_now() + 2.5);
	(void)snprintf(late, sizeof late, "W %.3f\n", clock_now() + 1);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
	assert_int_equal(listen(fd, 1), 0);
	if ((pid = fork()) == 0)
		_exit(waiter(ends[0], name.sun_path));
	fd = accept(fd, NULL, NULL);
	assert_true(told(fd, 0, want));
	assert_true(told(fd, '?', "Y\n"));
	assert_true(told(fd, 'g', "W inf\n"));
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_true(told(fd, 0, "L\n"));  /* by itself */
	assert_true(told(fd, '?', NULL)); /* which we did not know, */
	assert_true(told(fd, 'k', late)); /* and which is passed by */
	assert_true(told(fd, 'g', late)); /* it is not so late */
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unlink(name.sun_path);
	close(fd);
}

static void
test_patience_is_shared(void **state)
{
	int ends[2];
	char byte;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	patience_until(5);
	patience_share();
	assert_true(patience_get() == 5);
	if (fork() == 0) {
		patience_until(7.25);
		patience_until(6);
		_exit(write(ends[1], "x", 1) != 1);
	}
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_true(patience_get() == 7.25);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_the_clock_is_faked),
		cmocka_unit_test(test_time_is_held),
		cmocka_unit_test(test_patience_is_shared),
	};
	char path[] = "/tmp/kw-clock-XXXXXX";
	int fd = mkstemp(path), failures;

	if (fd < 0 || write(fd, "1000\n", 5) != 5)
		return 99;
	setenv("KW_CLOCK", path, 1);
	failures = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	close(fd);
	return failures;
}
