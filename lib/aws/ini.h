/* SPDX-License-Identifier: MIT */
/*
 * ini - the form of AWS' files, as Python's configparser reads it
 *
 * Sections in brackets, "key = value" or "key: value", comments that take a
 * whole line and begin with '#' or ';'. A line that is indented further than
 * the key above it belongs to that key's value; it is passed by, as no value
 * that is wanted here has several lines.
 *
 *	struct aws_ini ini = { .text = text };
 *	while (aws_ini_next(&ini)) ...
 */
#ifndef AWS_INI_H
#define AWS_INI_H

#include <stdbool.h>

#include "mem.h"

struct aws_ini {
	struct span text;
	/* What was found: the spans are parts of text. */
	struct span section; /* between the brackets */
	struct span key;     /* empty: the section begins here */
	struct span value;

	size_t at;
	size_t indent; /* of the key above */
	bool keyed;    /* there is one */
};

/* The next beginning of a section, or key in one. False: there is no more. */
bool aws_ini_next(struct aws_ini *ini);

#endif
