/* SPDX-License-Identifier: MIT */
/*
 * threshold - verdicts on metric records
 *
 * A file of limits is a JSON object, an object for each metric:
 *
 *	{"wandb.push_to_main.success_rate_pct":
 *		{"warn_below": 90, "fail_below": 80},
 *	 "wandb.runs.failed_24h": {"warn_above": 5, "fail_above": 10}}
 *
 * A value at a limit is within it.
 */
#ifndef METRICS_THRESHOLD_H
#define METRICS_THRESHOLD_H

#include <stdbool.h>

#include <jv.h>

/*
 * Reads a file of limits. is_metric says whether there is a metric of a name.
 * Returns what threshold_judge() takes, or an error_value(): input, with the
 * file and the place in it, io or not_found.
 */
jv threshold_read(const char *path, bool (*is_metric)(const char *name));

/*
 * Adds to a record that limits (borrowed) has limits for: limit, these, and
 * verdict: ok, warn, fail, or unknown if its value is null. *said is NULL, or
 * for warn, fail and unknown a line about it, the caller's to free. One that
 * fails has failed, too (rejected).
 */
jv threshold_judge(jv limits, jv rec, char **said);

#endif
