/* SPDX-License-Identifier: MIT */
/*
 * metrics/intake - series to Datadog's API, and what became of each
 *
 * POST https://api.SITE/api/v2/series, deflated where that is less. Sent is
 * what was answered with 202 and without errors. A refusal of a whole request
 * for what is in it (400, 413), or of a part of it (202 with errors, which do
 * not say of what), is tracked down: the request is halved until the series at
 * fault are alone, up to a number of requests. All tries hold the same points
 * with the same times, so to send a gauge or a rate again changes nothing; a
 * count whose answer was lost is not sent again, so counts go in requests of
 * their own.
 *
 * DD_API_KEY is the key (config_env()). Where calls go: DD_DD_URL or DD_URL, as
 * the Agent takes them, unless a site is given; else that site, DD_SITE,
 * datadoghq.com.
 */
#ifndef METRICS_INTAKE_H
#define METRICS_INTAKE_H

#include "clock.h"
#include "metrics/outbox.h"

struct intake;

/* site may be NULL. Without a usable key or site the program ends, status 2. */
struct intake *intake_open(const char *site);
void intake_close(struct intake *intake);

/*
 * Sends items, whose texts are series of OUTBOX_MOST bytes together at most,
 * and sets their verdicts.
 */
void intake_send(struct intake *intake, struct outbox_item *items, size_t count,
    const struct deadline *end);

#endif
