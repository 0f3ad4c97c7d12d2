/* SPDX-License-Identifier: MIT */
/*
 * projectname - a project as it is called on the command line
 */
#include <string.h>

#include "mem.h"
#include "record.h"
#include "wandb/projectname.h"

jv
projectname_parse(
    const char *text, const struct wandb_config *config, char **project)
{
	const char *slash = strchr(text, '/');
	const char *last = slash != NULL ? slash + 1 : text;
	size_t len = slash != NULL ? (size_t)(slash - text) : 0;
	const char *missing = NULL;

	if (strchr(last, '/') != NULL)
		return error_value(
		    "input", "%s: not of the form entity/project", text);
	if (len == 0 && config->entity == NULL)
		missing = "entity";
	else if (*last == '\0' && config->project == NULL)
		missing = "project";
	if (missing != NULL)
		return error_value("input",
		    "%s: names no %s, and neither do the environment and the "
		    "settings",
		    text, missing);
	if (*last == '\0')
		last = config->project;
	*project = len > 0 ? xasprintf("%.*s/%s", (int)len, text, last)
			   : xasprintf("%s/%s", config->entity, last);
	return jv_null();
}
