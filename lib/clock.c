/* SPDX-License-Identifier: MIT */
/*
 * clock - now, waiting, deadlines, and times as text
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "diag.h"

enum {
	FAKE_LOOK = 2, /* milliseconds between two looks at a clock that others
	                  move */
	POLL_MOST = 60 * 60 * 1000 /* milliseconds */
};

/* KW_CLOCK, or NULL where time is real. */
static const char *
clock_file(void)
{
	static const char *file;
	static bool known;

	if (!known) {
		file = getenv("KW_CLOCK");
		if (file != NULL && *file == '\0')
			file = NULL;
		known = true;
	}
	return file;
}

bool
clock_is_fake(void)
{
	return clock_file() != NULL;
}

/* The sum of the lines: when time began, and all waits since. */
static double
fake_now(void)
{
	FILE *file = fopen(clock_file(), "re");
	char line[64];
	double sum = 0;

	if (file == NULL)
		die(STATUS_USAGE, "KW_CLOCK: %s: %s", clock_file(),
		    strerror(errno));
	while (fgets(line, sizeof line, file) != NULL)
		sum += strtod(line, NULL);
	fclose(file);
	return sum;
}

static double
seconds(clockid_t id)
{
	struct timespec now;

	if (clock_is_fake())
		return fake_now();
	clock_gettime(id, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double
clock_now(void)
{
	return seconds(CLOCK_REALTIME);
}

double
clock_ticks(void)
{
	return seconds(CLOCK_MONOTONIC);
}

static void
fake_sleep(double time)
{
	FILE *file = fopen(clock_file(), "ae");

	if (file == NULL)
		die(STATUS_USAGE, "KW_CLOCK: %s: %s", clock_file(),
		    strerror(errno));
	fprintf(file, "%.3f\n", time);
	fclose(file);
}

void
clock_sleep(double time)
{
	struct timespec left;

	if (!(time > 0))
		return;
	if (clock_is_fake()) {
		fake_sleep(time);
		return;
	}
	left.tv_sec = (time_t)time;
	left.tv_nsec = (long)((time - floor(time)) * 1e9);
	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		continue;
}

int
clock_poll(struct pollfd *fds, nfds_t count, double time)
{
	double end = clock_ticks() + time, left = time;
	int ready;

	do {
		if (clock_is_fake())
			ready = poll(fds, count, FAKE_LOOK);
		else
			ready = poll(fds, count,
			    (int)fmin(ceil(fmax(left, 0) * 1000), POLL_MOST));
		left = end - clock_ticks();
	} while (ready == 0 && left > 0);
	return ready;
}

double
clock_limits(void)
{
	const char *text = getenv("KW_LIMITS");
	double factor = text != NULL ? strtod(text, NULL) : 1;

	return factor > 0 ? factor : 1;
}

struct deadline
deadline_in(double time)
{
	return (struct deadline){ isinf(time) ? time : clock_ticks() + time };
}

double
deadline_left(const struct deadline *deadline)
{
	double left;

	if (isinf(deadline->at))
		return INFINITY;
	left = deadline->at - clock_ticks();
	return left > 0 ? left : 0;
}

bool
deadline_sleep(const struct deadline *deadline, double time)
{
	if (time > deadline_left(deadline))
		return false;
	clock_sleep(time);
	return true;
}

char *
clock_format(double time, char text[CLOCK_TEXT])
{
	double whole = floor(time);
	int millis = (int)lround((time - whole) * 1000);
	time_t second;
	struct tm tm;
	size_t len;

	if (millis == 1000) {
		millis = 0;
		whole++;
	}
	second = (time_t)whole;
	if (gmtime_r(&second, &tm) == NULL)
		memset(&tm, 0, sizeof tm);
	len = strftime(text, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
	if (millis != 0)
		(void)snprintf(text + len, CLOCK_TEXT - len, ".%03dZ", millis);
	else
		(void)snprintf(text + len, CLOCK_TEXT - len, "Z");
	return text;
}

/* The seconds east of UTC that text names; NAN if it is no offset. */
static double
parse_offset(const char *text)
{
	int hours, minutes, used = 0;

	if (*text == '\0' || strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
		return 0;
	if (sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &used) < 2 ||
	    text[1 + used] != '\0' || (*text != '+' && *text != '-'))
		return NAN;
	return (*text == '-' ? -1 : 1) * (hours * 3600.0 + minutes * 60.0);
}

double
clock_parse(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%d", &tm);
	double fraction = 0, digit = 0.1, offset;

	if (rest == NULL || (*rest != 'T' && *rest != 't' && *rest != ' '))
		return NAN;
	rest = strptime(rest + 1, "%H:%M:%S", &tm);
	if (rest == NULL)
		return NAN;
	if (*rest == '.') {
		for (rest++; *rest >= '0' && *rest <= '9'; rest++) {
			fraction += (*rest - '0') * digit;
			digit /= 10;
		}
	}
	offset = parse_offset(rest);
	if (isnan(offset))
		return NAN;
	return (double)timegm(&tm) + fraction - offset;
}
