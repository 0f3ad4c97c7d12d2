/* SPDX-License-Identifier: MIT */
/*
 * sandbox/graphql - the reader, the check, and the doing
 *
 * The text is read once into a tree of selections. Arguments are read again
 * when they are needed: only then all variables and their defaults are known,
 * and a variable's value is shared, not copied.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "sandbox/graphql.h"

enum { DEPTH = 60 }; /* of selections and values */

enum kind { FIELD, SPREAD, INLINE };

/* What stands between braces: one entry of a list. */
struct selection {
	enum kind kind;
	struct span key;        /* alias or name */
	struct span name;       /* field, fragment, or type after "on" */
	const char *args;       /* where "(" is; NULL: none */
	const char *directives; /* where the first "@" is; NULL: none */
	struct selection *inside;
	struct selection *next;
};

struct fragment {
	struct span name;
	struct span on;
	struct selection *inside;
	struct fragment *next;
};

/* Memory that goes all at once. */
struct block {
	struct block *next;
};

struct gql {
	const struct gql_schema *schema;
	void *context;
	const char *at;
	const char *end;
	jv variables; /* declared ones, with defaults filled in */
	struct fragment *fragments;
	struct block *blocks;
	struct span path[DEPTH + 1]; /* keys down to what is resolved now */
	size_t depth;
	struct buf errors; /* objects with commas between */
	int status;
	bool bad; /* the text is no GraphQL, or asks for what is not there */
};

const struct gql_type gql_json = { "JSON", NULL, NULL };

static void *
take(struct gql *gql, size_t size)
{
	struct block *block = xcalloc(1, sizeof(*block) + size);

	block->next = gql->blocks;
	gql->blocks = block;
	return block + 1;
}

static void DIAG_PRINTF(3, 4)
    add_error(struct gql *gql, int status, const char *format, ...)
{
	va_list rest;
	char text[1000];

	va_start(rest, format);
	(void)vsnprintf(text, sizeof(text), format, rest); /* cut is fine */
	va_end(rest);
	if (gql->errors.len > 0)
		buf_addc(&gql->errors, ',');
	buf_adds(&gql->errors, "{\"message\":");
	json_quote(&gql->errors, span_of(text));
	if (gql->depth > 0) {
		buf_adds(&gql->errors, ",\"path\":");
		for (size_t i = 0; i < gql->depth; i++) {
			buf_addc(&gql->errors, i == 0 ? '[' : ',');
			json_quote(&gql->errors, gql->path[i]);
		}
		buf_addc(&gql->errors, ']');
	}
	buf_addc(&gql->errors, '}');
	if (gql->status == 200)
		gql->status = status;
}

#define BAD(gql, ...)                                     \
	do {                                              \
		if (!(gql)->bad)                          \
			add_error(gql, 400, __VA_ARGS__); \
		(gql)->bad = true;                        \
	} while (0)

#define SPAN(span) (int)(span).len, (span).at

void *
gql_context(const struct gql *gql)
{
	return gql->context;
}

jv
gql_refuse(struct gql *gql, int status, const char *format, ...)
{
	va_list rest;
	char text[1000];

	va_start(rest, format);
	(void)vsnprintf(text, sizeof(text), format, rest); /* cut is fine */
	va_end(rest);
	add_error(gql, status, "%s", text);
	return jv_null();
}

/* ---- reading ---- */

static void
skip_space(struct gql *gql)
{
	for (; gql->at < gql->end; gql->at++) {
		if (*gql->at == '#') {
			while (gql->at < gql->end && *gql->at != '\n')
				gql->at++;
			if (gql->at == gql->end)
				return;
		} else if (!strchr(" \t\r\n,", *gql->at) || *gql->at == '\0') {
			return;
		}
	}
}

static char
peek(struct gql *gql)
{
	skip_space(gql);
	return gql->at < gql->end ? *gql->at : '\0';
}

static bool
accept(struct gql *gql, char c)
{
	if (peek(gql) != c || c == '\0')
		return false;
	gql->at++;
	return true;
}

