/* SPDX-License-Identifier: MIT */
/*
 * logrun - a run that is logged: from standard input into a spool, and from
 * there, by a process beside, to the server
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "ndjson.h"
#include "record.h"
#include "wandb/logrun.h"
#include "wandb/logsend.h"
#include "wandb/logspool.h"
#include "wandb/rundir.h"
#include "wandb/stream.h"

enum {
	PIECE = 64 << 10,  /* bytes that are read at once */
	GREETING = 5,      /* seconds for the server's first answer */
	CODE_STOPPED = 255 /* as the official client has it */
};

struct state {
	const struct logrun_options *options;
	struct logwriter *writer;
	char *file;
	struct logsend sender;
	bool refused; /* it was said that nothing is sent any more */
	struct buf read;
	bool passing;       /* the rest of a line that is too long */
	long line;          /* the number of the last one */
	long skipped;       /* lines that were left out */
	bool ended;         /* no more is read */
	int code;           /* of the run, then */
	int status;         /* at least this one */
	jv why;             /* the spool cannot be written any more */
	long spooled_lines; /* those before it are in the spool, */
	int64_t rows;       /* with so many rows; */
	int64_t last_step;  /* that of the last one */
};

static int signals[2] = { -1, -1 }; /* a pipe; its numbers are written to it */

static void
on_signal(int number)
{
	static volatile sig_atomic_t caught;
	char byte = (char)number;
	int saved = errno;

	if (caught)
		raise(number); /* as the action was reset */
	caught = true;
	if (write(signals[1], &byte, 1) < 0)
		errno = saved;
}

static void
catch_signals(void)
{
	if (pipe(signals) < 0 || fcntl(signals[0], F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(signals[0], F_SETFL, O_NONBLOCK) < 0 ||
	    fcntl(signals[1], F_SETFD, FD_CLOEXEC) < 0)
		die(STATUS_STREAM, "a pipe: %s", strerror(errno));
	diag_catch(on_signal);
	(void)signal(SIGXFSZ, SIG_IGN); /* write(2) says it as well */
}

/* The signal that came; 0 if none did. */
static int
signal_number(void)
{
	static int number;
	char byte;

	if (number == 0 && read(signals[0], &byte, 1) == 1)
		number = byte;
	return number;
}

/* ---- lines ---- */

static void
skip_line(struct state *state, const char *why)
{
	warning("line %ld: %s", state->line, why);
	state->skipped++;
	if (!state->options->strict)
		return;
	state->ended = true;
	state->code = 1;
	state->status = STATUS_STREAM;
}

static void
take_line(struct state *state, struct span line, double now)
{
	const char *why;

	state->line++;
	while (line.len > 0 && strchr(" \t\r", *line.at) != NULL) {
		line.at++;
		line.len--;
	}
	if (line.len == 0)
		return;
	why = logrows_take(state->options->rows, line, now, state->writer);
	if (why != NULL)
		skip_line(state, why);
}

/* Takes whole lines of what was read; at the end the last one, too. */
static void
take_lines(struct state *state, bool end)
{
	struct buf *read = &state->read;
	double now = clock_now();
	size_t at = 0, len;
	char *found;

	while (!state->ended && at < read->len) {
		found = memchr(read->at + at, '\n', read->len - at);
		if (found == NULL && !end)
			break;
		len = found != NULL ? (size_t)(found - read->at) - at
				    : read->len - at;
		if (!state->passing)
			take_line(
			    state, (struct span){ read->at + at, len }, now);
		state->passing = false;
		at += len + (found != NULL);
	}
	memmove(read->at, read->at + at, read->len - at);
	buf_cut(read, read->len - at);
	if (read->len <= STREAM_MOST_LINE)
		return;
	if (!state->passing) {
		state->line++;
		skip_line(state, "it is longer than the server takes");
	}
	state->passing = true;
	buf_cut(read, 0);
}

/* ---- the spool ---- */

/*
 * Writes what was taken, and lets it be sent. If that fails, what was taken
 * since the last time is lost, and the run ends.
 */
static bool
spool(struct state *state)
{
	const struct logrows *rows = state->options->rows;
	jv why;

	logrows_summary(state->options->rows, clock_now(), state->writer);
	if (logwriter_waiting(state->writer) == 0)
		return true;
	why = logwriter_write(state->writer);
	if (jv_is_valid(why)) {
		jv_free(why);
		if (jv_is_valid(state->why)) {
			state->spooled_lines = state->line;
			state->rows = logrows_count(rows);
			state->last_step = logrows_last_step(rows);
		}
		if (state->options->wandb != NULL)
			logsend_wake(&state->sender);
		return true;
	}
	if (jv_is_valid(state->why)) {
		jv_free(state->why);
		state->why =
		    error_value("io", "%s; lines from %ld on are not logged",
			error_message(why), state->spooled_lines + 1);
		state->code = 1;
	}
	jv_free(why);
	state->ended = true;
	return false;
}

static void
read_input(struct state *state)
{
	struct buf *buf = &state->read;
	ssize_t n;

	buf_reserve(buf, PIECE);
	n = read(STDIN_FILENO, buf->at + buf->len, PIECE);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0) {
		buf->len += (size_t)n;
	} else {
		state->ended = n < 0;
		if (n < 0) {
			warning("standard input: %s", strerror(errno));
			state->status = STATUS_STREAM;
			state->code = 1;
		}
	}
	take_lines(state, n == 0);
	state->ended = state->ended || n <= 0;
	(void)spool(state); /* state->why says it */
}

