/* SPDX-License-Identifier: MIT */
/*
 * yaml - block style for what has members, one line for all else
 *
 * https://yaml.org/spec/1.2.2/ and, since most parsers still speak it,
 * https://yaml.org/spec/1.1/
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json.h"
#include "wandb/yaml.h"

enum {
	INDENT = 4,
	KEY_MOST = 100, /* a longer key cannot stand before its colon */
};

struct member {
	size_t at, len; /* of the decoded key */
	size_t order;
	struct json_value value;
	const struct buf *keys;
};

static const char *
key_of(const struct member *member)
{
	return member->keys->at + member->at;
}

/* The digits at the front of text, without zeros before them. */
static size_t
number_at(const char **text, const char *end)
{
	size_t len = 0;

	while (*text < end && **text == '0')
		(*text)++;
	while (*text + len < end && isdigit((unsigned char)(*text)[len]))
		len++;
	return len;
}

/* Texts in order, with runs of digits in the order of their values. */
static int
compare_text(const char *a, size_t a_len, const char *b, size_t b_len)
{
	const char *a_end = a + a_len, *b_end = b + b_len;
	size_t a_digits, b_digits;
	int order;

	while (a < a_end && b < b_end) {
		if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
			a_digits = number_at(&a, a_end);
			b_digits = number_at(&b, b_end);
			if (a_digits != b_digits)
				return a_digits < b_digits ? -1 : 1;
			order = memcmp(a, b, a_digits);
			if (order != 0)
				return order;
			a += a_digits;
			b += b_digits;
		} else if (*a != *b) {
			return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
		} else {
			a++;
			b++;
		}
	}
	return (a < a_end) - (b < b_end);
}

static int
compare(const void *left, const void *right)
{
	const struct member *a = left, *b = right;
	int order = compare_text(key_of(a), a->len, key_of(b), b->len);

	if (order == 0 && a->len != b->len) /* 1 and 01 */
		order = a->len < b->len ? -1 : 1;
	if (order == 0)
		order = memcmp(key_of(a), key_of(b), a->len);
	if (order == 0)
		order = a->order < b->order ? -1 : 1;
	return order;
}

static void
pad(struct buf *out, size_t spaces)
{
	buf_reserve(out, spaces);
	memset(out->at + out->len, ' ', spaces);
	out->len += spaces;
	out->at[out->len] = '\0';
}

/* Words that mean something, in any case. */
static bool
is_word(struct span text)
{
	static const char *const words[] = { "y", "n", "yes", "no", "true",
		"false", "on", "off", "null", "nan", "inf" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (text.len == strlen(words[i]) &&
		    strncasecmp(text.at, words[i], text.len) == 0)
			return true;
	}
	return false;
}

/*
 * How many bytes a character has that YAML does not take as it is: DEL, C1,
 * other line ends, a byte order mark, and what is no character at all; 0 if it
 * takes it.
 */
static size_t
special(const char *at, const char *end)
{
	const unsigned char *c = (const unsigned char *)at;
	size_t left = (size_t)(end - at);

	if (c[0] == 0x7f)
		return 1;
	if (left >= 2 && c[0] == 0xc2 && c[1] < 0xa0)
		return 2;
	if (left < 3)
		return 0;
	if (c[0] == 0xe2 && c[1] == 0x80 && (c[2] == 0xa8 || c[2] == 0xa9))
		return 3;
	if (c[0] == 0xef && c[1] == 0xbb && c[2] == 0xbf)
		return 3;
	if (c[0] == 0xef && c[1] == 0xbf && c[2] >= 0xbe)
		return 3;
	return 0;
}

/*
 * Whether text can do without quotes. Begins with a letter and is no word; or
 * begins as a path or a number, but holds a letter that no number, date or
 * time has.
 */
static bool
is_plain(struct span text)
{
	const char *end = text.at + text.len, *at;
	bool is_name = false;

	if (text.len == 0 || is_word(text) || end[-1] == ' ')
		return false;
	if (!isalnum((unsigned char)*text.at) && !(*text.at & 0x80) &&
	    !strchr("_/", *text.at))
		return false;
	for (at = text.at; at < end; at++) {
		if (special(at, end) > 0)
			return false;
		if (isalpha((unsigned char)*at) || (*at & 0x80))
			is_name |= !strchr("abcdefABCDEFoxOXtTzZ", *at);
		else if (!isdigit((unsigned char)*at) &&
		    (*at == '\0' || !strchr(" _./+-@=%~", *at)))
			return false;
	}
	return is_name || !isdigit((unsigned char)*text.at);
}

/* A string that is decoded. */
static void
add_text(struct span text, struct buf *out)
{
	struct buf quoted = { 0 };
	const char *at, *end;
	size_t len;

	if (is_plain(text)) {
		buf_add(out, text.at, text.len);
		return;
	}
	/* JSON's escapes are YAML's as well. */
	json_quote(&quoted, text);
	end = quoted.at + quoted.len;
	for (at = quoted.at; at < end; at += len) {
		const unsigned char *c = (const unsigned char *)at;

		len = special(at, end);
		if (len == 1)
			buf_addf(out, "\\x%02x", c[0]);
		else if (len == 2)
			buf_addf(out, "\\x%02x", c[1]);
		else if (len == 3)
			buf_addf(out, "\\u%04x",
			    (unsigned)((c[0] & 0xf) << 12 | (c[1] & 0x3f) << 6 |
				(c[2] & 0x3f)));
		else
			buf_add(out, at, len = 1);
	}
	buf_release(&quoted);
}

