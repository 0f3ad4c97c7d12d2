/* SPDX-License-Identifier: MIT */
/*
 * json - strict spans of JSON text, passed on as they are
 *
 * One scanner checks the text from left to right. It keeps no stack but a bit
 * for each open bracket, so depth costs no memory and no recursion.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

enum { FEW = 16 }; /* members that are compared each with each */

struct scan {
	const uint8_t *at;
	const uint8_t *end;
	const char *why;
	int flags;
	unsigned depth;
	uint64_t objects[(JSON_DEPTH + 63) / 64]; /* which brackets are { */
};

static bool
fault(struct scan *scan, const char *why)
{
	scan->why = why;
	return false;
}

static void
skip_space(struct scan *scan)
{
	while (scan->at < scan->end &&
	    (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\n' ||
		*scan->at == '\r'))
		scan->at++;
}

/* The next byte; -1 at the end, which no byte is. */
static int
peek(const struct scan *scan)
{
	return scan->at < scan->end ? *scan->at : -1;
}

/*
 * The first byte of a string that is not simply itself: a quote, a backslash,
 * a control character, a part of a character beyond ASCII; or end.
 */
static const uint8_t *
find_special(const uint8_t *at, const uint8_t *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i backslash = _mm_set1_epi8('\\');
	const __m128i space = _mm_set1_epi8(' ');

	for (; end - at >= 16; at += 16) {
		__m128i bytes = _mm_loadu_si128((const void *)at);
		/* Signed: bytes from 0x80 up are less than a space, too. */
		__m128i special = _mm_or_si128(_mm_cmplt_epi8(bytes, space),
		    _mm_or_si128(_mm_cmpeq_epi8(bytes, quote),
			_mm_cmpeq_epi8(bytes, backslash)));
		int mask = _mm_movemask_epi8(special);

		if (mask != 0)
			return at + __builtin_ctz((unsigned)mask);
	}
#endif
	while (
	    at < end && *at >= ' ' && *at < 0x80 && *at != '"' && *at != '\\')
		at++;
	return at;
}

/*
 * The length of the character at at, which is not ASCII; 0 if it is none.
 * *part is then the length of what could have become one (Unicode 15, tables
 * 3-7 and 3-8), at least 1.
 */
static size_t
utf8_len(const uint8_t *at, const uint8_t *end, size_t *part)
{
	uint8_t lead = at[0], least = 0x80, most = 0xbf;
	size_t len = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	*part = 1;
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	if (lead == 0xe0)
		least = 0xa0; /* less would be overlong */
	else if (lead == 0xed)
		most = 0x9f; /* more would be a surrogate */
	else if (lead == 0xf0)
		least = 0x90;
	else if (lead == 0xf4)
		most = 0x8f; /* more would be above U+10FFFF */
	for (size_t i = 1; i < len; i++) {
		if (at + i == end || at[i] < least || at[i] > most)
			return 0;
		*part = i + 1;
		least = 0x80;
		most = 0xbf;
	}
	return len;
}

bool
json_is_utf8(struct span bytes)
{
	const uint8_t *at = (const uint8_t *)bytes.at, *end = at + bytes.len;

	for (size_t len, part; at < end; at += len) {
		len = *at < 0x80 ? 1 : utf8_len(at, end, &part);
		if (len == 0)
			return false;
	}
	return true;
}

/* The four hex digits at at; -1 if they are none. */
static int
hex4(const uint8_t *at, const uint8_t *end)
{
	int code = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit((char)at[i]);

		if (digit < 0)
			return -1;
		code = code << 4 | digit;
	}
	return code;
}

/* The second half of a surrogate pair, escaped, at at; -1 if it is none. */
static int
low_half(const uint8_t *at, const uint8_t *end)
{
	int code = end - at >= 6 && at[0] == '\\' && at[1] == 'u'
	    ? hex4(at + 2, end)
	    : -1;

	return code >= 0xdc00 && code <= 0xdfff ? code : -1;
}

/* A backslash is at at. */
static bool
scan_escape(struct scan *scan)
{
	const uint8_t *at = scan->at;
	int code;

	if (scan->end - at < 2)
		return fault(scan, "a string without an end");
	if (at[1] != 'u') {
		/* Nearly all are of quotes: JSON inside a string. */
		if (at[1] != '"' &&
		    (at[1] == '\0' || strchr("\\/bfnrt", at[1]) == NULL))
			return fault(scan, "an unknown escape");
		scan->at += 2;
		return true;
	}
	code = hex4(at + 2, scan->end);
	if (code < 0)
		return fault(scan, "an escape without four hex digits");
	if (code < 0xd800 || code > 0xdfff || (scan->flags & JSON_WORDS) != 0) {
		scan->at += 6;
		return true;
	}
	if (code > 0xdbff || low_half(at + 6, scan->end) < 0)
		return fault(scan, "half a surrogate pair");
	scan->at += 12;
	return true;
}

