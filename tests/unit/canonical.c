/* SPDX-License-Identifier: MIT */
/* The spelling that digests are made of is Python's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sandbox/canonical.h"

/* JSON, and what wbfile.canonical() of the recorder makes of it. */
static const char *const pairs[][2] = {
	{ " { \"b\" : [ 1 , { } ] , \"a\" : null } ",
	    "{\"a\":null,\"b\":[1,{}]}" },
	{ "[true,false,\"\",[]]", "[true,false,\"\",[]]" },
	{ "{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}" },
	{ "{\"\\u00e9\":1,\"z\":2,\"\\ud83d\\ude00\":3,\"\\uff5e\":4}",
	    "{\"z\":2,\"\\u00e9\":1,\"\\uff5e\":4,\"\\ud83d\\ude00\":3}" },
	{ "\"\\/\\b\\f\\n\\r\\t\\\"\\\\\\u0001\\u007f\xc3\xa9\"",
	    "\"/\\b\\f\\n\\r\\t\\\"\\\\\\u0001\\u007f\\u00e9\"" },
	{ "\"\xe2\x80\xa8\xf0\x9f\x94\xa5\"", "\"\\u2028\\ud83d\\udd25\"" },
	{ "[NaN,Infinity,-Infinity]", "[NaN,Infinity,-Infinity]" },
	{ "[0,-0,-0.0,0.0,0e5,1.0,-1.50,100,1e2]",
	    "[0,0,0,0,0,1,-1.5,100,100]" },
	{ "[1e+06,1.7000000005e+09,1e-05,0.0001,0.00012]",
	    "[1000000,1700000000.5,1e-05,0.0001,0.00012]" },
	{ "[0.1,0.10,0.30000000000000004,0.1000000000000000055511151]",
	    "[0.1,0.1,0.30000000000000004,0.1]" },
	{ "[9007199254740991.0,9007199254740992.0,9007199254740993]",
	    "[9007199254740991,9007199254740992.0,9007199254740993]" },
	{ "[1e15,1e16,1.5e16,123456789012345678.0]",
	    "[1000000000000000,1e+16,1.5e+16,1.2345678901234568e+17]" },
	{ "[9223372036854775807,-9223372036854775808,9223372036854775808]",
	    "[9223372036854775807,-9223372036854775808,"
	    "9.223372036854776e+18]" },
	{ "[5e-324,1.5e-323,2.2250738585072014e-308,"
	  "1.7976931348623157e308,1e400]",
	    "[5e-324,1.5e-323,2.2250738585072014e-308,"
	    "1.7976931348623157e+308,Infinity]" },
	{ "[123456.75,1234567890.123,0.000099999,12345678901234567]",
	    "[123456.75,1234567890.123,9.9999e-05,12345678901234567]" },
};

static void
spells(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		struct buf out = { 0 };

		assert_true(canonical(&out, span_of(pairs[i][0]), 0));
		assert_string_equal(out.at, pairs[i][1]);
		buf_release(&out);
	}
}

/* A canonical text is its own canonical text. */
static void
stays(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		struct buf out = { 0 };

		assert_true(canonical(&out, span_of(pairs[i][1]), 0));
		assert_string_equal(out.at, pairs[i][1]);
		buf_release(&out);
	}
}

static void
quotes_words(void **state)
{
	struct buf out = { 0 };

	(void)state;
	assert_true(canonical(
	    &out, span_of("{\"a\":[NaN,-Infinity,1e999]}"), CANONICAL_QUOTED));
	assert_string_equal(
	    out.at, "{\"a\":[\"NaN\",\"-Infinity\",\"Infinity\"]}");
	buf_release(&out);
}

static void
refuses(void **state)
{
	struct buf out = { 0 };

	(void)state;
	assert_false(canonical(&out, span_of("{\"a\":}"), 0));
	assert_false(canonical(&out, span_of(""), 0));
	assert_false(canonical(&out, span_of("01"), 0));
	assert_int_equal(out.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spells),
		cmocka_unit_test(stays),
		cmocka_unit_test(quotes_words),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests_name("canonical", tests, NULL, NULL);
}
