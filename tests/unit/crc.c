/* SPDX-License-Identifier: MIT */
/* crc: zlib's value, whatever the length and the place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zlib.h>

#include "wandb/crc.h"

enum { MOST = 1024 };

static uint8_t bytes[MOST + 64];

static void
fill(void)
{
	uint32_t state = 1;

	for (size_t i = 0; i < sizeof(bytes); i++) {
		state = state * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(state >> 24);
	}
}

static void
test_known(void **state)
{
	(void)state;
	assert_int_equal(crc_of((const uint8_t *)"123456789", 9), 0xcbf43926);
}

static void
test_like_zlib(void **state)
{
	(void)state;
	fill();
	for (size_t len = 0; len <= MOST; len++)
		for (size_t at = 0; at < 17; at++)
			assert_int_equal(crc_of(bytes + at, len),
			    crc32(0, bytes + at, (unsigned)len));
}

static void
test_long(void **state)
{
	static const uint8_t zeros[32768];

	(void)state;
	assert_int_equal(
	    crc_of(zeros, sizeof(zeros)), crc32(0, zeros, sizeof(zeros)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_like_zlib),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
