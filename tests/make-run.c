/* SPDX-License-Identifier: MIT */
/*
 * make-run - a .wandb file of any size, for tests
 *
 * make-run ID ROWS WIDTH [BEGIN [resume] [killed] [bare] [half] [from=STEP]
 * [stride=N] [rewind=STEP] [fork=RUN:STEP] [metric=NAME] [file=NAME]]: rows of
 * WIDTH bytes, with a console line for each and a system sample for every
 * tenth, on standard output. It begins BEGIN seconds later than without.
 * resume: it goes on with what may be there (RunRecord.resume); its steps begin
 * at 0 again. killed: the exit record is missing. bare: so is the summary.
 * half: config and summary hold half a surrogate pair. from: the first row's
 * step. stride: steps from the second row to the third, the others are a step
 * apart. rewind: the run is taken back to a step of its own. fork: it was
 * forked from another run at a step. metric: that is told by another metric.
 * file: one that goes up with it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/logfile.h"

enum { START = 1795000000 };

static const char HALF[] = "\"\\ud800\"";

static void
time_field(struct buf *out, uint32_t number, double time)
{
	struct buf stamp = { 0 };
	int64_t micros = (int64_t)(time * 1e6 + 0.5);

	message_int(&stamp, 1, (uint64_t)(micros / 1000000));
	message_int(&stamp, 2, (uint64_t)(micros % 1000000) * 1000);
	message_sub(out, number, &stamp);
}

static int
has_word(char *argv[], const char *word)
{
	for (; *argv != NULL; argv++)
		if (strcmp(*argv, word) == 0)
			return 1;
	return 0;
}

/* What follows key, as in from=5; NULL without it. */
static const char *
word_after(char *argv[], const char *key)
{
	for (; *argv != NULL; argv++)
		if (strncmp(*argv, key, strlen(key)) == 0)
			return *argv + strlen(key);
	return NULL;
}

/* The point that a run goes on from, and what the client's config says of it.
 */
static void
put_branch(struct buf *run, struct buf *config, const char *of,
    const char *step, const char *metric)
{
	struct buf branch = { 0 }, json = { 0 };

	message_text(&branch, 1, of);
	message_double(&branch, 2, strtod(step, NULL));
	message_text(&branch, 3, metric != NULL ? metric : "_step");
	message_sub(run, 23, &branch);
	buf_addf(&json, "{\"branch_point\":{\"run_id\":\"%s\",\"step\":%s}}",
	    of, step);
	message_item(config, 1, "_wandb", json.at);
	buf_release(&json);
}

static void
put_run(
    const char *id, const char *fragment, int half, double begin, char *argv[])
{
	const char *back = word_after(argv, "rewind=");
	const char *fork = word_after(argv, "fork=");
	const char *metric = word_after(argv, "metric=");
	const char *colon = fork != NULL ? strchr(fork, ':') : NULL;
	struct buf run = { 0 };
	struct buf config = { 0 };
	char *of;

	message_text(&run, 1, id);
	message_text(&run, 3, "made");
	message_item(&config, 1, "lr", "0.5");
	if (fragment != NULL)
		message_item(&config, 1, fragment, "true");
	if (half)
		message_item(&config, 1, "half", HALF);
	if (back != NULL)
		put_branch(&run, &config, id, back, metric);
	if (colon != NULL) {
		of = xstrndup(fork, (size_t)(colon - fork));
		put_branch(&run, &config, of, colon + 1, metric);
		free(of);
	}
	message_sub(&run, 4, &config);
	time_field(&run, 17, begin);
	if (fragment != NULL)
		message_int(&run, 24, 1);
	logfile_record(17, &run);
}

static void
put_file(const char *name)
{
	struct buf file = { 0 }, files = { 0 };

	message_text(&file, 1, name);
	message_sub(&files, 1, &file);
	logfile_record(6, &files);
}

static void
put_row(long i, double time, const char *filler)
{
	struct buf row = { 0 }, line = { 0 }, sample = { 0 };
	char text[64];

	(void)snprintf(text, sizeof text, "%.6f", time);
	message_item(&row, 1, "_timestamp", text);
	(void)snprintf(text, sizeof text, "%ld", i);
	message_item(&row, 1, "_step", text);
	message_item(&row, 1, "text", filler);
	logfile_record(2, &row);

	message_int(&line, 1, 1);
	time_field(&line, 2, time);
	(void)snprintf(text, sizeof text, "line %ld\n", i);
	message_text(&line, 3, text);
	logfile_record(13, &line);

	if (i % 10 != 0)
		return;
	time_field(&sample, 2, time);
	message_item(&sample, 3, "cpu", "1.5");
	logfile_record(7, &sample);
}

int
main(int argc, char *argv[])
{
	struct buf summary = { 0 }, end = { 0 };
	double begin = START;
	const char *from = word_after(argv, "from=");
	const char *stride = word_after(argv, "stride=");
	char text[64], *filler;
	long rows, first = from != NULL ? strtol(from, NULL, 10) : 0;
	long more = stride != NULL ? strtol(stride, NULL, 10) - 1 : 0;
	size_t width;

	if (argc < 4)
		return 2;
	rows = strtol(argv[2], NULL, 10);
	width = strtoul(argv[3], NULL, 10);
	if (argc > 4)
		begin += strtod(argv[4], NULL);
	filler = xcalloc(width + 3, 1);
	memset(filler, 'x', width + 2);
	filler[0] = filler[width + 1] = '"';

	logfile_put(":W&B\xe1\xbe\0", LOGFILE_HEADER);
	put_run(argv[1], has_word(argv, "resume") ? argv[4] : NULL,
	    has_word(argv, "half"), begin, argv);
	if (word_after(argv, "file=") != NULL)
		put_file(word_after(argv, "file="));
	for (long i = 0; i < rows; i++)
		put_row(first + i + (i > 1 ? more : 0),
		    begin + (double)(i + 1) / 100, filler);
	(void)snprintf(text, sizeof text, "%ld", first + rows - 1 + more);
	message_item(&summary, 1, "_step", text);
	message_item(&summary, 1, "text", "\"done\"");
	if (has_word(argv, "resume"))
		message_item(&summary, 1, argv[4], "1");
	if (has_word(argv, "half"))
		message_item(&summary, 1, "half", HALF);
	if (!has_word(argv, "bare"))
		logfile_record(3, &summary);
	message_int(&end, 2, 1);
	if (!has_word(argv, "killed"))
		logfile_record(18, &end);
	buf_release(&summary);
	buf_release(&end);
	free(filler);
	return fflush(stdout) == EOF;
}
