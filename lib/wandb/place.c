/* SPDX-License-Identifier: MIT */
/*
 * place - where in a run on the server the lines of a file are
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "record.h"
#include "wandb/console.h"
#include "wandb/place.h"
#include "wandb/runlog.h"
#include "wandb/stream.h"

/* What one reading of the file finds. */
struct scan {
	/* What is looked for. */
	struct row_key last_row, last_event; /* the server's */
	double last_console;                 /* NAN: not looked for */
	int64_t at; /* the file's row that must be last_row; -1: any */
	bool begin; /* only as far as the first row */
	/* The least that the next row may have: behind the file before, alone.
	 */
	int64_t step, plain_step;
	/* What was found; -1 where it was not. */
	int64_t row, event, console;
	int64_t rows, events; /* so many were read */
	struct row_key first, last;
	int64_t plain_last; /* the step of the last, alone */
	/* Wherever last_row stands; and how the file goes on behind its time.
	 */
	int64_t found;         /* the row that it is; -1 */
	int64_t until;         /* the first row that is later; -1 */
	struct row_key before; /* the row before that, */
	bool gap;              /* and whether a damaged place is between */
	bool damaged, since;   /* somewhere; since the last row */
	bool loose;     /* event, console: the last that is not later will do */
	double started; /* EnvironmentRecord.started_at; NAN without one */
};

bool
place_too_long(size_t bytes)
{
	return bytes > STREAM_MOST_LINE;
}

/* Times are doubles of some 2e9 that may have been printed and read again. */
static bool
same_time(double a, double b)
{
	return fabs(a - b) < 5e-7;
}

bool
place_same_row(const struct row_key *a, const struct row_key *b)
{
	if (isnan(a->timestamp) && isnan(b->timestamp))
		return a->step == b->step;
	return same_time(a->timestamp, b->timestamp);
}

static double
to_number(struct span text)
{
	char copy[64];

	if (text.len == 0 || text.len >= sizeof copy)
		return NAN;
	memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	return strtod(copy, NULL);
}

/* Steps are numbered as history_line() does. */
static int64_t
count_step(int64_t *least, double recorded)
{
	int64_t step = recorded > (double)*least ? (int64_t)recorded : *least;

	*least = step + 1;
	return step;
}

void
place_row(struct span message, double *timestamp, double *step)
{
	struct runlog_items items;
	struct runlog_item item;

	*timestamp = *step = NAN;
	runlog_items(&items, RUNLOG_HISTORY, message);
	while (runlog_next_item(&items, &item)) {
		if (item.depth != 1)
			continue;
		if (span_is(item.path[0], "_timestamp"))
			*timestamp = to_number(item.json);
		else if (span_is(item.path[0], "_step"))
			*step = to_number(item.json);
	}
	runlog_items_release(&items);
}

/* Where the server's last row is, although rows may be missing before it. */
static void
look_at(struct scan *scan, const struct row_key *key)
{
	if (scan->found < 0 && place_same_row(key, &scan->last_row)) {
		scan->found = scan->rows;
	} else if (scan->until < 0 &&
	    key->timestamp > scan->last_row.timestamp) {
		scan->until = scan->rows;
		scan->before = scan->last;
		scan->gap = scan->since;
	}
}

static void
scan_row(struct scan *scan, struct span message)
{
	struct row_key key = { .known = true };
	double step;

	if (place_too_long(message.len))
		return;
	place_row(message, &key.timestamp, &step);
	key.step = count_step(&scan->step, step);
	scan->plain_last = count_step(&scan->plain_step, step);
	if (scan->rows == 0)
		scan->first = key;
	if (scan->last_row.known)
		look_at(scan, &key);
	scan->last = key;
	scan->since = false;
	if (scan->row < 0 && scan->last_row.known &&
	    (scan->at < 0 || scan->at == scan->rows) &&
	    place_same_row(&key, &scan->last_row))
		scan->row = scan->rows;
	scan->rows++;
}

