/* SPDX-License-Identifier: MIT */
/*
 * kaggle/kernelfolder - write what kgl-push pushes: metadata and a program
 *
 * The program is kernel.py, which is a part of ours. What differs from one
 * kernel to the next is JSON text in it that is ASCII and has no apostrophe, in
 * a raw string between three of those: whatever a value holds, it ends neither
 * the string nor becomes code.
 */
#ifndef KAGGLE_KERNELFOLDER_H
#define KAGGLE_KERNELFOLDER_H

#include <stdbool.h>

#include <jv.h>

/*
 * The most bytes of a program. Kaggle names no limit for a kernel's source:
 * this is a cautious guess, far above what people push.
 */
enum { KERNELFOLDER_MOST = 1000000 };

/* All borrowed, all UTF-8. */
struct kernelfolder {
	const char *id; /* by kaggle/kernelname */
	const char *title;
	bool notebook; /* not a script, but a notebook of one cell */
	bool is_public;
	bool internet;
	const char *device;      /* "cpu", "gpu", "tpu" */
	const char *accelerator; /* machine_shape; NULL: Kaggle's choice */
	jv sources; /* {"dataset_sources": [...], ...}, without a fault */

	/* What the program gets. */
	const char *commit, *branch;
	const char *remote_url;           /* "" if there is none */
	const char *script;               /* below the commit's root */
	jv args, keep, pip, requirements; /* arrays of strings */
	jv env;                           /* an object of strings */
	char *files; /* by kaggle/kernelfiles; NULL: to be cloned */
};

/*
 * Writes the two files into a folder, which is made if it is not there; other
 * files in it stay. The same values give the same bytes. Until both are written
 * there is no metadata, so that no half of an older kernel is pushed. Returns
 * jv_null(), or an error_value(): input if the program would be too large, io.
 */
jv kernelfolder_write(const struct kernelfolder *folder, const char *path);

#endif
