/* SPDX-License-Identifier: MIT */
/* checksum: the values are those of Python's hashlib and xxhash. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wandb/checksum.h"

static FILE *
file_with(const char *bytes, size_t len)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fflush(file), 0);
	return file;
}

static void
assert_sums(const char *bytes, size_t len, const char *md5, const char *xxh128)
{
	char a[CHECKSUM_TEXT], b[CHECKSUM_TEXT];
	FILE *file = file_with(bytes, len);

	assert_true(checksum_file(fileno(file), (off_t)len, a, b));
	assert_string_equal(a, md5);
	assert_string_equal(b, xxh128);
	fclose(file);
}

static void
test_file(void **state)
{
	char *million = malloc(1000000);

	(void)state;
	assert_non_null(million);
	memset(million, 'a', 1000000);
	assert_sums(
	    "", 0, "1B2M2Y8AsgTpgAmY7PhCfg==", "maoG0wFHmNhgAcMkRo1Jfw==");
	assert_sums(
	    "hello", 5, "XUFAKrxLKna5cZ2REBfFkg==", "tenBrQcbPn/Hec+qXlI4GA==");
	assert_sums(million, 1000000,
	    "dwfWrk4CfHDuoqk1wilvIQ==", "pUXfjjhKlXmx/W+uUoXE6w==");
	free(million);
}

static void
test_short(void **state)
{
	FILE *file = file_with("hello", 5);
	char md5[CHECKSUM_TEXT];

	(void)state;
	assert_false(checksum_file(fileno(file), 6, md5, NULL));
	assert_int_equal(errno, EIO);
	fclose(file);
}

static void
test_part(void **state)
{
	FILE *file = file_with("so, hello", 9);
	char hex[CHECKSUM_HEX], text[CHECKSUM_TEXT];

	(void)state;
	assert_true(checksum_part(fileno(file), 4, 5, hex));
	assert_string_equal(hex, "5d41402abc4b2a76b9719d911017c592");
	assert_true(checksum_base64_of_hex(hex, text));
	assert_string_equal(text, "XUFAKrxLKna5cZ2REBfFkg==");
	assert_false(checksum_base64_of_hex("5d41", text));
	assert_false(checksum_part(fileno(file), 5, 5, hex));
	fclose(file);
}

static void
test_list(void **state)
{
	struct checksum_list list;
	char hex[CHECKSUM_HEX];

	(void)state;
	checksum_begin(&list, CHECKSUM_XXH128);
	checksum_entry(&list, span_of("a.txt"), span_of("x"));
	assert_true(list.sorted);
	checksum_end(&list, hex);
	assert_string_equal(hex, "b5b7aa67417a5b63035e39a407547173");

	checksum_begin(&list, CHECKSUM_MD5);
	checksum_end(&list, hex);
	assert_string_equal(hex, "64e7c61456b10382e2f3b571ac24b659");
}

static void
test_order(void **state)
{
	static const char *const paths[] = { "a", "a", "a/b", "b", "\xc3\xa9",
		"Z" };
	struct checksum_list list;

	(void)state;
	checksum_begin(&list, CHECKSUM_MD5);
	for (int i = 0; i < 5; i++)
		checksum_entry(&list, span_of(paths[i]), span_of("x"));
	assert_true(list.sorted);
	checksum_entry(&list, span_of(paths[5]), span_of("x"));
	assert_false(list.sorted);
	checksum_end(&list, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_part),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests_name("checksum", tests, NULL, NULL);
}
