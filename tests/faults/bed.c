/* SPDX-License-Identifier: MIT */
/*
 * bed - a run, a sandbox and wb-sync: what the tests of faults share
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bed.h"
#include "clock.h"
#include "file.h"
#include "http.h"
#include "record.h"

enum { HANG_SECONDS = 60, MOST_SHOWN = 10, CLOCK_BYTES = 2000 };

static const char *work, *data;
static char *limits; /* KW_LIMITS for wb-sync where something goes wrong */
uint64_t seed;

double
true_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

uint64_t
any(uint64_t below)
{
	uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (z ^ z >> 31) % below;
}

long
number_of(const char *variable, long otherwise)
{
	const char *text = getenv(variable);

	return text != NULL && *text != '\0' ? strtol(text, NULL, 10)
					     : otherwise;
}

/* ---- TAP ---- */

static int tests, broken;

void
tap_note(const char *format, ...)
{
	va_list rest;

	fputs("# ", stdout);
	va_start(rest, format);
	vprintf(format, rest);
	va_end(rest);
	putchar('\n');
	fflush(stdout);
}

void
tap(bool holds, const char *name, const char *why)
{
	printf("%sok %d - %s\n", holds ? "" : "not ", ++tests, name);
	if (!holds) {
		broken++;
		tap_note("%s", why);
	}
	fflush(stdout);
}

int
tap_done(void)
{
	printf("1..%d\n", tests);
	return broken > 0;
}

void
complain(struct verdict *verdict, const char *format, ...)
{
	char text[2000];
	va_list rest;

	if (verdict->why != NULL)
		return;
	va_start(rest, format);
	(void)vsnprintf(text, sizeof text, format, rest);
	va_end(rest);
	verdict->why = xstrdup(text);
}

void
tally_begin(struct tally *tally)
{
	*tally = (struct tally){ .began = true_time() };
}

void
tally_add(
    struct tally *tally, const char *name, int calls, struct verdict *verdict)
{
	tally->cases++;
	tally->calls += calls;
	if (verdict->why != NULL && tally->failed++ < MOST_SHOWN)
		tap_note("%s: %s", name, verdict->why);
	free(verdict->why);
	verdict->why = NULL;
}

void
tally_end(struct tally *tally, const char *name)
{
	char *text = xasprintf(
	    "%s: %ld cases, %ld calls", name, tally->cases, tally->calls);
	char *why = xasprintf("%ld failed", tally->failed);

	tap_note("%s: %.1f s, %ld failed, %ld without an alert, as was said",
	    text, true_time() - tally->began, tally->failed,
	    tally->lost_alerts);
	tap(tally->failed == 0 && tally->cases > 0, text, why);
	free(text);
	free(why);
}

jv
count_operation(jv counts, jv operation)
{
	const char *name = jv_string_value(operation);

	counts = record_set_number(
	    counts, name, (double)(record_int(counts, name, 0) + 1));
	jv_free(operation);
	return counts;
}

jv
count_operations(jv counts, jv operations)
{
	jv_array_foreach(operations, i, operation)
	{
		counts = count_operation(counts, operation);
	}
	jv_free(operations);
	return counts;
}

void
tap_note_counts(const char *what, jv counts)
{
	jv text = jv_dump_string(counts, JV_PRINT_SORTED);

	tap_note("%s: %s", what, jv_string_value(text));
	jv_free(text);
}

/* ---- the sandbox ---- */

static char *
ask(const char *method, const char *path, const char *body)
{
	char *url = xasprintf("%s/sandbox/%s", getenv("WANDB_BASE_URL"), path);
	struct http_call call = { .method = method,
		.url = url,
		.safe = true,
		.body = body,
		.body_size = body != NULL ? (off_t)strlen(body) : 0 };
	char *answer;

	http_do(&call);
	if (!jv_is_valid(call.error))
		die(STATUS_STREAM, "%s: %s", url, error_message(call.error));
	answer = xstrdup(call.answer != NULL ? call.answer : "");
	http_release(&call);
	free(url);
	return answer;
}

void
sandbox_reset(void)
{
	free(ask("POST", "reset", ""));
	free(ask("POST", "load",
	    "{\"features\": [\"EXPAND_DEFINED_METRIC_GLOBS\"]}"));
}

void
sandbox_fault(const char *spec)
{
	free(ask("POST", "faults", spec));
}

void
sandbox_clear(void)
{
	free(ask("DELETE", "faults", NULL));
}

