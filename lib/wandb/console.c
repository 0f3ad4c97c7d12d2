/* SPDX-License-Identifier: MIT */
/*
 * console - two terminals that write to one list of lines
 *
 * A terminal is 32 lines high and knows \r, \n, ESC [ A and ESC [ B; all else
 * is a character, also an escape that a real terminal would obey. A line comes
 * into being when a character is written to it or below it, so the empty lines
 * at the end of a log never do. Nor do spaces behind a line's end show until
 * another character of the line changes: they are what was there.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json.h"
#include "wandb/console.h"

enum {
	HEIGHT = 32,    /* of a terminal, and so many lines can change */
	WIDTH = 4096,   /* characters behind that are dropped */
	BAD = 0xfffd,   /* REPLACEMENT CHARACTER */
	KEPT = 1 << 16, /* bytes that a line's memory may keep */
};

/* A character whose bytes come one by one. */
struct utf8 {
	uint32_t rune;
	unsigned left;     /* bytes that are to come */
	uint8_t low, high; /* what the next may be */
};

struct line {
	bool error;
	double time;
	uint32_t *cell; /* of a terminal's line: a character each */
	size_t width;
	size_t shown; /* the width when a character last changed */
	size_t room;
	bool is_logged; /* the line is text as it is */
	struct buf text;
};

struct terminal {
	bool error;
	int64_t view[HEIGHT]; /* the numbers of the lines that exist, */
	size_t rows;          /* from the top */
	size_t row, column;   /* the cursor */
	unsigned escape;      /* characters of ESC [ that were seen */
	struct utf8 utf8;
};

struct console {
	console_take *take;
	void *context;
	struct terminal out, err;
	struct line line[HEIGHT]; /* by number, modulo HEIGHT */
	int64_t final;            /* lines that were taken */
	int64_t count;            /* lines */
	double time;              /* of what is being written */
	struct buf text;          /* of the line that is taken */
};

struct console *
console_new(console_take *take, void *context)
{
	struct console *console = xcalloc(1, sizeof(*console));

	console->take = take;
	console->context = context;
	console->err.error = true;
	console->time = NAN;
	return console;
}

void
console_free(struct console *console)
{
	size_t i;

	if (!console)
		return;
	for (i = 0; i < HEIGHT; i++) {
		free(console->line[i].cell);
		buf_release(&console->line[i].text);
	}
	buf_release(&console->text);
	free(console);
}

static void
add_rune(struct buf *out, uint32_t rune)
{
	if (rune < 0x80) {
		buf_addc(out, (char)rune);
		return;
	}
	if (rune < 0x800) {
		buf_addc(out, (char)(0xc0 | rune >> 6));
	} else {
		if (rune < 0x10000) {
			buf_addc(out, (char)(0xe0 | rune >> 12));
		} else {
			buf_addc(out, (char)(0xf0 | rune >> 18));
			buf_addc(out, (char)(0x80 | (rune >> 12 & 0x3f)));
		}
		buf_addc(out, (char)(0x80 | (rune >> 6 & 0x3f)));
	}
	buf_addc(out, (char)(0x80 | (rune & 0x3f)));
}

/* Begins a character with its first byte; false if no character does. */
static bool
utf8_begin(struct utf8 *utf8, uint8_t byte)
{
	if (byte < 0xc2 || byte > 0xf4)
		return false;
	utf8->left = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
	utf8->rune = byte & (0x3fU >> utf8->left);
	/* No overlong forms, no surrogates, nothing above U+10FFFF. */
	utf8->low = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
	utf8->high = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
	return true;
}

/*
 * Takes bytes from the front of text until a character is whole or cannot
 * become one (then it is BAD). False at the end of text.
 */
static bool
utf8_next(struct utf8 *utf8, struct span *text, uint32_t *rune)
{
	for (; text->len > 0; text->at++, text->len--) {
		uint8_t byte = (uint8_t)*text->at;

		*rune = BAD;
		if (utf8->left == 0) {
			if (utf8_begin(utf8, byte))
				continue;
			if (byte < 0x80)
				*rune = byte;
		} else if (byte < utf8->low || byte > utf8->high) {
			utf8->left = 0;
			return true; /* the byte may begin another */
		} else {
			utf8->rune = utf8->rune << 6 | (byte & 0x3f);
			utf8->low = 0x80;
			utf8->high = 0xbf;
			if (--utf8->left > 0)
				continue;
			*rune = utf8->rune;
		}
		text->at++;
		text->len--;
		return true;
	}
	return false;
}

