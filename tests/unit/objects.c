/* SPDX-License-Identifier: MIT */
/* events in any order make the same objects; texts come and go */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "minio/event.h"
#include "minio/objects.h"
#include "minio/texts.h"

static void
moments_have_an_order(void **state)
{
	static const struct event_moment ascending[] = {
		{ 0, 20261121043043979, 0 },
		{ 0, 20261121043043980, 0 },
		{ 0x18e9f51fee033e57, 20261121043043980, 0 },
		{ 0x18e9f51fee033e57, 20261121043043981, 0 },
		{ 0x18e9f51fee033e57, 20261121043043979, 1 },
		{ 0x18e9f51fee033e58, 20261121043043979, 0 },
		{ UINT64_MAX, 0, 0 },
		{ UINT64_MAX, 0, UINT32_MAX },
	};
	size_t count = sizeof(ascending) / sizeof(*ascending);

	(void)state;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < count; k++) {
			int order = event_order(&ascending[i], &ascending[k]);

			assert_int_equal(
			    (order > 0) - (order < 0), (i > k) - (i < k));
		}
}

static void
times_are_text_again(void **state)
{
	char text[EVENT_TIME];

	(void)state;
	event_time_text(20261121043043979, text);
	assert_string_equal(text, "2026-11-21T04:30:43.979");
	event_time_text(10000101000000000, text);
	assert_string_equal(text, "1000-01-01T00:00:00.000");
}

/* The moment of an event, as the reader takes it from these texts. */
static struct event_moment read_moment;
static int read_count;

static void
take(void *context, const struct event *event)
{
	(void)context;
	read_moment = event->moment;
	read_count++;
}

static bool
reads(const char *time, const char *sequencer)
{
	struct event_reader reader = { .take = take };
	char *line = xasprintf("{\"eventName\":\"s3:ObjectCreated:Put\","
			       "\"eventTime\":\"%s\",\"s3\":{\"bucket\":"
			       "{\"name\":\"b\"},\"object\":{\"key\":\"k\","
			       "\"sequencer\":\"%s\"}}}",
	    time, sequencer);
	char *fault = event_read(&reader, span_of(line));
	bool good = fault == NULL;

	free(line);
	free(fault);
	event_reader_release(&reader);
	return good;
}

static void
moments_are_read(void **state)
{
	static const char *const bad_times[] = { "", "2026-11-21",
		"2026-11-21T04:30:43", "2026-11-21T04:30:43+00:00",
		"2026-11-21T04:30:43.Z", "2026-13-21T04:30:43Z",
		"2026-02-29T04:30:43Z", "2026-11-21T24:30:43Z",
		"2026-11-21T04:30:43ZZ", "0026-11-21T04:30:43Z",
		"2026-11-21 04:30:43Z", "2026-11-2xT04:30:43Z" };

	(void)state;
	assert_true(reads("2026-11-21T04:30:43.979Z", "18E9F51FEE033E57"));
	assert_true(read_moment.time == 20261121043043979);
	assert_true(read_moment.sequencer == 0x18e9f51fee033e57);
	assert_int_equal(read_moment.sequencer_low, 0);
	assert_true(reads("2028-02-29T04:30:43.9799999Z", "18e9f51fee033e57a"));
	assert_true(read_moment.time == 20280229043043979);
	assert_true(read_moment.sequencer_low == 0xa0000000);
	assert_true(reads("2026-11-21T04:30:43.9Z", ""));
	assert_true(read_moment.time == 20261121043043900);
	assert_true(read_moment.sequencer == 0);
	assert_true(reads("2026-11-21T04:30:43Z", "0"));
	read_count = 0;
	for (size_t i = 0; i < sizeof(bad_times) / sizeof(*bad_times); i++)
		assert_false(reads(bad_times[i], "1"));
	assert_false(reads("2026-11-21T04:30:43Z", "1g"));
	assert_false(
	    reads("2026-11-21T04:30:43Z", "1234567890123456789012345"));
	assert_int_equal(read_count, 0);
}

static const char *const etags[] = { "bda83faa799dc8310bb705a12132020a",
	"bda83faa799dc8310bb705a12132020a-3",
	"bda83faa799dc8310bb705a12132020a-999999999",
	"bda83faa799dc8310bb705a12132020a-03",
	"bda83faa799dc8310bb705a12132020a-", "BDA83FAA799DC8310BB705A12132020A",
	"bda83faa799dc8310bb705a12132020", "", "\"x\"" };

