/* SPDX-License-Identifier: MIT */
/*
 * sandbox/kaggle_output - what a session wrote: the list of its files, with
 * URLs that are signed and expire, its log, and the log as a stream
 */
#include <math.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "digest.h"
#include "record.h"
#include "sandbox/kaggle_parts.h"

enum {
	PAGE_MOST = 200,
	PAGE_UNASKED = 500,   /* for clients that name no size */
	SIGNATURE_COPIES = 12 /* live URLs are about 850 bytes long */
};

/* Signs a file's place and the moment when its URL expires. */
static void
sign(long long kernel, long long n, long long expires,
    char text[DIGEST_SHA256_TEXT])
{
	struct sha256_ctx ctx;
	char what[128];

	(void)snprintf(
	    what, sizeof what, "kw-sandbox %lld %lld %lld", kernel, n, expires);
	sha256_init(&ctx);
	sha256_update(&ctx, strlen(what), (const uint8_t *)what);
	digest_sha256_text(&ctx, text);
}

/* A name as the end of a URL; parts that a client would resolve are "_". */
static void
add_escaped(struct buf *url, const char *name)
{
	while (*name != '\0') {
		size_t len = strcspn(name, "/");

		if (len == 0 || (len == 1 && name[0] == '.') ||
		    (len == 2 && name[0] == '.' && name[1] == '.'))
			buf_addc(url, '_');
		else
			for (size_t i = 0; i < len; i++)
				if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghi"
					   "jklmnopqrstuvwxyz0123456789-._~",
					name[i]) != NULL)
					buf_addc(url, name[i]);
				else
					buf_addf(url, "%%%02X",
					    (unsigned char)name[i]);
		name += len;
		if (*name == '/') {
			buf_addc(url, '/');
			name++;
		}
	}
}

static char *
file_url(struct request *request, const struct kernel *kernel, long long n,
    const char *name, long long handed_out)
{
	double now = clock_now();
	long long lives = record_int(kernel->script, "url_seconds", 3600);
	long long expires = (long long)now + lives;
	char signature[DIGEST_SHA256_TEXT];
	struct buf url = { 0 };

	if (handed_out < record_int(kernel->script, "expired_urls", 0))
		expires = (long long)now - 1;
	sign(kernel->id, n, expires, signature);
	buf_addf(&url, "%s/kf/%lld/%lld.%lld.", server_url(request->server),
	    kernel->id, n, expires);
	for (int i = 0; i < SIGNATURE_COPIES; i++)
		buf_adds(&url, signature);
	buf_addc(&url, '/');
	add_escaped(&url, name != NULL ? name : "");
	return buf_take(&url);
}

/* {"url", "fileName"} of the row: n, name, script, urls. */
static jv
file_entry(
    struct caller *caller, const struct kernel *kernel, sqlite3_stmt *row)
{
	jv script = store_json(row, 2), entry = jv_object();
	const char *fixed = record_str(script, "url");
	char *url = fixed != NULL
	    ? xstrdup(fixed)
	    : file_url(caller->request, kernel, sqlite3_column_int64(row, 0),
		  store_text(row, 1), sqlite3_column_int64(row, 3));

	entry = record_set_str(entry, "url", url);
	entry = record_set_str(entry, "fileName", store_text(row, 1));
	free(url);
	jv_free(script);
	return entry;
}

static jv
session_log(const struct kernel *kernel)
{
	jv log = record_get(kernel->script, "log");
	struct buf text = { 0 };

	if (jv_get_kind(log) == JV_KIND_STRING)
		return log;
	if (jv_get_kind(log) != JV_KIND_ARRAY) {
		jv_free(log);
		return jv_null();
	}
	kaggle_log_text(&text, log, -1, true);
	log = jv_string_sized(text.len > 0 ? text.at : "", (int)text.len);
	buf_release(&text);
	return log;
}

struct page {
	long long at;
	long long size;
};

/* False, and *why, if the body asks for a page that there cannot be. */
static bool
read_page(jv body, const struct kernel *kernel, struct page *page, jv *why)
{
	const char *token = record_str(body, "pageToken");
	long long most = record_int(kernel->script, "page_size", PAGE_MOST);
	char *end;

	page->at = 0;
	page->size = record_int(body, "pageSize", 0);
	if (page->size <= 0)
		page->size = most < PAGE_MOST ? most : PAGE_UNASKED;
	else if (page->size > most)
		page->size = most;
	if (token == NULL || *token == '\0')
		return true;
	page->at = strtoll(token + 1, &end, 10);
	if (*token == 'T' && *end == '\0' && page->at > 0)
		return true;
	*why = refusal(400, "Invalid page token");
	return false;
}

/* Puts a page of the list into answer; entry makes one of a row. */
static jv
list_files(struct caller *caller, const struct kernel *kernel,
    const struct page *page,
    jv (*entry)(struct caller *, const struct kernel *, sqlite3_stmt *))
{
	jv list = jv_array(), answer;
	char *next = NULL;
	long long count = 0;
	sqlite3_stmt *row = store_query(caller->store,
	    "SELECT n, name, script, urls FROM kaggle_file WHERE kernel = ?"
	    " ORDER BY n LIMIT ? OFFSET ?",
	    "iii", kernel->id, page->size + 1, page->at);

	while (store_row(row)) {
		if (++count > page->size) {
			next = xasprintf("T%lld", page->at + page->size);
			store_done(row);
			break;
		}
		list = jv_array_append(list, entry(caller, kernel, row));
	}
	store_do(caller->store,
	    "UPDATE kaggle_file SET urls = urls + 1"
	    " WHERE kernel = ? AND n >= ? AND n < ?",
	    "iii", kernel->id, page->at, page->at + page->size);
	answer = jv_object_set(jv_object(), jv_string("files"), list);
	answer = record_set_str(answer, "nextPageToken", next ? next : "");
	free(next);
	return answer;
}

