/* SPDX-License-Identifier: MIT */
/* jsonedit: one key of a text is another, and no other byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wandb/jsonedit.h"

static void
assert_put(const char *text, const char *key, const char *value,
    enum jsonedit_form form, const char *want)
{
	struct buf buf = { 0 };
	bool changed;

	buf_adds(&buf, text);
	changed = jsonedit_put(&buf, key, span_of(value), form);
	assert_string_equal(buf.at, want);
	assert_int_equal(changed, strcmp(text, want) != 0);
	buf_release(&buf);
}

static void
test_put(void **state)
{
	enum jsonedit_form p = JSONEDIT_PLAIN;

	(void)state;
	assert_put("{}", "a", "1", p, "{\"a\":1}");
	assert_put("{ }", "a", "1", p, "{ \"a\":1}");
	assert_put("{\"a\":1}", "a", "2", p, "{\"a\":2}");
	assert_put("{\"a\":1.0}", "a", "1", p, "{\"a\":1.0}");
	assert_put("{\"a\": NaN, \"b\" :12345678901234567890}", "c", "\"x\"", p,
	    "{\"a\": NaN, \"b\" :12345678901234567890,\"c\":\"x\"}");
	/* Numbers that no double tells apart. */
	assert_put("{\"a\":9007199254740992}", "a", "9007199254740993", p,
	    "{\"a\":9007199254740993}");
	assert_put("{\"a\":NaN}", "a", "NaN", p, "{\"a\":NaN}");
	assert_put("{\"\\u00e9\":1}", "é", "2", p, "{\"\\u00e9\":2}");
	assert_put("{}", "q\"", "1", p, "{\"q\\\"\":1}");
	/* Of two the last one counts. */
	assert_put("{\"a\":1,\"a\":2}", "a", "3", p, "{\"a\":1,\"a\":3}");
}

static void
test_paths(void **state)
{
	enum jsonedit_form p = JSONEDIT_PLAIN;

	(void)state;
	assert_put("{\"a\":{\"b\":1}}", "a.b", "2", p, "{\"a\":{\"b\":2}}");
	assert_put(
	    "{\"a\":{\"b\":1}}", "a.c", "2", p, "{\"a\":{\"b\":1,\"c\":2}}");
	assert_put("{\"a\":{\"b\":1},\"a.b\":3}", "a.b", "2", p,
	    "{\"a\":{\"b\":1},\"a.b\":2}");
	assert_put("{\"a\":{\"b\":1},\"a.b\":{}}", "a.b.c", "2", p,
	    "{\"a\":{\"b\":1},\"a.b\":{\"c\":2}}");
	assert_put("{\"a\":{}}", "a.b.c", "2", p, "{\"a\":{\"b.c\":2}}");
	assert_put("{\"a\":1}", "a.b", "2", p, "{\"a\":1,\"a.b\":2}");
	assert_put("{\"ab\":{}}", "a.b", "2", p, "{\"ab\":{},\"a.b\":2}");
	assert_put("{\"a\":{}}", "a.", "2", p, "{\"a\":{},\"a.\":2}");
	assert_put("{\"a\":{\"b\":1}}", "a.b", "2", JSONEDIT_EXACT,
	    "{\"a\":{\"b\":1},\"a.b\":2}");
}

static void
test_remove(void **state)
{
	enum jsonedit_form p = JSONEDIT_PLAIN;

	(void)state;
	assert_put("{\"a\":1}", "a", "", p, "{}");
	assert_put("{\"a\":1, \"b\":2}", "a", "", p, "{\"b\":2}");
	assert_put("{\"a\":1, \"b\":2}", "b", "", p, "{\"a\":1}");
	assert_put(
	    "{\"a\":1,\"b\":2,\"c\":3}", "b", "", p, "{\"a\":1,\"c\":3}");
	assert_put("{\"a\":1}", "b", "", p, "{\"a\":1}");
	/* In either form, and each time that it is there. */
	assert_put("{\"a\":{\"b\":1,\"c\":2},\"a.b\":3,\"a.b\":4}", "a.b", "",
	    p, "{\"a\":{\"c\":2}}");
}

static void
test_config(void **state)
{
	enum jsonedit_form w = JSONEDIT_WRAPPED;

	(void)state;
	assert_put("{}", "lr", "1", w, "{\"lr\":{\"value\":1}}");
	assert_put("{\"lr\":{\"desc\":null,\"value\":2}}", "lr", "1", w,
	    "{\"lr\":{\"desc\":null,\"value\":1}}");
	assert_put("{\"o\":{\"value\":{\"lr\":2}}}", "o.lr", "1", w,
	    "{\"o\":{\"value\":{\"lr\":1}}}");
	assert_put("{\"lr\":{\"value\":2},\"x\":{\"value\":0}}", "lr", "", w,
	    "{\"x\":{\"value\":0}}");
	/* One that is not as it should be. */
	assert_put("{\"lr\":2}", "lr", "1", w, "{\"lr\":{\"value\":1}}");
}

static void
assert_merge(
    const char *text, const char *base, const char *theirs, const char *want)
{
	struct buf buf = { 0 };

	buf_adds(&buf, text);
	jsonedit_merge(&buf, span_of(base), span_of(theirs));
	assert_string_equal(buf.at, want);
	buf_release(&buf);
}

static void
test_merge(void **state)
{
	(void)state;
	assert_merge("{\"a\":2,\"b\":1}", "{\"a\":1,\"b\":1}",
	    "{\"a\":1,\"b\":NaN,\"c\":{\"d\":1}}",
	    "{\"a\":2,\"b\":NaN,\"c\":{\"d\":1}}");
	assert_merge("{\"a\":2,\"b\":1}", "{\"b\":1}", "{}", "{\"a\":2}");
	assert_merge("{\"a\":2,\"n\\u0000\":1}", "{\"n\\u0000\":1}",
	    "{\"n\\u0000\":1}", "{\"a\":2,\"n\\u0000\":1}");
	assert_merge("{\"a\":2}", "{\"a\":1}", "{\"a\":3}", "{\"a\":3}");
}

int
main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_remove),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_merge),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("jsonedit", all, NULL, NULL);
}
