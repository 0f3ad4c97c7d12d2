/* SPDX-License-Identifier: MIT */
/* kaggle/api - calls to Kaggle, and what its answers mean */
#include "kaggle/api.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "diag.h"
#include "http.h"
#include "mem.h"
#include "record.h"

static const char kernels_service[] = "kernels.KernelsApiService";
static const char pages[] = "https://www.kaggle.com/code";

enum { TRIES = 5 };

struct kaggle {
	struct kaggle_config config;
	char *user;  /* what IntrospectToken said */
	bool unsure; /* the last call may have been done */
	bool hidden; /* the last call was answered with 403 */
	bool within; /* the last call had an answer with status 2xx */
};

struct kaggle *
kaggle_open(void)
{
	struct kaggle *kaggle = xcalloc(1, sizeof(*kaggle));

	config_kaggle(&kaggle->config);
	return kaggle;
}

void
kaggle_close(struct kaggle *kaggle)
{
	if (kaggle == NULL)
		return;
	config_kaggle_release(&kaggle->config);
	free(kaggle->user);
	free(kaggle);
}

bool
kaggle_unsure(const struct kaggle *kaggle)
{
	return kaggle->unsure;
}

bool
kaggle_hidden(const struct kaggle *kaggle)
{
	return kaggle->hidden;
}

const char *
kaggle_source(const struct kaggle *kaggle)
{
	return kaggle->config.credential.source;
}

const char *
kaggle_endpoint(const struct kaggle *kaggle)
{
	return kaggle->config.endpoint;
}

bool
kaggle_again(int tried, const struct deadline *deadline)
{
	static const struct deadline never = { .at = INFINITY };

	if (tried >= TRIES)
		return false;
	return deadline_sleep(
	    deadline != NULL ? deadline : &never, tried < 5 ? 1 << tried : 30);
}

/* The error code for what a body says with a number of HTTP. */
static const char *
code_of(long long number)
{
	switch (number) {
	case 401:
	case 403:
		return "auth";
	case 404:
	case 410:
		return "not_found";
	case 409:
	case 412:
		return "conflict";
	case 408:
	case 425:
	case 429:
		return "unavailable";
	default:
		return number >= 500 ? "unavailable" : "rejected";
	}
}

/*
 * Adds to a 401 and a 403 what Kaggle does not say, and to those within an
 * answer what http says of those that are one. Consumes why.
 */
static jv
explain(struct kaggle *kaggle, int status, jv why)
{
	jv better;

	kaggle->hidden = status == 403;
	if (status != 401 && status != 403)
		return why;
	better = error_value("auth", "%s%s%s%s", error_message(why),
	    kaggle->within ? "; the credential is from " : "",
	    kaggle->within ? kaggle_source(kaggle) : "",
	    status == 403
		? "; Kaggle says so when the name is wrong, when the kernel is "
		  "private or another's, when a competition's rules are not "
		  "accepted, or when the token is bad"
		: "");
	jv_free(why);
	return better;
}

/* The error that an answer with status 200 holds, or jv_null(). */
static jv
error_within(struct kaggle *kaggle, const char *name, jv reply)
{
	jv error, why;
	char *words;
	const char *code;
	long long number;

	if (jv_get_kind(reply) != JV_KIND_OBJECT) {
		kaggle->unsure = true;
		return error_value(
		    "unavailable", "%s: the answer is no JSON object", name);
	}
	error = record_get(reply, "error");
	if (jv_get_kind(error) == JV_KIND_OBJECT) {
		number = record_int(error, "code", 0);
		code = number >= 400 ? code_of(number) : "unavailable";
		kaggle->unsure = number < 400 || number >= 500;
	} else if (jv_get_kind(error) == JV_KIND_STRING &&
	    jv_string_length_bytes(jv_copy(error)) > 0) {
		number = 0;
		code = "rejected";
	} else {
		number = record_int(reply, "code", 0);
		code = number >= 400 ? code_of(number) : NULL;
		kaggle->unsure = number >= 500;
	}
	jv_free(error);
	if (code == NULL)
		return jv_null();

	words = http_message(reply);
	why = error_value(code, "%s: %s", name,
	    words != NULL ? words : "an error without a message");
	free(words);
	return explain(kaggle, (int)number, why);
}

