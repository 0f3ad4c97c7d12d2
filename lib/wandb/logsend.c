/* SPDX-License-Identifier: MIT */
/*
 * logsend - a process that sends a run while it is logged
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "json.h"
#include "record.h"
#include "wandb/logsend.h"
#include "wandb/logspool.h"
#include "wandb/logwriter.h"
#include "wandb/sync.h"

enum {
	PAUSE = 5,               /* seconds before it is tried again */
	WINDOW_LEAST = 32 << 10, /* bytes that are not sent yet */
	WINDOW_MOST = 64 << 20,
	SOON = 10, /* seconds: more may wait, if what waited was read by then */
	LATE = 20, /* less may */
	SILENCE = 30 /* seconds until the server is taken to be away */
};

/* ---- the child ---- */

struct child {
	const struct logsend_options *options;
	struct wandb *wandb;
	int fd;
	struct reach begin; /* where the spool's first lines will be */
	double runtime;     /* seconds that the run had before */
	bool taken;         /* it was said that the server has the run */
	bool complained;    /* that the server cannot be reached */
};

static void
say(const struct child *child, jv words)
{
	jv text = jv_dump_string(words, 0);
	char *line = xasprintf("%s\n", jv_string_value(text));
	size_t len = strlen(line), done = 0;
	ssize_t n = 0;

	for (; done < len && n >= 0; done += (size_t)n)
		n = send(child->fd, line + done, len - done, MSG_NOSIGNAL);
	free(line);
	jv_free(text);
	if (n < 0)
		_exit(STATUS_STREAM); /* nobody listens */
}

static void
on_posted(void *context, const struct sync_news *news)
{
	struct child *child = context;
	jv words = record_set_number(jv_object(), "read", (double)news->read);

	words = record_set_number(words, "rows", (double)news->rows);
	words = record_set_number(words, "lines", (double)news->lines);
	words = record_set_bool(words, "stopped", news->stopped);
	if (!child->taken) {
		words = record_set_str(words, "run", news->run);
		words = record_set_str(words, "url", news->url);
		words =
		    record_set_number(words, "step", (double)child->begin.step);
		words = record_set_number(words, "runtime", child->runtime);
	}
	child->taken = true;
	say(child, words);
}

/* Waits until the spool has grown, for seconds at most. */
static void
on_wait(void *context, double seconds)
{
	struct child *child = context;
	struct pollfd wake = { .fd = child->fd, .events = POLLIN };
	char bytes[512];

	if (clock_poll(&wake, 1, seconds) > 0 &&
	    read(child->fd, bytes, sizeof bytes) <= 0)
		_exit(STATUS_STREAM); /* the parent is gone */
}

jv
logsend_verdict(jv rec)
{
	jv why = record_get(rec, "error"), value = jv_null();

	if (jv_get_kind(why) != JV_KIND_OBJECT) {
		jv_free(why);
		why = record_get(rec, "failed");
	}
	if (record_str(why, "code") != NULL) {
		value = error_value(
		    record_str(why, "code"), "%s", record_str(why, "message"));
		if (record_true(why, "temporary"))
			value = error_temporary(value);
	}
	jv_free(why);
	return value;
}

/* Whether to try again after why, which is borrowed; waits before. */
static bool
again(struct child *child, jv why)
{
	if (jv_is_valid(why) || !error_is_temporary(why))
		return false;
	if (!child->complained)
		warning("%s: %s; it is tried again", child->options->file,
		    error_message(why));
	child->complained = true;
	clock_sleep(PAUSE);
	return true;
}

/* Sends what an earlier call left of the run. */
static jv
send_file(struct child *child, const struct runfile *left)
{
	struct sync_options options = { .maps = jv_array(),
		.keep_summary = true,
		.partial = true,
		.timeout = INFINITY };
	struct syncer *syncer;
	jv rec, why = jv_null();

	if (left->head.state == RUNHEAD_CRASHED)
		why = logwriter_mend(left->path);
	run_params_init(&options.instead);
	syncer = syncer_new(child->wandb, &options);
	while (jv_is_valid(why)) {
		jv_free(why);
		rec = syncer_do(syncer, left->path, jv_object());
		why = logsend_verdict(rec);
		jv_free(rec);
		if (!again(child, why))
			break;
		jv_free(why);
		why = jv_null();
	}
	syncer_free(syncer);
	run_params_release(&options.instead);
	jv_free(options.maps);
	return why;
}

