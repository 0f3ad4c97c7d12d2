/* SPDX-License-Identifier: MIT */
/*
 * exposition - metric records in the forms that other collectors read
 *
 * Prometheus' text format 0.0.4, OpenMetrics 1.0, InfluxDB's line protocol (a
 * value field, time in nanoseconds), and the body of Datadog's POST
 * /api/v2/series (datadog.h). A record without a number as its value is in none
 * of them, and tags must be strings.
 */
#ifndef METRICS_EXPOSITION_H
#define METRICS_EXPOSITION_H

#include <stdbool.h>

#include <jv.h>

#include "mem.h"

enum exposition_form {
	EXPOSITION_PROMETHEUS,
	EXPOSITION_OPENMETRICS,
	EXPOSITION_INFLUX,
	EXPOSITION_DATADOG,
};

/* prometheus, openmetrics, influx or datadog; false if it is another. */
bool exposition_named(const char *name, enum exposition_form *form);

/* All samples of a name, which stand together. */
struct exposition_family;

/* All zero but for form is empty and valid. */
struct exposition {
	enum exposition_form form;
	struct exposition_family *families; /* in the order of their coming */
	size_t count;
	struct buf lines; /* of the forms without families */
};

/*
 * Adds a record, which is borrowed. help says what the metric is, in a
 * sentence; counts: its value is a whole number always. False: Prometheus' two
 * forms take one sample of a name and its tags, and there was one; the record
 * is left out.
 */
bool exposition_add(
    struct exposition *exposition, jv rec, const char *help, bool counts);

/* Appends the whole text to out, and is empty again. */
void exposition_end(struct exposition *exposition, struct buf *out);

#endif
