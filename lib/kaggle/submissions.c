/* SPDX-License-Identifier: MIT */
/* submissions - what was handed in to a competition, page by page */
#include "kaggle/submissions.h"

#include <ctype.h>
#include <math.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "mem.h"
#include "record.h"

enum {
	PAGE_SIZE = 200, /* Kaggle's most */
	KEY = 16,
};

struct key {
	unsigned char bytes[KEY];
};

struct submissions {
	struct kaggle *kaggle;
	const char *competition;
	const struct deadline *deadline;
	jv page; /* the array */
	int at;
	char *token;      /* of the next page; NULL: there is none */
	struct key *seen; /* tokens */
	size_t pages;
	jv error;
};

struct submissions *
submissions_open(struct kaggle *kaggle, const char *competition,
    const struct deadline *deadline)
{
	struct submissions *list = xcalloc(1, sizeof *list);

	list->kaggle = kaggle;
	list->competition = competition;
	list->deadline = deadline;
	list->page = jv_array();
	list->token = xstrdup("");
	list->error = jv_null();
	return list;
}

void
submissions_close(struct submissions *list)
{
	jv_free(list->page);
	jv_free(list->error);
	free(list->token);
	free(list->seen);
	free(list);
}

/* Whether a page with this token came before; notes it. */
static bool
goes_round(struct submissions *list, const char *token)
{
	struct sha256_ctx ctx;
	struct key now;

	sha256_init(&ctx);
	sha256_update(&ctx, strlen(token), (const uint8_t *)token);
	sha256_digest(&ctx, KEY, now.bytes);
	for (size_t i = 0; i < list->pages; i++)
		if (memcmp(&list->seen[i], &now, sizeof now) == 0)
			return true;
	list->seen = xreallocarray(list->seen, list->pages + 1, sizeof now);
	list->seen[list->pages++] = now;
	return false;
}

/* Fetches the page of the token: jv_null(), or an error_value(). */
static jv
fetch(struct submissions *list)
{
	jv body =
	    record_set_str(jv_object(), "competitionName", list->competition);
	const char *token;
	jv reply;

	if (goes_round(list, list->token)) {
		jv_free(body);
		return error_value("unavailable",
		    "ListSubmissions: the list goes round in circles: page %zu "
		    "came before",
		    list->pages + 1);
	}
	if (*list->token == '\0')
		body = record_set_number(body, "page", 1);
	body = record_set_str(body, "pageToken", list->token);
	body = record_set_number(body, "pageSize", PAGE_SIZE);
	reply = kaggle_call(list->kaggle,
	    "competitions.CompetitionApiService/ListSubmissions", body, true,
	    list->deadline);
	if (!jv_is_valid(reply))
		return reply;
	jv_free(list->page);
	list->page = record_get(reply, "submissions");
	list->at = 0;
	token = record_str(reply, "nextPageToken");
	free(list->token);
	list->token = token != NULL && *token != '\0' ? xstrdup(token) : NULL;
	jv_free(reply);
	if (jv_get_kind(list->page) == JV_KIND_ARRAY)
		return jv_null();
	/* A list that is left out is empty. */
	reply =
	    jv_is_valid(list->page) && jv_get_kind(list->page) != JV_KIND_NULL
	    ? error_value(
		  "unavailable", "ListSubmissions: submissions is no list")
	    : jv_null();
	jv_free(list->page);
	list->page = jv_array();
	return reply;
}

/* "complete", "SubmissionStatus.COMPLETE" as COMPLETE. */
static jv
set_status(jv rec, jv from)
{
	const char *text = record_str(from, "status"), *dot;
	char *word;

	/* The default of an enumeration is left out. */
	if (text == NULL || *text == '\0')
		return record_set_str(rec, "status", "PENDING");
	dot = strrchr(text, '.');
	word = xstrdup(dot != NULL ? dot + 1 : text);
	for (char *c = word; *c != '\0'; c++)
		*c = (char)toupper((unsigned char)*c);
	rec = record_set_str(rec, "status", word);
	free(word);
	return rec;
}

/* A text that is not empty. */
static jv
set_text(jv rec, const char *field, jv from, const char *name)
{
	const char *text = record_str(from, name);

	return text != NULL && *text != '\0' ? record_set_str(rec, field, text)
					     : rec;
}

/* A score is a text; one that is a number becomes one. */
static jv
set_score(jv rec, const char *field, jv from, const char *name)
{
	const char *text = record_str(from, name);
	struct json_value value;
	struct json_fault fault;
	double number;

	if (text == NULL) {
		jv score = record_get(from, name);
		bool is_number = jv_get_kind(score) == JV_KIND_NUMBER;

		jv_free(score);
		return is_number ? record_take(rec, field, from, name) : rec;
	}
	if (json_value(span_of(text), 0, &value, &fault) &&
	    value.type == JSON_NUMBER) {
		number = strtod(text, NULL);
		if (isfinite(number))
			return record_set_number(rec, field, number);
	}
	return set_text(rec, field, from, name);
}

static jv
set_date(jv rec, jv from)
{
	const char *text = record_str(from, "date");
	double time = text != NULL ? clock_parse(text) : NAN;
	char formatted[CLOCK_TEXT];

	return isnan(time) ? rec
			   : record_set_str(rec, "submitted_at",
				 clock_format(time, formatted));
}

/* Ids are texts; this one comes as a number. */
static jv
set_ref(jv rec, jv from)
{
	long long ref = record_int(from, "ref", -1);
	char text[32];

	if (ref < 0)
		return set_text(rec, "ref", from, "ref");
	(void)snprintf(text, sizeof text, "%lld", ref);
	return record_set_str(rec, "ref", text);
}

/* What Kaggle says of one as a record; consumes from. */
static jv
submission(const char *competition, jv from)
{
	jv rec = record_set_str(jv_object(), "competition", competition);

	rec = set_ref(rec, from);
	rec = set_text(rec, "file_name", from, "fileName");
	rec = set_text(rec, "description", from, "description");
	rec = set_date(rec, from);
	rec = set_status(rec, from);
	rec = set_score(rec, "public_score", from, "publicScore");
	rec = set_score(rec, "private_score", from, "privateScore");
	rec = set_text(rec, "error_description", from, "errorDescription");
	rec = record_take(rec, "bytes", from, "totalBytes");
	rec = set_text(rec, "submitted_by", from, "submittedBy");
	rec = set_text(rec, "team", from, "teamName");
	rec = set_text(rec, "url", from, "url");
	jv_free(from);
	return rec;
}

jv
submissions_next(struct submissions *list)
{
	while (jv_is_valid(list->error) &&
	    list->at == jv_array_length(jv_copy(list->page))) {
		if (list->token == NULL)
			return jv_null();
		list->error = fetch(list);
	}
	if (!jv_is_valid(list->error))
		return jv_copy(list->error);
	return submission(
	    list->competition, jv_array_get(jv_copy(list->page), list->at++));
}

char *
competition_parse(const char *text)
{
	static const char *const pages[] = {
		"https://www.kaggle.com/competitions/",
		"https://www.kaggle.com/c/",
		"https://kaggle.com/competitions/",
		"https://kaggle.com/c/",
	};
	const char *ends = "";
	size_t len;

	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
		if (strncmp(text, pages[i], strlen(pages[i])) == 0) {
			text += strlen(pages[i]);
			ends = "/?#";
			break;
		}
	len = strspn(text,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789_-");
	/* strchr() finds the NUL, too. */
	return len > 0 && strchr(ends, text[len]) != NULL ? xstrndup(text, len)
							  : NULL;
}
