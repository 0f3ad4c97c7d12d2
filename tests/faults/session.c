/* SPDX-License-Identifier: MIT */
/*
 * session - wb-log under a clock that the test moves
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "record.h"
#include "session.h"

enum {
	BEGINNING = 1795240800, /* 2026-11-21T06:00:00Z */
	PROMISE = 30,           /* seconds until a line is on the server */
	ALIVE_WITHIN = 240,     /* after which it would seem to have crashed */
	GIVEN_UP = 300,         /* after the end of the input, by default */
	HANG_SECONDS = 20,      /* of true time */
	LOOK_MS = 2,            /* between two looks for its end */
	MOST_WAITERS = 8,
	FEW = 25, /* lines, of which one has a key of its own */
	MOST_ARGS = 16,
};

static const char *work;
static char *limits, *folder, *out, *err, *door_path;
static int clock_fd = -1, door = -1;

/* A process that is told when it is so late (heldclock.h). */
struct waiter {
	int fd;
	pid_t pid;
	bool waits, asked;
	double until;
	char line[64];
	size_t len;
};

struct session {
	struct story *story;
	const struct plan *plan;
	pid_t pid;
	int input, unread; /* both ends of the pipe */
	struct waiter waiters[MOST_WAITERS];
	int waiter_count;
	bool left;          /* one that waited goes on */
	int status;         /* when it has ended */
	struct buf pending; /* has come, and did not fit into the pipe */
	long long *ends;    /* by line: of its bytes in the input */
	long long queued, written;
	int first, came;    /* lines: the first one, and the next to come */
	int piece, trouble; /* those that are next */
	bool ended;         /* the input, or it was told to end */
	int waited;         /* times */
	double alive;       /* it was seen so */
	double went_on;     /* by true_time() */
	char *faults;       /* that are left of those that were ordered */
	double patience;
	bool struck; /* it was killed */
};

/* ---- plans ---- */

static void
plan_piece(struct plan *plan, struct piece piece)
{
	plan->pieces = xreallocarray(
	    plan->pieces, (size_t)plan->piece_count + 1, sizeof *plan->pieces);
	plan->pieces[plan->piece_count++] = piece;
	if (plan->end < piece.at)
		plan->end = piece.at;
}

void
plan_line(struct plan *plan, double at, int line)
{
	plan_piece(plan, (struct piece){ at, line, WHOLE });
}

void
plan_halves(struct plan *plan, double at, double rest_at, int line)
{
	plan_piece(plan, (struct piece){ at, line, FIRST });
	plan_piece(plan, (struct piece){ rest_at, line, SECOND });
}

void
plan_trouble(struct plan *plan, struct trouble trouble)
{
	plan->troubles = xreallocarray(plan->troubles,
	    (size_t)plan->trouble_count + 1, sizeof *plan->troubles);
	plan->troubles[plan->trouble_count++] = trouble;
}

void
plan_release(struct plan *plan)
{
	for (int i = 0; i < plan->trouble_count; i++)
		free(plan->troubles[i].spec);
	for (int i = 0; plan->options[i] != NULL; i++)
		free(plan->options[i]);
	free(plan->troubles);
	free(plan->pieces);
	*plan = (struct plan){ 0 };
}

/* ---- stories ---- */

static void
open_door(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	door_path = xasprintf("%s/waits", work);
	(void)snprintf(name.sun_path, sizeof name.sun_path, "%s", door_path);
	door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (door < 0 || bind(door, (struct sockaddr *)&name, sizeof name) < 0 ||
	    listen(door, MOST_WAITERS) < 0)
		die(STATUS_STREAM, "%s: %s", door_path, strerror(errno));
}

void
session_init(const char *its_work)
{
	work = its_work;
	if (getenv("KW_LIMITS") != NULL)
		limits = xstrdup(getenv("KW_LIMITS"));
	folder = xasprintf("%s/wandb", work);
	out = xasprintf("%s/log.out", work);
	err = xasprintf("%s/log.err", work);
	open_door();
	setenv("WANDB_DIR", work, 1);
	clock_fd = open(getenv("KW_CLOCK"), O_WRONLY | O_CLOEXEC);
	if (clock_fd < 0)
		die(STATUS_USAGE, "KW_CLOCK: %s", strerror(errno));
}

