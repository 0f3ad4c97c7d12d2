/* SPDX-License-Identifier: MIT */
/*
 * wb-compare - compare W&B runs: what differs, side by side, and the best
 *
 * in:  records of runs as wb-runs --fields=config,summary,... writes them
 * out: one record: "runs", "config" (what differs in it), "summary", and with
 *      --by "best"
 */
#include <stdlib.h>
#include <string.h>

#include <jv.h>

#include "cli.h"
#include "json.h"
#include "mem.h"
#include "ndjson.h"
#include "record.h"
#include "wandb/comparison.h"

static const char help[] =
    "usage: wb-compare [-hVv] [--by=KEY --max | --min] [record ...]\n"
    "Compare W&B runs: what differs, side by side, and the best.\n"
    "\n"
    "      --by=KEY  the best run is that with the\n"
    "      --max     greatest, or\n"
    "      --min     least number under KEY in its summary\n";

enum { OPT_BY = 256, OPT_MAX, OPT_MIN };

static const struct option longopts[] = {
	{ "by", required_argument, NULL, OPT_BY },
	{ "max", no_argument, NULL, OPT_MAX },
	{ "min", no_argument, NULL, OPT_MIN },
	{ 0 },
};

static struct comparison *comparison;
static const char *by;
static bool twice;  /* the record that was taken last is there again */
static bool failed; /* there is no best one */

static bool
take(struct span record)
{
	enum comparison_verdict verdict = comparison_take(comparison, record);

	twice = verdict == COMPARISON_TWICE;
	return verdict == COMPARISON_TAKEN;
}

/* What could not be taken. */
static jv
refuse(jv rec)
{
	static const char *const fields[] = { "config", "summary" };

	for (size_t i = 0; i < sizeof fields / sizeof *fields && !twice; i++) {
		jv value = record_get(rec, fields[i]);
		bool there = jv_get_kind(value) == JV_KIND_OBJECT;

		jv_free(value);
		if (!there)
			return record_error(rec,
			    error_value("input",
				"the record has no %s: wb-runs --fields="
				"display_name,state,url,config,summary "
				"writes it",
				fields[i]));
	}
	return record_error(
	    rec, error_value("input", "the run came before: it is compared"));
}

/* The members of an object that says there is no best run. */
static void
add_failure(struct buf *out)
{
	jv failure = record_failed(jv_object(),
	    error_value("not_found",
		"no run has a number under %s in its summary", by));
	jv why = record_get(failure, "failed");
	jv text = jv_dump_string(jv_copy(why), 0);

	warning("%s", record_str(why, "message"));
	buf_addf(out, ",\"failed\":%s", jv_string_value(text));
	failed = true;
	jv_free(text);
	jv_free(why);
	jv_free(failure);
}

/* One record for all, if there are any. */
static void
finish(void)
{
	struct buf out = { 0 };

	if (comparison_runs(comparison) == 0)
		return;
	buf_addc(&out, '{');
	comparison_write(comparison, &out);
	if (by != NULL && !comparison_has_best(comparison))
		add_failure(&out);
	buf_addc(&out, '}');
	ndjson_write_text(out.at, out.len);
	buf_release(&out);
}

int
main(int argc, char *argv[])
{
	struct ndjson_tool tool = {
		.key = "run", .work = refuse, .take = take, .end = finish
	};
	int opt, status, order = 0;

	cli_init(argv[0], help);
	while ((opt = cli_getopt(argc, argv, "", longopts)) != -1) {
		if (opt == OPT_BY) {
			by = optarg;
		} else {
			if (order != 0 && order != opt)
				cli_wrong("--max and --min: one of them");
			order = opt;
		}
	}
	if ((by != NULL) != (order != 0))
		cli_wrong("--by=KEY and one of --max and --min: both or none");
	if (by != NULL && (*by == '\0' || !json_is_utf8(span_of(by))))
		cli_wrong("--by: no key");

	comparison = comparison_new(
	    by, order == OPT_MAX ? COMPARISON_MAX : COMPARISON_MIN);
	status = ndjson_run(&tool, argv + optind);
	comparison_free(comparison);
	return failed && status == STATUS_OK ? STATUS_RECORD : status;
}
