/* SPDX-License-Identifier: MIT */
/*
 * dd-push - send metric records to Datadog
 *
 * in:  {"metric": "wandb.runs.active", "value": 3, "at": TIME, "tags": {...}}
 * out: the same record with "pushed_at", when Datadog has accepted it; with
 *      "sent_at" when it went to an Agent, which answers nothing
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jv.h>

#include "aws/secret.h"
#include "cli.h"
#include "clock.h"
#include "metrics/datadog.h"
#include "metrics/intake.h"
#include "metrics/outbox.h"
#include "metrics/statsd.h"
#include "ndjson.h"
#include "record.h"

static const char help[] =
    "usage: dd-push [-hnVv] [--aws-secret=NAME] [--site=SITE]\n"
    "               [--statsd[=ADDRESS]] [--tag=KEY:VALUE] [--timeout=TIME]\n"
    "               [record ...]\n"
    "Send metric records to Datadog.\n"
    "\n"
    "  -n, --dry-run           ask nobody, write what would be sent\n"
    "      --aws-secret=NAME   DD_API_KEY from AWS Secrets Manager\n"
    "      --site=SITE         Datadog's site (DD_SITE, datadoghq.com)\n"
    "      --statsd[=ADDRESS]  to an Agent, as DogStatsD: HOST:PORT or\n"
    "                          unix:///PATH (127.0.0.1:8125)\n"
    "      --tag=KEY:VALUE     a tag more for each; may be repeated\n";

enum {
	OPT_AWS_SECRET = 256,
	OPT_SITE,
	OPT_STATSD,
	OPT_TAG,
};

static const struct option longopts[] = {
	{ "aws-secret", required_argument, NULL, OPT_AWS_SECRET },
	{ "dry-run", no_argument, NULL, 'n' },
	{ "site", required_argument, NULL, OPT_SITE },
	{ "statsd", optional_argument, NULL, OPT_STATSD },
	{ "tag", required_argument, NULL, OPT_TAG },
	{ 0 },
};

static bool dry_run;
static struct datadog datadog;
static struct intake *intake; /* NULL under -n, and with --statsd */
static struct statsd *statsd; /* NULL without --statsd */

static void
send(struct outbox_item *items, size_t count)
{
	struct deadline end = deadline_in(cli_timeout(60));

	if (statsd != NULL)
		statsd_send(statsd, items, count, &end);
	else
		intake_send(intake, items, count, &end);
}

static struct outbox outbox = { .send = send, .field = "pushed_at" };

static void
flush(void)
{
	outbox_flush(&outbox);
}

/* Says which line is meant; consumes why. */
static jv
at_line(jv why)
{
	jv error;

	if (ndjson_line() == 0)
		return why;
	error = error_value(
	    error_code(why), "line %ld: %s", ndjson_line(), error_message(why));
	jv_free(why);
	return error;
}

/* What goes out for series, consumed: a string, or an error_value(). */
static jv
text_of(jv series)
{
	jv text = datadog_check_time(series);

	if (!jv_is_valid(text)) {
		jv_free(series);
		return text;
	}
	jv_free(text);
	if (statsd != NULL) {
		text = statsd_line(statsd, series);
		jv_free(series);
		return text;
	}
	text = jv_dump_string(series, 0);
	if (jv_string_length_bytes(jv_copy(text)) < OUTBOX_MOST)
		return text;
	jv_free(text);
	return error_value(
	    "input", "a series has %d bytes at most", OUTBOX_MOST);
}

/* A record without a time is of now, and stays so. */
static jv
set_time(jv rec)
{
	char now[CLOCK_TEXT];
	jv at = record_get(rec, "at");
	bool has = jv_is_valid(at) && jv_get_kind(at) != JV_KIND_NULL;

	jv_free(at);
	if (has)
		return rec;
	return record_set_str(rec, "at", clock_format(floor(clock_now()), now));
}

