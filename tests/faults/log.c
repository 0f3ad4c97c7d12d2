/* SPDX-License-Identifier: MIT */
/*
 * log - wb-log: what comes in is on the server in time, once and in order,
 * whatever the server does and whenever wb-log is killed
 *
 * log WORK PART[:COUNT] ...
 *
 *	schedules	lines and troubles at moments that chance chose: no line
 *			is later than 30 s; nothing is missing at the end
 *	kills		kill -9, up to four times: what was taken is on the
 *			server or in the spool, and another call goes on
 *	requests	each request fails in every way, once and for good
 *	once		each request fails once, in the ways by turns
 *	silence		a request is not answered; all limits on the network are
 *			COUNT hundredths of what they are
 *
 * COUNT is how many cases there are; FAULTS_COUNT and FAULTS_SEED go before it.
 * A case that failed is printed with its seed: FAULTS_SEED=N FAULTS_COUNT=1
 * repeats it. See session.h.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

enum { MOST_LINES = 200, MOST_KILLS = 4 };

static double
seconds(uint64_t below)
{
	return (double)any(below * 1000) / 1000;
}

/* ---- chance ---- */

/* Lines from first on, in bursts, steadily, and with silence between. */
static void
any_lines(struct plan *plan, int first, int count)
{
	double at = 0, gap = 0;
	int left = 0;

	for (int i = first; i < first + count; i++) {
		if (left-- == 0) {
			left = (int)any(40);
			gap = any(3) == 0 ? 0 : seconds(3);
			at += any(6) == 0 ? 300 + seconds(600) : seconds(60);
		}
		if (any(8) == 0) {
			double rest_at = at + seconds(20);

			plan_halves(plan, at, rest_at, i);
			at = rest_at;
		} else {
			plan_line(plan, at, i);
		}
		at += gap;
	}
	if (any(2) == 0)
		plan->end += seconds(60);
}

static const struct {
	const char *spec;
	double patience;
	bool slow; /* each takes true time */
} lasting[] = {
	{ "close=before", 0, false },
	{ "status=503", 0, false },
	{ "status=502", 0, false },
	{ "status=429 retry-after=5", 0, false },
	{ "status=500", 0, false },
	{ "close=after", 0, false },
	{ "silence", 0, true },
}, passing[] = {
	{ "status=500", 0, false },
	{ "status=503 after", 0, false },
	{ "status=408", 0, false },
	{ "status=429 retry-after=20", 20, false },
	{ "status=429", 0, false },
	{ "close=before", 0, false },
	{ "close=after", 0, false },
	{ "cut=1", 0, false },
	{ "stall=5", 0, true },
	{ "silence", 0, true },
	{ "silence after", 0, true },
};

static double
any_outage(struct plan *plan, double at)
{
	size_t kind = any(sizeof lasting / sizeof *lasting);
	double length = seconds(any(4) == 0 ? 900 : 90);

	if (lasting[kind].slow && any(4) > 0)
		kind = 0;
	plan_trouble(plan,
	    (struct trouble){ .at = at,
		.spec = xasprintf("times=always %s", lasting[kind].spec),
		.lasting = true });
	at += 1 + length;
	plan_trouble(plan, (struct trouble){ .at = at });
	return at;
}

static double
any_fault(struct plan *plan, double at)
{
	size_t kind = any(sizeof passing / sizeof *passing);
	int times = any(3) == 0 ? 1 + (int)any(3) : 1;

	plan_trouble(plan,
	    (struct trouble){ .at = at,
		.spec = xasprintf("nth=%d times=%d %s", 1 + (int)any(3), times,
		    passing[kind].spec),
		.patience = passing[kind].patience });
	return at + seconds(60);
}

static void
any_troubles(struct plan *plan)
{
	int count = (int)any(5);
	double at = 0;

	for (int i = 0; i < count; i++) {
		at += any(3) == 0 ? 0 : seconds(1 + (uint64_t)plan->end);
		at = any(2) == 0 ? any_outage(plan, at) : any_fault(plan, at);
	}
}

static void
any_options(struct plan *plan)
{
	int count = 0;

	if (any(2) == 0)
		plan->options[count++] =
		    xasprintf("--batch=%d", 1 + (int)any(any(2) ? 5 : 100));
	if (any(3) == 0)
		plan->options[count++] =
		    xasprintf("--interval=%d", 1 + (int)any(15));
	if (any(4) == 0)
		plan->timeout = 30 + (double)any(600);
}

