/* SPDX-License-Identifier: MIT */
/*
 * secret - credentials that AWS Secrets Manager keeps
 *
 * What --aws-secret=NAME does, before anything else is asked or forked:
 *
 *	static const char *const wanted[] = { "WANDB_API_KEY", NULL };
 *	jv why = aws_secret_provide(name, wanted, &deadline);
 *
 *	if (!jv_is_valid(why))
 *		die(STATUS_USAGE, "%s", error_message(why));
 *	config_wandb(&config);
 */
#ifndef AWS_SECRET_H
#define AWS_SECRET_H

#include <jv.h>

#include "clock.h"

/*
 * Gets the secret of this name or ARN, and gives what it holds of the variables
 * in wanted (a list that ends with NULL) and the environment does not, to
 * config_provide(): from then on lib/config has them as if they were set, and
 * config_env() for who reads others.
 * Nothing is asked if the environment has all of them, so wanted is what this
 * call can use: no project where an operand names one.
 *
 * The secret is a JSON object of strings, of which others than the wanted are
 * passed by, or the bare text of the only one in wanted that ends in _API_KEY.
 *
 * Credentials, regions and endpoints are found as kwtools(7) says, in the order
 * of botocore. The connections are closed again, so workers can be forked
 * behind it; other calls must not be under way.
 *
 * Returns jv_null(), or an error_value() that names the secret, its region and
 * what the service says, never a value:
 *   auth         no credentials, or they were refused
 *   not_found    there is no such secret
 *   rejected     any other refusal
 *   input        the name, the configuration or the secret is of no use
 *   unavailable  no answer, or too many calls
 *   timeout      no answer in time
 */
jv aws_secret_provide(const char *name, const char *const wanted[],
    const struct deadline *deadline);

#endif
