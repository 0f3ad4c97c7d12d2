/* SPDX-License-Identifier: MIT */
/*
 * logrow - lines of metrics, made into the rows and the summary of a run
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "wandb/logrow.h"
#include "wandb/message.h"
#include "wandb/stream.h"
#include "wandb/tree.h"

enum {
	HAS_MIN = 1,
	HAS_MAX = 2,
	HAS_MEAN = 4,
	HAS_LAST = 8,
	/* Bytes that the keys of a row take beside those of its line. */
	OWN_KEYS = 200
};

/* All whole numbers below it are a double's, as which the server has them. */
#define STEP_END 0x1p53

/* Its field in MetricRecord.summary. */
static const struct how {
	const char *name;
	unsigned flag;
	uint32_t number;
} hows[] = {
	{ "min", HAS_MIN, 1 },
	{ "max", HAS_MAX, 2 },
	{ "mean", HAS_MEAN, 3 },
	{ "last", HAS_LAST, 5 },
};

/* A metric that was defined, and its values. */
struct metric {
	char *name; /* as it was given */
	char *keys; /* what path points to */
	struct span path[JSON_DEPTH];
	size_t depth;
	unsigned how;
	bool news; /* since the summary was written */
	int64_t count;
	double min, max, total;
	struct buf last;
};

struct logrows {
	double start;
	int64_t count;
	int64_t next;      /* the step of the next row, at least */
	int64_t micros;    /* the _timestamp of the last row that was timed */
	bool news;         /* there were rows since the summary was written */
	struct tree *last; /* their values, but those of defined metrics */
	struct metric **metrics;
	size_t metric_count;
	struct json_members members;
	struct buf *names; /* the keys of a leaf, by depth */
	struct span *path;
	size_t room;
	struct buf step, timestamp, runtime; /* of the last row, as JSON */
	struct buf why;
};

struct logrows *
logrows_new(double start)
{
	struct logrows *rows = xcalloc(1, sizeof *rows);

	rows->start = start;
	rows->last = tree_new();
	return rows;
}

void
logrows_free(struct logrows *rows)
{
	if (rows == NULL)
		return;
	for (size_t i = 0; i < rows->metric_count; i++) {
		free(rows->metrics[i]->name);
		free(rows->metrics[i]->keys);
		buf_release(&rows->metrics[i]->last);
		free(rows->metrics[i]);
	}
	free(rows->metrics);
	tree_free(rows->last);
	json_members_release(&rows->members);
	for (size_t i = 0; i < rows->room; i++)
		buf_release(&rows->names[i]);
	free(rows->names);
	free(rows->path);
	buf_release(&rows->step);
	buf_release(&rows->timestamp);
	buf_release(&rows->runtime);
	buf_release(&rows->why);
	free(rows);
}

int64_t
logrows_count(const struct logrows *rows)
{
	return rows->count;
}

int64_t
logrows_last_step(const struct logrows *rows)
{
	return rows->count > 0 ? strtoll(rows->step.at, NULL, 10) : -1;
}

void
logrows_go_on(struct logrows *rows, int64_t step, double runtime)
{
	if (rows->next < step)
		rows->next = step;
	rows->start -= runtime;
}

/* ---- defined metrics ---- */

/* "a.b\.c" is a path of "a" and "b.c". False if it is none. */
static bool
split(struct metric *metric)
{
	char *out = metric->keys = xstrdup(metric->name), *begin = out;

	for (const char *at = metric->name;; at++) {
		if (*at != '\0' && *at != '.') {
			at += *at == '\\' && at[1] == '.';
			*out++ = *at;
			continue;
		}
		if (metric->depth == JSON_DEPTH || out == begin)
			return false;
		metric->path[metric->depth++] =
		    (struct span){ begin, (size_t)(out - begin) };
		if (*at == '\0')
			return true;
		begin = out;
	}
}

static struct metric *
metric_named(struct logrows *rows, const char *name, size_t len)
{
	struct metric *metric;

	for (size_t i = 0; i < rows->metric_count; i++)
		if (strlen(rows->metrics[i]->name) == len &&
		    memcmp(rows->metrics[i]->name, name, len) == 0)
			return rows->metrics[i];
	metric = xcalloc(1, sizeof *metric);
	metric->name = xstrndup(name, len);
	rows->metrics = xreallocarray(
	    rows->metrics, rows->metric_count + 1, sizeof(struct metric *));
	rows->metrics[rows->metric_count++] = metric;
	return split(metric) ? metric : NULL;
}

