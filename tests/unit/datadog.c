/* SPDX-License-Identifier: MIT */
/* datadog: names, tags, times and lines, at their limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <netdb.h>

#include "clock.h"
#include "metrics/datadog.h"
#include "metrics/statsd.h"
#include "record.h"

static struct datadog datadog;
static int lookups;

/* Names are looked up here, and are never found. */
int
getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
    struct addrinfo **list)
{
	(void)name;
	(void)service;
	(void)hints;
	*list = NULL;
	lookups++;
	return EAI_AGAIN;
}

/* The series of a record in JSON, as text; or its error's message. */
static char *
series_of(const char *text)
{
	static char shown[2000];
	jv rec = jv_parse(text), series, dump;

	assert_true(jv_is_valid(rec));
	series = datadog_series(&datadog, rec);
	jv_free(rec);
	if (!jv_is_valid(series)) {
		assert_string_equal(error_code(series), "input");
		(void)snprintf(
		    shown, sizeof shown, "%s", error_message(series));
		jv_free(series);
		return shown;
	}
	dump = jv_dump_string(series, 0);
	(void)snprintf(shown, sizeof shown, "%s", jv_string_value(dump));
	jv_free(dump);
	return shown;
}

#define AT "\"at\":\"1970-01-01T00:00:01.9Z\""

static void
test_series(void **state)
{
	static const char *const cases[][2] = {
		{ "{\"metric\":\"a\",\"value\":0.1," AT "}",
		    "{\"metric\":\"a\",\"type\":3,\"points\":[{\"timestamp\":"
		    "1,\"value\":0.1}],\"tags\":[]}" },
		{ "{\"metric\":\"A.b-c/d\",\"value\":-0,\"unit\":\"run\"," AT
		  ",\"type\":\"rate\",\"interval_seconds\":10}",
		    "{\"metric\":\"A.b_c_d\",\"type\":2,\"interval\":10,"
		    "\"points\":[{\"timestamp\":1,\"value\":-0}],\"tags\":[],"
		    "\"unit\":\"run\"}" },
		{ "{\"metric\":\"a\",\"value\":null}", "null" },
		{ "{\"metric\":\"\",\"value\":1," AT "}",
		    "a metric's name begins with a letter" },
		{ "{\"metric\":\"é\",\"value\":1," AT "}",
		    "a metric's name begins with a letter" },
		{ "{\"metric\":\"a\",\"value\":1}", "\"at\" is no time" },
		{ "{\"metric\":\"a\",\"value\":1,\"at\":5}",
		    "\"at\" is no time" },
		{ "{\"metric\":\"a\",\"value\":[1]," AT "}",
		    "the value is no finite number" },
		{ "{\"metric\":\"a\",\"value\":1,\"type\":3," AT "}",
		    "a metric's type is gauge, count or rate" },
		{ "{\"metric\":\"a\",\"value\":1,\"tags\":\"a:b\"," AT "}",
		    "tags are an object of strings, or a list of "
		    "\"key:value\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(series_of(cases[i][0]), cases[i][1]);
}

static void
test_tags(void **state)
{
	static const char *const cases[][2] = {
		{ "env:Prod", "env:prod" },
		{ "12_a:b", "a:b" },
		{ "a b,c|d#e\n", "a_b_c_d_e" },
		{ "a:", "a" },
		{ "a:_:", "a" },
		{ "a:/x/y-z.0", "a:/x/y-z.0" },
		{ "größe:Ä", "größe:Ä" },
		{ "", "" },
		{ "1:2", "" },
	};
	char want[1000] = "", tag[sizeof want + 3];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		jv legal = datadog_tag(cases[i][0]);

		assert_string_equal(jv_string_value(legal), cases[i][1]);
		jv_free(legal);
	}
	/* 200 characters, of which none is cut into. */
	for (size_t at = 0; at < 400; at += 2)
		memcpy(want + at, "é", 3);
	(void)snprintf(tag, sizeof tag, "%sxyz", want);
	assert_true(jv_equal(datadog_tag(tag), jv_string(want)));
}

static jv
at_age(double age)
{
	char text[CLOCK_TEXT];
	jv rec = record_set_str(jv_object(), "metric", "a"), series;

	rec = record_set_number(rec, "value", 1);
	rec = record_set_str(rec, "at", clock_format(clock_now() - age, text));
	series = datadog_series(&datadog, rec);
	jv_free(rec);
	return series;
}

static void
test_times(void **state)
{
	static const double ages[] = { 3590, 0, -590, 3610, -620 };

	(void)state;
	for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
		jv series = at_age(ages[i]);
		jv why = datadog_check_time(series);

		assert_int_equal(jv_is_valid(why), i < 3);
		jv_free(why);
		jv_free(series);
	}
}

/* A datagram has 1432 bytes on a network, and 8192 on this machine. */
static void
test_lines(void **state)
{
	static const char *const addresses[] = { "h", "unix:///s" };
	static const size_t most[] = { 1432, 8192 };
	static const char format[] = "{\"metric\":\"m\",\"type\":3,\"points\":["
				     "{\"timestamp\":1,\"value\":1}],"
				     "\"tags\":[\"%.*s\"]}";
	static char tags[10000], text[10200];

	(void)state;
	memset(tags, 'x', sizeof tags - 1);
	for (size_t i = 0; i < 2; i++) {
		struct statsd *statsd = statsd_open(addresses[i]);

		for (size_t over = 0; over < 2; over++) {
			size_t len = most[i] - strlen("m:1|g|#|T1") + over;
			jv series, line;

			(void)snprintf(
			    text, sizeof text, format, (int)len, tags);
			series = jv_parse(text);
			line = statsd_line(statsd, series);
			assert_int_equal(jv_is_valid(line), over == 0);
			if (over == 0)
				assert_int_equal(
				    jv_string_length_bytes(jv_copy(line)),
				    most[i]);
			jv_free(line);
			jv_free(series);
		}
		statsd_close(statsd);
	}
}

/* Each look-up may take as long as a resolver is patient. */
static void
test_no_name(void **state)
{
	struct statsd *statsd = statsd_open("agent.invalid:8125");
	struct deadline end = deadline_in(60);
	struct outbox_item items[9];
	static char line[1000];

	(void)state;
	memset(line, 'x', sizeof line - 1);
	for (size_t i = 0; i < 9; i++)
		items[i] = (struct outbox_item){ .text = line,
			.len = sizeof line - 1,
			.verdict = jv_null() };
	statsd_send(statsd, items, 9, &end);
	assert_int_equal(lookups, 2); /* one a family */
	for (size_t i = 0; i < 9; i++) {
		assert_string_equal(
		    error_code(items[i].verdict), "unavailable");
		jv_free(items[i].verdict);
	}
	statsd_close(statsd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_series),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_no_name),
	};
	static const char *const ours[] = { "DD_ENV", "DD_SERVICE",
		"DD_VERSION", "DD_TAGS", "DD_HOSTNAME" };
	int failures;

	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		assert_return_code(unsetenv(ours[i]), 0);
	datadog_init(&datadog, jv_array());
	failures = cmocka_run_group_tests(tests, NULL, NULL);
	datadog_release(&datadog);
	return failures;
}
