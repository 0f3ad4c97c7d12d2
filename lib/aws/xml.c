/* SPDX-License-Identifier: MIT */
/*
 * xml - the text of an element in the answers of AWS' STS
 */
#include <stdlib.h>

#include "xml.h"

static bool
begins_with(struct span text, const char *word)
{
	size_t len = strlen(word);

	return text.len >= len && memcmp(text.at, word, len) == 0;
}

static void
skip(struct span *text, size_t len)
{
	text->at += len;
	text->len -= len;
}

/* Behind the next '<' of text; false if there is none. */
static bool
skip_to_tag(struct span *text)
{
	const char *at =
	    text->len > 0 ? memchr(text->at, '<', text->len) : NULL;

	if (at == NULL)
		return false;
	skip(text, (size_t)(at - text->at) + 1);
	return true;
}

static bool
ends_name(char c)
{
	return c == '>' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind the next tag <name>, with attributes or without. */
static bool
skip_tag(struct span *text, const char *name)
{
	const char *end;

	while (skip_to_tag(text)) {
		if (!begins_with(*text, name))
			continue;
		skip(text, strlen(name));
		if (text->len == 0 || !ends_name(*text->at))
			continue;
		end = memchr(text->at, '>', text->len);
		if (end == NULL)
			return false;
		skip(text, (size_t)(end - text->at) + 1);
		if (end[-1] != '/')
			return true;
	}
	return false;
}

/* Appends the first character of text, or what an entity there stands for. */
static void
decode(struct buf *out, struct span *text)
{
	static const struct {
		const char *name;
		char c;
	} entities[] = { { "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' },
		{ "&quot;", '"' }, { "&apos;", '\'' } };

	for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
		if (begins_with(*text, entities[i].name)) {
			buf_addc(out, entities[i].c);
			skip(text, strlen(entities[i].name));
			return;
		}
	}
	buf_addc(out, *text->at);
	skip(text, 1);
}

char *
aws_xml_text(struct span xml, const char *name)
{
	struct span inside, rest;
	struct buf out = { 0 };

	if (!skip_tag(&xml, name))
		return NULL;
	rest = inside = xml;
	if (!skip_to_tag(&rest) || rest.len == 0 || *rest.at != '/')
		return NULL;
	skip(&rest, 1);
	if (!begins_with(rest, name) || rest.len == strlen(name) ||
	    !ends_name(rest.at[strlen(name)]))
		return NULL;
	inside.len = (size_t)(rest.at - inside.at) - strlen("</");
	/* At once: a secret is not to be left behind in what was too small. */
	buf_reserve(&out, inside.len + 1);
	while (inside.len > 0)
		decode(&out, &inside);
	buf_add(&out, "", 0);
	return buf_take(&out);
}
