/* SPDX-License-Identifier: MIT */
/*
 * metrics/intake - series to Datadog's API, and what became of each
 *
 * A request may have 512,000 bytes, and 5 MiB unpacked: series of OUTBOX_MOST
 * bytes keep both, however well they deflate.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "cli.h"
#include "config.h"
#include "diag.h"
#include "http.h"
#include "mem.h"
#include "metrics/intake.h"
#include "record.h"

enum {
	SMALL = 1024,   /* bytes that are not worth deflating */
	SEARCHES = 100, /* requests more, to find what was refused in one */
};

struct intake {
	char *url;
	char *key;                    /* the header */
	const char *secret;           /* in that */
	struct credential credential; /* only where the key is from */
	struct buf body;
	struct buf packed;
};

/* What is sent at once, and the search for what is wrong in it. */
struct search {
	struct intake *intake;
	const struct deadline *end;
	int left; /* requests */
};

/* ---- where to, and with which key ---- */

static char *
url_of(const char *site)
{
	const char *url = NULL;
	size_t len;

	if (site == NULL) {
		url = config_env("DD_DD_URL");
		url = url != NULL ? url : config_env("DD_URL");
	}
	if (url != NULL) {
		/* Without a scheme libcurl would take http. */
		if ((strncmp(url, "http://", 7) != 0 &&
			strncmp(url, "https://", 8) != 0) ||
		    strpbrk(url, "@?# \t\r\n") != NULL)
			die(STATUS_USAGE,
			    "DD_DD_URL, DD_URL: an http or https URL without "
			    "user, query and fragment is wanted");
		len = strlen(url);
		while (len > 0 && url[len - 1] == '/')
			len--;
		return xasprintf("%.*s/api/v2/series", (int)len, url);
	}
	site = site != NULL ? site : config_env("DD_SITE");
	site = site != NULL ? site : "datadoghq.com";
	if (*site == '\0' ||
	    site[strspn(site, "abcdefghijklmnopqrstuvwxyz0123456789.-")] !=
		'\0')
		cli_wrong("%s: not a site of Datadog's, as datadoghq.eu", site);
	return xasprintf("https://api.%s/api/v2/series", site);
}

struct intake *
intake_open(const char *site)
{
	struct intake *intake = xcalloc(1, sizeof *intake);
	const char *key = config_env("DD_API_KEY");

	if (key == NULL)
		die(STATUS_USAGE,
		    "no credential: DD_API_KEY (an API key, not an application "
		    "key) is not set, and --aws-secret not given");
	for (const char *at = key; *at != '\0'; at++)
		if (*at <= ' ' || *at > '~')
			die(STATUS_USAGE,
			    "DD_API_KEY holds a character that is in no key");
	intake->url = url_of(site);
	intake->key = xasprintf("DD-API-KEY: %s", key);
	intake->secret = intake->key + strlen("DD-API-KEY: ");
	intake->credential.source = xstrdup(config_env_source("DD_API_KEY"));
	verbose("credential: %s", intake->credential.source);
	return intake;
}

void
intake_close(struct intake *intake)
{
	explicit_bzero(intake->key, strlen(intake->key));
	free(intake->key);
	free(intake->url);
	credential_release(&intake->credential);
	buf_release(&intake->body);
	buf_release(&intake->packed);
	free(intake);
}

/* ---- one request ---- */

static void
set_body(struct intake *intake, const struct outbox_item *items, size_t count)
{
	buf_clear(&intake->body);
	buf_adds(&intake->body, "{\"series\":[");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_addc(&intake->body, ',');
		buf_add(&intake->body, items[i].text, items[i].len);
	}
	buf_adds(&intake->body, "]}");
}

/* Deflates the body; false if that is no gain. */
static bool
pack(struct intake *intake)
{
	uLongf len = compressBound(intake->body.len);

	if (intake->body.len < SMALL)
		return false;
	buf_clear(&intake->packed);
	buf_reserve(&intake->packed, len);
	if (compress((Bytef *)intake->packed.at, &len,
		(const Bytef *)intake->body.at, intake->body.len) != Z_OK)
		return false;
	intake->packed.len = len;
	return len < intake->body.len;
}

/* Whether errors, of an answer, are some; consumes them. */
static bool
has_errors(jv errors)
{
	jv_kind kind = jv_get_kind(errors);
	bool none = kind == JV_KIND_INVALID || kind == JV_KIND_NULL ||
	    (kind == JV_KIND_ARRAY && jv_array_length(jv_copy(errors)) == 0);

	jv_free(errors);
	return !none;
}

/* What a 202 says: jv_null(), or the error. */
static jv
judge(const struct http_call *call)
{
	jv body = jv_parse_sized(call->answer, (int)call->answer_size);
	jv verdict = jv_null();
	char *words = http_message(body);

	if (call->status != 202)
		verdict = error_value("unavailable",
		    "HTTP %d is no answer of Datadog's", call->status);
	else if (words != NULL || has_errors(record_get(body, "errors")))
		verdict = error_value("rejected", "Datadog: %s",
		    words != NULL ? words : "errors without words");
	jv_free(body);
	free(words);
	return verdict;
}

