/* SPDX-License-Identifier: MIT */
/* runs - the JSON that a run has in strings */
#include "wandb/runs.h"

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