/* ---- what a case is, for whoever repeats it ---- */

static void
say_plan(struct buf *text, const struct plan *plan)
{
	buf_addf(text, " %d pieces to %.3f", plan->piece_count, plan->end);
	if (plan->timeout > 0)
		buf_addf(text, " --timeout=%.0f", plan->timeout);
	for (int i = 0; plan->options[i] != NULL; i++)
		buf_addf(text, " %s", plan->options[i]);
	if (plan->by_signal)
		buf_adds(text, " SIGTERM");
	for (int i = 0; i < plan->trouble_count; i++)
		buf_addf(text, " %.3f(%s)", plan->troubles[i].at,
		    plan->troubles[i].spec != NULL ? plan->troubles[i].spec
						   : "well");
	if (plan->kill_wait > 0)
		buf_addf(text, " %s %.6f s after wait %d",
		    plan->kill_child ? "child killed" : "killed",
		    plan->kill_seconds, plan->kill_wait);
	if (plan->kill_at_fault)
		buf_adds(text, " killed there");
	buf_addc(text, ';');
}

/* A call without input, or wb-sync, ends what is left in the spool. */
static void
complete(struct story *story, bool by_sync)
{
	struct plan plan = { 0 };

	sandbox_clear();
	if (by_sync)
		story_sync(story, true);
	else if (session(story, &plan) != 0)
		complain(story->verdict, "another call does not end it");
}

/*
 * What an unsuccessful call leaves is in the spool, whole, and can be sent.
 * Returns the status of the call that ended the run.
 */
static int
settle(struct story *story, int status, bool by_sync)
{
	int files;

	if (status == 0 || story->verdict->why != NULL)
		return status;
	if (story_in_spool(story, &files) != story->lines && files > 0)
		complain(story->verdict, "the spool ends before row %d of %d",
		    story_in_spool(story, &files), story->lines);
	if (files > 0)
		complete(story, by_sync);
	else if (status == 1)
		complain(story->verdict, "status 1, and no spool");
	return files > 0 && !by_sync ? 0 : status;
}

/* A call that was refused before anything was read has to be repeated. */
static int
call_until_read(struct story *story, struct plan *plan)
{
	struct plan again = *plan;
	int status = session(story, plan), files;

	if (status != 1 || !plan->may_fail || story->taken > 0 ||
	    story_in_spool(story, &files) > 0 || files > 0)
		return status;
	sandbox_clear();
	again.trouble_count = 0;
	return session(story, &again);
}

/* A signal ends the run with an exit code that is its own. */
static const char *
state_after(int status)
{
	return status == 128 + 15 ? "failed" : "finished";
}

/* ---- schedules ---- */

static void
schedule(uint64_t its_seed, struct tally *tally)
{
	struct verdict verdict = { 0 };
	struct story story;
	struct plan plan = { 0 };
	struct buf name = { 0 };
	int status;

	any_lines(&plan, 0, 1 + (int)any(MOST_LINES));
	any_troubles(&plan);
	any_options(&plan);
	plan.by_signal = any(12) == 0;
	buf_addf(&name, "FAULTS_SEED=%" PRIu64 ":", its_seed);
	say_plan(&name, &plan);
	story_begin(&story, its_seed, &verdict);
	status = session(&story, &plan);
	status = settle(&story, status, any(2) == 0);
	if (verdict.why == NULL)
		story_is_whole(&story, state_after(status));
	tally_add(tally, name.at, story.calls, &verdict);
	story_end(&story);
	plan_release(&plan);
	buf_release(&name);
}

/* ---- kills ---- */

static void
any_kill(struct plan *plan)
{
	plan->kill_at_fault = any(3) == 0;
	if (plan->kill_at_fault) {
		plan_trouble(plan,
		    (struct trouble){
			.spec = xasprintf("nth=%d silence%s", 1 + (int)any(8),
			    any(2) == 0 ? " after" : "") });
	} else {
		if (any(3) == 0)
			any_troubles(plan);
		plan->kill_wait = 1 + (int)any(30);
		plan->kill_seconds = (double)any(3000) / 1e6;
		plan->kill_child = any(5) == 0;
		if (plan->kill_child)
			plan->may_fail = plan->unsettled = true;
	}
}

