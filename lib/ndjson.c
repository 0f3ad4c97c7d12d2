/* SPDX-License-Identifier: MIT */
/*
 * ndjson - records in and out, the loop that every filter's main() ends in
 *
 * One job works in this process. More are forked, each at the other end of a
 * socket: a record goes there in a line, lines come back, and one that begins
 * with END_MARK instead of '{' says that the record is done. Input is read
 * only while a worker has nothing to do, so that a slow reader or server holds
 * it back and memory does not grow with it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "clock.h"
#include "diag.h"
#include "json.h"
#include "mem.h"
#include "ndjson.h"
#include "patience.h"
#include "record.h"

enum {
	END_MARK = '!',
	REST_MARK = '~',
	MOST_LINE = 64 << 20,
	MOST_JOBS = 256,
	PIECE = 65536,
	MOMENT = 200,   /* ms without input, after which flush is called, */
	FLUSH_AFTER = 1 /* seconds, after which it is in any case */
};

static const struct ndjson_tool *tool;

/* ---- output ---- */

static bool bad; /* a record that was written has error or failed */
static bool is_worker;

/* Gives whole lines to the tool's sink; false without one. */
static bool
sink(const char *lines, size_t len)
{
	const char *at = lines, *end;

	if (tool == NULL || tool->sink == NULL || is_worker)
		return false;
	for (; at < lines + len; at = end + 1) {
		end = memchr(at, '\n', (size_t)(lines + len - at));
		if (end == NULL)
			end = lines + len;
		tool->sink((struct span){ at, (size_t)(end - at) });
	}
	return true;
}

static bool
put(const char *text, size_t len)
{
	return fwrite(text, 1, len, stdout) == len && putchar('\n') != EOF &&
	    fflush(stdout) != EOF;
}

void
ndjson_write_text(const char *text, size_t len)
{
	if (!sink(text, len) && !put(text, len))
		die(STATUS_STREAM, "standard output: %s", strerror(errno));
}

void
ndjson_write_lines(const char *lines, size_t len)
{
	if (len > 0 && !sink(lines, len) &&
	    (fwrite(lines, 1, len, stdout) != len || fflush(stdout) == EOF))
		die(STATUS_STREAM, "standard output: %s", strerror(errno));
}

/* Whether message begins with what it is about. */
static bool
names(const char *message, const char *what)
{
	size_t len = strlen(what);

	return strncmp(message, what, len) == 0 && message[len] != '\0' &&
	    strchr(": /.", message[len]) != NULL;
}

/* Notes a verdict of rec, and says it if this tool put it there. */
static void
tell(jv rec, const char *field)
{
	jv why = record_get(rec, field);
	const char *by = record_str(why, "tool");
	const char *message = record_str(why, "message");
	const char *what = tool != NULL ? record_str(rec, tool->key) : NULL;

	if (jv_is_valid(why) && jv_get_kind(why) != JV_KIND_NULL)
		bad = true;
	if (what == NULL || message == NULL || names(message, what))
		what = "";
	if (by != NULL && message != NULL && strcmp(by, diag_name()) == 0)
		warning("%s%s%s", what, *what != '\0' ? ": " : "", message);
	jv_free(why);
}

void
ndjson_write(jv rec)
{
	jv text;

	tell(rec, "error");
	tell(rec, "failed");
	text = jv_dump_string(rec, 0);
	ndjson_write_text(jv_string_value(text),
	    (size_t)jv_string_length_bytes(jv_copy(text)));
	jv_free(text);
}

bool
ndjson_try(jv rec)
{
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	jv text = jv_dump_string(rec, 0);
	bool written = put(jv_string_value(text),
	    (size_t)jv_string_length_bytes(jv_copy(text)));

	(void)signal(SIGPIPE, before);
	jv_free(text);
	return written;
}

/* Works on one record and writes what comes of it. */
static void
handle(jv rec)
{
	jv kept = jv_copy(rec), out;

	if (tool->any_key || tool->flush != NULL ||
	    record_str(rec, tool->key) != NULL)
		out = tool->work(rec);
	else if (record_true(rec, "dry_run"))
		out = rec; /* what was not done has left nothing */
	else
		out = record_error(rec,
		    error_value("input", "the record has no %s", tool->key));
	if (jv_is_valid(out)) {
		jv_free(kept);
		ndjson_write(out);
	} else if (jv_invalid_has_msg(jv_copy(out))) {
		ndjson_write(record_error(kept, out));
	} else {
		jv_free(kept);
		jv_free(out);
	}
}

