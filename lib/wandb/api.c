/* SPDX-License-Identifier: MIT */
/*
 * api - W&B's GraphQL endpoint, and the addresses of a run
 */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "file.h"
#include "json.h"
#include "mem.h"
#include "record.h"
#include "wandb/api.h"

enum { TOKEN_MOST = 65536 }; /* bytes of an identity token file */

struct wandb {
	struct wandb_config config;
	struct credential access; /* what the identity token was changed for */
	double access_until;      /* in clock_now() */
	char *graphql;
	const char *headers[4];
	char *user, *email;
};

static char *
header_from(const char *name, const char *variable)
{
	const char *value = getenv(variable);

	if (value == NULL || *value == '\0' || strpbrk(value, "\r\n") != NULL)
		return NULL;
	return xasprintf("%s: %s", name, value);
}

struct wandb *
wandb_open(void)
{
	struct wandb *wandb = xcalloc(1, sizeof *wandb);
	size_t n = 0;

	config_wandb(&wandb->config);
	wandb->graphql = xasprintf("%s/graphql", wandb->config.base_url);
	/* For service accounts that act for a user. */
	wandb->user = header_from("X-WANDB-USERNAME", "WANDB_USERNAME");
	wandb->email = header_from("X-WANDB-USER-EMAIL", "WANDB_USER_EMAIL");
	wandb->headers[n++] = "Content-Type: application/json";
	if (wandb->user != NULL)
		wandb->headers[n++] = wandb->user;
	if (wandb->email != NULL)
		wandb->headers[n++] = wandb->email;
	return wandb;
}

void
wandb_close(struct wandb *wandb)
{
	if (wandb == NULL)
		return;
	config_wandb_release(&wandb->config);
	credential_release(&wandb->access);
	free(wandb->graphql);
	free(wandb->user);
	free(wandb->email);
	free(wandb);
}

const struct wandb_config *
wandb_config_of(const struct wandb *wandb)
{
	return &wandb->config;
}

/* Takes the access token that was answered; jv_null(), or an error_value(). */
static jv
take_access(struct wandb *wandb, const struct http_call *call)
{
	jv answer;

	if (!jv_is_valid(call->error))
		return jv_copy(call->error);
	answer = jv_parse_sized(call->answer, (int)call->answer_size);
	if (record_str(answer, "access_token") == NULL) {
		jv_free(answer);
		return error_value("auth",
		    "the identity token (WANDB_IDENTITY_TOKEN_FILE) was not "
		    "exchanged for an access token");
	}
	credential_release(&wandb->access);
	wandb->access = (struct credential){
		.kind = CREDENTIAL_BEARER,
		.secret = xstrdup(record_str(answer, "access_token")),
		.source = xstrdup("WANDB_IDENTITY_TOKEN_FILE"),
	};
	wandb->access_until =
	    clock_now() - 60 + (double)record_int(answer, "expires_in", 3600);
	jv_free(answer);
	return jv_null();
}

/* RFC 7523: the token in the file, which may change, for an access token. */
static jv
exchange(struct wandb *wandb)
{
	static const char *const headers[] = {
		"Content-Type: application/x-www-form-urlencoded", NULL
	};
	struct http_call call = { .method = "POST",
		.headers = headers,
		.safe = true,
		.name = "the exchange of WANDB_IDENTITY_TOKEN_FILE" };
	struct buf token = { 0 };
	char *url, *escaped, *body;
	jv why =
	    file_read(wandb->config.identity_token_file, TOKEN_MOST, &token);

	if (!jv_is_valid(why)) {
		buf_release(&token);
		return why;
	}
	while (token.len > 0 && strchr(" \t\r\n", token.at[token.len - 1]))
		token.at[--token.len] = '\0';
	url = xasprintf("%s/oidc/token", wandb->config.base_url);
	escaped = http_escape(token.len > 0 ? token.at : "");
	body = xasprintf("grant_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3A"
			 "grant-type%%3Ajwt-bearer&assertion=%s",
	    escaped);
	call.url = url;
	call.body = body;
	call.body_size = (off_t)strlen(body);
	http_do(&call);
	why = take_access(wandb, &call);
	http_release(&call);
	explicit_bzero(body, strlen(body));
	explicit_bzero(escaped, strlen(escaped));
	if (token.len > 0)
		explicit_bzero(token.at, token.len);
	buf_release(&token);
	free(url);
	free(escaped);
	free(body);
	return why;
}

