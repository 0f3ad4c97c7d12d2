/* SPDX-License-Identifier: MIT */
/*
 * runlog - the records of a .wandb file
 *
 * What the W&B client writes while it trains: protobuf messages (upstream:
 * wandb/proto/wandb_internal.proto, wandb_telemetry.proto) in the framing of
 * leveldb.h. A record is decoded as far as its kind; the functions below read
 * the kinds. All spans point into the record and live until the next is read.
 * Text is as it was written: it may be no UTF-8.
 */
#ifndef WANDB_RUNLOG_H
#define WANDB_RUNLOG_H

#include <stdbool.h>
#include <stdint.h>

#include <jv.h>

#include "wandb/leveldb.h"
#include "wandb/wire.h"

/* The field numbers of Record in wandb_internal.proto. */
enum runlog_kind {
	RUNLOG_NONE = 0, /* an empty record, or only fields that are unknown */
	RUNLOG_HISTORY = 2,
	RUNLOG_SUMMARY = 3,
	RUNLOG_OUTPUT = 4,
	RUNLOG_CONFIG = 5,
	RUNLOG_FILES = 6,
	RUNLOG_STATS = 7,
	RUNLOG_ARTIFACT = 8,
	RUNLOG_TBRECORD = 9,
	RUNLOG_ALERT = 10,
	RUNLOG_TELEMETRY = 11,
	RUNLOG_METRIC = 12,
	RUNLOG_OUTPUT_RAW = 13,
	RUNLOG_RUN = 17,
	RUNLOG_EXIT = 18,
	RUNLOG_FINAL = 20,
	RUNLOG_HEADER = 21,
	RUNLOG_FOOTER = 22,
	RUNLOG_PREEMPTING = 23,
	RUNLOG_LINK_ARTIFACT = 24,
	RUNLOG_USE_ARTIFACT = 25,
	RUNLOG_ENVIRONMENT = 26,
	RUNLOG_OUTPUT_LOGGER = 27,
	RUNLOG_REQUEST = 100,
};

/* "history", "output_raw", ...: the names of the fields; "none". */
const char *runlog_kind_name(enum runlog_kind kind);

struct runlog_entry {
	enum runlog_kind kind;
	int64_t num;         /* Record.num; 0 without one */
	struct span message; /* the message of that kind */
	off_t start, end;    /* its place in the file */
	const char *why;     /* a damage, an error: what is wrong */
};

struct runlog;

/*
 * Opens a file. Returns NULL and sets *why to an error_value() if that fails:
 * not_found, io. A file that is no .wandb file shows at the first
 * runlog_next().
 */
struct runlog *runlog_open(const char *path, jv *why);
void runlog_close(struct runlog *log);
int runlog_fd(const struct runlog *log);

/*
 * The next record or event: leveldb_next()'s. A record that is no protobuf is
 * a LEVELDB_DAMAGE of its own size ("no protobuf"): nothing else is lost.
 */
enum leveldb_event runlog_next(struct runlog *log, struct runlog_entry *entry);

/* leveldb_seek(). */
void runlog_seek(struct runlog *log, off_t offset);

/* What a LEVELDB_FOREIGN, _ERROR, _DAMAGE or _CUT of path is to the user. */
jv runlog_error(const char *path, enum leveldb_event event,
    const struct runlog_entry *entry);

/* RunRecord. Strings that are not there are empty. */
struct runlog_run {
	struct span run_id, entity, project, group, job_type, display_name,
	    notes;
	struct span sweep_id, host, remote_url, commit;
	struct span config;    /* a ConfigRecord, for runlog_items() */
	struct span telemetry; /* a TelemetryRecord */
	struct span message;   /* the whole, for runlog_tags() */
	double start_time;     /* NAN without one */
	bool resume;           /* field 24: the sync is to go on with the run */
	bool resumed;          /* the server had the run when this began */
	int64_t starting_step; /* what it was to go on from */
	bool has_branch;       /* a fork or a rewind: */
	struct span branch_run, branch_metric;
	double branch_value;
	int32_t runtime; /* seconds that were used before */
};

bool runlog_run(struct span message, struct runlog_run *run);

/* The tags of a RunRecord, one a call; state begins as 0-initialised. */
bool runlog_next_tag(struct span message, struct wire *state, struct span *tag);

/*
 * The items of a HistoryRecord, SummaryRecord, ConfigRecord or StatsRecord:
 *
 *	struct runlog_items items;
 *	struct runlog_item item;
 *	runlog_items(&items, kind, message);
 *	while (runlog_next_item(&items, &item)) ...
 *
 * path[0..depth-1] is nested_key if there is one, else key. An item with
 * neither value_json nor a typed value has an empty json. Typed values (fields
 * 3 to 8 of a HistoryItem, x_history_value_encoding) stand beside value_json or
 * alone: alone, they come as JSON in json, which may hold JSON's three words
 * more (json.h). The spans of an item live until the next. When there is no
 * further item, items.wire.bad says whether that is because of bytes that are
 * no item.
 */
struct runlog_item {
	const struct span *path;
	size_t depth;
	struct span json;
	bool removed; /* of a summary or config: take it away */
};

struct runlog_items {
	struct wire wire;
	enum runlog_kind kind;
	struct span one;   /* a path of one element, which is the usual */
	struct span *more; /* others; grows */
	size_t room;
	struct buf typed;
};

void runlog_items(
    struct runlog_items *items, enum runlog_kind kind, struct span message);
bool runlog_next_item(struct runlog_items *items, struct runlog_item *item);
void runlog_items_release(struct runlog_items *items);

/* The timestamp of a StatsRecord (seconds); NAN without one. */
double runlog_stats_time(struct span message);

/* OutputRecord, OutputRawRecord and OutputLoggerRecord. */
struct runlog_output {
	bool error;  /* standard error */
	double time; /* NAN without one */
	struct span text;
};
bool runlog_output(
    enum runlog_kind kind, struct span message, struct runlog_output *output);

/* FilesRecord. */
enum runlog_policy { RUNLOG_NOW = 0, RUNLOG_AT_END = 1, RUNLOG_LIVE = 2 };
struct runlog_file {
	struct span path; /* relative to files/ */
	enum runlog_policy policy;
	int type; /* 0 other, 1 wandb, 2 media, 3 artifact */
};
bool runlog_next_file(
    struct span message, struct wire *state, struct runlog_file *file);

/* MetricRecord. */
struct runlog_metric {
	struct span name, glob, step_metric;
	bool step_sync, hidden, defined;                    /* options */
	bool min, max, mean, best, last, none, copy, first; /* summary */
	int goal;
	bool overwrite, expanded;
};
bool runlog_metric(struct span message, struct runlog_metric *metric);

/* AlertRecord; wait is in milliseconds. */
struct runlog_alert {
	struct span title, text, level;
	int64_t wait;
};
bool runlog_alert(struct span message, struct runlog_alert *alert);

/* RunExitRecord. */
struct runlog_exit {
	int32_t code;
	int32_t runtime;
	bool not_complete;
};
bool runlog_exit(struct span message, struct runlog_exit *exit);

#endif
