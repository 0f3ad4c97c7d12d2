/* SPDX-License-Identifier: MIT */
/*
 * runs_text() under a fuzzer: any bytes as a summary in a string. What holds:
 * what is taken for an object is one, and strict once its words are in quotes;
 * what is JSON without help is taken as it is.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "json.h"
#include "wandb/runs.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct span raw = { (const char *)bytes, size }, text;
	struct buf quoted = { 0 }, plain = { 0 }, kept = { 0 }, strict = { 0 };
	struct json_value value, object;
	struct json_fault fault;
	bool whole;

	json_quote(&quoted, raw);
	MUST(json_value(
	    (struct span){ quoted.at, quoted.len }, 0, &value, &fault));
	json_decode(&plain, (struct span){ quoted.at + 1, quoted.len - 2 });
	whole = plain.len > 0 &&
	    json_value((struct span){ plain.at, plain.len }, JSON_WORDS,
		&object, &fault) &&
	    object.type == JSON_OBJECT;
	if (runs_text(&value, &kept, &text)) {
		if (whole)
			MUST(text.len == object.text.len &&
			    memcmp(text.at, object.text.at, text.len) == 0);
		MUST(json_value(text, JSON_WORDS, &value, &fault));
		MUST(value.type == JSON_OBJECT);
		json_plain(&strict, &value);
		MUST(json_value(
		    (struct span){ strict.at, strict.len }, 0, &value, &fault));
	} else {
		MUST(!whole);
	}
	buf_release(&quoted);
	buf_release(&plain);
	buf_release(&kept);
	buf_release(&strict);
	return 0;
}

void
fuzz_seeds(void)
{
	static const char *const seeds[] = { "", "null", "{}", "[]",
		"{\"a\":NaN,\"b\":[-Infinity,{\"c\":\"x\ty\\\\\"}],\n\"d\":1e5}",
		"{\"a\":\"\\ud800\n\"}", "{\"a\":1,\"b", "{\"\x01\":\"\\\"}" };

	for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
		fuzz_seed("text", seeds[i], strlen(seeds[i]));
}

void
fuzz_seeds_of(const char *path, struct runlog *log)
{
	(void)path;
	(void)log;
}