void
session_limits(double factor)
{
	free(limits);
	limits = xasprintf("%g", factor);
}

/* In place, as others may read it; all times are in whole milliseconds. */
static void
set_clock(struct story *story, double now)
{
	char text[40];
	int len = snprintf(text, sizeof text, "%.3f\n", now);

	if (pwrite(clock_fd, text, (size_t)len, 0) != len)
		die(STATUS_STREAM, "KW_CLOCK: %s", strerror(errno));
	story->now = now;
}

/* Others have added what they waited. */
static void
take_clock(struct story *story)
{
	double now = ceil(clock_now() * 1000) / 1000;

	if (ftruncate(clock_fd, 0) < 0)
		die(STATUS_STREAM, "KW_CLOCK: %s", strerror(errno));
	set_clock(story, now);
}

void
story_begin(struct story *story, uint64_t number, struct verdict *verdict)
{
	const char *remove[] = { "rm", "-rf", folder, NULL };

	must(remove);
	sandbox_reset();
	*story = (struct story){ .verdict = verdict,
		.run = xasprintf("tester/p/run%" PRIu64, number) };
	if (ftruncate(clock_fd, 0) < 0)
		die(STATUS_STREAM, "KW_CLOCK: %s", strerror(errno));
	set_clock(story, BEGINNING);
}

void
story_end(struct story *story)
{
	free(story->run);
	free(story->arrived);
}

void
story_line(struct buf *line, int i)
{
	static const char letters[] =
	    "\\u00e9\\n \\\" abcdefghijklmnopqrstuvwxyz";
	size_t size = (size_t)(i * 7919 % 97);

	if (i % 50 == 49)
		size *= 30;
	buf_addf(line, "{\"i\":%d,\"loss\":%.6f,\"deep\":{\"down\":[%d,null]},",
	    i, 1 / (i + 1.5), i % 3);
	if (i % FEW == 0)
		buf_addf(line, "\"few\":%d,", i);
	buf_adds(line, "\"text\":\"");
	if (i % 11 == 0)
		buf_adds(line, letters);
	for (size_t k = 0; k < size; k++)
		buf_addc(line, (char)('a' + (k + (size_t)i) % 26));
	buf_adds(line, "\"}\n");
}

/* Row i of the server or of a spool is what was given; its step is aside. */
static bool
row_is(struct story *story, jv row, int i, const char *where)
{
	struct buf line = { 0 };
	jv want, got = jv_copy(row);
	bool same;

	story_line(&line, i);
	want = jv_parse(line.at);
	got = record_drop(record_drop(got, "_runtime"), "_timestamp");
	got = record_drop(got, "_step");
	same = jv_equal(want, got);
	if (!same) {
		jv text = jv_dump_string(jv_copy(row), 0);

		complain(story->verdict, "%s: row %d is %.300s", where, i,
		    jv_string_value(text));
		jv_free(text);
	}
	buf_release(&line);
	return same;
}

static double
number_in(jv row, const char *field)
{
	jv value = record_get(row, field);
	double number =
	    jv_get_kind(value) == JV_KIND_NUMBER ? jv_number_value(value) : NAN;

	jv_free(value);
	return number;
}

static jv
run_on_server(struct story *story)
{
	jv state = sandbox_state(), runs = record_get(state, "runs");
	jv run = record_get(runs, story->run);

	jv_free(runs);
	jv_free(state);
	return run;
}

static bool
is_known_there(struct story *story)
{
	jv run;

	if (!story->known) {
		run = run_on_server(story);
		story->known = jv_is_valid(run);
		jv_free(run);
	}
	return story->known;
}

