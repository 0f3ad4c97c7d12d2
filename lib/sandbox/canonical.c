/* SPDX-License-Identifier: MIT */
/* sandbox/canonical - one spelling for one JSON value */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "sandbox/canonical.h"

struct entry {
	struct span key; /* decoded */
	char *decoded;   /* what key points to, if not the text */
	struct json_value value;
	size_t nth;
};

static void
put_escape(struct buf *out, unsigned code)
{
	static const char named[] = "\b\f\n\r\t\"\\";
	const char *at = code < 0x80 ? strchr(named, (int)code) : NULL;

	if (code != 0 && at != NULL)
		buf_addf(out, "\\%c", "bfnrt\"\\"[at - named]);
	else
		buf_addf(out, "\\u%04x", code);
}

/* Bytes of UTF-8 as an ASCII string of JSON. */
static void
put_string(struct buf *out, struct span text)
{
	const unsigned char *at = (const unsigned char *)text.at;
	const unsigned char *end = at + text.len;

	buf_addc(out, '"');
	while (at < end) {
		const unsigned char *plain = at;
		unsigned code;
		int more;

		while (at < end && *at >= ' ' && *at < 0x7f && *at != '"' &&
		    *at != '\\')
			at++;
		buf_add(out, plain, (size_t)(at - plain));
		if (at == end)
			break;
		more = *at < 0x80 ? 0 : *at < 0xe0 ? 1 : *at < 0xf0 ? 2 : 3;
		code = more == 0 ? *at : *at & (0x3fu >> more);
		for (at++; more > 0 && at < end; more--)
			code = code << 6 | (*at++ & 0x3f);
		if (code >= 0x10000) {
			put_escape(out, 0xd800 + ((code - 0x10000) >> 10));
			put_escape(out, 0xdc00 + ((code - 0x10000) & 0x3ff));
		} else {
			put_escape(out, code);
		}
	}
	buf_addc(out, '"');
}

