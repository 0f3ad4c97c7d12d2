/* SPDX-License-Identifier: MIT */
/*
 * kaggle/slug - the slug that Kaggle makes of a title
 *
 * The steps are those of python-slugify, which the official client uses and
 * whose results Kaggle's agree with; the tables are text-unidecode's.
 */
#include "kaggle/slug.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

static const char *const latin[] = {
	/* clang-format off */
	/* U+00A0 */ " ", "!", "C/", "PS", "$?", "Y=", "|", "SS",
	/* U+00A8 */ " ", "(c)", "a", "<<", "!", "", "(r)", " ",
	/* U+00B0 */ "deg", "+-", "2", "3", " ", "m", "P", "*",
	/* U+00B8 */ " ", "1", "o", ">>", "1/4", "1/2", "3/4", "?",
	/* U+00C0 */ "A", "A", "A", "A", "A", "A", "AE", "C",
	/* U+00C8 */ "E", "E", "E", "E", "I", "I", "I", "I",
	/* U+00D0 */ "D", "N", "O", "O", "O", "O", "O", "x",
	/* U+00D8 */ "O", "U", "U", "U", "U", "Y", "Th", "ss",
	/* U+00E0 */ "a", "a", "a", "a", "a", "a", "ae", "c",
	/* U+00E8 */ "e", "e", "e", "e", "i", "i", "i", "i",
	/* U+00F0 */ "d", "n", "o", "o", "o", "o", "o", "/",
	/* U+00F8 */ "o", "u", "u", "u", "u", "y", "th", "y",
	/* U+0100 */ "A", "a", "A", "a", "A", "a", "C", "c",
	/* U+0108 */ "C", "c", "C", "c", "C", "c", "D", "d",
	/* U+0110 */ "D", "d", "E", "e", "E", "e", "E", "e",
	/* U+0118 */ "E", "e", "E", "e", "G", "g", "G", "g",
	/* U+0120 */ "G", "g", "G", "g", "H", "h", "H", "h",
	/* U+0128 */ "I", "i", "I", "i", "I", "i", "I", "i",
	/* U+0130 */ "I", "i", "IJ", "ij", "J", "j", "K", "k",
	/* U+0138 */ "k", "L", "l", "L", "l", "L", "l", "L*",
	/* U+0140 */ "l*", "L", "l", "N", "n", "N", "n", "N",
	/* U+0148 */ "n", "'n", "ng", "NG", "O", "o", "O", "o",
	/* U+0150 */ "O", "o", "OE", "oe", "R", "r", "R", "r",
	/* U+0158 */ "R", "r", "S", "s", "S", "s", "S", "s",
	/* U+0160 */ "S", "s", "T", "t", "T", "t", "T", "t",
	/* U+0168 */ "U", "u", "U", "u", "U", "u", "U", "u",
	/* U+0170 */ "U", "u", "U", "u", "W", "w", "Y", "y",
	/* U+0178 */ "Y", "Z", "z", "Z", "z", "Z", "z", "s",
	/* clang-format on */
};

static const char *const punctuation[] = {
	/* clang-format off */
	/* U+2010 */ "-", "-", "-", "-", "--", "--", "||", " ",
	/* U+2018 */ "'", "'", ",", "'", "\"", "\"", ",,", "\"",
	/* U+2020 */ "+", "++", "*", "*>", ".", "..", "...", ".",
	/* U+2028 */ "\n", "\n\n", "", "", "", "", "", " ",
	/* U+2030 */ "%0", "%00", "'", "''", "'''", "`", "``", "```",
	/* U+2038 */ "^", "<", ">", "*", "!!", "!?", " ", "_",
	/* clang-format on */
};

/* What stands for a character above ASCII; NULL if that is not known here. */
static const char *
ascii_of(uint32_t c)
{
	if (c >= 0xa0 && c < 0x180)
		return latin[c - 0xa0];
	if (c >= 0x300 && c < 0x34f) /* accents that follow their letter */
		return "";
	if (c >= 0x2010 && c < 0x2040)
		return punctuation[c - 0x2010];
	return NULL;
}

