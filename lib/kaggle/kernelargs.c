/* SPDX-License-Identifier: MIT */
/*
 * kaggle/kernelargs - what a call says of a kernel folder, checked
 */
#include "kaggle/kernelargs.h"

#include <string.h>

#include "cli.h"
#include "json.h"
#include "kaggle/metadata.h"
#include "mem.h"
#include "record.h"
#include "safepath.h"
#include "words.h"

void
kernelargs_init(struct kernelfolder *folder)
{
	*folder = (struct kernelfolder){ .sources = jv_object(),
		.args = jv_array(),
		.keep = jv_array(),
		.pip = jv_array(),
		.requirements = jv_array(),
		.env = jv_object() };
}

void
kernelargs_release(struct kernelfolder *folder)
{
	jv_free(folder->sources);
	jv_free(folder->args);
	jv_free(folder->keep);
	jv_free(folder->pip);
	jv_free(folder->requirements);
	jv_free(folder->env);
}

const char *
kernelargs_text(const char *option, const char *value)
{
	if (!json_is_utf8(span_of(value)))
		cli_wrong("%s: not UTF-8", option);
	return value;
}

const char *
kernelargs_file(const char *option, const char *value)
{
	const char *why;

	while (strncmp(value, "./", 2) == 0)
		value += 2;
	why = safepath_refuse(kernelargs_text(option, value), strlen(value));
	if (why != NULL)
		cli_wrong("%s: %s: no name of a file in a commit: %s", option,
		    value, why);
	return value;
}

const char *
kernelargs_script(const char *option, const char *value)
{
	const char *end = strrchr(value, '.');

	if (end == NULL || (strcmp(end, ".py") != 0 && strcmp(end, ".sh") != 0))
		cli_wrong("%s: %s: can run .py (Python) and .sh (bash) only",
		    option, value);
	value = kernelargs_file(option, value);
	if (value[0] == '-')
		cli_wrong(
		    "%s: %s: would be taken for an option", option, value);
	return value;
}

jv
kernelargs_add(jv list, const char *option, const char *value)
{
	return jv_array_append(list, jv_string(kernelargs_text(option, value)));
}

jv
kernelargs_words(jv list, const char *option, const char *value)
{
	jv words = words_split(kernelargs_text(option, value));

	if (!jv_is_valid(words))
		cli_wrong("%s: %s: %s", option, value, error_message(words));
	return jv_array_concat(list, words);
}

void
kernelargs_env(struct kernelfolder *folder, const char *value)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
	static const char *const secret[] = { "WANDB_API_KEY", "KAGGLE_KEY",
		"KAGGLE_API_TOKEN", "DD_API_KEY", "HF_TOKEN", "OPENAI_API_KEY",
		"ANTHROPIC_API_KEY", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY" };
	size_t len = strspn(value, letters);

	if (len == 0 || value[len] != '=' || strchr("0123456789", *value))
		cli_wrong("--env: %.*s: not NAME=VALUE",
		    (int)strcspn(value, "="), value);
	for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
		if (strlen(secret[i]) == len &&
		    strncmp(value, secret[i], len) == 0)
			cli_wrong("--env: %s is a credential, which everybody "
				  "who sees the kernel could read",
			    secret[i]);
	(void)kernelargs_text("--env", value);
	folder->env = jv_object_set(folder->env,
	    jv_string_sized(value, (int)len), jv_string(value + len + 1));
}

void
kernelargs_source(
    struct kernelfolder *folder, const char *option, const char *value)
{
	static const struct {
		const char *option, *list;
	} known[] = {
		{ "--competition", "competition_sources" },
		{ "--dataset", "dataset_sources" },
		{ "--kernel-source", "kernel_sources" },
		{ "--model", "model_sources" },
	};
	size_t i = 0;
	const char *list, *fault;
	jv entries;

	while (strcmp(known[i].option, option) != 0)
		i++;
	list = known[i].list;
	fault = metadata_source_fault(list, value);
	entries = record_get(folder->sources, list);
	if (fault != NULL)
		cli_wrong("%s: %s: %s", option, value, fault);
	if (!jv_is_valid(entries)) {
		jv_free(entries);
		entries = jv_array();
	}
	folder->sources = jv_object_set(folder->sources, jv_string(list),
	    kernelargs_add(entries, option, value));
}

void
kernelargs_device(struct kernelfolder *folder)
{
	const char *name = folder->accelerator, *needs = NULL;
	const char *spelt = name != NULL ? metadata_shape(name) : NULL;

	if (folder->device != NULL && strcmp(folder->device, "cpu") != 0 &&
	    strcmp(folder->device, "gpu") != 0 &&
	    strcmp(folder->device, "tpu") != 0)
		cli_wrong("--device: %s: not gpu, cpu or tpu", folder->device);
	if (spelt != NULL && strcmp(spelt, name) != 0)
		cli_wrong("--accelerator: %s is spelt %s", name, spelt);
	if (name != NULL && strncmp(name, "Nvidia", 6) == 0)
		needs = "gpu";
	else if (name != NULL && strncmp(name, "Tpu", 3) == 0)
		needs = "tpu";
	if (folder->device == NULL)
		folder->device = needs != NULL ? needs : "cpu";
	else if (needs != NULL && strcmp(folder->device, needs) != 0)
		cli_wrong("--accelerator: %s is no %s", name, folder->device);
}

void
kernelargs_internet(struct kernelfolder *folder, bool needed)
{
	bool pip = jv_array_length(jv_copy(folder->pip)) > 0 ||
	    jv_array_length(jv_copy(folder->requirements)) > 0;

	if (needed)
		folder->internet = true;
	if (pip && !folder->internet)
		warning("pip will find no index: there is no internet without "
			"--internet");
}