/* Python's repr() of a finite double: digits and the exponent of the first. */
static void
put_double(struct buf *out, double number)
{
	char text[40], digits[20], *e;
	int places, exponent, count = 0;

	/* What 15 digits can say they say; but a subnormal has fewer. */
	for (places = fabs(number) < DBL_MIN ? 0 : 14; places <= 16; places++) {
		(void)snprintf(text, sizeof(text), "%.*e", places, number);
		if (strtod(text, NULL) == number)
			break;
	}
	e = strchr(text, 'e');
	exponent = (int)strtol(e + 1, NULL, 10);
	for (const char *at = text; at < e; at++)
		if (*at >= '0' && *at <= '9')
			digits[count++] = *at;
	while (count > 1 && digits[count - 1] == '0')
		count--;

	if (number < 0)
		buf_addc(out, '-');
	if (exponent < -4 || exponent >= 16) {
		buf_addc(out, digits[0]);
		if (count > 1)
			buf_addf(out, ".%.*s", count - 1, digits + 1);
		buf_addf(
		    out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
	} else if (exponent < 0) {
		buf_addf(
		    out, "0.%.*s%.*s", -exponent - 1, "000", count, digits);
	} else if (count <= exponent + 1) {
		buf_addf(out, "%.*s%.*s.0", count, digits, exponent + 1 - count,
		    "0000000000000000");
	} else {
		buf_addf(out, "%.*s.%.*s", exponent + 1, digits,
		    count - exponent - 1, digits + exponent + 1);
	}
}

static void
put_word(struct buf *out, const char *word, int flags)
{
	buf_addf(out, flags & CANONICAL_QUOTED ? "\"%s\"" : "%s", word);
}

/*
 * Whether a number is spelled as Python would, to be seen without reading it:
 * 15 digits or fewer say what they mean, if none of them is a needless zero.
 */
static bool
is_plain(struct span text)
{
	size_t at = text.len > 0 && text.at[0] == '-', digits = text.len - at;
	const char *first = text.at + at, *dot = memchr(first, '.', digits);

	if (memchr(first, 'e', digits) != NULL ||
	    memchr(first, 'E', digits) != NULL)
		return false;
	if (dot == NULL)
		return digits <= 15 && first[0] != '0';
	return digits <= 16 && text.at[text.len - 1] != '0' &&
	    (first[0] != '0' || digits < 6 || memcmp(dot, ".0000", 5) != 0);
}

static void
put_number(struct buf *out, struct span text, int flags)
{
	char *copy;
	double number;
	long long whole;
	bool integer;

	if (is_plain(text)) {
		buf_add(out, text.at, text.len);
		return;
	}
	copy = xstrndup(text.at, text.len);
	integer = strpbrk(copy, ".eE") == NULL;
	number = strtod(copy, NULL);
	errno = 0;
	whole = strtoll(copy, NULL, 10);
	if (integer && errno == 0)
		buf_addf(out, "%lld", whole);
	else if (isinf(number))
		put_word(out, number < 0 ? "-Infinity" : "Infinity", flags);
	else if (number == floor(number) && fabs(number) < 9007199254740992.0)
		buf_addf(out, "%.0f", number + 0.0); /* -0.0 becomes 0.0 */
	else
		put_double(out, number);
	free(copy);
}

static int
by_key(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	size_t len = x->key.len < y->key.len ? x->key.len : y->key.len;
	int order = memcmp(x->key.at, y->key.at, len);

	if (order == 0)
		order = (x->key.len > y->key.len) - (x->key.len < y->key.len);
	return order != 0 ? order : (x->nth > y->nth) - (x->nth < y->nth);
}

static bool
same_key(const struct entry *a, const struct entry *b)
{
	return a->key.len == b->key.len &&
	    memcmp(a->key.at, b->key.at, a->key.len) == 0;
}

static void put_value(
    struct buf *out, struct span text, enum json_type type, int flags);

static void
put_object(struct buf *out, struct span text, int flags)
{
	struct json_walk walk;
	struct json_member member;
	struct entry *entries = NULL, *entry;
	size_t count = 0, room = 0;
	bool first = true;

	json_walk(&walk, text, JSON_WORDS);
	while (json_next(&walk, &member)) {
		if (count == room) {
			room = room == 0 ? 16 : room * 2;
			entries =
			    xreallocarray(entries, room, sizeof(*entries));
		}
		entry = &entries[count];
		*entry =
		    (struct entry){ member.key, NULL, member.value, count };
		count++;
		if (member.key_escaped) {
			struct buf key = { 0 };

			json_decode(&key, member.key);
			entry->key.len = key.len;
			entry->decoded = buf_take(&key);
			entry->key.at = entry->decoded;
		}
	}
	if (count > 1)
		qsort(entries, count, sizeof(*entries), by_key);
	buf_addc(out, '{');
	for (size_t i = 0; i < count; i++) {
		/* Of equal keys the last one counts. */
		if (i + 1 < count && same_key(&entries[i], &entries[i + 1]))
			continue;
		if (!first)
			buf_addc(out, ',');
		first = false;
		put_string(out, entries[i].key);
		buf_addc(out, ':');
		put_value(
		    out, entries[i].value.text, entries[i].value.type, flags);
	}
	buf_addc(out, '}');
	for (size_t i = 0; i < count; i++)
		free(entries[i].decoded);
	free(entries);
}

static void
put_array(struct buf *out, struct span text, int flags)
{
	struct json_walk walk;
	struct json_member member;
	bool first = true;

	buf_addc(out, '[');
	json_walk(&walk, text, JSON_WORDS);
	while (json_next(&walk, &member)) {
		if (!first)
			buf_addc(out, ',');
		first = false;
		put_value(out, member.value.text, member.value.type, flags);
	}
	buf_addc(out, ']');
}

static void
put_value(struct buf *out, struct span text, enum json_type type, int flags)
{
	struct buf decoded = { 0 };

	switch (type) {
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE:
		buf_add(out, text.at, text.len);
		break;
	case JSON_WORD:
		buf_addf(out, flags & CANONICAL_QUOTED ? "\"%.*s\"" : "%.*s",
		    (int)text.len, text.at);
		break;
	case JSON_NUMBER:
		put_number(out, text, flags);
		break;
	case JSON_STRING:
		json_decode(
		    &decoded, (struct span){ text.at + 1, text.len - 2 });
		put_string(out,
		    (struct span){
			decoded.len > 0 ? decoded.at : "", decoded.len });
		buf_release(&decoded);
		break;
	case JSON_ARRAY:
		put_array(out, text, flags);
		break;
	case JSON_OBJECT:
		put_object(out, text, flags);
		break;
	}
}

bool
canonical(struct buf *out, struct span json, int flags)
{
	struct json_value value;
	struct json_fault fault;

	if (!json_value(json, JSON_WORDS, &value, &fault))
		return false;
	put_value(out, value.text, value.type, flags);
	return true;
}
