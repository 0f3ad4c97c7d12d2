/* SPDX-License-Identifier: MIT */
/* logevent - the events of a session's log, from its text as it comes */
#include "kaggle/logevent.h"

#include <string.h>

enum { LINE_MOST = 64 * 1024 }; /* of plain text that is passed on at once */

enum {
	START,   /* nothing but white space came */
	BRACKET, /* and then '[': an array, or a line of text */
	BETWEEN, /* events of an array */
	OBJECT,
	LINE,  /* of text between events */
	PLAIN, /* a log of plain text */
	SSE,   /* a line of server-sent events */
};

void
log_scanner_begin(struct log_scanner *scanner, enum log_form form)
{
	scanner->form = form;
	scanner->state = form == LOG_STREAM ? SSE : START;
	scanner->ended = false;
	scanner->first = true;
	buf_clear(&scanner->text);
	buf_clear(&scanner->refusal);
}

void
log_scanner_release(struct log_scanner *scanner)
{
	buf_release(&scanner->refusal);
	buf_release(&scanner->text);
	buf_release(&scanner->repaired);
	buf_release(&scanner->stream);
	buf_release(&scanner->data);
	json_members_release(&scanner->members);
}

static struct span
all_of(const struct buf *buf)
{
	return (struct span){ buf->len > 0 ? buf->at : "", buf->len };
}

/* ---- events ---- */

/* An event of plain text. */
static void
emit_plain(struct log_scanner *scanner, struct span text, bool line_end)
{
	struct log_event event = { 0 };

	/* There and back: what is not UTF-8 has become U+FFFD then. */
	buf_clear(&scanner->repaired);
	json_quote_part(&scanner->repaired, text);
	buf_clear(&scanner->data);
	json_decode(&scanner->data, all_of(&scanner->repaired));
	if (line_end)
		buf_addc(&scanner->data, '\n');
	event.data = all_of(&scanner->data);
	scanner->event(scanner->context, &event);
}

/*
 * The text of an object with what JSON does not allow in strings as escapes:
 * control characters, bytes that are not UTF-8.
 */
static void
repair(struct buf *out, struct span text)
{
	bool in_string = false;
	size_t at = 0, end;

	buf_clear(out);
	while (at < text.len) {
		for (end = at; end < text.len && text.at[end] != '"' &&
		     text.at[end] != '\\';)
			end++;
		if (in_string)
			json_quote_part(
			    out, (struct span){ text.at + at, end - at });
		else
			buf_add(out, text.at + at, end - at);
		if (end == text.len)
			break;
		buf_addc(out, text.at[end]);
		in_string ^= text.at[end] == '"';
		at = end + 1;
		if (text.at[end] == '\\' && at < text.len)
			buf_addc(out, text.at[at++]);
	}
}

/* The decoded string of a member, in out; false if it is no string. */
static bool
take_string(
    const struct json_members *members, const char *name, struct buf *out)
{
	const struct json_member *member = json_member(members, name);

	buf_clear(out);
	if (member == NULL || member->value.type != JSON_STRING)
		return false;
	json_decode(out,
	    (struct span){
		member->value.text.at + 1, member->value.text.len - 2 });
	return true;
}

static bool
read_members(struct log_scanner *scanner, struct span text)
{
	struct json_fault fault;

	if (json_members(text, JSON_WORDS, &scanner->members, &fault))
		return true;
	repair(&scanner->repaired, text);
	return json_members(
	    all_of(&scanner->repaired), JSON_WORDS, &scanner->members, &fault);
}

/* Whether the object that was read is Kaggle's word for an error. */
static bool
is_refusal(const struct log_scanner *scanner)
{
	return json_member(&scanner->members, "error") != NULL ||
	    (json_member(&scanner->members, "code") != NULL &&
		json_member(&scanner->members, "message") != NULL);
}

/* An object. Those of a stream that have no data are none of the log. */
static void
emit_object(struct log_scanner *scanner, struct span text)
{
	struct log_event event = { 0 };
	const struct json_member *time;
	bool good = read_members(scanner, text);

	if (good && take_string(&scanner->members, "data", &scanner->data)) {
		take_string(&scanner->members, "stream_name", &scanner->stream);
		time = json_member(&scanner->members, "time");
		if (time != NULL && time->value.type == JSON_NUMBER)
			event.time = time->value.text;
		event.stream = all_of(&scanner->stream);
		event.data = all_of(&scanner->data);
		scanner->event(scanner->context, &event);
	} else if (good && scanner->first && is_refusal(scanner)) {
		buf_add(&scanner->refusal, text.at, text.len);
	} else if (!good || scanner->form == LOG_TEXT) {
		emit_plain(scanner, text, true);
	}
	scanner->first = false;
}

/* The text is over, and an event. */
static void
emit_text(struct log_scanner *scanner, bool line_end)
{
	emit_plain(scanner, all_of(&scanner->text), line_end);
	buf_clear(&scanner->text);
	scanner->first = false;
}

