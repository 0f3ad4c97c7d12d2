/* SPDX-License-Identifier: MIT */
/*
 * jsonedit - single keys of a JSON object's text set or taken away
 */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "wandb/jsonedit.h"
#include "wandb/same.h"

/* Where a key is in a text, or where it would be. */
struct spot {
	bool found;
	struct span value;  /* what is replaced */
	struct span member; /* what is taken away, with a comma of its own */
	struct span name;   /* not found: of the new member, */
	const char *end;    /* which comes before this brace, */
	bool first;         /* and is the only one there */
	bool wrapped;       /* its value is {"value": V} */
};

/* The value in {"value": V}; false if it is none. */
static bool
unwrap(const struct json_value *value, struct json_value *inner)
{
	return value->type == JSON_OBJECT &&
	    json_find(value->text, JSON_WORDS, "value", inner);
}

/* Takes a member with the comma before it, or behind it if it is the first. */
static struct span
with_comma(
    const struct json_member *member, const char *before, struct json_walk walk)
{
	const char *at = member->key.at - 1;
	const char *end = member->value.text.at + member->value.text.len;
	struct json_member next;

	if (before != NULL)
		at = before;
	else if (json_next(&walk, &next))
		end = next.key.at - 1;
	return (struct span){ at, (size_t)(end - at) };
}

/*
 * Whether key is name (rest is empty then), or a path into it (rest is what is
 * behind the dot).
 */
static bool
leads(struct span key, const struct buf *name, struct span *rest)
{
	if (key.len < name->len ||
	    (name->len > 0 && memcmp(key.at, name->at, name->len) != 0))
		return false;
	*rest = (struct span){ key.at + name->len, key.len - name->len };
	if (rest->len == 0)
		return true;
	rest->at++;
	rest->len--;
	return rest->at[-1] == '.' && rest->len > 0;
}

/* Of a key that is there more than once the last one counts, as for readers. */
static void
find(struct span object, struct span key, enum jsonedit_form form,
    struct spot *spot)
{
	struct json_walk walk;
	struct json_member member;
	struct json_value inner, into = { .type = JSON_NULL };
	struct span rest, behind = { key.at, key.len };
	const char *before = NULL;
	struct buf name = { 0 };

	*spot = (struct spot){ .name = key,
		.end = object.at + object.len - 1,
		.first = true,
		.wrapped = form == JSONEDIT_WRAPPED };
	json_walk(&walk, object, JSON_WORDS);
	while (json_next(&walk, &member)) {
		bool bare =
		    form == JSONEDIT_WRAPPED && !unwrap(&member.value, &inner);

		if (form != JSONEDIT_WRAPPED || bare)
			inner = member.value;
		buf_clear(&name);
		json_decode(&name, member.key);
		if (!leads(key, &name, &rest)) {
			;
		} else if (rest.len == 0) {
			spot->found = true;
			spot->member = with_comma(&member, before, walk);
			spot->wrapped = bare;
			spot->value = inner.text;
		} else if (form != JSONEDIT_EXACT && !bare &&
		    inner.type == JSON_OBJECT && rest.len < behind.len) {
			into = inner;
			behind = rest;
		}
		spot->first = false;
		before = member.value.text.at + member.value.text.len;
	}
	buf_release(&name);
	if (!spot->found && into.type == JSON_OBJECT)
		find(into.text, behind, JSONEDIT_PLAIN, spot);
}

/* Replaces the bytes of a span in text. */
static void
splice(struct buf *text, struct span old, struct span new)
{
	struct buf out = { 0 };
	size_t at = (size_t)(old.at - text->at);

	buf_reserve(&out, text->len + new.len);
	buf_add(&out, text->at, at);
	buf_add(&out, new.at, new.len);
	buf_add(&out, old.at + old.len, text->len - at - old.len);
	buf_release(text);
	*text = out;
}

static void
add_value(struct buf *out, struct span value, bool wrapped)
{
	buf_adds(out, wrapped ? "{\"value\":" : "");
	buf_add(out, value.at, value.len);
	buf_adds(out, wrapped ? "}" : "");
}

static bool
take_away(struct buf *text, struct span key, enum jsonedit_form form)
{
	static const struct span nothing = { "", 0 };
	struct spot spot;
	bool found = false;

	for (;; found = true) {
		find((struct span){ text->at, text->len }, key, form, &spot);
		if (!spot.found)
			return found;
		splice(text, spot.member, nothing);
	}
}

static bool
put(struct buf *text, struct span key, struct span value,
    enum jsonedit_form form)
{
	struct buf new = { 0 };
	struct spot spot;
	struct span old;

	if (value.len == 0)
		return take_away(text, key, form);
	find((struct span){ text->at, text->len }, key, form, &spot);
	if (spot.found && !spot.wrapped && same_exactly(spot.value, value))
		return false;
	old = spot.found ? spot.value : (struct span){ spot.end, 0 };
	if (!spot.found) {
		buf_adds(&new, spot.first ? "" : ",");
		json_quote(&new, spot.name);
		buf_addc(&new, ':');
	}
	add_value(&new, value, spot.wrapped);
	splice(text, old, (struct span){ new.at, new.len });
	buf_release(&new);
	return true;
}

bool
jsonedit_put(struct buf *text, const char *key, struct span value,
    enum jsonedit_form form)
{
	return put(text, span_of(key), value, form);
}

/*
 * Does to text what makes other have the members that from has, or not have
 * those that it lacks.
 */
static void
follow(struct buf *text, struct span from, struct span other, bool remove)
{
	struct json_walk walk;
	struct json_member member;
	struct buf name = { 0 };
	struct spot spot;

	json_walk(&walk, from, JSON_WORDS);
	while (json_next(&walk, &member)) {
		struct span key;

		buf_clear(&name);
		json_decode(&name, member.key);
		key = (struct span){ name.len > 0 ? name.at : "", name.len };
		find(other, key, JSONEDIT_EXACT, &spot);
		if (remove && !spot.found)
			take_away(text, key, JSONEDIT_EXACT);
		else if (!remove &&
		    !(spot.found &&
			same_exactly(spot.value, member.value.text)))
			put(text, key, member.value.text, JSONEDIT_EXACT);
	}
	buf_release(&name);
}

void
jsonedit_merge(struct buf *text, struct span base, struct span theirs)
{
	follow(text, base, theirs, true);
	follow(text, theirs, base, false);
}