/* The run's files but the spool: jv_null(), or why there is no going on. */
static jv
send_left(struct child *child)
{
	struct runlist list = { 0 };
	jv why = jv_null();

	logspool_left(child->options->dir, child->options->params, &list);
	for (size_t i = 0; i < list.count && jv_is_valid(why); i++) {
		const struct runfile *left = &list.at[i];

		if (strcmp(left->path, child->options->file) == 0)
			continue;
		jv_free(why);
		why = left->head.state != RUNHEAD_LIVE
		    ? jv_null()
		    : error_value("conflict",
			  "another program logs to the run: it writes %s",
			  left->path);
		if (!jv_is_valid(why) || !child->options->resume)
			continue;
		jv_free(why);
		why = send_file(child, left);
		if (jv_is_valid(why) && logwriter_wrote(left->path))
			logspool_remove(left->path);
	}
	runlist_release(&list);
	return why;
}

/* How long a run has run, by its summary: what the last one has said. */
static double
runtime_of(const char *summary)
{
	struct json_value value;
	double runtime;

	if (summary == NULL ||
	    !json_find(span_of(summary), JSON_WORDS, "_runtime", &value) ||
	    value.type != JSON_NUMBER)
		return 0;
	runtime = strtod(value.text.at, NULL);
	return runtime > 0 && isfinite(runtime) ? runtime : 0;
}

/* Finds out where the spool's lines will be, before any of them is sent. */
static jv
find_begin(struct child *child)
{
	const struct run_params *params = child->options->params;
	struct bucket bucket = { 0 };
	jv why;

	while (
	    again(child, why = bucket_ask(child->wandb, params, NULL, &bucket)))
		jv_free(why);
	if (jv_is_valid(why) && bucket.present && !child->options->resume) {
		jv_free(why);
		why = error_value("conflict",
		    "the run %s is there: --resume goes on with it",
		    params->run_id);
	}
	child->begin = (struct reach){ .rows = bucket.rows,
		.events = bucket.events,
		.console = bucket.console,
		.step = bucket.last_row.known ? bucket.last_row.step + 1 : 0 };
	child->runtime = runtime_of(bucket.summary);
	bucket_release(&bucket);
	if (!jv_is_valid(why) || !child->options->resume)
		return why;
	jv_free(why);
	return logspool_set_begin(child->options->file, &child->begin);
}

/* Sends the spool while it is written, until its end is there, verified. */
static jv
send_spool(struct child *child)
{
	struct sync_feed feed = { .batch = child->options->batch,
		.interval = child->options->interval,
		.wait = on_wait,
		.posted = on_posted,
		.context = child };
	struct sync_options options = { .maps = jv_array(),
		.follow = true,
		.feed = &feed,
		.keep_summary = true,
		.no_mark = true,
		.partial = true,
		.timeout = INFINITY };
	struct syncer *syncer;
	jv rec = jv_null(), why = jv_null();

	run_params_init(&options.instead);
	do {
		jv_free(rec);
		jv_free(why);
		syncer = syncer_new(child->wandb, &options);
		rec = syncer_do(syncer, child->options->file, jv_object());
		why = logsend_verdict(rec);
		syncer_free(syncer);
	} while (again(child, why));
	jv_free(why);
	run_params_release(&options.instead);
	jv_free(options.maps);
	return rec;
}

_Noreturn static void
child_main(const struct logsend_options *options, int fd)
{
	struct child child = {
		.options = options, .wandb = options->wandb, .fd = fd
	};
	jv why, rec = jv_object();

	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	why = send_left(&child);
	if (jv_is_valid(why)) {
		jv_free(why);
		why = find_begin(&child);
	}
	if (jv_is_valid(why)) {
		jv_free(rec);
		rec = send_spool(&child);
		jv_free(why);
	} else {
		rec = record_error(rec, why);
	}
	say(&child, jv_object_set(jv_object(), jv_string("outcome"), rec));
	_exit(STATUS_OK);
}

/* ---- the parent ---- */

/* What the tool reads and writes is not the child's to hold open. */
static void
let_go(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0)
		die(STATUS_STREAM, "/dev/null: %s", strerror(errno));
	(void)close(null); /* nothing was written */
}