char *
sandbox_faults(void)
{
	return ask("GET", "faults", NULL);
}

bool
sandbox_has_faults(void)
{
	char *list = sandbox_faults();
	bool some = strchr(list, '{') != NULL;

	free(list);
	return some;
}

jv
sandbox_state(void)
{
	char *text = ask("GET", "state", NULL);
	jv state = jv_parse(text);

	if (!jv_is_valid(state))
		die(STATUS_STREAM, "/sandbox/state is no JSON");
	free(text);
	return state;
}

char *
sandbox_history(const char *run)
{
	char *path = xasprintf("runs/%s/history", run);
	char *lines = ask("GET", path, NULL);

	free(path);
	return lines;
}

jv
sandbox_operations(void)
{
	char *text = ask("GET", "requests", NULL), *rest = text, *line;
	jv list = jv_array();

	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		jv request = jv_parse(line);

		list = jv_array_append(list, record_get(request, "operation"));
		jv_free(request);
	}
	free(text);
	return list;
}

/* ---- processes ---- */

static volatile sig_atomic_t group; /* that the timer kills */
static volatile sig_atomic_t rang, only_first;

static void
ring(int signal)
{
	(void)signal;
	rang = 1;
	if (group > 0)
		kill(only_first ? (pid_t)group : -(pid_t)group, SIGKILL);
}

static void
timer(double seconds)
{
	struct itimerval value = { 0 };

	value.it_value.tv_sec = (time_t)seconds;
	value.it_value.tv_usec =
	    (suseconds_t)((seconds - (double)value.it_value.tv_sec) * 1e6);
	if (seconds > 0 && value.it_value.tv_sec == 0 &&
	    value.it_value.tv_usec == 0)
		value.it_value.tv_usec = 1;
	setitimer(ITIMER_REAL, &value, NULL);
}

static bool limited;

static pid_t
start(const char *const *argv, const char *out, const char *err)
{
	pid_t pid = fork();
	size_t argc = 0;
	char **own;
	int fd;

	if (pid < 0)
		die(STATUS_STREAM, "fork: %s", strerror(errno));
	if (pid > 0) {
		(void)setpgid(pid, pid); /* whoever is first */
		return pid;
	}
	(void)setpgid(0, 0);
	if ((fd = open("/dev/null", O_RDONLY)) < 0 || dup2(fd, 0) < 0 ||
	    (fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0666)) < 0 ||
	    dup2(fd, 1) < 0 ||
	    (fd = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0666)) < 0 ||
	    dup2(fd, 2) < 0)
		_exit(126);
	if (limited && limits != NULL)
		setenv("KW_LIMITS", limits, 1);
	while (argv[argc] != NULL)
		argc++;
	own = xcalloc(argc + 1, sizeof *own);
	for (size_t i = 0; i < argc; i++)
		own[i] = xstrdup(argv[i]);
	execvp(own[0], own);
	_exit(127);
}

int
status_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

static int
reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die(STATUS_STREAM, "wait: %s", strerror(errno));
	return status_of(status);
}

/* Workers whose parent was killed are ours then. */
static void
reap_others(void)
{
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		continue;
}

int
call_program(const char *const *argv, const char *out, const char *err)
{
	return reap(start(argv, out, err));
}

void
must(const char *const *argv)
{
	if (call_program(argv, "/dev/null", "/dev/null") != 0)
		die(STATUS_STREAM, "%s failed", argv[0]);
}

/* ---- the run ---- */

