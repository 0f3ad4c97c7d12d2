/* SPDX-License-Identifier: MIT */
/* runconfig, metrics, environment, yaml: the config of a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wandb/message.h"
#include "wandb/environment.h"
#include "wandb/metrics.h"
#include "wandb/runconfig.h"
#include "wandb/yaml.h"

static struct runconfig *config;

static int
begin(void **state)
{
	(void)state;
	config = runconfig_new();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	runconfig_free(config);
	return 0;
}

static void
assert_config(const char *json)
{
	struct buf out = { 0 };

	runconfig_json(config, &out);
	assert_string_equal(out.at, json);
	buf_release(&out);
}

/* Gives a message, which is freed, to one of runconfig's functions. */
static bool
give(bool (*take)(struct runconfig *, struct span), struct buf *message)
{
	bool good = take(config, message_span(message));

	buf_release(message);
	return good;
}

#define NOTHING "\"_wandb\":{\"value\":{\"t\":{},\"m\":[]}}"

/* Upstream's TestConfigUpdate, TestConfigRemove. */
static void
test_change(void **state)
{
	static const char *const bc[] = { "b", "c", NULL };
	static const char *const bd[] = { "b", "d", NULL };
	struct buf m = { 0 };

	(void)state;
	message_item(&m, 1, "lr", "0.10");
	message_item(&m, 1, "b", "{\"c\":{\"x\":1},\"e\":{},\"d\":[1,{}]}");
	message_item(&m, 1, "_wandb", "{}");
	message_item(&m, 1, "none", "{\"a\":{}}");
	message_item(&m, 1, "", "\"\\u00e9\"");
	assert_true(give(runconfig_change, &m));
	assert_config("{\"lr\":{\"value\":0.10},"
		      "\"b\":{\"value\":{\"c\":{\"x\":1},\"d\":[1,{}]}},"
		      "\"\":{\"value\":\"\\u00e9\"}," NOTHING "}");
	message_item(&m, 1, "b", "{\"c\":{\"y\":2}}");
	message_nested(&m, 1, bc, "{\"z\":3}");
	message_item(&m, 1, "lr", "bad");
	message_item(&m, 2, "", "");
	message_nested(&m, 2, bd, "");
	assert_false(give(runconfig_change, &m));
	assert_config(
	    "{\"lr\":{\"value\":0.10},"
	    "\"b\":{\"value\":{\"c\":{\"x\":1,\"y\":2,\"z\":3}}}," NOTHING "}");
	message_nested(&m, 2, bc, "");
	message_item(&m, 1, "lr", "5");
	assert_true(give(runconfig_change, &m));
	assert_config("{\"lr\":{\"value\":5}," NOTHING "}");
	message_text(&m, 1, "\x0a\x7f");
	assert_false(give(runconfig_change, &m));
}

/* A config is strict JSON. */
static void
test_words(void **state)
{
	struct buf m = { 0 }, out = { 0 };

	(void)state;
	message_item(&m, 1, "NaN", "[NaN,-Infinity,\"NaN \\\" Infinity\"]");
	message_item(&m, 1, "i", "Infinity");
	message_item(&m, 1, "n", "-1");
	assert_true(give(runconfig_change, &m));
	assert_config("{\"NaN\":{\"value\":[\"NaN\",\"-Infinity\","
		      "\"NaN \\\" Infinity\"]},\"i\":{\"value\":\"Infinity\"},"
		      "\"n\":{\"value\":-1}," NOTHING "}");
	runconfig_yaml(config, &out);
	assert_string_equal(out.at,
	    "\"NaN\":\n    value:\n        - \"NaN\"\n        - \"-Infinity\"\n"
	    "        - \"NaN \\\" Infinity\"\n"
	    "_wandb:\n    value:\n        m: []\n        t: {}\n"
	    "i:\n    value: Infinity\n"
	    "\"n\":\n    value: -1\n");
	buf_release(&out);
}

