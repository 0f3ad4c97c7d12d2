/* SPDX-License-Identifier: MIT */
/*
 * kills - kill -9 at any moment, called again: nothing is lost, nothing twice
 *
 * Half of them come after a time, half while a request waits for its answer,
 * which was done or not; with workers and without, to the parent alone or to
 * all; up to four, one after the other; on the same copy or a new one.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "bed.h"

static void
kill_once(
    struct bed *bed, struct buf *how, struct buf *said, struct verdict *verdict)
{
	int requests = jv_array_length(jv_copy(bed->requests));
	struct way way = { .workers = any(2) == 0, .whole_group = any(2) == 0 };
	struct call call;
	char *spec;

	buf_addf(how, "%s%s", way.workers ? " workers" : " one",
	    way.whole_group ? "" : " parent");
	if (any(2) == 0) {
		way.kill_after = bed->seconds * 1.2 * (double)any(1000) / 1000;
		buf_addf(how, " %.6f s;", way.kill_after);
	} else {
		way.kill_at_fault = true;
		spec = xasprintf("nth=%d silence%s",
		    1 + (int)any((uint64_t)requests),
		    any(2) == 0 ? " after" : "");
		sandbox_fault(spec);
		buf_addf(how, " %s;", spec);
		free(spec);
	}
	call_sync(bed, &way, &call, verdict);
	buf_adds(said, call.said);
	call_release(&call);
	sandbox_clear();
	check_markers(bed, verdict);
}

static void
one_case(struct bed *bed, uint64_t its_seed, struct tally *tally)
{
	struct way way = { .workers = any(2) == 0 };
	struct until until = { .way = &way, .most = 4, .fresh = any(2) == 0 };
	struct verdict verdict = { 0 };
	struct buf how = { 0 }, said = { 0 };
	char *name;
	int calls = 0;

	sandbox_reset();
	bed_fresh(bed);
	do {
		kill_once(bed, &how, &said, &verdict);
		calls++;
		if (until.fresh)
			bed_fresh(bed);
	} while (calls < 4 && any(3) == 0);
	/* Workers that outlived their parent may have ended the run. */
	until.before = said.at;
	calls += call_until_done(bed, &until, &verdict);
	name = xasprintf("FAULTS_SEED=%" PRIu64 ": %s%s:%s", its_seed,
	    bed->kind, until.fresh ? ", copies" : "", how.at);
	tally->lost_alerts += until.lost_alert;
	tally_add(tally, name, calls, &verdict);
	buf_release(&how);
	buf_release(&said);
	free(name);
}

void
kills(const char *kinds)
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
	tally_end(&tally, "kill -9");
	beds_close(beds);
}
