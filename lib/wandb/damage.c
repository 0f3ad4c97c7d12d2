/* SPDX-License-Identifier: MIT */
/*
 * damage - what of a .wandb file could not be read, counted
 */
#include <inttypes.h>
#include <math.h>

#include "record.h"
#include "wandb/damage.h"
#include "wandb/place.h"

static const int64_t MOST = INT64_C(1) << 53;

void
damage_init(struct damage *damage)
{
	*damage = (struct damage){ .first = jv_null() };
}

void
damage_release(struct damage *damage)
{
	jv_free(damage->first);
	buf_release(&damage->row);
	damage_init(damage);
}

bool
damage_found(const struct damage *damage)
{
	return !jv_is_valid(damage->first);
}

/* The damaged place is over at end. */
static void
close_place(struct damage *damage, off_t end)
{
	off_t first = damage->start / LEVELDB_BLOCK;

	if (!damage->open)
		return;
	damage->open = false;
	if (end <= damage->start)
		return;
	damage->bytes += end - damage->start;
	damage->blocks += (end - 1) / LEVELDB_BLOCK - first + 1;
}

/* Numbers that no writer writes overflow nothing. */
static void
count_records(struct damage *damage, int64_t num)
{
	int64_t lost = num - damage->num - 1;

	if (lost > MOST - damage->records)
		lost = MOST - damage->records;
	if (damage->gap && lost > 0) {
		damage->records += lost;
		damage->lost += lost;
	}
	damage->gap = false;
	damage->num = num;
}

static void
count_rows(struct damage *damage, struct span message)
{
	struct span before = { damage->row.at, damage->row.len };
	double last = -1, step, time, rows;

	if (damage->lost > 0 || damage->gap) {
		if (before.len > 0)
			place_row(before, &time, &last);
		place_row(message, &time, &step);
		rows = step - last - 1;
		if (!damage->gap || !(rows < (double)MOST))
			rows = fmin(rows, (double)damage->lost);
		if (rows > 0)
			damage->rows += (int64_t)rows;
		damage->lost = 0;
	}
	buf_clear(&damage->row);
	buf_add(&damage->row, message.at, message.len);
}

void
damage_take(struct damage *damage, const char *path, enum leveldb_event event,
    const struct runlog_entry *entry)
{
	if (event == LEVELDB_DAMAGE || event == LEVELDB_CUT) {
		if (!damage_found(damage))
			damage->first = runlog_error(path, event, entry);
		if (!damage->open) {
			damage->start = entry->start;
			damage->places++;
		}
		damage->open = damage->gap = true;
	}
	if (event != LEVELDB_RECORD) {
		if (event != LEVELDB_DAMAGE)
			close_place(damage,
			    event == LEVELDB_CUT ? entry->end : entry->start);
		return;
	}
	close_place(damage, entry->start);
	if (entry->num > 0)
		count_records(damage, entry->num);
	if (entry->kind == RUNLOG_HISTORY)
		count_rows(damage, entry->message);
}

jv
damage_counts(const struct damage *damage)
{
	jv counts = jv_object();

	counts = record_set_number(counts, "bytes", (double)damage->bytes);
	counts = record_set_number(counts, "blocks", (double)damage->blocks);
	counts = record_set_number(counts, "records", (double)damage->records);
	return record_set_number(counts, "rows", (double)damage->rows);
}

jv
damage_verdict(const struct damage *damage)
{
	if (!damage_found(damage))
		return jv_null();
	return error_value("damaged",
	    "%s; %ld damaged place%s: %" PRId64 " bytes cannot be read, and "
	    "%" PRId64 " records in them, %" PRId64 " of them rows, as far as "
	    "is known",
	    error_message(damage->first), damage->places,
	    damage->places == 1 ? "" : "s", damage->bytes, damage->records,
	    damage->rows);
}