/* What was written to the input before the signal came. */
static void
drain_input(struct state *state)
{
	struct stat st;
	int left = 0;
	ssize_t n = 1;

	if (fstat(STDIN_FILENO, &st) < 0 || S_ISREG(st.st_mode) ||
	    ioctl(STDIN_FILENO, FIONREAD, &left) < 0)
		left = 0;
	buf_reserve(&state->read, (size_t)left);
	for (; left > 0 && n > 0; left -= (int)n) {
		n = read(STDIN_FILENO, state->read.at + state->read.len,
		    (size_t)left);
		if (n > 0)
			state->read.len += (size_t)n;
	}
	take_lines(state, true);
	(void)spool(state); /* state->why says it */
}

/* ---- the server ---- */

/* What the process that sends has said. */
static void
hear(struct state *state)
{
	struct logsend *sender = &state->sender;
	jv why;

	logsend_listen(sender);
	if (sender->stopped && !state->ended) {
		warning(
		    "somebody asked on %s for the run to stop", sender->url);
		state->ended = true;
		state->code = CODE_STOPPED;
	}
	if (!sender->over || state->ended || state->refused)
		return;
	state->refused = true;
	why = record_get(sender->outcome, "error");
	warning(
	    "%s; lines go on into %s", record_str(why, "message"), state->file);
	jv_free(why);
}

/* Until the input ends, or something else ends the run. */
static void
log_input(struct state *state)
{
	struct logsend *sender = &state->sender;
	bool online = state->options->wandb != NULL, room = true;
	double seconds = INFINITY;

	while (!state->ended) {
		struct pollfd fds[] = {
			{ .fd = signals[0], .events = POLLIN },
			{ .fd = online && !sender->over ? sender->fd : -1,
			    .events = POLLIN },
			{ .events = POLLIN },
		};

		if (online)
			room = logsend_has_room(
			    sender, logwriter_size(state->writer), &seconds);
		fds[2].fd = room ? STDIN_FILENO : -1;
		if (clock_poll(fds, 3, room ? INFINITY : seconds) <= 0)
			continue;
		if (fds[0].revents != 0 && signal_number() != 0) {
			drain_input(state);
			state->code = 128 + signal_number();
			state->ended = true;
		} else if (fds[1].revents != 0) {
			hear(state);
		} else if (fds[2].revents != 0) {
			read_input(state);
		}
	}
}

/* Waits until the process says something. False: it has ended, or time is up.
 */
static bool
listen_on(struct state *state, const struct deadline *end)
{
	struct logsend *sender = &state->sender;
	struct pollfd fd = { .fd = sender->fd, .events = POLLIN };

	if (sender->over || deadline_left(end) <= 0)
		return false;
	if (clock_poll(&fd, 1, deadline_left(end)) > 0)
		logsend_listen(sender);
	return true;
}

/* ---- records ---- */

/* Which run it is, as far as that is known. */
static jv
run_record(const struct state *state)
{
	const struct logrun_options *options = state->options;
	const struct run_params *params = &options->params;
	const struct logsend *sender = &state->sender;
	jv rec = jv_object();
	char *text;

	if (sender->run != NULL)
		return record_set_str(record_set_str(rec, "run", sender->run),
		    "url", sender->url);
	if (params->entity == NULL) {
		rec = record_set_str(rec, "run_id", params->run_id);
		return record_set_str(rec, "project", params->project);
	}
	text = xasprintf(
	    "%s/%s/%s", params->entity, params->project, params->run_id);
	rec = record_set_str(rec, "run", text);
	free(text);
	if (options->wandb == NULL)
		return rec;
	text = wandb_run_url(
	    options->wandb, params->entity, params->project, params->run_id);
	rec = record_set_str(rec, "url", text);
	free(text);
	return rec;
}

/* Begins to send. False if the server does not take the run. */
static bool
greet(struct state *state)
{
	const struct logrun_options *options = state->options;
	struct logsend_options send = { .wandb = options->wandb,
		.dir = options->dir,
		.file = state->file,
		.params = &options->params,
		.resume = options->resume,
		.batch = options->batch,
		.interval = options->interval };
	struct logsend *sender = &state->sender;
	struct deadline end = deadline_in(GREETING);
	jv rec;

	logsend_start(sender, &send);
	while (!sender->taken && listen_on(state, &end))
		continue;
	rec = run_record(state);
	if (sender->over) {
		rec = record_take(rec, "error", sender->outcome, "error");
		ndjson_write(rec);
		logspool_remove(state->file);
		return false;
	}
	logrows_go_on(options->rows, sender->step, sender->runtime);
	if (!ndjson_try(rec)) {
		/* The last record cannot be written, either: that says it. */
		state->ended = true;
		state->code = 1;
	}
	return true;
}

