/* SPDX-License-Identifier: MIT */
/*
 * same - whether two texts are the same JSON value
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "wandb/same.h"

static bool same_value(
    const struct json_value *a, const struct json_value *b, bool exact);

static struct span
inside(const struct json_value *string)
{
	return (struct span){ string->text.at + 1, string->text.len - 2 };
}

/* Strings without their quotes. */
static bool
same_text(struct span a, bool a_escaped, struct span b, bool b_escaped)
{
	struct buf x = { 0 }, y = { 0 };
	bool same;

	if (!a_escaped && !b_escaped)
		return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
	json_decode(&x, a);
	json_decode(&y, b);
	same = x.len == y.len && (x.len == 0 || memcmp(x.at, y.at, x.len) == 0);
	buf_release(&x);
	buf_release(&y);
	return same;
}

static bool
is_whole(struct span number)
{
	for (size_t i = 0; i < number.len; i++)
		if (strchr(".eE", number.at[i]) != NULL)
			return false;
	return true;
}

static bool
same_number(struct span a, struct span b, bool exact)
{
	char *x, *y;
	bool same = a.len == b.len && memcmp(a.at, b.at, a.len) == 0;

	if (same || (exact && is_whole(a) && is_whole(b)))
		return same;
	x = xstrndup(a.at, a.len);
	y = xstrndup(b.at, b.len);
	/* As they were read, so they must be equal to the last bit. */
	same = !islessgreater(strtod(x, NULL), strtod(y, NULL));
	free(x);
	free(y);
	return same;
}

/* Most often it is at the same place. */
const struct json_member *
same_member(
    const struct json_members *b, size_t at, const struct json_member *like)
{
	for (size_t i = 0; i < b->count; i++) {
		const struct json_member *member = &b->at[(at + i) % b->count];

		if (same_text(member->key, member->key_escaped, like->key,
			like->key_escaped))
			return member;
	}
	return NULL;
}

static bool
same_members(struct span a, struct span b, bool b_has_more, bool exact)
{
	struct json_members x = { 0 }, y = { 0 };
	struct json_fault fault;
	const struct json_member *other;
	bool same = json_members(a, JSON_WORDS, &x, &fault) &&
	    json_members(b, JSON_WORDS, &y, &fault) &&
	    (x.count == y.count || (b_has_more && x.count < y.count));

	for (size_t i = 0; same && i < x.count; i++) {
		other = same_member(&y, i, &x.at[i]);
		same = other != NULL &&
		    same_value(&x.at[i].value, &other->value, exact);
	}
	json_members_release(&x);
	json_members_release(&y);
	return same;
}

bool
same_objects(struct span a, struct span b, bool b_has_more)
{
	return same_members(a, b, b_has_more, false);
}

static bool
same_array(struct span a, struct span b, bool exact)
{
	struct json_walk x, y;
	struct json_member of_a, of_b;
	bool more_a, more_b;

	json_walk(&x, a, JSON_WORDS);
	json_walk(&y, b, JSON_WORDS);
	for (;;) {
		more_a = json_next(&x, &of_a);
		more_b = json_next(&y, &of_b);
		if (!more_a || !more_b)
			return more_a == more_b;
		if (!same_value(&of_a.value, &of_b.value, exact))
			return false;
	}
}

static bool
same_value(const struct json_value *a, const struct json_value *b, bool exact)
{
	if (a->type == JSON_WORD && b->type == JSON_STRING)
		return same_text(a->text, false, inside(b), b->escaped);
	if (a->type == JSON_STRING && b->type == JSON_WORD)
		return same_value(b, a, exact);
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case JSON_NUMBER:
		return same_number(a->text, b->text, exact);
	case JSON_STRING:
		return same_text(inside(a), a->escaped, inside(b), b->escaped);
	case JSON_ARRAY:
		return same_array(a->text, b->text, exact);
	case JSON_OBJECT:
		return same_members(a->text, b->text, false, exact);
	default:
		return same_text(a->text, false, b->text, false);
	}
}

static bool
same(struct span a, struct span b, bool exact)
{
	struct json_value x, y;
	struct json_fault fault;

	return json_value(a, JSON_WORDS, &x, &fault) &&
	    json_value(b, JSON_WORDS, &y, &fault) && same_value(&x, &y, exact);
}

bool
same_json(struct span a, struct span b)
{
	return same(a, b, false);
}

bool
same_exactly(struct span a, struct span b)
{
	return (a.len == b.len && memcmp(a.at, b.at, a.len) == 0) ||
	    same(a, b, true);
}