/* ---- input ---- */

static struct {
	char **operands; /* the next one; NULL where standard input is read */
	struct buf read; /* what was read and not yet taken */
	size_t taken;
	long line;
	bool ended;   /* standard input has */
	char *broken; /* why it cannot be read any further */
} input;

long
ndjson_line(void)
{
	return input.line;
}

/* Whether nothing comes for a moment. */
static bool
input_rests(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&in, 1, MOMENT) == 0;
}

/* Reads what there is; may wait. */
static void
input_read(void)
{
	ssize_t got;

	if (input.taken > 0) {
		input.read.len -= input.taken;
		memmove(
		    input.read.at, input.read.at + input.taken, input.read.len);
		input.taken = 0;
	}
	buf_reserve(&input.read, PIECE);
	do
		got = read(STDIN_FILENO, input.read.at + input.read.len, PIECE);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		input.read.len += (size_t)got;
	else
		input.ended = true;
	if (got < 0)
		input.broken = xasprintf("standard input: %s", strerror(errno));
}

/* The next line that was read whole; at the end also one without an end. */
static bool
input_line(struct span *line)
{
	size_t left = input.read.len - input.taken;
	const char *at = left > 0 ? input.read.at + input.taken : NULL;
	const char *end = left > 0 ? memchr(at, '\n', left) : NULL;

	if (input.broken != NULL || (end == NULL && !(input.ended && left > 0)))
		return false;
	line->at = at;
	line->len = end != NULL ? (size_t)(end - at) : left;
	input.taken += line->len + (end != NULL);
	input.line++;
	return true;
}

/* Says why no more input is taken: the place is a line or an operand. */
static jv
broken(const char *why, size_t at)
{
	if (input.operands != NULL)
		cli_wrong("%s: byte %zu: %s", *input.operands, at + 1, why);
	input.broken = xasprintf(
	    "standard input: line %ld: byte %zu: %s", input.line, at + 1, why);
	return jv_invalid();
}

/* The record that text is or, as an operand, stands for. */
static jv
input_record(struct span text)
{
	struct json_value value;
	struct json_fault fault;
	const char *nul;
	jv rec;

	if (text.len == 0 || text.at[0] != '{') {
		nul = memchr(text.at, '\0', text.len);
		if (nul != NULL)
			return broken("a NUL", (size_t)(nul - text.at));
		rec = jv_string_sized(text.at, (int)text.len);
		if (!span_is(text, jv_string_value(rec))) {
			jv_free(rec);
			return broken("no UTF-8", 0);
		}
		return jv_object_set(jv_object(), jv_string(tool->key), rec);
	}
	/* libjq takes much that is no JSON, and does not tell the place. */
	if (!json_value(text, 0, &value, &fault))
		return broken(fault.why, fault.at);
	rec = jv_parse_sized(text.at, (int)text.len);
	if (jv_is_valid(rec))
		return rec;
	jv_free(rec);
	return broken("nested too deeply", 0);
}

static void
input_begin(char **operands)
{
	if (operands[0] == NULL && isatty(STDIN_FILENO))
		cli_wrong("no operand, and standard input is a terminal");
	if (operands[0] == NULL)
		return;
	/* A wrong operand is found before the first is worked on. */
	for (input.operands = operands; *input.operands != NULL;
	     input.operands++) {
		/* As of a variable that is not set: no call to do nothing. */
		if (**input.operands == '\0')
			cli_wrong("an operand is empty");
		jv_free(input_record(span_of(*input.operands)));
	}
	input.operands = operands;
}

/* Whether it is a record that the tool took as text. */
static bool
is_taken(struct span text)
{
	return tool->take != NULL && text.at[0] == '{' && tool->take(text);
}

/*
 * The next record. False if none was read yet, if the input ended, or if it is
 * broken.
 */
