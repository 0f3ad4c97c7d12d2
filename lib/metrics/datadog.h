/* SPDX-License-Identifier: MIT */
/*
 * metrics/datadog - a metric record as Datadog takes it
 *
 * A metric record: {"metric": "wandb.runs.active", "value": 3, "unit": "run",
 * "at": "2026-01-10T12:00:00Z", "tags": {"project": "p"}, "type": "gauge"}. Its
 * tags are an object, or a list of "key:value"; its type is gauge (also without
 * one), count or rate, the latter two with an "interval_seconds".
 *
 * A series is an element of "series" in the body of POST /api/v2/series:
 *
 *	{"metric":"wandb.runs.active","type":3,
 *	 "points":[{"timestamp":1768046400,"value":3}],"tags":["project:p"],
 *	 "resources":[{"name":"host-1","type":"host"}],"unit":"run"}
 *
 * Names: what is no ASCII letter, digit, '_' or '.' becomes '_'; one that does
 * not begin with a letter, or has more than 200 characters, is refused. Tags:
 * lower case; what stands before the first letter goes, what is no letter,
 * digit or one of "_-:./" becomes '_', 200 characters are kept, but no '_' or
 * ':' at the end.
 */
#ifndef METRICS_DATADOG_H
#define METRICS_DATADOG_H

#include <stdbool.h>
#include <stddef.h>

#include <jv.h>

/* What all series have. */
struct datadog {
	jv tags; /* an array of legal tags, the strongest first */
	jv host; /* the host's name; null without one */
};

/*
 * Fills datadog: tags (an array of strings, consumed), then the environment's:
 * DD_ENV, DD_SERVICE and DD_VERSION, then DD_TAGS ("a:b,c:d" or "a:b c:d"); the
 * host is DD_HOSTNAME. A tag whose key an earlier one of these has is left out,
 * as is one whose key the record has.
 */
void datadog_init(struct datadog *datadog, jv tags);
void datadog_release(struct datadog *datadog);

/*
 * rec, which is borrowed, as a series; jv_null() if its value is null; an
 * error_value(), input, if it is no metric.
 */
jv datadog_series(const struct datadog *datadog, jv rec);

/*
 * Whether Datadog would drop a series for its time, which it does without a
 * word: more than an hour ago, or more than ten minutes ahead. jv_null(), or an
 * error_value(): input.
 */
jv datadog_check_time(jv series);

/* A tag made legal, or an empty string if nothing is left of it. */
jv datadog_tag(const char *text);

#endif
