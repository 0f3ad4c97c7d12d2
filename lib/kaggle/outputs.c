/* SPDX-License-Identifier: MIT */
/*
 * outputs - the list of a session's output files, page by page
 */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <nettle/sha2.h>

#include "http.h"
#include "kaggle/outputs.h"
#include "mem.h"
#include "record.h"

enum {
	PAGE_SIZE = 200,   /* Kaggle's most */
	EMPTY_PAGES = 100, /* in a row, before we do not believe it */
	KEY = 16,
};

struct output_page {
	struct output_page *next;
	struct kaggle_question question; /* under way while it has a url */
	struct logtext log; /* of each answer, but it is taken once */
	char *token;
	struct output *file;
	size_t count;
	size_t given; /* handed out */
	size_t released;
	int tried;
	bool answered; /* by the question, which is to be judged */
	bool listed;   /* once at least */
};

/* What was listed: a list that comes back to it does not end. */
struct seen {
	unsigned char token[KEY];
	unsigned char names[KEY];
};

struct outputs {
	struct kaggle *kaggle;
	const struct kernel *kernel;
	const struct deadline *deadline;
	struct output_page *first; /* the oldest with files not released */
	struct output_page *last;
	char *more; /* the token of the page behind last; NULL: none */
	struct seen *seen;
	size_t pages;
	int empty; /* pages in a row */
	int log;
	int log_errno;
	long long log_bytes;
	jv error;
};

/* The log. */

static void
empty_log(void *context)
{
	struct outputs *list = context;

	list->log_bytes = 0;
	list->log_errno =
	    ftruncate(list->log, 0) == 0 && lseek(list->log, 0, SEEK_SET) == 0
	    ? 0
	    : errno;
}

static void
write_log(void *context, const void *bytes, size_t len)
{
	struct outputs *list = context;
	const char *at = bytes;

	list->log_bytes += (long long)len;
	while (len > 0 && list->log_errno == 0) {
		ssize_t n = write(list->log, at, len);

		if (n < 0 && errno != EINTR)
			list->log_errno = errno;
		if (n < 0)
			continue;
		at += n;
		len -= (size_t)n;
	}
}

/* The pages. */

static void
answered(struct http_call *call)
{
	struct output_page *page = call->context;

	page->answered = true;
}

static void
ask(struct outputs *list, struct output_page *page)
{
	jv body = kernel_body(list->kernel);

	body = record_set_number(body, "pageSize", PAGE_SIZE);
	body = record_set_str(body, "pageToken", page->token);
	if (list->log >= 0 && page == list->first && !page->listed) {
		page->log.take = write_log;
		page->log.anew = empty_log;
	} else {
		page->log.take = NULL;
		page->log.anew = NULL;
	}
	page->log.context = list;
	page->question = (struct kaggle_question){
		.call = { .safe = true,
		    .transfer = true,
		    .deadline = list->deadline,
		    .done = answered,
		    .context = page },
		.log = &page->log,
	};
	kaggle_begin(
	    list->kaggle, &page->question, "ListKernelSessionOutput", body);
}

/* A page behind the others; takes token. */
static void
add_page(struct outputs *list, char *token)
{
	struct output_page *page = xcalloc(1, sizeof(*page));

	page->token = token;
	if (list->last != NULL)
		list->last->next = page;
	else
		list->first = page;
	list->last = page;
	ask(list, page);
}

struct outputs *
outputs_open(struct kaggle *kaggle, const struct kernel *kernel, int log,
    const struct deadline *deadline)
{
	struct outputs *list = xcalloc(1, sizeof(*list));

	list->kaggle = kaggle;
	list->kernel = kernel;
	list->log = log;
	list->deadline = deadline;
	list->error = jv_null();
	add_page(list, xstrdup(""));
	return list;
}

static void
free_page(struct output_page *page)
{
	size_t i;

	kaggle_cancel(&page->question);
	logtext_release(&page->log);
	for (i = 0; i < page->count; i++) {
		free(page->file[i].name);
		free(page->file[i].url);
	}
	free(page->file);
	free(page->token);
	free(page);
}

void
outputs_close(struct outputs *list)
{
	while (list->first != NULL) {
		struct output_page *page = list->first;

		list->first = page->next;
		free_page(page);
	}
	free(list->seen);
	free(list->more);
	jv_free(list->error);
	free(list);
}

/* The files. */

static void
take_text(jv value, char **text, size_t *len)
{
	if (jv_get_kind(value) == JV_KIND_STRING) {
		*len = (size_t)jv_string_length_bytes(jv_copy(value));
		*text = xcalloc(*len + 1, 1);
		memcpy(*text, jv_string_value(value), *len);
	} else {
		*len = 0;
		*text = xstrdup("");
	}
	jv_free(value);
}

static void
take_file(jv from, struct output *output)
{
	size_t len;

	take_text(
	    record_get(from, "fileName"), &output->name, &output->name_len);
	take_text(record_get(from, "url"), &output->url, &len);
	jv_free(from);
}

/* Fills a page that had no files yet. */
static void
take_files(struct output_page *page, jv files)
{
	size_t i;

	page->count = (size_t)jv_array_length(jv_copy(files));
	page->file = xcalloc(page->count, sizeof(*page->file));
	for (i = 0; i < page->count; i++) {
		take_file(jv_array_get(jv_copy(files), (int)i), &page->file[i]);
		page->file[i].page = page;
	}
	jv_free(files);
}

