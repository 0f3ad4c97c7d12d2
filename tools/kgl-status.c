/* SPDX-License-Identifier: MIT */
/*
 * kgl-status - add the session status to Kaggle kernel records
 *
 * in:  {"kernel": "owner/slug"}
 * out: the same record with "status", if the session failed
 *      "failure_message", with -w "elapsed_seconds", and "failed" if it did
 *      not complete, with --marker "marker", and "failed" without one
 */
#include <math.h>
#include <string.h>

#include <jv.h>

#include "cli.h"
#include "clock.h"
#include "kaggle/api.h"
#include "kaggle/outputs.h"
#include "kaggle/session.h"
#include "ndjson.h"
#include "progress.h"
#include "record.h"

static const char help[] =
    "usage: kgl-status [-hVvw] [-j N] [--interval=TIME] [--marker]\n"
    "                  [--timeout=TIME] [--whoami] [kernel ...]\n"
    "Add the session status to Kaggle kernel records.\n"
    "\n"
    "  -w, --wait           wait for the end of the session\n"
    "      --interval=TIME  ask again after at most TIME (30s)\n"
    "      --marker         look for what kgl-build's programs leave at their\n"
    "                       end\n"
    "      --whoami         write a record about the account, read none\n";

/* The last thing that a program of kgl-build writes, if all went well. */
static const char marker_file[] = "SESSION_COMPLETE";

enum { OPT_INTERVAL = 256, OPT_MARKER, OPT_WHOAMI };

static const struct option longopts[] = {
	{ "wait", no_argument, NULL, 'w' },
	{ "interval", required_argument, NULL, OPT_INTERVAL },
	{ "marker", no_argument, NULL, OPT_MARKER },
	{ "whoami", no_argument, NULL, OPT_WHOAMI },
	{ 0 },
};

static struct kaggle *kaggle;
static bool waiting, marker;
static double interval = 30; /* seconds between two questions, at most */

/* Asks until the session has ended: jv_null(), or why that is not known. */
static jv
wait_for_end(struct session *session, const struct deadline *end)
{
	const struct kernel *kernel = session->kernel;
	double started = clock_ticks();
	const char *said = NULL;
	jv why;

	diag_on_signal(
	    "%s: its session goes on: %s", kernel->name, kernel->url);
	for (;;) {
		why = session_ask(kaggle, session, end);
		if (session->status != NULL && session->status != said) {
			said = session->status;
			warning("%s: %s", kernel->name, said);
		}
		if (!jv_is_valid(why) || session->ended)
			break;
		progress("%s: %s, %.0f s", kernel->name,
		    said != NULL ? said : "not begun", clock_ticks() - started);
		if (!deadline_sleep(end, session_pause(session, interval))) {
			why = error_value("timeout",
			    "the session goes on (%s): %s",
			    said != NULL ? said : "not begun", kernel->url);
			break;
		}
	}
	progress_clear();
	diag_on_signal(NULL);
	return why;
}

static bool
is_no_marker(void *context, const struct output *output)
{
	bool *found = context;

	*found = strcmp(output->name, marker_file) == 0;
	return !*found;
}

/* Sets *found to whether the session left its marker. */
static jv
look_for_marker(
    const struct kernel *kernel, bool *found, const struct deadline *end)
{
	struct outputs *list = outputs_open(kaggle, kernel, -1, end);
	jv why = outputs_each(list, is_no_marker, found);

	outputs_close(list);
	return why;
}