int
story_on_server(struct story *story)
{
	char *text, *rest, *line;
	int rows = 0;

	if (!is_known_there(story))
		return 0;
	text = rest = sandbox_history(story->run);
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		jv row = jv_parse(line);
		double at = number_in(row, "_timestamp");
		bool same = row_is(story, row, rows, "server");

		if (same && number_in(row, "_step") != rows)
			complain(story->verdict, "row %d has the step %g", rows,
			    number_in(row, "_step"));

		if (same && rows < story->lines &&
		    (at < story->arrived[rows] - 0.01 || at > story->now + 1))
			complain(story->verdict,
			    "row %d came at %.3f and has the time %.3f", rows,
			    story->arrived[rows], at);
		jv_free(row);
		if (!same)
			break;
		rows++;
	}
	free(text);
	return rows;
}

/* The spool's files, as arguments behind some others; how many there are. */
static int
spool_files(const char **argv, int argc)
{
	static char *name;
	const char *find[] = { "find", folder, "-name", "*.wandb", NULL };
	char *list = xasprintf("%s/spools", work), *rest;
	struct buf text = { 0 };
	int count = 0;

	free(name);
	name = NULL;
	(void)call_program(find, list, "/dev/null"); /* may be missing */
	jv_free(file_read(list, 1 << 20, &text));
	if (text.len > 0) {
		rest = name = buf_take(&text);
		while (argc + count < MOST_ARGS - 1) {
			char *file = strsep(&rest, "\n");

			if (file == NULL || *file == '\0')
				break;
			argv[argc + count++] = file;
		}
	}
	argv[argc + count] = NULL;
	buf_release(&text);
	free(list);
	return count;
}

static int
by_number(const void *a, const void *b)
{
	double x = number_in(*(const jv *)a, "i"),
	       y = number_in(*(const jv *)b, "i");

	return (x > y) - (x < y);
}

int
story_in_spool(struct story *story, int *files)
{
	const char *argv[MOST_ARGS] = { "wb-cat", "--only=history" };
	char *list = xasprintf("%s/spooled", work);
	int rows = 0, next = 0;
	jv records, *row = NULL;

	*files = spool_files(argv, 2);
	if (*files > 0)
		(void)call_program(argv, list, "/dev/null"); /* it may be cut */
	records = *files > 0 ? read_records(list) : jv_array();
	jv_array_foreach(records, i, record)
	{
		jv values = record_get(record, "values");

		jv_free(record);
		if (!jv_is_valid(values)) {
			jv_free(values);
			continue;
		}
		row = xreallocarray(row, (size_t)rows + 1, sizeof *row);
		row[rows++] = values;
	}
	if (rows > 0)
		qsort(row, (size_t)rows, sizeof *row, by_number);
	for (int i = 0; i < rows; i++) {
		int number = (int)number_in(row[i], "i");

		if (i > 0 && number != next)
			complain(story->verdict,
			    "the spool has row %d after row %d", number,
			    next - 1);
		else
			(void)row_is(story, row[i], number, "spool");
		next = number + 1;
		jv_free(row[i]);
	}
	free(row);
	jv_free(records);
	free(list);
	return next;
}

void
story_sync(struct story *story, bool remove)
{
	const char *drop[] = { "rm", "-rf", folder, NULL };
	const char *argv[MOST_ARGS] = { "wb-sync" };
	struct buf said = { 0 };
	int status;

	story->synced = true;
	if (spool_files(argv, 1) == 0) {
		complain(story->verdict, "no spool");
		return;
	}
	status = call_program(argv, out, err);
	take_clock(story);
	if (status != 0) {
		jv_free(file_read(out, 1 << 20, &said));
		jv_free(file_read(err, 1 << 20, &said));
		complain(story->verdict, "wb-sync: status %d: %.900s", status,
		    said.len > 0 ? said.at : "");
		buf_release(&said);
	}
	if (remove)
		must(drop);
}