/* What was taken before it waited last is on the server, or in the spool. */
static int
check_kept(struct story *story, bool *spooled)
{
	int there = story_on_server(story), files;
	int to = story_in_spool(story, &files), kept = to > there ? to : there;

	*spooled = files > 0;
	if (kept < story->safe)
		complain(story->verdict,
		    "%d lines were taken, %d are on the server, %d spooled",
		    story->safe, there, to);
	if (kept > story->taken)
		complain(story->verdict, "%d lines of %d are kept", kept,
		    story->taken);
	return kept;
}

static void
kill_case(uint64_t its_seed, struct tally *tally)
{
	struct verdict verdict = { 0 };
	struct story story;
	struct buf name = { 0 };
	int lines = 1 + (int)any(MOST_LINES), kept = 0, kills = 0, status;
	bool spooled;

	buf_addf(&name, "FAULTS_SEED=%" PRIu64 ":", its_seed);
	story_begin(&story, its_seed, &verdict);
	do {
		struct plan plan = { 0 };

		any_lines(&plan, kept, lines - kept);
		any_options(&plan);
		if (kills < MOST_KILLS && any(4) > (uint64_t)kills)
			any_kill(&plan);
		say_plan(&name, &plan);
		status = session(&story, &plan);
		plan_release(&plan);
		sandbox_clear();
		if (status != 128 + 9)
			break;
		kills++;
		kept = check_kept(&story, &spooled);
		story.lines = kept;
		if (spooled && any(4) == 0) {
			buf_adds(&name, " wb-sync;");
			story_sync(&story, false);
		}
	} while (verdict.why == NULL);
	status = settle(&story, status, any(2) == 0);
	if (verdict.why == NULL)
		story_is_whole(&story, state_after(status));
	tally_add(tally, name.at, story.calls, &verdict);
	story_end(&story);
	buf_release(&name);
}

static void
by_chance(const char *what, long count,
    void (*one)(uint64_t its_seed, struct tally *))
{
	uint64_t first = (uint64_t)number_of("FAULTS_SEED", 1);
	struct tally tally;

	count = number_of("FAULTS_COUNT", count);
	tap_note(
	    "%s: FAULTS_SEED=%" PRIu64 " FAULTS_COUNT=%ld", what, first, count);
	tally_begin(&tally);
	for (uint64_t at = first; at < first + (uint64_t)count; at++) {
		seed = at;
		one(at, &tally);
	}
	tally_end(&tally, what);
}

static void
schedules_of_log(long count)
{
	by_chance("wb-log, schedules", count, schedule);
}

static void
kills_of_log(long count)
{
	by_chance("wb-log, kill -9", count, kill_case);
}

/* ---- each request ---- */

static const struct {
	const char *spec;
	bool refusal; /* nothing that passes */
	bool untrue;  /* an answer, and nothing was done */
} ways[] = {
	{ "status=500", false, false },
	{ "status=429 retry-after=5", false, false },
	{ "close=before", false, false },
	{ "close=after", false, false },
	{ "cut=1", false, false },
	{ "silence", false, false },
	{ "status=503 after", false, false },
	{ "status=403", true, false },
	{ "status=200 body={}", true, true },
};
enum { WAYS = sizeof ways / sizeof *ways };

/* Some posts, a heartbeat, and more of them. */
static void
usual_lines(struct plan *plan)
{
	for (int i = 0; i < 5; i++)
		plan_line(plan, 0, i);
	plan_line(plan, 3, 5);
	plan_halves(plan, 20, 21, 6);
	for (int i = 7; i < 12; i++)
		plan_line(plan, 100, i);
	plan->end = 120;
	plan->options[0] = xstrdup("--batch=3");
}