/* Adds what the end of a session, or its status now, is. */
static jv
add_outcome(jv rec, const struct session *session, const struct deadline *end)
{
	bool complete =
	    session->status != NULL && strcmp(session->status, "COMPLETE") == 0;
	bool found = false;
	jv why;

	/* A push whose session Kaggle does not know yet is in its queue. */
	rec = record_set_str(rec, "status",
	    session->status != NULL ? session->status : "QUEUED");
	rec = record_set_str(rec, "failure_message", session->failure);
	if (waiting && !complete)
		rec = record_failed(rec,
		    error_value("kernel_failed", "the session ended in %s%s%s",
			session->status, session->failure != NULL ? ": " : "",
			session->failure != NULL ? session->failure : ""));
	if (!marker || !complete)
		return rec;
	why = look_for_marker(session->kernel, &found, end);
	if (!jv_is_valid(why))
		return record_failed(rec, why);
	rec = record_set_bool(rec, "marker", found);
	if (!found)
		rec = record_failed(rec,
		    error_value("kernel_failed",
			"the session is COMPLETE, but left no %s",
			marker_file));
	return rec;
}

static jv
add_status(jv rec)
{
	static const char *const own[] = { "status", "failure_message",
		"elapsed_seconds", "marker", NULL };
	struct deadline end =
	    deadline_in(cli_timeout(waiting ? 12 * 3600 : 60));
	double started = clock_ticks();
	struct kernel kernel;
	struct session session;
	jv why;

	if (record_true(rec, "dry_run")) /* nothing was pushed */
		return rec;
	rec = record_forget(rec, own);
	why = kernel_parse(&kernel, kaggle, record_str(rec, "kernel"), &end);
	if (!jv_is_valid(why))
		return record_error(rec, why);
	rec = record_set_str(rec, "kernel", kernel.name);

	session_init(&session, &kernel, rec);
	session.waiting = waiting;
	why = waiting ? wait_for_end(&session, &end)
		      : session_ask(kaggle, &session, &end);
	if (waiting)
		rec = record_set_number(rec, "elapsed_seconds",
		    round((clock_ticks() - started) * 1000) / 1000);
	rec = jv_is_valid(why) ? add_outcome(rec, &session, &end)
			       : record_error(rec, why);
	session_release(&session);
	kernel_release(&kernel);
	return rec;
}

/* Who the credential is for, once Kaggle has taken it. */
static jv
whoami(jv rec)
{
	struct deadline end = deadline_in(cli_timeout(60));
	const char *user;
	jv why, reply;

	/*
	 * A name and key are not introspected: any call tells whether they
	 * hold, and this one is about the account.
	 */
	reply = kaggle_call(
	    kaggle, "GetAcceleratorQuotaStatistics", jv_object(), true, &end);
	if (!jv_is_valid(reply))
		return record_error(rec, reply);
	jv_free(reply);
	user = kaggle_user(kaggle, &end, &why);
	if (user == NULL)
		return record_error(rec, why);
	rec = record_set_str(rec, "user", user);
	rec = record_set_str(rec, "credential", kaggle_source(kaggle));
	return record_set_str(rec, "endpoint", kaggle_endpoint(kaggle));
}

int
main(int argc, char *argv[])
{
	struct ndjson_tool tool = { .key = "kernel", .work = add_status };
	char *nobody[] = { (char[]){ "{}" }, NULL };
	char **operands;
	bool asked_who = false;
	int opt, status;

	cli_init(argv[0], help);
	while ((opt = cli_getopt(argc, argv, "w", longopts)) != -1) {
		switch (opt) {
		case 'w':
			waiting = true;
			break;
		case OPT_INTERVAL:
			interval = cli_seconds("--interval", optarg);
			if (interval < 1)
				cli_wrong("--interval: at least a second");
			break;
		case OPT_MARKER:
			marker = true;
			break;
		case OPT_WHOAMI:
			asked_who = true;
			break;
		}
	}
	operands = argv + optind;
	if (asked_who) {
		if (*operands != NULL)
			cli_wrong("--whoami takes no kernel");
		operands = nobody;
		tool = (struct ndjson_tool){
			.key = "user", .work = whoami, .any_key = true
		};
	}
	if (waiting)
		tool.jobs = 16; /* who waits does nothing else */

	kaggle = kaggle_open();
	status = ndjson_run(&tool, operands);
	kaggle_close(kaggle);
	return status;
}