/* Gives line number to take; cells is memory for its text. */
static void
give(const struct console *console, int64_t number, console_take *take,
    void *context, struct buf *cells)
{
	const struct line *line = &console->line[number % HEIGHT];
	const struct buf *text = line->is_logged ? &line->text : cells;
	size_t i;

	if (!line->is_logged) {
		buf_clear(cells);
		for (i = 0; i < line->shown; i++)
			add_rune(cells, line->cell[i]);
	}
	take(context,
	    &(struct console_line){ .number = number,
		.error = line->error,
		.time = line->time,
		.text = { text->at, text->len } });
}

/* The oldest line that could change cannot any more. */
static void
take_oldest(struct console *console)
{
	int64_t number = console->final++;
	struct line *line = &console->line[number % HEIGHT];

	give(console, number, console->take, console->context, &console->text);
	if (line->text.room > KEPT)
		buf_release(&line->text);
	if (console->text.room > KEPT)
		buf_release(&console->text);
}

void
console_show(const struct console *console, console_take *take, void *context)
{
	struct buf cells = { 0 };

	for (int64_t i = console->final; i < console->count; i++)
		give(console, i, take, context, &cells);
	buf_release(&cells);
}

/* A new line below all others. */
static struct line *
add_line(struct console *console, bool error)
{
	struct line *line = &console->line[console->count % HEIGHT];

	if (console->count - console->final == HEIGHT)
		take_oldest(console);
	console->count++;
	line->error = error;
	line->time = console->time;
	line->width = 0;
	line->shown = 0;
	line->is_logged = false;
	return line;
}

/* The line under the cursor, made if it has to be; NULL if it is final. */
static struct line *
line_at_cursor(struct console *console, struct terminal *terminal)
{
	int64_t number;

	while (terminal->rows <= terminal->row) {
		terminal->view[terminal->rows++] = console->count;
		(void)add_line(console, terminal->error);
	}
	number = terminal->view[terminal->row];
	return number < console->final ? NULL : &console->line[number % HEIGHT];
}

/* Makes the line at least that wide. */
static void
widen(struct line *line, size_t width)
{
	if (width > line->room) {
		line->room = width < WIDTH / 2 ? width * 2 : WIDTH;
		line->cell =
		    xreallocarray(line->cell, line->room, sizeof(*line->cell));
	}
	while (line->width < width)
		line->cell[line->width++] = ' ';
}

static void
put(struct console *console, struct terminal *terminal, uint32_t rune)
{
	struct line *line = line_at_cursor(console, terminal);
	size_t column = terminal->column++;

	if (!line || column >= WIDTH)
		return;
	widen(line, column + 1);
	if (line->cell[column] == rune)
		return;
	line->cell[column] = rune;
	line->shown = line->width;
}

/* The same for many characters of one byte each. */
static void
put_ascii(struct console *console, struct terminal *terminal, struct span text)
{
	struct line *line = line_at_cursor(console, terminal);
	size_t column = terminal->column, end = column + text.len, before, i;

	terminal->column = end;
	if (end > WIDTH)
		end = WIDTH;
	if (!line || column >= end)
		return;
	before = line->width;
	widen(line, end);
	/* The last one that changes was the end of the line then. */
	for (i = end; i > column; i--) {
		if (line->cell[i - 1] == (uint8_t)text.at[i - 1 - column])
			continue;
		line->shown = i > before ? i : before;
		break;
	}
	for (i = 0; column + i < end; i++)
		line->cell[column + i] = (uint8_t)text.at[i];
}

static void
cursor_down(struct terminal *terminal)
{
	if (++terminal->row < HEIGHT)
		return;
	terminal->row--;
	if (terminal->rows == 0)
		return;
	terminal->rows--;
	memmove(terminal->view, terminal->view + 1,
	    terminal->rows * sizeof(*terminal->view));
}

static void
control(struct terminal *terminal, uint32_t rune)
{
	terminal->column = 0;
	if (rune == '\n')
		cursor_down(terminal);
}

