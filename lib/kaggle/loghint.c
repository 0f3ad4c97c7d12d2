/* SPDX-License-Identifier: MIT */
/* loghint - what to do about errors that a log often ends in */
#include "kaggle/loghint.h"

#include <string.h>

/*
 * What is looked for in an event, and what helps. In a sentence '%' stands for
 * what follows the pattern there, up to a quote or a dot. The first that fits
 * is taken.
 */
static const struct hint {
	const char *pattern;
	const char *sentence;
} hints[] = {
	{ "CUDA out of memory",
	    "the GPU's memory is full: use smaller batches, gradient "
	    "checkpointing or a lower precision, or another --accelerator" },
	{ "CUDA error: out of memory",
	    "the GPU's memory is full: use smaller batches, or another "
	    "--accelerator" },
	{ "RESOURCE_EXHAUSTED: Out of memory",
	    "the accelerator's memory is full: use smaller batches" },
	{ "OOM when allocating tensor",
	    "the accelerator's memory is full: use smaller batches" },
	{ "OutOfMemoryError: Out of memory allocating",
	    "the GPU's memory is full: load less onto it at once" },
	{ "Your notebook tried to allocate more memory",
	    "the machine's memory is full: load less at once, and use fewer "
	    "DataLoader workers" },
	{ "DefaultCPUAllocator: can't allocate memory",
	    "the machine's memory is full: load less at once" },
	{ "Unable to allocate",
	    "the machine's memory is full: load less at once" },
	{ "MemoryError", "the machine's memory is full: load less at once" },
	{ "Cannot allocate memory",
	    "the machine's memory is full: load less at once" },
	{ "SIGKILL",
	    "killed, most likely as the machine's memory is full: load less "
	    "at once, and use fewer DataLoader workers" },
	{ "exit status -9",
	    "killed, most likely as the machine's memory is full: load less "
	    "at once" },
	{ "exitcode: -9",
	    "killed, most likely as the machine's memory is full: load less "
	    "at once" },
	{ " Killed ",
	    "killed, most likely as the machine's memory is full: load less "
	    "at once" },
	{ "exit status 137",
	    "killed, most likely as the machine's memory is full: load less "
	    "at once" },
	{ "died with <Signals.SIGBUS",
	    "/dev/shm is full: use fewer DataLoader workers" },
	{ "insufficient shared memory",
	    "/dev/shm is full: use fewer DataLoader workers" },
	{ "No space left on device",
	    "/kaggle/working holds 20 GB: keep fewer checkpoints there, and "
	    "what is not to be kept in /tmp" },
	/* Notebooks colour the name of the exception before it. */
	{ "No module named '",
	    "the image has no module %: add --pip=% (or the name of the "
	    "package that has it) to kgl-build" },
	{ "Temporary failure in name resolution",
	    "the session has no internet: build with --internet, or attach "
	    "what is needed as a dataset" },
	{ "Network is unreachable",
	    "the session has no internet: build with --internet, or attach "
	    "what is needed as a dataset" },
	{ "Failed to establish a new connection",
	    "the session has no internet, or the host does not answer: build "
	    "with --internet, or attach what is needed as a dataset" },
	{ "Could not resolve host",
	    "the session has no internet: build with --internet, or attach "
	    "what is needed as a dataset" },
	{ "no kernel image is available for execution on the device",
	    "the image's CUDA code does not fit this GPU, as on a P100 "
	    "(sm_60): choose another --accelerator, such as NvidiaTeslaT4" },
	{ "CUDA capability sm_60 is not compatible",
	    "the image's CUDA code does not fit a P100: choose another "
	    "--accelerator, such as NvidiaTeslaT4" },
	{ "Found no NVIDIA driver on your system",
	    "the session has no GPU: build with --device=gpu" },
	{ "api_key not configured",
	    "wandb has no key there: set WANDB_MODE=offline (--env), and sync "
	    "the run afterwards with wb-sync" },
	{ "No API key configured",
	    "wandb has no key there: set WANDB_MODE=offline (--env), and sync "
	    "the run afterwards with wb-sync" },
	{ "Maximum batch GPU session count",
	    "as many GPU sessions as the account may have run: wait for one "
	    "to end (kgl-push --wait-slot)" },
	{ "GPU quota", "the account's GPU hours of this week are used up" },
};

/* Appends sentence with name, of which anything may be a part, for each '%'. */
static void
add_sentence(struct buf *out, const char *sentence, struct span name)
{
	for (; *sentence != '\0'; sentence++)
		if (*sentence == '%')
			buf_add(out, name.at, name.len);
		else
			buf_addc(out, *sentence);
}

bool
log_hint(struct span data, struct buf *out)
{
	for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
		const struct hint *hint = &hints[i];
		size_t len = strlen(hint->pattern);
		const char *at = memmem(data.at, data.len, hint->pattern, len);
		struct span name;

		if (at == NULL)
			continue;
		name.at = at + len;
		name.len = (size_t)(data.at + data.len - name.at);
		for (size_t end = 0; end < name.len; end++)
			if (strchr("'.", name.at[end]) != NULL)
				name.len = end;
		add_sentence(out, hint->sentence, name);
		return true;
	}
	return false;
}