bool
logrows_define(struct logrows *rows, const char *text)
{
	const char *colon = strrchr(text, ':');
	struct metric *metric;

	for (size_t i = 0; colon != NULL && i < sizeof hows / sizeof *hows; i++)
		if (strcmp(colon + 1, hows[i].name) == 0) {
			metric =
			    metric_named(rows, text, (size_t)(colon - text));
			if (metric != NULL)
				metric->how |= hows[i].flag;
			return metric != NULL;
		}
	return false;
}

void
logrows_metrics(const struct logrows *rows, struct logwriter *writer)
{
	struct buf options = { 0 }, summary = { 0 };
	struct buf *message;

	for (size_t i = 0; i < rows->metric_count; i++) {
		message = logwriter_message(writer);
		message_text(message, 1, rows->metrics[i]->name);
		message_int(&options, 3, 1); /* defined */
		message_sub(message, 6, &options);
		for (size_t k = 0; k < sizeof hows / sizeof *hows; k++)
			if (rows->metrics[i]->how & hows[k].flag)
				message_int(&summary, hows[k].number, 1);
		message_sub(message, 7, &summary);
		logwriter_add(writer, RUNLOG_METRIC);
	}
}

static double
number_of(struct span text)
{
	char *copy = xstrndup(text.at, text.len);
	double number = strtod(copy, NULL);

	free(copy);
	return number;
}

/* Once a NaN is in, it stays. */
static double
less(double a, double b)
{
	return isnan(a) || a < b ? a : b;
}

static void
metric_take(struct metric *metric, const struct json_value *value)
{
	double number;

	metric->news = true;
	buf_clear(&metric->last);
	buf_add(&metric->last, value->text.at, value->text.len);
	if (value->type != JSON_NUMBER && value->type != JSON_WORD)
		return;
	number = number_of(value->text);
	if (metric->count++ == 0)
		metric->min = metric->max = number;
	metric->min = less(metric->min, number);
	metric->max = -less(-metric->max, -number);
	metric->total += number;
}

static void
add_part(struct buf *out, const char *name, double number)
{
	buf_addf(out, "%s\"%s\":", out->len > 1 ? "," : "", name);
	json_number(out, number);
}

/* Its summary: an object; "{}" if there is nothing to say. */
static void
metric_json(const struct metric *metric, struct buf *out)
{
	buf_clear(out);
	buf_addc(out, '{');
	if (metric->count > 0) {
		if (metric->how & HAS_MIN)
			add_part(out, "min", metric->min);
		if (metric->how & HAS_MAX)
			add_part(out, "max", metric->max);
		if (metric->how & HAS_MEAN)
			add_part(
			    out, "mean", metric->total / (double)metric->count);
	}
	if (metric->how & HAS_LAST) {
		buf_adds(out, out->len > 1 ? ",\"last\":" : "\"last\":");
		buf_add(out, metric->last.at, metric->last.len);
	}
	buf_addc(out, '}');
}

/* ---- leaves ---- */

typedef void take_leaf(struct logrows *rows, size_t depth,
    const struct json_value *value, void *context);

/* Keeps a key as element number depth of the path. */
static void
put_key(struct logrows *rows, size_t depth, struct span key, bool escaped)
{
	if (depth >= rows->room) {
		rows->names =
		    xreallocarray(rows->names, depth + 8, sizeof(*rows->names));
		rows->path =
		    xreallocarray(rows->path, depth + 8, sizeof(*rows->path));
		memset(rows->names + rows->room, 0,
		    (depth + 8 - rows->room) * sizeof(*rows->names));
		rows->room = depth + 8;
	}
	rows->path[depth] = key;
	if (!escaped)
		return;
	buf_clear(&rows->names[depth]);
	json_decode(&rows->names[depth], key);
	rows->path[depth] =
	    (struct span){ rows->names[depth].at, rows->names[depth].len };
}

/* All leaves of a value whose keys are the first depth elements of the path. */
static void
each_leaf(struct logrows *rows, size_t depth, const struct json_value *value,
    take_leaf *take, void *context)
{
	struct json_walk walk;
	struct json_member member;

	if (value->type != JSON_OBJECT) {
		take(rows, depth, value, context);
		return;
	}
	json_walk(&walk, value->text, JSON_WORDS);
	while (json_next(&walk, &member)) {
		put_key(rows, depth, member.key, member.key_escaped);
		each_leaf(rows, depth + 1, &member.value, take, context);
	}
}

