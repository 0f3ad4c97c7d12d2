/* SPDX-License-Identifier: MIT */
/*
 * runargs - what options say of a run
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "file.h"
#include "json.h"
#include "record.h"
#include "wandb/runargs.h"

enum { CONFIG_MOST = 16 << 20 }; /* bytes of a file */

void
run_arg(char **field, const char *what, const char *text)
{
	if (*text == '\0')
		cli_wrong("%s is empty", what);
	free(*field);
	*field = xstrdup(text);
}

void
run_arg_part(char **field, const char *what, const char *text)
{
	if (strchr(text, '/') != NULL)
		cli_wrong("%s: %s: a name has no slash", what, text);
	run_arg(field, what, text);
}

void
run_arg_id(char **field, const char *text)
{
	size_t len = strlen(text);

	if (strpbrk(text, ":;,#?/'") != NULL ||
	    (len > 0 &&
		(strchr(" \t\n", *text) != NULL ||
		    strchr(" \t\n", text[len - 1]) != NULL)))
		cli_wrong("--id: \"%s\": an id holds none of :;,#?/' and does "
			  "not begin or end with a space",
		    text);
	run_arg(field, "--id", text);
}

void
run_arg_tag(struct run_params *params, const char *text)
{
	if (*text == '\0')
		cli_wrong("--tag is empty");
	params->tags = jv_array_append(params->tags, jv_string(text));
}

static void
put_config(struct tree *config, struct span key, struct span json)
{
	struct buf name = { 0 };
	struct span path;

	json_decode(&name, key);
	path = (struct span){ name.at, name.len };
	if (!tree_put(config, &path, 1, json))
		cli_wrong("--config: a key is empty");
	buf_release(&name);
}

static void
read_config(struct tree *config, const char *path)
{
	struct buf text = { 0 };
	struct json_members members = { 0 };
	struct json_fault fault;
	jv why = file_read(path, CONFIG_MOST, &text);

	if (!jv_is_valid(why))
		cli_wrong("--config: %s", error_message(why));
	jv_free(why);
	if (!json_members((struct span){ text.at, text.len }, JSON_WORDS,
		&members, &fault))
		cli_wrong("--config: %s: no JSON object: offset %zu: %s", path,
		    fault.at, fault.why);
	for (size_t i = 0; i < members.count; i++)
		put_config(config, members.at[i].key, members.at[i].value.text);
	json_members_release(&members);
	buf_release(&text);
}

void
run_arg_config(struct tree *config, const char *text)
{
	const char *sign = strchr(text, '=');
	struct json_value value;
	struct json_fault fault;
	struct buf json = { 0 };
	struct span name;

	if (*text == '@') {
		read_config(config, text + 1);
		return;
	}
	if (sign == NULL || sign == text)
		cli_wrong("--config: \"%s\": give KEY=VALUE or @FILE", text);
	if (json_value(span_of(sign + 1), JSON_WORDS, &value, &fault))
		buf_add(&json, value.text.at, value.text.len);
	else
		json_quote(&json, span_of(sign + 1));
	name = (struct span){ text, (size_t)(sign - text) };
	if (!json_is_utf8(name) ||
	    !tree_put(config, &name, 1, (struct span){ json.at, json.len }))
		cli_wrong("--config: \"%s\": no key", text);
	buf_release(&json);
}