static void
scan_event(struct scan *scan, struct span message)
{
	double time = runlog_stats_time(message);

	if (scan->last_event.known &&
	    (same_time(time, scan->last_event.timestamp) ||
		(scan->loose && time < scan->last_event.timestamp)))
		scan->event = scan->events;
	scan->events++;
}

static void
scan_environment(struct scan *scan, struct span message)
{
	struct wire wire = wire_of(message);
	struct wire_field field;

	while (wire_next(&wire, &field))
		if (field.number == 3 && field.type == WIRE_BYTES)
			scan->started = wire_time(field.bytes);
}

static void
scan_console(void *context, const struct console_line *line)
{
	struct scan *scan = context;

	/* Lines carry microseconds. */
	if (fabs(line->time - scan->last_console) < 1.5e-6 ||
	    (scan->loose && line->time < scan->last_console))
		scan->console = line->number;
}

static void
scan_output(struct scan *scan, struct console *console,
    const struct runlog_entry *entry)
{
	struct runlog_output output;

	if (isnan(scan->last_console) ||
	    !runlog_output(entry->kind, entry->message, &output))
		return;
	if (entry->kind == RUNLOG_OUTPUT_RAW)
		console_raw(console, output.error, output.time, output.text);
	else
		console_logged(console, output.time, output.text);
}

static void
scan_record(struct scan *scan, struct console *console,
    const struct runlog_entry *entry)
{
	switch (entry->kind) {
	case RUNLOG_HISTORY:
		scan_row(scan, entry->message);
		break;
	case RUNLOG_STATS:
		scan_event(scan, entry->message);
		break;
	case RUNLOG_ENVIRONMENT:
		scan_environment(scan, entry->message);
		break;
	case RUNLOG_OUTPUT:
	case RUNLOG_OUTPUT_RAW:
	case RUNLOG_OUTPUT_LOGGER:
		scan_output(scan, console, entry);
		break;
	default:
		break;
	}
}

static jv
scan_file(const char *path, struct scan *scan)
{
	jv why = jv_null();
	struct runlog *log = runlog_open(path, &why);
	struct console *console;
	struct runlog_entry entry;
	enum leveldb_event event;

	if (log == NULL)
		return why;
	jv_free(why);
	console = console_new(scan_console, scan);
	scan->row = scan->event = scan->console = -1;
	scan->found = scan->until = -1;
	scan->started = NAN;
	while (((event = runlog_next(log, &entry)) == LEVELDB_RECORD ||
		   event == LEVELDB_DAMAGE) &&
	    !(scan->begin && scan->rows > 0))
		if (event == LEVELDB_RECORD)
			scan_record(scan, console, &entry);
		else
			scan->damaged = scan->since = true;
	console_finish(console);
	console_free(console);
	runlog_close(log);
	return jv_null();
}

static jv
conflict(const struct bucket *bucket, const char *how)
{
	return error_value("conflict",
	    "the run %s on the server, with "
	    "%" PRId64 " rows, %s",
	    bucket->run_id, bucket->rows, how);
}

/*
 * Without rows there is nothing to compare but when the programs were started
 * that wrote to it.
 */
static bool
others_start(const struct bucket *bucket, const struct scan *scan, bool resume)
{
	jv config =
	    bucket->config != NULL ? jv_parse(bucket->config) : jv_null();
	jv own = record_get(config, "_wandb"), value = record_get(own, "value");
	jv writers = record_get(value, "e");
	bool other = false, ours = false;

	if (jv_get_kind(writers) == JV_KIND_OBJECT && !isnan(scan->started)) {
		jv_object_foreach(writers, key, writer)
		{
			const char *text = record_str(writer, "startedAt");
			double start = text != NULL ? clock_parse(text) : NAN;

			if (fabs(start - scan->started) < 0.001)
				ours = true;
			else if (!isnan(start) &&
			    (!resume || start > scan->started))
				other = true;
			jv_free(key);
			jv_free(writer);
		}
	}
	jv_free(writers);
	jv_free(value);
	jv_free(own);
	jv_free(config);
	return other && !ours;
}

