/* SPDX-License-Identifier: MIT */
/*
 * ndjson - records in and out, the loop that every filter's main() ends in
 *
 * Records are JSON objects, one a line (https://github.com/ndjson/ndjson-spec).
 * They come from the operands: X stands for {"KEY": "X"}, one that starts with
 * '{' is a record itself, an empty one is a wrong call. Without operands they
 * come from standard input, where a line that does not start with '{' is an
 * operand too, and an empty one is skipped. A terminal there is a wrong call,
 * not a wait.
 *
 * The loop passes a record that has "error" on as it is, also one without KEY
 * that is of a dry run, and gives every other one that has KEY as a string to
 * the tool's function. It writes what that
 * returns, one record a line, flushed line by line. It says each "error" and
 * "failed" of ours on standard error, once, when it writes the record.
 *
 * With -j N up to N forked workers each have one record at a time. They are
 * started when there is a record for them and kept, so that their connections
 * are; one that dies costs its record only ("io"). Output is in the order of
 * the input with one job, and in that of completion with more.
 *
 * Ends: status 0, or 1 if a record that was written has error or failed, also
 * an earlier tool's. A line that is no record is named by its number, what
 * came before it is finished, and the status is 3, as it is when standard
 * input or output fails. SIGINT and SIGTERM end the workers and then the
 * program, by that signal; see diag_on_signal().
 */
#ifndef NDJSON_H
#define NDJSON_H

#include <stdbool.h>
#include <stddef.h>

#include <jv.h>

#include "mem.h"

/*
 * A tool's function: consumes rec, returns the record to write. An invalid jv
 * without a message writes nothing: the tool wrote its own with ndjson_write().
 * An invalid jv that holds an error_value() ends the record with it in "error".
 */
typedef jv ndjson_work(jv rec);

/*
 * Which records one worker must do in order, such as the fragments of a run.
 */
struct ndjson_group {
	char *name; /* what its records share, malloc'd; NULL: a group of one */
	int members;  /* how many will come, 0 if it is not known */
	double order; /* those that wait for others are done by ascending order,
	                 equal ones as they came */
};

/* Fills group for rec, which is borrowed. */
typedef void ndjson_grouping(jv rec, struct ndjson_group *group);

struct ndjson_tool {
	const char *key; /* what an operand stands for */
	ndjson_work *work;
	int jobs;     /* without -j; 0 means 1 */
	bool any_key; /* work looks for its key itself: KEY may be missing */
	/*
	 * If there is one: records of a name are done by one worker, in the
	 * order in which they came, and not before all members came or the
	 * input ended.
	 */
	ndjson_grouping *group;
	/*
	 * For a tool that folds many records into few. All are called in this
	 * process, whatever -j says.
	 *
	 * take, if there is one, is shown each record first, as the text that
	 * it came in, not yet checked. True: it is done with it; false: the
	 * loop goes on with it, and says what is wrong if it is no record.
	 *
	 * end, if there is one, is called when all input was read, whole, and
	 * worked on. It may write records, which count for the status.
	 *
	 * sink, if there is one, gets each line that would be written to
	 * standard output, without its line end.
	 */
	bool (*take)(struct span text);
	void (*end)(void);
	void (*sink)(struct span line);
	/*
	 * If there is one, the tool does many records at once: work gets all of
	 * them, also those with error or without KEY, and keeps them. flush
	 * writes what is kept; it is called at the end of the input, when
	 * nothing came for a moment, and each second while something comes,
	 * so that a slow input is not held back.
	 * There is one job then.
	 */
	void (*flush)(void);
};

/* The loop for a tool that needs no more than this. Returns the exit status. */
int ndjson_filter(char **operands, const char *key, ndjson_work *work);

/* The loop. Returns the exit status. */
int ndjson_run(const struct ndjson_tool *tool, char **operands);

/*
 * From within work: which line of standard input the record is, for messages;
 * 0 for an operand.
 */
long ndjson_line(void);

/*
 * From within work: all that is left for this record is to wait and see, so
 * another may be begun beside it. As many may rest as there are jobs.
 */
void ndjson_rest(void);

/*
 * Writes one record, from within work, for tools that write many for one; or
 * for one that has no loop. Consumes rec.
 */
void ndjson_write(jv rec);

/*
 * The same, for one that must put something in order before it ends: false if
 * standard output fails, without an end or a signal.
 */
bool ndjson_try(jv rec);

/*
 * Writes one line of JSON text, an object, as it is, without a line end: for
 * values that must stay byte-identical.
 */
void ndjson_write_text(const char *text, size_t len);

/*
 * The same for many: whole lines, each with its line end, flushed once. Whoever
 * collects them writes them before waiting, and before ndjson_write().
 */
void ndjson_write_lines(const char *lines, size_t len);

#endif