void
story_is_whole(struct story *story, const char *want)
{
	jv state = sandbox_state(), runs = record_get(state, "runs");
	jv violations = record_get(state, "violations");
	jv run = record_get(runs, story->run);
	jv summary = record_get(run, "summary");
	const char *argv[MOST_ARGS], *is = record_str(run, "state");
	int rows = story_on_server(story);

	if (rows != story->lines)
		complain(story->verdict, "%d rows of %d are on the server",
		    rows, story->lines);
	if (is == NULL || strcmp(is, want) != 0)
		complain(story->verdict, "the run is %s, not %s",
		    is != NULL ? is : "missing", want);
	if (rows > 0 && record_int(summary, "i", -1) != rows - 1)
		complain(story->verdict, "the summary is of row %lld",
		    record_int(summary, "i", -1));
	if (rows > 0 && !story->synced &&
	    record_int(summary, "few", -1) != (rows - 1) / FEW * FEW)
		complain(story->verdict, "the summary has few of row %lld",
		    record_int(summary, "few", -1));
	if (!story->lied_to && jv_array_length(jv_copy(violations)) > 0) {
		jv text = jv_dump_string(jv_copy(violations), 0);

		complain(story->verdict, "violations: %.500s",
		    jv_string_value(text));
		jv_free(text);
	}
	if (spool_files(argv, 0) > 0)
		complain(story->verdict, "a spool is left: %s", argv[0]);
	jv_free(summary);
	jv_free(violations);
	jv_free(run);
	jv_free(runs);
	jv_free(state);
}

/* ---- wb-log ---- */

static void
child(struct session *session, int input)
{
	struct story *story = session->story;
	char *id = xasprintf("--id=%s", strrchr(story->run, '/') + 1);
	char *argv[MOST_ARGS];
	int argc = 0, to, errors;

	argv[argc++] = xstrdup("wb-log");
	argv[argc++] = xstrdup("-pp");
	argv[argc++] = id;
	if (story->calls > 1)
		argv[argc++] = xstrdup("--resume");
	if (session->plan->timeout > 0)
		argv[argc++] =
		    xasprintf("--timeout=%.0f", session->plan->timeout);
	for (int i = 0; session->plan->options[i] != NULL; i++)
		argv[argc++] = session->plan->options[i];
	argv[argc] = NULL;
	if ((to = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0666)) < 0 ||
	    (errors = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0666)) < 0 ||
	    dup2(input, 0) < 0 || dup2(to, 1) < 0 || dup2(errors, 2) < 0)
		_exit(126);
	setenv("KW_WAITS", door_path, 1);
	if (limits != NULL)
		setenv("KW_LIMITS", limits, 1);
	execvp(argv[0], argv);
	_exit(127);
}

static void
start(struct session *session)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0 || (session->pid = fork()) < 0)
		die(STATUS_STREAM, "wb-log: %s", strerror(errno));
	if (session->pid == 0)
		child(session, ends[0]);
	session->unread = ends[0];
	session->input = ends[1];
	if (fcntl(session->input, F_SETFL, O_NONBLOCK) < 0)
		die(STATUS_STREAM, "a pipe: %s", strerror(errno));
}

static void
strike(struct session *session, int signal)
{
	if (session->pid > 0)
		kill(session->pid, signal);
	session->struck = session->struck || signal == SIGKILL;
}

/* ---- its input ---- */

/* The pipe takes what it takes; a line has arrived when it is in it, whole. */
static void
feed(struct session *session)
{
	struct story *story = session->story;
	struct buf *rest = &session->pending;
	ssize_t done;

	while (rest->len > 0) {
		done = write(session->input, rest->at, rest->len);
		if (done < 0 && errno == EAGAIN)
			break;
		if (done < 0)
			return; /* it has gone, which is seen soon */
		memmove(rest->at, rest->at + done, rest->len - (size_t)done);
		buf_cut(rest, rest->len - (size_t)done);
		session->written += done;
	}
	while (story->lines < session->came &&
	    session->ends[story->lines] <= session->written)
		story->arrived[story->lines++] = story->now;
}