/*
 * Looks for the row that was written at time: times go up with the steps, of
 * which nothing is known where rows were renumbered. row is not known if there
 * is none.
 */
static jv
find_time(struct wandb *wandb, const struct bucket *bucket, double time,
    const struct deadline *deadline, struct row_key *row)
{
	int64_t low = 0, high = bucket->last_row.step + 1, middle;
	jv error = jv_null();

	*row = (struct row_key){ .known = false };
	while (low < high && jv_is_valid(error)) {
		middle = low + (high - low) / 2;
		jv_free(error);
		error = bucket_row(wandb, bucket, middle, high, deadline, row);
		if (!jv_is_valid(error) || !row->known || row->step < middle ||
		    row->step >= high)
			high = middle;
		else if (same_time(row->timestamp, time))
			return error;
		else if (row->timestamp < time)
			low = row->step + 1;
		else
			high = row->step;
	}
	row->known = false;
	return error;
}

/*
 * All of the file's rows are there and more: proves that they are its own, and
 * finds out which step comes behind them.
 */
static jv
prove_over(struct wandb *wandb, const struct bucket *bucket, struct scan *scan,
    const struct deadline *deadline)
{
	int64_t steps[] = { scan->last.step, scan->plain_last };
	struct row_key row;
	jv error;

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		error = bucket_row(
		    wandb, bucket, steps[i], steps[i] + 1, deadline, &row);
		if (!jv_is_valid(error))
			return error;
		jv_free(error);
		if (row.known && place_same_row(&row, &scan->last)) {
			scan->step = steps[i] + 1;
			return jv_null();
		}
	}
	error = find_time(wandb, bucket, scan->last.timestamp, deadline, &row);
	if (!jv_is_valid(error))
		return error;
	scan->step = row.step + 1;
	if (row.known)
		return error;
	jv_free(error);
	return conflict(bucket,
	    "has rows from after this file's time and not its own, which "
	    "cannot be put before them any more");
}

/* Rows that cannot be put in any more. */
static jv
lacks(const struct bucket *bucket, int64_t rows)
{
	return error_value("conflict",
	    "the run %s on the server lacks %" PRId64 " rows of this file "
	    "before its last one, as after the sync of a damaged copy; they "
	    "cannot be put in: sync the file with another id (--id=NEW), then "
	    "delete that run",
	    bucket->run_id, rows);
}

/*
 * The file's last row is there, and scan->step is behind it: whether so many
 * are from its first one on. A damaged copy that was synced, and files that
 * came behind it, leave a hole.
 */
static jv
prove_whole(struct wandb *wandb, const struct bucket *bucket,
    const struct scan *scan, const struct deadline *deadline)
{
	int64_t from = scan->first.step, rows;
	struct row_key row;
	jv error = bucket_row(wandb, bucket, from, from + 1, deadline, &row);

	if (!jv_is_valid(error))
		return error;
	if (!row.known || !place_same_row(&row, &scan->first)) {
		jv_free(error);
		error = find_time(
		    wandb, bucket, scan->first.timestamp, deadline, &row);
		if (!jv_is_valid(error))
			return error;
		from = row.step;
	}
	if (!row.known) {
		jv_free(error);
		return conflict(bucket, "lacks the first row of this file");
	}
	jv_free(error);
	error = bucket_count(wandb, bucket, from, scan->step, deadline, &rows);
	if (!jv_is_valid(error) || rows >= scan->rows)
		return error;
	jv_free(error);
	return lacks(bucket, scan->rows - rows);
}

