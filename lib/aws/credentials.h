/* SPDX-License-Identifier: MIT */
/*
 * credentials - who we are to AWS
 *
 * The first of these that there is, which is the order of botocore:
 *   AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN;
 *   a role by a web identity: AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN,
 *     AWS_ROLE_SESSION_NAME, each before the profile's setting of that name;
 *   the keys of the profile, in the credentials, then in the configuration;
 *   the container's and the instance's (metadata.h).
 * A profile that wants a role by other keys, SSO or a program is refused where
 * botocore would take it up.
 */
#ifndef AWS_CREDENTIALS_H
#define AWS_CREDENTIALS_H

#include <jv.h>

#include "aws/session.h"
#include "config.h"

struct aws_credentials {
	struct credential key; /* BASIC: the access key's id and secret */
	char *token;           /* of temporary ones, else NULL */
};

/*
 * Finds them; -v says where. Returns jv_null(), or an error_value(): auth where
 * there are none, input for settings that are of no use, or what the service
 * says that was asked for them. Are to be released in either case.
 */
jv aws_credentials_find(
    struct aws_credentials *credentials, const struct aws_session *session);
void aws_credentials_release(struct aws_credentials *credentials);

/*
 * Takes them over from an answer of source, which is named. Returns jv_null(),
 * or an error_value(): unavailable, if one is missing, or input, if it could be
 * no header. Wipes and frees id, secret and token.
 */
jv aws_credentials_answer(struct aws_credentials *credentials, char *id,
    char *secret, char *token, const char *source);

#endif