jv
wandb_credential(struct wandb *wandb, const struct credential **credential)
{
	jv error;

	*credential = &wandb->config.credential;
	if (wandb->config.identity_token_file == NULL)
		return jv_null();
	*credential = &wandb->access;
	if (wandb->access.kind != CREDENTIAL_NONE &&
	    clock_now() < wandb->access_until)
		return jv_null();
	error = exchange(wandb);
	/* One that still holds for a minute is better than none. */
	if (!jv_is_valid(error) && wandb->access.kind != CREDENTIAL_NONE &&
	    clock_now() < wandb->access_until + 60) {
		jv_free(error);
		return jv_null();
	}
	return error;
}

static void
start(struct wandb *wandb, struct wandb_call *call, const char *operation,
    const char *query, jv variables, bool safe,
    const struct wandb_limits *limits, const struct deadline *deadline)
{
	jv body = jv_object_set(
	    jv_object_set(jv_object_set(jv_object(), jv_string("query"),
			      jv_string(query)),
		jv_string("variables"), variables),
	    jv_string("operationName"), jv_string(operation));
	jv text = jv_dump_string(body, 0);
	const struct credential *credential;
	jv error;

	call->operation = operation;
	call->url = xstrdup(wandb->graphql);
	call->body = xstrdup(jv_string_value(text));
	jv_free(text);
	call->http = (struct http_call){ .method = "POST",
		.url = call->url,
		.headers = wandb->headers,
		.body = call->body,
		.body_size = (off_t)strlen(call->body),
		.gzip = true,
		.safe = safe,
		.deadline = deadline,
		.most = limits->most,
		.attempts = limits->tries,
		.name = operation };
	error = wandb_credential(wandb, &credential);
	if (!jv_is_valid(error)) {
		call->http.error = error;
		return;
	}
	call->http.credential = credential;
	http_start(&call->http);
}

void
wandb_start(struct wandb *wandb, struct wandb_call *call, const char *operation,
    const char *query, jv variables, bool safe, const struct deadline *deadline)
{
	const struct wandb_limits usual = { 0 };

	start(wandb, call, operation, query, variables, safe, &usual, deadline);
}

void
wandb_start_text(struct wandb *wandb, struct wandb_call *call,
    const char *operation, const char *query, jv variables,
    const struct wandb_limits *limits, const struct deadline *deadline)
{
	start(wandb, call, operation, query, variables, !limits->once, limits,
	    deadline);
}

/* The data in an answer, or what it says is wrong. */
static jv
data_of(const struct wandb_call *call)
{
	jv body =
	    jv_parse_sized(call->http.answer, (int)call->http.answer_size);
	jv errors, data;
	char *message;

	if (jv_get_kind(body) != JV_KIND_OBJECT) {
		jv_free(body);
		return error_value("unavailable",
		    "%s: the answer is no JSON "
		    "object",
		    call->operation);
	}
	errors = record_get(body, "errors");
	data = record_get(body, "data");
	if (jv_get_kind(errors) == JV_KIND_ARRAY &&
	    jv_array_length(jv_copy(errors)) > 0) {
		message = http_message(body);
		jv_free(data);
		data = error_value("rejected", "%s: %s", call->operation,
		    message != NULL ? message : "refused without a reason");
		free(message);
	} else if (jv_get_kind(data) != JV_KIND_OBJECT) {
		jv_free(data);
		data = error_value("unavailable", "%s: the answer has no data",
		    call->operation);
	}
	jv_free(errors);
	jv_free(body);
	return data;
}