void
logsend_start(struct logsend *sender, const struct logsend_options *options)
{
	pid_t parent = getpid();
	int fds[2];

	*sender = (struct logsend){ .window = WINDOW_LEAST,
		.marked = clock_ticks(),
		.heard_at = clock_ticks(),
		.outcome = jv_null() };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0 ||
	    (sender->pid = fork()) < 0)
		die(STATUS_STREAM, "a process that sends: %s", strerror(errno));
	if (sender->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(STATUS_STREAM);
		(void)close(fds[0]); /* the parent has it */
		let_go();
		child_main(options, fds[1]);
	}
	(void)close(fds[1]); /* the child has it */
	sender->fd = fds[0];
}

void
logsend_wake(struct logsend *sender)
{
	/* One that has not been read yet wakes it as well. */
	if (!sender->over &&
	    send(sender->fd, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return;
}

bool
logsend_has_room(struct logsend *sender, off_t size, double *seconds)
{
	double now = clock_ticks();
	off_t waiting = size - sender->read;

	*seconds = INFINITY;
	if (sender->read >= sender->mark) {
		if (now - sender->marked > LATE)
			sender->window /= 2;
		else if (now - sender->marked < SOON &&
		    waiting > sender->window / 2)
			sender->window *= 2;
		if (sender->window < WINDOW_LEAST)
			sender->window = WINDOW_LEAST;
		if (sender->window > WINDOW_MOST)
			sender->window = WINDOW_MOST;
		sender->mark = size;
		sender->marked = now;
	}
	if (sender->over || waiting < sender->window) {
		sender->closed_at = 0;
		return true;
	}
	if (sender->closed_at == 0)
		sender->closed_at = now;
	*seconds = fmax(sender->heard_at, sender->closed_at) + SILENCE - now;
	return *seconds <= 0 && waiting < WINDOW_MOST;
}

static void
set_text(char **field, jv words, const char *name)
{
	const char *text = record_str(words, name);

	if (text == NULL)
		return;
	free(*field);
	*field = xstrdup(text);
}

static void
take_words(struct logsend *sender, jv words)
{
	jv outcome = record_get(words, "outcome"), runtime;

	sender->heard_at = clock_ticks();
	set_text(&sender->run, words, "run");
	set_text(&sender->url, words, "url");
	sender->taken = sender->taken || record_str(words, "url") != NULL;
	sender->step = record_int(words, "step", sender->step);
	runtime = record_get(words, "runtime");
	if (jv_get_kind(runtime) == JV_KIND_NUMBER)
		sender->runtime = jv_number_value(runtime);
	jv_free(runtime);
	sender->rows = record_int(words, "rows", sender->rows);
	sender->lines = record_int(words, "lines", sender->lines);
	sender->read = (off_t)record_int(words, "read", sender->read);
	sender->stopped = sender->stopped || record_true(words, "stopped");
	if (jv_is_valid(outcome)) {
		/* One that took the run at the end only has not said it yet. */
		set_text(&sender->run, outcome, "run");
		set_text(&sender->url, outcome, "url");
		sender->over = true;
		jv_free(sender->outcome);
		sender->outcome = outcome;
	} else {
		jv_free(outcome);
	}
	jv_free(words);
}

void
logsend_listen(struct logsend *sender)
{
	struct buf *heard = &sender->heard;
	char *end;
	size_t len;
	ssize_t n;

	buf_reserve(heard, 4096);
	n = read(sender->fd, heard->at + heard->len, 4096);
	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		sender->over = true;
		jv_free(sender->outcome);
		sender->outcome = record_error(jv_object(),
		    error_temporary(
			error_value("io", "the process that sends has ended")));
		return;
	}
	heard->len += (size_t)n;
	while ((end = memchr(heard->at, '\n', heard->len)) != NULL) {
		len = (size_t)(end - heard->at);
		take_words(sender, jv_parse_sized(heard->at, (int)len));
		heard->len -= len + 1;
		memmove(heard->at, end + 1, heard->len);
	}
}

void
logsend_end(struct logsend *sender)
{
	(void)kill(sender->pid, SIGKILL); /* unless it has ended */
	while (waitpid(sender->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	(void)close(sender->fd); /* nothing more is said */
	buf_release(&sender->heard);
	free(sender->run);
	free(sender->url);
	jv_free(sender->outcome);
}