/* Characters beyond ASCII, which seldom come alone. */
static bool
scan_utf8(struct scan *scan)
{
	size_t len, part;

	while (scan->at < scan->end && *scan->at >= 0x80) {
		len = utf8_len(scan->at, scan->end, &part);
		if (len == 0)
			return fault(scan, "text that is not UTF-8");
		scan->at += len;
	}
	return true;
}

/* A quote is at at. */
static bool
scan_string(struct scan *scan, bool *escaped)
{
	*escaped = false;
	scan->at++;
	for (;;) {
		scan->at = find_special(scan->at, scan->end);
		if (scan->at == scan->end)
			return fault(scan, "a string without an end");
		if (*scan->at == '"') {
			scan->at++;
			return true;
		}
		if (*scan->at == '\\') {
			*escaped = true;
			if (!scan_escape(scan))
				return false;
		} else if (*scan->at < ' ') {
			return fault(scan, "a control character in a string");
		} else if (!scan_utf8(scan)) {
			return false;
		}
	}
}

static bool
scan_digits(struct scan *scan)
{
	const uint8_t *at = scan->at;

	while (at < scan->end && *at >= '0' && *at <= '9')
		at++;
	if (at == scan->at)
		return fault(scan, "a number without a digit");
	scan->at = at;
	return true;
}

static bool
scan_number(struct scan *scan)
{
	if (peek(scan) == '-')
		scan->at++;
	if (peek(scan) == '0') {
		scan->at++;
		if (peek(scan) >= '0' && peek(scan) <= '9')
			return fault(scan, "a number with a leading zero");
	} else if (!scan_digits(scan)) {
		return false;
	}
	if (peek(scan) == '.') {
		scan->at++;
		if (!scan_digits(scan))
			return false;
	}
	if (peek(scan) == 'e' || peek(scan) == 'E') {
		scan->at++;
		if (peek(scan) == '+' || peek(scan) == '-')
			scan->at++;
		return scan_digits(scan);
	}
	return true;
}

static bool
scan_word(struct scan *scan, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(scan->end - scan->at) < len ||
	    memcmp(scan->at, word, len) != 0)
		return fault(scan, "no value");
	scan->at += len;
	return true;
}

/* A value that holds no other. */
static bool
scan_scalar(struct scan *scan, enum json_type *type, bool *escaped)
{
	bool words = (scan->flags & JSON_WORDS) != 0;

	switch (peek(scan)) {
	case '"':
		*type = JSON_STRING;
		return scan_string(scan, escaped);
	case 't':
		*type = JSON_TRUE;
		return scan_word(scan, "true");
	case 'f':
		*type = JSON_FALSE;
		return scan_word(scan, "false");
	case 'n':
		*type = JSON_NULL;
		return scan_word(scan, "null");
	case 'N':
	case 'I':
		*type = JSON_WORD;
		if (!words)
			return fault(scan, "no value");
		return scan_word(scan, peek(scan) == 'N' ? "NaN" : "Infinity");
	case '-':
		if (words && scan->end - scan->at > 1 && scan->at[1] == 'I') {
			*type = JSON_WORD;
			return scan_word(scan, "-Infinity");
		}
		/* fallthrough */
	default:
		*type = JSON_NUMBER;
		if (peek(scan) != '-' && (peek(scan) < '0' || peek(scan) > '9'))
			return fault(scan, "no value");
		return scan_number(scan);
	}
}

static bool
in_object(const struct scan *scan)
{
	unsigned at = scan->depth - 1;

	return (scan->objects[at / 64] >> at % 64 & 1) != 0;
}

/* A bracket that opens is at at. */
static bool
open_bracket(struct scan *scan)
{
	unsigned at = scan->depth;

	if (at == JSON_DEPTH)
		return fault(scan, "nested too deeply");
	if (*scan->at == '{')
		scan->objects[at / 64] |= UINT64_C(1) << at % 64;
	else
		scan->objects[at / 64] &= ~(UINT64_C(1) << at % 64);
	scan->depth++;
	scan->at++;
	skip_space(scan);
	return true;
}