static void
expect(struct gql *gql, char c)
{
	if (!accept(gql, c))
		BAD(gql, "Syntax Error: Expected \"%c\"", c);
}

static bool
accept_dots(struct gql *gql)
{
	(void)peek(gql);
	if (gql->end - gql->at < 3 || memcmp(gql->at, "...", 3) != 0)
		return false;
	gql->at += 3;
	return true;
}

static bool
is_letter(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* The name that comes next; it stays if want is not NULL and it is another. */
static struct span
read_name(struct gql *gql, const char *want)
{
	struct span name;

	(void)peek(gql);
	name.at = gql->at;
	while (gql->at < gql->end && is_letter(*gql->at))
		gql->at++;
	name.len = (size_t)(gql->at - name.at);
	if (want != NULL && !span_is(name, want)) {
		gql->at = name.at;
		name.len = 0;
	} else if (want == NULL && name.len == 0) {
		BAD(gql, "Syntax Error: Expected Name");
	}
	return name;
}

static jv
read_string(struct gql *gql)
{
	const char *start = gql->at;
	struct json_value value;
	struct json_fault fault;
	struct buf text = { 0 };
	jv out;

	if (gql->end - start >= 3 && memcmp(start, "\"\"\"", 3) == 0) {
		BAD(gql, "Syntax Error: block strings are not taken here");
		return jv_null();
	}
	for (gql->at++; gql->at < gql->end && *gql->at != '"'; gql->at++)
		if (*gql->at == '\\' && gql->end - gql->at > 1)
			gql->at++;
	expect(gql, '"');
	if (gql->bad ||
	    !json_value((struct span){ start, (size_t)(gql->at - start) }, 0,
		&value, &fault)) {
		BAD(gql, "Syntax Error: Invalid string");
		return jv_null();
	}
	json_decode(
	    &text, (struct span){ value.text.at + 1, value.text.len - 2 });
	out = jv_string_sized(text.len > 0 ? text.at : "", (int)text.len);
	buf_release(&text);
	return out;
}

static jv
read_number(struct gql *gql)
{
	const char *start = gql->at;

	while (gql->at < gql->end && strchr("+-.eE0123456789", *gql->at) &&
	    *gql->at != '\0')
		gql->at++;
	return jv_parse_sized(start, (int)(gql->at - start));
}

static jv
read_variable(struct gql *gql)
{
	struct span name = read_name(gql, NULL);
	jv key = jv_string_sized(name.at, (int)name.len), value;

	if (!jv_object_has(jv_copy(gql->variables), jv_copy(key)))
		BAD(gql, "Variable \"$%.*s\" is not defined.", SPAN(name));
	value = jv_object_get(jv_copy(gql->variables), key);
	return jv_is_valid(value) ? value : (jv_free(value), jv_null());
}

static jv
read_value(struct gql *gql, int depth)
{
	char c = peek(gql);
	struct span word;
	jv out;

	if (depth > DEPTH)
		BAD(gql, "Syntax Error: nested too deep");
	if (gql->bad)
		return jv_null();
	if (c == '"')
		return read_string(gql);
	if (c == '-' || isdigit((unsigned char)c))
		return read_number(gql);
	if (accept(gql, '$'))
		return read_variable(gql);
	if (accept(gql, '[')) {
		out = jv_array();
		while (!gql->bad && !accept(gql, ']'))
			out = jv_array_append(out, read_value(gql, depth + 1));
		return out;
	}
	if (accept(gql, '{')) {
		out = jv_object();
		while (!gql->bad && !accept(gql, '}')) {
			word = read_name(gql, NULL);
			expect(gql, ':');
			out = jv_object_set(out,
			    jv_string_sized(word.at, (int)word.len),
			    read_value(gql, depth + 1));
		}
		return out;
	}
	word = read_name(gql, NULL);
	if (span_is(word, "null"))
		return jv_null();
	if (span_is(word, "true") || span_is(word, "false"))
		return jv_bool(word.at[0] == 't');
	return jv_string_sized(word.at, (int)word.len);
}

/* "(name: value ...)" at a place in the text, as an object. */
static jv
read_args(struct gql *gql, const char *at)
{
	struct span name;
	jv args = jv_object();

	if (at == NULL)
		return args;
	gql->at = at;
	expect(gql, '(');
	while (!gql->bad && !accept(gql, ')')) {
		name = read_name(gql, NULL);
		expect(gql, ':');
		args =
		    jv_object_set(args, jv_string_sized(name.at, (int)name.len),
			read_value(gql, 0));
	}
	return args;
}

/* Goes over a bracketed part without looking at what is in it. */
static const char *
pass_over(struct gql *gql, char open, char close)
{
	const char *start;
	int depth = 0;

	if (peek(gql) != open)
		return NULL;
	start = gql->at;
	while (!gql->bad && peek(gql) != '\0') {
		if (*gql->at == '"') {
			jv_free(read_string(gql));
			continue;
		}
		depth += (*gql->at == open) - (*gql->at == close);
		gql->at++;
		if (depth == 0)
			return start;
	}
	BAD(gql, "Syntax Error: Expected \"%c\", found <EOF>", close);
	return start;
}

static const char *
pass_directives(struct gql *gql)
{
	const char *start = NULL;

	while (accept(gql, '@')) {
		if (start == NULL)
			start = gql->at - 1;
		(void)read_name(gql, NULL);
		(void)pass_over(gql, '(', ')');
	}
	return start;
}

static struct selection *
read_selections(struct gql *gql, int depth)
{
	struct selection *first = NULL, **last = &first, *new;

	if (depth > DEPTH - 1)
		BAD(gql, "Syntax Error: nested too deep");
	expect(gql, '{');
	while (!gql->bad && !accept(gql, '}')) {
		new = take(gql, sizeof(*new));
		*last = new;
		last = &new->next;
		if (accept_dots(gql)) {
			new->kind = INLINE;
			if (read_name(gql, "on").len > 0)
				new->name = read_name(gql, NULL);
			else if (is_letter(peek(gql)))
				new->kind = SPREAD,
				new->name = read_name(gql, NULL);
		} else {
			new->key = new->name = read_name(gql, NULL);
			if (accept(gql, ':'))
				new->name = read_name(gql, NULL);
			new->args = pass_over(gql, '(', ')');
		}
		new->directives = pass_directives(gql);
		if (new->kind == INLINE ||
		    (new->kind == FIELD &&peek(gql) == '{'))
			new->inside = read_selections(gql, depth + 1);
	}
	if (first == NULL)
		BAD(gql, "Syntax Error: Expected Name, found \"}\"");
	return first;
}

/* "($name: Type! = default ...)": fills gql->variables. */
static void
read_variables(struct gql *gql, jv given)
{
	struct span name;
	bool needed;
	jv value, key;

	if (!accept(gql, '('))
		return;
	while (!gql->bad && !accept(gql, ')')) {
		expect(gql, '$');
		name = read_name(gql, NULL);
		expect(gql, ':');
		if (pass_over(gql, '[', ']') == NULL)
			(void)read_name(gql, NULL);
		needed = accept(gql, '!');
		key = jv_string_sized(name.at, (int)name.len);
		value = jv_get_kind(given) == JV_KIND_OBJECT
		    ? jv_object_get(jv_copy(given), jv_copy(key))
		    : jv_invalid();
		if (accept(gql, '=')) {
			jv otherwise = read_value(gql, 0);

			if (!jv_is_valid(value)) {
				jv_free(value);
				value = otherwise;
			} else {
				jv_free(otherwise);
			}
		}
		(void)pass_directives(gql);
		if (!jv_is_valid(value)) {
			jv_free(value);
			value = jv_null();
		}
		if (needed && jv_get_kind(value) == JV_KIND_NULL)
			BAD(gql,
			    "Variable \"$%.*s\" of required type was not "
			    "provided.",
			    SPAN(name));
		gql->variables = jv_object_set(gql->variables, key, value);
	}
}

static void
read_fragment(struct gql *gql)
{
	struct fragment *new = take(gql, sizeof(*new));

	new->name = read_name(gql, NULL);
	if (read_name(gql, "on").len == 0)
		BAD(gql, "Syntax Error: Expected \"on\"");
	new->on = read_name(gql, NULL);
	(void)pass_directives(gql);
	new->inside = read_selections(gql, 0);
	new->next = gql->fragments;
	gql->fragments = new;
}

/* The whole text: the first operation's selections and its type. */
static struct selection *
read_document(struct gql *gql, jv variables, const struct gql_type **root)
{
	struct selection *all = NULL;

	*root = NULL;
	while (!gql->bad && peek(gql) != '\0') {
		const struct gql_type *type = gql->schema->query;
		bool anonymous = peek(gql) == '{';

		if (!anonymous && read_name(gql, "fragment").len > 0) {
			read_fragment(gql);
			continue;
		}
		if (!anonymous) {
			if (read_name(gql, "mutation").len > 0)
				type = gql->schema->mutation;
			else if (read_name(gql, "query").len == 0)
				BAD(gql, "Syntax Error: Unexpected Name");
			if (is_letter(peek(gql)))
				(void)read_name(gql, NULL);
			if (*root == NULL)
				read_variables(gql, variables);
			else
				(void)pass_over(gql, '(', ')');
			(void)pass_directives(gql);
		}
		if (*root == NULL) {
			*root = type;
			all = read_selections(gql, 0);
		} else {
			(void)read_selections(gql, 0);
		}
	}
	if (*root == NULL)
		BAD(gql, "Syntax Error: Unexpected <EOF>");
	return all;
}

/* ---- tables ---- */

static bool
same(struct span a, struct span b)
{
	return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

static const struct fragment *
find_fragment(const struct gql *gql, struct span name)
{
	const struct fragment *f = gql->fragments;

	while (f != NULL && !same(f->name, name))
		f = f->next;
	return f;
}

static const struct gql_field *
find_field(const struct gql_type *type, struct span name)
{
	static const struct gql_field typename = { .name = "__typename" };

	if (span_is(name, "__typename"))
		return &typename;
	for (const struct gql_field *f = type->fields; f->name != NULL; f++)
		if (span_is(name, f->name))
			return f;
	return NULL;
}

/* Whether the schema is one without this field. */
static bool
is_lacking(struct gql *gql, const struct gql_type *type, struct span name)
{
	jv lacks = gql->schema->lacks, one;
	bool found = false;
	char *wanted = xasprintf("%s.%.*s", type->name, (int)name.len, name.at);

	for (int i = 0; !found && i < jv_array_length(jv_copy(lacks)); i++) {
		one = jv_array_get(jv_copy(lacks), i);
		found = jv_get_kind(one) == JV_KIND_STRING &&
		    strcmp(jv_string_value(one), wanted) == 0;
		jv_free(one);
	}
	free(wanted);
	return found;
}

/*
 * Looks for a word in a list such as "name! input(id name!)". The word's end
 * there, or NULL.
 */
static const char *
find_word(const char *list, struct span word)
{
	int depth = 0;

	for (; list != NULL && *list != '\0' && depth >= 0; list++) {
		if (depth == 0 && strncmp(list, word.at, word.len) == 0 &&
		    !is_letter(list[word.len]))
			return list + word.len;
		while (is_letter(*list) && is_letter(list[1]))
			list++;
		depth += (*list == '(') - (*list == ')');
	}
	return NULL;
}

/* ---- the check ---- */

/* Whether an argument whose word in the list ends at mark may have a value. */
static bool
may_be(const char *mark, jv value)
{
	jv_kind kind = jv_get_kind(value);

	if (*mark == '!')
		return kind == JV_KIND_STRING;
	if (*mark == '+' && mark[1] == '(')
		return kind == JV_KIND_OBJECT;
	return *mark != '+' || kind != JV_KIND_NULL;
}

static void check_args(
    struct gql *gql, const char *list, jv args, const struct gql_field *field);

/* All that is given is known. */
static void
check_given(
    struct gql *gql, const char *list, jv args, const struct gql_field *field)
{
	for (int i = jv_object_iter(args); jv_object_iter_valid(args, i);
	     i = jv_object_iter_next(args, i)) {
		jv key = jv_object_iter_key(args, i);
		jv value = jv_object_iter_value(args, i);
		const char *mark =
		    find_word(list, span_of(jv_string_value(key)));

		if (mark == NULL)
			BAD(gql, "Unknown argument \"%s\" on field \"%s\".",
			    jv_string_value(key), field->name);
		else if (mark[0] == '+' && mark[1] == '(' &&
		    jv_get_kind(value) == JV_KIND_OBJECT)
			check_args(gql, mark + 2, value, field);
		jv_free(key);
		jv_free(value);
	}
}

/* All that is needed is given, and of the right kind. */
static void
check_args(
    struct gql *gql, const char *list, jv args, const struct gql_field *field)
{
	int depth = 0;

	check_given(gql, list, args, field);
	while (list != NULL && *list != '\0' && depth >= 0) {
		struct span word = { list, 0 };
		jv value;

		while (is_letter(list[word.len]))
			word.len++;
		list += word.len;
		if (word.len == 0) {
			depth += (*list == '(') - (*list == ')');
			list++;
		} else if (depth == 0 && (*list == '!' || *list == '+')) {
			value = jv_object_get(jv_copy(args),
			    jv_string_sized(word.at, (int)word.len));
			if (!jv_is_valid(value))
				BAD(gql,
				    "Field \"%s\" argument \"%.*s\" is "
				    "required, but it was not provided.",
				    field->name, SPAN(word));
			else if (!may_be(list, value))
				BAD(gql,
				    "Argument \"%.*s\" on field \"%s\" has an "
				    "invalid value.",
				    SPAN(word), field->name);
			jv_free(value);
		}
	}
}

static bool
fits(const struct gql_type *type, struct span name)
{
	return name.len == 0 || span_is(name, type->name) ||
	    find_word(type->also, name) != NULL;
}

static void check_set(struct gql *gql, const struct gql_type *type,
    const struct selection *set, int depth);

static void
check_field(struct gql *gql, const struct gql_type *type,
    const struct selection *s, int depth)
{
	const struct gql_field *field = find_field(type, s->name);
	bool scalar;
	jv args;

	if (field == NULL || is_lacking(gql, type, s->name)) {
		BAD(gql, "Cannot query field \"%.*s\" on type \"%s\".",
		    SPAN(s->name), type->name);
		return;
	}
	args = read_args(gql, s->args);
	if (!gql->bad)
		check_args(gql, field->args, args, field);
	jv_free(args);
	scalar = field->type == NULL || field->type == &gql_json;
	if (scalar && s->inside != NULL)
		BAD(gql,
		    "Field \"%s\" must not have a selection since it has "
		    "no subfields.",
		    field->name);
	else if (!scalar && s->inside == NULL)
		BAD(gql,
		    "Field \"%s\" of type \"%s\" must have a selection of "
		    "subfields.",
		    field->name, field->type->name);
	else if (!scalar)
		check_set(gql, field->type, s->inside, depth + 1);
}

static void
check_set(struct gql *gql, const struct gql_type *type,
    const struct selection *set, int depth)
{
	const struct fragment *fragment;
	struct span on;

	if (depth >= DEPTH)
		BAD(gql,
		    "The query is nested too deep, or a fragment spreads "
		    "itself.");
	for (const struct selection *s = set; s != NULL && !gql->bad;
	     s = s->next) {
		if (s->kind == FIELD) {
			check_field(gql, type, s, depth);
			continue;
		}
		fragment =
		    s->kind == SPREAD ? find_fragment(gql, s->name) : NULL;
		if (s->kind == SPREAD && fragment == NULL) {
			BAD(gql, "Unknown fragment \"%.*s\".", SPAN(s->name));
			return;
		}
		on = fragment != NULL ? fragment->on : s->name;
		if (!fits(type, on))
			BAD(gql,
			    "Fragment on \"%.*s\" cannot be spread here, "
			    "in type \"%s\".",
			    SPAN(on), type->name);
		check_set(gql, type,
		    fragment != NULL ? fragment->inside : s->inside, depth + 1);
	}
}

/* ---- the doing ---- */

/* Selections whose insides are done as one, because they have one key. */
struct chain {
	const struct selection *selection;
	struct chain *next;
};

/* A key of the answer. */
struct pick {
	struct chain *chain;
	struct pick *next;
};

static bool
wanted(struct gql *gql, const char *directives)
{
	bool yes = true;

	if (directives == NULL)
		return true;
	gql->at = directives;
	while (accept(gql, '@')) {
		bool skip = span_is(read_name(gql, NULL), "skip");
		jv args = read_args(gql, gql->at);
		jv when = jv_object_get(args, jv_string("if"));
		const char *behind = gql->at;

		if ((jv_get_kind(when) == JV_KIND_TRUE) == skip)
			yes = false;
		jv_free(when);
		gql->at = behind;
	}
	return yes;
}

static void
add_pick(struct gql *gql, struct pick **picks, const struct selection *s)
{
	struct chain *chain = take(gql, sizeof(*chain)), **last;

	chain->selection = s;
	for (; *picks != NULL; picks = &(*picks)->next) {
		struct span key = (*picks)->chain->selection->key;

		if (same(key, s->key))
			break;
	}
	if (*picks == NULL)
		*picks = take(gql, sizeof(**picks));
	for (last = &(*picks)->chain; *last != NULL; last = &(*last)->next)
		;
	*last = chain;
}

/*
 * The fields that are asked of a type, with fragments put in. own: what the
 * object says its type is; empty if it does not say.
 */
static void
pick_fields(struct gql *gql, struct span own, const struct gql_type *type,
    const struct selection *set, struct pick **picks)
{
	for (const struct selection *s = set; s != NULL; s = s->next) {
		const struct fragment *fragment = NULL;
		struct span on = s->name;

		if (!wanted(gql, s->directives))
			continue;
		if (s->kind == FIELD) {
			add_pick(gql, picks, s);
			continue;
		}
		if (s->kind == SPREAD) {
			fragment = find_fragment(gql, s->name);
			if (fragment == NULL)
				continue; /* the check saw to that */
			on = fragment->on;
		}
		if (on.len == 0 || span_is(on, type->name) ||
		    (own.len == 0 ? fits(type, on) : same(on, own)))
			pick_fields(gql, own, type,
			    fragment != NULL ? fragment->inside : s->inside,
			    picks);
	}
}

static void write_object(struct gql *gql, const struct gql_type *type, jv self,
    const struct chain *chain, struct buf *out);

/* Consumes value. */
static void
write_value(struct gql *gql, const struct gql_type *type, jv value,
    const struct chain *chain, struct buf *out)
{
	jv_kind kind = jv_get_kind(value);

	if (kind == JV_KIND_INVALID || kind == JV_KIND_NULL) {
		buf_adds(out, "null");
	} else if (type == &gql_json && kind == JV_KIND_STRING) {
		buf_add(out, jv_string_value(value),
		    (size_t)jv_string_length_bytes(jv_copy(value)));
	} else if (type == NULL || type == &gql_json) {
		jv text = jv_dump_string(value, 0);

		buf_add(out, jv_string_value(text),
		    (size_t)jv_string_length_bytes(jv_copy(text)));
		jv_free(text);
		return;
	} else if (kind == JV_KIND_ARRAY) {
		int count = jv_array_length(jv_copy(value));

		buf_addc(out, '[');
		for (int i = 0; i < count; i++) {
			if (i > 0)
				buf_addc(out, ',');
			write_value(gql, type, jv_array_get(jv_copy(value), i),
			    chain, out);
		}
		buf_addc(out, ']');
	} else {
		write_object(gql, type, value, chain, out);
	}
	jv_free(value);
}

static void
write_field(struct gql *gql, const struct gql_type *type, jv self,
    struct span typename, const struct chain *chain, struct buf *out)
{
	const struct selection *s = chain->selection;
	const struct gql_field *field = find_field(type, s->name);
	jv value;

	gql->path[gql->depth++] = s->key;
	json_quote(out, s->key);
	buf_addc(out, ':');
	if (span_is(s->name, "__typename")) {
		json_quote(out, typename);
	} else if (field->resolve != NULL) {
		jv args = read_args(gql, s->args);

		value = field->resolve(gql, self, args);
		jv_free(args);
		write_value(gql, field->type, value, chain, out);
	} else {
		value = jv_get_kind(self) == JV_KIND_OBJECT
		    ? jv_object_get(jv_copy(self), jv_string(field->name))
		    : jv_invalid();
		write_value(gql, field->type, value, chain, out);
	}
	gql->depth--;
}

/* Borrows self. */
static void
write_object(struct gql *gql, const struct gql_type *type, jv self,
    const struct chain *chain, struct buf *out)
{
	struct pick *picks = NULL;
	struct span named = { "", 0 };
	jv own = jv_get_kind(self) == JV_KIND_OBJECT
	    ? jv_object_get(jv_copy(self), jv_string("__typename"))
	    : jv_invalid();

	if (jv_get_kind(own) == JV_KIND_STRING)
		named = span_of(jv_string_value(own));
	for (const struct chain *c = chain; c != NULL; c = c->next)
		pick_fields(gql, named, type, c->selection->inside, &picks);
	buf_addc(out, '{');
	for (const struct pick *p = picks; p != NULL; p = p->next) {
		if (p != picks)
			buf_addc(out, ',');
		write_field(gql, type, self,
		    named.len > 0 ? named : span_of(type->name), p->chain, out);
	}
	buf_addc(out, '}');
	jv_free(own);
}

int
gql_answer(const struct gql_schema *schema, void *context, struct span text,
    jv variables, struct buf *out)
{
	struct gql gql = {
		.schema = schema,
		.context = context,
		.at = text.at,
		.end = text.at + text.len,
		.variables = jv_object(),
		.status = 200,
	};
	const struct gql_type *root;
	struct selection all = { 0 };
	struct chain chain = { &all, NULL };
	jv nothing = jv_object();

	all.inside = read_document(&gql, variables, &root);
	if (!gql.bad)
		check_set(&gql, root, all.inside, 0);
	buf_addc(out, '{');
	if (!gql.bad) {
		buf_adds(out, "\"data\":");
		write_object(&gql, root, nothing, &chain, out);
	}
	if (gql.errors.len > 0) {
		buf_adds(out, gql.bad ? "\"errors\":[" : ",\"errors\":[");
		buf_add(out, gql.errors.at, gql.errors.len);
		buf_addc(out, ']');
	}
	buf_addc(out, '}');

	jv_free(nothing);
	jv_free(gql.variables);
	buf_release(&gql.errors);
	while (gql.blocks != NULL) {
		struct block *next = gql.blocks->next;

		free(gql.blocks);
		gql.blocks = next;
	}
	return gql.status;
}

char *
gql_name(struct span text)
{
	struct gql gql = { .at = text.at, .end = text.at + text.len };
	struct span name = { "", 0 };

	while (peek(&gql) != '\0' && is_letter(*gql.at)) {
		bool fragment = read_name(&gql, "fragment").len > 0;

		if (!fragment && read_name(&gql, "query").len == 0)
			(void)read_name(&gql, "mutation");
		if (is_letter(peek(&gql)))
			name = read_name(&gql, NULL);
		if (!fragment)
			break;
		while (peek(&gql) != '{' && peek(&gql) != '\0')
			gql.at++;
		(void)pass_over(&gql, '{', '}');
		name.len = 0;
	}
	if (name.len == 0 && accept(&gql, '{') && is_letter(peek(&gql))) {
		name = read_name(&gql, NULL);
		if (accept(&gql, ':') && is_letter(peek(&gql)))
			name = read_name(&gql, NULL);
	}
	buf_release(&gql.errors);
	return xstrndup(name.at, name.len);
}
