/* SPDX-License-Identifier: MIT */
/*
 * json - strict spans of JSON text, passed on as they are
 *
 * For values that travel in millions and must stay byte-identical: nothing is
 * rebuilt, a number keeps its digits. Records, which are few, are libjq's
 * (record.h). Two ways, no third.
 *
 * Strict RFC 8259: the grammar of numbers, escapes, surrogate pairs, UTF-8
 * (no overlong forms, no surrogates, nothing above U+10FFFF), no raw control
 * characters, nothing behind the value, nesting to JSON_DEPTH. What Python
 * writes and takes all the same, and so W&B's own text may hold, can be
 * allowed: the words NaN, Infinity and -Infinity where JSON has no number, and
 * the escape of half a surrogate pair (os.fsdecode() makes such of a name that
 * is not UTF-8).
 *
 * Nothing here allocates, except where it says so.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "mem.h"

enum { JSON_DEPTH = 500 };

/* So many bytes are looked at at once; a double needs 24 at most. */
enum { JSON_SHORT = 32 };

enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_WORD, /* NaN, Infinity, -Infinity */
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json_value {
	struct span text; /* without white space around it */
	enum json_type type;
	bool escaped; /* a string with a backslash in it */
};

struct json_member {
	struct span key; /* between the quotes, as written */
	bool key_escaped;
	struct json_value value;
};

/* Where and why a text was refused. */
struct json_fault {
	size_t at;       /* offset in bytes */
	const char *why; /* "a control character in a string" */
};

/* Flags: NaN, Infinity, -Infinity, and "\ud800" without its other half. */
enum { JSON_WORDS = 1 };

/* Checks one whole value, with white space around it allowed. */
bool json_value(struct span text, int flags, struct json_value *value,
    struct json_fault *fault);

/* Whether a text is a number without an exponent, as nearly all are. */
bool json_is_simple_number(struct span text);

/*
 * The same of the first len of JSON_SHORT bytes, all of which can be read:
 * json_value() for the many.
 */
static inline bool
json_is_short_number(const char bytes[JSON_SHORT], size_t len)
{
#ifdef __SSE2__
	const __m128i zero = _mm_set1_epi8('0'), nine = _mm_set1_epi8(9);
	uint64_t digits = 0, others, end;
	size_t sign = *bytes == '-', dot;

	if (len == 0 || len > JSON_SHORT)
		return false;
	for (unsigned i = 0; i < JSON_SHORT; i += 16) {
		__m128i text = _mm_loadu_si128((const void *)(bytes + i));
		__m128i number = _mm_sub_epi8(text, zero);
		__m128i is_digit =
		    _mm_cmpeq_epi8(_mm_min_epu8(number, nine), number);

		digits |= (uint64_t)(unsigned)_mm_movemask_epi8(is_digit) << i;
	}
	end = UINT64_C(1) << len;
	others = (~digits & (end - 1)) ^ sign; /* the sign is the first */
	dot = (size_t)__builtin_ctzll(others | end);
	return (others & (others - 1)) == 0 && dot > sign &&
	    (dot == sign + 1 || bytes[sign] != '0') &&
	    (dot == len || (bytes[dot] == '.' && dot + 1 < len));
#else
	return json_is_simple_number((struct span){ bytes, len });
#endif
}

/*
 * The members of an object, one after the other:
 *
 *	struct json_walk walk;
 *	json_walk(&walk, text, flags);
 *	while (json_next(&walk, &member)) ...
 *	if (walk.fault.why) ...
 *
 * Values stay spans; what is nested in them is checked. The text may be an
 * array as well: then keys are empty. Duplicate keys are not looked for here.
 */
struct json_walk {
	struct span text;
	size_t at;
	int flags;
	int state;
	struct json_fault fault; /* why is NULL while there is none */
};

void json_walk(struct json_walk *walk, struct span text, int flags);
bool json_next(struct json_walk *walk, struct json_member *member);

/*
 * Whether the bracket that the walk began with was closed: walk->at is behind
 * it and the space that follows, also where something that is behind the value
 * is the fault.
 */
bool json_walk_closed(const struct json_walk *walk);

/*
 * The first member of an object whose key is written as name; false without it.
 * What is behind it is not looked at.
 */
bool json_find(
    struct span object, int flags, const char *name, struct json_value *value);

/*
 * As json_walk(), into an array that grows and is kept (all zero at first,
 * json_members_release() frees it). Refuses a key that comes twice, and
 * anything but an object.
 */
struct json_members {
	struct json_member *at;
	size_t count;
	size_t room;
	const struct json_member **sorted; /* when there are many */
};

bool json_members(struct span text, int flags, struct json_members *members,
    struct json_fault *fault);
void json_members_release(struct json_members *members);

/* The member whose key, decoded, is name; NULL without it. */
const struct json_member *json_member(
    const struct json_members *members, const char *name);

/*
 * Appends the characters that a string's span (between the quotes) stands for,
 * as UTF-8; half a surrogate pair, which has no UTF-8, as U+FFFD. The span must
 * have passed one of the functions above.
 */
void json_decode(struct buf *out, struct span text);

/*
 * Appends a value that JSON_WORDS let pass as one that is strict: the words in
 * quotes, half a surrogate pair as \ufffd.
 */
void json_strict(struct buf *out, struct span text);

/* Whether all bytes are UTF-8. */
bool json_is_utf8(struct span bytes);

/*
 * Appends bytes as a JSON string with its quotes. What is not UTF-8 becomes
 * U+FFFD, once for each maximal part of a sequence (Unicode 15, 3.9).
 */
void json_quote(struct buf *out, struct span bytes);

/* The same without the quotes, for a string that is put together of parts. */
void json_quote_part(struct buf *out, struct span bytes);

/*
 * Appends a value that passed json_value() with JSON_WORDS as strict JSON: the
 * words become the strings "NaN", "Infinity" and "-Infinity", half a surrogate
 * pair becomes \ufffd, also inside of it; all other bytes stay as they are.
 */
void json_plain(struct buf *out, const struct json_value *value);

/*
 * Appends a finite double with the fewest of 15, 16 or 17 digits that read back
 * exactly, without trailing zeros; others as the words of JSON_WORD.
 */
void json_number(struct buf *out, double number);

#endif
