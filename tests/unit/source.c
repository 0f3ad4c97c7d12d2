/* SPDX-License-Identifier: MIT */
/* kaggle/source: what of a program is sent. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "kaggle/source.h"
#include "record.h"

static char file[] = "/tmp/source.XXXXXX";

static jv
read_text(struct source *source, const char *text, size_t len, bool notebook)
{
	FILE *out = fopen(file, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
	return source_read(source, file, notebook);
}

static void
assert_source(const char *text, bool notebook, const char *sent)
{
	struct source source;
	jv why = read_text(&source, text, strlen(text), notebook);

	assert_true(jv_is_valid(why));
	assert_string_equal(source.text.len > 0 ? source.text.at : "", sent);
	jv_free(why);
	source_release(&source);
}

static void
assert_refused(const char *text, size_t len, bool notebook, const char *why)
{
	struct source source;
	jv error = read_text(&source, text, len, notebook);

	assert_string_equal(error_code(error), "input");
	if (strstr(error_message(error), why) == NULL)
		fail_msg("%s", error_message(error));
	jv_free(error);
	source_release(&source);
}

static void
test_script(void **state)
{
	(void)state;
	assert_source("print(1)\n", false, "print(1)\n");
	assert_source("a\r\nb\rc\n\r\r\n", false, "a\nb\nc\n\n\n");
	assert_source(
	    "\xef\xbb\xbf# \u00e9\n", false, "\xef\xbb\xbf# \u00e9\n");
	assert_source("", false, "");
	assert_refused("ok\n\xe9t\xe9\n", 7, false, ":2: not UTF-8");
	assert_refused("\xed\xa0\x80", 3, false, ":1: not UTF-8");
}

static void
test_notebook(void **state)
{
	(void)state;
	assert_source(
	    "{ \"cells\": [\n"
	    "  {\"cell_type\": \"code\", \"execution_count\": 7, \"id\": \"x\",\n"
	    "   \"outputs\": [{\"data\": \"big\"}], \"metadata\": {\"a\": 1e-7},\n"
	    "   \"source\": [\"a = \\\"\\u00e9\\\"\\n\", \"b\"]},\n"
	    "  {\"cell_type\": \"markdown\", \"source\": \"# t\",\n"
	    "   \"outputs\": [1]},\n"
	    "  {\"cell_type\": \"raw\", \"source\": []} ],\n"
	    " \"metadata\": {\"kernelspec\": {\"name\": \"python3\"}},\n"
	    " \"nbformat\": 4, \"big\": 9007199254740993, \"n\": NaN}\r\n",
	    true,
	    "{\"cells\":[{\"cell_type\":\"code\",\"execution_count\":7,"
	    "\"id\":\"x\",\"outputs\":[],\"metadata\":{\"a\": 1e-7},"
	    "\"source\":\"a = \\\"\\u00e9\\\"\\nb\"},"
	    "{\"cell_type\":\"markdown\",\"source\":\"# t\",\"outputs\":[1]},"
	    "{\"cell_type\":\"raw\",\"source\":\"\"}],"
	    "\"metadata\":{\"kernelspec\": {\"name\": \"python3\"}},"
	    "\"nbformat\":4,\"big\":9007199254740993,\"n\":NaN}");
}

static void
test_bad_notebook(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "print(1)\n", ":1: no notebook" },
		{ "{\"cells\": [],\n\n x}", ":3: no notebook" },
		{ "{\"worksheets\": []}", "cells: missing" },
		{ "{\"cells\": {}}", "cells: missing" },
		{ "{\"cells\": []}", "metadata.kernelspec.name: missing" },
		{ "{\"cells\": [], \"metadata\": {\"kernelspec\": {}}}",
		    "metadata.kernelspec.name: missing" },
		{ "{\"cells\": [], \"metadata\": {\"kernelspec\":"
		  " {\"name\": \"\"}}}",
		    "metadata.kernelspec.name: missing" },
		{ "{\"metadata\": {\"kernelspec\": {\"name\": \"p\"}},"
		  " \"cells\": [{\"cell_type\": \"code\", \"source\": [1]}]}",
		    "cells[0]: source" },
		{ "{\"metadata\": {\"kernelspec\": {\"name\": \"p\"}},"
		  " \"cells\": [{\"cell_type\": \"raw\"}, 3]}",
		    "cells[1]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(
		    cases[i].text, strlen(cases[i].text), true, cases[i].why);
}

static void
test_wandb(void **state)
{
	static const struct {
		const char *text;
		bool needs;
	} cases[] = {
		{ "import wandb", true },
		{ "import os\n  import os, wandb\n", true },
		{ "from wandb import Api\n", true },
		{ "from wandb.sdk import x\n", true },
		{ "import wandb.sdk as w\n", true },
		{ "import os\nos.environ['WANDB_MODE'] = 'offline'\n"
		  "import wandb\n",
		    false },
		{ "%env WANDB_MODE=disabled\nimport wandb\n", false },
		{ "import wandb\nos.environ['WANDB_MODE'] = 'offline'\n",
		    true },
		{ "os.environ['WANDB_MODE'] = 'online'\nimport wandb\n", true },
		{ "# import wandb\n", false },
		{ "import wandb_helper\nfrom wandbx import y\n", false },
		{ "print('import wandb')\n", false },
		{ "", false },
	};
	struct source source;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		jv why = read_text(
		    &source, cases[i].text, strlen(cases[i].text), false);

		assert_true(jv_is_valid(why));
		if (source_needs_internet(&source) != cases[i].needs)
			fail_msg("%s", cases[i].text);
		jv_free(why);
		source_release(&source);
	}
}

/* In a notebook the code cells count, in their order, and nothing else. */
static void
test_wandb_in_notebook(void **state)
{
	static const char format[] =
	    "{\"metadata\": {\"kernelspec\": {\"name\": \"p\"}}, \"cells\": ["
	    "{\"cell_type\": \"markdown\", \"source\": \"import wandb\"},"
	    "{\"cell_type\": \"code\", \"source\": \"%s\"},"
	    "{\"cell_type\": \"code\", \"source\": [\"x = 1\\n\", \"%s\"]}]}";
	static const struct {
		const char *first, *second;
		bool needs;
	} cases[] = {
		{ "x", "import w\\u0061ndb", true },
		{ "%%env WANDB_MODE=offline", "import wandb", false },
		{ "import wandb", "%%env WANDB_MODE=offline", true },
		{ "x", "y", false },
	};
	struct source source;
	char text[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		jv why;

		snprintf(text, sizeof(text), format, cases[i].first,
		    cases[i].second);
		why = read_text(&source, text, strlen(text), true);
		assert_true(jv_is_valid(why));
		assert_int_equal(
		    source_needs_internet(&source), cases[i].needs);
		jv_free(why);
		source_release(&source);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_script),
		cmocka_unit_test(test_notebook),
		cmocka_unit_test(test_bad_notebook),
		cmocka_unit_test(test_wandb),
		cmocka_unit_test(test_wandb_in_notebook),
	};
	int fd = mkstemp(file), status;

	if (fd < 0 || close(fd) != 0)
		return 1;
	status = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(file);
	return status;
}