/* Whether the bracket that closes the innermost one was at at. */
static bool
close_bracket(struct scan *scan)
{
	if (peek(scan) != (in_object(scan) ? '}' : ']'))
		return false;
	scan->at++;
	scan->depth--;
	return true;
}

/* A key and its colon. */
static bool
scan_key(struct scan *scan, struct span *key, bool *escaped)
{
	const uint8_t *start = scan->at;

	if (peek(scan) != '"')
		return fault(scan, "no key");
	if (!scan_string(scan, escaped))
		return false;
	*key = (struct span){ (const char *)start + 1,
		(size_t)(scan->at - start) - 2 };
	skip_space(scan);
	if (peek(scan) != ':')
		return fault(scan, "a key without a colon");
	scan->at++;
	skip_space(scan);
	return true;
}

/* What stands between an element and the next, up to the next's value. */
static bool
scan_comma(struct scan *scan)
{
	struct span key;
	bool escaped;

	if (peek(scan) != ',')
		return fault(scan,
		    in_object(scan) ? "no comma and no }"
				    : "no comma and no ]");
	scan->at++;
	skip_space(scan);
	return !in_object(scan) || scan_key(scan, &key, &escaped);
}

/* A value and all in it, without space around it. */
static bool
scan_value(struct scan *scan, enum json_type *type, bool *escaped)
{
	unsigned outside = scan->depth;
	enum json_type inner;
	struct span key;
	bool any;

	*escaped = false;
	*type = peek(scan) == '{' ? JSON_OBJECT : JSON_ARRAY;
	if (peek(scan) != '{' && peek(scan) != '[')
		return scan_scalar(scan, type, escaped);
	for (;;) {
		if (peek(scan) == '{' || peek(scan) == '[') {
			if (!open_bracket(scan))
				return false;
			if (peek(scan) != '}' && peek(scan) != ']') {
				if (in_object(scan) &&
				    !scan_key(scan, &key, &any))
					return false;
				continue;
			}
		} else if (!scan_scalar(scan, &inner, &any)) {
			return false;
		} else {
			skip_space(scan);
		}
		while (close_bracket(scan)) {
			if (scan->depth == outside)
				return true;
			skip_space(scan);
		}
		if (!scan_comma(scan))
			return false;
	}
}

static struct scan
scan_of(struct span text, int flags)
{
	const uint8_t *at = (const uint8_t *)(text.len > 0 ? text.at : "");

	return (struct scan){ .at = at, .end = at + text.len, .flags = flags };
}

static struct span
span_between(const uint8_t *start, const uint8_t *end)
{
	return (struct span){ (const char *)start, (size_t)(end - start) };
}

bool
json_is_simple_number(struct span text)
{
	const char *at = text.at, *end = at + text.len, *start;

	if (at < end && *at == '-')
		at++;
	start = at;
	while (at < end && (unsigned char)(*at - '0') < 10)
		at++;
	if (at == start || (*start == '0' && at - start > 1))
		return false;
	if (at == end)
		return true;
	if (*at++ != '.' || at == end)
		return false;
	while (at < end && (unsigned char)(*at - '0') < 10)
		at++;
	return at == end;
}

bool
json_value(struct span text, int flags, struct json_value *value,
    struct json_fault *why)
{
	const uint8_t *begin, *start;
	struct scan scan;
	bool good;

	if (json_is_simple_number(text)) {
		*value =
		    (struct json_value){ .text = text, .type = JSON_NUMBER };
		*why = (struct json_fault){ text.len, NULL };
		return true;
	}
	scan = scan_of(text, flags);
	begin = scan.at;
	skip_space(&scan);
	start = scan.at;
	good = scan_value(&scan, &value->type, &value->escaped);
	value->text = span_between(start, scan.at);
	if (good) {
		skip_space(&scan);
		if (scan.at != scan.end)
			good = fault(&scan, "something behind the value");
	}
	why->why = scan.why;
	why->at = (size_t)(scan.at - begin);
	return good;
}

enum walk_state { WALK_BEGIN, WALK_ARRAY, WALK_OBJECT, WALK_END };

void
json_walk(struct json_walk *walk, struct span text, int flags)
{
	*walk = (struct json_walk){
		.text = text,
		.flags = flags,
		.state = WALK_BEGIN,
	};
}

