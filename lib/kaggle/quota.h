/* SPDX-License-Identifier: MIT */
/*
 * kaggle/quota - the hours of GPU and TPU that an account has a week
 */
#ifndef KAGGLE_QUOTA_H
#define KAGGLE_QUOTA_H

#include <jv.h>

#include "clock.h"
#include "kaggle/api.h"

/*
 * Asks for quota, "gpuQuota" or "tpuQuota", and sets *left to the seconds that
 * are neither used nor reserved by sessions that run. Returns jv_null(), or an
 * error_value(): "quota", with the time of the refresh, if these are less than
 * hours; or why they are not known, and *left is as it was.
 */
jv quota_check(struct kaggle *kaggle, const char *quota, double hours,
    double *left, const struct deadline *deadline);

#endif
