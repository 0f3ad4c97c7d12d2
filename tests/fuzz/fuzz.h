/* SPDX-License-Identifier: MIT */
/*
 * fuzz - what the fuzzers share
 *
 * A target defines LLVMFuzzerTestOneInput() and fuzz_seeds(). With libFuzzer
 * it is a fuzzer (make fuzz); with replay.c a test that gives the seeds to it
 * once (make check).
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "wandb/runlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program if what must hold does not. */
#define MUST(what)                                              \
	do {                                                    \
		if (!(what))                                    \
			fuzz_broken(#what, __FILE__, __LINE__); \
	} while (0)

_Noreturn void fuzz_broken(const char *what, const char *file, int line);

/* Gives a seed to fuzz_take, if that is set; name is part of a file's name. */
void fuzz_seed(const char *name, const void *bytes, size_t len);
extern void (*fuzz_take)(const char *name, const void *bytes, size_t len);

/* The target's own seeds, and those that it takes from a recorded run. */
void fuzz_seeds(void);
void fuzz_seeds_of(const char *path, struct runlog *log);

#endif