/* A question begins with its call. */
static struct logtext *
log_of(struct http_call *call)
{
	return ((struct kaggle_question *)call)->log;
}

static bool
begin_log(struct http_call *call)
{
	logtext_begin(log_of(call));
	return true;
}

static bool
feed_log(struct http_call *call, const void *bytes, size_t len)
{
	if (logtext_feed(log_of(call), bytes, len))
		return true;
	call->error = error_value(
	    "unavailable", "%s: the answer is too large", call->name);
	return false;
}

void
kaggle_begin(struct kaggle *kaggle, struct kaggle_question *question,
    const char *method, jv body)
{
	static const char *const headers[] = {
		"Content-Type: application/json",
		"Accept: application/json",
		NULL,
	};
	const char *slash = strchr(method, '/');
	struct http_call *call = &question->call;

	question->url = xasprintf("%s/v1/%s%s%s", kaggle->config.endpoint,
	    slash != NULL ? "" : kernels_service, slash != NULL ? "" : "/",
	    method);
	question->text = jv_dump_string(body, 0);
	call->method = "POST";
	call->url = question->url;
	call->credential = &kaggle->config.credential;
	call->headers = headers;
	call->body = jv_string_value(question->text);
	call->body_size = (off_t)strlen(call->body);
	call->gzip = true;
	call->name = slash != NULL ? slash + 1 : method;
	if (question->log != NULL) {
		call->begin = begin_log;
		call->sink = feed_log;
	}
	http_start(call);
}

jv
kaggle_end(struct kaggle *kaggle, struct kaggle_question *question)
{
	struct http_call *call = &question->call;
	struct span answer = { call->answer, call->answer_size };
	jv reply, why;

	if (question->log != NULL)
		answer = (struct span){ question->log->rest.at,
			question->log->rest.len };
	kaggle->unsure = call->unsure;
	kaggle->hidden = false;
	kaggle->within = jv_is_valid(call->error);
	if (kaggle->within) {
		reply = jv_parse_sized(
		    answer.len > 0 ? answer.at : "", (int)answer.len);
		why = error_within(kaggle, call->name, reply);
		if (!jv_is_valid(why)) {
			jv_free(reply);
			reply = why;
		}
	} else {
		reply = explain(kaggle, call->status, jv_copy(call->error));
	}
	kaggle_cancel(question);
	return reply;
}

const struct credential *
kaggle_credential(const struct kaggle *kaggle)
{
	return &kaggle->config.credential;
}

jv
kaggle_failure(struct kaggle *kaggle, const struct http_call *call)
{
	kaggle->within = false;
	return explain(kaggle, call->status, jv_copy(call->error));
}

void
kaggle_cancel(struct kaggle_question *question)
{
	if (question->url == NULL)
		return;
	if (http_pending(&question->call))
		http_cancel(&question->call);
	http_release(&question->call);
	jv_free(question->text);
	free(question->url);
	question->url = NULL;
}

/* One call, with http's tries. Consumes body. */
static jv
call_once(struct kaggle *kaggle, const char *method, jv body, bool safe,
    const struct deadline *deadline)
{
	struct kaggle_question question = {
		.call = { .safe = safe, .deadline = deadline },
	};

	kaggle_begin(kaggle, &question, method, body);
	while (http_pending(&question.call))
		http_drive();
	return kaggle_end(kaggle, &question);
}

jv
kaggle_call(struct kaggle *kaggle, const char *method, jv body, bool safe,
    const struct deadline *deadline)
{
	jv reply;

	for (int tried = 1;; tried++) {
		reply =
		    call_once(kaggle, method, jv_copy(body), safe, deadline);
		/* What http tried in vain has had its tries. */
		if (!safe || !kaggle->within || jv_is_valid(reply) ||
		    strcmp(error_code(reply), "unavailable") != 0 ||
		    !kaggle_again(tried, deadline))
			break;
		jv_free(reply);
	}
	jv_free(body);
	return reply;
}