/* The character at *text, which is valid UTF-8 and not at its end. */
static uint32_t
next_character(const char **text)
{
	const unsigned char *at = (const unsigned char *)*text;
	int more = at[0] >= 0xf0 ? 3 : at[0] >= 0xe0 ? 2 : at[0] >= 0x80;
	uint32_t c = more == 0 ? at[0] : at[0] & (0x3fU >> more);

	for (int i = 1; i <= more; i++)
		c = c << 6 | (at[i] & 0x3fU);
	*text += 1 + more;
	return c;
}

/* Steps 1 and 2: apostrophes to dashes, everything to ASCII. */
static bool
transliterate(struct buf *out, const char *title)
{
	while (*title != '\0') {
		uint32_t c = next_character(&title);
		const char *ascii;

		if (c == '\'') {
			buf_addc(out, '-');
		} else if (c < 0x80) {
			buf_addc(out, (char)c);
		} else {
			ascii = ascii_of(c);
			if (ascii == NULL)
				return false;
			buf_adds(out, ascii);
		}
	}
	return true;
}

enum entities { NAMED, DECIMAL, HEXADECIMAL };

/*
 * The character of the entity that text begins with, 0 if it begins with none,
 * -1 if the character is not ASCII or the name not known here. Sets *len.
 */
static int
entity(const char *text, enum entities kind, size_t *len)
{
	static const struct {
		const char *name;
		char c;
	} names[] = { { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' },
		{ "&quot;", '"' } };
	static const char digits[] = "0123456789abcdefABCDEF";
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t start = kind == NAMED ? 1 : kind == DECIMAL ? 2 : 3;
	size_t count;
	long value;

	if (strncmp(text, "&#x", start) != 0)
		return 0;
	count = strspn(text + start,
	    kind == NAMED         ? letters
		: kind == DECIMAL ? "0123456789"
				  : digits);
	if (count == 0 || text[start + count] != ';')
		return 0;
	*len = start + count + 1;
	if (kind != NAMED) {
		value = strtol(text + start, NULL, kind == DECIMAL ? 10 : 16);
		return value > 0 && value < 0x80 ? (int)value : -1;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(text, names[i].name, *len) == 0)
			return names[i].c;
	return -1;
}

/* Step 3, for one kind of entities: each is decoded after the other. */
static bool
decode(struct buf *text, enum entities kind)
{
	struct buf out = { 0 };

	for (size_t i = 0, len; i < text->len; i += len) {
		int c = entity(text->at + i, kind, &len);

		if (c < 0) {
			buf_release(&out);
			return false;
		}
		if (c == 0)
			len = 1;
		buf_addc(&out, c == 0 ? text->at[i] : (char)c);
	}
	buf_release(text);
	*text = out;
	return true;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Steps 4 to 8: letters, digits, and single dashes between them. */
static char *
squeeze(const struct buf *text)
{
	struct buf plain = { 0 }, slug = { 0 };

	for (size_t i = 0; i < text->len; i++)
		if (text->at[i] != '\'')
			buf_addc(&plain, text->at[i]);
	for (size_t i = 0; i < plain.len; i++) {
		char c = plain.at[i];

		if (c == ',' && i > 0 && is_digit(plain.at[i - 1]) &&
		    is_digit(plain.at[i + 1]))
			continue;
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (is_digit(c) || (c >= 'a' && c <= 'z'))
			buf_addc(&slug, c);
		else if (slug.len > 0 && slug.at[slug.len - 1] != '-')
			buf_addc(&slug, '-');
	}
	buf_release(&plain);
	if (slug.len > 0 && slug.at[slug.len - 1] == '-')
		slug.at[--slug.len] = '\0';
	return buf_take(&slug);
}

char *
slug_of_title(const char *title)
{
	struct buf text = { 0 };
	char *slug = NULL;

	if (transliterate(&text, title) && decode(&text, NAMED) &&
	    decode(&text, DECIMAL) && decode(&text, HEXADECIMAL))
		slug = squeeze(&text);
	buf_release(&text);
	return slug;
}

char *
slug_title(const char *slug)
{
	char *title = xstrdup(slug);
	bool first = true;

	for (char *at = title; *at != '\0'; at++) {
		if (first && *at >= 'a' && *at <= 'z')
			*at = (char)(*at - 'a' + 'A');
		first = *at == '-';
		if (first)
			*at = ' ';
	}
	return title;
}