void
bed_init(const char *its_work, const char *its_data)
{
	struct sigaction action = { .sa_handler = ring };

	work = its_work;
	data = its_data;
	/* We ask the sandbox, too, and nothing of ours goes wrong. */
	if (getenv("KW_LIMITS") != NULL)
		limits = xstrdup(getenv("KW_LIMITS"));
	unsetenv("KW_LIMITS");
	sigaction(SIGALRM, &action, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

void
bed_fresh(struct bed *bed)
{
	char *from = xasprintf("%s/.", bed->pristine);
	const char *remove[] = { "rm", "-rf", bed->folder, NULL };
	const char *make[] = { "mkdir", bed->folder, NULL };
	const char *copy[] = { "cp", "-R", from, bed->folder, NULL };
	const char *open_up[] = { "chmod", "-R", "u+w", bed->folder, NULL };

	must(remove);
	must(make);
	must(copy);
	must(open_up);
	free(from);
}

void
bed_unmark(struct bed *bed)
{
	for (int i = 0; i < bed->count; i++) {
		char *name = xasprintf("%s.synced", bed->files[i]);

		if (unlink(name) < 0 && errno != ENOENT)
			die(STATUS_STREAM, "%s: %s", name, strerror(errno));
		free(name);
	}
}

void
bed_check_folder(struct bed *bed, struct verdict *verdict)
{
	char *out = xasprintf("%s/diff", work);
	const char *diff[] = { "diff", "-r", "-x", "*.synced", bed->pristine,
		bed->folder, NULL };
	struct buf text = { 0 };

	if (reap(start(diff, out, "/dev/null")) != 0) {
		jv_free(file_read(out, 1 << 20, &text));
		complain(verdict, "the folder has changed: %.500s",
		    text.at != NULL ? text.at : "");
	}
	buf_release(&text);
	free(out);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
find_files(struct bed *bed)
{
	char *out = xasprintf("%s/files", work), *rest, *line;
	const char *find[] = { "find", bed->folder, "-name", "*.wandb", NULL };
	struct buf text = { 0 };

	if (reap(start(find, out, "/dev/null")) != 0)
		die(STATUS_STREAM, "find failed");
	jv_free(file_read(out, 1 << 20, &text));
	rest = text.at;
	while (rest != NULL && (line = strsep(&rest, "\n")) != NULL &&
	    *line != '\0') {
		bed->files = xreallocarray(
		    bed->files, (size_t)bed->count + 1, sizeof *bed->files);
		bed->files[bed->count++] = xstrdup(line);
	}
	qsort(bed->files, (size_t)bed->count, sizeof *bed->files, by_name);
	buf_release(&text);
	free(out);
}

struct bed *
bed_open(const char *kind)
{
	struct bed *bed = xcalloc(1, sizeof *bed);
	struct way way = { 0 };
	struct verdict verdict = { 0 };
	struct call call;
	jv state;

	bed->kind =
	    xstrdup(strrchr(kind, '/') != NULL ? strrchr(kind, '/') + 1 : kind);
	bed->pristine = file_join(data, kind);
	bed->folder = xasprintf("%s/copy-%s", work, bed->kind);
	bed_fresh(bed);
	find_files(bed);
	sandbox_reset();
	bed->failed = jv_null(); /* not known */
	bed->seconds = -true_time();
	limited = false;
	call_sync(bed, &way, &call, &verdict);
	limited = true;
	bed->seconds += true_time();
	if (!call.done || verdict.why != NULL)
		die(STATUS_STREAM, "%s: without faults: status %d: %s: %s",
		    kind, call.status, verdict.why != NULL ? verdict.why : "",
		    call.said);
	call_release(&call);
	state = sandbox_state();
	bed->want = record_get(state, "runs");
	bed->requests = sandbox_operations();
	jv_free(state);
	return bed;
}

void
bed_close(struct bed *bed)
{
	for (int i = 0; i < bed->count; i++)
		free(bed->files[i]);
	free(bed->files);
	free(bed->kind);
	free(bed->pristine);
	free(bed->folder);
	jv_free(bed->want);
	jv_free(bed->failed);
	jv_free(bed->requests);
	free(bed);
}

struct beds {
	struct bed **at;
	size_t count;
};

struct beds *
beds_open(const char *kinds)
{
	struct beds *beds = xcalloc(1, sizeof *beds);
	char *copy = xstrdup(kinds), *rest = copy, *kind;

	while ((kind = strsep(&rest, ",")) != NULL) {
		beds->at = xreallocarray(
		    beds->at, beds->count + 1, sizeof(struct bed *));
		beds->at[beds->count++] = bed_open(kind);
	}
	free(copy);
	return beds;
}

struct bed *
beds_any(struct beds *beds)
{
	return beds->at[any(beds->count)];
}

jv
beds_requests(struct beds *beds)
{
	jv counts = jv_object();

	for (size_t i = 0; i < beds->count; i++)
		counts =
		    count_operations(counts, jv_copy(beds->at[i]->requests));
	return counts;
}

void
beds_close(struct beds *beds)
{
	for (size_t i = 0; i < beds->count; i++)
		bed_close(beds->at[i]);
	free(beds->at);
	free(beds);
}

/* ---- wb-sync ---- */

/* Waits grow the clock's file, which is read again for each look at it. */
static void
shorten_clock(void)
{
	const char *file = getenv("KW_CLOCK");
	struct stat st;
	char *now;

	if (stat(file, &st) == 0 && st.st_size < CLOCK_BYTES)
		return;
	now = xasprintf("%.3f\n", clock_now());
	jv_free(file_replace(file, now, strlen(now)));
	free(now);
}

jv
read_records(const char *path)
{
	struct buf text = { 0 };
	jv list = jv_array();
	char *rest, *line;

	jv_free(file_read(path, 1 << 24, &text));
	rest = text.at;
	while (rest != NULL && (line = strsep(&rest, "\n")) != NULL &&
	    *line != '\0')
		list = jv_array_append(list, jv_parse(line));
	buf_release(&text);
	return list;
}

static bool
is_marked(const char *file)
{
	char *name = xasprintf("%s.synced", file);
	bool marked = access(name, F_OK) == 0;

	free(name);
	return marked;
}

static void
wait_for_fault(pid_t pid)
{
	struct timespec pause = { .tv_nsec = 500000 };
	siginfo_t info;

	for (;;) {
		info.si_pid = 0;
		if (waitid(P_PID, (id_t)pid, &info,
			WEXITED | WNOHANG | WNOWAIT) < 0 ||
		    info.si_pid != 0 || rang)
			return;
		if (!sandbox_has_faults())
			break;
		nanosleep(&pause, NULL);
	}
	ring(SIGALRM);
}

static void
check_record(jv rec, struct verdict *verdict)
{
	static const char *const codes[] = { "auth", "unavailable", "timeout",
		"unknown_outcome", "conflict", "rejected", "not_found",
		"damaged", "input", NULL };
	const char *file = record_str(rec, "wandb_file");
	bool synced = record_true(rec, "synced"), known = false;
	jv error = record_get(rec, "error"), failed = record_get(rec, "failed");
	const char *code = record_str(error, "code");

	if (code == NULL)
		code = record_str(failed, "code");
	for (int i = 0; code != NULL && codes[i] != NULL; i++)
		if (strcmp(codes[i], code) == 0)
			known = true;
	if (file == NULL)
		complain(verdict, "a record without its file");
	else if (synced != is_marked(file))
		complain(verdict, "synced is %d, marked %d", synced, !synced);
	if (synced == (code != NULL))
		complain(verdict, "synced is %d, and the code %s", synced,
		    code != NULL ? code : "missing");
	if (code != NULL && !known)
		complain(verdict, "an outcome with the code %s", code);
	jv_free(error);
	jv_free(failed);
}

/* What its error or failed says, or null. */
static jv
message_of(jv rec)
{
	jv why = record_get(rec, "error"), message;

	if (!jv_is_valid(why)) {
		jv_free(why);
		why = record_get(rec, "failed");
	}
	message = record_get(why, "message");
	jv_free(why);
	if (jv_is_valid(message))
		return message;
	jv_free(message);
	return jv_null();
}

/* What is never right, whatever the server did. */
static void
judge(struct bed *bed, struct call *call, struct verdict *verdict)
{
	int count = jv_array_length(jv_copy(call->records));
	bool all = true;
	jv failed = jv_array();

	if (strstr(call->said, "Sanitizer") != NULL ||
	    strstr(call->said, "runtime error") != NULL)
		complain(verdict, "%.1500s", call->said);
	if (call->status != 0 && call->status != 1)
		complain(
		    verdict, "status %d: %.500s", call->status, call->said);
	if (count != bed->count)
		complain(verdict, "%d records for %d files", count, bed->count);
	jv_array_foreach(call->records, i, rec)
	{
		check_record(rec, verdict);
		all = all && record_true(rec, "synced");
		failed = jv_array_append(failed, message_of(rec));
		jv_free(rec);
	}
	if (all != (call->status == 0))
		complain(
		    verdict, "status %d, all synced: %d", call->status, all);
	if (jv_get_kind(bed->failed) == JV_KIND_NULL)
		bed->failed = jv_copy(failed);
	call->done = jv_equal(failed, jv_copy(bed->failed));
}

void
call_sync(struct bed *bed, const struct way *way, struct call *call,
    struct verdict *verdict)
{
	char *out = xasprintf("%s/sync.out", work);
	char *err = xasprintf("%s/sync.err", work);
	const char **argv = xcalloc((size_t)bed->count + 3, sizeof *argv);
	struct buf said = { 0 };
	int argc = 0;
	pid_t pid;

	shorten_clock();
	argv[argc++] = "wb-sync";
	if (!way->workers)
		argv[argc++] = "-j1";
	for (int i = 0; i < bed->count; i++)
		argv[argc++] = bed->files[i];
	rang = 0;
	only_first = !way->whole_group;
	pid = start(argv, out, err);
	group = pid;
	timer(way->kill_after > 0 ? way->kill_after : HANG_SECONDS);
	if (way->kill_at_fault)
		wait_for_fault(pid);
	call->status = reap(pid);
	timer(0);
	group = 0;
	reap_others();
	call->done = false;
	call->killed = rang && call->status == 128 + SIGKILL;
	call->records = read_records(out);
	jv_free(file_read(err, 1 << 20, &said));
	call->said = said.at != NULL ? buf_take(&said) : xstrdup("");
	if (call->killed && way->kill_after <= 0 && !way->kill_at_fault)
		complain(verdict, "it hangs: %.500s", call->said);
	if (!call->killed)
		judge(bed, call, verdict);
	free(argv);
	free(out);
	free(err);
}

void
call_release(struct call *call)
{
	jv_free(call->records);
	free(call->said);
}

/* ---- what the server holds ---- */

/* Where two values differ first. */
static void
find_difference(jv want, jv got, const char *place, struct verdict *verdict)
{
	jv a, b;

	if (jv_get_kind(want) == JV_KIND_OBJECT &&
	    jv_get_kind(got) == JV_KIND_OBJECT) {
		jv both = jv_object_merge(jv_copy(want), jv_copy(got));

		jv_object_foreach(both, key, value)
		{
			char *name =
			    xasprintf("%s/%s", place, jv_string_value(key));

			a = jv_object_get(jv_copy(want), jv_copy(key));
			b = jv_object_get(jv_copy(got), key);
			if (!jv_equal(jv_copy(a), jv_copy(b)))
				find_difference(a, b, name, verdict);
			jv_free(a);
			jv_free(b);
			jv_free(value);
			free(name);
		}
		jv_free(both);
		return;
	}
	if (jv_get_kind(want) == JV_KIND_ARRAY &&
	    jv_get_kind(got) == JV_KIND_ARRAY &&
	    jv_array_length(jv_copy(want)) == jv_array_length(jv_copy(got))) {
		jv_array_foreach(want, i, wanted)
		{
			char *name = xasprintf("%s/%d", place, i);
			jv has = jv_array_get(jv_copy(got), i);

			if (!jv_equal(jv_copy(wanted), jv_copy(has)))
				find_difference(wanted, has, name, verdict);
			jv_free(wanted);
			jv_free(has);
			free(name);
		}
		return;
	}
	a = jv_is_valid(want) ? jv_dump_string(jv_copy(want), 0)
			      : jv_string("nothing");
	b = jv_is_valid(got) ? jv_dump_string(jv_copy(got), 0)
			     : jv_string("nothing");
	complain(verdict, "%s is %.700s, not %.700s", place, jv_string_value(b),
	    jv_string_value(a));
	jv_free(a);
	jv_free(b);
}

/*
 * The alerts of all runs; *runs loses them. Nor does it matter how often the
 * server was told that a run is preempting.
 */
static jv
take_alerts(jv *runs)
{
	jv alerts = jv_object();

	jv_object_foreach(*runs, name, run)
	{
		alerts = jv_object_set(
		    alerts, jv_copy(name), record_get(run, "alerts"));
		run = record_set_bool(record_drop(run, "alerts"), "preempting",
		    record_int(run, "preempting", 0) > 0);
		*runs = jv_object_set(*runs, name, run);
	}
	return alerts;
}

/*
 * An alert is sent once or, when its answer is lost, perhaps not at all, which
 * is said. Never twice, and none that is another.
 */
static bool
compare_alerts(jv want, jv got, const char *said, struct verdict *verdict)
{
	bool lost = false;

	jv_object_foreach(want, name, wanted)
	{
		jv has = record_get(got, jv_string_value(name));
		int at = 0, count = jv_array_length(jv_copy(wanted));

		jv_array_foreach(has, i, alert)
		{
			while (at < count &&
			    !jv_equal(jv_array_get(jv_copy(wanted), at),
				jv_copy(alert)))
				at++;
			if (at++ >= count)
				complain(verdict, "an alert came twice");
			jv_free(alert);
		}
		if (jv_array_length(jv_copy(has)) < count)
			lost = true;
		jv_free(has);
		jv_free(wanted);
		jv_free(name);
	}
	if (lost && strstr(said, "alert") == NULL)
		complain(verdict, "an alert is lost, which nobody said");
	return lost;
}

/* All but the alerts. */
static void
compare_runs(
    struct bed *bed, jv runs, const char *when, struct verdict *verdict)
{
	jv want = jv_copy(bed->want), got = jv_copy(runs);

	jv_free(take_alerts(&want));
	jv_free(take_alerts(&got));
	if (!jv_equal(jv_copy(want), jv_copy(got)))
		find_difference(want, got, when, verdict);
	jv_free(want);
	jv_free(got);
}

/* Where the server lied: all is there, and what we said of it is its fault. */
static void
compare_untrue(struct bed *bed, struct verdict *verdict)
{
	jv state = sandbox_state(), runs = record_get(state, "runs");

	jv_object_foreach(runs, name, run)
	{
		run = jv_object_set(run, jv_string("violations"), jv_array());
		runs = jv_object_set(runs, name, run);
	}
	compare_runs(bed, runs, "", verdict);
	jv_free(runs);
	jv_free(state);
}

static bool
compare(struct bed *bed, const char *said, struct verdict *verdict)
{
	jv state = sandbox_state(), runs = record_get(state, "runs");
	jv violations = record_get(state, "violations");
	jv rest = jv_copy(runs), want = jv_copy(bed->want);
	jv wanted = take_alerts(&want), alerts = take_alerts(&rest);
	bool lost = compare_alerts(wanted, alerts, said, verdict);

	compare_runs(bed, runs, "", verdict);
	if (jv_array_length(jv_copy(violations)) > 0) {
		jv text = jv_dump_string(jv_copy(violations), 0);

		complain(verdict, "violations: %s", jv_string_value(text));
		jv_free(text);
	}
	jv_free(violations);
	jv_free(wanted);
	jv_free(alerts);
	jv_free(want);
	jv_free(rest);
	jv_free(runs);
	jv_free(state);
	return lost;
}

/* The rows that a run has, or -1 if there is no such run. */
static long long
rows_of(jv runs, const char *name)
{
	jv run = record_get(runs, name), history = record_get(run, "history");
	long long rows = record_int(history, "lines", -1);

	jv_free(run);
	jv_free(history);
	return rows;
}

static void
check_marker(struct bed *bed, const char *file, struct verdict *verdict)
{
	char *name = xasprintf("%s.synced", file);
	struct buf text = { 0 };
	jv state = sandbox_state(), runs = record_get(state, "runs"), marker;
	const char *run;

	jv_free(file_read(name, 1 << 20, &text));
	marker = text.at != NULL ? jv_parse(text.at) : jv_null();
	run = record_str(marker, "run");
	if (run == NULL)
		complain(verdict, "a marker that is not whole");
	else if (rows_of(runs, run) < record_int(marker, "history_lines", 0))
		complain(verdict, "a marker of %lld rows, and %lld are there",
		    record_int(marker, "history_lines", 0), rows_of(runs, run));
	else if (bed->count == 1)
		compare_runs(bed, runs, "marked, but ", verdict);
	buf_release(&text);
	jv_free(marker);
	jv_free(runs);
	jv_free(state);
	free(name);
}

void
check_markers(struct bed *bed, struct verdict *verdict)
{
	for (int i = 0; i < bed->count; i++)
		if (is_marked(bed->files[i]))
			check_marker(bed, bed->files[i], verdict);
}

int
call_until_done(struct bed *bed, struct until *until, struct verdict *verdict)
{
	struct buf said = { 0 };
	int calls = 0;
	bool done;

	if (until->before != NULL)
		buf_adds(&said, until->before);
	until->lost_alert = false;
	do {
		struct call call;

		if (until->fresh && calls > 0)
			bed_fresh(bed);
		call_sync(bed, until->way, &call, verdict);
		calls++;
		done = call.done;
		buf_adds(&said, call.said);
		call_release(&call);
		if (!done)
			check_markers(bed, verdict);
		if (until->clear && calls == 1)
			sandbox_clear();
	} while (!done && calls < until->most && verdict->why == NULL);
	/* What a server dropped and said it took may be lost for good. */
	if (!done && !until->untrue)
		complain(verdict, "not done after %d calls: %.500s", calls,
		    said.len > 500 ? said.at + said.len - 500 : said.at);
	else if (done && until->untrue)
		compare_untrue(bed, verdict);
	else if (done)
		until->lost_alert =
		    compare(bed, said.at != NULL ? said.at : "", verdict);
	buf_release(&said);
	return calls;
}
