/* SPDX-License-Identifier: MIT */
/* kaggle/quota - the hours of GPU and TPU that an account has a week */
#include "kaggle/quota.h"

#include <math.h>
#include <stdlib.h>

#include "record.h"

/* The seconds in a duration, "5400.500s"; 0 without one, the default. */
static double
seconds_in(jv quota, const char *name)
{
	const char *text = record_str(quota, name);

	return text != NULL ? strtod(text, NULL) : 0;
}

jv
quota_check(struct kaggle *kaggle, const char *quota, double hours,
    double *left, const struct deadline *deadline)
{
	jv reply = kaggle_call(kaggle, "GetAcceleratorQuotaStatistics",
	    jv_object(), true, deadline);
	jv statistics, why = jv_null();
	const char *refresh;
	double seconds;

	if (!jv_is_valid(reply))
		return reply;
	statistics = record_get(reply, quota);
	seconds = seconds_in(statistics, "totalTimeAllowed") -
	    seconds_in(statistics, "timeUsed") -
	    seconds_in(statistics, "timeReserved");
	refresh = record_str(reply, "quotaRefreshTime");
	if (jv_get_kind(statistics) != JV_KIND_OBJECT) {
		why = error_value("unavailable",
		    "Kaggle does not tell the account's %s", quota);
	} else {
		*left = fmax(seconds, 0);
		if (*left < hours * 3600)
			why = error_value("quota",
			    "the account's %s has %.1f hours left, %g are "
			    "needed%s%s",
			    quota, *left / 3600, hours,
			    refresh != NULL ? "; it is filled up at " : "",
			    refresh != NULL ? refresh : "");
	}
	jv_free(statistics);
	jv_free(reply);
	return why;
}