/* An error without the words of an answer that holds the key; consumes it. */
static jv
without_key(const struct intake *intake, jv why)
{
	jv safe;

	if (jv_is_valid(why) ||
	    strstr(error_message(why), intake->secret) == NULL)
		return why;
	safe = error_value(
	    error_code(why), "an answer of %s that shows the key", intake->url);
	jv_free(why);
	return safe;
}

/* What became of items that call was to send: jv_null(), or why not. */
static jv
verdict_of(const struct intake *intake, const struct http_call *call)
{
	bool answered = jv_is_valid(call->error);
	jv why =
	    without_key(intake, answered ? judge(call) : jv_copy(call->error));
	jv verdict;

	if (jv_is_valid(why) || call->safe || !(answered || call->unsure) ||
	    strcmp(error_code(why), "rejected") == 0)
		return why;
	verdict = error_value("unknown_outcome",
	    "%s; a count that is sent twice counts twice: look at the metric "
	    "before you send it again",
	    error_message(why));
	jv_free(why);
	return verdict;
}

/* Whether the answer refuses items for what is in them. */
static bool
is_refusal(const struct http_call *call, jv verdict)
{
	return !jv_is_valid(verdict) &&
	    strcmp(error_code(verdict), "rejected") == 0 &&
	    (call->status == 202 || call->status == 400 || call->status == 413);
}

/*
 * Sends items in one request: jv_null(), or why not. *refused is the status of
 * a refusal for what is in them, else 0.
 */
static jv
post(struct search *search, const struct outbox_item *items, size_t count,
    int *refused)
{
	struct intake *intake = search->intake;
	const char *headers[] = { intake->key, "Content-Type: application/json",
		"Content-Encoding: deflate", NULL };
	struct http_call call = { .method = "POST",
		.url = intake->url,
		.credential = &intake->credential,
		.headers = headers,
		.json = true,
		.safe = !items[0].once,
		.deadline = search->end };
	const struct buf *body = &intake->packed;
	jv verdict;

	set_body(intake, items, count);
	if (!pack(intake)) {
		headers[2] = NULL;
		body = &intake->body;
	}
	call.body = body->at;
	call.body_size = (off_t)body->len;
	http_do(&call);
	verdict = verdict_of(intake, &call);
	*refused = is_refusal(&call, verdict) ? call.status : 0;
	http_release(&call);
	return verdict;
}

/* ---- what became of each ---- */

/* Consumes verdict. */
static void
settle(struct outbox_item *items, size_t count, jv verdict)
{
	for (size_t i = 0; i < count; i++)
		items[i].verdict = jv_copy(verdict);
	jv_free(verdict);
}

/* Refused with others, and not looked into any further; consumes why. */
static jv
refused_among(jv why, size_t count, int status)
{
	jv verdict;

	if (status == 202)
		verdict = error_value("unknown_outcome",
		    "of %zu that were sent at once some were refused: %s",
		    count, error_message(why));
	else
		verdict = error_value("rejected",
		    "refused with %zu others that were sent at once: %s",
		    count - 1, error_message(why));
	jv_free(why);
	return verdict;
}

/* Sends items that are all counts, or none is. */
static void
send_range(struct search *search, struct outbox_item *items, size_t count)
{
	int status = 0;
	jv verdict = post(search, items, count, &status);
	size_t half = count / 2;

	if (status == 0 || count == 1) {
		settle(items, count, verdict);
		return;
	}
	if (search->left < 2 || (status == 202 && items[0].once)) {
		settle(items, count, refused_among(verdict, count, status));
		return;
	}
	verbose(
	    "HTTP %d for %zu series: they are sent in halves", status, count);
	jv_free(verdict);
	search->left -= 2;
	send_range(search, items, half);
	send_range(search, items + half, count - half);
}

/* Counts last, else in the order of the records. */
static int
by_once(const void *one, const void *other)
{
	const struct outbox_item *a = one, *b = other;

	if (a->once != b->once)
		return a->once ? 1 : -1;
	return a->record < b->record ? -1 : 1;
}

void
intake_send(struct intake *intake, struct outbox_item *items, size_t count,
    const struct deadline *end)
{
	struct search search = { intake, end, SEARCHES };
	size_t first = 0;

	qsort(items, count, sizeof *items, by_once);
	while (first < count && !items[first].once)
		first++;
	diag_on_signal("metrics were under way to %s: whether they arrived is "
		       "not known",
	    intake->url);
	if (first > 0)
		send_range(&search, items, first);
	if (first < count)
		send_range(&search, items + first, count - first);
	diag_on_signal(NULL);
}