/* ---- the array, and plain text ---- */

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Begins an object, or a line of what is none. */
static void
begin_value(struct log_scanner *scanner, char c)
{
	buf_clear(&scanner->text);
	buf_addc(&scanner->text, c);
	scanner->state = c == '{' ? OBJECT : LINE;
	scanner->depth = 1;
	scanner->in_string = scanner->escaped = false;
}

/* The first characters: what is this? */
static void
feed_start(struct log_scanner *scanner, char c)
{
	buf_addc(&scanner->text, c);
	if (is_space(c) && scanner->text.len < LINE_MOST)
		return;
	if (scanner->state == START && c == '[') {
		scanner->first = false;
		scanner->state = BRACKET;
	} else if (c == '{') {
		begin_value(scanner, c);
	} else if (scanner->state == BRACKET && c == ']') {
		buf_clear(&scanner->text);
		scanner->state = BETWEEN;
	} else {
		scanner->state = PLAIN;
	}
}

/* A character of an object, which is in the text already. */
static void
feed_object(struct log_scanner *scanner, char c)
{
	if (scanner->in_string) {
		/* No JSON: what follows may be good again. */
		if (c == '\n') {
			emit_text(scanner, false);
			scanner->state = BETWEEN;
		} else if (scanner->escaped) {
			scanner->escaped = false;
		} else if (c == '\\') {
			scanner->escaped = true;
		} else if (c == '"') {
			scanner->in_string = false;
		}
		return;
	}
	if (c == '"')
		scanner->in_string = true;
	else if (c == '{' || c == '[')
		scanner->depth++;
	else if ((c == '}' || c == ']') && --scanner->depth == 0) {
		emit_object(scanner, all_of(&scanner->text));
		buf_clear(&scanner->text);
		scanner->state = BETWEEN;
	}
}

/* How many bytes of a long line are whole characters. */
static size_t
whole_characters(struct span text)
{
	size_t len = text.len;

	while (len > 0 && text.len - len < 4 &&
	    ((unsigned char)text.at[len - 1] & 0xc0) == 0x80)
		len--;
	if (len > 0 && ((unsigned char)text.at[len - 1] & 0xc0) == 0xc0)
		len--;
	/* Not UTF-8, or nothing is cut. */
	return len == 0 || ((unsigned char)text.at[text.len - 1] & 0x80) == 0
	    ? text.len
	    : len;
}

/* A character of plain text, which is in the text already. */
static void
feed_line(struct log_scanner *scanner, char c)
{
	struct buf *text = &scanner->text;
	size_t whole;

	if (c == '\n') {
		emit_text(scanner, false);
		if (scanner->state == LINE)
			scanner->state = BETWEEN;
	} else if (text->len >= LINE_MOST) {
		whole = whole_characters(all_of(text));
		emit_plain(scanner, (struct span){ text->at, whole }, false);
		memmove(text->at, text->at + whole, text->len - whole);
		buf_cut(text, text->len - whole);
	}
}

static void
feed_text(struct log_scanner *scanner, char c)
{
	switch (scanner->state) {
	case START:
	case BRACKET:
		feed_start(scanner, c);
		/* A line that is whole by now. */
		if (scanner->state == PLAIN)
			feed_line(scanner, c);
		break;
	case BETWEEN:
		if (!is_space(c) && c != ',' && c != ']')
			begin_value(scanner, c);
		break;
	case OBJECT:
		buf_addc(&scanner->text, c);
		feed_object(scanner, c);
		break;
	default:
		buf_addc(&scanner->text, c);
		feed_line(scanner, c);
		break;
	}
}

/* ---- server-sent events ---- */

/* A line without its end. Others than data say nothing of the log. */
static void
take_line(struct log_scanner *scanner)
{
	struct span line = all_of(&scanner->text);

	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	if (line.len < 5 || memcmp(line.at, "data:", 5) != 0)
		return;
	line.at += 5;
	line.len -= 5;
	while (line.len > 0 && (*line.at == ' ' || *line.at == '\t')) {
		line.at++;
		line.len--;
	}
	if (span_is(line, "END_OF_LOG"))
		scanner->ended = true;
	else if (line.len > 0 && *line.at == '{')
		emit_object(scanner, line);
	else
		emit_plain(scanner, line, true);
}

static void
feed_stream(struct log_scanner *scanner, char c)
{
	if (c != '\n') {
		buf_addc(&scanner->text, c);
		return;
	}
	take_line(scanner);
	buf_clear(&scanner->text);
}

bool
log_scanner_feed(struct log_scanner *scanner, const void *bytes, size_t len)
{
	const char *at = bytes;

	for (size_t i = 0; i < len; i++) {
		if (scanner->ended)
			return true;
		if (scanner->state == SSE)
			feed_stream(scanner, at[i]);
		else
			feed_text(scanner, at[i]);
		if (scanner->refusal.len > 0 ||
		    scanner->text.len > LOG_EVENT_MOST)
			return false;
	}
	return true;
}

void
log_scanner_end(struct log_scanner *scanner)
{
	if (scanner->text.len == 0 || scanner->state == START)
		return;
	if (scanner->state == SSE)
		take_line(scanner);
	else if (scanner->state != BRACKET)
		emit_plain(scanner, all_of(&scanner->text), false);
	buf_clear(&scanner->text);
}