/* Goes to where a value or a key is; false at the end or at a fault. */
static bool
walk_on(struct json_walk *walk, struct scan *scan)
{
	bool first = walk->state == WALK_BEGIN;
	int close;

	skip_space(scan);
	if (first) {
		if (peek(scan) != '{' && peek(scan) != '[')
			return fault(scan, "no object");
		walk->state = *scan->at == '{' ? WALK_OBJECT : WALK_ARRAY;
		scan->at++;
		skip_space(scan);
	}
	close = walk->state == WALK_OBJECT ? '}' : ']';
	if (peek(scan) == close) {
		scan->at++;
		skip_space(scan);
		walk->state = WALK_END;
		if (scan->at != scan->end)
			return fault(scan, "something behind the value");
		return false;
	}
	if (first)
		return true;
	if (peek(scan) != ',')
		return fault(scan,
		    close == '}' ? "no comma and no }" : "no comma and no ]");
	scan->at++;
	skip_space(scan);
	return true;
}

bool
json_next(struct json_walk *walk, struct json_member *member)
{
	struct scan scan = scan_of(walk->text, walk->flags);
	const uint8_t *text = scan.at, *start;
	bool good;

	if (walk->state == WALK_END || walk->fault.why != NULL)
		return false;
	scan.at += walk->at;
	scan.depth = 1; /* the walk is inside a bracket */
	*member = (struct json_member){ .key = { "", 0 } };
	good = walk_on(walk, &scan) &&
	    (walk->state != WALK_OBJECT ||
		scan_key(&scan, &member->key, &member->key_escaped));
	if (good) {
		start = scan.at;
		good = scan_value(
		    &scan, &member->value.type, &member->value.escaped);
		member->value.text = span_between(start, scan.at);
	}
	walk->at = (size_t)(scan.at - text);
	walk->fault = (struct json_fault){ walk->at, scan.why };
	return good;
}

bool
json_walk_closed(const struct json_walk *walk)
{
	return walk->state == WALK_END;
}

bool
json_find(
    struct span object, int flags, const char *name, struct json_value *value)
{
	struct json_member member;
	struct json_walk walk;

	json_walk(&walk, object, flags);
	while (json_next(&walk, &member)) {
		if (!span_is(member.key, name))
			continue;
		*value = member.value;
		return true;
	}
	return false;
}

static void
add_utf8(struct buf *out, unsigned code)
{
	char bytes[4];
	size_t len = 0;

	if (code < 0x80) {
		bytes[len++] = (char)code;
	} else if (code < 0x800) {
		bytes[len++] = (char)(0xc0 | code >> 6);
	} else if (code < 0x10000) {
		bytes[len++] = (char)(0xe0 | code >> 12);
		bytes[len++] = (char)(0x80 | (code >> 6 & 0x3f));
	} else {
		bytes[len++] = (char)(0xf0 | code >> 18);
		bytes[len++] = (char)(0x80 | (code >> 12 & 0x3f));
		bytes[len++] = (char)(0x80 | (code >> 6 & 0x3f));
	}
	if (code >= 0x80)
		bytes[len++] = (char)(0x80 | (code & 0x3f));
	buf_add(out, bytes, len);
}

/* Appends what the escape at at means; returns where it ends. */
static const char *
decode_escape(struct buf *out, const char *at, const char *end)
{
	static const char letters[] = "bfnrt", means[] = "\b\f\n\r\t";
	const char *letter;
	unsigned code;
	int low;

	if (at[1] != 'u') {
		letter = at[1] != '"' ? strchr(letters, at[1]) : NULL;
		buf_addc(out, letter != NULL ? means[letter - letters] : at[1]);
		return at + 2;
	}
	code = (unsigned)hex4((const uint8_t *)at + 2, (const uint8_t *)end);
	at += 6;
	low = low_half((const uint8_t *)at, (const uint8_t *)end);
	if (code >= 0xd800 && code <= 0xdbff && low >= 0) {
		code =
		    0x10000 + ((code & 0x3ff) << 10 | ((unsigned)low & 0x3ff));
		at += 6;
	} else if (code >= 0xd800 && code <= 0xdfff) {
		code = 0xfffd;
	}
	add_utf8(out, code);
	return at;
}

void
json_decode(struct buf *out, struct span text)
{
	const char *at = text.len > 0 ? text.at : "", *end = at + text.len;

	buf_reserve(out, text.len);
	while (at < end) {
		const char *escape = memchr(at, '\\', (size_t)(end - at));

		if (escape == NULL)
			escape = end;
		buf_add(out, at, (size_t)(escape - at));
		at = escape == end ? end : decode_escape(out, escape, end);
	}
}

