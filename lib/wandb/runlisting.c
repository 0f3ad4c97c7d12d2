/* SPDX-License-Identifier: MIT */
/* runlisting - the runs of a project, or one run, written as records */
#include <stdlib.h>
#include <string.h>

#include "ndjson.h"
#include "record.h"
#include "wandb/runlisting.h"
#include "wandb/runrows.h"
#include "wandb/runs.h"

enum { LINES = 64 << 10 }; /* bytes that are written at once */

struct listing {
	const struct runlisting *what;
	struct runs_place place;
	char *rest; /* the other members of the input, with a comma before */
	struct buf lines;
	struct runrows *rows;
	const struct deadline *deadline;
};

static void
write_lines(struct listing *listing)
{
	if (listing->lines.len > 0)
		ndjson_write_lines(listing->lines.at, listing->lines.len);
	buf_clear(&listing->lines);
}

static void
end_line(struct listing *listing)
{
	buf_adds(&listing->lines, listing->rest);
	buf_adds(&listing->lines, "}\n");
	if (listing->lines.len >= LINES)
		write_lines(listing);
}

static jv
take_run(void *context, struct span run)
{
	struct listing *listing = context;

	buf_addc(&listing->lines, '{');
	runfields_write(
	    listing->what->fields, &listing->place, run, &listing->lines);
	end_line(listing);
	return jv_null();
}

static void
take_row(void *context, const char *head, struct span row)
{
	struct listing *listing = context;

	buf_addc(&listing->lines, '{');
	buf_adds(&listing->lines, head);
	buf_adds(&listing->lines, ",\"kind\":\"history\",\"values\":");
	buf_add(&listing->lines, row.at, row.len);
	end_line(listing);
}

/* Writes the rows of the run that was begun with first. */
static void
write_rows(struct listing *listing)
{
	char *head, *text;
	jv why = runrows_take(listing->rows, take_row, listing, &head);

	if (!jv_is_valid(why)) {
		write_lines(listing);
		text = xasprintf("{%s%s}", head, listing->rest);
		ndjson_write(record_error(jv_parse(text), why));
		free(text);
	} else {
		jv_free(why);
	}
	free(head);
}

static jv
take_rows_of(void *context, struct span run)
{
	struct listing *listing = context;
	struct buf head = { 0 };

	if (runrows_count(listing->rows) == RUNROWS_MOST)
		write_rows(listing);
	runfields_write(listing->what->fields, &listing->place, run, &head);
	runrows_start(listing->rows, listing->place.entity,
	    listing->place.project, run, buf_take(&head), listing->deadline);
	return jv_null();
}

/* What is left of the input goes behind each run: {"a":1} as ,"a":1 */
static char *
rest_of(const struct runfields *fields, jv rec, bool rows)
{
	static const char *const own[] = { "run", "project", NULL };
	static const char *const of_rows[] = { "kind", "values", NULL };
	jv text;
	char *rest;

	rec = runfields_forget(fields, record_forget(jv_copy(rec), own));
	if (rows)
		rec = record_forget(rec, of_rows);
	text = jv_dump_string(rec, 0);
	rest =
	    xstrndup(jv_string_value(text), strlen(jv_string_value(text)) - 1);
	*rest = rest[1] != '\0' ? ',' : '\0';
	jv_free(text);
	return rest;
}

jv
runlisting_write(const struct runlisting *what,
    const struct account_place *place, jv rec, const struct deadline *deadline)
{
	bool with_rows = jv_is_valid(what->history);
	struct listing listing = { .what = what,
		.place = { .entity = place->entity,
		    .project = place->project,
		    .url = wandb_run_url(
			what->wandb, place->entity, place->project, "") },
		.rest = rest_of(what->fields, rec, with_rows),
		.deadline = deadline };
	struct runs_query query = { .entity = place->entity,
		.project = place->project,
		.filter = what->filter,
		.order = what->order,
		.limit = what->limit };
	runs_take *take = with_rows ? take_rows_of : take_run;
	struct runs_seen seen;
	char *select = NULL;
	jv why;

	runfields_ask(what->fields, &query);
	if (with_rows) {
		listing.rows = runrows_open(what->wandb, what->history);
		select = xasprintf("%s " RUNROWS_SELECT,
		    query.select != NULL ? query.select : "");
		query.select = select;
	}
	why = place->run_id != NULL
	    ? runs_one(
		  what->wandb, &query, place->run_id, deadline, take, &listing)
	    : runs_list(what->wandb, &query, deadline, take, &listing, &seen);
	while (with_rows && runrows_count(listing.rows) > 0)
		write_rows(&listing);
	write_lines(&listing);
	runrows_close(listing.rows);
	free(select);
	free(listing.place.url);
	free(listing.rest);
	buf_release(&listing.lines);
	return why;
}
