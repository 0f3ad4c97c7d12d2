/* SPDX-License-Identifier: MIT */
/*
 * profile - the section of AWS' two files that is in use
 *
 * AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials), section [NAME], and
 * AWS_CONFIG_FILE (~/.aws/config), section [profile NAME]; [default] there is
 * [profile default]. NAME is AWS_PROFILE, else AWS_DEFAULT_PROFILE, else
 * default. A file that cannot be read counts as none, with a warning.
 */
#ifndef AWS_PROFILE_H
#define AWS_PROFILE_H

#include <jv.h>

#include "mem.h"

enum aws_file {
	AWS_CREDENTIALS,
	AWS_CONFIG,
	AWS_FILES,
};

struct aws_profile {
	char *name;
	struct aws_profile_file {
		char *path;
		struct buf text;
	} files[AWS_FILES];
};

/*
 * Reads both. Returns jv_null(), or an error_value(): input, if the profile was
 * named and is in neither. Is to be released in either case.
 */
jv aws_profile_read(struct aws_profile *profile);

/* A value from one of the files; NULL if there is none. The caller's. */
char *aws_profile_in(
    const struct aws_profile *profile, enum aws_file file, const char *key);

/* The same from the credentials, else from the configuration. */
char *aws_profile_get(const struct aws_profile *profile, const char *key);

void aws_profile_release(struct aws_profile *profile);

#endif
