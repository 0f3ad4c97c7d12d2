/* SPDX-License-Identifier: MIT */
/*
 * sandbox/faults - what shall go wrong, and when
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "record.h"
#include "sandbox/faults.h"

struct faults {
	struct fault **at;
	size_t count;
};

struct faults *
faults_new(void)
{
	return xcalloc(1, sizeof(struct faults));
}

static void
fault_free(struct fault *fault)
{
	for (size_t i = 0; fault->headers != NULL && fault->headers[i]; i++)
		free(fault->headers[i]);
	free(fault->headers);
	free(fault->spec);
	free(fault->match);
	free(fault->retry_after);
	free(fault->body);
	free(fault->load);
	free(fault);
}

void
faults_clear(struct faults *faults)
{
	for (size_t i = 0; i < faults->count; i++)
		fault_free(faults->at[i]);
	faults->count = 0;
}

void
faults_free(struct faults *faults)
{
	faults_clear(faults);
	free(faults->at);
	free(faults);
}

/* The next word without its quotes, the caller's to free; NULL at the end. */
static char *
next_word(const char **at)
{
	struct buf word = { 0 };
	char quote = '\0';

	*at += strspn(*at, " \t\r");
	if (**at == '\0')
		return NULL;
	for (; **at != '\0'; (*at)++) {
		if (quote == '\0' && strchr(" \t\r", **at) != NULL)
			break;
		if (quote == '\0' && (**at == '\'' || **at == '"'))
			quote = **at;
		else if (quote != '\0' && **at == quote)
			quote = '\0';
		else
			buf_addc(&word, **at);
	}
	return buf_take(&word);
}

static bool
read_number(const char *text, long least, long *number)
{
	char *end;

	*number = strtol(text, &end, 10);
	return *text != '\0' && *end == '\0' && *number >= least;
}

/* TIME, as options take it; those end the program, a fault may not. */
static bool
read_time(const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	if (end == text || !isfinite(*seconds) || *seconds < 0)
		return false;
	if (strcmp(end, "m") == 0)
		*seconds *= 60;
	else if (strcmp(end, "h") == 0)
		*seconds *= 3600;
	else
		return *end == '\0' || strcmp(end, "s") == 0;
	return true;
}

static bool
add_header(struct fault *fault, const char *text)
{
	size_t count = 0;

	if (strchr(text, ':') == NULL)
		return false;
	while (fault->headers != NULL && fault->headers[count] != NULL)
		count++;
	fault->headers =
	    xreallocarray(fault->headers, count + 2, sizeof *fault->headers);
	fault->headers[count] = xstrdup(text);
	fault->headers[count + 1] = NULL;
	return true;
}

static bool
set_text(char **to, const char *text)
{
	free(*to);
	*to = xstrdup(text);
	return true;
}

static bool
set_close(struct fault *fault, const char *when)
{
	fault->close = true;
	if (strcmp(when, "after") == 0)
		return fault->after = true;
	return strcmp(when, "before") == 0;
}

static bool
set_times(struct fault *fault, const char *text)
{
	if (strcmp(text, "always") != 0)
		return read_number(text, 1, &fault->times);
	fault->times = -1;
	return true;
}

static bool
set_number(int *to, const char *text)
{
	long number;

	if (!read_number(text, 200, &number) || number > 599)
		return false;
	*to = (int)number;
	return true;
}

static bool
set_cut(struct fault *fault, const char *text)
{
	long number;
	bool good = read_number(text, 0, &number);

	fault->cut = number;
	fault->after = true;
	return good;
}

static bool
set_word(struct fault *fault, const char *word)
{
	if (strcmp(word, "silence") == 0)
		return fault->silence = true;
	if (strcmp(word, "after") == 0)
		return fault->after = true;
	return false;
}

/* Takes one word; false if it is none. */
static bool
take(struct fault *fault, char *word)
{
	char *value = strchr(word, '=');

	if (value == NULL)
		return set_word(fault, word);
	*value++ = '\0';
	if (strcmp(word, "match") == 0)
		return set_text(&fault->match, value);
	if (strcmp(word, "nth") == 0)
		return read_number(value, 1, &fault->nth);
	if (strcmp(word, "times") == 0)
		return set_times(fault, value);
	if (strcmp(word, "status") == 0)
		return set_number(&fault->status, value);
	if (strcmp(word, "retry-after") == 0)
		return set_text(&fault->retry_after, value);
	if (strcmp(word, "header") == 0)
		return add_header(fault, value);
	if (strcmp(word, "body") == 0)
		return set_text(&fault->body, value);
	if (strcmp(word, "load") == 0)
		return set_text(&fault->load, value);
	if (strcmp(word, "delay") == 0)
		return read_time(value, &fault->delay);
	if (strcmp(word, "close") == 0)
		return set_close(fault, value);
	if (strcmp(word, "cut") == 0)
		return set_cut(fault, value);
	if (strcmp(word, "stall") == 0) {
		fault->stall = true;
		return set_cut(fault, value);
	}
	return false;
}

static bool
does_something(const struct fault *fault)
{
	return fault->status != 0 || fault->delay > 0 || fault->silence ||
	    fault->close || fault->cut >= 0 || fault->load != NULL;
}

jv
faults_add(struct faults *faults, const char *spec)
{
	struct fault *fault = xcalloc(1, sizeof *fault);
	const char *at = spec;
	char *word;
	bool good = true;

	fault->spec = xstrdup(spec);
	fault->nth = fault->times = 1;
	fault->cut = -1;
	while (good && (word = next_word(&at)) != NULL) {
		good = take(fault, word);
		free(word);
	}
	if (!good || !does_something(fault)) {
		fault_free(fault);
		return error_value("usage",
		    good ? "a fault in which nothing happens: %s"
			 : "not a fault: %s",
		    spec);
	}
	faults->at = xreallocarray(
	    faults->at, faults->count + 1, sizeof(struct fault *));
	faults->at[faults->count++] = fault;
	return jv_null();
}

const struct fault *
faults_meet(struct faults *faults, const char *request)
{
	struct fault *met = NULL;

	for (size_t i = 0; i < faults->count; i++) {
		struct fault *fault = faults->at[i];

		if (fault->times == 0 ||
		    (fault->match != NULL &&
			strstr(request, fault->match) == NULL))
			continue;
		if (fault->nth > 1)
			fault->nth--;
		else if (met == NULL)
			met = fault;
	}
	if (met != NULL && met->times > 0)
		met->times--;
	return met;
}

jv
faults_list(const struct faults *faults)
{
	jv list = jv_array();

	for (size_t i = 0; i < faults->count; i++) {
		const struct fault *fault = faults->at[i];
		jv item = record_set_str(jv_object(), "spec", fault->spec);

		item = record_set_number(item, "nth", (double)fault->nth);
		item = record_set_number(item, "times", (double)fault->times);
		if (fault->times != 0)
			list = jv_array_append(list, item);
		else
			jv_free(item);
	}
	return list;
}
