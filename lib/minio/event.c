/* SPDX-License-Identifier: MIT */
/*
 * event - what a bucket says of its objects, read from any form
 *
 * A line is checked once as a whole; after that its parts are JSON.
 */
#include <stdlib.h>

#include "json.h"
#include "minio/event.h"
#include "minio/objectkey.h"

/* The decoded texts of an event. */
enum { TEXT_BUCKET, TEXT_KEY, TEXT_PLAIN_KEY, TEXT_ETAG, TEXT_TYPE };

/* Keeps the first fault of a line. */
static void
bad(struct event_reader *reader, const char *fault)
{
	if (reader->fault == NULL)
		reader->fault = xstrdup(fault);
}

/* What a JSON string holds; without a copy if nothing in it is escaped. */
static struct span
string_of(struct buf *buf, const struct json_value *value)
{
	struct span text = { value->text.at + 1, value->text.len - 2 };

	if (!value->escaped)
		return text;
	buf_clear(buf);
	json_decode(buf, text);
	return (struct span){ buf->at, buf->len };
}

/* ---- when ---- */

int
event_order(const struct event_moment *a, const struct event_moment *b)
{
	if (a->sequencer != b->sequencer)
		return a->sequencer < b->sequencer ? -1 : 1;
	if (a->sequencer_low != b->sequencer_low)
		return a->sequencer_low < b->sequencer_low ? -1 : 1;
	return (a->time > b->time) - (a->time < b->time);
}

/* The number that digits at at are; -1 if they are none. */
static int
digits(const char *at, int count)
{
	int number = 0;

	for (int i = 0; i < count; i++) {
		if (at[i] < '0' || at[i] > '9')
			return -1;
		number = 10 * number + (at[i] - '0');
	}
	return number;
}

static int
days_of(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month < 1 || month > 12 ? 0
				       : days[month - 1] + (leap && month == 2);
}

/* 2026-11-21T04:30:43.979Z; digits behind the third of a fraction are cut. */
static bool
read_time(struct span text, int64_t *time)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd";
	enum { WHOLE = sizeof(form) - 1 };
	int year, month, day, hour, minute, second, fraction = 0;
	size_t end = WHOLE;

	if (text.len <= WHOLE)
		return false;
	for (size_t i = 0; i < WHOLE; i++)
		if (form[i] != 'd' && text.at[i] != form[i])
			return false;
	year = digits(text.at, 4);
	month = digits(text.at + 5, 2);
	day = digits(text.at + 8, 2);
	hour = digits(text.at + 11, 2);
	minute = digits(text.at + 14, 2);
	second = digits(text.at + 17, 2);
	if (year < 1000 || day < 1 || day > days_of(year, month) || hour < 0 ||
	    hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
		return false;
	if (text.at[end] == '.') {
		int scale = 100;

		for (end++; end < text.len && digits(text.at + end, 1) >= 0;
		     end++, scale /= 10)
			fraction += scale * (text.at[end] - '0');
		if (end == WHOLE + 1)
			return false;
	}
	if (end + 1 != text.len || text.at[end] != 'Z')
		return false;
	*time = ((int64_t)year * 10000 + month * 100 + day) * 1000000000 +
	    (int64_t)hour * 10000000 + minute * 100000 + second * 1000 +
	    fraction;
	return true;
}

void
event_time_text(int64_t time, char text[EVENT_TIME])
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.ddd";

	for (size_t i = sizeof(form) - 1; i-- > 0;) {
		text[i] = form[i];
		if (form[i] == 'd') {
			text[i] = (char)('0' + time % 10);
			time /= 10;
		}
	}
	text[sizeof(form) - 1] = '\0';
}

/* Up to 24 hex digits; a shorter one is as if 0 followed. */
static bool
read_sequencer(struct span text, struct event_moment *moment)
{
	enum { HIGH = 16, ALL = 24 };

	moment->sequencer = moment->sequencer_low = 0;
	if (text.len > ALL)
		return false;
	for (size_t i = 0; i < ALL; i++) {
		char c = i < text.len ? text.at[i] : '0';
		int digit = hex_digit(c);

		if (digit < 0)
			return false;
		if (i < HIGH)
			moment->sequencer =
			    moment->sequencer << 4 | (unsigned)digit;
		else
			moment->sequencer_low =
			    moment->sequencer_low << 4 | (unsigned)digit;
	}
	return true;
}

/* ---- one event ---- */

static bool
begins(struct span text, const char *with)
{
	size_t len = strlen(with);

	return text.len >= len && memcmp(text.at, with, len) == 0;
}

/* S3's names lack the "s3:" in front. */
static enum event_kind
kind_of(struct span name)
{
	if (begins(name, "s3:"))
		name = (struct span){ name.at + 3, name.len - 3 };
	if (begins(name, "ObjectCreated:"))
		return EVENT_CREATED;
	if (begins(name, "ObjectRemoved:") ||
	    begins(name, "LifecycleExpiration:"))
		return EVENT_REMOVED;
	return EVENT_OTHER;
}

