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
 * Whether quota, "gpuQuota" or "tpuQuota", has hours left that are neither
 * used nor reserved by sessions that run. Returns jv_null(), or an
 * error_value(): "quota", with the time of the refresh, if it has not.
 */
jv quota_check(struct kaggle *kaggle, const char *quota, double hours,
    const struct deadline *deadline);

#endif