static bool
is_at(const struct metric *metric, const struct span *path, size_t depth)
{
	if (metric->depth != depth)
		return false;
	for (size_t i = 0; i < depth; i++)
		if (metric->path[i].len != path[i].len ||
		    memcmp(metric->path[i].at, path[i].at, path[i].len) != 0)
			return false;
	return true;
}

static void
sum_up(struct logrows *rows, size_t depth, const struct json_value *value,
    void *context)
{
	(void)context;
	for (size_t i = 0; i < rows->metric_count; i++)
		if (is_at(rows->metrics[i], rows->path, depth)) {
			metric_take(rows->metrics[i], value);
			return;
		}
	(void)tree_put(
	    rows->last, rows->path, depth, value->text); /* it was checked */
}

static void
write_leaf(struct logrows *rows, size_t depth, const struct json_value *value,
    void *context)
{
	message_path(context, 1, rows->path, depth, value->text);
}

/* ---- rows ---- */

static const char *
refuse(struct logrows *rows, const char *why)
{
	buf_clear(&rows->why);
	buf_adds(&rows->why, why);
	return rows->why.at;
}

/* What a line says of its row. */
struct own {
	int64_t step;                   /* -1: nothing */
	struct span timestamp, runtime; /* empty: nothing */
	size_t metrics;
};

static const char *
take_number(struct logrows *rows, const struct json_value *value,
    const char *name, struct span *out)
{
	if (value->type == JSON_NUMBER && isfinite(number_of(value->text))) {
		*out = value->text;
		return NULL;
	}
	buf_clear(&rows->why);
	buf_addf(&rows->why, "%s is no number", name);
	return rows->why.at;
}

static const char *
take_step(struct logrows *rows, const struct json_value *value, int64_t *step)
{
	double number =
	    value->type == JSON_NUMBER ? number_of(value->text) : NAN;

	if (!(fabs(number) < STEP_END) || number != floor(number))
		return refuse(rows, "_step is no whole number");
	*step = (int64_t)number;
	if (*step < 0)
		return refuse(rows, "_step is less than 0");
	if (*step >= rows->next)
		return NULL;
	buf_clear(&rows->why);
	buf_addf(&rows->why,
	    "_step %" PRId64 " is not behind %" PRId64
	    ", that of the row before",
	    *step, rows->next - 1);
	return rows->why.at;
}

/*
 * Takes what a member says of the row, and says why that is wrong; *taken: it
 * is one of those that do.
 */
static const char *
take_own(struct logrows *rows, const struct json_value *value, struct own *own,
    bool *taken)
{
	struct span key = rows->path[0];

	*taken = true;
	if (key.len == 0)
		return refuse(rows, "a key is empty");
	if (span_is(key, "_step"))
		return take_step(rows, value, &own->step);
	if (span_is(key, "_timestamp"))
		return take_number(rows, value, "_timestamp", &own->timestamp);
	if (span_is(key, "_runtime"))
		return take_number(rows, value, "_runtime", &own->runtime);
	*taken = false;
	return NULL;
}

/* Puts all metrics into message. The members that are none lose their keys. */
static const char *
take_members(struct logrows *rows, struct buf *message, struct own *own)
{
	const char *why = NULL;
	bool taken;

	for (size_t i = 0; why == NULL && i < rows->members.count; i++) {
		struct json_member *member = &rows->members.at[i];

		put_key(rows, 0, member->key, member->key_escaped);
		why = take_own(rows, &member->value, own, &taken);
		if (taken) {
			member->key.len = 0;
			continue;
		}
		message_path(message, 1, rows->path, 1, member->value.text);
		own->metrics++;
	}
	return why;
}

static void
put_time(struct buf *out, int64_t micros)
{
	buf_clear(out);
	buf_add_whole(out, micros / 1000000);
	buf_addc(out, '.');
	buf_add_digits(out, micros % 1000000, 6);
}

static void
put_given(struct buf *out, struct span json)
{
	buf_clear(out);
	buf_add(out, json.at, json.len);
}

static void
put_own(struct logrows *rows, const char *key, const struct buf *json,
    struct buf *message)
{
	put_key(rows, 0, span_of(key), false);
	message_path(
	    message, 1, rows->path, 1, (struct span){ json->at, json->len });
}

/* The keys that every row has. */
static void
add_own(struct logrows *rows, const struct own *own, double now,
    struct buf *message)
{
	int64_t micros = llround(now * 1e6);

