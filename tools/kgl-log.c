/* SPDX-License-Identifier: MIT */
/*
 * kgl-log - print the logs of Kaggle sessions as records
 *
 * in:  {"kernel": "owner/slug"}, and what kgl-push adds
 * out: a record for each event of the log: "kernel", "time_seconds", "stream",
 *      "data", "hint"; with --raw the data as it is
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jv.h>

#include "cli.h"
#include "clock.h"
#include "json.h"
#include "kaggle/api.h"
#include "kaggle/loghint.h"
#include "kaggle/sessionlog.h"
#include "mem.h"
#include "ndjson.h"
#include "record.h"

static const char help[] =
    "usage: kgl-log [-fhVv] [-j N] [--raw] [--tail=N] [--timeout=TIME]\n"
    "               [kernel ...]\n"
    "Print the logs of Kaggle sessions as records.\n"
    "\n"
    "  -f, --follow  wait for the session, and print on until it has ended\n"
    "      --raw     print the text of the events, no records\n"
    "      --tail=N  of what there is, only the last N events\n";

enum {
	OPT_RAW = 256,
	OPT_TAIL,
	TAIL_MOST = 100000,
	AT_ONCE = 1 << 17, /* bytes that are written together */
};

static const struct option longopts[] = {
	{ "follow", no_argument, NULL, 'f' },
	{ "raw", no_argument, NULL, OPT_RAW },
	{ "tail", required_argument, NULL, OPT_TAIL },
	{ 0 },
};

static struct kaggle *kaggle;
static bool following, raw, tailing;
static size_t tail; /* events */
static bool raw_failed;

/* The log of one kernel on its way out. */
struct job {
	struct buf head;  /* what each record begins with */
	struct buf lines; /* not yet written */
	struct buf hint;
	bool held;        /* lines go to the ring */
	struct buf *ring; /* tail of them, the oldest at next */
	size_t next;
};

static void
flush(struct job *job)
{
	ndjson_write_lines(job->lines.at, job->lines.len);
	buf_clear(&job->lines);
}

static void
rest(void *context)
{
	flush(context);
}

/* Appends a member of a record. */
static void
add_text(struct buf *out, const char *name, struct span text)
{
	buf_addf(out, ",\"%s\":", name);
	json_quote(out, text);
}

static void
add_event(struct job *job, struct buf *out, const struct log_event *event)
{
	if (raw) {
		buf_add(out, event->data.at, event->data.len);
		return;
	}
	buf_add(out, job->head.at, job->head.len);
	if (event->time.len > 0) {
		buf_adds(out, ",\"time_seconds\":");
		buf_add(out, event->time.at, event->time.len);
	}
	if (event->stream.len > 0)
		add_text(out, "stream", event->stream);
	add_text(out, "data", event->data);
	buf_clear(&job->hint);
	if (log_hint(event->data, &job->hint))
		add_text(
		    out, "hint", (struct span){ job->hint.at, job->hint.len });
	buf_adds(out, "}\n");
}

static void
take(void *context, const struct log_event *event)
{
	struct job *job = context;

	if (job->held && tail == 0)
		return;
	if (job->held) {
		buf_release(&job->ring[job->next]);
		add_event(job, &job->ring[job->next], event);
		job->next = (job->next + 1) % tail;
		return;
	}
	add_event(job, &job->lines, event);
	if (job->lines.len >= AT_ONCE)
		flush(job);
}

/* What there was is known: its last events are, too. */
static void
present(void *context)
{
	struct job *job = context;

	for (size_t i = 0; i < tail; i++) {
		struct buf *line = &job->ring[(job->next + i) % tail];

		ndjson_write_lines(line->at, line->len);
		buf_release(line);
	}
	job->held = false;
}

static void
job_init(struct job *job, const struct kernel *kernel)
{
	*job = (struct job){ .held = tailing };
	buf_adds(&job->head, "{\"kernel\":");
	json_quote(&job->head, span_of(kernel->name));
	if (tail > 0)
		job->ring = xcalloc(tail, sizeof *job->ring);
}

static void
job_release(struct job *job)
{
	buf_release(&job->head);
	buf_release(&job->lines);
	buf_release(&job->hint);
	free(job->ring);
}

/* Writes the log: jv_null(), or why it is not whole. */
static jv
write_log(const struct kernel *kernel, jv rec, const struct deadline *end)
{
	struct job job;
	struct session session;
	struct session_log log = { .kaggle = kaggle,
		.kernel = kernel,
		.deadline = end,
		.event = take,
		.rest = rest,
		.present = tailing ? present : NULL,
		.context = &job };
	jv why;

	job_init(&job, kernel);
	if (following) {
		session_init(&session, kernel, rec);
		session.waiting = true;
		why = session_log_follow(&log, &session);
		session_release(&session);
	} else {
		why = session_log_read(&log);
	}
	flush(&job);
	if (jv_is_valid(why) && log.seen == 0)
		warning("%s: the log is empty", kernel->name);
	session_log_release(&log);
	job_release(&job);
	return why;
}

static jv
print_log(jv rec)
{
	struct deadline end =
	    deadline_in(cli_timeout(following ? 12.0 * 3600 : INFINITY));
	struct kernel kernel;
	jv why;

	if (record_true(rec, "dry_run")) /* nothing was pushed */
		return rec;
	why = kernel_parse(&kernel, kaggle, record_str(rec, "kernel"), &end);
	if (jv_is_valid(why)) {
		jv_free(why);
		why = write_log(&kernel, rec, &end);
		rec = record_set_str(rec, "kernel", kernel.name);
		kernel_release(&kernel);
	}
	if (jv_is_valid(why)) {
		jv_free(why);
		jv_free(rec);
		return jv_invalid();
	}
	if (!raw)
		return record_error(rec, why);
	warning("%s: %s", record_str(rec, "kernel"), error_message(why));
	raw_failed = true;
	jv_free(why);
	jv_free(rec);
	return jv_invalid();
}

int
main(int argc, char *argv[])
{
	struct ndjson_tool tool = { .key = "kernel", .work = print_log };
	int opt, status;

	cli_init(argv[0], help);
	while ((opt = cli_getopt(argc, argv, "f", longopts)) != -1) {
		switch (opt) {
		case 'f':
			following = true;
			break;
		case OPT_RAW:
			raw = true;
			break;
		case OPT_TAIL:
			tailing = true;
			tail =
			    (size_t)cli_number("--tail", optarg, 0, TAIL_MOST);
			break;
		}
	}
	if (raw && cli_jobs(1) > 1)
		cli_wrong("--raw: one log after the other, so no --jobs");
	if (following && !raw)
		tool.jobs = 16; /* who waits does nothing else */

	kaggle = kaggle_open();
	status = ndjson_run(&tool, argv + optind);
	kaggle_close(kaggle);
	return status == STATUS_OK && raw_failed ? STATUS_RECORD : status;
}
