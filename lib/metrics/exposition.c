/* SPDX-License-Identifier: MIT */
/*
 * exposition - metric records in the forms that other collectors read
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "json.h"
#include "metrics/datadog.h"
#include "metrics/exposition.h"
#include "record.h"

struct exposition_family {
	char *name;
	char *help;
	struct buf samples;
};

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A name of [a-zA-Z_][a-zA-Z0-9_]*: what is something else becomes '_'. */
static char *
plain_name(const char *name)
{
	struct buf out = { 0 };

	if (is_digit(*name))
		buf_addc(&out, '_');
	for (; *name != '\0'; name++)
		buf_addc(
		    &out, is_letter(*name) || is_digit(*name) ? *name : '_');
	buf_addc(&out, '\0');
	return buf_take(&out);
}

/* The text with a backslash before each of special; a line end is \n. */
static void
add_escaped(struct buf *out, const char *text, const char *special)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n') {
			buf_adds(out, "\\n");
			continue;
		}
		if (strchr(special, *text) != NULL)
			buf_addc(out, '\\');
		buf_addc(out, *text);
	}
}

/*
 * The tags that are strings, by their keys in ascending order: an array of
 * [key, value].
 */
static jv
sorted_tags(jv rec)
{
	jv tags = record_get(rec, "tags"), keys, out = jv_array();

	if (jv_get_kind(tags) != JV_KIND_OBJECT) {
		jv_free(tags);
		return out;
	}
	keys = jv_keys(jv_copy(tags));
	for (int i = 0; i < jv_array_length(jv_copy(keys)); i++) {
		jv key = jv_array_get(jv_copy(keys), i);
		jv value = jv_object_get(jv_copy(tags), jv_copy(key));
		jv pair = jv_array_append(jv_array(), key);

		if (jv_get_kind(value) == JV_KIND_STRING) {
			out =
			    jv_array_append(out, jv_array_append(pair, value));
		} else {
			jv_free(pair);
			jv_free(value);
		}
	}
	jv_free(keys);
	jv_free(tags);
	return out;
}

/* Calls add with each tag, its number first. */
static void
each_tag(jv rec, struct buf *out,
    void (*add)(struct buf *out, int i, const char *key, const char *value))
{
	jv tags = sorted_tags(rec);

	for (int i = 0; i < jv_array_length(jv_copy(tags)); i++) {
		jv pair = jv_array_get(jv_copy(tags), i);
		jv key = jv_array_get(jv_copy(pair), 0);
		jv value = jv_array_get(pair, 1);

		add(out, i, jv_string_value(key), jv_string_value(value));
		jv_free(key);
		jv_free(value);
	}
	jv_free(tags);
}

/* ---- Prometheus and OpenMetrics ---- */

static struct exposition_family *
family_of(struct exposition *all, const char *metric, const char *help)
{
	char *name = plain_name(metric);
	struct exposition_family *family;

	for (size_t i = 0; i < all->count; i++) {
		if (strcmp(all->families[i].name, name) == 0) {
			free(name);
			return &all->families[i];
		}
	}
	all->families = xreallocarray(
	    all->families, all->count + 1, sizeof(*all->families));
	family = &all->families[all->count++];
	*family =
	    (struct exposition_family){ .name = name, .help = xstrdup(help) };
	return family;
}

static void
add_label(struct buf *out, int i, const char *key, const char *value)
{
	char *name = plain_name(key);

	buf_addc(out, i == 0 ? '{' : ',');
	buf_addf(out, "%s=\"", name);
	add_escaped(out, value, "\\\"");
	buf_addc(out, '"');
	free(name);
}

/* Whether a sample begins with series: its name, labels and the space. */
static bool
has_series(const struct buf *samples, const struct buf *series)
{
	const char *line, *end;

	for (size_t at = 0; at < samples->len; at += (size_t)(end - line) + 1) {
		line = samples->at + at;
		end = memchr(line, '\n', samples->len - at);
		if ((size_t)(end - line) > series->len &&
		    memcmp(line, series->at, series->len) == 0)
			return true;
	}
	return false;
}

/* False if there is one of its series already. */
static bool
add_sample(struct exposition *all, jv rec, const char *help, const char *value)
{
	struct exposition_family *family =
	    family_of(all, record_str(rec, "metric"), help);
	struct buf series = { 0 }, labels = { 0 };
	bool again;

	each_tag(rec, &labels, add_label);
	if (labels.len > 0)
		buf_addc(&labels, '}');
	buf_adds(&series, family->name);
	buf_add(&series, labels.at, labels.len);
	buf_addc(&series, ' ');
	again = has_series(&family->samples, &series);
	if (!again)
		buf_addf(&family->samples, "%s%s\n", series.at, value);
	buf_release(&labels);
	buf_release(&series);
	return !again;
}