/* Asks for both, of a file behind whose rows others are. */
static jv
place_over(struct wandb *wandb, const struct bucket *bucket, struct scan *scan,
    const struct deadline *deadline, struct place *place)
{
	jv error;

	place->over = true;
	place->there.rows = scan->rows;
	if (scan->rows == 0)
		return conflict(bucket, "holds rows, and this file none");
	error = prove_over(wandb, bucket, scan, deadline);
	if (!jv_is_valid(error) || scan->damaged)
		return error;
	jv_free(error);
	return prove_whole(wandb, bucket, scan, deadline);
}

/*
 * The server's last row is in the file, or where the file is damaged, but not
 * at its number: there are so many of the run behind place->first. Rows are
 * missing here, or there.
 */
static jv
place_gap(struct wandb *wandb, const struct bucket *bucket,
    const struct scan *scan, int64_t there, const struct deadline *deadline,
    struct place *place)
{
	int64_t rows = scan->found >= 0 ? scan->found + 1
	    : scan->gap                 ? scan->until
					: 0;
	struct row_key row;
	jv error;

	if (rows > there && scan->found >= 0)
		return lacks(bucket, rows - there);
	if (!scan->damaged || rows == 0 || rows > there)
		return conflict(bucket, "holds other rows than this file");
	place->first.rows += there - rows;
	place->there.rows = rows;
	place->over = rows == scan->rows;
	if (scan->found >= 0)
		return jv_null();
	error =
	    find_time(wandb, bucket, scan->before.timestamp, deadline, &row);
	if (!jv_is_valid(error) || row.known)
		return error;
	jv_free(error);
	return conflict(bucket, "holds other rows than this file");
}

/* Rows, where the number of the file's first one is known. */
static jv
place_rows(struct wandb *wandb, const struct bucket *bucket, struct scan *scan,
    const struct deadline *deadline, struct place *place)
{
	int64_t there = bucket->rows - place->first.rows;

	place->there.rows = there;
	if (there == 0 || scan->row == there - 1)
		return jv_null();
	if (there > scan->rows && scan->found < 0 && !scan->gap)
		return place_over(wandb, bucket, scan, deadline, place);
	return place_gap(wandb, bucket, scan, there, deadline, place);
}

/* Rows, where it has to be found out by their times. */
static jv
find_rows(struct wandb *wandb, const struct bucket *bucket, struct scan *scan,
    const struct deadline *deadline, struct place *place)
{
	if (scan->row >= 0 && bucket->rows > scan->row) {
		place->first.rows = bucket->rows - 1 - scan->row;
		place->there.rows = scan->row + 1;
		return jv_null();
	}
	if (scan->rows == 0 ||
	    bucket->last_row.timestamp < scan->first.timestamp) {
		place->first.rows = bucket->rows;
		return jv_null();
	}
	if (scan->last.timestamp < bucket->last_row.timestamp)
		return place_over(wandb, bucket, scan, deadline, place);
	place->first.rows = 0;
	return place_gap(wandb, bucket, scan, bucket->rows, deadline, place);
}

static int64_t
between(int64_t least, int64_t n, int64_t most)
{
	return n < least ? least : n > most ? most : n;
}

/* Events and console lines, when the place of the rows is known. */
static void
place_others(const struct bucket *bucket, const struct scan *scan, bool known,
    struct place *place)
{
	if (known || place->over) {
		place->there.events = bucket->events - place->first.events;
		place->there.console = bucket->console - place->first.console;
	} else {
		place->there.events = scan->event + 1;
		place->first.events = bucket->events - place->there.events;
		place->there.console = scan->console + 1;
		place->first.console = bucket->console - place->there.console;
	}
	if (place->over)
		place->there.events = place->there.console = INT64_MAX;
	place->there.events = between(0, place->there.events, INT64_MAX);
	place->there.console = between(0, place->there.console, INT64_MAX);
}

/*
 * Whether the file goes on where the one before it ended, with nothing of it
 * there yet. Another copy of the one before it begins earlier.
 */
