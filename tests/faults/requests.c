/* SPDX-License-Identifier: MIT */
/*
 * requests - whichever request fails, in whichever way, wb-sync called again
 * until it ends with 0 leaves what one without faults leaves
 *
 * Each way is tried once, and again and again until the call gives up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bed.h"

enum { MOST_CALLS = 8 };

static const struct {
	const char *name, *spec;
} ways[] = {
	{ "500", "status=500" }, { "429", "status=429 retry-after=5" },
	{ "403", "status=403" }, { "before", "close=before" },
	{ "after", "close=after" }, { "cut", "cut=10" },
	{ "silent", "silence" },
	{ "untrue", "status=200 body={}" }, /* nothing was done */
};
enum { WAYS = sizeof ways / sizeof *ways, UNTRUE = WAYS - 1 };

static bool
is_alert(jv operation)
{
	return strcmp(jv_string_value(operation), "NotifyScriptableRunAlert") ==
	    0;
}

static int
one_case(struct bed *bed, int nth, int way, bool lasting, struct tally *tally)
{
	struct way usual = { 0 };
	struct until until = { .way = &usual,
		.most = MOST_CALLS,
		.clear = lasting,
		.untrue = way == UNTRUE };
	struct verdict verdict = { 0 };
	char *spec = xasprintf(
	    "nth=%d %s%s", nth, lasting ? "times=always " : "", ways[way].spec);
	char *name = xasprintf("%s: %s", bed->kind, spec);
	int calls;

	sandbox_reset();
	sandbox_fault(spec);
	bed_unmark(bed);
	calls = call_until_done(bed, &until, &verdict);
	/* Without faults there is one call; a lasting one is given up. */
	if (lasting && calls < 2)
		complain(&verdict, "done although the server was not there");
	tally->lost_alerts += until.lost_alert;
	tally_add(tally, name, calls, &verdict);
	free(spec);
	free(name);
	return calls;
}

static void
each_request(const char *kind, bool lasting)
{
	struct bed *bed = bed_open(kind);
	int requests = jv_array_length(jv_copy(bed->requests));
	char *name = xasprintf("%s: every request", bed->kind);
	struct tally tally;
	struct verdict verdict = { 0 };
	struct buf line = { 0 };
	jv failed = jv_object();

	tally_begin(&tally);
	buf_addf(&line, "%-9s %3s %-17.17s", "calls", "n", "request");
	for (int way = 0; way < WAYS; way++)
		buf_addf(&line, " %6s", ways[way].name);
	tap_note(
	    "%s%s", line.at, lasting ? "   (once, until it is given up)" : "");
	for (int n = 1; n <= requests; n++) {
		jv operation = jv_array_get(jv_copy(bed->requests), n - 1);
		int once;

		buf_clear(&line);
		buf_addf(&line, "%-9.9s %3d %-17.17s", bed->kind, n,
		    jv_string_value(operation));
		for (int way = 0; way < WAYS; way++) {
			/* Of an alert that did not come nobody can know. */
			if (way == UNTRUE && is_alert(operation))
				continue;
			failed = count_operation(failed, jv_copy(operation));
			once = one_case(bed, n, way, false, &tally);
			if (!lasting) {
				buf_addf(&line, " %6d", once);
				continue;
			}
			buf_addf(&line, "    %d,%d", once,
			    one_case(bed, n, way, true, &tally));
		}
		tap_note("%s", line.at);
		jv_free(operation);
	}
	bed_check_folder(bed, &verdict);
	tally_add(&tally, "the folder", 0, &verdict);
	tap_note_counts("how often which request failed", failed);
	tally_end(&tally, name);
	buf_release(&line);
	free(name);
	bed_close(bed);
}

void
requests(const char *kind)
{
	each_request(kind, true);
}

void
requests_once(const char *kind)
{
	each_request(kind, false);
}
