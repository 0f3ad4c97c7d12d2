/* SPDX-License-Identifier: MIT */
/* wire: what is a field and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "wandb/wire.h"

#define TEXT(literal)                        \
	(struct span)                        \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

static void
fields(void **state)
{
	struct wire wire =
	    wire_of(TEXT("\x08\x96\x01" /* 1: 150 */
			 "\x12\x03"
			 "abc"                      /* 2: "abc" */
			 "\x19\0\0\0\0\0\0\xf0\x3f" /* 3: 1.0 */
			 "\x25\x01\x02\x03\x04"     /* 4: fixed32 */
			 "\x28\xff\xff\xff\xff\xff\xff\xff\xff"
			 "\xff\x01"                    /* 5: -1 */
			 "\x32\0"                      /* 6: "" */
			 "\xf8\xff\xff\xff\x0f\x07")); /* 2^29-1 */
	struct wire_field field;

	(void)state;
	assert_true(wire_next(&wire, &field));
	assert_int_equal(field.number, 1);
	assert_int_equal(field.type, WIRE_VARINT);
	assert_int_equal(field.value, 150);
	assert_true(wire_next(&wire, &field));
	assert_int_equal(field.type, WIRE_BYTES);
	assert_true(span_is(field.bytes, "abc"));
	assert_true(wire_next(&wire, &field));
	assert_int_equal(field.type, WIRE_FIXED64);
	assert_true(wire_double(&field) == 1.0);
	assert_true(wire_next(&wire, &field));
	assert_int_equal(field.type, WIRE_FIXED32);
	assert_int_equal(field.value, 0x04030201);
	assert_true(wire_next(&wire, &field));
	assert_int_equal((int64_t)field.value, -1);
	assert_true(wire_next(&wire, &field));
	assert_int_equal(field.bytes.len, 0);
	assert_true(wire_next(&wire, &field));
	assert_int_equal(field.number, (1 << 29) - 1);
	assert_int_equal(field.value, 7);
	assert_false(wire_next(&wire, &field));
	assert_false(wire.bad);
}

static void
no_fields(void **state)
{
	static const struct {
		const char *why;
		struct span bytes;
	} bad[] = {
		{ "no value", { "\x08", 1 } },
		{ "half a tag", { "\x80", 1 } },
		{ "half a varint", { "\x08\x80", 2 } },
		{ "eleven bytes",
		    { "\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80"
		      "\x80\x00",
			12 } },
		{ "65 bits",
		    { "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11 } },
		{ "number 0", { "\x00\x01", 2 } },
		{ "number 2^29", { "\x80\x80\x80\x80\x10\x01", 6 } },
		{ "length",
		    { "\x12\x04"
		      "abc",
			5 } },
		{ "huge length",
		    { "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff"
		      "\x01",
			11 } },
		{ "fixed64", { "\x19\0\0\0\0\0\0\0", 8 } },
		{ "fixed32", { "\x25\0\0\0", 4 } },
		{ "group", { "\x0b\x0c", 2 } },
		{ "group's end", { "\x0c", 1 } },
		{ "type 6", { "\x0e", 1 } },
		{ "type 7", { "\x0f", 1 } },
	};
	struct wire_field field;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct wire wire = wire_of(bad[i].bytes);

		if (wire_next(&wire, &field) || !wire.bad)
			fail_msg("%s was a field", bad[i].why);
		assert_ptr_equal(wire.at, bad[i].bytes.at);
		assert_false(wire_next(&wire, &field));
	}
}

static void
short_varints(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		uint64_t value;
	} cases[] = {
		{ "\x00\xff\xff\xff", 1, 0 },
		{ "\x7f\xff\xff\xff", 1, 127 },
		{ "\x80\x01\xff\x7f", 2, 128 },
		{ "\xff\x7f\x7f\x7f", 2, 16383 },
		{ "\x80\x80\x01\xff", 3, 16384 },
		{ "\xff\xff\x7f\xff", 3, 2097151 },
		{ "\x80\x80\x80\x01", 4, 2097152 },
		{ "\x95\x9a\xef\x3a", 4, 123456789 },
		{ "\xff\xff\xff\x7f", 4, 268435455 },
		{ "\x80\x00\xff\xff", 2, 0 },
	};
	const uint8_t longer[] = { 0x80, 0x80, 0x80, 0x80 };
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const uint8_t *at = (const uint8_t *)cases[i].bytes;

		assert_ptr_equal(
		    wire_short_varint(at, &value), at + cases[i].len);
		assert_int_equal(value, cases[i].value);
	}
	assert_null(wire_short_varint(longer, &value));
}

static void
empty(void **state)
{
	struct wire wire = wire_of((struct span){ 0 });
	struct wire_field field;

	(void)state;
	assert_false(wire_next(&wire, &field));
	assert_false(wire.bad);
}

static void
times(void **state)
{
	(void)state;
	assert_true(wire_time(TEXT("\x08\x80\xe2\xcf\xaa\x06")) == 1700000000);
	assert_true(wire_time(TEXT("\x10\x80\xca\xb5\xee\x01")) == 0.5);
	assert_true(isnan(wire_time((struct span){ 0 })));
	assert_true(isnan(wire_time(TEXT("\x08"))));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),
		cmocka_unit_test(no_fields),
		cmocka_unit_test(short_varints),
		cmocka_unit_test(empty),
		cmocka_unit_test(times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
