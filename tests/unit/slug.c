/* SPDX-License-Identifier: MIT */
/* slug_of_title() against what python-slugify 9.2.0 makes of the same titles */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kaggle/slug.h"

static void
titles_make_slugs(void **state)
{
	static const struct {
		const char *title, *slug;
	} cases[] = {
		{ "My Kernel", "my-kernel" },
		{ "my_kernel v2.0", "my-kernel-v2-0" },
		{ "Exercise: Model Validation", "exercise-model-validation" },
		{ "It's a test", "it-s-a-test" },
		{ "don''t", "don-t" },
		{ "foo\u2019s bar", "foos-bar" },
		{ "C++ & R", "c-r" },
		{ "a&amp;b", "a-b" },
		{ "a&amp;#65;b", "aab" },
		{ "a&#65;&#x42;b", "aabb" },
		{ "it&#39;s", "its" },
		{ "&;&#;&#x;", "x" },
		{ "EXP001 / run #3", "exp001-run-3" },
		{ "__init__", "init" },
		{ "50% off", "50-off" },
		{ "A/B testing", "a-b-testing" },
		{ "1,000 trees", "1000-trees" },
		{ "1,000,000", "1000000" },
		{ "1,,2 3, 4", "1-2-3-4" },
		{ "a -- b", "a-b" },
		{ "-a-", "a" },
		{ "!?", "" },
		{ "", "" },
		{ "Gr\u00f6\u00dfe \u00dcn\u00efcode", "grosse-unicode" },
		{ "re\u0301sume\u0301", "resume" },
		{ "r\u00e9sum\u00e9 \u2014 final", "resume-final" },
		{ "x\u00b2", "x2" },
		{ "\u00bd half", "1-2-half" },
		{ "\u0141\u00f3d\u017a \u0149", "lodz-n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *slug = slug_of_title(cases[i].title);

		assert_non_null(slug);
		assert_string_equal(slug, cases[i].slug);
		free(slug);
	}
}

static void
others_cannot_be_predicted(void **state)
{
	static const char *const titles[] = {
		"\u65e5\u672c\u8a9e \u30ce\u30fc\u30c8",
		"\u041f\u0440\u0438\u0432\u0435\u0442",
		"emoji \U0001f600 test",
		"caf&eacute;",
		"&#233;t&#xe9;",
		"&#0;",
		"&#99999999999999999999;",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		assert_null(slug_of_title(titles[i]));
}

static void
a_title_that_fits(void **state)
{
	static const char *const slugs[] = { "my-kernel", "exp001-v2-0" };

	(void)state;
	for (size_t i = 0; i < sizeof(slugs) / sizeof(slugs[0]); i++) {
		char *title = slug_title(slugs[i]);
		char *slug = slug_of_title(title);

		assert_string_equal(slug, slugs[i]);
		free(title);
		free(slug);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(titles_make_slugs),
		cmocka_unit_test(others_cannot_be_predicted),
		cmocka_unit_test(a_title_that_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