static bool
input_next(jv *rec)
{
	struct span line;

	if (input.operands != NULL) {
		while (*input.operands != NULL &&
		    is_taken(span_of(*input.operands)))
			input.operands++;
		if (*input.operands == NULL)
			return false;
		*rec = input_record(span_of(*input.operands));
		input.operands++;
		return true;
	}
	do
		if (!input_line(&line)) {
			if (input.read.len - input.taken > MOST_LINE) {
				input.line++;
				broken("a line of more than 64 MiB", 0);
			}
			return false;
		}
	while (line.len == 0 || is_taken(line));
	*rec = input_record(line);
	return jv_is_valid(*rec);
}

static bool
input_is_over(void)
{
	if (input.operands != NULL)
		return *input.operands == NULL;
	return input.broken != NULL ||
	    (input.ended && input.taken == input.read.len);
}

/* ---- groups: batches of records that one worker does in order ---- */

struct batch {
	struct ndjson_group group;
	jv *records;
	double *orders;
	int count;
	int done;
	struct batch *next;
};

static struct batch *waiting; /* whose members did not all come, oldest first */

static void
batch_add(struct batch *batch, jv rec, double order)
{
	size_t room = (size_t)batch->count + 1;
	int at = batch->count++;

	batch->records =
	    xreallocarray(batch->records, room, sizeof *batch->records);
	batch->orders =
	    xreallocarray(batch->orders, room, sizeof *batch->orders);
	for (; at > 0 && batch->orders[at - 1] > order; at--) {
		batch->records[at] = batch->records[at - 1];
		batch->orders[at] = batch->orders[at - 1];
	}
	batch->records[at] = rec;
	batch->orders[at] = order;
}

static void
batch_free(struct batch *batch)
{
	for (int i = batch->done; i < batch->count; i++)
		jv_free(batch->records[i]);
	free(batch->records);
	free(batch->orders);
	free(batch->group.name);
	free(batch);
}

/* The place of the batch that rec belongs to, which may be empty. */
static struct batch **
batch_place(const char *name)
{
	struct batch **at = &waiting;

	while (*at != NULL && strcmp((*at)->group.name, name) != 0)
		at = &(*at)->next;
	return at;
}

static struct batch *
batch_leave(struct batch **at)
{
	struct batch *batch = *at;

	*at = batch->next;
	batch->next = NULL;
	return batch;
}

/* Puts rec into its batch; returns that if it is complete. */
static struct batch *
batch_of(jv rec)
{
	struct ndjson_group group = { 0 };
	struct batch **at, *batch;

	if (tool->group != NULL)
		tool->group(rec, &group);
	if (group.name == NULL || group.members == 1) {
		batch = xcalloc(1, sizeof *batch);
		batch->group = group;
		batch_add(batch, rec, group.order);
		return batch;
	}
	at = batch_place(group.name);
	if (*at == NULL) {
		*at = xcalloc(1, sizeof **at);
		(*at)->group = group;
	} else {
		free(group.name);
	}
	batch_add(*at, rec, group.order);
	return (*at)->count == (*at)->group.members ? batch_leave(at) : NULL;
}

/*
 * The next batch that can be begun. NULL if more must be read first, or, when
 * the input is over, if there is none.
 */
static struct batch *
batch_next(void)
{
	struct batch *batch = NULL;
	jv rec;

	while (batch == NULL && input_next(&rec)) {
		if (tool->flush == NULL && record_is_dead(rec))
			ndjson_write(rec);
		else
			batch = batch_of(rec);
	}
	if (batch == NULL && waiting != NULL && input_is_over())
		batch = batch_leave(&waiting);
	return batch;
}

/* ---- one job ---- */

/* Whether what a tool keeps has to go out. */
static bool
must_flush(double since)
{
	return input_is_over() || clock_ticks() - since > FLUSH_AFTER ||
	    input_rests();
}

static void
work_here(void)
{
	double flushed_at = clock_ticks();
	struct batch *batch;

	for (;;) {
		while ((batch = batch_next()) != NULL) {
			while (batch->done < batch->count)
				handle(batch->records[batch->done++]);
			batch_free(batch);
		}
		if (tool->flush != NULL && must_flush(flushed_at)) {
			tool->flush();
			flushed_at = clock_ticks();
		}
		if (input_is_over())
			return;
		input_read();
	}
}