/* The length of the escape at at; *half: it is half a surrogate pair. */
static size_t
escape_len(const char *at, const char *end, bool *half)
{
	const uint8_t *digits = (const uint8_t *)at + 2;
	const uint8_t *stop = (const uint8_t *)end;
	int code = at[1] == 'u' ? hex4(digits, stop) : 0;

	*half = false;
	if (at[1] != 'u')
		return 2;
	if (code < 0xd800 || code > 0xdfff)
		return 6;
	if (code < 0xdc00 && low_half(digits + 4, stop) >= 0)
		return 12;
	*half = true;
	return 6;
}

void
json_strict(struct buf *out, struct span text)
{
	const char *at = text.at, *end = at + text.len, *from = at;
	bool inside = false, half;
	size_t len;

	while (at < end) {
		len = 1;
		if (*at == '"') {
			inside = !inside;
		} else if (inside && *at == '\\') {
			len = escape_len(at, end, &half);
			if (half) {
				buf_add(out, from, (size_t)(at - from));
				buf_adds(out, "\\ufffd");
				from = at + len;
			}
		} else if (!inside && (*at == 'N' || *at == 'I')) {
			/* Only the words have capitals outside a string. */
			len = strlen(*at == 'N' ? "NaN" : "Infinity");
			if (at > text.at && at[-1] == '-') {
				at--;
				len++;
			}
			buf_add(out, from, (size_t)(at - from));
			buf_addc(out, '"');
			buf_add(out, at, len);
			buf_addc(out, '"');
			from = at + len;
		}
		at += len;
	}
	buf_add(out, from, (size_t)(end - from));
}

