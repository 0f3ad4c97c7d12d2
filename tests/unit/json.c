/* SPDX-License-Identifier: MIT */
/*
 * json: what is accepted and what is not, in the manner of JSONTestSuite, and
 * that every span is what it should be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "json.h"

/* A literal that may hold NULs. */
#define TEXT(literal)                        \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

static const struct span accepted[] = {
	TEXT("null"),
	TEXT("true"),
	TEXT("false"),
	TEXT("0"),
	TEXT("-0"),
	TEXT("-0.0"),
	TEXT("10"),
	TEXT("1.5"),
	TEXT("1e5"),
	TEXT("1E+5"),
	TEXT("1e-007"),
	TEXT("0e1"),
	TEXT("0.000000"),
	TEXT("1e1000"),
	TEXT("123456789012345678901234567890"),
	TEXT("\"\""),
	TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
	TEXT("\"\\u0000\""),
	TEXT("\"\\uD83D\\uDE00\""),
	TEXT("\"\\uffff\""),
	TEXT("\"\x7f\""),
	TEXT("\"\xc2\x80\""),
	TEXT("\"\xe0\xa0\x80\""),
	TEXT("\"\xed\x9f\xbf\xee\x80\x80\""),
	TEXT("\"\xf0\x90\x80\x80\""),
	TEXT("\"\xf4\x8f\xbf\xbf\""),
	TEXT("\"\xe2\x80\xa8\""),
	TEXT("[]"),
	TEXT("{}"),
	TEXT(" [ ] "),
	TEXT("\t{\n}\r"),
	TEXT("[[],{}]"),
	TEXT("[1,\"a\",null,true,[false],{\"b\":{}}]"),
	TEXT("{\"\":0}"),
	TEXT("{ \"a\" : 1 , \"b\" : [ 2 ] }"),
	TEXT("{\"a\":1,\"a\":2}"),
	TEXT("\"0123456789abcdef0123456789abcde\xc3\xa9"
	     "0123456789abcdef\""),
};

static const struct span refused[] = {
	TEXT(""),
	TEXT(" "),
	TEXT("nul"),
	TEXT("True"),
	TEXT("nulll"),
	TEXT("truefalse"),
	TEXT("01"),
	TEXT("-01"),
	TEXT("00"),
	TEXT("+1"),
	TEXT("-"),
	TEXT("--1"),
	TEXT(".5"),
	TEXT("5."),
	TEXT("5.e1"),
	TEXT("1e"),
	TEXT("1e+"),
	TEXT("1.5.5"),
	TEXT("0x10"),
	TEXT("1_000"),
	TEXT("1 2"),
	TEXT("1a"),
	TEXT("\xef\xbc\x91"),
	TEXT("inf"),
	TEXT("nan"),
	TEXT("-nan"),
	TEXT("infinity"),
	TEXT("-NaN"),
	TEXT("+Infinity"),
	TEXT("Infinit"),
	TEXT("-Inf"),
	TEXT("\""),
	TEXT("\"a"),
	TEXT("'a'"),
	TEXT("a"),
	TEXT("\"\\\""),
	TEXT("\"\\"),
	TEXT("\"\\a\""),
	TEXT("\"\\x41\""),
	TEXT("\"\\'\""),
	TEXT("\"\\\0\""),
	TEXT("\"\\u123\""),
	TEXT("\"\\u12g4\""),
	TEXT("\"\\U1234\""),
	TEXT("\"\\ud83d\\u\""),
	TEXT("\"\n\""),
	TEXT("\"\t\""),
	TEXT("\"\0\""),
	TEXT("\"\x1f\""),
	TEXT("\"\x80\""),
	TEXT("\"\xbf\""),
	TEXT("\"\xc0\x80\""),
	TEXT("\"\xc1\xbf\""),
	TEXT("\"\xc2\""),
	TEXT("\"\xc3(\""),
	TEXT("\"\xe0\x9f\xbf\""),
	TEXT("\"\xe2\x82\""),
	TEXT("\"\xed\xa0\x80\""),
	TEXT("\"\xed\xbf\xbf\""),
	TEXT("\"\xf0\x8f\xbf\xbf\""),
	TEXT("\"\xf0\x9f\x98\""),
	TEXT("\"\xf4\x90\x80\x80\""),
	TEXT("\"\xf5\x80\x80\x80\""),
	TEXT("\"\xff\""),
	TEXT("\xef\xbb\xbf{}"),
	TEXT("["),
	TEXT("]"),
	TEXT("[1"),
	TEXT("[1,"),
	TEXT("[1,]"),
	TEXT("[,1]"),
	TEXT("[1,,2]"),
	TEXT("[1 2]"),
	TEXT("[1}"),
	TEXT("[]]"),
	TEXT("[]{}"),
	TEXT("[a]"),
	TEXT("[\"a\":1]"),
	TEXT("{"),
	TEXT("}"),
	TEXT("{]"),
	TEXT("{\"a\""),
	TEXT("{\"a\":"),
	TEXT("{\"a\":1"),
	TEXT("{\"a\":1,"),
	TEXT("{\"a\":1,}"),
	TEXT("{,\"a\":1}"),
	TEXT("{\"a\",1}"),
	TEXT("{\"a\" 1}"),
	TEXT("{a:1}"),
	TEXT("{1:1}"),
	TEXT("{null:1}"),
	TEXT("{\"a\":1]"),
	TEXT("{\"a\":1}}"),
	TEXT("{\"a\":1} x"),
	TEXT("{\"a\":1 \"b\":2}"),
	TEXT("{\"a\"::1}"),
	TEXT("{\"a\":}"),
	TEXT("[1]\0"),
	TEXT("\0"),
	TEXT("[1\f]"),
	TEXT("[1\xc2\xa0]"),
	TEXT("/**/1"),
	TEXT("1//"),
	TEXT("[1]#"),
};