/* ---- more jobs ---- */

struct worker {
	pid_t pid; /* 0: not started */
	int fd;
	struct batch *batch; /* what it works on; NULL: it has nothing to do */
	jv record;           /* a copy of the one that it has */
	bool rests;          /* only waits, with that: ndjson_rest() */
	struct buf said;
};

static struct worker workers[2 * MOST_JOBS];
static int jobs, most; /* that work; and with those that rest */

/* For the handler: the workers' pids, 0 where there is none. */
static volatile pid_t pids[2 * MOST_JOBS];

/* SIGINT, SIGTERM: the workers end, then we do, by the same signal. */
static void
on_signal(int number)
{
	for (int i = 0; i < most; i++)
		if (pids[i] != 0)
			kill(pids[i], number);
	for (int i = 0; i < most; i++)
		if (pids[i] != 0)
			waitpid(pids[i], NULL, 0);
	raise(number);
}

/* In the worker: a record a line, until there are no more. */
static _Noreturn void
worker_main(int fd)
{
	FILE *in = fdopen(fd, "r");
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	is_worker = true;
	if (in == NULL || dup2(fd, STDOUT_FILENO) < 0)
		die(STATUS_STREAM, "a worker: %s", strerror(errno));
	while ((len = getline(&line, &room, in)) > 0) {
		bad = false;
		handle(jv_parse_sized(line, (int)len));
		ndjson_write_text(bad ? "!1" : "!0", 2);
	}
	exit(STATUS_OK);
}

void
ndjson_rest(void)
{
	if (is_worker)
		ndjson_write_text("~", 1);
}

