/* SPDX-License-Identifier: MIT */
/*
 * wb-cat - print .wandb files as records
 *
 * in:  {"wandb_file": "..."} or {"run_dir": "..."}, as wb-find-runs(1) writes
 * out: a record for each entry of the file: "kind", "offset", "num",
 *      "logged_at" and its content; with --salvage also for each damage
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jv.h>

#include "cli.h"
#include "clock.h"
#include "json.h"
#include "mem.h"
#include "ndjson.h"
#include "record.h"
#include "wandb/choice.h"
#include "wandb/entry.h"
#include "wandb/runlog.h"
#include "wandb/source.h"
#include "wandb/writer.h"

static const char help[] =
    "usage: wb-cat [-fhVv] [-j N] [--timeout=TIME] [--only=KIND,...]\n"
    "              [--keys=KEY,...] [--salvage] [run ...]\n"
    "Print .wandb files as records.\n"
    "\n"
    "  -f, --follow         read on while the file is written\n"
    "      --only=KIND,...  only entries of these kinds: history, summary,\n"
    "                       config, stats, output_raw, run, exit, ...\n"
    "      --keys=KEY,...   only these values, and entries that have one\n"
    "      --salvage        read on behind a damage\n";

enum { OPT_ONLY = 256, OPT_KEYS, OPT_SALVAGE };

static const struct option longopts[] = {
	{ "follow", no_argument, NULL, 'f' },
	{ "only", required_argument, NULL, OPT_ONLY },
	{ "keys", required_argument, NULL, OPT_KEYS },
	{ "salvage", no_argument, NULL, OPT_SALVAGE },
	{ 0 },
};

/* Bytes of lines that are written together. */
enum { AT_ONCE = 1 << 17 };

static bool following, salvaging;
static struct choice wanted;
static struct entry_writer *writer;

/* The reading of one file. */
struct reading {
	const char *path;
	struct runlog *log;
	struct buf head;  /* the members that all its records have */
	struct buf lines; /* not yet written */
	bool exited;      /* the exit record was there */
	struct writer_watch watch;
	struct deadline end;
};

static void
flush(struct reading *reading)
{
	ndjson_write_lines(reading->lines.at, reading->lines.len);
	buf_clear(&reading->lines);
}

/* Writes an entry; false if it is broken inside. */
static bool
write_entry(struct reading *reading, const struct runlog_entry *entry)
{
	struct buf *lines = &reading->lines;
	size_t before = lines->len;
	enum entry_result result;

	reading->exited |= entry->kind == RUNLOG_EXIT;
	if (!choice_has(&wanted, entry->kind))
		return true;
	buf_add(lines, reading->head.at, reading->head.len);
	result = entry_write(writer, entry, lines);
	if (result != ENTRY_WRITTEN) {
		buf_cut(lines, before);
		return result == ENTRY_LEFT_OUT;
	}
	buf_adds(lines, "}\n");
	if (lines->len >= AT_ONCE)
		flush(reading);
	return true;
}

/*
 * At the end of a file that may grow: waits, and true when it has. False if
 * there is no more to come; *why is an error_value() if the time is over, or
 * the file another one.
 */
static bool
wait_for_more(struct reading *reading, jv *why)
{
	int fd = runlog_fd(reading->log);
	off_t seen = reading->watch.size;
	const char *what;
	bool grown;

	flush(reading);
	while (!reading->exited && !writer_is_gone(&reading->watch, fd)) {
		grown = writer_has_grown(&reading->watch, fd) ||
		    reading->watch.size != seen;
		what = writer_changed(fd, reading->path, seen);
		if (what != NULL) {
			*why = error_temporary(error_value("conflict",
			    "%s: the file %s while it was followed",
			    reading->path, what));
			return false;
		}
		if (grown)
			return true;
		if (!deadline_sleep(&reading->end, WRITER_LOOK)) {
			*why = error_value(
			    "timeout", "%s: the run goes on", reading->path);
			return false;
		}
	}
	warning("%s: %s", reading->path,
	    reading->exited ? "the run has ended"
			    : "the run has no end, but its writer is gone");
	return false;
}

/*
 * What an event that is no record means: an error_value(), or jv_null() if the
 * reading goes on and it is told by a record of its own.
 */
