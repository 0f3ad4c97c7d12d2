/* SPDX-License-Identifier: MIT */
/*
 * wire and runlog under a fuzzer, and what reads rows and summaries. The first
 * byte is the kind of record, the rest its message. What holds for any bytes:
 * every span lies inside them, and every line that comes of them is JSON.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "json.h"
#include "wandb/entry.h"
#include "wandb/history.h"
#include "wandb/summary.h"

static struct span whole;

static void
inside(struct span span)
{
	MUST(span.len == 0 ||
	    (span.at >= whole.at && span.len <= whole.len &&
		(size_t)(span.at - whole.at) <= whole.len - span.len));
}

static void
is_object(struct span text)
{
	struct json_value value;
	struct json_fault fault;

	MUST(json_value(text, JSON_WORDS, &value, &fault));
	MUST(value.type == JSON_OBJECT);
}

static void
check_items(enum runlog_kind kind, struct span message)
{
	struct runlog_items items;
	struct runlog_item item;

	runlog_items(&items, kind, message);
	while (runlog_next_item(&items, &item)) {
		MUST(item.depth > 0);
		for (size_t i = 0; i < item.depth; i++)
			inside(item.path[i]);
		if (item.json.at != items.typed.at)
			inside(item.json);
	}
	runlog_items_release(&items);
}

static void
check_run(struct span message)
{
	struct runlog_run run;
	struct wire state = { 0 };
	struct span tag;

	if (runlog_run(message, &run)) {
		inside(run.run_id);
		inside(run.notes);
		inside(run.commit);
		inside(run.branch_metric);
		check_items(RUNLOG_CONFIG, run.config);
	}
	while (runlog_next_tag(message, &state, &tag))
		inside(tag);
}

static void
check_small(struct span message)
{
	struct runlog_output output;
	struct runlog_metric metric;
	struct runlog_alert alert;
	struct runlog_exit end;
	struct runlog_file file;
	struct wire state = { 0 };

	if (runlog_output(RUNLOG_OUTPUT_RAW, message, &output))
		inside(output.text);
	if (runlog_output(RUNLOG_OUTPUT_LOGGER, message, &output))
		inside(output.text);
	if (runlog_metric(message, &metric))
		inside(metric.step_metric);
	if (runlog_alert(message, &alert))
		inside(alert.text);
	(void)runlog_exit(message, &end); /* numbers only */
	while (runlog_next_file(message, &state, &file))
		inside(file.path);
	(void)runlog_stats_time(message);
}

static void
check_lines(struct span message)
{
	struct history *history = history_new();
	struct summary *summary = summary_new();
	struct history_row row;
	struct buf out = { 0 };

	history_line(history, message, 7, &row);
	is_object(row.line);
	MUST(row.step >= 7);
	history_event(history, message, 0, &row);
	is_object(row.line);
	(void)summary_change(summary, message); /* any number may be bad */
	tree_write(summary_tree(summary), &out);
	is_object((struct span){ out.at, out.len });
	buf_release(&out);
	summary_free(summary);
	history_free(history);
}

/* What wb-cat writes, with keys and without, is strict JSON. */
static void
check_entry(enum runlog_kind kind)
{
	const struct span keys[] = { span_of("a.b"), span_of("_step") };
	struct runlog_entry entry = { .kind = kind, .message = whole };
	struct json_value value;
	struct json_fault fault;
	struct buf out = { 0 };

	for (size_t count = 0; count <= 2; count += 2) {
		struct entry_writer *writer = entry_writer_new(keys, count);

		for (int i = 0; i < 2; i++) {
			buf_clear(&out);
			buf_addc(&out, '{');
			if (entry_write(writer, &entry, &out) != ENTRY_WRITTEN)
				MUST(out.len == 1);
			buf_addc(&out, '}');
			MUST(json_value((struct span){ out.at, out.len }, 0,
			    &value, &fault));
		}
		entry_writer_free(writer);
	}
	buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	whole = (struct span){ (const char *)data + 1, size - 1 };
	check_entry((enum runlog_kind)data[0]);
	switch (data[0]) {
	case RUNLOG_HISTORY:
	case RUNLOG_SUMMARY:
	case RUNLOG_CONFIG:
	case RUNLOG_STATS:
		check_items((enum runlog_kind)data[0], whole);
		check_lines(whole);
		break;
	case RUNLOG_RUN:
		check_run(whole);
		break;
	default:
		check_small(whole);
		break;
	}
	return 0;
}

void
fuzz_seeds(void)
{
	/* A typed value without JSON; a varint that goes on and on. */
	fuzz_seed("typed", "\x02\x0a\x05\x12\x01k(\x03", 9);
	fuzz_seed(
	    "bad", "\x02\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 12);
}

/* The first five records of each kind. */
void
fuzz_seeds_of(const char *path, struct runlog *log)
{
	struct runlog_entry entry;
	enum leveldb_event event;
	int had[RUNLOG_REQUEST + 1] = { 0 };
	struct buf seed = { 0 };

	(void)path;
	do {
		event = runlog_next(log, &entry);
		if (event != LEVELDB_RECORD || had[entry.kind]++ >= 5)
			continue;
		buf_clear(&seed);
		buf_addc(&seed, (char)entry.kind);
		buf_add(&seed, entry.message.at, entry.message.len);
		fuzz_seed(runlog_kind_name(entry.kind), seed.at, seed.len);
	} while (event == LEVELDB_RECORD || event == LEVELDB_DAMAGE);
	buf_release(&seed);
}