static void
request_case(int nth, int way, bool for_good, bool by_sync, struct tally *tally)
{
	struct verdict verdict = { 0 };
	struct story story;
	struct plan plan = { .may_fail = for_good || ways[way].refusal,
		.unsettled = for_good || ways[way].refusal };
	char *spec = xasprintf("nth=%d %s%s", nth,
	    for_good ? "times=always " : "", ways[way].spec);
	char *name =
	    xasprintf("%s, then %s", spec, by_sync ? "wb-sync" : "--resume");
	int status;

	usual_lines(&plan);
	if (for_good)
		plan.timeout = 40; /* as silence takes true time */
	plan_trouble(&plan,
	    (struct trouble){ .spec = spec,
		.patience = strstr(spec, "retry-after") != NULL ? 5 : 0 });
	story_begin(&story, 0, &verdict);
	story.lied_to = ways[way].untrue;
	status = call_until_read(&story, &plan);
	/* Of rows that the server dropped and said it had, nobody knows. */
	if (ways[way].untrue && status != 0) {
		sandbox_clear();
	} else {
		status = settle(&story, status, by_sync);
		if (verdict.why == NULL)
			story_is_whole(&story, state_after(status));
	}
	tally_add(tally, name, story.calls, &verdict);
	story_end(&story);
	plan_release(&plan);
	free(name);
}

/* What the usual lines ask for, when nothing fails. */
static jv
usual_requests(void)
{
	struct verdict verdict = { 0 };
	struct story story;
	struct plan plan = { 0 };
	jv list;

	usual_lines(&plan);
	story_begin(&story, 0, &verdict);
	(void)session(&story, &plan);
	list = sandbox_operations();
	story_is_whole(&story, "finished");
	tap(verdict.why == NULL, "wb-log: without faults",
	    verdict.why != NULL ? verdict.why : "");
	free(verdict.why);
	story_end(&story);
	plan_release(&plan);
	return list;
}

static void
each_request(bool in_every_way)
{
	jv list = usual_requests();
	int count = jv_array_length(jv_copy(list));
	struct tally tally;

	tally_begin(&tally);
	for (int n = 1; n <= count; n++)
		for (int way = 0; way < WAYS; way++) {
			if (!in_every_way && way != n % WAYS)
				continue;
			request_case(n, way, false, way % 2 == 0, &tally);
			if (!in_every_way)
				continue;
			request_case(n, way, true, false, &tally);
			request_case(n, way, true, true, &tally);
		}
	tap_note_counts(
	    "wb-log's requests", count_operations(jv_object(), list));
	tally_end(&tally, "wb-log: every request");
}

static void
requests_of_log(long count)
{
	(void)count;
	each_request(true);
}

static void
requests_of_log_once(long count)
{
	(void)count;
	each_request(false);
}

/* ---- a request without an answer ---- */

/*
 * Limits on the network are in true time. A request that nobody answers has to
 * be given up early enough that another one comes in time.
 */
static void
silence(long percent)
{
	struct verdict verdict = { 0 };
	struct story story;
	struct plan plan = { 0 };
	double scale = (double)percent / 100;

	session_limits(scale);
	plan_line(&plan, 0, 0);
	plan_line(&plan, 40, 1);
	plan_trouble(&plan,
	    (struct trouble){
		.at = 30, .spec = xstrdup("match=file_stream silence") });
	plan.end = 80;
	story_begin(&story, 0, &verdict);
	(void)session(&story, &plan);
	story_is_whole(&story, "finished");
	tap_note("a request without an answer is given up after %.1f s",
	    story.busy / scale);
	if (story.busy / scale > 25)
		complain(&verdict, "it is not given up within 25 s");
	tap(verdict.why == NULL, "wb-log: a request without an answer",
	    verdict.why != NULL ? verdict.why : "");
	free(verdict.why);
	story_end(&story);
	plan_release(&plan);
}

/* ---- parts ---- */

static const struct {
	const char *name;
	void (*run)(long count);
} parts[] = {
	{ "schedules", schedules_of_log },
	{ "kills", kills_of_log },
	{ "requests", requests_of_log },
	{ "once", requests_of_log_once },
	{ "silence", silence },
};

static void
run_part(char *operand)
{
	char *count = strchr(operand, ':');

	if (count != NULL)
		*count++ = '\0';
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (strcmp(parts[i].name, operand) == 0) {
			parts[i].run(
			    count != NULL ? strtol(count, NULL, 10) : 100);
			return;
		}
	die(STATUS_USAGE, "%s: no such part", operand);
}

int
main(int argc, char *argv[])
{
	diag_init(argv[0]);
	if (argc < 3)
		die(STATUS_USAGE, "usage: log WORK PART[:COUNT] ...");
	session_init(argv[1]);
	bed_init(argv[1], "");
	for (int i = 2; i < argc; i++)
		run_part(argv[i]);
	return tap_done();
}