/* OpenMetrics: a unit is one that the name ends in. */
static const char *
unit_of(const char *name)
{
	static const char *const units[] = { "seconds", "hours", "bytes" };
	const char *last = strrchr(name, '_');

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (last != NULL && strcmp(last + 1, units[i]) == 0)
			return units[i];
	return NULL;
}

static void
add_family(struct exposition_family *family, bool open, struct buf *out)
{
	const char *unit = open ? unit_of(family->name) : NULL;

	buf_addf(out, "# HELP %s ", family->name);
	add_escaped(out, family->help, open ? "\\\"" : "\\");
	buf_addf(out, "\n# TYPE %s gauge\n", family->name);
	if (unit != NULL)
		buf_addf(out, "# UNIT %s %s\n", family->name, unit);
	buf_add(out, family->samples.at, family->samples.len);
	free(family->name);
	free(family->help);
	buf_release(&family->samples);
}

/* ---- InfluxDB ---- */

/* No line end can be told there, nor a backslash before what is escaped. */
static void
add_influx(struct buf *out, const char *text, const char *special)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n' || *text == '\r' || *text == '\\') {
			buf_addc(out, '_');
			continue;
		}
		if (strchr(special, *text) != NULL)
			buf_addc(out, '\\');
		buf_addc(out, *text);
	}
}

static void
add_influx_tag(struct buf *out, int i, const char *key, const char *value)
{
	(void)i;
	if (*value == '\0') /* there is no empty one */
		return;
	buf_addc(out, ',');
	add_influx(out, key, ",= ");
	buf_addc(out, '=');
	add_influx(out, value, ",= ");
}

static void
add_point(struct buf *out, jv rec, const char *value, bool counts, double at)
{
	add_influx(out, record_str(rec, "metric"), ", ");
	each_tag(rec, out, add_influx_tag);
	buf_addf(out, " value=%s%s", value, counts ? "i" : "");
	if (isfinite(at)) {
		buf_addc(out, ' ');
		/* To the millisecond, which is what a double tells. */
		buf_add_whole(out, llround(at * 1e3) * 1000000);
	}
	buf_addc(out, '\n');
}

/* ---- Datadog ---- */

static void
add_series(struct buf *out, jv rec)
{
	struct datadog datadog;
	jv series;

	datadog_init(&datadog, jv_array());
	series = datadog_series(&datadog, rec);
	datadog_release(&datadog);
	if (jv_get_kind(series) == JV_KIND_OBJECT) {
		series = jv_dump_string(series, 0);
		buf_adds(out, out->len > 0 ? ",\n" : "");
		buf_adds(out, jv_string_value(series));
	}
	jv_free(series);
}

/* ---- all ---- */

bool
exposition_named(const char *name, enum exposition_form *form)
{
	static const char *const names[] = {
		[EXPOSITION_PROMETHEUS] = "prometheus",
		[EXPOSITION_OPENMETRICS] = "openmetrics",
		[EXPOSITION_INFLUX] = "influx",
		[EXPOSITION_DATADOG] = "datadog",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(name, names[i]) == 0) {
			*form = (enum exposition_form)i;
			return true;
		}
	}
	return false;
}

bool
exposition_add(
    struct exposition *exposition, jv rec, const char *help, bool counts)
{
	const char *time = record_str(rec, "at");
	double at = time != NULL ? clock_parse(time) : NAN;
	jv value = record_get(rec, "value");
	struct buf number = { 0 };
	bool added = true;

	if (jv_get_kind(value) == JV_KIND_NUMBER &&
	    record_str(rec, "metric") != NULL) {
		json_number(&number, jv_number_value(value));
		switch (exposition->form) {
		case EXPOSITION_PROMETHEUS:
		case EXPOSITION_OPENMETRICS:
			added = add_sample(exposition, rec, help, number.at);
			break;
		case EXPOSITION_INFLUX:
			add_point(
			    &exposition->lines, rec, number.at, counts, at);
			break;
		case EXPOSITION_DATADOG:
			add_series(&exposition->lines, rec);
			break;
		}
	}
	buf_release(&number);
	jv_free(value);
	return added;
}

void
exposition_end(struct exposition *exposition, struct buf *out)
{
	bool open = exposition->form == EXPOSITION_OPENMETRICS;
	bool series = exposition->form == EXPOSITION_DATADOG;

	for (size_t i = 0; i < exposition->count; i++)
		add_family(&exposition->families[i], open, out);
	if (open)
		buf_adds(out, "# EOF\n");
	if (series)
		buf_adds(out, "{\"series\":[");
	buf_add(out, exposition->lines.at, exposition->lines.len);
	if (series)
		buf_adds(out, "]}\n");
	free(exposition->families);
	buf_release(&exposition->lines);
	*exposition = (struct exposition){ .form = exposition->form };
}