static void
piece_comes(struct session *session, const struct piece *piece)
{
	struct story *story = session->story;
	struct buf line = { 0 };
	size_t half, count = (size_t)piece->line + 1;

	story_line(&line, piece->line);
	half = line.len / 2;
	if (piece->part != SECOND) {
		session->ends =
		    xreallocarray(session->ends, count, sizeof *session->ends);
		story->arrived = xreallocarray(
		    story->arrived, count, sizeof *story->arrived);
		session->queued += (long long)line.len;
		session->ends[piece->line] = session->queued;
		session->came = piece->line + 1;
	}
	buf_add(&session->pending, line.at + (piece->part == SECOND ? half : 0),
	    piece->part == FIRST       ? half
		: piece->part == WHOLE ? line.len
				       : line.len - half);
	buf_release(&line);
}

/* How many lines were taken out of the pipe, whole. */
static int
taken(struct session *session)
{
	int left = 0, line = session->first;

	if (ioctl(session->unread, FIONREAD, &left) < 0)
		die(STATUS_STREAM, "a pipe: %s", strerror(errno));
	while (line < session->came &&
	    session->ends[line] <= session->written - left)
		line++;
	return line;
}

/* ---- the server ---- */

/* A request that failed as it was ordered is no reason to be late. */
static void
look_at_faults(struct session *session)
{
	struct story *story = session->story;
	char *now;

	if (session->faults == NULL)
		return;
	now = sandbox_faults();
	if (strcmp(now, session->faults) != 0)
		story->reachable =
		    fmax(story->reachable, story->now + session->patience);
	free(session->faults);
	session->faults = strchr(now, '{') != NULL ? now : NULL;
	if (session->faults == NULL)
		free(now);
}

static void
trouble_comes(struct session *session, const struct trouble *trouble)
{
	struct story *story = session->story;

	free(session->faults);
	session->faults = NULL;
	if (trouble->spec == NULL) {
		sandbox_clear();
		story->reachable = story->now;
		return;
	}
	sandbox_fault(trouble->spec);
	session->patience = trouble->patience;
	if (trouble->lasting)
		story->reachable = INFINITY;
	else
		session->faults = sandbox_faults();
}

/* ---- what was promised ---- */

static void
see_it_alive(struct session *session)
{
	jv run = run_on_server(session->story);
	const char *state = record_str(run, "state");

	if (state == NULL || strcmp(state, "running") != 0)
		complain(session->story->verdict,
		    "at %.3f the server takes it for %s", session->story->now,
		    state != NULL ? state : "missing");
	session->alive = session->story->now;
	jv_free(run);
}

/* Nothing is late when the time is next. */
static void
check_promise(struct session *session, double next)
{
	struct story *story = session->story;
	bool looked = false;

	/* Nor is who writes the input held up, whatever the server does. */
	if (story->safe < story->lines &&
	    story->arrived[story->safe] + PROMISE < next)
		complain(story->verdict,
		    "line %d came at %.3f, and is not read at %.3f",
		    story->safe, story->arrived[story->safe], next);
	if (session->plan->unsettled)
		return;
	if (next - fmax(story->reachable, session->alive) > ALIVE_WITHIN)
		see_it_alive(session);
	while (story->there < story->lines &&
	    fmax(story->arrived[story->there], story->reachable) + PROMISE <
		next) {
		if (looked) {
			complain(story->verdict,
			    "line %d came at %.3f, the server could be reached "
			    "since %.3f, and it is not there at %.3f",
			    story->there, story->arrived[story->there],
			    story->reachable, next);
			return;
		}
		looked = true;
		story->there = story_on_server(story);
	}
}

/* ---- the plan ---- */

static double
next_moment(struct session *session)
{
	const struct plan *plan = session->plan;
	double next = INFINITY, begun = session->story->begun;

	for (int i = 0; i < session->waiter_count; i++)
		next = fmin(next, session->waiters[i].until);
	if (session->piece < plan->piece_count)
		next = fmin(next, begun + plan->pieces[session->piece].at);
	else if (!session->ended && begun + plan->end > session->story->now)
		next = fmin(next, begun + plan->end);
	if (session->trouble < plan->trouble_count)
		next = fmin(next, begun + plan->troubles[session->trouble].at);
	return fmax(ceil(next * 1000 - 1e-3) / 1000, session->story->now);
}