static void
test_inherit(void **state)
{
	struct buf m = { 0 };

	(void)state;
	message_item(&m, 1, "lr", "1");
	message_item(&m, 1, "_wandb", "{\"viz\":{\"b\":1},\"code\":\"x\"}");
	assert_true(give(runconfig_change, &m));
	runconfig_inherit(config,
	    span_of("{\"lr\":{\"value\":2},\"old\\n\":{\"value\":{\"a\":NaN}},"
		    "\"odd\":3,\"empty\":{\"value\":{}},\"desc\":{\"desc\":0},"
		    "\"_wandb\":{\"value\":{\"t\":{\"1\":[9]},\"code\":\"y\","
		    "\"viz\":{\"b\":2,\"c\":{\"d\":3}},\"visualize\":1,"
		    "\"mask/class_labels\":{\"m\":[]}}}}"));
	assert_config(
	    "{\"lr\":{\"value\":1},"
	    "\"_wandb\":{\"value\":{\"viz\":{\"b\":1,\"c\":{\"d\":3}},"
	    "\"code\":\"x\",\"mask/class_labels\":{\"m\":[]},"
	    "\"t\":{},\"m\":[]}},"
	    "\"old\\n\":{\"value\":{\"a\":\"NaN\"}}}");
}

static void
test_inherit_all(void **state)
{
	(void)state;
	runconfig_inherit(config, span_of("no JSON"));
	runconfig_inherit(config, span_of("[]"));
	runconfig_inherit(config,
	    span_of("{\"_wandb\":{\"value\":{\"t\":{\"1\":[9]},\"m\":[1],"
		    "\"cli_version\":\"0.1\",\"k\":1}}}"));
	assert_config("{\"_wandb\":{\"value\":{\"t\":{},\"m\":[],"
		      "\"cli_version\":\"0.1\",\"k\":1}}}");
}

static void
test_telemetry(void **state)
{
	struct buf m = { 0 }, list = { 0 };

	(void)state;
	message_int(&list, 4, 1);
	message_int(&list, 5, 0);
	message_sub(&m, 3, &list);
	message_text(&m, 4, "3.11");
	message_text(&m, 5, "0.31");
	message_text(&m, 6, "");
	message_text(&list, 1, "code \"c\"");
	message_int(&list, 2, 1);
	message_sub(&m, 9, &list);
	message_int(&m, 14, 1);
	message_int(&list, 1, 7); /* only the stream's id */
	message_sub(&m, 200, &list);
	assert_true(give(runconfig_telemetry, &m));
	message_int(&list, 16, 1);
	message_int(&list, 4, 1);
	message_sub(&m, 3, &list);
	message_int(&list, 2, 1);
	message_sub(&m, 8, &list);
	message_text(&m, 4, "3.12");
	message_int(&list, 3, 1);
	message_sub(&m, 77, &list); /* what a later version may add */
	message_text(&m, 78, "linux");
	assert_true(give(runconfig_telemetry, &m));
	runconfig_feature(config, 76);
	runconfig_feature(config, 76);
	runconfig_core_version(config, "0.1.0");
	assert_config("{\"_wandb\":{\"value\":{\"cli_version\":\"0.31\","
		      "\"python_version\":\"3.12\","
		      "\"t\":{\"3\":[4,16,76],\"4\":\"3.12\",\"5\":\"0.31\","
		      "\"9\":{\"1\":\"code \\\"c\\\"\"},\"8\":[2],\"77\":[3],"
		      "\"78\":\"linux\",\"12\":\"0.1.0\"},\"m\":[]}}}");
	message_text(&m, 4, "3.13");
	buf_addc(&m, '\x80');
	assert_false(give(runconfig_telemetry, &m));
}

/* The fields of a MetricRecord: options and summary are lists of numbers. */
struct metric {
	const char *name, *glob, *step;
	int options[4], summary[8];
	int goal;
	bool overwrite, expanded;
};

static bool
define(struct metrics *metrics, const struct metric *metric)
{
	struct buf m = { 0 }, part = { 0 };
	const int *field;
	bool good;

	if (metric->name)
		message_text(&m, 1, metric->name);
	if (metric->glob)
		message_text(&m, 2, metric->glob);
	if (metric->step)
		message_text(&m, 4, metric->step);
	for (field = metric->options; *field; field++)
		message_int(&part, (uint32_t)*field, 1);
	message_sub(&m, 6, &part);
	for (field = metric->summary; *field; field++)
		message_int(&part, (uint32_t)*field, 1);
	if (part.len > 0)
		message_sub(&m, 7, &part);
	message_int(&m, 8, (uint64_t)metric->goal);
	if (metric->overwrite) {
		message_int(&part, 1, 1);
		message_sub(&m, 9, &part);
	}
	message_int(&m, 10, metric->expanded);
	good = metrics_define(metrics, message_span(&m));
	buf_release(&m);
	return good;
}

static void
assert_metrics(struct metrics *metrics, const char *json)
{
	struct buf out = { 0 };

	metrics_json(metrics, &out);
	assert_string_equal(out.at, json);
	buf_release(&out);
}