static jv
take_damage(struct reading *reading, jv rec, enum leveldb_event event,
    const struct runlog_entry *entry)
{
	jv why = runlog_error(reading->path, event, entry), damage;

	/* A file that is being written may end anywhere. */
	if (event == LEVELDB_CUT && writer_is_alive(runlog_fd(reading->log)))
		why = error_temporary(why);
	if (!salvaging || event == LEVELDB_FOREIGN || event == LEVELDB_ERROR)
		return why;
	flush(reading);
	damage =
	    record_set_str(jv_object(), "run_dir", record_str(rec, "run_dir"));
	damage = record_set_str(damage, "wandb_file", reading->path);
	damage = record_set_str(damage, "kind", "damage");
	damage = record_set_number(damage, "offset", (double)entry->start);
	damage = record_set_number(
	    damage, "bytes", (double)(entry->end - entry->start));
	damage = record_set_str(damage, "why", entry->why);
	ndjson_write(record_failed(damage, why));
	return jv_null();
}

/*
 * Reads the file and writes its records. jv_null(), or an error_value(), then
 * *offset is the place of it.
 */
static jv
read_file(struct reading *reading, jv rec, off_t *offset)
{
	struct runlog_entry entry;
	enum leveldb_event event;
	jv why = jv_null();

	while (jv_is_valid(why)) {
		do
			event = runlog_next(reading->log, &entry);
		while (event == LEVELDB_RECORD && write_entry(reading, &entry));
		*offset = entry.start;
		if (event == LEVELDB_RECORD) {
			event = LEVELDB_DAMAGE;
			entry.why = "no protobuf";
		}
		if (event == LEVELDB_END || event == LEVELDB_CUT_BLOCK ||
		    event == LEVELDB_CUT) {
			if (following && wait_for_more(reading, &why))
				continue;
			if (!jv_is_valid(why) || event != LEVELDB_CUT)
				break;
		}
		jv_free(why);
		why = take_damage(reading, rec, event, &entry);
		if (event == LEVELDB_CUT)
			break;
	}
	return why;
}

/* {"wandb_file":"...", and the like: the first members of each record. */
static void
add_head(struct buf *head, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_addf(head, "%s\"%s\":", head->len == 0 ? "{" : "", name);
	json_quote(head, span_of(value));
	buf_addc(head, ',');
}

static jv
cat(jv rec)
{
	jv path = source_path(rec), why = jv_null();
	struct reading reading = { 0 };
	off_t offset = -1;
	int fd;

	if (!jv_is_valid(path))
		return record_error(rec, path);
	reading.path = jv_string_value(path);
	reading.log = runlog_open(reading.path, &why);
	if (reading.log != NULL) {
		add_head(&reading.head, "run_dir", record_str(rec, "run_dir"));
		add_head(&reading.head, "wandb_file", reading.path);
		reading.end = deadline_in(cli_timeout(INFINITY));
		fd = runlog_fd(reading.log);
		writer_watch(&reading.watch, fd, lseek(fd, 0, SEEK_END));
		why = read_file(&reading, rec, &offset);
		flush(&reading);
	}
	runlog_close(reading.log);
	buf_release(&reading.head);
	buf_release(&reading.lines);
	jv_free(path);
	if (jv_is_valid(why)) {
		jv_free(rec);
		return jv_invalid(); /* all is written */
	}
	if (offset >= 0)
		rec = record_set_number(rec, "offset", (double)offset);
	return record_error(rec, why);
}

int
main(int argc, char *argv[])
{
	struct ndjson_tool tool = {
		.key = "wandb_file", .work = cat, .any_key = true
	};
	const char *wrong;
	int opt, status;

	cli_init(argv[0], help);
	while ((opt = cli_getopt(argc, argv, "f", longopts)) != -1) {
		switch (opt) {
		case 'f':
			following = true;
			break;
		case OPT_ONLY:
			wrong = choice_add_kinds(&wanted, optarg);
			if (wrong != NULL)
				cli_wrong("--only: '%.*s' is no kind of entry",
				    (int)strcspn(wrong, ","), wrong);
			break;
		case OPT_KEYS:
			if (choice_add_keys(&wanted, optarg) != NULL)
				cli_wrong("--keys: a key is empty");
			break;
		case OPT_SALVAGE:
			salvaging = true;
			break;
		}
	}
	writer = entry_writer_new(wanted.keys, wanted.key_count);
	status = ndjson_run(&tool, argv + optind);
	entry_writer_free(writer);
	choice_release(&wanted);
	return status;
}
