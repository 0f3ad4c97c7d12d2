/* SPDX-License-Identifier: MIT */
/* runfilter - which runs of a project are meant, and in which order */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "json.h"
#include "wandb/runfilter.h"

const char runfilter_known[] =
    "running finished failed crashed killed pending preempting preempted";

const char runfilter_orders[] =
    "created_at heartbeat_at updated_at summary.KEY config.KEY";

void
runfilter_add(struct runfilter *filter, struct span json)
{
	if (filter->count++ > 0)
		buf_addc(&filter->terms, ',');
	buf_add(&filter->terms, json.at, json.len);
}

static bool
is_state(const char *word, size_t len)
{
	for (const char *at = runfilter_known;; at++) {
		size_t this = strcspn(at, " ");

		if (this == len && memcmp(at, word, len) == 0)
			return true;
		at += this;
		if (*at == '\0')
			return false;
	}
}

const char *
runfilter_states(struct runfilter *filter, const char *list)
{
	struct buf text = { 0 };
	const char *at = list;

	buf_adds(&text, "{\"state\":{\"$in\":[");
	for (;; at++) {
		size_t len = strcspn(at, ",");

		if (!is_state(at, len)) {
			buf_release(&text);
			return at;
		}
		buf_addf(
		    &text, "%s\"%.*s\"", at > list ? "," : "", (int)len, at);
		at += len;
		if (*at == '\0')
			break;
	}
	buf_adds(&text, "]}}");
	runfilter_add(filter, (struct span){ text.at, text.len });
	buf_release(&text);
	return NULL;
}

void
runfilter_since(struct runfilter *filter, double time)
{
	char text[CLOCK_TEXT], *json;

	(void)clock_format(floor(time), text);
	/* The form that the server is known to compare. */
	json = xasprintf("{\"created_at\":{\"$gte\":\"%.*s+00:00\"}}",
	    (int)strcspn(text, "Z"), text);
	runfilter_add(filter, span_of(json));
	free(json);
}

char *
runfilter_text(struct runfilter *filter)
{
	struct buf text = { 0 };

	if (filter->count == 0)
		return NULL;
	if (filter->count == 1)
		return buf_take(&filter->terms);
	buf_addf(&text, "{\"$and\":[%s]}", filter->terms.at);
	buf_release(&filter->terms);
	return buf_take(&text);
}

char *
runfilter_order(const char *key)
{
	static const char *const times[] = { "created_at", "heartbeat_at",
		"updated_at" };
	char sign = *key == '-' ? '-' : '+';
	const char *name = *key == '-' || *key == '+' ? key + 1 : key;

	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		if (strcmp(name, times[i]) == 0)
			return xasprintf(
			    "%c%s", sign, i == 2 ? "updatedAt" : name);
	if (strncmp(name, "summary.", 8) == 0 && name[8] != '\0')
		return xasprintf("%csummary_metrics.%s", sign, name + 8);
	if (strncmp(name, "config.", 7) == 0 && name[7] != '\0')
		return xasprintf("%cconfig.%s.value", sign, name + 7);
	return NULL;
}
