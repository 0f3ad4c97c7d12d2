/* SPDX-License-Identifier: MIT */
/*
 * history, summary and runconfig, with libFuzzer: any message, twice, since
 * what is known of the first is used for the second.
 */
#include "fuzz.h"
#include "json.h"
#include "wandb/history.h"
#include "wandb/runconfig.h"
#include "wandb/summary.h"
#include "wandb/yaml.h"

/*
 * What is made is JSON, whatever it is made of. Only a text of some length can
 * nest deeper than is read: a path and a value may both nest to JSON_DEPTH.
 */
static void
check(struct span json, int flags)
{
	struct json_value value;
	struct json_fault fault;

	MUST(json_value(json, flags, &value, &fault) || json.len > JSON_DEPTH);
}

static void
check_buf(struct buf *text, int flags)
{
	check((struct span){ text->at, text->len }, flags);
	buf_clear(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct span message = { (const char *)bytes, size };
	struct history *history = history_new();
	struct runconfig *config = runconfig_new();
	struct summary *summary = summary_new();
	struct history_row row;
	struct buf out = { 0 };
	int i;

	for (i = 0; i < 2; i++) {
		history_line(history, message, i, &row);
		check(row.line, JSON_WORDS);
		history_event(history, message, i, &row);
		check(row.line, JSON_WORDS);
		(void)summary_change(summary, message);
		tree_write(summary_tree(summary), &out);
		check_buf(&out, JSON_WORDS);
		(void)runconfig_change(config, message);
		(void)runconfig_telemetry(config, message);
		(void)runconfig_metric(config, message);
		(void)runconfig_environment(config, message);
		runconfig_json(config, &out);
		runconfig_inherit(config, (struct span){ out.at, out.len });
		check_buf(&out, 0);
		if (runconfig_metadata(config, &out))
			check_buf(&out, 0);
		runconfig_yaml(config, &out);
		buf_clear(&out);
	}
	buf_release(&out);
	summary_free(summary);
	runconfig_free(config);
	history_free(history);
	return 0;
}

void
fuzz_seeds(void)
{
	/* A path of two keys, and the same key twice. */
	fuzz_seed("path",
	    "\x0a\x0a\x12\x01"
	    "a\x12\x01"
	    "b\x82\x01\x01"
	    "1",
	    12);
	fuzz_seed("twice",
	    "\x0a\x07\x0a\x01"
	    "a\x82\x01\x01"
	    "1"
	    "\x0a\x07\x0a\x01"
	    "a\x82\x01\x01"
	    "2",
	    18);
}

/* The first records of each kind. */
void
fuzz_seeds_of(const char *path, struct runlog *log)
{
	struct runlog_entry entry;
	struct runlog_run run;
	int had[RUNLOG_REQUEST + 1] = { 0 };

	(void)path;
	while (runlog_next(log, &entry) == LEVELDB_RECORD) {
		if (had[entry.kind]++ >= 3)
			continue;
		if (entry.kind != RUNLOG_RUN)
			fuzz_seed(runlog_kind_name(entry.kind),
			    entry.message.at, entry.message.len);
		else if (runlog_run(entry.message, &run))
			fuzz_seed("run", run.config.at, run.config.len);
	}
}
