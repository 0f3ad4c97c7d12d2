/* SPDX-License-Identifier: MIT */
/*
 * secret - credentials that AWS Secrets Manager keeps
 */
#include <stdlib.h>

#include "aws/credentials.h"
#include "aws/secret.h"
#include "config.h"
#include "json.h"
#include "record.h"

enum {
	NAME_MOST = 2048,
	ANSWER_MOST = 1 << 20, /* a secret has 64 KiB at most */
};

/* What is asked for, and in which words errors speak of it. */
struct secret {
	const char *name;
	const char *const *wanted;
	const char *region;
	char *what; /* "the AWS secret NAME in REGION (AWS_REGION)" */
};

/* ---- the value ---- */

static bool
is_key(const char *variable)
{
	static const char ending[] = "_API_KEY";
	size_t len = strlen(variable);

	return len > strlen(ending) &&
	    strcmp(variable + len - strlen(ending), ending) == 0;
}

/* Keeps a value, if the environment does not have it. */
static jv
keep(const struct secret *secret, const char *variable, const char *value)
{
	char *source;

	for (const char *at = value; *at != '\0'; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return error_value("input",
			    "%s: a control character in %s", secret->what,
			    variable);
	if (*value == '\0' || config_env(variable) != NULL)
		return jv_null();
	source = xasprintf("%s of the AWS secret %s", variable, secret->name);
	config_provide(variable, value, source);
	verbose("%s", source);
	free(source);
	return jv_null();
}

/* A secret that is no JSON is the one key that is wanted. */
static jv
keep_bare(const struct secret *secret, const char *text)
{
	const char *variable = NULL;
	char *value;
	size_t len;
	int keys = 0;
	jv why;

	for (const char *const *at = secret->wanted; *at != NULL; at++) {
		if (is_key(*at)) {
			variable = *at;
			keys++;
		}
	}
	if (keys != 1)
		return error_value("input",
		    "%s: bare text, where several keys are wanted; JSON "
		    "would name them",
		    secret->what);
	for (len = strlen(text); len > 0 && strchr(" \t\r\n", text[len - 1]);)
		len--;
	if (len == 0)
		return error_value("input", "%s: empty", secret->what);
	value = xstrndup(text, len);
	why = keep(secret, variable, value);
	explicit_bzero(value, len);
	free(value);
	return why;
}

static jv
nothing_of(const struct secret *secret)
{
	struct buf names = { 0 };
	jv why;

	for (const char *const *at = secret->wanted; *at != NULL; at++)
		buf_addf(&names, "%s%s", names.len > 0 ? ", " : "", *at);
	why =
	    error_value("input", "%s: has none of %s", secret->what, names.at);
	buf_release(&names);
	return why;
}

static jv
keep_object(const struct secret *secret, jv object)
{
	jv why = jv_null(), value;
	int found = 0;

	for (const char *const *at = secret->wanted;
	     *at != NULL && jv_is_valid(why); at++) {
		value = record_get(object, *at);
		if (jv_get_kind(value) == JV_KIND_STRING) {
			found++;
			why = record_str(object, *at) != NULL
			    ? keep(secret, *at, jv_string_value(value))
			    : error_value("input",
				  "%s: a control character in %s", secret->what,
				  *at);
		} else if (jv_is_valid(value)) {
			why = error_value(
			    "input", "%s: %s is no string", secret->what, *at);
		}
		jv_free(value);
	}
	if (jv_is_valid(why) && found == 0)
		why = nothing_of(secret);
	return why;
}

static jv
keep_text(const struct secret *secret, const char *text)
{
	jv object, why;

	text += strspn(text, " \t\r\n");
	if (*text != '{')
		return keep_bare(secret, text);
	object = jv_parse(text);
	if (jv_get_kind(object) == JV_KIND_OBJECT)
		why = keep_object(secret, object);
	else /* libjq's words may hold a part of it */
		why = error_value("input", "%s: begins with '{' and is no JSON",
		    secret->what);
	jv_free(object);
	return why;
}

static jv
keep_answer(const struct secret *secret, const struct http_call *call)
{
	jv answer = jv_parse_sized(call->answer, (int)call->answer_size);
	const char *text = record_str(answer, "SecretString");
	jv why;

	if (text != NULL)
		why = keep_text(secret, text);
	else
		why = error_value("input", "%s: %s", secret->what,
		    record_str(answer, "SecretBinary") != NULL
			? "no text, but binary"
			: "no text, or one with a NUL");
	jv_free(answer);
	return why;
}

/* ---- the call ---- */

/* Signs with the credentials, and asks. */
static jv
ask_signed(const struct secret *secret, const struct aws_session *session,
    const struct aws_credentials *credentials, const char *url)
{
	char *scope = xasprintf("aws:amz:%s:secretsmanager", secret->region);
	char *token = xasprintf("X-Amz-Security-Token: %s",
	    credentials->token != NULL ? credentials->token : "");
	/* No others: see http.h. libcurl adds the date and the signature. */
	const char *const headers[] = {
		"Content-Type: application/x-amz-json-1.1",
		"X-Amz-Target: secretsmanager.GetSecretValue",
		credentials->token != NULL ? token : NULL, NULL
	};
	struct buf body = { 0 };
	struct http_call call = { .method = "POST",
		.url = url,
		.credential = &credentials->key,
		.sigv4 = scope,
		.headers = headers,
		.json = true,
		.safe = true,
		.passes = aws_passes,
		.deadline = session->deadline,
		.most = ANSWER_MOST,
		.name = "GetSecretValue" };
	jv why;

	buf_adds(&body, "{\"SecretId\":");
	json_quote(&body, span_of(secret->name));
	buf_addc(&body, '}');
	call.body = body.at;
	call.body_size = (off_t)body.len;
	http_do(&call);
	why = jv_is_valid(call.error) ? keep_answer(secret, &call)
				      : aws_refusal(&call, secret->what);
	aws_release(&call);
	buf_release(&body);
	explicit_bzero(token, strlen(token));
	free(token);
	free(scope);
	return why;
}

static jv
ask(const struct secret *secret, const struct aws_session *session)
{
	struct aws_credentials credentials;
	char *url = NULL;
	jv why = aws_endpoint("secretsmanager",
	    "AWS_ENDPOINT_URL_SECRETS_MANAGER", secret->region, &url);

	if (!jv_is_valid(why))
		return why;
	why = aws_credentials_find(&credentials, session);
	if (jv_is_valid(why))
		why = ask_signed(secret, session, &credentials, url);
	aws_credentials_release(&credentials);
	free(url);
	return why;
}

static bool
are_set(const char *const *wanted)
{
	while (*wanted != NULL && config_env(*wanted) != NULL)
		wanted++;
	return *wanted == NULL;
}

jv
aws_secret_provide(const char *name, const char *const wanted[],
    const struct deadline *deadline)
{
	struct secret secret = { .name = name, .wanted = wanted };
	struct aws_session session;
	char *region = NULL;
	jv why;

	if (are_set(wanted)) {
		verbose("the AWS secret %s is not asked for: all is set", name);
		return jv_null();
	}
	if (*name == '\0' || strlen(name) > NAME_MOST)
		return error_value("input",
		    "the name of an AWS secret has 1 to %d characters",
		    NAME_MOST);
	why = aws_session_open(&session, name, deadline);
	if (jv_is_valid(why)) {
		region = aws_arn_region(name);
		secret.region = region != NULL ? region : session.region;
		secret.what = xasprintf("the AWS secret %s in %s (%s)", name,
		    secret.region,
		    region != NULL ? "its ARN" : session.region_from);
		why = ask(&secret, &session);
	}
	http_close();
	free(secret.what);
	free(region);
	aws_session_release(&session);
	return why;
}
