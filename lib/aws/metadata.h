/* SPDX-License-Identifier: MIT */
/*
 * metadata - the credentials that a container or an instance is given by AWS
 *
 * Asked without a proxy, without redirects, and for a moment only. Both return
 * as aws_credentials_find(), with no credentials and jv_null() where there is
 * no such source.
 */
#ifndef AWS_METADATA_H
#define AWS_METADATA_H

#include <stdbool.h>

#include <jv.h>

#include "aws/credentials.h"

/*
 * ECS and EKS Pod Identity: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, else
 * AWS_CONTAINER_CREDENTIALS_FULL_URI, with what is in the file
 * AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, else in
 * AWS_CONTAINER_AUTHORIZATION_TOKEN, as Authorization.
 */
jv aws_from_container(
    struct aws_credentials *credentials, const struct aws_session *session);

/*
 * Sets *url to where that is, the caller's; NULL if it is nowhere. http is for
 * this machine and the addresses of AWS only, other hosts want https: input.
 */
jv aws_container_url(char **url);

/*
 * EC2 (IMDSv2), at AWS_EC2_METADATA_SERVICE_ENDPOINT, else at 169.254.169.254,
 * unless AWS_EC2_METADATA_DISABLED is true. No answer is no source; -v says
 * what came.
 */
jv aws_from_instance(
    struct aws_credentials *credentials, const struct aws_session *session);

bool aws_instance_is_off(void);

#endif
