/* SPDX-License-Identifier: MIT */
/* record: fields, verdicts, error values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mem.h"
#include "record.h"

static void
assert_json(jv value, const char *text)
{
	jv got = jv_dump_string(value, 0);

	assert_string_equal(jv_string_value(got), text);
	jv_free(got);
}

static void
test_fields(void **state)
{
	jv rec =
	    jv_parse("{\"a\":\"x\",\"n\":3,\"t\":true,\"z\":\"a\\u0000b\"}");

	(void)state;
	assert_string_equal(record_str(rec, "a"), "x");
	assert_null(record_str(rec, "n"));
	assert_null(record_str(rec, "z"));
	assert_null(record_str(rec, "none"));
	assert_int_equal(record_int(rec, "n", -1), 3);
	assert_int_equal(record_int(rec, "a", -1), -1);
	assert_true(record_true(rec, "t"));
	assert_false(record_true(rec, "n"));
	rec = record_set_str(rec, "a", NULL);
	rec = record_set_number(record_drop(rec, "z"), "n", 4);
	assert_json(rec, "{\"n\":4,\"t\":true}");
}

static void
test_fields_of_no_object(void **state)
{
	jv list = jv_array();

	(void)state;
	assert_null(record_str(list, "a"));
	assert_false(record_is_dead(list));
	list = record_set_str(list, "a", "x");
	assert_json(list, "[]");
	assert_null(record_str(jv_null(), "a"));
}

static void
test_large_integers_are_no_integers(void **state)
{
	jv rec = jv_parse("{\"n\":1e300}");

	(void)state;
	assert_int_equal(record_int(rec, "n", -1), -1);
	jv_free(rec);
}

static void
test_take(void **state)
{
	jv reply = jv_parse("{\"failureMessage\":\"no\",\"x\":null}");
	jv rec = record_take(
	    jv_object(), "failure_message", reply, "failureMessage");

	(void)state;
	rec = record_take(rec, "x", reply, "x");
	rec = record_take(rec, "y", reply, "y");
	jv_free(reply);
	assert_json(rec, "{\"failure_message\":\"no\"}");
}

static void
test_error(void **state)
{
	jv rec = record_error(jv_object(), error_value("auth", "no %s", "key"));

	(void)state;
	assert_true(record_is_dead(rec));
	assert_json(rec,
	    "{\"error\":{\"tool\":\"kwtools\",\"code\":\"auth\","
	    "\"message\":\"no key\",\"temporary\":false}}");
}

static void
test_what_is_temporary(void **state)
{
	jv rec = record_error(jv_object(), error_value("timeout", "late"));
	jv why = record_get(rec, "error");

	(void)state;
	assert_true(record_true(why, "temporary"));
	jv_free(why);
	rec = record_error(rec, error_temporary(error_value("conflict", "x")));
	why = record_get(rec, "error");
	assert_true(record_true(why, "temporary"));
	assert_string_equal(record_str(why, "code"), "conflict");
	jv_free(why);
	jv_free(rec);
}

static void
test_the_first_failure_stays(void **state)
{
	jv rec = record_failed(jv_object(), error_value("damaged", "first"));
	jv why;

	(void)state;
	rec = record_failed(rec, error_value("io", "second"));
	assert_false(record_is_dead(rec));
	why = record_get(rec, "failed");
	assert_string_equal(record_str(why, "message"), "first");
	jv_free(why);
	jv_free(rec);
}

static void
test_messages_are_one_line_of_utf8(void **state)
{
	char long_text[1200];
	jv why = error_value("io", "a\nb\tc\033[31m \xff");

	(void)state;
	assert_string_equal(error_code(why), "io");
	assert_string_equal(error_message(why), "a b c [31m \xef\xbf\xbd");
	jv_free(why);

	/* 999 bytes, then a character of two: it goes as a whole. */
	memset(long_text, 'x', sizeof long_text);
	memcpy(long_text + 999, "\xc3\xa9", 2);
	long_text[1199] = '\0';
	why = error_value("io", "%s", long_text);
	assert_int_equal(strlen(error_message(why)), 999);
	jv_free(why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_fields_of_no_object),
		cmocka_unit_test(test_large_integers_are_no_integers),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_what_is_temporary),
		cmocka_unit_test(test_the_first_failure_stays),
		cmocka_unit_test(test_messages_are_one_line_of_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
