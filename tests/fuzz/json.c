/* SPDX-License-Identifier: MIT */
/*
 * json under a fuzzer. The first byte holds the flags, the rest is the text.
 * What holds for any text: the three ways to read it agree, what was decoded
 * and quoted again means the same, and what was quoted is JSON.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "json.h"

/* A string's span: decoded, quoted, and decoded again. */
static void
check_string(struct span text)
{
	struct buf plain = { 0 }, quoted = { 0 }, again = { 0 };
	struct json_value value;
	struct json_fault fault;

	json_decode(&plain, text);
	json_quote(&quoted, (struct span){ plain.at, plain.len });
	MUST(json_value(
	    (struct span){ quoted.at, quoted.len }, 0, &value, &fault));
	json_decode(&again, (struct span){ quoted.at + 1, quoted.len - 2 });
	MUST(again.len == plain.len);
	MUST(plain.len == 0 || memcmp(again.at, plain.at, plain.len) == 0);
	buf_release(&plain);
	buf_release(&quoted);
	buf_release(&again);
}

static void
check_members(struct span text, int flags)
{
	struct json_members members = { 0 };
	struct json_fault fault;
	struct buf name = { 0 };

	if (json_members(text, flags, &members, &fault)) {
		for (size_t i = 0; i < members.count; i++) {
			buf_clear(&name);
			json_decode(&name, members.at[i].key);
			if (name.len == 0 || strlen(name.at) == name.len)
				MUST(json_member(&members,
					 name.len > 0 ? name.at : "") ==
				    &members.at[i]);
		}
	} else {
		MUST(fault.why != NULL && fault.at <= text.len);
	}
	json_members_release(&members);
	buf_release(&name);
}

static void
check_text(struct span text, int flags)
{
	struct json_value value;
	struct json_fault fault;
	struct json_member member;
	struct json_walk walk;
	bool good = json_value(text, flags, &value, &fault);

	MUST(good == (fault.why == NULL));
	MUST(fault.at <= text.len);
	if (good && value.type == JSON_STRING)
		check_string(
		    (struct span){ value.text.at + 1, value.text.len - 2 });
	json_walk(&walk, text, flags);
	while (json_next(&walk, &member)) {
		struct json_value inner;

		check_string(member.key);
		MUST(json_value(member.value.text, flags, &inner, &fault));
		MUST(inner.type == member.value.type);
		MUST(inner.escaped == member.value.escaped);
	}
	MUST((walk.fault.why == NULL) == (good && value.type >= JSON_ARRAY));
	check_members(text, flags);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data + 1, size - 1 };
	struct buf quoted = { 0 };
	struct json_value value;
	struct json_fault fault;

	if (size == 0)
		return 0;
	check_text(text, data[0] & JSON_WORDS);
	json_quote(&quoted, text);
	MUST(json_value(
	    (struct span){ quoted.at, quoted.len }, 0, &value, &fault));
	buf_release(&quoted);
	return 0;
}

void
fuzz_seeds(void)
{
	static const char *const texts[] = {
		"0{\"a\":[1,-2.5e-3,{\"c\":null}],\"\\ud83d\\ude00\":true}",
		"1[NaN,-Infinity,Infinity,\"\\u00e9\\n\xc3\xa9\xf0\x9f\x98\x80\"]",
		"0{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,"
		"\"h\":8,\"i\":9,\"j\":0,\"k\":1,\"l\":2,\"m\":3,\"n\":4,"
		"\"o\":5,\"p\":6,\"q\":7,\"\\u0071\":8}",
		"0{\"a\":\"a text that is longer than sixteen bytes\\\\\"}",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		fuzz_seed("text", texts[i], strlen(texts[i]));
}

/* The values of a run's rows, the first hundred. */
void
fuzz_seeds_of(const char *path, struct runlog *log)
{
	struct runlog_entry entry;
	struct runlog_items items;
	struct runlog_item item;
	struct buf seed = { 0 };

	(void)path;
	for (int left = 100; left > 0;) {
		enum leveldb_event event = runlog_next(log, &entry);

		if (event != LEVELDB_RECORD && event != LEVELDB_DAMAGE)
			break;
		if (event == LEVELDB_DAMAGE || entry.kind != RUNLOG_HISTORY)
			continue;
		runlog_items(&items, entry.kind, entry.message);
		while (runlog_next_item(&items, &item)) {
			buf_clear(&seed);
			buf_addc(&seed, '1');
			buf_add(&seed, item.json.at, item.json.len);
			fuzz_seed("value", seed.at, seed.len);
			left--;
		}
		runlog_items_release(&items);
	}
	buf_release(&seed);
}
