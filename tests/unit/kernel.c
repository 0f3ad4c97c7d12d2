/* SPDX-License-Identifier: MIT */
/* What kgl-build makes of names, arguments and URLs */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "git/source.h"
#include "kaggle/kernelname.h"
#include "record.h"
#include "words.h"

static void
urls(void **state)
{
	static const struct {
		const char *url;
		const char *clone;
	} cases[] = {
		{ "https://github.com/o/r.git", "https://github.com/o/r.git" },
		{ "https://u:p@github.com/o/r", "https://github.com/o/r" },
		{ "https://u:p@x@host:8443/o/r", "https://host:8443/o/r" },
		{ "http://t@[::1]:80/r", "http://[::1]:80/r" },
		{ "git@github.com:o/r.git", "https://github.com/o/r.git" },
		{ "github.com:/o/r.git", "https://github.com/o/r.git" },
		{ "ssh://git@host:2222/o/r", "https://host/o/r" },
		{ "git+ssh://git@host/o/r", "https://host/o/r" },
		{ "ssh://git@[::1]:22/o/r", "https://[::1]/o/r" },
		{ "git://host/r", "git://host/r" },
		{ "file:///srv/r@1.git", "file:///srv/r@1.git" },
		{ "/srv/a:b/r.git", "/srv/a:b/r.git" },
		{ "../r.git", "../r.git" },
		{ "https://u:pa/ss@host/o/r", NULL },
		{ "https://u:p@/o/r", NULL },
		{ "https://:80/o/r", NULL },
		{ "--upload-pack=x", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *clone = git_clone_url(cases[i].url);

		if (cases[i].clone == NULL)
			assert_null(clone);
		else
			assert_string_equal(clone, cases[i].clone);
		free(clone);
	}
	assert_true(git_url_is_local("../r.git"));
	assert_true(git_url_is_local("/a:b/r"));
	assert_true(git_url_is_local("file:///r"));
	assert_false(git_url_is_local("host:r"));
	assert_false(git_url_is_local("https://host/r"));
}

static void
words(void **state)
{
	/* As sh and Python's shlex.split() part them. */
	static const char *const cases[][2] = {
		{ "", "[]" },
		{ " \t\n ", "[]" },
		{ "--lr 3e-4", "[\"--lr\",\"3e-4\"]" },
		{ "a'b c'\"d e\"f", "[\"ab cd ef\"]" },
		{ "'' \"\"", "[\"\",\"\"]" },
		{ "'$HOME' \"$(id)\" `x` *",
		    "[\"$HOME\",\"$(id)\",\"`x`\",\"*\"]" },
		{ "a\\ b \"\\\"\\$\\x\" '\\'",
		    "[\"a b\",\"\\\"$\\\\x\",\"\\\\\"]" },
		{ "# not; a | comment",
		    "[\"#\",\"not;\",\"a\",\"|\",\"comment\"]" },
		{ "a\\\nb", "[\"ab\"]" },
	};
	static const char *const wrong[] = { "'a", "\"a", "a\\", "\"a\\" };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		jv text = jv_dump_string(words_split(cases[i][0]), 0);

		assert_string_equal(jv_string_value(text), cases[i][1]);
		jv_free(text);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		jv why = words_split(wrong[i]);

		assert_string_equal(error_code(why), "usage");
		jv_free(why);
	}
}

static void
faults(void **state)
{
	static const struct {
		const char *id, *title;
		bool timestamp;
		const char *fault; /* a part of it; NULL: none */
	} cases[] = {
		{ "me/my-exp", NULL, false, NULL },
		{ "me/my-exp", "My Exp", true, NULL },
		{ "me/my-exp", "My, Exp!", false, NULL },
		{ "me/exp", NULL, false, "at least 5 characters, not 3" },
		{ "me/exper", NULL, false, NULL },
		{ "my-exp", NULL, false, "owner/slug" },
		{ "me/my-exp/3", NULL, false, "owner/slug" },
		{ "m.e/my-exp", NULL, false, "owner/slug" },
		{ "/my-exp", NULL, false, "owner/slug" },
		{ "me/My_Exp", NULL, false, "would be my-exp" },
		{ "me/---", NULL, false, "not of a-z" },
		{ "me/my-exp", "Other", false, "\"My Exp\" would fit" },
		{ "me/my-exp", "\xe6\x97\xa5", false, "not known" },
		{ "me/a23456789-123456789-123456789-123456789-123456789", NULL,
		    false, NULL },
		{ "me/a23456789-123456789-123456789-123456789-1234567890", NULL,
		    false, NULL },
		{ "me/a23456789-123456789-123456789-123456789-12345678901",
		    NULL, false, "51 characters, 1 too many" },
		{ "me/a23456789-123456789-123456789-1234", NULL, true, NULL },
		{ "me/a23456789-123456789-123456789-12345", NULL, true,
		    "51 characters with its time, 1 too many" },
		{ "me/my-exp",
		    "My Exp                                            ", false,
		    NULL },
		{ "me/my-exp",
		    "My Exp                                             ",
		    false, "the title has 51 characters, 1 too many" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *fault = kernelname_fault(
		    cases[i].id, cases[i].title, cases[i].timestamp);

		if (cases[i].fault == NULL)
			assert_null(fault);
		else if (fault == NULL || !strstr(fault, cases[i].fault))
			fail_msg("%s: %s", cases[i].id,
			    fault != NULL ? fault : "no fault");
		free(fault);
	}
}

static void
names(void **state)
{
	struct kernelname name;

	(void)state;
	kernelname_make(&name, "me/my-exp", NULL, NAN);
	assert_string_equal(name.id, "me/my-exp");
	assert_string_equal(name.title, "My Exp");
	kernelname_release(&name);
	kernelname_make(&name, "me/my-exp", "My, Exp", 1795240801.9);
	assert_string_equal(name.id, "me/my-exp-20261121-060001");
	assert_string_equal(name.title, "My, Exp 20261121 060001");
	assert_null(kernelname_fault(name.id, name.title, false));
	kernelname_release(&name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls),
		cmocka_unit_test(words),
		cmocka_unit_test(faults),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
