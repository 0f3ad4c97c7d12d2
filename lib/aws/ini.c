/* SPDX-License-Identifier: MIT */
/*
 * ini - the form of AWS' files, as Python's configparser reads it
 */
#include "ini.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* Without white space around it. */
static struct span
trimmed(struct span text)
{
	while (text.len > 0 && is_blank(*text.at)) {
		text.at++;
		text.len--;
	}
	while (text.len > 0 && is_blank(text.at[text.len - 1]))
		text.len--;
	return text;
}

/* What comes before the first of the characters one and other, else all. */
static size_t
length_before(struct span text, char one, char other)
{
	size_t len = 0;

	while (len < text.len && text.at[len] != one && text.at[len] != other)
		len++;
	return len;
}

/* Up to the last bracket; false if there is none, or nothing before it. */
static bool
begin_section(struct aws_ini *ini, struct span line)
{
	size_t len = line.len;

	while (len > 0 && line.at[len - 1] != ']')
		len--;
	if (len < 3)
		return false;
	ini->section = (struct span){ line.at + 1, len - 2 };
	ini->key = ini->value = (struct span){ line.at, 0 };
	ini->keyed = false;
	return true;
}

static bool
take_key(struct aws_ini *ini, struct span line, size_t indent)
{
	size_t len = length_before(line, '=', ':');

	if (len == line.len)
		return false;
	ini->key = trimmed((struct span){ line.at, len });
	ini->value =
	    trimmed((struct span){ line.at + len + 1, line.len - len - 1 });
	ini->indent = indent;
	ini->keyed = true;
	return ini->section.len > 0 && ini->key.len > 0;
}

bool
aws_ini_next(struct aws_ini *ini)
{
	struct span line, rest;
	size_t len, indent;
	bool found;

	while (ini->at < ini->text.len) {
		rest = (struct span){ ini->text.at + ini->at,
			ini->text.len - ini->at };
		len = length_before(rest, '\n', '\n');
		ini->at += len < rest.len ? len + 1 : len;
		line = trimmed((struct span){ rest.at, len });
		indent = (size_t)(line.at - rest.at);
		if (line.len == 0 || *line.at == '#' || *line.at == ';' ||
		    (ini->keyed && indent > ini->indent))
			continue;
		found = *line.at == '[' ? begin_section(ini, line)
					: take_key(ini, line, indent);
		if (found)
			return true;
	}
	return false;
}