static void
worker_start(struct worker *worker)
{
	int ends[2];
	pid_t parent = getpid();

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		die(STATUS_STREAM, "a worker: %s", strerror(errno));
	worker->pid = fork();
	if (worker->pid < 0)
		die(STATUS_STREAM, "a worker: %s", strerror(errno));
	if (worker->pid > 0) {
		close(ends[1]);
		worker->fd = ends[0];
		pids[worker - workers] = worker->pid;
		return;
	}
	/* A parent that dies takes its workers along. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		exit(STATUS_STREAM);
	diag_catch(SIG_DFL);
	for (int i = 0; i < most; i++)
		if (workers[i].pid > 0)
			close(workers[i].fd);
	close(ends[0]);
	if (freopen("/dev/null", "r", stdin) == NULL)
		die(STATUS_STREAM, "/dev/null: %s", strerror(errno));
	worker_main(ends[1]);
}

/* Gives the worker the next record of its batch, or lets it rest. */
static void
worker_feed(struct worker *worker)
{
	struct batch *batch = worker->batch;
	const char *at;
	size_t left;
	ssize_t sent;
	jv text;

	if (batch->done == batch->count) {
		batch_free(batch);
		worker->batch = NULL;
		return;
	}
	if (worker->pid == 0)
		worker_start(worker);
	worker->record = batch->records[batch->done++];
	worker->rests = false;
	text = jv_dump_string(jv_copy(worker->record), 0);
	text = jv_string_append_str(text, "\n");
	at = jv_string_value(text);
	left = (size_t)jv_string_length_bytes(jv_copy(text));
	/* One that died meanwhile is noticed when its end is read. */
	while (left > 0) {
		sent = send(worker->fd, at, left, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			break;
		at += sent;
		left -= (size_t)sent;
	}
	jv_free(text);
}

/* A worker ended in the middle: that costs its record, no other. */
static void
worker_died(struct worker *worker)
{
	int status = 0;

	close(worker->fd);
	while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	pids[worker - workers] = 0;
	worker->pid = 0;
	buf_clear(&worker->said);
	/* It said that it cannot do any record. */
	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_USAGE)
		exit(STATUS_USAGE);
	ndjson_write(record_error(worker->record,
	    WIFSIGNALED(status)
		? error_value("io", "the worker was ended by signal %d (%s)",
		      WTERMSIG(status), strsignal(WTERMSIG(status)))
		: error_value("io", "the worker ended with status %d",
		      WEXITSTATUS(status))));
	worker_feed(worker);
}

/* Passes the lines of a worker on. */
static void
worker_hear(struct worker *worker)
{
	const char *at, *end, *lines; /* those that are not yet written */
	size_t left;
	ssize_t got;

	buf_reserve(&worker->said, PIECE);
	got = read(worker->fd, worker->said.at + worker->said.len, PIECE);
	if (got < 0 && errno == EINTR)
		return;
	if (got <= 0) {
		worker_died(worker);
		return;
	}
	worker->said.len += (size_t)got;
	at = lines = worker->said.at;
	left = worker->said.len;
	while ((end = memchr(at, '\n', left)) != NULL) {
		size_t len = (size_t)(end - at) + 1;

		if (*at == END_MARK || *at == REST_MARK) {
			ndjson_write_lines(lines, (size_t)(at - lines));
			lines = end + 1;
		}
		if (*at == REST_MARK) {
			worker->rests = true;
		} else if (*at == END_MARK) {
			bad = bad || at[1] == '1';
			jv_free(worker->record);
			worker_feed(worker);
		}
		left -= len;
		at += len;
	}
	ndjson_write_lines(lines, (size_t)(at - lines));
	memmove(worker->said.at, at, left);
	worker->said.len = left;
}

/* Whether one more may begin to work. */
static bool
has_room(void)
{
	int busy = 0;

	for (int i = 0; i < most; i++)
		busy += workers[i].batch != NULL && !workers[i].rests;
	return busy < jobs;
}

/* Gives batches to idle workers. Whether one is idle still. */
static bool
workers_feed(void)
{
	for (int i = 0; i < most && has_room(); i++) {
		while (workers[i].batch == NULL) {
			workers[i].batch = batch_next();
			if (workers[i].batch == NULL)
				return true;
			worker_feed(&workers[i]);
		}
	}
	return false;
}

static void
work_with_workers(void)
{
	struct pollfd polls[2 * MOST_JOBS + 1];
	int of[2 * MOST_JOBS + 1], count;
	bool idle;

	diag_catch(on_signal);
	for (;;) {
		idle = workers_feed();
		count = 0;
		for (int i = 0; i < most; i++) {
			if (workers[i].batch == NULL)
				continue;
			of[count] = i;
			polls[count++] = (struct pollfd){ .fd = workers[i].fd,
				.events = POLLIN };
		}
		if (count == 0 && input_is_over())
			break;
		of[count] = -1;
		if (idle && !input_is_over() && input.operands == NULL)
			polls[count++] = (struct pollfd){ .fd = STDIN_FILENO,
				.events = POLLIN };
		if (poll(polls, (nfds_t)count, -1) < 0 && errno != EINTR)
			die(STATUS_STREAM, "poll: %s", strerror(errno));
		for (int i = 0; i < count; i++) {
			if (polls[i].revents == 0)
				continue;
			if (polls[i].fd == STDIN_FILENO)
				input_read();
			else
				worker_hear(&workers[of[i]]);
		}
	}
}

/* No more records: the workers come to their end. */
static void
workers_end(void)
{
	for (int i = 0; i < most; i++) {
		if (workers[i].pid == 0)
			continue;
		close(workers[i].fd);
		while (waitpid(workers[i].pid, NULL, 0) < 0 && errno == EINTR)
			continue;
		pids[i] = 0;
		buf_release(&workers[i].said);
	}
	diag_catch(SIG_DFL);
}

int
ndjson_run(const struct ndjson_tool *what, char **operands)
{
	tool = what;
	jobs = cli_jobs(tool->jobs > 0 ? tool->jobs : 1);
	if (tool->flush != NULL)
		jobs = 1;
	if (jobs > MOST_JOBS)
		jobs = MOST_JOBS;
	most = 2 * jobs;
	input_begin(operands);
	if (jobs == 1) {
		work_here();
	} else {
		patience_share();
		work_with_workers();
		workers_end();
	}
	buf_release(&input.read);
	if (input.broken != NULL)
		die(STATUS_STREAM, "%s", input.broken);
	if (tool->end != NULL)
		tool->end();
	return bad ? STATUS_RECORD : STATUS_OK;
}

int
ndjson_filter(char **operands, const char *key, ndjson_work *work)
{
	struct ndjson_tool simple = { .key = key, .work = work };

	return ndjson_run(&simple, operands);
}