static bool
read_size(const struct json_value *value, int64_t *size)
{
	const char *at = value->text.at;

	if (value->type != JSON_NUMBER || value->text.len > 18)
		return false;
	*size = 0;
	for (size_t i = 0; i < value->text.len; i++) {
		if (at[i] < '0' || at[i] > '9')
			return false;
		*size = *size * 10 + (at[i] - '0');
	}
	return true;
}

/* What is found in an event. */
struct parts {
	struct json_value s3, time;
	struct span key;
	struct span sequencer;
	bool has_name, has_s3, has_time, has_bucket, has_key;
	bool has_size; /* and it is one, or there is none */
};

static void
read_object(struct event_reader *reader, struct span object,
    struct event *event, struct parts *parts)
{
	struct json_member member;
	struct json_walk walk;

	json_walk(&walk, object, 0);
	while (json_next(&walk, &member)) {
		const struct json_value *value = &member.value;

		if (span_is(member.key, "size")) {
			parts->has_size = read_size(value, &event->size);
		} else if (value->type != JSON_STRING) {
			continue;
		} else if (span_is(member.key, "key")) {
			parts->key = string_of(&reader->text[TEXT_KEY], value);
			parts->has_key = true;
		} else if (span_is(member.key, "eTag")) {
			event->etag =
			    string_of(&reader->text[TEXT_ETAG], value);
		} else if (span_is(member.key, "contentType")) {
			event->type =
			    string_of(&reader->text[TEXT_TYPE], value);
		} else if (span_is(member.key, "sequencer")) {
			parts->sequencer = (struct span){ value->text.at + 1,
				value->text.len - 2 };
		} else if (span_is(member.key, "versionId")) {
			event->versioned = value->text.len > 2 &&
			    !span_is(value->text, "\"null\"");
		}
	}
}

static void
read_s3(struct event_reader *reader, struct event *event, struct parts *parts)
{
	struct json_member member;
	struct json_value name;
	struct json_walk walk;

	json_walk(&walk, parts->s3.text, 0);
	while (json_next(&walk, &member)) {
		if (member.value.type != JSON_OBJECT)
			continue;
		if (span_is(member.key, "object")) {
			read_object(reader, member.value.text, event, parts);
		} else if (span_is(member.key, "bucket") &&
		    json_find(member.value.text, 0, "name", &name) &&
		    name.type == JSON_STRING) {
			event->bucket =
			    string_of(&reader->text[TEXT_BUCKET], &name);
			parts->has_bucket = true;
		}
	}
}

/* The s3 part of an event of an object, and what follows of it. */
static const char *
finish(struct event_reader *reader, struct event *event, struct parts *parts)
{
	struct buf *key = &reader->text[TEXT_PLAIN_KEY];

	read_s3(reader, event, parts);
	if (!parts->has_bucket || !parts->has_key)
		return "an event without bucket or key";
	if (!parts->has_size)
		return "an event's size is no size";
	if (!parts->has_time ||
	    !read_time((struct span){ parts->time.text.at + 1,
			   parts->time.text.len - 2 },
		&event->moment.time))
		return "an event's eventTime is no time";
	if (!read_sequencer(parts->sequencer, &event->moment))
		return "an event's sequencer is none";
	buf_clear(key);
	if (!objectkey_decode(key, parts->key, event->is_minio))
		return "an event's key is not escaped as it should be";
	event->key = (struct span){ key->len > 0 ? key->at : "", key->len };
	return NULL;
}

/*
 * What is at the top of an event, and what it is of; *end is behind it. False
 * if the text does not begin with an object.
 */
static bool
walk_event(
    struct span text, struct event *event, struct parts *parts, size_t *end)
{
	struct json_member member;
	struct json_walk walk;

	*event = (struct event){
		.kind = EVENT_OTHER, .etag = { "", 0 }, .type = { "", 0 }
	};
	*parts = (struct parts){ .sequencer = { "", 0 }, .has_size = true };
	json_walk(&walk, text, 0);
	while (json_next(&walk, &member)) {
		bool is_text = member.value.type == JSON_STRING;

		if (span_is(member.key, "s3")) {
			parts->s3 = member.value;
			parts->has_s3 = member.value.type == JSON_OBJECT;
		} else if (is_text && span_is(member.key, "eventName")) {
			parts->has_name = true;
			event->kind =
			    kind_of((struct span){ member.value.text.at + 1,
				member.value.text.len - 2 });
		} else if (is_text && span_is(member.key, "eventTime")) {
			parts->time = member.value;
			parts->has_time = true;
		} else if (is_text && span_is(member.key, "eventSource")) {
			event->is_minio =
			    span_is(member.value.text, "\"minio:s3\"");
		}
	}
	*end = walk.at;
	return json_walk_closed(&walk);
}

/* Takes an event whose top was read. */
static void
take_event(
    struct event_reader *reader, struct event *event, struct parts *parts)
{
	const char *fault = NULL;

	if (parts->has_name && event->kind == EVENT_OTHER)
		return;
	if (!parts->has_name)
		fault = "an event without eventName";
	else if (!parts->has_s3)
		fault = "an event without s3";
	else
		fault = finish(reader, event, parts);
	if (fault != NULL)
		bad(reader, fault);
	else
		reader->take(reader->context, event);
}

