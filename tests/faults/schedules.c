/* SPDX-License-Identifier: MIT */
/*
 * schedules - several faults, by chance
 *
 * The seed of a case is printed when it fails: FAULTS_SEED and FAULTS_COUNT=1
 * repeat it.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "bed.h"

enum { MOST_FAULTS = 6 };

/* What a fault does; the number is below the bound of its row. */
static const struct {
	const char *format;
	int least, below;
} kinds_of[] = {
	{ "status=%d", 500, 505 },
	{ "status=%d after", 500, 505 },
	{ "status=429 retry-after=%d", 0, 40 },
	{ "status=%d", 429, 430 },
	{ "status=%d", 400, 405 },
	{ "status=%d", 408, 411 },
	{ "close=before", 0, 1 },
	{ "close=after", 0, 1 },
	{ "cut=%d", 0, 300 },
	{ "stall=%d", 0, 300 },
	{ "silence", 0, 1 },
	{ "silence after", 0, 1 },
	{ "delay=0.0%02d", 1, 20 },
};

/* One fault's spec; returns how many requests it can spoil. */
static int
any_fault(struct bed *bed, struct buf *spec)
{
	int requests = jv_array_length(jv_copy(bed->requests));
	size_t kind = any(sizeof kinds_of / sizeof *kinds_of);
	int number = kinds_of[kind].least +
	    (int)any((uint64_t)(kinds_of[kind].below - kinds_of[kind].least));
	int times = any(5) == 0 ? 4 + (int)any(8) : 1 + (int)any(2);

	if (any(2) == 0) {
		jv operation = jv_array_get(
		    jv_copy(bed->requests), (int)any((uint64_t)requests));

		buf_addf(spec, "match=%s nth=%d ", jv_string_value(operation),
		    1 + (int)any(4));
		jv_free(operation);
	} else {
		buf_addf(spec, "nth=%d ", 1 + (int)any((uint64_t)requests + 5));
	}
	buf_addf(spec, "times=%d ", times);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	buf_addf(spec, kinds_of[kind].format, number);
#pragma GCC diagnostic pop
	buf_addc(spec, '\n');
	return times;
}

static void
one_case(struct bed *bed, uint64_t its_seed, struct tally *tally)
{
	struct way way = { .workers = any(2) == 0 };
	struct until until = { .way = &way, .fresh = any(2) == 0, .most = 3 };
	struct verdict verdict = { 0 };
	struct buf spec = { 0 };
	char *name;
	int faults = 1 + (int)any(MOST_FAULTS), calls;

	for (int i = 0; i < faults; i++)
		until.most += any_fault(bed, &spec);
	name = xasprintf("FAULTS_SEED=%" PRIu64 ": %s%s%s: %s", its_seed,
	    bed->kind, way.workers ? ", workers" : "",
	    until.fresh ? ", copies" : "", spec.at);
	sandbox_reset();
	sandbox_fault(spec.at);
	bed_unmark(bed);
	calls = call_until_done(bed, &until, &verdict);
	tally->lost_alerts += until.lost_alert;
	tally_add(tally, name, calls, &verdict);
	buf_release(&spec);
	free(name);
}

void
schedules(const char *kinds)
{
	struct beds *beds = beds_open(kinds);
	long count = number_of("FAULTS_COUNT", 1000);
	uint64_t first = (uint64_t)number_of("FAULTS_SEED", 1);
	struct tally tally;

	tap_note("FAULTS_SEED=%" PRIu64 " FAULTS_COUNT=%ld", first, count);
	tally_begin(&tally);
	for (uint64_t at = first; at < first + (uint64_t)count; at++) {
		seed = at;
		one_case(beds_any(beds), at, &tally);
	}
	tap_note_counts("the runs' requests", beds_requests(beds));
	tally_end(&tally, "schedules of faults");
	beds_close(beds);
}