/* Gives the files of a page that was listed again their new URLs. */
static void
take_urls(struct output_page *page, jv files)
{
	int i, count = jv_array_length(jv_copy(files));
	size_t at;

	for (i = 0; i < count; i++) {
		struct output now = { 0 };

		take_file(jv_array_get(jv_copy(files), i), &now);
		for (at = 0; at < page->count; at++) {
			struct output *old = &page->file[at];

			if (old->name_len != now.name_len ||
			    memcmp(old->name, now.name, now.name_len) != 0)
				continue;
			free(old->url);
			old->url = xstrdup(now.url);
		}
		free(now.name);
		free(now.url);
	}
	jv_free(files);
}

/* Whether a page is one that was listed before. */
static bool
goes_round(struct outputs *list, const struct output_page *page)
{
	struct seen now;
	struct sha256_ctx ctx;
	size_t i;

	list->empty = page->count == 0 ? list->empty + 1 : 0;
	if (list->empty > EMPTY_PAGES)
		return true;
	sha256_init(&ctx);
	sha256_update(&ctx, strlen(page->token), (const uint8_t *)page->token);
	sha256_digest(&ctx, KEY, now.token);
	for (i = 0; i < page->count; i++)
		sha256_update(&ctx, page->file[i].name_len + 1,
		    (const uint8_t *)page->file[i].name);
	sha256_digest(&ctx, KEY, now.names);
	for (i = 0; i < list->pages; i++) {
		if (memcmp(list->seen[i].token, now.token, KEY) == 0 ||
		    (page->count > 0 &&
			memcmp(list->seen[i].names, now.names, KEY) == 0))
			return true;
	}
	list->seen = xreallocarray(list->seen, list->pages + 1, sizeof(now));
	list->seen[list->pages++] = now;
	return false;
}

/* Ends the list; consumes why. */
static void
break_off(struct outputs *list, jv why)
{
	jv_free(list->error);
	list->error = why;
	free(list->more);
	list->more = NULL;
}

static void
take_page(struct outputs *list, struct output_page *page, jv reply)
{
	const char *token = record_str(reply, "nextPageToken");
	jv files = record_get(reply, "files");

	if (jv_get_kind(files) != JV_KIND_ARRAY) {
		bool none =
		    !jv_is_valid(files) || jv_get_kind(files) == JV_KIND_NULL;

		jv_free(files);
		files = jv_array();
		if (!none)
			break_off(list,
			    error_value("unavailable",
				"ListKernelSessionOutput: files is no list"));
	}
	if (page->listed) {
		take_urls(page, files);
		return;
	}
	take_files(page, files);
	page->listed = true;
	if (goes_round(list, page)) {
		page->given = page->released = page->count;
		break_off(list,
		    error_value("unavailable",
			"ListKernelSessionOutput: the list goes round in circles: "
			"page %zu came before",
			list->pages + 1));
	} else if (token != NULL && token[0] != '\0' &&
	    jv_is_valid(list->error)) {
		list->more = xstrdup(token);
	}
}

/* Judges the answer about a page. */
static void
judge(struct outputs *list, struct output_page *page)
{
	bool came = jv_is_valid(page->question.call.error);
	size_t i;
	jv reply;

	page->answered = false;
	reply = kaggle_end(list->kaggle, &page->question);
	logtext_release(&page->log);
	if (!jv_is_valid(reply) && came &&
	    strcmp(error_code(reply), "unavailable") == 0 &&
	    kaggle_again(++page->tried, list->deadline)) {
		jv_free(reply);
		ask(list, page);
		return;
	}
	if (jv_is_valid(reply))
		take_page(list, page, reply);
	else if (!page->listed)
		break_off(list, jv_copy(reply));
	jv_free(reply);
	for (i = 0; i < page->count; i++)
		page->file[i].renewing = false;
}

/* Frees the oldest pages that are done with. */
static void
tidy(struct outputs *list)
{
	struct output_page *page;

	while ((page = list->first) != NULL && page->question.url == NULL &&
	    page->released == page->count && page != list->last) {
		list->first = page->next;
		free_page(page);
	}
}

void
outputs_work(struct outputs *list)
{
	struct output_page *page;

	for (page = list->first; page != NULL; page = page->next) {
		if (page->answered)
			judge(list, page);
	}
	tidy(list);
}

struct output *
outputs_next(struct outputs *list)
{
	struct output_page *page;

	/* All before the last page were handed out: the next may come. */
	for (page = list->first; page != NULL; page = page->next) {
		if (page == list->last && list->more != NULL) {
			char *token = list->more;

			list->more = NULL;
			add_page(list, token);
		}
		if (page->given < page->count)
			return &page->file[page->given++];
	}
	return NULL;
}

bool
outputs_pending(const struct outputs *list)
{
	const struct output_page *page;

	for (page = list->first; page != NULL; page = page->next) {
		if (page->question.url != NULL)
			return true;
	}
	return false;
}

void
outputs_release(struct outputs *list, struct output *output)
{
	struct output_page *page = output->page;

	page->released++;
	tidy(list);
}

void
outputs_renew(struct outputs *list, struct output *output)
{
	output->renewing = true;
	if (output->page->question.url == NULL) {
		output->page->tried = 0;
		ask(list, output->page);
	}
}

jv
outputs_error(const struct outputs *list)
{
	return jv_copy(list->error);
}

jv
outputs_each(struct outputs *list,
    bool (*take)(void *context, const struct output *output), void *context)
{
	struct output *output;
	bool more = true;

	do {
		outputs_work(list);
		while (more && (output = outputs_next(list)) != NULL) {
			more = take(context, output);
			outputs_release(list, output);
		}
	} while (more && outputs_pending(list) && http_drive());
	return more ? outputs_error(list) : jv_null();
}

bool
outputs_began(const struct outputs *list)
{
	return list->pages > 0;
}

long long
outputs_log_bytes(const struct outputs *list)
{
	if (list->log_errno != 0) {
		errno = list->log_errno;
		return -1;
	}
	return list->log_bytes;
}