	micros = micros > rows->micros ? micros : rows->micros + 1;
	rows->micros = micros;
	put_time(&rows->timestamp, micros);
	if (own->timestamp.len > 0)
		put_given(&rows->timestamp, own->timestamp);
	put_time(&rows->runtime,
	    llround(fmax((double)micros - rows->start * 1e6, 0)));
	if (own->runtime.len > 0)
		put_given(&rows->runtime, own->runtime);
	buf_clear(&rows->step);
	buf_add_whole(&rows->step, rows->next);
	put_own(rows, "_step", &rows->step, message);
	put_own(rows, "_timestamp", &rows->timestamp, message);
	put_own(rows, "_runtime", &rows->runtime, message);
}

/* What the row is to the summary. */
static void
sum_up_row(struct logrows *rows)
{
	for (size_t i = 0; i < rows->members.count; i++) {
		const struct json_member *member = &rows->members.at[i];

		if (member->key.len == 0)
			continue;
		put_key(rows, 0, member->key, member->key_escaped);
		each_leaf(rows, 1, &member->value, sum_up, NULL);
	}
}

const char *
logrows_take(struct logrows *rows, struct span line, double now,
    struct logwriter *writer)
{
	struct buf *message = logwriter_message(writer);
	struct own own = { .step = -1 };
	struct json_fault fault;
	const char *why;

	if (line.len + OWN_KEYS > STREAM_MOST_LINE)
		return refuse(rows, "it is longer than the server takes");
	if (!json_members(line, JSON_WORDS, &rows->members, &fault)) {
		buf_clear(&rows->why);
		buf_addf(&rows->why, "no JSON object: column %zu: %s",
		    fault.at + 1, fault.why);
		return rows->why.at;
	}
	why = take_members(rows, message, &own);
	if (why != NULL)
		return why;
	if (own.metrics == 0) {
		rows->next = own.step >= 0 ? own.step : rows->next + 1;
		return NULL;
	}
	if (message->len + OWN_KEYS > STREAM_MOST_LINE)
		return refuse(rows, "it is longer than the server takes");
	if (own.step >= 0)
		rows->next = own.step;
	if ((double)rows->next >= STEP_END)
		return refuse(rows, "there is no _step behind the last one");
	add_own(rows, &own, now, message);
	logwriter_add(writer, RUNLOG_HISTORY);
	rows->next++;
	rows->count++;
	rows->news = true;
	sum_up_row(rows);
	return NULL;
}

/* ---- the summary, the end ---- */

static void
write_key(void *context, struct span key, struct span json)
{
	void **both = context;
	struct logrows *rows = both[0];
	struct json_value value;
	struct json_fault fault;

	put_key(rows, 0, key, false);
	if (json_value(json, JSON_WORDS, &value, &fault))
		each_leaf(rows, 1, &value, write_leaf, both[1]);
}

static void
write_runtime(struct logrows *rows, double now, struct buf *message)
{
	struct buf seconds = { 0 };

	buf_add_whole(&seconds, (int64_t)fmax(now - rows->start, 0));
	put_key(rows, 0, span_of("_wandb"), false);
	put_key(rows, 1, span_of("runtime"), false);
	message_path(message, 1, rows->path, 2,
	    (struct span){ seconds.at, seconds.len });
	buf_release(&seconds);
}

void
logrows_summary(struct logrows *rows, double now, struct logwriter *writer)
{
	struct buf *message = logwriter_message(writer);
	void *both[] = { rows, message };
	struct buf json = { 0 };

	if (!rows->news)
		return;
	tree_each(rows->last, write_key, both);
	for (size_t i = 0; i < rows->metric_count; i++) {
		struct metric *metric = rows->metrics[i];

		metric_json(metric, &json);
		if (metric->news && json.len > 2)
			message_path(message, 1, metric->path, metric->depth,
			    (struct span){ json.at, json.len });
		metric->news = false;
	}
	put_own(rows, "_step", &rows->step, message);
	put_own(rows, "_timestamp", &rows->timestamp, message);
	put_own(rows, "_runtime", &rows->runtime, message);
	write_runtime(rows, now, message);
	logwriter_add(writer, RUNLOG_SUMMARY);
	tree_clear(rows->last);
	rows->news = false;
	buf_release(&json);
}

void
logrows_exit(
    struct logrows *rows, double now, int code, struct logwriter *writer)
{
	struct buf *message;

	logrows_summary(rows, now, writer);
	message = logwriter_message(writer);
	write_runtime(rows, now, message);
	logwriter_add(writer, RUNLOG_SUMMARY);
	message = logwriter_message(writer);
	message_int(message, 1, (uint64_t)(int64_t)code);
	message_int(message, 2, (uint64_t)fmax(now - rows->start, 0));
	logwriter_add(writer, RUNLOG_EXIT);
}