const char *
kaggle_user(struct kaggle *kaggle, const struct deadline *deadline, jv *why)
{
	jv body, reply;
	const char *name;

	if (kaggle->config.user != NULL)
		return kaggle->config.user;
	if (kaggle->user != NULL)
		return kaggle->user;
	body = jv_object_set(jv_object(), jv_string("token"),
	    jv_string(kaggle->config.credential.secret));
	reply = kaggle_call(kaggle, "security.OAuthService/IntrospectToken",
	    body, true, deadline);
	if (!jv_is_valid(reply)) {
		*why = reply;
		return NULL;
	}
	name = record_str(reply, "username");
	if (record_true(reply, "active") && name != NULL && name[0] != '\0')
		kaggle->user = xstrdup(name);
	else
		*why = error_value("auth",
		    "the token from %s is not active, says Kaggle",
		    kaggle_source(kaggle));
	jv_free(reply);
	return kaggle->user;
}

void
kernel_init(struct kernel *kernel, const char *owner, const char *slug)
{
	kernel->owner = xstrdup(owner);
	kernel->slug = xstrdup(slug);
	kernel->name = xasprintf("%s/%s", owner, slug);
	kernel->url = xasprintf("%s/%s/%s", pages, owner, slug);
}

void
kernel_release(struct kernel *kernel)
{
	free(kernel->owner);
	free(kernel->slug);
	free(kernel->name);
	free(kernel->url);
	*kernel = (struct kernel){ 0 };
}

/* The length of the owner or slug that text begins with; 0 for none. */
static size_t
name_length(const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-";

	return strspn(text, allowed);
}

/* Fills kernel if text is "owner/slug" and then one of ends. */
static bool
parse_pair(struct kernel *kernel, const char *text, const char *ends)
{
	size_t owner = name_length(text), slug;
	const char *second;
	char *copy;

	if (owner == 0 || text[owner] != '/')
		return false;
	second = text + owner + 1;
	slug = name_length(second);
	if (slug == 0 || strchr(ends, second[slug]) == NULL)
		return false;
	copy = xstrndup(text, owner + 1 + slug);
	copy[owner] = '\0';
	kernel_init(kernel, copy, copy + owner + 1);
	free(copy);
	return true;
}

/* text behind the part of a page's address that all kernels share, or NULL */
static const char *
behind_pages(const char *text)
{
	static const char *const starts[] = {
		"https://www.kaggle.com/code/",
		"https://kaggle.com/code/",
		"www.kaggle.com/code/",
		"kaggle.com/code/",
	};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (strncmp(text, starts[i], strlen(starts[i])) == 0)
			return text + strlen(starts[i]);
	return NULL;
}

jv
kernel_parse(struct kernel *kernel, struct kaggle *kaggle, const char *text,
    const struct deadline *deadline)
{
	const char *path = behind_pages(text), *user;
	jv why;

	if (path != NULL && strstr(path, "scriptVersionId=") == NULL &&
	    parse_pair(kernel, path, "/?#"))
		return jv_null();
	if (path == NULL && parse_pair(kernel, text, ""))
		return jv_null();
	if (path != NULL || parse_pair(kernel, text, "/")) {
		if (path == NULL)
			kernel_release(kernel);
		return error_value("input",
		    "%s: Kaggle tells of the latest session of a kernel only: "
		    "give owner/slug without a version",
		    text);
	}
	if (text[0] == '\0' || text[name_length(text)] != '\0')
		return error_value("input",
		    "%s: not a kernel's name, which is owner/slug", text);
	user = kaggle_user(kaggle, deadline, &why);
	if (user == NULL)
		return why;
	kernel_init(kernel, user, text);
	return jv_null();
}

/* The same for the last two parts of a path. */
static bool
parse_last_pair(struct kernel *kernel, const char *text)
{
	const char *at;
	int slashes = 0;

	if (text == NULL)
		return false;
	for (at = text + strlen(text); at > text; at--)
		if (at[-1] == '/' && ++slashes == 2)
			break;
	return parse_pair(kernel, at, "");
}

bool
kernel_of_reply(struct kernel *kernel, jv reply)
{
	return parse_last_pair(kernel, record_str(reply, "url")) ||
	    parse_last_pair(kernel, record_str(reply, "ref"));
}

jv
kernel_body(const struct kernel *kernel)
{
	jv body = jv_object_set(
	    jv_object(), jv_string("userName"), jv_string(kernel->owner));

	return jv_object_set(
	    body, jv_string("kernelSlug"), jv_string(kernel->slug));
}
