/* SPDX-License-Identifier: MIT */
/* runs - what is in an answer, and the JSON that a run has in strings */
#include <stdlib.h>
#include <string.h>

#include "wandb/runs.h"

bool
runs_member(struct span object, const char *name, struct json_value *value)
{
	return json_find(object, JSON_WORDS, name, value);
}

long long
runs_number(struct span object, const char *name)
{
	struct json_value value;
	char text[32];

	if (!runs_member(object, name, &value) || value.type != JSON_NUMBER ||
	    value.text.len >= sizeof text)
		return -1;
	memcpy(text, value.text.at, value.text.len);
	text[value.text.len] = '\0';
	return strtoll(text, NULL, 10);
}

/*
 * Control characters inside of strings, which some writers left as they are,
 * as the escapes that JSON wants. Such a text is longer, and else the same.
 */
static void
escape_controls(struct buf *text)
{
	struct buf out = { 0 };
	bool quoted = false;

	for (size_t i = 0; i < text->len; i++) {
		unsigned char c = (unsigned char)text->at[i];

		if (quoted && c < ' ') {
			buf_addf(&out, "\\u%04x", c);
			continue;
		}
		buf_addc(&out, text->at[i]);
		if (c == '"')
			quoted = !quoted;
		else if (quoted && c == '\\' && i + 1 < text->len)
			buf_addc(&out, text->at[++i]);
	}
	buf_release(text);
	*text = out;
}

static bool
is_object(struct span text, struct span *object)
{
	struct json_fault fault;
	struct json_value value;

	if (text.len == 0 || !json_value(text, JSON_WORDS, &value, &fault) ||
	    value.type != JSON_OBJECT)
		return false;
	*object = value.text;
	return true;
}

bool
runs_text(const struct json_value *value, struct buf *kept, struct span *text)
{
	buf_clear(kept);
	if (value->type == JSON_OBJECT) {
		*text = value->text;
		return true;
	}
	if (value->type != JSON_STRING)
		return false;
	json_decode(
	    kept, (struct span){ value->text.at + 1, value->text.len - 2 });
	if (is_object((struct span){ kept->at, kept->len }, text))
		return true;
	escape_controls(kept);
	return is_object((struct span){ kept->at, kept->len }, text);
}
