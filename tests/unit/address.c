/* SPDX-License-Identifier: MIT */
/* URLs of remotes, as git takes them apart, and as they may be shown */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "git/address.h"
#include "mem.h"
#include "record.h"

/* "protocol user password host port path shown", "-" for what is not there. */
static char *
describe(const char *url)
{
	struct address address;
	jv error = address_parse(&address, url);
	struct buf out = { 0 };
	const char *parts[] = { address.protocol, address.user,
		address.password, address.host, address.port, address.path,
		address.shown };

	if (!jv_is_valid(error)) {
		buf_adds(&out, error_message(error));
		jv_free(error);
		return buf_take(&out);
	}
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		buf_addf(&out, "%s%s", i > 0 ? " " : "",
		    parts[i] != NULL ? parts[i] : "-");
	address_release(&address);
	return buf_take(&out);
}

static void
urls_are_taken_apart(void **state)
{
	static const char *const cases[][2] = {
		{ "https://h/a/b.git",
		    "https - - h - a/b.git https://h/a/b.git" },
		{ "http://h:80", "http - - h 80  http://h:80" },
		{ "https://u@h/a", "https u - h - a https://h/a" },
		{ "https://u%40x:p%20w@h:1/a?t=s#f",
		    "https u@x p w h 1 a https://h:1/a" },
		{ "https://u:p@w@h/a", "https u p@w h - a https://h/a" },
		{ "https://u:@h/a", "https u  h - a https://h/a" },
		{ "https://h?t=s", "https - - h -  https://h" },
		{ "https://[::1]:8/a", "https - - ::1 8 a https://[::1]:8/a" },
		{ "ssh://u:p@h:22/a%20b",
		    "ssh u p h 22 /a b ssh://h:22/a%20b" },
		{ "ssh://h/~u/a", "ssh - - h - ~u/a ssh://h/~u/a" },
		{ "git+ssh://h/a", "ssh - - h - /a ssh://h/a" },
		{ "u@h:a/b", "ssh u - h - a/b h:a/b" },
		{ "h:/a:b", "ssh - - h - /a:b h:/a:b" },
		{ "u@[::1]:a", "ssh u - ::1 - a [::1]:a" },
		{ "[h:22]:a", "ssh - - h 22 a [h:22]:a" },
		{ "/a:b", "file - - - - /a:b /a:b" },
		{ "./a:b", "file - - - - ./a:b ./a:b" },
		{ "../a@b", "file - - - - ../a@b ../a@b" },
		{ "file:///a%20b", "file - - - - /a b file:///a%20b" },
		{ "file://h/a", "file - - - - //h/a file://h/a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *got = describe(cases[i][0]);

		assert_string_equal(got, cases[i][1]);
		free(got);
	}
}

static void
what_is_not_safe_is_refused(void **state)
{
	static const char *const cases[] = {
		"https://u:p/secret@h/a", /* the host would be u, the port p */
		"https:///a",
		"https://u@/a",
		"https://h%0aprotocol=x/a",
		"https://u%0ahost=secret@h/a",
		"https://u:secret%0d@h/a",
		"https://h/a\nb",
		"ssh://-oProxyCommand=x/a",
		"ssh://-l@h/a",
		"-oProxyCommand=x:a",
		"h:-a",
		"ssh://h",
		"ssh://h:x/a",
		"h:",
		"",
		"-a",
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *got = describe(cases[i]);

		assert_string_equal(
		    got, "the remote's URL is malformed: see git remote -v");
		free(got);
	}
}

static void
other_kinds_are_named(void **state)
{
	char *got = describe("git://u:secret@h/a");

	(void)state;
	assert_non_null(strstr(got, "git://"));
	assert_null(strstr(got, "secret"));
	free(got);
	got = describe("ext::sh -c secret");
	assert_non_null(strstr(got, "ext::"));
	assert_null(strstr(got, "secret"));
	free(got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_are_taken_apart),
		cmocka_unit_test(what_is_not_safe_is_refused),
		cmocka_unit_test(other_kinds_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
