/* SPDX-License-Identifier: MIT */
/* kaggle/source - the text of a program, as SaveKernel wants it */
#include "kaggle/source.h"

#include <string.h>

#include "file.h"
#include "json.h"
#include "record.h"

enum { MOST = 64 << 20 }; /* bytes of a program */

/* The number of the line in which the byte at is. */
static int
line_of(const struct buf *text, size_t at)
{
	int line = 1;

	for (size_t i = 0; i < at && i < text->len; i++)
		line += text->at[i] == '\n';
	return line;
}

/* CR LF, and CR alone, to LF. */
static void
plain_line_ends(struct buf *text)
{
	size_t to = 0;

	for (size_t i = 0; i < text->len; i++) {
		char c = text->at[i];

		if (c == '\r') {
			c = '\n';
			if (text->at[i + 1] == '\n')
				i++;
		}
		text->at[to++] = c;
	}
	if (text->len > 0)
		text->at[to] = '\0';
	text->len = to;
}

/* jv_null(), or an error_value() that names the first line that is no UTF-8. */
static jv
check_utf8(const char *path, const struct buf *text)
{
	/* libjq replaces what is none. */
	jv copy =
	    jv_string_sized(text->at != NULL ? text->at : "", (int)text->len);
	size_t len = (size_t)jv_string_length_bytes(jv_copy(copy));
	const char *good = jv_string_value(copy);
	size_t same = 0;
	jv why = jv_null();

	if (len != text->len || (len > 0 && memcmp(good, text->at, len) != 0)) {
		while (same < len && same < text->len &&
		    good[same] == text->at[same])
			same++;
		why = error_value(
		    "input", "%s:%d: not UTF-8", path, line_of(text, same));
	}
	jv_free(copy);
	return why;
}

/* The member name of an object's text; NULL without it. */
static const struct json_member *
member_of(struct json_members *members, const char *name, enum json_type type)
{
	const struct json_member *member = json_member(members, name);

	return member != NULL && member->value.type == type ? member : NULL;
}

/* What a string's text holds between its quotes. */
static struct span
unquoted(struct span text)
{
	return (struct span){ text.at + 1, text.len - 2 };
}

/* Appends a cell's source, list or not, as one string; false if it is none. */
static bool
join_source(struct buf *out, const struct json_value *source)
{
	struct json_walk walk;
	struct json_member line;

	if (source->type == JSON_STRING) {
		buf_add(out, source->text.at, source->text.len);
		return true;
	}
	if (source->type != JSON_ARRAY)
		return false;
	buf_addc(out, '"');
	json_walk(&walk, source->text, JSON_WORDS);
	while (json_next(&walk, &line)) {
		struct span text = line.value.text;

		if (line.value.type != JSON_STRING)
			return false;
		buf_add(out, text.at + 1, text.len - 2);
	}
	buf_addc(out, '"');
	return true;
}

static void
add_member(struct buf *out, const struct json_member *member)
{
	if (out->at[out->len - 1] != '{')
		buf_addc(out, ',');
	buf_addc(out, '"');
	buf_add(out, member->key.at, member->key.len);
	buf_adds(out, "\":");
}

/* Appends a cell as it is to be sent; what is wrong with it, or NULL. */
static const char *
add_cell(struct source *source, struct span text, struct json_members *cell)
{
	struct buf *out = &source->text;
	struct json_fault fault;
	const struct json_member *type;
	bool code;

	if (!json_members(text, JSON_WORDS, cell, &fault))
		return fault.why;
	type = member_of(cell, "cell_type", JSON_STRING);
	if (type == NULL)
		return "no cell_type";
	code = span_is(type->value.text, "\"code\"");

	buf_addc(out, '{');
	for (size_t i = 0; i < cell->count; i++) {
		const struct json_member *member = &cell->at[i];
		size_t start;

		add_member(out, member);
		start = out->len;
		if (code && span_is(member->key, "outputs")) {
			buf_adds(out, "[]");
		} else if (!span_is(member->key, "source")) {
			buf_add(
			    out, member->value.text.at, member->value.text.len);
		} else if (!join_source(out, &member->value)) {
			return "source is no text and no list of texts";
		} else if (code) {
			json_decode(&source->code,
			    unquoted((struct span){
				out->at + start, out->len - start }));
			buf_addc(&source->code, '\n');
		}
	}
	buf_addc(out, '}');
	return NULL;
}