static void
read_event(struct event_reader *reader, struct span text)
{
	struct event event;
	struct parts parts;
	size_t end;

	if (walk_event(text, &event, &parts, &end))
		take_event(reader, &event, &parts);
}

/* ---- one line ---- */

static void read_value(
    struct event_reader *reader, const struct json_value *value, int inside);

/* What an array or an object holds, one after the other. */
static void
read_members(struct event_reader *reader, struct span text, int inside)
{
	struct json_member member;
	struct json_walk walk;

	json_walk(&walk, text, 0);
	while (json_next(&walk, &member))
		read_value(reader, &member.value, inside);
}

/* An event, what events are wrapped in, or a Redis hash. */
static void
read_object_form(struct event_reader *reader, struct span text, int inside)
{
	struct json_member member;
	struct json_walk walk;
	bool is_hash = true;

	json_walk(&walk, text, 0);
	while (json_next(&walk, &member)) {
		enum json_type type = member.value.type;

		if (span_is(member.key, "eventVersion") ||
		    span_is(member.key, "eventName") ||
		    span_is(member.key, "s3")) {
			read_event(reader, text);
			return;
		}
		if (type == JSON_ARRAY &&
		    (span_is(member.key, "Event") ||
			span_is(member.key, "Records"))) {
			read_members(reader, member.value.text, inside);
			return;
		}
		/* S3 greets a new target with a message of its own. */
		if (span_is(member.value.text, "\"s3:TestEvent\""))
			return;
		is_hash = is_hash && type == JSON_STRING;
	}
	if (is_hash)
		read_members(reader, text, inside);
	else
		bad(reader, "no event");
}

static void
read_value(
    struct event_reader *reader, const struct json_value *value, int inside)
{
	enum { DEEPEST = sizeof(reader->inner) / sizeof(*reader->inner) };
	struct json_value inner;
	struct json_fault fault;
	struct buf *text;

	if (value->type == JSON_ARRAY) {
		read_members(reader, value->text, inside);
	} else if (value->type == JSON_OBJECT) {
		read_object_form(reader, value->text, inside);
	} else if (value->type == JSON_STRING && inside < DEEPEST) {
		text = &reader->inner[inside];
		buf_clear(text);
		json_decode(text,
		    (struct span){ value->text.at + 1, value->text.len - 2 });
		if (json_value((struct span){ text->at, text->len }, 0, &inner,
			&fault))
			read_value(reader, &inner, inside + 1);
		else
			bad(reader, "a string that is no event");
	} else {
		bad(reader, "no event");
	}
}

/* Whether text is head, a string's plain characters, and tail. */
static bool
is_framed(struct span text, const char *head, const char *tail)
{
	size_t head_len = strlen(head), tail_len = strlen(tail);

	if (text.len < head_len + tail_len || !begins(text, head) ||
	    memcmp(text.at + text.len - tail_len, tail, tail_len) != 0)
		return false;
	for (size_t i = head_len; i < text.len - tail_len; i++)
		if (text.at[i] < ' ' || text.at[i] > '~' || text.at[i] == '"' ||
		    text.at[i] == '\\')
			return false;
	return true;
}

/*
 * The two forms that come in millions, where each byte of the wrapping is
 * known: one event in it, which is checked while it is walked. False, with
 * nothing taken, if it is not just that.
 */
static bool
read_usual(struct event_reader *reader, struct span line)
{
	static const char access[] = "[{\"Event\":[";
	static const char records[] = "{\"Records\":[";
	bool is_access = begins(line, access);
	size_t head = is_access ? sizeof(access) - 1 : sizeof(records) - 1;
	struct span rest;
	struct event event;
	struct parts parts;
	size_t end;

	if (!is_access && !begins(line, records))
		return false;
	rest = (struct span){ line.at + head, line.len - head };
	if (!begins(rest, "{\"eventVersion\":") ||
	    !walk_event(rest, &event, &parts, &end))
		return false;
	rest = (struct span){ rest.at + end, rest.len - end };
	if (is_access ? !is_framed(rest, "],\"EventTime\":\"", "\"}]")
		      : !span_is(rest, "]}"))
		return false;
	take_event(reader, &event, &parts);
	return true;
}

char *
event_read(struct event_reader *reader, struct span line)
{
	struct json_value value;
	struct json_fault fault;
	char *told;

	if (!read_usual(reader, line)) {
		if (!json_value(line, 0, &value, &fault))
			return xasprintf(
			    "byte %zu: %s", fault.at + 1, fault.why);
		if (value.type == JSON_STRING)
			bad(reader, "no event");
		else
			read_value(reader, &value, 0);
	}
	told = reader->fault;
	reader->fault = NULL;
	return told;
}

void
event_reader_release(struct event_reader *reader)
{
	for (size_t i = 0; i < sizeof(reader->text) / sizeof(*reader->text);
	     i++)
		buf_release(&reader->text[i]);
	for (size_t i = 0; i < sizeof(reader->inner) / sizeof(*reader->inner);
	     i++)
		buf_release(&reader->inner[i]);
}
