/* SPDX-License-Identifier: MIT */
/* objectkey: what a key stands for, and which are run files */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "minio/objectkey.h"

static void
keys_are_decoded_once(void **state)
{
	static const struct {
		const char *text;
		bool minio;
		const char *key; /* NULL: cannot be */
	} cases[] = {
		{ "", true, "" },
		{ "a%2Fb", true, "a/b" },
		{ "a+b", true, "a b" },
		{ "a%2Bb", true, "a+b" },
		{ "a%2bb", true, "a+b" },
		{ "%252F", true, "%2F" },
		{ "%25252F", true, "%252F" },
		{ "%2B%20+", true, "+  " },
		{ "%ED%95%9C", true, "\xed\x95\x9c" },
		{ "-_.~", true, "-_.~" },
		{ "%", true, NULL },
		{ "%2", true, NULL },
		{ "%2G", true, NULL },
		{ "%G2", true, NULL },
		{ "%%41", true, NULL },
		/* Not escaped: the listen call. */
		{ "a/b+c%2F%", true, "a/b+c%2F%" },
		{ "a b+c", true, "a b+c" },
		{ "\xed\x95\x9c+", true, "\xed\x95\x9c+" },
		/* S3 */
		{ "a/b+c%2F", false, "a/b c/" },
		{ "a/b+c%2", false, NULL },
		{ "a(1)*", false, "a(1)*" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf out = { 0 };
		bool good = objectkey_decode(
		    &out, span_of(cases[i].text), cases[i].minio);

		assert_int_equal(good, cases[i].key != NULL);
		if (good) {
			assert_int_equal(out.len, strlen(cases[i].key));
			assert_memory_equal(out.at, cases[i].key, out.len);
		}
		buf_release(&out);
	}
}

static void
run_files_have_four_parts(void **state)
{
	struct objectkey parts;

	(void)state;
	assert_true(objectkey_split(span_of("e/p/r/f"), &parts));
	assert_true(objectkey_split(span_of("e/p p/r/d/r/f \n"), &parts));
	assert_true(span_is(parts.entity, "e"));
	assert_true(span_is(parts.project, "p p"));
	assert_true(span_is(parts.path, "e/p p"));
	assert_true(span_is(parts.run, "r"));
	assert_true(span_is(parts.name, "d/r/f \n"));
}

static void
others_are_none(void **state)
{
	static const char *const keys[] = { "", "e", "e/p", "e/p/r", "e/p/r/",
		"/e/p/r/f", "e//r/f", "e/p//f", "e/p/r//f", "e/p/r/f/",
		"./p/r/f", "e/../r/f", "e/p/r/d/../f", "e/p/r/.", "e/p/r/\xff",
		"e/p/r/\xed\xa0\x80", "\xc0\xaf/p/r/f" };
	char longest[OBJECTKEY_MOST + 2] = "e/p/r/";
	struct objectkey parts;

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		assert_false(objectkey_split(span_of(keys[i]), &parts));
	assert_false(objectkey_split((struct span){ "e/p/r/\0", 7 }, &parts));
	memset(longest + 6, 'x', OBJECTKEY_MOST - 6);
	assert_true(objectkey_split(span_of(longest), &parts));
	longest[OBJECTKEY_MOST] = 'x';
	assert_false(objectkey_split(span_of(longest), &parts));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_decoded_once),
		cmocka_unit_test(run_files_have_four_parts),
		cmocka_unit_test(others_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