/* Thousands of objects, each with events of its own, from order on. */
static void
fill(struct objects *objects, int start, int step)
{
	enum { KEYS = 5000, EVENTS = 3, ALL = KEYS * EVENTS };

	for (int i = 0, at = start; i < ALL; i++, at = (at + step) % ALL) {
		char key[32], type[32];
		struct event event = { .size = at };
		int order = at / KEYS;

		(void)snprintf(key, sizeof(key), "e/p/r/%d", at % KEYS);
		(void)snprintf(type, sizeof(type), "t/%d", at % 97);
		event.key = span_of(key);
		event.type = span_of(type);
		event.etag = span_of(
		    etags[(size_t)at % (sizeof(etags) / sizeof(*etags))]);
		event.kind =
		    order == at % EVENTS ? EVENT_REMOVED : EVENT_CREATED;
		event.moment.sequencer = (uint64_t)order;
		objects_take(objects, &event);
	}
}

static void
objects_do_not_depend_on_the_order(void **state)
{
	struct objects *forth = objects_new(), *back = objects_new();
	struct object *const *left, *const *right;
	size_t count, others;

	(void)state;
	fill(forth, 0, 1);
	fill(back, 14999, 14989); /* prime to 15,000 */
	left = objects_sorted(forth, &count);
	right = objects_sorted(back, &others);
	assert_int_equal(count, 5000);
	assert_int_equal(others, 5000);
	for (size_t i = 0; i < count; i++) {
		struct span a = object_key(left[i]), b = object_key(right[i]);
		char one[OBJECT_ETAG], other[OBJECT_ETAG];

		assert_int_equal(a.len, b.len);
		assert_memory_equal(a.at, b.at, a.len);
		assert_int_equal(left[i]->size, right[i]->size);
		assert_true(left[i]->size >= 10000); /* the last event's */
		assert_int_equal(left[i]->removed, right[i]->removed);
		a = object_etag(forth, left[i], one);
		b = object_etag(back, right[i], other);
		assert_int_equal(a.len, b.len);
		assert_memory_equal(a.at, b.at, a.len);
		assert_true(span_is(a,
		    etags[(size_t)left[i]->size %
			(sizeof(etags) / sizeof(*etags))]));
		assert_int_equal(object_has_md5(left[i]),
		    left[i]->size % (sizeof(etags) / sizeof(*etags)) == 0);
		a = object_type(forth, left[i]);
		b = object_type(back, right[i]);
		assert_int_equal(a.len, b.len);
		assert_memory_equal(a.at, b.at, a.len);
	}
	objects_free(forth);
	objects_free(back);
}

static void
texts_that_nobody_holds_are_forgotten(void **state)
{
	struct texts texts = { 0 };
	uint32_t kept = texts_hold(&texts, span_of("kept")), most = 0;

	(void)state;
	assert_int_equal(texts_hold(&texts, span_of("")), 0);
	assert_int_equal(texts_hold(&texts, span_of("kept")), kept);
	for (int i = 0; i < 10000; i++) {
		char text[16];
		uint32_t number;

		(void)snprintf(text, sizeof(text), "%d", i);
		number = texts_hold(&texts, span_of(text));
		assert_true(span_is(texts_get(&texts, number), text));
		if (number > most)
			most = number;
		texts_drop(&texts, number);
	}
	assert_int_equal(most, 2);
	texts_drop(&texts, kept);
	assert_true(span_is(texts_get(&texts, kept), "kept"));
	for (int i = 0; i < 1000; i++) {
		char text[16];

		(void)snprintf(text, sizeof(text), "%d", i);
		(void)texts_hold(&texts, span_of(text));
	}
	assert_true(span_is(texts_get(&texts, kept), "kept"));
	assert_int_equal(texts_hold(&texts, span_of("kept")), kept);
	texts_release(&texts);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moments_have_an_order),
		cmocka_unit_test(times_are_text_again),
		cmocka_unit_test(moments_are_read),
		cmocka_unit_test(objects_do_not_depend_on_the_order),
		cmocka_unit_test(texts_that_nobody_holds_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
