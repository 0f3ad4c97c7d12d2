/* SPDX-License-Identifier: MIT */
/*
 * aws: the two forms that are read, and what becomes of names: regions, and
 * addresses that may not be asked in a test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aws/ini.h"
#include "aws/metadata.h"
#include "aws/session.h"
#include "aws/xml.h"
#include "record.h"

/* ---- ini ---- */

/* What is read of text: "[section]key=value|..." */
static void
expect_ini(const char *text, const char *wanted)
{
	struct aws_ini ini = { .text = span_of(text) };
	struct buf got = { 0 };

	buf_adds(&got, "");
	while (aws_ini_next(&ini)) {
		if (ini.key.len == 0)
			buf_addf(&got, "[%.*s]", (int)ini.section.len,
			    ini.section.at);
		else
			buf_addf(&got, "%.*s=%.*s|", (int)ini.key.len,
			    ini.key.at, (int)ini.value.len, ini.value.at);
	}
	assert_string_equal(got.at != NULL ? got.at : "", wanted);
	buf_release(&got);
}

static void
test_ini(void **state)
{
	(void)state;
	expect_ini("", "");
	expect_ini("[a]\nb=c\n", "[a]b=c|");
	expect_ini("[a]\r\nb = c d \r\n\r\nE:f=g", "[a]b=c d|E=f=g|");
	expect_ini("b=c\n[a]", "[a]");
	expect_ini("[profile \"x ]y\"] # why\nb=", "[profile \"x ]y\"]b=|");
	expect_ini("[a]\n# b=c\n ; d=e\nf=g ; h\n", "[a]f=g ; h|");
	expect_ini("[]\na=b\n[a\nc=d\n[x]\ne\n=f\n", "[x]");
}

static void
test_ini_indented(void **state)
{
	(void)state;
	expect_ini("[a]\ns3 =\n  b = c\n\td\n[x]\ne = f", "[a]s3=|[x]e=f|");
	expect_ini("[a]\n  b=c\n  d=e\n   f=g\n h=i", "[a]b=c|d=e|h=i|");
	expect_ini("[a]\nb=c\n [x]\nd=e", "[a]b=c|d=e|");
	expect_ini("[a]\nb=c\n\n  d=e\n", "[a]b=c|");
	expect_ini("  [a]\n b=c\n", "[a]b=c|");
}

/* ---- xml ---- */

static void
expect_xml(const char *text, const char *wanted)
{
	char *got = aws_xml_text(span_of(text), "Code");

	if (wanted == NULL)
		assert_null(got);
	else
		assert_string_equal(got, wanted);
	free(got);
}

static void
test_xml(void **state)
{
	(void)state;
	expect_xml("<E><Code>a</Code><Code>b</Code></E>", "a");
	expect_xml("<Codes>b</Codes><Code\n x='y'>a b</Code >", "a b");
	expect_xml("<Code/><Code></Code>", "");
	expect_xml("<Code>&lt;&amp;&gt;&quot;&apos;&#38;&x;&am</Code>",
	    "<&>\"'&#38;&x;&am");
	expect_xml("", NULL);
	expect_xml("{}", NULL);
	expect_xml("<Code", NULL);
	expect_xml("<Code>", NULL);
	expect_xml("<Code>a", NULL);
	expect_xml("<Code>a<", NULL);
	expect_xml("<Code>a</", NULL);
	expect_xml("<Code>a</Code", NULL);
	expect_xml("<Code>a</Codes>", NULL);
	expect_xml("<Code><a/></Code>", NULL);
}

/* ---- names ---- */

static void
expect_region(const char *arn, const char *wanted)
{
	char *got = aws_arn_region(arn);

	if (wanted == NULL)
		assert_null(got);
	else
		assert_string_equal(got, wanted);
	free(got);
}

static void
test_arn(void **state)
{
	(void)state;
	expect_region(
	    "arn:aws:secretsmanager:eu-west-1:1:secret:a-b1", "eu-west-1");
	expect_region(
	    "arn:aws-cn:secretsmanager:cn-north-1:1:secret:a", "cn-north-1");
	expect_region("dev/wandb", NULL);
	expect_region("arn:aws:secretsmanager", NULL);
	expect_region("arn:aws:secretsmanager::1:secret:a", NULL);
	expect_region("arn:aws:secretsmanager:a.b/c:1:secret:a", NULL);
}

/* The URL of these variables, or the code of the error. */
static void
expect_container(const char *relative, const char *full, const char *wanted)
{
	char *url;
	jv why;

	setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", relative, 1);
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", full, 1);
	why = aws_container_url(&url);
	if (!jv_is_valid(why))
		assert_string_equal(error_code(why), wanted);
	else if (wanted == NULL)
		assert_null(url);
	else
		assert_string_equal(url, wanted);
	jv_free(why);
	free(url);
}

static void
test_container(void **state)
{
	static const char *const near[] = { "http://localhost:8080/x",
		"http://127.9.9.9", "http://[::1]:80/?y",
		"HTTP://169.254.170.2/a", "http://169.254.170.23/v1",
		"http://[fd00:ec2::23]/v1", "https://example.com/x" };
	static const char *const far[] = { "http://example.com/x",
		"http://169.254.169.254/", "http://128.0.0.1/",
		"http://127.0.0.1@example.com/",
		"http://127.0.0.1\\@example.com/", "http://0x7f.1/",
		"http://[::2]/", "http://[fd00:ec2::254]/", "http://",
		"http://[", "ftp://localhost/", "localhost" };

	(void)state;
	expect_container("", "", NULL);
	expect_container("/v2/c/u", near[0], "http://169.254.170.2/v2/c/u");
	expect_container("@example.com/", "", "input");
	expect_container("x", near[0], "input");
	for (size_t i = 0; i < sizeof near / sizeof *near; i++)
		expect_container("", near[i], near[i]);
	for (size_t i = 0; i < sizeof far / sizeof *far; i++)
		expect_container("", far[i], "input");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ini),
		cmocka_unit_test(test_ini_indented),
		cmocka_unit_test(test_xml),
		cmocka_unit_test(test_arn),
		cmocka_unit_test(test_container),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
