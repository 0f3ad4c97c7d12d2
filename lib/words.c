/* SPDX-License-Identifier: MIT */
/*
 * words - a text as the words that a shell would take it for
 */
#include "words.h"

#include <stdbool.h>
#include <string.h>

#include "mem.h"
#include "record.h"

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* Appends what is between the quotes at *at; *at moves to the closing one. */
static bool
add_quoted(struct buf *word, const char **at)
{
	char quote = **at;

	for (const char *c = *at + 1; *c != '\0'; c++) {
		if (*c == quote) {
			*at = c;
			return true;
		}
		if (quote == '"' && *c == '\\' && c[1] != '\0' &&
		    strchr("$`\"\\\n", c[1]) != NULL) {
			if (*++c == '\n') /* a line that goes on */
				continue;
		}
		buf_addc(word, *c);
	}
	return false;
}

/* Appends the word at *at, and moves *at behind it; what is wrong, or NULL. */
static const char *
add_word(struct buf *word, const char **at)
{
	const char *c;

	for (c = *at; *c != '\0' && !is_space(*c); c++) {
		if (*c == '\'' || *c == '"') {
			if (!add_quoted(word, &c))
				return "a quote that is not closed";
		} else if (*c != '\\') {
			buf_addc(word, *c);
		} else if (*++c == '\0') {
			return "a backslash at the end";
		} else if (*c != '\n') {
			buf_addc(word, *c);
		}
	}
	*at = c;
	return NULL;
}

jv
words_split(const char *text)
{
	jv words = jv_array();
	struct buf word = { 0 };
	const char *fault = NULL;

	for (;;) {
		while (is_space(*text))
			text++;
		if (*text == '\0')
			break;
		buf_add(&word, "", 0); /* a word can be empty */
		fault = add_word(&word, &text);
		if (fault != NULL)
			break;
		words = jv_array_append(
		    words, jv_string_sized(word.at, (int)word.len));
		buf_clear(&word);
	}
	buf_release(&word);
	if (fault == NULL)
		return words;
	jv_free(words);
	return error_value("usage", "%s", fault);
}