/*
 * The kernel whose output may be had: its session ended, or its script has
 * running_output. Else its ref is NULL, and *why a refusal.
 */
static struct kernel
ended_kernel(struct caller *caller, jv body, jv *why)
{
	struct kernel kernel = kernel_of(caller, body, why);

	if (kernel.ref != NULL &&
	    !record_true(kernel.script, "running_output") &&
	    !status_is_final(kernel_status(&kernel))) {
		*why = refusal(404, "%s has no output yet", kernel.ref);
		free(kernel.ref);
		kernel.ref = NULL;
	}
	return kernel;
}

jv
kaggle_session_output(struct caller *caller, jv body)
{
	jv answer = jv_null();
	struct kernel kernel = ended_kernel(caller, body, &answer);
	struct page page;

	if (kernel.ref != NULL && read_page(body, &kernel, &page, &answer)) {
		answer = list_files(caller, &kernel, &page, file_entry);
		answer = jv_object_set(answer, jv_string("log"),
		    page.at == 0 ? session_log(&kernel) : jv_string(""));
	}
	kernel_release(&kernel);
	jv_free(body);
	return answer;
}

/* As live: prose for a date, and a size that is none. */
static jv
kernel_file_entry(
    struct caller *caller, const struct kernel *kernel, sqlite3_stmt *row)
{
	jv entry = record_set_str(jv_object(), "name", store_text(row, 1));

	(void)caller;
	(void)kernel;
	entry = record_set_number(
	    entry, "size", (double)(850 + sqlite3_column_int64(row, 0) % 90));
	return record_set_str(
	    entry, "creationDate", "4:41 pm, Wednesday 23 September 2026 UTC");
}

jv
kaggle_kernel_files(struct caller *caller, jv body)
{
	jv answer = jv_null();
	struct kernel kernel = ended_kernel(caller, body, &answer);
	struct page page;

	if (kernel.ref != NULL && read_page(body, &kernel, &page, &answer))
		answer = list_files(caller, &kernel, &page, kernel_file_entry);
	kernel_release(&kernel);
	jv_free(body);
	return answer;
}

/* A redirect to the URL of one file. */
jv
kaggle_download_output(struct caller *caller, jv body)
{
	jv answer = jv_null();
	char *named = xasprintf("%s/%s",
	    record_str(body, "ownerSlug") ? record_str(body, "ownerSlug") : "",
	    record_str(body, "kernelSlug") ? record_str(body, "kernelSlug")
					   : "");
	jv asked = record_set_str(jv_copy(body), "kernelSlug", named);
	struct kernel kernel = ended_kernel(caller, asked, &answer);
	long long n = store_number(caller->store, -1,
	    "SELECT n FROM kaggle_file WHERE kernel = ? AND name = ?", "is",
	    kernel.id, record_str(body, "filePath"));

	if (kernel.ref != NULL && n < 0) {
		answer = refusal(404, "no such file");
	} else if (kernel.ref != NULL) {
		char *url = file_url(caller->request, &kernel, n,
		    record_str(body, "filePath"), 1LL << 40);

		reply_header(caller->request, "Location", url);
		free(url);
		answer = refusal(302, "Found");
	}
	kernel_release(&kernel);
	jv_free(asked);
	jv_free(body);
	free(named);
	return answer;
}

/* "/kf/KERNEL/N.EXPIRES.SIGNATURE.../NAME": whether it is ours and valid. */
static bool
read_url(const char *rest, long long *kernel, long long *n)
{
	char signature[DIGEST_SHA256_TEXT];
	long long expires;
	int at = 0;

	if (sscanf(rest, "%lld/%lld.%lld.%n", kernel, n, &expires, &at) != 3 ||
	    at == 0)
		return false;
	sign(*kernel, *n, expires, signature);
	return strncmp(rest + at, signature, sizeof signature - 1) == 0 &&
	    (double)expires >= clock_now();
}

void
kaggle_answer_file(struct request *request)
{
	static const char denied[] = "<?xml version='1.0' encoding='UTF-8'?>"
				     "<Error><Code>AccessDenied</Code></Error>";
	long long kernel, n;
	sqlite3_stmt *row;

	if (request_header(request, "Authorization") != NULL)
		request_violation(
		    request, "a credential was sent to a file's URL");
	if (!read_url(request->rest, &kernel, &n)) {
		reply_text(request, 403, "application/xml", span_of(denied));
		return;
	}
	row = store_query(request->store,
	    "SELECT name, path, script FROM kaggle_file"
	    " WHERE kernel = ? AND n = ?",
	    "ii", kernel, n);
	if (!store_row(row)) {
		reply_text(request, 404, "application/xml", span_of(denied));
		return;
	}
	kaggle_send_file(request, store_text(row, 0), store_text(row, 1),
	    store_json(row, 2));
	store_done(row);
}