static void
test_metrics(void **state)
{
	static const struct metric records[] = {
		{ .name = "acc",
		    .step = "epoch",
		    .options = { 1, 3 },
		    .summary = { 2, 4, 7 },
		    .goal = 2 },
		{ .name = "test\\this\\.that",
		    .options = { 3 },
		    .summary = { 1 } },
		{ .name = "lr", .step = "acc", .options = { 2 } },
		{ .name = "self", .step = "self", .summary = { 6 } },
		/* These add: an option is not taken back, none is. */
		{ .name = "lr", .summary = { 6 } },
		{ .name = "lr",
		    .step = "test\\this\\.that",
		    .summary = { 8, 1 },
		    .goal = 1 },
		{ .name = "gone",
		    .step = "x",
		    .options = { 2 },
		    .summary = { 1 },
		    .goal = 1 },
		{ .name = "gone", .summary = { 3, 5 }, .overwrite = true },
		{ .step = "only a step" },
		{ .name = "lr", .goal = 7 },
	};
	struct metrics *metrics = metrics_new();
	size_t i;

	(void)state;
	assert_metrics(metrics, "[]");
	for (i = 0; i < sizeof(records) / sizeof(*records); i++)
		assert_true(define(metrics, &records[i]));
	assert_false(define(metrics, &(struct metric){ 0 }));
	assert_false(metrics_define(metrics, span_of("\x0a")));
	assert_metrics(metrics,
	    "[{\"1\":\"acc\",\"5\":2,\"6\":[1,3],\"7\":[2],\"8\":2},"
	    "{\"1\":\"epoch\",\"6\":[],\"7\":[]},"
	    "{\"1\":\"test\\\\this\\\\.that\",\"6\":[3],\"7\":[1]},"
	    "{\"1\":\"lr\",\"5\":3,\"6\":[2,3],\"7\":[1,8],\"8\":1},"
	    "{\"1\":\"self\",\"5\":5,\"6\":[3],\"7\":[6]},"
	    "{\"1\":\"gone\",\"6\":[3],\"7\":[3,5]}]");
	metrics_free(metrics);
}

static void
test_globs(void **state)
{
	static const struct metric records[] = {
		{ .glob = "val/*",
		    .step = "epoch",
		    .options = { 1 },
		    .summary = { 2 } },
		{ .name = "val/loss",
		    .step = "epoch",
		    .options = { 1 },
		    .summary = { 2 },
		    .overwrite = true,
		    .expanded = true },
		{ .name = "own", .options = { 3 } },
		{ .glob = "own", .options = { 2 } },
	};
	struct metrics *metrics = metrics_new();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(records) / sizeof(*records); i++)
		assert_true(define(metrics, &records[i]));
	assert_metrics(metrics,
	    "[{\"1\":\"own\",\"6\":[3],\"7\":[]},"
	    "{\"2\":\"val/*\",\"5\":3,\"6\":[1],\"7\":[2]},"
	    "{\"1\":\"epoch\",\"6\":[],\"7\":[]}]");
	metrics_free(metrics);
}

static void
add_disk(struct buf *out, const char *path, uint64_t total)
{
	struct buf entry = { 0 }, disk = { 0 };

	message_int(&disk, 1, total);
	message_text(&entry, 1, path);
	message_sub(&entry, 2, &disk);
	message_sub(out, 20, &entry);
}

static void
add_first_record(struct buf *m)
{
	struct buf part = { 0 };

	message_text(m, 1, "Linux \"6\"");
	message_int(&part, 1, 1795236012);
	message_int(&part, 2, 172000000);
	message_sub(m, 3, &part);
	message_text(m, 5, "--lr");
	message_text(m, 5, "");
	message_int(m, 16, 2);
	add_disk(m, "/", UINT64_C(18446744073709551615));
	add_disk(m, "/x", 1);
	message_int(&part, 3, 5120);
	message_text(&part, 1, "T4");
	message_int(&part, 7, 0);
	message_sub(m, 24, &part);
	message_int(&part, 1, 0);
	message_sub(m, 21, &part);
	message_text(m, 198, "unknown");
	message_int(m, 1, 3); /* of another type */
}

static void
add_second_record(struct buf *m)
{
	struct buf part = { 0 };

	message_text(m, 1, "Linux");
	message_text(m, 5, "0.1");
	add_disk(m, "/", 7);
	message_text(&part, 1, "L4");
	message_sub(m, 24, &part);
	message_int(&part, 1, 9);
	message_sub(m, 21, &part);
	message_text(&part, 1, "JOB");
	message_text(&part, 2, "17");
	message_sub(m, 27, &part);
	message_text(m, 199, "writer");
}

