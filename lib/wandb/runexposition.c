/* SPDX-License-Identifier: MIT */
/*
 * runexposition - the metrics of runs in the forms that other collectors read
 */
#include "wandb/runexposition.h"
#include "clock.h"
#include "diag.h"
#include "record.h"
#include "wandb/runmetrics.h"

static bool
has_families(const struct exposition *exposition)
{
	return exposition->form == EXPOSITION_PROMETHEUS ||
	    exposition->form == EXPOSITION_OPENMETRICS;
}

/* A gauge of this program's own. */
static void
add_own(struct exposition *exposition, const char *name, double value, jv tags,
    const char *help)
{
	jv rec = record_set_str(jv_object(), "metric", name);

	rec = record_set_number(rec, "value", value);
	rec = jv_object_set(rec, jv_string("tags"), tags);
	(void)exposition_add(exposition, rec, help, false); /* as the first */
	jv_free(rec);
}

void
runexposition_add(
    struct exposition *exposition, struct span line, double window)
{
	jv rec = jv_parse_sized(line.at, (int)line.len);
	const char *metric = record_str(rec, "metric");
	int i = metric != NULL ? runmetric_find(metric, window) : -1;
	bool again = i >= 0 &&
	    !exposition_add(
		exposition, rec, runmetric_help(i), runmetric_counts(i));

	/* Once a project: its first metric is never null. */
	if (i == 0 && again)
		warning("%s: comes again, and is left out",
		    record_str(rec, "project"));
	else if (i == 0 && has_families(exposition))
		add_own(exposition,
		    "wandb.collect.last_success_timestamp_seconds",
		    clock_parse(record_str(rec, "at")), record_get(rec, "tags"),
		    "When all runs of the project were listed.");
	jv_free(rec);
}

void
runexposition_end(
    struct exposition *exposition, double seconds, struct buf *out)
{
	if (has_families(exposition) && exposition->count > 0)
		add_own(exposition, "wandb.collect.duration_seconds", seconds,
		    jv_object(), "How long it took to collect all of this.");
	exposition_end(exposition, out);
}
