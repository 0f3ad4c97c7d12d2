/* SPDX-License-Identifier: MIT */
/*
 * kaggle/kernelname - the id and the title of a kernel to be, which agree
 */
#ifndef KAGGLE_KERNELNAME_H
#define KAGGLE_KERNELNAME_H

#include <stdbool.h>

struct kernelname {
	char *id;    /* "owner/slug" */
	char *title; /* one that makes the slug */
};

/*
 * What is wrong with an id and a title (NULL: it is made of the slug), in
 * words; NULL if nothing is. With timestamp they are to get one, which counts
 * in both limits of their lengths. The caller's to free.
 */
char *kernelname_fault(const char *id, const char *title, bool timestamp);

/*
 * The names, of an id and title without a fault; time is put behind them,
 * NAME-YYYYMMDD-HHMMSS, unless it is NAN. The caller releases them.
 */
void kernelname_make(
    struct kernelname *name, const char *id, const char *title, double time);
void kernelname_release(struct kernelname *name);

#endif
