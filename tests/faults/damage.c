/* SPDX-License-Identifier: MIT */
/*
 * damage - each byte of a small file inverted in turn, and each length cut; of
 * a large one, some
 *
 * No crash, no hang; the rows that arrive are rows of the file in their order;
 * what is readable before the damage arrives; no marker but where the whole
 * was there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bed.h"
#include "file.h"
#include "record.h"
#include "wandb/runlog.h"

enum {
	MOST = 1 << 24,
	SMALL = 16384,
	MOST_PLACES = 600,
	MOST_SHOWN_ROWS = 200
};

struct victim {
	struct bed *bed;
	char *run;        /* entity/project/run_id */
	char *rows;       /* the lines of the whole */
	struct buf bytes; /* the file */
	off_t *ends;      /* of the records with rows, in the file */
	int count;
	off_t known; /* the end of the run record */
};

static void
victim_open(struct victim *victim, const char *kind)
{
	jv why = jv_null();
	struct runlog *log;
	struct runlog_entry entry;

	*victim = (struct victim){ .bed = bed_open(kind) };
	jv_object_foreach(victim->bed->want, name, run)
	{
		victim->run = xstrdup(jv_string_value(name));
		jv_free(name);
		jv_free(run);
	}
	victim->rows = sandbox_history(victim->run);
	jv_free(file_read(victim->bed->files[0], MOST, &victim->bytes));
	log = runlog_open(victim->bed->files[0], &why);
	jv_free(why);
	while (runlog_next(log, &entry) == LEVELDB_RECORD) {
		if (entry.kind == RUNLOG_RUN && victim->known == 0)
			victim->known = entry.end;
		if (entry.kind != RUNLOG_HISTORY)
			continue;
		victim->ends = xreallocarray(victim->ends,
		    (size_t)victim->count + 1, sizeof *victim->ends);
		victim->ends[victim->count++] = entry.end;
	}
	runlog_close(log);
}

static void
victim_close(struct victim *victim)
{
	free(victim->run);
	free(victim->rows);
	free(victim->ends);
	buf_release(&victim->bytes);
	bed_close(victim->bed);
}

/* How many rows lie before a place of the file whole. */
static long
rows_before(const struct victim *victim, off_t place)
{
	long rows = 0;

	while (rows < victim->count && victim->ends[rows] <= place)
		rows++;
	return place < victim->known ? 0 : rows;
}

/* How many rows are there; they must be some of the file's, in their order. */
static long
check_rows(const struct victim *victim, jv runs, struct verdict *verdict)
{
	jv run = record_get(runs, victim->run);
	char *text, *rest, *line;
	const char *at = victim->rows;
	long rows = 0;

	if (jv_object_length(jv_copy(runs)) > (jv_is_valid(run) ? 1 : 0))
		complain(verdict, "a run that is not the file's");
	text = rest =
	    jv_is_valid(run) ? sandbox_history(victim->run) : xstrdup("");
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		size_t len = strlen(line);

		rows++;
		while (*at != '\0' &&
		    (strncmp(at, line, len) != 0 || at[len] != '\n'))
			at += strcspn(at, "\n") + 1;
		if (*at == '\0') {
			complain(verdict, "row %ld is not the file's: %.*s",
			    rows, MOST_SHOWN_ROWS, line);
			break;
		}
		at += len + 1;
	}
	jv_free(run);
	free(text);
	return rows;
}

/* The whole file comes after a cut copy of it: it goes on. */
static int
go_on(struct victim *victim, struct verdict *verdict)
{
	struct way way = { 0 };
	struct until until = { .way = &way, .most = 1 };

	bed_unmark(victim->bed);
	jv_free(file_replace(
	    victim->bed->files[0], victim->bytes.at, victim->bytes.len));
	return call_until_done(victim->bed, &until, verdict);
}

/* Syncs these bytes, which are damaged at place. */
static void
one_case(struct victim *victim, const char *name, struct span bytes,
    off_t place, bool inverted, struct tally *tally)
{
	struct verdict verdict = { 0 };
	struct way way = { 0 };
	struct call call;
	jv state, runs, violations;
	long rows, before = rows_before(victim, place);

	sandbox_reset();
	bed_unmark(victim->bed);
	jv_free(file_replace(victim->bed->files[0], bytes.at, bytes.len));
	call_sync(victim->bed, &way, &call, &verdict);
	state = sandbox_state();
	runs = record_get(state, "runs");
	violations = record_get(state, "violations");
	rows = check_rows(victim, runs, &verdict);
	if (rows < before)
		complain(&verdict, "%ld rows of %ld before the damage", rows,
		    before);
	if (!inverted && rows > before)
		complain(&verdict, "%ld rows of %ld", rows, before);
	/* A cut may be a killed writer's; what is inverted is damaged. */
	if (call.status == 0 && inverted)
		complain(&verdict, "it is marked");
	if (jv_array_length(jv_copy(violations)) > 0)
		complain(&verdict, "a violation");
	jv_free(violations);
	jv_free(runs);
	jv_free(state);
	call_release(&call);
	tally_add(tally, name, 1 + (inverted ? 0 : go_on(victim, &verdict)),
	    &verdict);
}

void
damage(const char *kind)
{
	struct victim victim;
	struct tally tally;
	long step = number_of("FAULTS_STEP", 1);
	char *name;

	victim_open(&victim, kind);
	if (victim.bytes.len > SMALL)
		step *= (long)(victim.bytes.len / MOST_PLACES);
	tally_begin(&tally);
	for (off_t at = 0; at < (off_t)victim.bytes.len; at += step) {
		name = xasprintf("%s: byte %lld inverted", kind, (long long)at);
		victim.bytes.at[at] = (char)~victim.bytes.at[at];
		one_case(&victim, name,
		    (struct span){ victim.bytes.at, victim.bytes.len }, at,
		    true, &tally);
		victim.bytes.at[at] = (char)~victim.bytes.at[at];
		free(name);
		name = xasprintf("%s: cut at %lld", kind, (long long)at);
		one_case(&victim, name,
		    (struct span){ victim.bytes.at, (size_t)at }, at, false,
		    &tally);
		free(name);
	}
	name = xasprintf("%s: damage", victim.bed->kind);
	tally_end(&tally, name);
	free(name);
	victim_close(&victim);
}