static bool
is_next(
    const char *path, const struct bucket *bucket, const struct reach *before)
{
	struct scan scan = { .begin = true, .last_console = NAN };

	if (bucket->rows != before->rows || bucket->events != before->events ||
	    bucket->console != before->console || !bucket->last_row.known)
		return false;
	jv_free(scan_file(path, &scan)); /* it will be read again */
	return scan.rows > 0 &&
	    scan.first.timestamp > bucket->last_row.timestamp;
}

/* Reads what is to be compared. */
static jv
scan_all(struct wandb *wandb, const char *path, const struct bucket *bucket,
    const struct place_claim *claim, const struct deadline *deadline,
    struct scan *scan)
{
	bool goes_on = (claim->resume && !claim->sure) || claim->rewound;
	jv error = jv_null();

	scan->last_row = bucket->last_row;
	scan->last_event = bucket->last_event;
	scan->last_console = NAN;
	scan->at = goes_on ? -1 : bucket->rows - 1;
	if (claim->sure)
		scan->at -= claim->before->rows;
	if (claim->resume && bucket->console > 0)
		error = bucket_console_time(
		    wandb, bucket, deadline, &scan->last_console);
	if (!jv_is_valid(error))
		return error;
	jv_free(error);
	error = scan_file(path, scan);
	if (jv_is_valid(error) && bucket->rows == 0 &&
	    others_start(bucket, scan, goes_on)) {
		jv_free(error);
		error = conflict(bucket, "was begun by another program");
	}
	return error;
}

/*
 * Rows are missing in the file, so lines may be: numbers tell no more where
 * events and console are, but times do.
 */
static jv
scan_again(struct wandb *wandb, const char *path, const struct bucket *bucket,
    const struct deadline *deadline, struct scan *scan)
{
	struct scan again = { .last_event = bucket->last_event,
		.last_console = NAN,
		.loose = true };
	jv error = jv_null();

	if (bucket->console > 0)
		error = bucket_console_time(
		    wandb, bucket, deadline, &again.last_console);
	if (!jv_is_valid(error))
		return error;
	jv_free(error);
	error = scan_file(path, &again);
	scan->event = again.event;
	scan->console = again.console;
	return error;
}

jv
place_find(struct wandb *wandb, const char *path, const struct bucket *bucket,
    const struct place_claim *claim, const struct deadline *deadline,
    struct place *place)
{
	const struct reach *before = claim->before;
	bool goes_on = (claim->resume && !claim->sure) || claim->rewound;
	bool known = !goes_on;
	struct scan scan = { 0 };
	jv error;

	*place = (struct place){ .first = { .step = claim->step } };
	if ((goes_on || claim->sure) && before != NULL)
		place->first = *before;
	if (bucket->rows < place->first.rows)
		return conflict(bucket, "has fewer rows than were sent before");
	if (!bucket->present)
		return jv_null();
	if (goes_on && before != NULL && is_next(path, bucket, before))
		return jv_null();
	scan.step = place->first.step;
	error = scan_all(wandb, path, bucket, claim, deadline, &scan);
	if (!jv_is_valid(error))
		return error;
	jv_free(error);
	error = goes_on && bucket->rows > 0
	    ? find_rows(wandb, bucket, &scan, deadline, place)
	    : place_rows(wandb, bucket, &scan, deadline, place);
	if (goes_on && before != NULL && scan.rows > 0 &&
	    place->first.rows == before->rows)
		known = true;
	place->next = scan.step;
	if (!goes_on && !claim->sure && jv_is_valid(error) && !place->over &&
	    place->first.rows > 0) {
		known = false;
		jv_free(error);
		error = scan_again(wandb, path, bucket, deadline, &scan);
	}
	if (known && scan.rows > 0)
		place->first_row = scan.first;
	place_others(bucket, &scan, known || claim->rewound, place);
	if (bucket->rows > 0 && bucket->last_row.step >= place->first.step)
		place->first.step = bucket->last_row.step + 1;
	return error;
}
