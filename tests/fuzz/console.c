/* SPDX-License-Identifier: MIT */
/*
 * console, with libFuzzer: any text to both streams, in pieces.
 *
 * A byte says what comes next: its stream, or a logged line, and how long the
 * piece is.
 */
#include <math.h>
#include <string.h>

#include "fuzz.h"
#include "json.h"
#include "wandb/console.h"

static void
is_json(struct buf *text)
{
	struct json_value value;
	struct json_fault fault;

	MUST(json_value(
	    (struct span){ text->at, text->len }, 0, &value, &fault));
	buf_clear(text);
}

static void
take(void *context, const struct console_line *line)
{
	int64_t *next = context;
	struct buf text = { 0 };
	size_t i;

	/* One line at a time, in order, and UTF-8 without a line end. */
	MUST(line->number == (*next)++);
	buf_addc(&text, '"');
	for (i = 0; i < line->text.len; i++) {
		MUST(line->text.at[i] != '\n');
		if (line->text.at[i] & 0x80)
			buf_addc(&text, line->text.at[i]);
	}
	buf_addc(&text, '"');
	is_json(&text);
	console_line_text(line, true, &text);
	is_json(&text);
	buf_release(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	int64_t next = 0;
	struct console *console = console_new(take, &next);
	struct span piece;
	unsigned kind;

	while (size > 0) {
		kind = *bytes >> 6;
		piece = (struct span){ (const char *)bytes + 1, *bytes & 63 };
		if (piece.len > size - 1)
			piece.len = size - 1;
		if (kind == 3)
			console_logged(console, NAN, piece);
		else
			console_raw(console, kind == 2, kind, piece);
		bytes += piece.len + 1;
		size -= piece.len + 1;
	}
	console_finish(console);
	MUST(next == console_lines(console));
	console_free(console);
	return 0;
}

static void
add_piece(struct buf *out, unsigned kind, struct span text)
{
	size_t len;

	for (; text.len > 0; text.at += len, text.len -= len) {
		len = text.len < 63 ? text.len : 63;
		buf_addc(out, (char)(kind << 6 | len));
		buf_add(out, text.at, len);
	}
}

void
fuzz_seeds(void)
{
	static const char text[] = "one\ntwo\rt\x1b[A\x1b[B\x1b[31m\t\xc3\xa9"
				   "\xf0\x9f\x98\x80\n\n\xe6\xbc";
	struct buf seed = { 0 };
	unsigned kind;

	for (kind = 0; kind < 4; kind++)
		add_piece(&seed, kind, span_of(text));
	fuzz_seed("own", seed.at, seed.len);
	buf_release(&seed);
}

/* The output of a run, in pieces that hold half a character at times. */
void
fuzz_seeds_of(const char *path, struct runlog *log)
{
	struct runlog_entry entry;
	struct runlog_output output;
	struct buf seed = { 0 };

	(void)path;
	while (runlog_next(log, &entry) == LEVELDB_RECORD && seed.len < 4096) {
		if (entry.kind != RUNLOG_OUTPUT_RAW &&
		    entry.kind != RUNLOG_OUTPUT_LOGGER)
			continue;
		if (runlog_output(entry.kind, entry.message, &output))
			add_piece(&seed,
			    entry.kind == RUNLOG_OUTPUT_LOGGER ? 3
				: output.error                 ? 2
							       : 1,
			    output.text);
	}
	if (seed.len > 0)
		fuzz_seed("run", seed.at, seed.len);
	buf_release(&seed);
}