/* What is due now. */
static void
moment_comes(struct session *session)
{
	const struct plan *plan = session->plan;
	struct story *story = session->story;
	double elapsed = story->now - story->begun + 1e-4;

	while (session->trouble < plan->trouble_count &&
	    plan->troubles[session->trouble].at <= elapsed)
		trouble_comes(session, &plan->troubles[session->trouble++]);
	while (session->piece < plan->piece_count &&
	    plan->pieces[session->piece].at <= elapsed)
		piece_comes(session, &plan->pieces[session->piece++]);
	feed(session);
	if (session->ended || session->piece < plan->piece_count ||
	    plan->end > elapsed || session->pending.len > 0)
		return;
	if (plan->by_signal) {
		if (taken(session) < session->came)
			return;
		strike(session, SIGTERM);
	} else {
		close(session->input);
		session->input = -1;
	}
	session->ended = true;
}

static void
strike_child(struct session *session)
{
	for (int i = 0; i < session->waiter_count; i++)
		if (session->waiters[i].pid != session->pid)
			kill(session->waiters[i].pid, SIGKILL);
}

/* Those for whom it is so late go on; some may be killed then. */
static void
go_on(struct session *session)
{
	const struct plan *plan = session->plan;

	session->went_on = true_time();
	for (int i = 0; i < session->waiter_count; i++) {
		struct waiter *waiter = &session->waiters[i];

		if (waiter->until > session->story->now)
			continue;
		waiter->waits = false;
		(void)send(
		    waiter->fd, "g", 1, MSG_NOSIGNAL); /* or it is gone */
	}
	if (plan->kill_wait > 0 && plan->kill_wait == session->waited) {
		struct timespec pause = { .tv_nsec = (long)(plan->kill_seconds *
					      1e9) };

		nanosleep(&pause, NULL);
		if (plan->kill_child)
			strike_child(session);
		else
			strike(session, SIGKILL);
	}
}

/* Moves the time to when something is due. */
static void
move_on(struct session *session)
{
	struct story *story = session->story;
	double next = next_moment(session);

	if (isinf(next))
		complain(story->verdict, "it waits for nothing");
	else if (next > story->now)
		check_promise(session, next);
	if (story->verdict->why != NULL) {
		strike(session, SIGKILL);
		return;
	}
	set_clock(story, next);
	moment_comes(session);
	go_on(session);
}

/* ---- until all wait ---- */