/* What would be sent. */
static jv
set_dry(jv rec, jv series, const char *text)
{
	rec = record_set_bool(rec, "dry_run", true);
	if (statsd != NULL)
		return record_set_str(rec, "datagram", text);
	return jv_object_set(rec, jv_string("series"), jv_copy(series));
}

static void
take(jv rec)
{
	static const char *const ours[] = { "pushed_at", "sent_at", "series",
		"datagram", NULL };
	bool dry = dry_run || record_true(rec, "dry_run");
	jv series, text;
	bool once;

	rec = set_time(record_forget(rec, ours));
	series = datadog_series(&datadog, rec);
	text = jv_is_valid(series) ? text_of(jv_copy(series)) : jv_copy(series);
	if (jv_is_valid(text) &&
	    strcmp(record_str(series, "metric"), record_str(rec, "metric")))
		verbose("%s: sent as %s", record_str(rec, "metric"),
		    record_str(series, "metric"));
	once = record_int(series, "type", 0) == 1;
	if (!jv_is_valid(text)) {
		outbox_pass(&outbox, record_error(rec, at_line(text)));
	} else if (dry) {
		rec = set_dry(rec, series, jv_string_value(text));
		outbox_pass(&outbox, rec);
		jv_free(text);
	} else {
		outbox_put(&outbox, rec, text, once);
	}
	jv_free(series);
}

static jv
push(jv rec)
{
	jv value = record_get(rec, "value");
	const char *metric = record_str(rec, "metric");
	bool is_null = metric != NULL && jv_get_kind(value) == JV_KIND_NULL;

	jv_free(value);
	if (is_null)
		verbose("%s: no value", metric);
	if (record_is_dead(rec) || is_null ||
	    (metric == NULL && record_true(rec, "dry_run")))
		outbox_pass(&outbox, rec);
	else
		take(rec);
	return jv_invalid();
}

/* The key, where the environment lacks it, from a secret if one is named. */
static void
get_secret(const char *name)
{
	static const char *const wanted[] = { "DD_API_KEY", NULL };
	struct deadline end = deadline_in(cli_timeout(60));
	jv why = jv_null();

	if (name != NULL)
		why = aws_secret_provide(name, wanted, &end);
	if (!jv_is_valid(why))
		die(STATUS_USAGE, "%s", error_message(why));
	jv_free(why);
}

int
main(int argc, char *argv[])
{
	struct ndjson_tool tool = {
		.key = "metric", .work = push, .flush = flush
	};
	const char *site = NULL, *address = NULL, *secret = NULL;
	bool to_agent = false;
	jv tags = jv_array(), tag;
	int opt, status;

	cli_init(argv[0], help);
	while ((opt = cli_getopt(argc, argv, "n", longopts)) != -1) {
		switch (opt) {
		case 'n':
			dry_run = true;
			break;
		case OPT_AWS_SECRET:
			secret = optarg;
			break;
		case OPT_SITE:
			site = optarg;
			break;
		case OPT_STATSD:
			to_agent = true;
			address = optarg;
			break;
		case OPT_TAG:
			tag = datadog_tag(optarg);
			if (*jv_string_value(tag) == '\0')
				cli_wrong("--tag: %s: no tag: it begins with a "
					  "letter",
				    optarg);
			tags = jv_array_append(tags, tag);
			break;
		}
	}
	if (to_agent && site != NULL)
		cli_wrong("--site and --statsd: either, not both");

	datadog_init(&datadog, tags);
	if (to_agent) {
		statsd = statsd_open(address);
		outbox.field = "sent_at";
	} else if (!dry_run) {
		get_secret(secret);
		intake = intake_open(site);
	}
	status = ndjson_run(&tool, argv + optind);
	if (statsd != NULL)
		statsd_close(statsd);
	if (intake != NULL)
		intake_close(intake);
	datadog_release(&datadog);
	outbox_release(&outbox);
	return status;
}
