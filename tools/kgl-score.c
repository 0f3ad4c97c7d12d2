/* SPDX-License-Identifier: MIT */
/*
 * kgl-score - print the submissions to Kaggle competitions as records
 *
 * in:  {"competition": "name"}
 * out: a record for each submission: "competition", "ref", "status",
 *      "public_score" ...; with -w the newest one, when it has a score
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jv.h>

#include "cli.h"
#include "clock.h"
#include "kaggle/api.h"
#include "kaggle/submissions.h"
#include "mem.h"
#include "ndjson.h"
#include "progress.h"
#include "record.h"

static const char help[] =
    "usage: kgl-score [-hVvw] [-j N] [--interval=TIME] [--timeout=TIME]\n"
    "                 [competition ...]\n"
    "Print the submissions to Kaggle competitions as records.\n"
    "\n"
    "  -w, --wait           only the newest, when it has a score\n"
    "      --interval=TIME  ask again after at most TIME (30s)\n";

enum {
	OPT_INTERVAL = 256,
	PATIENCE = 600, /* seconds without an answer, while waiting */
};

static const struct option longopts[] = {
	{ "wait", no_argument, NULL, 'w' },
	{ "interval", required_argument, NULL, OPT_INTERVAL },
	{ 0 },
};

static struct kaggle *kaggle;
static bool waiting;
static double interval = 30; /* seconds between two questions, at most */

/* Writes all: jv_null(), or why there are not all of them. */
static jv
write_all(const char *competition, const struct deadline *end)
{
	struct submissions *list = submissions_open(kaggle, competition, end);
	jv one;

	for (;;) {
		one = submissions_next(list);
		if (!jv_is_valid(one) || jv_get_kind(one) == JV_KIND_NULL)
			break;
		ndjson_write(one);
	}
	submissions_close(list);
	return one;
}

/* Whether it was handed in later, as far as that is told. */
static bool
is_newer(jv one, jv other)
{
	const char *date = record_str(one, "submitted_at");
	const char *others = record_str(other, "submitted_at");

	return date != NULL && others != NULL &&
	    clock_parse(date) > clock_parse(others);
}

/*
 * The submission called ref, or the newest without one: Kaggle's list begins
 * with it, but its dates are believed before its order. An error_value() if it
 * is not there.
 */
static jv
find(const char *competition, const char *ref, const struct deadline *end)
{
	struct submissions *list = submissions_open(kaggle, competition, end);
	jv found = jv_null(), one;

	for (;;) {
		const char *name;

		one = submissions_next(list);
		if (!jv_is_valid(one) || jv_get_kind(one) == JV_KIND_NULL)
			break;
		name = record_str(one, "ref");
		if (ref == NULL ? jv_get_kind(found) == JV_KIND_NULL ||
			    is_newer(one, found)
				: name != NULL && strcmp(name, ref) == 0) {
			jv_free(found);
			found = one;
			if (ref != NULL)
				break;
		} else {
			jv_free(one);
		}
	}
	submissions_close(list);
	if (!jv_is_valid(one)) {
		jv_free(found);
		return one;
	}
	if (jv_get_kind(found) == JV_KIND_NULL)
		return ref == NULL
		    ? error_value("not_found", "there is no submission")
		    : error_value("not_found", "submission %s is gone", ref);
	return found;
}

static bool
is_scored(jv one)
{
	const char *status = record_str(one, "status");

	return strcmp(status, "COMPLETE") == 0 || strcmp(status, "ERROR") == 0;
}

/* Whether an error may pass, and has not lasted too long. */
static bool
may_pass(jv why, double *since)
{
	if (isnan(*since))
		*since = clock_ticks();
	return (strcmp(error_code(why), "unavailable") == 0 ||
		   strcmp(error_code(why), "timeout") == 0) &&
	    clock_ticks() - *since < PATIENCE;
}

/* Waits for the score: the submission, or an error_value(). */
static jv
wait_for_score(const char *competition, const struct deadline *end)
{
	double pause = 1, since = NAN, started = clock_ticks();
	char *ref = NULL;
	jv one;

	for (;;) {
		one = find(competition, ref, end);
		if (jv_is_valid(one)) {
			since = NAN;
			if (ref == NULL && record_str(one, "ref"))
				ref = xstrdup(record_str(one, "ref"));
			if (is_scored(one))
				break;
		} else if (!may_pass(one, &since)) {
			break;
		}
		jv_free(one);
		progress("%s: submission %s is pending, %.0f s", competition,
		    ref != NULL ? ref : "", clock_ticks() - started);
		if (!deadline_sleep(end, fmin(pause, interval))) {
			one = error_value("timeout",
			    "submission %s has no score yet",
			    ref != NULL ? ref : "");
			break;
		}
		pause *= 1.5;
	}
	progress_clear();
	free(ref);
	return one;
}

/* The newest submission, with its verdict if it was refused. */
static jv
newest(const char *competition, const struct deadline *end)
{
	jv one = wait_for_score(competition, end);
	const char *why;

	if (!jv_is_valid(one) ||
	    strcmp(record_str(one, "status"), "ERROR") != 0)
		return one;
	why = record_str(one, "error_description");
	return record_failed(one,
	    error_value("rejected", "the submission ended in ERROR%s%s",
		why != NULL ? ": " : "", why != NULL ? why : ""));
}

static jv
print_scores(jv rec)
{
	struct deadline end =
	    deadline_in(cli_timeout(waiting ? 12 * 3600 : 60));
	const char *text = record_str(rec, "competition");
	char *competition;
	jv out;

	if (record_true(rec, "dry_run")) /* nothing was handed in */
		return rec;
	competition = competition_parse(text);
	if (competition == NULL)
		return record_error(rec,
		    error_value("input",
			"%s: not a competition's name, as in its address",
			text));
	out =
	    waiting ? newest(competition, &end) : write_all(competition, &end);
	free(competition);
	if (!jv_is_valid(out))
		return record_error(rec, out);
	jv_free(rec);
	if (jv_get_kind(out) == JV_KIND_OBJECT)
		return out;
	jv_free(out);
	return jv_invalid();
}

int
main(int argc, char *argv[])
{
	struct ndjson_tool tool = { .key = "competition",
		.work = print_scores };
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
		}
	}
	if (waiting)
		tool.jobs = 16; /* who waits does nothing else */

	kaggle = kaggle_open();
	status = ndjson_run(&tool, argv + optind);
	kaggle_close(kaggle);
	return status;
}