/* YAML 1.1 wants a point and a sign in 1e5, or takes it for a string. */
static void
add_number(struct span text, struct buf *out)
{
	const char *e = memchr(text.at, 'e', text.len);
	size_t mantissa;

	if (!e)
		e = memchr(text.at, 'E', text.len);
	if (!e) {
		buf_add(out, text.at, text.len);
		return;
	}
	mantissa = (size_t)(e - text.at);
	buf_add(out, text.at, mantissa);
	if (!memchr(text.at, '.', mantissa))
		buf_adds(out, ".0");
	buf_addc(out, 'e');
	if (isdigit((unsigned char)e[1]))
		buf_addc(out, '+');
	buf_add(out, e + 1, text.len - mantissa - 1);
}

static void
add_string(struct span quoted, struct buf *out)
{
	struct buf text = { 0 };

	json_decode(&text, (struct span){ quoted.at + 1, quoted.len - 2 });
	add_text((struct span){ text.at, text.len }, out);
	buf_release(&text);
}

/* What stands in a line: anything without members. */
static void
add_scalar(const struct json_value *value, struct buf *out)
{
	switch (value->type) {
	case JSON_OBJECT:
		buf_adds(out, "{}");
		break;
	case JSON_ARRAY:
		buf_adds(out, "[]");
		break;
	case JSON_STRING:
		add_string(value->text, out);
		break;
	case JSON_NUMBER:
		add_number(value->text, out);
		break;
	case JSON_WORD:
		if (*value->text.at == '-')
			buf_addc(out, '-');
		buf_adds(out, *value->text.at == 'N' ? ".nan" : ".inf");
		break;
	default: /* null, true, false */
		buf_add(out, value->text.at, value->text.len);
	}
}

static bool
has_members(const struct json_value *value)
{
	struct json_walk walk;
	struct json_member member;

	if (value->type != JSON_OBJECT && value->type != JSON_ARRAY)
		return false;
	json_walk(&walk, value->text, JSON_WORDS);
	return json_next(&walk, &member);
}

static void add_object(
    struct span json, size_t column, size_t below, struct buf *out);

/*
 * The elements of an array, from a line on in which column is reached. It and
 * add_object() recurse as deep as JSON nests.
 */
static void
add_array(struct span json, size_t column, struct buf *out)
{
	struct json_walk walk;
	struct json_member element;
	bool first = true;

	json_walk(&walk, json, JSON_WORDS);
	while (json_next(&walk, &element)) {
		if (!first)
			pad(out, column);
		first = false;
		buf_adds(out, "- ");
		if (!has_members(&element.value)) {
			add_scalar(&element.value, out);
			buf_addc(out, '\n');
		} else if (element.value.type == JSON_ARRAY) {
			add_array(element.value.text, column + 2, out);
		} else {
			add_object(element.value.text, column + 2,
			    column + INDENT, out);
		}
	}
}

/* The members of an object, in order; count is how many. */
static struct member *
sort(struct span json, struct buf *keys, size_t *count)
{
	struct json_walk walk;
	struct json_member found;
	struct member *members = NULL;
	size_t room = 0;

	*count = 0;
	json_walk(&walk, json, JSON_WORDS);
	while (json_next(&walk, &found)) {
		if (*count == room) {
			room = room * 2 + 8;
			members =
			    xreallocarray(members, room, sizeof(*members));
		}
		members[*count] = (struct member){ .at = keys->len,
			.order = *count,
			.value = found.value,
			.keys = keys };
		json_decode(keys, found.key);
		members[*count].len = keys->len - members[*count].at;
		(*count)++;
	}
	if (*count > 1)
		qsort(members, *count, sizeof(*members), compare);
	return members;
}

static bool
same_key(const struct member *a, const struct member *b)
{
	return a->len == b->len && memcmp(key_of(a), key_of(b), a->len) == 0;
}

/*
 * The members of an object, from a line on in which column is reached; what
 * they hold begins at below.
 */
static void
add_object(struct span json, size_t column, size_t below, struct buf *out)
{
	struct buf keys = { 0 };
	size_t count, i;
	struct member *members = sort(json, &keys, &count), *member;
	bool first = true, is_long;

	for (i = 0; i < count; i++) {
		member = &members[i];
		if (i + 1 < count && same_key(member, member + 1))
			continue; /* the last counts */
		if (!first)
			pad(out, column);
		first = false;
		is_long = member->len > KEY_MOST;
		if (is_long)
			buf_adds(out, "? ");
		add_text((struct span){ key_of(member), member->len }, out);
		if (is_long) {
			buf_addc(out, '\n');
			pad(out, column);
		}
		buf_addc(out, ':');
		if (!has_members(&member->value)) {
			buf_addc(out, ' ');
			add_scalar(&member->value, out);
			buf_addc(out, '\n');
			continue;
		}
		buf_addc(out, '\n');
		pad(out, below);
		if (member->value.type == JSON_ARRAY)
			add_array(member->value.text, below, out);
		else
			add_object(
			    member->value.text, below, below + INDENT, out);
	}
	free(members);
	buf_release(&keys);
}

void
yaml_add(struct span json, struct buf *out)
{
	struct json_value value;
	struct json_fault fault;

	if (!json_value(json, JSON_WORDS, &value, &fault))
		return;
	if (!has_members(&value)) {
		add_scalar(&value, out);
		buf_addc(out, '\n');
	} else if (value.type == JSON_ARRAY) {
		add_array(value.text, 0, out);
	} else {
		add_object(value.text, 0, INDENT, out);
	}
}