#define ENVIRONMENT                                                            \
	"{\"os\":\"Linux\",\"startedAt\":\"2026-11-21T04:40:12.172Z\","        \
	"\"args\":[\"--lr\",\"\",\"0.1\"],\"cpu_count\":2,"                    \
	"\"disk\":{\"/\":{\"total\":\"7\"},\"/x\":{\"total\":\"1\"}},"         \
	"\"memory\":{\"total\":\"9\"},"                                        \
	"\"gpu_nvidia\":[{\"name\":\"T4\",\"cudaCores\":5120,\"numaNode\":0}," \
	"{\"name\":\"L4\"}],\"slurm\":{\"JOB\":\"17\"},"                       \
	"\"writerId\":\"writer\"}"

static void
test_environment(void **state)
{
	struct buf m = { 0 }, out = { 0 };

	(void)state;
	assert_false(runconfig_metadata(config, &out));
	runconfig_run_id(config, span_of("run\"1"));
	message_int(&m, 16, 0);
	assert_true(give(runconfig_environment, &m)); /* says nothing */
	assert_false(runconfig_metadata(config, &out));
	assert_config("{" NOTHING "}");
	message_text(&m, 2, "CPython 3.11.7");
	assert_true(give(runconfig_environment, &m));
	assert_config("{\"_wandb\":{\"value\":{\"t\":{},\"m\":[],"
		      "\"e\":{\"run\\\"1\":{\"python\":"
		      "\"CPython 3.11.7\"}}}}}");
	message_text(&m, 199, "w");
	assert_true(give(runconfig_environment, &m));
	assert_config("{\"_wandb\":{\"value\":{\"t\":{},\"m\":[],"
		      "\"e\":{\"w\":{\"python\":\"CPython 3.11.7\","
		      "\"writerId\":\"w\"}}}}}");
	assert_true(runconfig_metadata(config, &out));
	assert_string_equal(out.at,
	    "{\n  \"python\": \"CPython 3.11.7\",\n  \"writerId\": \"w\"\n}\n");
	buf_addc(&m, '\x0a');
	assert_false(give(runconfig_environment, &m));
	buf_release(&out);
}

static void
test_environment_json(void **state)
{
	struct buf m = { 0 }, out = { 0 };

	(void)state;
	add_first_record(&m);
	add_second_record(&m);
	environment_json(message_span(&m), &out);
	assert_string_equal(out.at, ENVIRONMENT);
	assert_true(span_is(environment_writer(message_span(&m)), "writer"));
	buf_release(&m);
	buf_release(&out);
}

static void
test_environment_time(void **state)
{
	static const struct {
		uint64_t seconds, nanos;
		const char *json;
	} cases[] = {
		{ 0, 0, "{\"startedAt\":\"1970-01-01T00:00:00Z\"}" },
		{ 1, 1, "{\"startedAt\":\"1970-01-01T00:00:01.000000001Z\"}" },
		{ 1, 1000, "{\"startedAt\":\"1970-01-01T00:00:01.000001Z\"}" },
		{ 253402300800, 0, "{}" },
		{ 0, 1000000000, "{}" },
		{ UINT64_MAX, 0, "{\"startedAt\":\"1969-12-31T23:59:59Z\"}" },
	};
	struct buf m = { 0 }, time = { 0 }, out = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		message_int(&time, 1, cases[i].seconds);
		message_int(&time, 2, cases[i].nanos);
		message_sub(&m, 3, &time);
		environment_json(message_span(&m), &out);
		assert_string_equal(out.at, cases[i].json);
		buf_release(&m);
		buf_clear(&out);
	}
	buf_release(&out);
}

/* Memory is bounded: what a config cannot hold is refused. */
static void
test_environment_limit(void **state)
{
	const size_t len = 1 << 20;
	char *text = xcalloc(1, len + 1);
	struct buf m = { 0 };
	int i, taken = 0;

	(void)state;
	memset(text, 'x', len);
	message_bytes(&m, 5, (struct span){ text, len });
	for (i = 0; i < 10; i++)
		taken += runconfig_environment(config, message_span(&m));
	assert_int_equal(taken, 3);
	buf_release(&m);
	free(text);
}

static void
assert_yaml(const char *json, const char *yaml)
{
	struct buf out = { 0 };

	yaml_add(span_of(json), &out);
	assert_string_equal(out.at, yaml);
	buf_release(&out);
}