/* Why the rest of the spool is not sent; jv_null(): there is no rest. */
static jv
rest_of(const struct state *state)
{
	const struct logsend *sender = &state->sender;

	if (state->options->wandb == NULL)
		return jv_null();
	if (!sender->over)
		return error_value("timeout",
		    "the server has not confirmed all of it in time");
	return logsend_verdict(sender->outcome);
}

static jv
set_spool(const struct state *state, jv rec)
{
	char *folder = rundir_of(state->file);

	rec = record_set_str(rec, "wandb_file", state->file);
	rec = record_set_str(rec, "run_dir", folder);
	free(folder);
	return rec;
}

/* What came of it. */
static jv
end_record(const struct state *state)
{
	static const char *const taken[] = { "history_lines", "last_step",
		"verified", "verified_at" };
	const struct logsend *sender = &state->sender;
	bool online = state->options->wandb != NULL;
	jv rec = run_record(state), why = rest_of(state);
	bool whole = online && jv_is_valid(why);

	rec = record_set_number(rec, "history_lines",
	    (double)(online ? sender->lines : state->rows));
	if (state->rows > 0)
		rec = record_set_number(
		    rec, "last_step", (double)state->last_step);
	for (size_t i = 0; online && i < sizeof taken / sizeof *taken; i++)
		rec = record_take(rec, taken[i], sender->outcome, taken[i]);
	rec = record_set_number(
	    rec, "spooled", (double)(whole ? 0 : state->rows - sender->rows));
	rec = record_set_bool(rec, "verified", whole);
	if (!whole)
		rec = set_spool(state, rec);
	if (state->skipped > 0)
		rec = record_set_number(
		    rec, "skipped_lines", (double)state->skipped);
	if (!jv_is_valid(state->why))
		rec = record_failed(rec, jv_copy(state->why));
	if (!jv_is_valid(why))
		rec = record_failed(rec, why);
	else
		jv_free(why);
	if (state->skipped > 0)
		rec = record_failed(rec,
		    error_value(
			"input", "lines were left out: %ld", state->skipped));
	if (sender->stopped) {
		rec = record_set_bool(rec, "stopped", true);
		rec = record_failed(rec,
		    error_value("rejected", "the run was stopped on its page"));
	}
	return rec;
}

/* ---- the whole ---- */

/* The head of the spool; jv_null(), or why there is none. */
static jv
begin_spool(struct state *state)
{
	const struct logrun_options *options = state->options;
	jv path =
	    logspool_make(options->dir, options->params.run_id, options->start);
	jv why;

	if (!jv_is_valid(path))
		return path;
	state->file = xstrdup(jv_string_value(path));
	jv_free(path);
	state->writer = logwriter_new(state->file, &why);
	if (state->writer == NULL)
		return why;
	jv_free(why);
	logwriter_run(state->writer, &options->params, options->config,
	    options->start, options->resume);
	logrows_metrics(options->rows, state->writer);
	return logwriter_write(state->writer);
}

/* Writes the end of the run, and waits until the server has all of it. */
static void
finish(struct state *state)
{
	struct deadline end;
	bool whole;

	logrows_exit(
	    state->options->rows, clock_now(), state->code, state->writer);
	whole = spool(state);
	if (state->options->wandb == NULL)
		return;
	/* Whoever writes learns that nobody reads any more. */
	(void)close(STDIN_FILENO);
	end = deadline_in(state->options->timeout);
	while ((whole || state->sender.rows < state->rows) &&
	    listen_on(state, &end))
		continue;
}

int
logrun(const struct logrun_options *options)
{
	struct state state = {
		.options = options, .code = options->exit_code, .why = jv_null()
	};
	jv why, rec;
	int number;

	state.sender.outcome = jv_null();
	catch_signals();
	why = begin_spool(&state);
	if (!jv_is_valid(why)) {
		if (state.file != NULL)
			logspool_remove(state.file);
		ndjson_write(record_error(run_record(&state), why));
		return STATUS_RECORD;
	}
	jv_free(why);
	if (options->wandb != NULL && !greet(&state)) {
		logsend_end(&state.sender);
		return STATUS_RECORD;
	}
	log_input(&state);
	finish(&state);
	rec = end_record(&state);
	if (options->wandb != NULL)
		logsend_end(&state.sender);
	if (record_true(rec, "verified"))
		logspool_remove(state.file);
	why = record_get(rec, "failed");
	if (jv_is_valid(why) && state.status == STATUS_OK)
		state.status = STATUS_RECORD;
	jv_free(why);
	ndjson_write(rec);
	number = signal_number();
	if (number != 0) {
		(void)signal(number, SIG_DFL);
		raise(number);
	}
	logwriter_free(state.writer);
	free(state.file);
	buf_release(&state.read);
	jv_free(state.why);
	return state.status;
}
