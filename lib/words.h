/* SPDX-License-Identifier: MIT */
/*
 * words - a text as the words that a shell would take it for
 *
 * White space parts words; '...', "..." and backslashes quote as in POSIX
 * (Shell Command Language, 2.2 Quoting). Nothing is expanded, and no character
 * but these means anything: no '#', '$', '*', ';' or '`'.
 */
#ifndef WORDS_H
#define WORDS_H

#include <jv.h>

/*
 * The words of text, which is UTF-8, as an array of strings; or an
 * error_value(), usage: a quote that is not closed, a backslash at the end.
 */
jv words_split(const char *text);

#endif