static void
test_yaml(void **state)
{
	(void)state;
	assert_yaml("{}", "{}\n");
	assert_yaml("[]", "[]\n");
	assert_yaml(" 1 ", "1\n");
	assert_yaml("{\"b\":{\"c\":null,\"a\":true},\"a\":[]}",
	    "a: []\nb:\n    a: true\n    c: null\n");
	assert_yaml("[1,[2,[3],{}],{\"a\":{\"b\":[4]},\"c\":{}}]",
	    "- 1\n- - 2\n  - - 3\n  - {}\n"
	    "- a:\n    b:\n        - 4\n  c: {}\n");
	assert_yaml("{\"k10\":1,\"k9\":2,\"k09\":3,\"K\":4,\"\":5,\"k9\":6}",
	    "\"\": 5\nK: 4\nk9: 6\nk09: 3\nk10: 1\n");
}

static void
test_yaml_scalars(void **state)
{
	static const char *const quoted[] = { "yes", "No", "y", "NULL", "on",
		"1", "-1", "1.0", "0x1f", "1e5", "1_000", "2026-11-21", "12:30",
		"3.11.7", "", " a", "a ", "a: b", "a #b", "-", "- a", "#", "*a",
		"&a", "!a", "~", "%a", "@a", ".inf", "=", "<<", "{", "[",
		"a:", "?", "'", "|", ">" };
	static const char *const plain[] = { "adam", "a b", "/tmp/x", "_a",
		"\xc3\xa9", "none", "a.b-c_d+e=f@g%h~", "9 lives" };
	struct buf json = { 0 }, yaml = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(quoted) / sizeof(*quoted); i++) {
		buf_addf(&json, "\"%s\"", quoted[i]);
		buf_addf(&yaml, "\"%s\"\n", quoted[i]);
		assert_yaml(json.at, yaml.at);
		buf_clear(&json);
		buf_clear(&yaml);
	}
	for (i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		buf_addf(&json, "\"%s\"", plain[i]);
		buf_addf(&yaml, "%s\n", plain[i]);
		assert_yaml(json.at, yaml.at);
		buf_clear(&json);
		buf_clear(&yaml);
	}
	buf_release(&json);
	buf_release(&yaml);
}

static void
test_yaml_numbers(void **state)
{
	(void)state;
	/* YAML 1.1 takes 1e-05 for a string. */
	assert_yaml("[1e-05,1E5,1.5e+300,-0,18446744073709551616,0.10]",
	    "- 1.0e-05\n- 1.0e+5\n- 1.5e+300\n- -0\n"
	    "- 18446744073709551616\n- 0.10\n");
	assert_yaml("[NaN,Infinity,-Infinity]", "- .nan\n- .inf\n- -.inf\n");
}

static void
test_yaml_characters(void **state)
{
	char json[300], yaml[300];

	(void)state;
	assert_yaml("\"\\u0001\\n\\u007f\\u0085\\u2028\\ufeff\\uffff/\\\"\"",
	    "\"\\u0001\\n\\x7f\\x85\\u2028\\ufeff\\uffff/\\\"\"\n");
	assert_yaml(
	    "{\"\\ud83d\\ude00\":\"\\u00e9\"}", "\xf0\x9f\x98\x80: \xc3\xa9\n");
	/* A long key has lines of its own. */
	memset(json, 'k', sizeof(json));
	memcpy(json, "{\"", 2);
	memcpy(json + 150, "\":{\"a\":1}}", 11);
	memset(yaml, 'k', sizeof(yaml));
	memcpy(yaml, "? ", 2);
	memcpy(yaml + 150, "\n:\n    a: 1\n", 13);
	assert_yaml(json, yaml);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_change, begin, end),
		cmocka_unit_test_setup_teardown(test_words, begin, end),
		cmocka_unit_test_setup_teardown(test_inherit, begin, end),
		cmocka_unit_test_setup_teardown(test_inherit_all, begin, end),
		cmocka_unit_test_setup_teardown(test_telemetry, begin, end),
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_globs),
		cmocka_unit_test_setup_teardown(test_environment, begin, end),
		cmocka_unit_test(test_environment_json),
		cmocka_unit_test(test_environment_time),
		cmocka_unit_test_setup_teardown(
		    test_environment_limit, begin, end),
		cmocka_unit_test(test_yaml),
		cmocka_unit_test(test_yaml_scalars),
		cmocka_unit_test(test_yaml_numbers),
		cmocka_unit_test(test_yaml_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
