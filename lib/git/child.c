/* SPDX-License-Identifier: MIT */
/*
 * git/child - work in a child process that a deadline and signals can end
 *
 * What the child says comes through a pipe: NOTE when it notes, then one line
 * of JSON, {"value": ...} or {"error": ...}.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "git/child.h"
#include "mem.h"
#include "record.h"

enum {
	NOTE = '!',
	GRACE = 1, /* seconds that programs have to take their locks away */
};

struct child {
	int out;
};

/* Ends the programs as well, which then remove their lock files. */
static void
on_end(int number)
{
	signal(number, SIG_IGN);
	kill(0, SIGTERM);
	while (wait(NULL) > 0)
		continue;
	_exit(1);
}

static void
say(struct child *child, const char *text, size_t len)
{
	ssize_t wrote;

	for (; len > 0; text += wrote, len -= (size_t)wrote) {
		wrote = write(child->out, text, len);
		if (wrote < 0 && errno == EINTR)
			wrote = 0;
		if (wrote < 0)
			_exit(1); /* nobody is there to be told */
	}
}

void
child_note(struct child *child)
{
	say(child, (const char[]){ NOTE }, 1);
}

_Noreturn static void
be_child(struct child *child, pid_t parent,
    jv (*work)(struct child *child, void *context), void *context)
{
	jv value, text;

	setsid();
	signal(SIGINT, SIG_DFL);
	signal(SIGPIPE, SIG_IGN); /* a program that has gone is an error */
	signal(SIGTERM, on_end);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	value = work(child, context);
	if (jv_is_valid(value))
		value = jv_object_set(jv_object(), jv_string("value"), value);
	else
		value = jv_object_set(
		    jv_object(), jv_string("error"), jv_invalid_get_msg(value));
	text = jv_dump_string(value, 0);
	say(child, jv_string_value(text), strlen(jv_string_value(text)));
	_exit(0);
}

static double
real_ticks(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/*
 * Reads to the end, for at most some seconds; false if that was too short. The
 * limit is of true time, as a child that waits does not move a faked clock.
 */
static bool
hear(int from, double limit, struct buf *heard)
{
	double end = real_ticks() + limit;
	struct pollfd fd = { .fd = from, .events = POLLIN };

	for (;;) {
		double left = fmin(end - real_ticks(), 3600);
		ssize_t got = -1;

		if (left <= 0)
			return false;
		if (poll(&fd, 1, (int)ceil(left * 1000)) <= 0)
			continue;
		buf_reserve(heard, 4096);
		got = read(from, heard->at + heard->len, 4096);
		if (got == 0)
			return true;
		if (got > 0)
			heard->len += (size_t)got;
		else if (errno != EINTR)
			return true;
	}
}

/* What was heard, without its notes, as what work returned. */
static jv
understand(const struct buf *heard, size_t notes)
{
	jv said = heard->len > notes
	    ? jv_parse_sized(heard->at + notes, (int)(heard->len - notes))
	    : jv_invalid();
	jv error = record_get(said, "error");
	jv value = record_get(said, "value");

	jv_free(said);
	if (jv_get_kind(error) == JV_KIND_OBJECT) {
		jv_free(value);
		return jv_invalid_with_msg(error);
	}
	jv_free(error);
	if (!jv_is_valid(value)) {
		jv_free(value);
		return error_value(
		    "unavailable", "the process that asks the remote crashed");
	}
	return value;
}

static void
end_child(pid_t pid, int from, struct buf *heard)
{
	if (kill(-pid, SIGTERM) != 0)
		kill(pid, SIGTERM);
	(void)hear(from, GRACE, heard); /* either way it is over */
	if (kill(-pid, SIGKILL) != 0)
		kill(pid, SIGKILL);
}

jv
child_work(jv (*work)(struct child *child, void *context), void *context,
    const struct deadline *deadline, bool *noted)
{
	struct buf heard = { 0 };
	pid_t parent = getpid(), pid;
	size_t notes = 0;
	bool whole;
	int ends[2];
	jv value;

	*noted = false;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return error_value("io", "pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		be_child(&(struct child){ ends[1] }, parent, work, context);
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return error_value("io", "fork: %s", strerror(errno));
	}
	whole = hear(ends[0], deadline_left(deadline), &heard);
	if (!whole) {
		end_child(pid, ends[0], &heard);
		if (clock_is_fake()) /* it moves on by what was waited */
			clock_sleep(deadline_left(deadline));
	}
	close(ends[0]);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	while (notes < heard.len && heard.at[notes] == NOTE)
		notes++;
	*noted = notes > 0;
	value = whole ? understand(&heard, notes)
		      : error_value("timeout", "no answer in time");
	buf_release(&heard);
	return value;
}
