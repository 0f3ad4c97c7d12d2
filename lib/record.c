/* SPDX-License-Identifier: MIT */
/*
 * record - one JSON object that travels down a pipe
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "record.h"

enum { MESSAGE_MOST = 1000 };

/* Cuts text to most bytes, not within a character. */
static void
cut(char *text, size_t most)
{
	if (strlen(text) <= most)
		return;
	while (most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80)
		most--;
	text[most] = '\0';
}

jv
error_value(const char *code, const char *format, ...)
{
	bool temporary =
	    strcmp(code, "unavailable") == 0 || strcmp(code, "timeout") == 0;
	char text[MESSAGE_MOST + 2] = "";
	va_list args;
	jv why;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args); /* cut is fine */
	va_end(args);
	cut(text, MESSAGE_MOST);
	for (char *at = text; *at != '\0'; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = ' ';
	why = jv_object();
	why = jv_object_set(why, jv_string("code"), jv_string(code));
	why = jv_object_set(why, jv_string("message"), jv_string(text));
	why = jv_object_set(
	    why, jv_string("temporary"), temporary ? jv_true() : jv_false());
	return jv_invalid_with_msg(why);
}

/* What an invalid jv holds, borrowing it; the caller's. */
static jv
held(jv why)
{
	return jv_is_valid(why) ? jv_null() : jv_invalid_get_msg(jv_copy(why));
}

jv
error_temporary(jv why)
{
	jv value = held(why);

	jv_free(why);
	if (jv_get_kind(value) == JV_KIND_OBJECT)
		value = jv_object_set(value, jv_string("temporary"), jv_true());
	return jv_invalid_with_msg(value);
}

bool
error_is_temporary(jv why)
{
	jv value = held(why);
	bool temporary = record_true(value, "temporary");

	jv_free(value);
	return temporary;
}

/*
 * A field of what why holds. The value is why's own: it lives on when our
 * references are gone.
 */
static const char *
held_text(jv why, const char *field)
{
	jv value = held(why);
	const char *text = record_str(value, field);

	jv_free(value);
	return text != NULL ? text : "";
}

const char *
error_code(jv why)
{
	return held_text(why, "code");
}

const char *
error_message(jv why)
{
	return held_text(why, "message");
}

jv
record_get(jv what, const char *field)
{
	if (jv_get_kind(what) != JV_KIND_OBJECT)
		return jv_invalid();
	return jv_object_get(jv_copy(what), jv_string(field));
}

const char *
record_str(jv rec, const char *field)
{
	jv value = record_get(rec, field);
	const char *text = NULL;

	if (jv_get_kind(value) == JV_KIND_STRING) {
		text = jv_string_value(value);
		if (strlen(text) !=
		    (size_t)jv_string_length_bytes(jv_copy(value)))
			text = NULL;
	}
	jv_free(value);
	return text;
}

long long
record_int(jv rec, const char *field, long long otherwise)
{
	jv value = record_get(rec, field);
	double number = NAN;

	if (jv_get_kind(value) == JV_KIND_NUMBER)
		number = jv_number_value(value);
	jv_free(value);
	if (!(fabs(number) <= 9007199254740992.0))
		return otherwise;
	return (long long)number;
}

bool
record_true(jv rec, const char *field)
{
	jv value = record_get(rec, field);
	bool yes = jv_get_kind(value) == JV_KIND_TRUE;

	jv_free(value);
	return yes;
}

static jv
set(jv rec, const char *field, jv value)
{
	if (jv_get_kind(rec) != JV_KIND_OBJECT) {
		jv_free(value);
		return rec;
	}
	return jv_object_set(rec, jv_string(field), value);
}

jv
record_drop(jv rec, const char *field)
{
	if (jv_get_kind(rec) != JV_KIND_OBJECT)
		return rec;
	return jv_object_delete(rec, jv_string(field));
}

jv
record_forget(jv rec, const char *const fields[])
{
	for (; *fields != NULL; fields++)
		rec = record_drop(rec, *fields);
	return rec;
}

jv
record_set_str(jv rec, const char *field, const char *value)
{
	if (value == NULL)
		return record_drop(rec, field);
	return set(rec, field, jv_string(value));
}

jv
record_set_number(jv rec, const char *field, double value)
{
	return set(rec, field, jv_number(value));
}

jv
record_set_bool(jv rec, const char *field, bool value)
{
	return set(rec, field, value ? jv_true() : jv_false());
}

jv
record_take(jv rec, const char *field, jv reply, const char *name)
{
	jv value = record_get(reply, name);

	if (!jv_is_valid(value) || jv_get_kind(value) == JV_KIND_NULL) {
		jv_free(value);
		return rec;
	}
	return set(rec, field, value);
}

/* The verdict that why holds, with the tool that found it; consumes why. */
static jv
verdict(jv why)
{
	jv value = held(why), out = jv_object();
	const char *code = record_str(value, "code");
	const char *message = record_str(value, "message");

	jv_free(why);
	out = record_set_str(out, "tool", diag_name());
	out = record_set_str(out, "code", code != NULL ? code : "io");
	out = record_set_str(out, "message", message != NULL ? message : "");
	out =
	    record_set_bool(out, "temporary", record_true(value, "temporary"));
	jv_free(value);
	return out;
}

jv
record_error(jv rec, jv why)
{
	return set(rec, "error", verdict(why));
}

jv
record_failed(jv rec, jv why)
{
	jv before = record_get(rec, "failed");
	bool first = jv_get_kind(before) != JV_KIND_OBJECT;

	jv_free(before);
	if (first)
		return set(rec, "failed", verdict(why));
	jv_free(why);
	return rec;
}

bool
record_is_dead(jv rec)
{
	jv value = record_get(rec, "error");
	bool dead = jv_is_valid(value) && jv_get_kind(value) != JV_KIND_NULL;

	jv_free(value);
	return dead;
}