/* Appends the list of cells; jv_null() or an error_value(). */
static jv
add_cells(struct source *source, const char *path, struct span list)
{
	struct json_members cell = { 0 };
	struct json_walk walk;
	struct json_member item;
	const char *fault = NULL;
	jv why = jv_null();
	int i = 0;

	buf_addc(&source->text, '[');
	json_walk(&walk, list, JSON_WORDS);
	while (fault == NULL && json_next(&walk, &item)) {
		if (i++ > 0)
			buf_addc(&source->text, ',');
		fault = add_cell(source, item.value.text, &cell);
	}
	buf_addc(&source->text, ']');
	if (fault != NULL)
		why = error_value(
		    "input", "%s: cells[%d]: %s", path, i - 1, fault);
	json_members_release(&cell);
	return why;
}

/* Whether metadata says by metadata.kernelspec.name what is to run it. */
static bool
has_kernelspec(const struct json_member *metadata)
{
	struct json_members members = { 0 };
	struct json_fault fault;
	const struct json_member *at = metadata;
	bool found = false;

	if (at != NULL &&
	    json_members(at->value.text, JSON_WORDS, &members, &fault) &&
	    (at = member_of(&members, "kernelspec", JSON_OBJECT)) != NULL &&
	    json_members(at->value.text, JSON_WORDS, &members, &fault))
		at = member_of(&members, "name", JSON_STRING);
	else
		at = NULL;
	found = at != NULL && at->value.text.len > 2;
	json_members_release(&members);
	return found;
}

/* Fills source from the notebook in text. */
static jv
read_notebook(struct source *source, const char *path, const struct buf *text)
{
	struct json_members members = { 0 };
	struct json_fault fault;
	struct buf *out = &source->text;
	const struct json_member *cells;
	jv why = jv_null();

	if (!json_members((struct span){ text->at, text->len }, JSON_WORDS,
		&members, &fault)) {
		why = error_value("input", "%s:%d: no notebook: %s", path,
		    line_of(text, fault.at), fault.why);
		json_members_release(&members);
		return why;
	}
	cells = member_of(&members, "cells", JSON_ARRAY);
	if (cells == NULL)
		why = error_value("input",
		    "%s: cells: missing: no notebook, or one from before "
		    "nbformat 4",
		    path);
	else if (!has_kernelspec(member_of(&members, "metadata", JSON_OBJECT)))
		why = error_value("input",
		    "%s: metadata.kernelspec.name: missing, Kaggle could not "
		    "run it",
		    path);

	buf_addc(out, '{');
	for (size_t i = 0; i < members.count && jv_is_valid(why); i++) {
		add_member(out, &members.at[i]);
		if (&members.at[i] == cells)
			why = add_cells(source, path, cells->value.text);
		else
			buf_add(out, members.at[i].value.text.at,
			    members.at[i].value.text.len);
	}
	buf_addc(out, '}');
	json_members_release(&members);
	return why;
}

jv
source_read(struct source *source, const char *path, bool notebook)
{
	struct buf text = { 0 };
	jv why;

	*source = (struct source){ 0 };
	why = file_read(path, MOST, &text);
	if (!jv_is_valid(why)) {
		jv better = error_value("input", "%s", error_message(why));

		jv_free(why);
		return better;
	}
	plain_line_ends(&text);
	why = check_utf8(path, &text);
	if (jv_is_valid(why) && notebook) {
		why = read_notebook(source, path, &text);
		buf_release(&text);
	} else {
		source->text = text;
	}
	return why;
}

void
source_release(struct source *source)
{
	buf_release(&source->text);
	buf_release(&source->code);
}

/* Whether line imports wandb: "import os, wandb", "from wandb import x". */
static bool
imports_wandb(struct span line)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	const char *at, *end = line.at + line.len;

	for (at = line.at; at < end && (*at == ' ' || *at == '\t'); at++)
		;
	if ((size_t)(end - at) < strlen("import wandb"))
		return false;
	if (strncmp(at, "import ", 7) != 0)
		return strncmp(at, "from wandb", 10) == 0 &&
		    strchr(letters, at[10]) == NULL;
	for (at += 6; at + 6 <= end; at++)
		if ((at[0] == ' ' || at[0] == ',') &&
		    strncmp(at + 1, "wandb", 5) == 0 &&
		    (at + 6 == end || strchr(letters, at[6]) == NULL))
			return true;
	return false;
}

bool
source_needs_internet(const struct source *source)
{
	const struct buf *code =
	    source->code.len > 0 ? &source->code : &source->text;
	const char *at = code->at, *end = at + code->len;

	for (struct span line; at < end; at += line.len + 1) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));

		line = (struct span){ at,
			(size_t)((eol != NULL ? eol : end) - at) };
		if (imports_wandb(line))
			return true;
		if (memmem(line.at, line.len, "WANDB_MODE", 10) != NULL &&
		    (memmem(line.at, line.len, "offline", 7) != NULL ||
			memmem(line.at, line.len, "disabled", 8) != NULL ||
			memmem(line.at, line.len, "dryrun", 6) != NULL))
			return false;
	}
	return false;
}