/* What follows an ESC. An unknown sequence is shown. */
static void
escape(struct console *console, struct terminal *terminal, uint32_t rune)
{
	unsigned seen = terminal->escape;

	terminal->escape = 0;
	if (seen == 1 && rune == '[') {
		terminal->escape = 2;
	} else if (seen == 2 && rune == 'A') {
		if (terminal->row > 0)
			terminal->row--;
	} else if (seen == 2 && rune == 'B') {
		cursor_down(terminal);
	} else {
		put(console, terminal, '\033');
		if (seen == 2)
			put(console, terminal, '[');
		/* Upstream shows these as well: a line end within a line. */
		if (rune == '\r' || rune == '\n')
			control(terminal, rune);
		else
			put(console, terminal, rune);
	}
}

static void
write_rune(struct console *console, struct terminal *terminal, uint32_t rune)
{
	if (terminal->escape > 0)
		escape(console, terminal, rune);
	else if (rune == '\033')
		terminal->escape = 1;
	else if (rune == '\r' || rune == '\n')
		control(terminal, rune);
	else
		put(console, terminal, rune);
}

/* How many bytes at the front of text are characters of one byte. */
static size_t
plain(struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		if ((text.at[i] & 0x80) || text.at[i] == '\n' ||
		    text.at[i] == '\r' || text.at[i] == '\033')
			break;
	}
	return i;
}

static void
set_time(struct console *console, double time)
{
	if (!isnan(time))
		console->time = time;
}

void
console_raw(struct console *console, bool error, double time, struct span text)
{
	struct terminal *terminal = error ? &console->err : &console->out;
	uint32_t rune;
	size_t len;

	set_time(console, time);
	while (text.len > 0) {
		len = terminal->escape == 0 && terminal->utf8.left == 0
		    ? plain(text)
		    : 0;
		if (len > 0)
			put_ascii(
			    console, terminal, (struct span){ text.at, len });
		text.at += len;
		text.len -= len;
		if (utf8_next(&terminal->utf8, &text, &rune))
			write_rune(console, terminal, rune);
	}
}

/* One line of text that is never changed. */
static void
add_logged(struct console *console, struct span text)
{
	struct line *line = add_line(console, false);
	struct utf8 utf8 = { 0 };
	uint32_t rune;

	line->is_logged = true;
	buf_clear(&line->text);
	while (utf8_next(&utf8, &text, &rune))
		add_rune(&line->text, rune);
	if (utf8.left > 0)
		add_rune(&line->text, BAD);
}

void
console_logged(struct console *console, double time, struct span text)
{
	const char *end;

	set_time(console, time);
	if (text.len > 0 && text.at[text.len - 1] == '\n')
		text.len--;
	while (text.len > 0 && (end = memchr(text.at, '\n', text.len))) {
		size_t len = (size_t)(end - text.at);

		add_logged(console, (struct span){ text.at, len });
		text.at += len + 1;
		text.len -= len + 1;
	}
	add_logged(console, text);
}

static void
finish_terminal(struct console *console, struct terminal *terminal)
{
	if (terminal->utf8.left > 0)
		write_rune(console, terminal, BAD);
	*terminal = (struct terminal){ .error = terminal->error };
}

void
console_finish(struct console *console)
{
	finish_terminal(console, &console->out);
	finish_terminal(console, &console->err);
	while (console->final < console->count)
		take_oldest(console);
}

int64_t
console_lines(const struct console *console)
{
	return console->count;
}

/* Microseconds, without a Z; 1970 for a time that is none. */
static void
add_time(struct buf *out, double time)
{
	const double last = 253402300799; /* of the year 9999 */
	double whole;
	struct tm tm;
	time_t seconds;
	int micros;

	if (!(time >= 0 && time < last))
		time = 0;
	whole = floor(time);
	micros = (int)round((time - whole) * 1e6);
	seconds = (time_t)whole + micros / 1000000;
	if (!gmtime_r(&seconds, &tm))
		die(STATUS_STREAM, "a time that is none");
	buf_addf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%06d", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    micros % 1000000);
}

void
console_line_text(
    const struct console_line *line, bool structured, struct buf *out)
{
	if (structured) {
		buf_adds(out,
		    line->error ? "{\"level\":\"error\",\"ts\":\""
				: "{\"ts\":\"");
		add_time(out, line->time);
		buf_adds(out, "\",\"content\":");
		json_quote(out, line->text);
		buf_addc(out, '}');
	} else {
		if (line->error)
			buf_adds(out, "ERROR ");
		add_time(out, line->time);
		buf_addc(out, ' ');
		buf_add(out, line->text.at, line->text.len);
	}
}