/* Orders keys by their bytes when they are decoded. */
static int
compare_spans(struct span a, struct span b)
{
	int order = memcmp(a.at, b.at, a.len < b.len ? a.len : b.len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* A key as it is meant; decoded into into only if it must be. */
static struct span
plain_key(const struct json_member *member, struct buf *into)
{
	if (!member->key_escaped)
		return member->key;
	json_decode(into, member->key);
	return (struct span){ into->at, into->len };
}

static int
compare_keys(const struct json_member *a, const struct json_member *b)
{
	struct buf left = { 0 }, right = { 0 };
	int order;

	if (!a->key_escaped && !b->key_escaped)
		return compare_spans(a->key, b->key);
	order = compare_spans(plain_key(a, &left), plain_key(b, &right));
	buf_release(&left);
	buf_release(&right);
	return order;
}

static int
compare_sorted(const void *a, const void *b)
{
	return compare_keys(*(const struct json_member *const *)a,
	    *(const struct json_member *const *)b);
}

/* The second of two members with the same key; NULL if there are none. */
static const struct json_member *
find_twice(struct json_members *members)
{
	const struct json_member *at = members->at;
	size_t count = members->count;

	if (count <= FEW) {
		for (size_t i = 1; i < count; i++)
			for (size_t k = 0; k < i; k++)
				if (compare_keys(&at[i], &at[k]) == 0)
					return &at[i];
		return NULL;
	}
	members->sorted = xreallocarray(
	    members->sorted, members->room, sizeof(*members->sorted));
	for (size_t i = 0; i < count; i++)
		members->sorted[i] = &at[i];
	qsort(members->sorted, count, sizeof(*members->sorted), compare_sorted);
	for (size_t i = 1; i < count; i++) {
		const struct json_member *a = members->sorted[i - 1];
		const struct json_member *b = members->sorted[i];

		if (compare_keys(a, b) == 0)
			return a > b ? a : b;
	}
	return NULL;
}

bool
json_members(struct span text, int flags, struct json_members *members,
    struct json_fault *why)
{
	struct scan scan = scan_of(text, flags);
	struct json_member member;
	const struct json_member *twice;
	struct json_walk walk;

	members->count = 0;
	skip_space(&scan);
	if (peek(&scan) == '[') {
		*why = (struct json_fault){
			text.len - (size_t)(scan.end - scan.at), "no object"
		};
		return false;
	}
	json_walk(&walk, text, flags);
	while (json_next(&walk, &member)) {
		if (members->count == members->room) {
			members->room =
			    members->room == 0 ? FEW : 2 * members->room;
			members->at = xreallocarray(
			    members->at, members->room, sizeof(*members->at));
		}
		members->at[members->count++] = member;
	}
	*why = walk.fault;
	if (why->why != NULL)
		return false;
	twice = find_twice(members);
	if (twice == NULL)
		return true;
	*why = (struct json_fault){ (size_t)(twice->key.at - text.at),
		"a key that was there before" };
	return false;
}

void
json_members_release(struct json_members *members)
{
	free(members->at);
	free(members->sorted);
	*members = (struct json_members){ 0 };
}

const struct json_member *
json_member(const struct json_members *members, const char *name)
{
	struct json_member wanted = { .key = span_of(name) };
	size_t low = 0, high = members->count;

	if (high <= FEW) {
		for (size_t i = 0; i < high; i++)
			if (compare_keys(&members->at[i], &wanted) == 0)
				return &members->at[i];
		return NULL;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_keys(members->sorted[middle], &wanted);

		if (order == 0)
			return members->sorted[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The letter of an escape like \n; NUL where there is none. */
static char
escape_letter(uint8_t c)
{
	switch (c) {
	case '"':
	case '\\':
		return (char)c;
	case '\b':
		return 'b';
	case '\f':
		return 'f';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		return '\0';
	}
}

void
json_quote_part(struct buf *out, struct span bytes)
{
	const uint8_t *at = scan_of(bytes, 0).at;
	const uint8_t *end = at + bytes.len, *run = at;

	/* Room for an escape of each character, but for the rare long ones. */
	buf_reserve(out, 2 * bytes.len);
	while ((at = find_special(at, end)) < end) {
		size_t part = 1;
		size_t len = *at < 0x80 ? 0 : utf8_len(at, end, &part);
		char letter = escape_letter(*at);

		if (len > 0) {
			at += len;
			continue;
		}
		buf_add(out, run, (size_t)(at - run));
		if (letter != '\0') {
			out->at[out->len++] = '\\';
			out->at[out->len++] = letter;
		} else {
			if (*at < 0x80)
				buf_addf(out, "\\u%04x", *at);
			else
				buf_adds(out, "\xef\xbf\xbd"); /* U+FFFD */
			buf_reserve(out, 2 * (size_t)(end - at));
		}
		at += part;
		run = at;
	}
	buf_add(out, run, (size_t)(end - run));
}

void
json_quote(struct buf *out, struct span bytes)
{
	buf_addc(out, '"');
	json_quote_part(out, bytes);
	buf_addc(out, '"');
}

void
json_number(struct buf *out, double number)
{
	char text[32];

	if (isnan(number)) {
		buf_adds(out, "NaN");
		return;
	}
	if (isinf(number)) {
		buf_adds(out, number < 0 ? "-Infinity" : "Infinity");
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, number);
		if (digits == 17 || strtod(text, NULL) == number)
			break;
	}
	buf_adds(out, text);
}

/*
 * What at at cannot stay as it is, in a string or outside: its length, and what
 * to write instead in *instead; 0 if it can, then *step is how far to go on.
 */
static size_t
odd_part(const char *at, const char *end, bool inside, const char **instead,
    size_t *step)
{
	const uint8_t *escape = (const uint8_t *)at,
		      *stop = (const uint8_t *)end;
	int code;

	*step = 1;
	if (!inside) {
		*instead = *at == 'N' ? "\"NaN\""
		    : *at == 'I'      ? "\"Infinity\""
				      : "\"-Infinity\"";
		return *at == 'N'                                ? 3
		    : *at == 'I'                                 ? 8
		    : *at == '-' && end - at > 1 && at[1] == 'I' ? 9
								 : 0;
	}
	if (*at != '\\')
		return 0;
	*step = 2;
	code = at[1] == 'u' ? hex4(escape + 2, stop) : 0;
	if (code < 0xd800 || code > 0xdfff)
		return 0;
	*step = 12;
	*instead = "\\ufffd";
	return code < 0xdc00 && low_half(escape + 6, stop) >= 0 ? 0 : 6;
}

void
json_plain(struct buf *out, const struct json_value *value)
{
	const char *at = value->text.at, *end = at + value->text.len, *run = at;
	const char *instead;
	bool inside = false; /* a string */
	size_t step;

	if (value->type < JSON_WORD ||
	    (value->type == JSON_STRING && !value->escaped))
		at = end;
	while (at < end) {
		size_t len = odd_part(at, end, inside, &instead, &step);

		if (len > 0) {
			buf_add(out, run, (size_t)(at - run));
			buf_adds(out, instead);
			run = at + len;
			step = len;
		} else if (*at == '"') {
			inside = !inside;
		}
		at += step;
	}
	buf_add(out, run, (size_t)(end - run));
}
