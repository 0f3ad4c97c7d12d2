/* SPDX-License-Identifier: MIT */
/*
 * sandbox/kaggle - the Kaggle half of kw-sandbox
 *
 * What api.kaggle.com does for kernels and submissions, at /v1/ and /api/v1/,
 * and the file store behind it at /kf/. kw-sandbox(1) is its manual.
 */
#ifndef SANDBOX_KAGGLE_H
#define SANDBOX_KAGGLE_H

#include "sandbox/server.h"

extern const struct service kaggle_service;

#endif
