/* SPDX-License-Identifier: MIT */
/* fuzz - what the fuzzers share */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

void
fuzz_broken(const char *what, const char *file, int line)
{
	(void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

void (*fuzz_take)(const char *name, const void *bytes, size_t len);

void
fuzz_seed(const char *name, const void *bytes, size_t len)
{
	if (fuzz_take != NULL)
		fuzz_take(name, bytes, len);
}
