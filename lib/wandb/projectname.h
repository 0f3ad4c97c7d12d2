/* SPDX-License-Identifier: MIT */
/*
 * projectname - a project as it is called on the command line
 */
#ifndef WANDB_PROJECTNAME_H
#define WANDB_PROJECTNAME_H

#include <jv.h>

#include "config.h"

/*
 * Sets *project to entity/project, the caller's to free. A part that is empty
 * or missing ("project", "entity/", "/") is that of the environment or a
 * settings file. Returns jv_null(), or an error_value(): input.
 */
jv projectname_parse(
    const char *text, const struct wandb_config *config, char **project);

#endif
