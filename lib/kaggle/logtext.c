/* SPDX-License-Identifier: MIT */
/* logtext - the log in an answer of ListKernelSessionOutput, as it comes */
#include "kaggle/logtext.h"

#include <stdint.h>
#include <string.h>

enum {
	PIECE = 64 * 1024,
	REST_MOST = 64 * 1024 * 1024,
};

enum {
	BETWEEN,    /* outside of strings */
	STRING,     /* in one that goes to the rest, also a key */
	STRING_ESC, /* behind its backslash */
	LOG,
	LOG_ESC,
	LOG_UNIT, /* in the digits of \uXXXX */
};

void
logtext_begin(struct logtext *log)
{
	void (*take)(void *, const void *, size_t) = log->take;
	void (*anew)(void *) = log->anew;
	void *context = log->context;

	logtext_release(log);
	log->take = take;
	log->anew = anew;
	log->context = context;
	if (anew != NULL)
		anew(context);
}

void
logtext_release(struct logtext *log)
{
	buf_release(&log->rest);
	buf_release(&log->piece);
	*log = (struct logtext){ 0 };
}

static void
hand_on(struct logtext *log)
{
	if (log->piece.len > 0 && log->take != NULL && !log->had_log)
		log->take(log->context, log->piece.at, log->piece.len);
	buf_clear(&log->piece);
}

/* ---- characters of the log ---- */

static void
add_character(struct logtext *log, uint32_t c)
{
	struct buf *to = &log->piece;

	if (c < 0x80) {
		buf_addc(to, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_addc(to, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_addc(to, (char)(0xe0 | c >> 12));
		} else {
			buf_addc(to, (char)(0xf0 | c >> 18));
			buf_addc(to, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_addc(to, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_addc(to, (char)(0x80 | (c & 0x3f)));
}

/* The first half of a pair to which no second one came. */
static void
end_pair(struct logtext *log)
{
	if (log->high != 0)
		add_character(log, 0xfffd);
	log->high = 0;
}

static void
add_unit(struct logtext *log, unsigned unit)
{
	if (unit >= 0xdc00 && unit < 0xe000) {
		add_character(log,
		    log->high == 0 ? 0xfffd
				   : 0x10000 + ((log->high - 0xd800) << 10) +
			    (unit - 0xdc00));
		log->high = 0;
		return;
	}
	end_pair(log);
	if (unit >= 0xd800 && unit < 0xdc00)
		log->high = unit;
	else
		add_character(log, unit);
}

/* No JSON, which whoever reads the rest is to notice. */
static void
refuse(struct logtext *log)
{
	buf_adds(&log->rest, "\\x");
	log->state = LOG;
}

static void
feed_escape(struct logtext *log, char c)
{
	static const char names[] = "\"\\/bfnrt";
	static const char values[] = "\"\\/\b\f\n\r\t";
	const char *at = c != '\0' ? strchr(names, c) : NULL;

	if (c == 'u') {
		log->state = LOG_UNIT;
		log->unit = 0;
		log->digits = 0;
	} else if (at == NULL) {
		refuse(log);
	} else {
		end_pair(log);
		buf_addc(&log->piece, values[at - names]);
		log->state = LOG;
	}
}

static void
feed_unit(struct logtext *log, char c)
{
	unsigned digit;

	if (c >= '0' && c <= '9') {
		digit = (unsigned)(c - '0');
	} else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
		digit = (unsigned)((c | 0x20) - 'a') + 10;
	} else {
		refuse(log);
		return;
	}
	log->unit = log->unit << 4 | digit;
	if (++log->digits < 4)
		return;
	log->state = LOG;
	add_unit(log, log->unit);
}

/* Takes what is plain, to the end, an escape, or the string's end. */
static size_t
feed_log(struct logtext *log, const char *at, size_t len)
{
	size_t i = 0;

	while (i < len && at[i] != '"' && at[i] != '\\')
		i++;
	if (i > 0)
		end_pair(log);
	buf_add(&log->piece, at, i);
	if (i == len)
		return len;
	if (at[i] == '\\') {
		log->state = LOG_ESC;
	} else {
		end_pair(log);
		hand_on(log);
		log->had_log = true;
		log->is_log = false;
		log->state = BETWEEN;
		buf_addc(&log->rest, '"');
	}
	return i + 1;
}

/* ---- the rest ---- */

/* A character outside of strings, which is in the rest already. */
static void
feed_between(struct logtext *log, char c)
{
	switch (c) {
	case '{':
	case '[':
		if (log->depth++ == 0)
			log->object = log->key_next = c == '{';
		break;
	case '}':
	case ']':
		log->depth--;
		break;
	case ',':
		if (log->depth == 1) {
			log->key_next = log->object;
			log->is_log = false;
		}
		break;
	case '"':
		if (log->depth == 1 && log->is_log) {
			log->state = LOG;
			break;
		}
		log->state = STRING;
		log->key_len = 0;
		break;
	}
}

/* A character of a string, which is in the rest already. */
static void
feed_string(struct logtext *log, char c)
{
	if (c == '"') {
		if (log->depth == 1) {
			log->is_log = log->key_next && log->key_len == 3 &&
			    memcmp(log->key, "log", 3) == 0;
			log->key_next = false;
		}
		log->state = BETWEEN;
		return;
	}
	if (c == '\\')
		log->state = STRING_ESC;
	if (log->key_len < sizeof log->key)
		log->key[log->key_len++] = c;
}

bool
logtext_feed(struct logtext *log, const void *bytes, size_t len)
{
	const char *at = bytes;
	size_t i = 0;

	while (i < len) {
		char c = at[i];

		if (log->state == LOG) {
			i += feed_log(log, at + i, len - i);
			if (log->piece.len >= PIECE)
				hand_on(log);
			continue;
		}
		i++;
		if (log->state == LOG_ESC) {
			feed_escape(log, c);
			continue;
		}
		if (log->state == LOG_UNIT) {
			feed_unit(log, c);
			continue;
		}
		buf_addc(&log->rest, c);
		if (log->state == BETWEEN)
			feed_between(log, c);
		else if (log->state == STRING)
			feed_string(log, c);
		else
			log->state = STRING;
	}
	return log->rest.len <= REST_MOST;
}