void
wandb_release(struct wandb_call *call)
{
	http_release(&call->http);
	free(call->url);
	free(call->body);
	call->url = call->body = NULL;
}

static void
wait_for(struct wandb_call *call)
{
	while (http_pending(&call->http))
		http_drive();
}

jv
wandb_take(struct wandb_call *call, bool *unsure)
{
	jv data;

	wait_for(call);
	if (unsure != NULL)
		*unsure = call->http.unsure;
	if (jv_is_valid(call->http.error))
		data = data_of(call);
	else
		data = jv_copy(call->http.error);
	/* What came instead of an answer does not say what was done. */
	if (unsure != NULL && !jv_is_valid(data) &&
	    jv_is_valid(call->http.error) &&
	    strcmp(error_code(data), "unavailable") == 0)
		*unsure = true;
	wandb_release(call);
	return data;
}

static bool
is_empty(struct span list)
{
	struct json_member member;
	struct json_walk walk;

	json_walk(&walk, list, JSON_WORDS);
	return !json_next(&walk, &member);
}

jv
wandb_take_text(struct wandb_call *call, struct span *data)
{
	struct json_walk walk;
	struct json_member member;
	bool refused = false, found = false;
	jv why;

	wait_for(call);
	if (!jv_is_valid(call->http.error))
		return jv_copy(call->http.error);
	json_walk(&walk,
	    (struct span){ call->http.answer, call->http.answer_size },
	    JSON_WORDS);
	while (json_next(&walk, &member)) {
		if (span_is(member.key, "errors"))
			refused = member.value.type == JSON_ARRAY &&
			    !is_empty(member.value.text);
		if (!span_is(member.key, "data"))
			continue;
		found = member.value.type == JSON_OBJECT;
		*data = member.value.text;
	}
	if (walk.fault.why == NULL && found && !refused)
		return jv_null();
	why = data_of(call); /* which says what is wrong */
	if (!jv_is_valid(why))
		return why;
	jv_free(why);
	return error_value("unavailable",
	    "%s: the answer is no JSON: %s at byte %zu", call->operation,
	    walk.fault.why != NULL ? walk.fault.why : "errors", walk.fault.at);
}

jv
wandb_ask(struct wandb *wandb, const char *operation, const char *query,
    jv variables, bool safe, const struct deadline *deadline)
{
	struct wandb_call call;

	wandb_start(wandb, &call, operation, query, variables, safe, deadline);
	return wandb_take(&call, NULL);
}

bool
wandb_is_too_much(const struct wandb_call *call, jv why)
{
	static const int statuses[] = { 408, 413, 500, 502, 504 };
	static const char *const words[] = { "first", "limit", "too large",
		"too many", "timeout", "timed out", "deadline", "exceed" };
	const char *code = error_code(why);
	int status = call->http.status;

	/* Also one that broke off, or was larger than it may be. */
	if (strcmp(code, "timeout") == 0 ||
	    (status / 100 == 2 && !jv_is_valid(call->http.error)))
		return true;
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		if (status == statuses[i])
			return true;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(code, "rejected") == 0 &&
		    strcasestr(error_message(why), words[i]) != NULL)
			return true;
	return false;
}

static char *
address(const char *base, const char *middle, const char *entity,
    const char *project, const char *between, const char *run_id,
    const char *end)
{
	char *e = http_escape(entity), *p = http_escape(project);
	char *r = http_escape(run_id);
	char *url =
	    xasprintf("%s%s/%s/%s/%s%s%s", base, middle, e, p, between, r, end);

	free(e);
	free(p);
	free(r);
	return url;
}

char *
wandb_stream_url(const struct wandb *wandb, const char *entity,
    const char *project, const char *run_id)
{
	return address(wandb->config.base_url, "/files", entity, project, "",
	    run_id, "/file_stream");
}

char *
wandb_run_url(const struct wandb *wandb, const char *entity,
    const char *project, const char *run_id)
{
	return address(
	    wandb->config.app_url, "", entity, project, "runs/", run_id, "");
}