static void
come_in(struct session *session)
{
	struct waiter *waiter = &session->waiters[session->waiter_count];
	struct ucred who;
	socklen_t len = sizeof who;

	if (session->waiter_count == MOST_WAITERS)
		die(STATUS_STREAM, "more processes than there are");
	*waiter = (struct waiter){ .fd = accept4(door, NULL, NULL,
				       SOCK_CLOEXEC | SOCK_NONBLOCK) };
	if (waiter->fd < 0 ||
	    getsockopt(waiter->fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
		die(STATUS_STREAM, "%s: %s", door_path, strerror(errno));
	waiter->pid = who.pid;
	session->waiter_count++;
}

static void
go_out(struct session *session, struct waiter *waiter)
{
	close(waiter->fd);
	*waiter = session->waiters[--session->waiter_count];
	session->left = true;
}

static void
take_line(struct session *session, struct waiter *waiter)
{
	waiter->asked = false;
	switch (waiter->line[0]) {
	case 'W':
		waiter->waits = true;
		waiter->until = strtod(waiter->line + 1, NULL);
		break;
	case 'L':
		waiter->waits = false;
		session->left = true;
		(void)send(
		    waiter->fd, "k", 1, MSG_NOSIGNAL); /* or it is gone */
		break;
	default:
		break;
	}
}

/* What a process says; false if it has gone. */
static bool
hear(struct session *session, struct waiter *waiter)
{
	char byte;
	ssize_t got;

	while ((got = read(waiter->fd, &byte, 1)) == 1) {
		if (byte != '\n' && waiter->len < sizeof waiter->line - 1) {
			waiter->line[waiter->len++] = byte;
			continue;
		}
		waiter->line[waiter->len] = '\0';
		waiter->len = 0;
		take_line(session, waiter);
	}
	return got < 0 && errno == EAGAIN;
}

static void
listen_to_all(struct session *session)
{
	struct pollfd fds[MOST_WAITERS + 1];
	int count = session->waiter_count;

	for (int i = 0; i < count; i++)
		fds[i] = (struct pollfd){ .fd = session->waiters[i].fd,
			.events = POLLIN };
	fds[count] = (struct pollfd){ .fd = door, .events = POLLIN };
	if (poll(fds, (nfds_t)count + 1, LOOK_MS) <= 0)
		return;
	for (int i = count - 1; i >= 0; i--)
		if (fds[i].revents != 0 && !hear(session, &session->waiters[i]))
			go_out(session, &session->waiters[i]);
	if (fds[count].revents != 0)
		come_in(session);
}

static bool
is_known(struct session *session, pid_t pid)
{
	for (int i = 0; i < session->waiter_count; i++)
		if (session->waiters[i].pid == pid)
			return true;
	return false;
}

static bool
is_dead(pid_t pid)
{
	char *path = xasprintf("/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "re");
	char state = 'X';

	free(path);
	if (file == NULL)
		return true;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 'X';
	fclose(file);
	return state == 'Z' || state == 'X';
}

/* Whether it and its children are there, and wait. */
static bool
all_wait(struct session *session)
{
	char *path;
	FILE *file;
	int pid;
	bool all = is_known(session, session->pid);

	for (int i = 0; i < session->waiter_count; i++)
		all = all && session->waiters[i].waits;
	if (!all)
		return false;
	path = xasprintf(
	    "/proc/%d/task/%d/children", (int)session->pid, (int)session->pid);
	file = fopen(path, "re");
	free(path);
	if (file == NULL)
		return false; /* it ends */
	while (fscanf(file, "%d", &pid) == 1)
		all = all && (is_known(session, pid) || is_dead(pid));
	fclose(file);
	return all;
}

static bool
one_is_asked(struct session *session)
{
	for (int i = 0; i < session->waiter_count; i++)
		if (session->waiters[i].asked)
			return true;
	return false;
}

/* All wait, and all of them say that nothing has come meanwhile. */
static bool
is_settled(struct session *session)
{
	if (!all_wait(session))
		return false;
	session->left = false;
	for (int i = 0; i < session->waiter_count; i++) {
		session->waiters[i].asked = true;
		(void)send(session->waiters[i].fd, "?", 1,
		    MSG_NOSIGNAL); /* or it is gone, which is seen */
	}
	while (one_is_asked(session))
		listen_to_all(session);
	return !session->left && all_wait(session);
}

/* Workers outlive it by no more than moments. */
static bool
has_ended(struct session *session)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == session->pid) {
			session->status = status_of(status);
			session->pid = -1;
		}
	return pid < 0 && errno == ECHILD;
}

/* Waits until all wait; false when it has ended. */
static bool
settle(struct session *session)
{
	double since = true_time();
	bool at_fault = session->plan->kill_at_fault && !session->struck;

	while (session->pid < 0 || !is_settled(session)) {
		listen_to_all(session);
		if (has_ended(session))
			return false;
		if (at_fault && session->trouble > 0 && !sandbox_has_faults()) {
			strike(session, SIGKILL);
			at_fault = false;
		}
		if (true_time() - since > HANG_SECONDS) {
			complain(session->story->verdict,
			    session->pid < 0 ? "a child goes on" : "it hangs");
			strike(session, SIGKILL);
			since = true_time();
		}
	}
	return true;
}

/* ---- what it says ---- */

/* An outcome is allowed to be bad only if the server was away at the end. */
static bool
may_fail(struct session *session)
{
	const struct plan *plan = session->plan;
	double patience = plan->timeout > 0 ? plan->timeout : GIVEN_UP;

	return plan->may_fail ||
	    session->story->reachable + PROMISE >
	    session->story->begun + plan->end + patience;
}

static const char *
code_of(jv record, const char *field)
{
	static char code[40];
	jv verdict = record_get(record, field);
	const char *text = record_str(verdict, "code");

	(void)snprintf(code, sizeof code, "%s", text != NULL ? text : "");
	jv_free(verdict);
	return *code != '\0' ? code : NULL;
}

/* The record of a call that says that all is on the server. */
static void
judge_success(struct story *story, jv rec)
{
	const char *run = record_str(rec, "run");

	if (record_int(rec, "history_lines", -1) != story->lines ||
	    record_int(rec, "last_step", -1) != story->lines - 1 ||
	    !record_true(rec, "verified"))
		complain(story->verdict,
		    "%lld history_lines of %d, last_step %lld, verified %d",
		    record_int(rec, "history_lines", -1), story->lines,
		    record_int(rec, "last_step", -1),
		    record_true(rec, "verified"));
	if (run == NULL || strcmp(run, story->run) != 0)
		complain(story->verdict, "the run is not the one asked for");
}

static void
judge(struct session *session, int status, jv records, const char *said)
{
	struct story *story = session->story;
	int count = jv_array_length(jv_copy(records));
	jv last =
	    count > 0 ? jv_array_get(jv_copy(records), count - 1) : jv_null();
	const char *code = code_of(last, "error");
	int good = session->plan->by_signal ? 128 + SIGTERM : 0;

	if (code == NULL)
		code = code_of(last, "failed");
	if (strstr(said, "Sanitizer") != NULL ||
	    strstr(said, "runtime error") != NULL)
		complain(story->verdict, "%.1500s", said);
	if (status != good && status != 1)
		complain(story->verdict, "status %d: %.500s", status, said);
	else if (status == 0 && code != NULL)
		complain(story->verdict, "status 0, code %s", code);
	else if (status == 1 && code == NULL)
		complain(story->verdict, "status 1 without a code");
	else if (code != NULL && !may_fail(session))
		complain(story->verdict, "status %d, code %s: %.500s", status,
		    code, said);
	else if (code == NULL)
		judge_success(story, last);
	jv_free(last);
}

/* What came of it. */
static void
look_at_end(struct session *session)
{
	struct buf said = { 0 };
	jv records;

	session->story->taken = taken(session);
	if (session->struck)
		return;
	records = read_records(out);
	jv_free(file_read(err, 1 << 20, &said));
	judge(session, session->status, records, said.len > 0 ? said.at : "");
	jv_free(records);
	buf_release(&said);
}

int
session(struct story *story, const struct plan *plan)
{
	struct session session = { .story = story,
		.plan = plan,
		.first = plan->piece_count > 0 ? plan->pieces[0].line
					       : story->lines };

	take_clock(story);
	/* No program is called twice in a microsecond. */
	set_clock(story, story->now + 0.001 * story->calls);
	story->begun = session.alive = story->reachable = story->now;
	story->calls++;
	session.came = session.first;
	if (session.first < story->lines)
		story->lines = session.first; /* these come again */
	story->safe = session.first;
	start(&session);
	session.went_on = true_time();
	moment_comes(&session);
	while (settle(&session)) {
		story->busy = fmax(story->busy, true_time() - session.went_on);
		story->safe = taken(&session);
		session.waited++;
		look_at_faults(&session);
		move_on(&session);
	}
	look_at_end(&session);
	while (session.waiter_count > 0)
		go_out(&session, &session.waiters[0]);
	close(session.unread);
	if (session.input >= 0)
		close(session.input);
	buf_release(&session.pending);
	free(session.ends);
	free(session.faults);
	return session.status;
}