static const struct span words[] = {
	TEXT("\"\\ud800\""),
	TEXT("\"\\udc00\""),
	TEXT("\"\\ud800\\ud800\""),
	TEXT("\"\\ud800x\""),
	TEXT("\"\\ud800\\n\""),
	TEXT("[\"\\udfff\\udbff\",{\"\\udcff\":0}]"),
	TEXT("NaN"),
	TEXT("Infinity"),
	TEXT("-Infinity"),
	TEXT("[NaN]"),
	TEXT("{\"a\":[-Infinity,Infinity]}"),
};

/* Whether json_value() and json_walk() take it; they must agree. */
static bool
takes(struct span text, int flags)
{
	struct json_value value;
	struct json_fault fault;
	struct json_member member;
	struct json_walk walk;
	/* Of its very size, so that a sanitizer sees a step too far. */
	char *copy = malloc(text.len > 0 ? text.len : 1);
	bool good;

	assert_non_null(copy);
	memcpy(copy, text.at, text.len);
	text.at = copy;
	good = json_value(text, flags, &value, &fault);
	assert_int_equal(good, fault.why == NULL);
	assert_true(fault.at <= text.len);
	json_walk(&walk, text, flags);
	while (json_next(&walk, &member))
		assert_true(member.value.text.len > 0);
	if (good && value.type < JSON_ARRAY)
		assert_string_equal(walk.fault.why, "no object");
	else
		assert_int_equal(good, walk.fault.why == NULL);
	free(copy);
	return good;
}

static void
grammar(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(accepted) / sizeof(*accepted); i++)
		for (int flags = 0; flags <= JSON_WORDS; flags++)
			if (!takes(accepted[i], flags))
				fail_msg("refused: %.*s", (int)accepted[i].len,
				    accepted[i].at);
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		for (int flags = 0; flags <= JSON_WORDS; flags++)
			if (takes(refused[i], flags))
				fail_msg("accepted: %.*s", (int)refused[i].len,
				    refused[i].at);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		assert_false(takes(words[i], 0));
		assert_true(takes(words[i], JSON_WORDS));
	}
}

/* The first of that name, as it is written, and nothing that is no object. */
static void
finding(void **state)
{
	struct span text = TEXT("{\"aa\":0,\"a\":{\"b\":1},\"a\":2,"
				"\"\\u0063\":3,\"n\":NaN}");
	struct json_value value;

	(void)state;
	assert_true(json_find(text, 0, "a", &value));
	assert_true(span_is(value.text, "{\"b\":1}"));
	assert_int_equal(value.type, JSON_OBJECT);
	assert_false(json_find(text, 0, "b", &value));
	assert_false(json_find(text, 0, "c", &value));
	assert_false(json_find(text, 0, "n", &value));
	assert_true(json_find(text, JSON_WORDS, "n", &value));
	assert_false(json_find(value.text, 0, "n", &value));
}

/* Every prefix of a value but the whole is refused. */
static void
prefixes(void **state)
{
	struct span text = TEXT(
	    "{\"a\":[1,-2.5e-3,true,null],\"\\ud83d\\ude00"
	    "\":{\"b\":\"\xe6\xbc\xa2 and so on, for more than 16 bytes\"}}");

	(void)state;
	for (size_t len = 0; len < text.len; len++)
		assert_false(takes((struct span){ text.at, len }, 0));
	assert_true(takes(text, 0));
}

