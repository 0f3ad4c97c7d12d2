/* SPDX-License-Identifier: MIT */
/*
 * metrics/statsd - series to Datadog's Agent, as DogStatsD datagrams
 *
 *	wandb.runs.active:3|g|#entity:e,project:p|T1768046400
 *
 * Lines are joined, up to 1432 bytes on a network and 8192 on a socket of this
 * machine. Nobody answers: what was sent need not have arrived. What is known
 * to have failed is an error: no socket, nobody behind it.
 */
#ifndef METRICS_STATSD_H
#define METRICS_STATSD_H

#include <jv.h>

#include "clock.h"
#include "metrics/outbox.h"

struct statsd;

/*
 * address: HOST, HOST:PORT, [HOST]:PORT, udp://HOST:PORT or unix:///PATH. NULL:
 * DD_DOGSTATSD_URL, else DD_AGENT_HOST and DD_DOGSTATSD_PORT, else
 * 127.0.0.1:8125. One that is none ends the program with status 2; whether
 * somebody listens there is asked when something is sent.
 */
struct statsd *statsd_open(const char *address);
void statsd_close(struct statsd *statsd);

/*
 * A series' line, a string without a line end; an error_value(), input, for a
 * rate, which DogStatsD does not have, and for what does not fit into a
 * datagram. Borrows series.
 */
jv statsd_line(const struct statsd *statsd, jv series);

/* Sends items, whose texts are lines, and sets their verdicts. */
void statsd_send(struct statsd *statsd, struct outbox_item *items, size_t count,
    const struct deadline *end);

#endif
