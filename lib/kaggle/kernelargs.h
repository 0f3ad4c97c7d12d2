/* SPDX-License-Identifier: MIT */
/*
 * kaggle/kernelargs - what a call says of a kernel folder, checked
 *
 * A wrong value is a wrong call: the program ends with status 2, and names the
 * option.
 */
#ifndef KAGGLE_KERNELARGS_H
#define KAGGLE_KERNELARGS_H

#include <stdbool.h>

#include <jv.h>

#include "kaggle/kernelfolder.h"

/* A folder of which nothing is said yet. */
void kernelargs_init(struct kernelfolder *folder);
void kernelargs_release(struct kernelfolder *folder);

/* value, which must be UTF-8: it goes into JSON. */
const char *kernelargs_text(const char *option, const char *value);

/* The name of a file in a commit, without "./" in front. */
const char *kernelargs_file(const char *option, const char *value);

/* The same, of one that can be run: .py, .sh. */
const char *kernelargs_script(const char *option, const char *value);

/* list with value behind it. Consumes list. */
jv kernelargs_add(jv list, const char *option, const char *value);

/* list with the words of value behind it (words.h). Consumes list. */
jv kernelargs_words(jv list, const char *option, const char *value);

/* Adds NAME=VALUE; a credential is refused, as the program would show it. */
void kernelargs_env(struct kernelfolder *folder, const char *value);

/* Adds an input: --dataset, --competition, --kernel-source, --model. */
void kernelargs_source(
    struct kernelfolder *folder, const char *option, const char *value);

/* Checks device and accelerator together, and sets device if it is not. */
void kernelargs_device(struct kernelfolder *folder);

/* Switches internet on if it is needed; warns where pip will have none. */
void kernelargs_internet(struct kernelfolder *folder, bool needed);

#endif