static void
depth(void **state)
{
	struct json_value value;
	struct json_fault fault;
	struct json_member member;
	struct json_walk walk;
	char text[2 * JSON_DEPTH + 2];

	(void)state;
	memset(text, '[', sizeof(text) / 2);
	memset(text + sizeof(text) / 2, ']', sizeof(text) / 2);
	assert_true(takes((struct span){ text + 1, 2 * JSON_DEPTH }, 0));
	assert_false(
	    json_value((struct span){ text, sizeof(text) }, 0, &value, &fault));
	assert_string_equal(fault.why, "nested too deeply");
	assert_int_equal(fault.at, JSON_DEPTH);
	json_walk(&walk, (struct span){ text, sizeof(text) }, 0);
	assert_false(json_next(&walk, &member));
	assert_string_equal(walk.fault.why, "nested too deeply");
}

static void
spans(void **state)
{
	struct span text =
	    TEXT(" { \"n\" : 9007199254740993 ,\"s\":\"a\\nb\","
		 "\"o\":{\"x\": [1, 2]},\"\\u006b\":1e-7,\"w\":NaN}\n");
	static const struct {
		const char *key, *value;
		enum json_type type;
		bool key_escaped, escaped;
	} wanted[] = {
		{ "n", "9007199254740993", JSON_NUMBER, false, false },
		{ "s", "\"a\\nb\"", JSON_STRING, false, true },
		{ "o", "{\"x\": [1, 2]}", JSON_OBJECT, false, false },
		{ "\\u006b", "1e-7", JSON_NUMBER, true, false },
		{ "w", "NaN", JSON_WORD, false, false },
	};
	struct json_member member;
	struct json_walk walk;
	size_t count = 0;

	(void)state;
	json_walk(&walk, text, JSON_WORDS);
	while (json_next(&walk, &member)) {
		assert_true(span_is(member.key, wanted[count].key));
		assert_true(span_is(member.value.text, wanted[count].value));
		assert_int_equal(member.value.type, wanted[count].type);
		assert_int_equal(member.key_escaped, wanted[count].key_escaped);
		assert_int_equal(member.value.escaped, wanted[count].escaped);
		count++;
	}
	assert_null(walk.fault.why);
	assert_int_equal(count, 5);
	assert_false(json_next(&walk, &member));
}

static void
places(void **state)
{
	struct json_value value;
	struct json_fault fault;

	(void)state;
	assert_true(json_value(span_of(" [1, 2] "), 0, &value, &fault));
	assert_true(span_is(value.text, "[1, 2]"));
	assert_false(json_value(span_of("[1, 02]"), 0, &value, &fault));
	assert_int_equal(fault.at, 5);
	assert_false(json_value(span_of("\"abc\ndef\""), 0, &value, &fault));
	assert_int_equal(fault.at, 4);
	assert_string_equal(fault.why, "a control character in a string");
	assert_false(json_value(span_of("{} {}"), 0, &value, &fault));
	assert_int_equal(fault.at, 3);
}

/* {"k0":0,"k1":1,...}, and tail behind it. */
static char *
many(int count, const char *tail)
{
	struct buf text = { 0 };

	for (int i = 0; i < count; i++)
		buf_addf(&text, "%c\"k%d\":%d", i == 0 ? '{' : ',', i, i);
	buf_adds(&text, tail);
	buf_addc(&text, '}');
	return buf_take(&text);
}

static void
members(void **state)
{
	static const int counts[] = { 2, 16, 17, 1000 };
	struct json_members got = { 0 };
	struct json_fault fault;

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		char *good = many(counts[i], ",\"\\u006bx\":true");
		char *twice = many(counts[i], ",\"\\u006b1\":0");

		assert_true(json_members(span_of(good), 0, &got, &fault));
		assert_null(fault.why);
		assert_int_equal(got.count, counts[i] + 1);
		assert_true(span_is(json_member(&got, "k1")->value.text, "1"));
		assert_int_equal(
		    json_member(&got, "kx")->value.type, JSON_TRUE);
		assert_null(json_member(&got, "k"));
		assert_null(json_member(&got, "k1x"));
		assert_null(json_member(&got, ""));
		assert_false(json_members(span_of(twice), 0, &got, &fault));
		assert_string_equal(fault.why, "a key that was there before");
		assert_int_equal(fault.at, strlen(twice) - 11);
		free(good);
		free(twice);
	}
	/* What a name holds is no escape. */
	assert_true(json_members(
	    span_of("{\"a\\\\n\":1,\"a\\n\":2}"), 0, &got, &fault));
	assert_ptr_equal(json_member(&got, "a\\n"), &got.at[0]);
	assert_ptr_equal(json_member(&got, "a\n"), &got.at[1]);
	assert_true(json_members(span_of("{}"), 0, &got, &fault));
	assert_null(json_member(&got, "k1"));
	assert_false(json_members(span_of(" [1]"), 0, &got, &fault));
	assert_int_equal(fault.at, 1);
	assert_false(json_members(span_of("1"), 0, &got, &fault));
	assert_false(json_members(span_of("{\"a\":1,}"), 0, &got, &fault));
	json_members_release(&got);
}

