/* SPDX-License-Identifier: MIT */
/*
 * sandbox/datadog - the Datadog half of kw-sandbox: POST /api/v2/series
 *
 * What Datadog refuses is refused; what it drops without a word is a violation,
 * and not kept. kw-sandbox(1) is its manual.
 */
#ifndef SANDBOX_DATADOG_H
#define SANDBOX_DATADOG_H

#include "sandbox/server.h"

extern const struct service datadog_service;

#endif
