/* SPDX-License-Identifier: MIT */
/*
 * kgl-push - push kernel folders to Kaggle, where each starts a session
 *
 * in:  {"kernel_dir": "folder with kernel-metadata.json"}
 * out: the same record with "kernel", "version", "url", "pushed_at", what was
 *      there before ("previous_version", "previous_status",
 *      "previous_run_at"), "quota_left_seconds" of a GPU or TPU, "no_run" if
 *      no session was to begin, and "failed" if Kaggle dropped sources
 *
 * A push makes a version and starts a session each time, so one whose answer
 * is lost is looked up before it is made again.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jv.h>

#include "cli.h"
#include "clock.h"
#include "kaggle/api.h"
#include "kaggle/metadata.h"
#include "kaggle/push.h"
#include "kaggle/quota.h"
#include "kaggle/source.h"
#include "mem.h"
#include "ndjson.h"
#include "record.h"

static const char help[] =
    "usage: kgl-push [-hnVv] [-j N] [--allow-missing-sources]\n"
    "                [--interval=TIME] [--need=HOURS] [--no-run] [--no-wait]\n"
    "                [--timeout=TIME] [--wait-slot=TIME] [kernel_dir ...]\n"
    "Push kernel folders to Kaggle, where each starts a session.\n"
    "\n"
    "  -n, --dry-run               check and ask, but do not push\n"
    "      --allow-missing-sources dropped sources are no failure\n"
    "      --interval=TIME         ask again after at most TIME (30s)\n"
    "      --need=HOURS            push only if the GPU or TPU quota has them\n"
    "      --no-run                save a version, start no session\n"
    "      --no-wait               push although a session of the kernel runs\n"
    "      --wait-slot=TIME        wait for a free session of the account (0)\n";

enum {
	OPT_ALLOW = 256,
	OPT_INTERVAL,
	OPT_NEED,
	OPT_NO_RUN,
	OPT_NO_WAIT,
	OPT_WAIT_SLOT,
};

static const struct option longopts[] = {
	{ "dry-run", no_argument, NULL, 'n' },
	{ "allow-missing-sources", no_argument, NULL, OPT_ALLOW },
	{ "interval", required_argument, NULL, OPT_INTERVAL },
	{ "need", required_argument, NULL, OPT_NEED },
	{ "no-run", no_argument, NULL, OPT_NO_RUN },
	{ "no-wait", no_argument, NULL, OPT_NO_WAIT },
	{ "wait-slot", required_argument, NULL, OPT_WAIT_SLOT },
	{ 0 },
};

static struct kaggle *kaggle;
static bool dry_run, allow_missing, no_run, no_wait;
static double interval = 30; /* seconds between two questions, at most */
static double wait_slot;     /* seconds */
static double need;          /* hours of the accelerator's quota */

/* What there is to know about one push. */
struct job {
	struct metadata meta;
	struct source source;
	struct kernel kernel;
	struct push push;
	struct deadline end;
	double quota_left; /* seconds before the push; NAN: not known */
	bool dry;
};

/* All that can be checked without a question. */
static jv
prepare(struct job *job, const char *folder)
{
	jv why = metadata_read(&job->meta, folder);

	if (!jv_is_valid(why))
		return why;
	why =
	    source_read(&job->source, job->meta.code_path, job->meta.notebook);
	if (!jv_is_valid(why))
		return why;
	if (!job->meta.internet && source_needs_internet(&job->source))
		warning("%s: enable_internet is off, and %s imports wandb "
			"without WANDB_MODE=offline before it",
		    job->meta.path, job->meta.code_path);
	return kernel_parse(&job->kernel, kaggle, job->meta.id, &job->end);
}

/* What is left of the accelerator's hours; without --need no condition. */
static jv
ask_quota(struct job *job)
{
	jv why;

	if (job->meta.quota == NULL)
		return jv_null();
	why = quota_check(
	    kaggle, job->meta.quota, need, &job->quota_left, &job->end);
	if (jv_is_valid(why) || need > 0)
		return why;
	verbose("%s: %s", job->kernel.name, error_message(why));
	jv_free(why);
	return jv_null();
}

/* All that must hold at Kaggle before the push. */
static jv
ask(struct job *job)
{
	jv why;

	job->push = (struct push){ .kernel = &job->kernel,
		.may_move = job->meta.unpredictable,
		.no_wait = no_wait || job->dry,
		.interval = interval };
	why = push_prepare(kaggle, &job->push, &job->end);
	if (!jv_is_valid(why))
		return why;
	if (job->meta.id_no != 0 &&
	    (job->push.version == 0 ||
		(job->push.id != 0 && job->push.id != job->meta.id_no)))
		return error_value("input",
		    "%s: id_no: %lld is not the number of %s, but of what "
		    "would be pushed",
		    job->meta.path, job->meta.id_no, job->kernel.name);
	return ask_quota(job);
}