static void
decoding(void **state)
{
	struct span text =
	    TEXT("a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac"
		 "\\uD83D\\uDE00\\u0000z\\ud800\\u0041\\udc00\\ud800"
		 "\\ud83d\\ude00\\udbff");
	struct span wanted = TEXT("a\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac"
				  "\xf0\x9f\x98\x80\0z\xef\xbf\xbd"
				  "A\xef\xbf\xbd"
				  "\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd");
	struct buf out = { 0 };

	(void)state;
	json_decode(&out, text);
	assert_int_equal(out.len, wanted.len);
	assert_memory_equal(out.at, wanted.at, wanted.len);
	buf_clear(&out);
	json_decode(&out, (struct span){ 0 });
	assert_int_equal(out.len, 0);
	buf_release(&out);
}

static void
strict(void **state)
{
	struct span loose = TEXT("{\"N\":[NaN,-Infinity,null,Infinity,-1E5],"
				 "\"\\udc00\":\"\\ud800\\\"NaN\\\\ud800"
				 "\\ud83d\\ude00\\udbff\"}");
	struct json_value value;
	struct json_fault fault;
	struct buf out = { 0 };

	(void)state;
	json_strict(&out, loose);
	buf_addc(&out, '\0');
	assert_string_equal(out.at,
	    "{\"N\":[\"NaN\",\"-Infinity\",null,\"Infinity\",-1E5],"
	    "\"\\ufffd\":\"\\ufffd\\\"NaN\\\\ud800\\ud83d\\ude00\\ufffd\"}");
	assert_true(json_value(span_of(out.at), 0, &value, &fault));
	buf_clear(&out);
	json_strict(&out, span_of("1"));
	assert_int_equal(out.len, 1);
	buf_release(&out);
}

static void
quotes(struct span bytes, const char *wanted)
{
	struct json_value value;
	struct json_fault fault;
	struct buf out = { 0 };

	json_quote(&out, bytes);
	assert_string_equal(out.at, wanted);
	assert_true(
	    json_value((struct span){ out.at, out.len }, 0, &value, &fault));
	buf_release(&out);
}

static void
quoting(void **state)
{
	(void)state;
	quotes((struct span){ 0 }, "\"\"");
	quotes(span_of("a\"b\\c/\n\x01\x7f\xc3\xa9"),
	    "\"a\\\"b\\\\c/\\n\\u0001\x7f\xc3\xa9\"");
	quotes((struct span)TEXT("\0\b\f\r\t\x1f"),
	    "\"\\u0000\\b\\f\\r\\t\\u001f\"");
	/* The example of Unicode 15, 3.9, table 3-8 and those about it. */
	quotes((struct span)TEXT("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41"),
	    "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
	    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\x41\"");
	quotes((struct span)TEXT("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"),
	    "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\x41\"");
}

static void
numbers(void **state)
{
	static const struct {
		double number;
		const char *text;
	} wanted[] = {
		{ 0, "0" },
		{ -0.0, "-0" },
		{ 1, "1" },
		{ 0.1, "0.1" },
		{ 0.1 + 0.2, "0.30000000000000004" },
		{ 1e22, "1e+22" },
		{ 5e-324, "4.94065645841247e-324" },
		{ 1.0 / 3, "0.3333333333333333" },
		{ 1.7976931348623157e308, "1.7976931348623157e+308" },
		{ 9007199254740993.0, "9007199254740992" },
		{ NAN, "NaN" },
		{ INFINITY, "Infinity" },
		{ -INFINITY, "-Infinity" },
	};
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		buf_clear(&out);
		json_number(&out, wanted[i].number);
		assert_string_equal(out.at, wanted[i].text);
	}
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grammar),
		cmocka_unit_test(finding),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(depth),
		cmocka_unit_test(spans),
		cmocka_unit_test(places),
		cmocka_unit_test(members),
		cmocka_unit_test(decoding),
		cmocka_unit_test(strict),
		cmocka_unit_test(quoting),
		cmocka_unit_test(numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
