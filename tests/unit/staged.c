/* SPDX-License-Identifier: MIT */
/* staged: where files of artifacts are looked for, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "record.h"
#include "wandb/staged.h"

static char folder[] = "/tmp/kwtools-XXXXXX";

static char *
in(const char *name)
{
	return xasprintf("%s/%s", folder, name);
}

/* A file that holds its own name, and the folders to it. */
static void
make(const char *name)
{
	char *path = in(name);
	FILE *file;

	for (char *at = path + strlen(folder) + 1;
	     (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		(void)mkdir(path, 0700); /* or it is there */
		*at = '/';
	}
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(name, file) >= 0);
	fclose(file);
	free(path);
}

static int
begin(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	make("here/exp/wandb/run-1/run-1.wandb");
	make("here/exp/data/near");
	make("here/other/beside");
	make("out/sub/there");
	make("moved/far");
	return 0;
}

static int
end(void **state)
{
	static const char *const names[] = { "here/exp/wandb/run-1/run-1.wandb",
		"here/exp/wandb/run-1", "here/exp/wandb", "here/exp/data/near",
		"here/exp/data", "here/exp", "here/other/beside", "here/other",
		"here", "out/sub/there", "out/sub", "out", "moved/far", "moved",
		"" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char *path = in(names[i]);

		assert_int_equal(remove(path), 0);
		free(path);
	}
	return 0;
}

/* What is found for a path: the name in the file, or the error's code. */
static void
assert_found(const char *recorded, int64_t size, const char *name)
{
	char *run = in("here/exp/wandb/run-1/run-1.wandb"), *out = in("out");
	char *new = in("moved"), text[100] = "";
	jv map = jv_array_append(
	    jv_array_append(jv_array(), jv_string("/data")), jv_string(new));
	jv maps = jv_array_append(jv_array(), map), why;
	struct staged staged;
	int fd;

	staged_init(&staged, maps, out, run, span_of("/work/exp"));
	fd = staged_open(&staged, span_of(recorded), size, &why);
	if (fd >= 0) {
		assert_true(read(fd, text, sizeof text - 1) > 0);
		assert_true(jv_is_valid(why));
		assert_string_equal(text, name);
		close(fd);
	} else {
		assert_string_equal(error_code(why), name);
	}
	jv_free(why);
	staged_release(&staged);
	jv_free(maps);
	free(run);
	free(out);
	free(new);
}

static void
test_places(void **state)
{
	char *path = in("out/sub/there");

	(void)state;
	assert_found("/data/far", -1, "moved/far");
	assert_found(path, -1, "out/sub/there");
	assert_found("/kaggle/working/sub/there", -1, "out/sub/there");
	assert_found("/work/exp/data/near", -1, "here/exp/data/near");
	assert_found("data/near", -1, "here/exp/data/near");
	/* The folder above has the same name here: /work is here. */
	assert_found("/work/other/beside", -1, "here/other/beside");
	free(path);
}

static void
test_errors(void **state)
{
	(void)state;
	assert_found("/data2/far", -1, "not_found");
	assert_found("/kaggle/working2/sub/there", -1, "not_found");
	assert_found("/work/exp/data/none", -1, "not_found");
	assert_found("/work/exp/data/near/none", -1, "not_found");
	assert_found("/work/exp/data/near", 18, "here/exp/data/near");
	assert_found("/work/exp/data/near", 17, "conflict");
	assert_found("/work/exp/data", -1, "io");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests_name("staged", tests, begin, end);
}