/* Pushes, and waits for a free session if that is what it takes. */
static jv
send(struct job *job)
{
	struct deadline slot = deadline_in(wait_slot);
	jv request = job->meta.request;
	jv reply;

	job->meta.request = jv_null();
	request = record_set_str(request, "slug", job->kernel.name);
	request = jv_object_set(request, jv_string("text"),
	    jv_string_sized(
		job->source.text.at != NULL ? job->source.text.at : "",
		(int)job->source.text.len));
	if (no_run)
		request = record_set_str(
		    request, "kernelExecutionType", "QUICK_SAVE");

	diag_on_signal("%s: a push was under way: look at %s whether there is "
		       "a version after %lld",
	    job->kernel.name, job->kernel.url, job->push.version);
	for (;;) {
		reply =
		    push_send(kaggle, &job->push, jv_copy(request), &job->end);
		if (jv_is_valid(reply) || !job->push.no_slot ||
		    deadline_left(&job->end) < interval ||
		    !deadline_sleep(&slot, interval))
			break;
		jv_free(reply);
	}
	diag_on_signal(NULL);
	jv_free(request);
	return reply;
}

/* What a push, or without a reply a dry run, adds to the record. */
static jv
add_push(jv rec, struct job *job, jv reply)
{
	long long version = record_int(reply, "versionNumber", 0);
	char now[CLOCK_TEXT];
	struct kernel landed;
	bool moved = false;

	if (kernel_of_reply(&landed, reply)) {
		moved = strcasecmp(landed.name, job->kernel.name) != 0;
		if (moved)
			warning("%s became %s, as Kaggle makes the name of the "
				"title",
			    job->kernel.name, landed.name);
		kernel_release(&job->kernel);
		job->kernel = landed;
	}
	rec = record_set_str(rec, "kernel", job->kernel.name);
	rec = record_set_str(rec, "url", job->kernel.url);
	rec = push_add_before(rec, &job->push, moved ? version : 0);
	if (!isnan(job->quota_left))
		rec = record_set_number(
		    rec, "quota_left_seconds", round(job->quota_left));
	if (no_run)
		rec = record_set_bool(rec, "no_run", true);
	if (!jv_is_valid(reply))
		return record_set_bool(rec, "dry_run", true);
	rec = record_set_number(rec, "version", (double)version);
	rec = record_set_str(rec, "pushed_at", clock_format(clock_now(), now));
	return push_add_dropped(rec, &job->kernel, reply, allow_missing);
}

static jv
push(jv rec)
{
	static const char *const own[] = { "version", "url", "pushed_at",
		"previous_version", "previous_status", "previous_run_at",
		"quota_left_seconds", "no_run", NULL };
	struct job job = { .end = deadline_in(cli_timeout(12 * 3600)),
		.quota_left = NAN };
	jv why, reply = jv_invalid();

	rec = record_forget(rec, own);
	job.dry = dry_run || record_true(rec, "dry_run");
	why = prepare(&job, record_str(rec, "kernel_dir"));
	if (jv_is_valid(why))
		why = ask(&job);
	if (jv_is_valid(why) && !job.dry) {
		reply = send(&job);
		if (!jv_is_valid(reply))
			why = jv_copy(reply);
	}
	rec = jv_is_valid(why) ? add_push(rec, &job, reply)
			       : record_error(rec, why);
	jv_free(reply);
	push_release(&job.push);
	kernel_release(&job.kernel);
	source_release(&job.source);
	metadata_release(&job.meta);
	return rec;
}

int
main(int argc, char *argv[])
{
	int opt, status;

	cli_init(argv[0], help);
	while ((opt = cli_getopt(argc, argv, "n", longopts)) != -1) {
		switch (opt) {
		case 'n':
			dry_run = true;
			break;
		case OPT_ALLOW:
			allow_missing = true;
			break;
		case OPT_INTERVAL:
			interval = cli_seconds("--interval", optarg);
			if (interval < 1)
				cli_wrong("--interval: at least a second");
			break;
		case OPT_NEED:
			need = cli_seconds("--need", optarg);
			/* A bare number is hours here. */
			if (strspn(optarg, "0123456789.") < strlen(optarg))
				need /= 3600;
			break;
		case OPT_NO_RUN:
			no_run = true;
			break;
		case OPT_NO_WAIT:
			no_wait = true;
			break;
		case OPT_WAIT_SLOT:
			wait_slot = cli_seconds("--wait-slot", optarg);
			break;
		}
	}

	kaggle = kaggle_open();
	status = ndjson_filter(argv + optind, "kernel_dir", push);
	kaggle_close(kaggle);
	return status;
}
