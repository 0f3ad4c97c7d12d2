/* SPDX-License-Identifier: MIT */
/*
 * session - what all calls of AWS need: profile, region, endpoints, refusals
 */
#ifndef AWS_SESSION_H
#define AWS_SESSION_H

#include <jv.h>

#include "aws/profile.h"
#include "clock.h"
#include "http.h"

struct aws_session {
	struct aws_profile profile;
	char *region;
	const char *region_from; /* in words, "AWS_REGION" */
	const struct deadline *deadline;
};

/*
 * Reads the profile and finds the region: AWS_REGION, AWS_DEFAULT_REGION, the
 * profile's, that of the ARN if arn is not NULL, else us-east-1. Returns
 * jv_null(), or an error_value(): input. Is to be released in either case.
 */
jv aws_session_open(struct aws_session *session, const char *arn,
    const struct deadline *deadline);
void aws_session_release(struct aws_session *session);

/* The region in an ARN; NULL if it is none, or names none. The caller's. */
char *aws_arn_region(const char *arn);

/*
 * Sets *url to where a service ("sts") of a region is, the caller's: what is in
 * variable (AWS_ENDPOINT_URL_STS) or AWS_ENDPOINT_URL, unless
 * AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, else AWS' own (that with FIPS, if
 * AWS_USE_FIPS_ENDPOINT). Returns jv_null(), or an error_value(): input.
 */
jv aws_endpoint(
    const char *service, const char *variable, const char *region, char **url);

/*
 * For http_call.passes: throttling, and what AWS says of its own or of others'
 * trouble with a status of 400.
 */
bool aws_passes(const struct http_call *call, struct span body);

/*
 * Why a call failed: what, the error's type and the service's words from its
 * answer, JSON or XML; by the type auth, not_found, unavailable, rejected. A
 * signature or a time that was refused is told with this machine's clock.
 */
jv aws_refusal(const struct http_call *call, const char *what);

/* Wipes the answer, and frees the outcome. */
void aws_release(struct http_call *call);

#endif
