/* SPDX-License-Identifier: MIT */
/* lib/wandb/same, verify, bucket: what counts as the same */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wandb/same.h"
#include "wandb/verify.h"

static bool
same(const char *a, const char *b)
{
	bool one = same_json(span_of(a), span_of(b));

	assert_int_equal(one, same_json(span_of(b), span_of(a)));
	return one;
}

static void
equal_values(void **state)
{
	(void)state;
	assert_true(same("{}", " { } "));
	assert_true(
	    same("{\"a\":1,\"b\":[2,{}]}", "{\"b\":[2.0,{}],\"a\":1e0}"));
	assert_true(same("1700000000.5", "1.7000000005e+09"));
	assert_true(same("0.1", "1e-1"));
	assert_true(same("\"\\u00e9\\/\"", "\"é/\""));
	assert_true(same("{\"\\u0061\":null}", "{\"a\":null}"));
	assert_true(same("NaN", "NaN"));
	assert_true(same("[NaN,Infinity,-Infinity]",
	    "[\"NaN\",\"Infinity\",\"-Infinity\"]"));
	assert_true(same("18446744073709551616", "1.8446744073709552e19"));
}

static void
other_values(void **state)
{
	(void)state;
	assert_false(same("{\"a\":1}", "{\"a\":2}"));
	assert_false(same("{\"a\":1}", "{\"b\":1}"));
	assert_false(same("{\"a\":1}", "{\"a\":1,\"b\":1}"));
	assert_false(same("[1,2]", "[2,1]"));
	assert_false(same("[1]", "[1,2]"));
	assert_false(same("0.1", "0.10000000000000002"));
	assert_false(same("1", "\"1\""));
	assert_false(same("true", "false"));
	assert_false(same("null", "0"));
	assert_false(same("NaN", "Infinity"));
	assert_false(same("NaN", "\"nan\""));
	assert_false(same("{\"a\":1", "{\"a\":1"));
	assert_false(same("{\"a\":1,\"a\":1}", "{\"a\":1,\"a\":1}"));
}

static void
row_keys(void **state)
{
	struct row_key key;

	(void)state;
	key = row_key_of(span_of("{\"loss\":NaN,\"_step\":7,"
				 "\"_timestamp\":1.7952359977991974e+09}"));
	assert_true(key.known && key.step == 7);
	assert_true(key.timestamp == 1795235997.7991974);
	key = row_key_of(span_of("{\"_step\":1e+06}"));
	assert_true(key.step == 1000000 && isnan(key.timestamp));
	key = row_key_of(span_of("{\"_timestamp\":\"x\"}"));
	assert_true(key.step == -1 && isnan(key.timestamp));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_values),
		cmocka_unit_test(other_values),
		cmocka_unit_test(row_keys),
	};

	return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
