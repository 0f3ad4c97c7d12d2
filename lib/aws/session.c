/* SPDX-License-Identifier: MIT */
/*
 * session - what all calls of AWS need: profile, region, endpoints, refusals
 */
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "aws/session.h"
#include "aws/xml.h"
#include "config.h"
#include "record.h"

enum {
	WORD_MOST = 100, /* a longer one may be a token */
	ARN_REGION = 3,  /* colons before it */
};

/* ---- regions ---- */

/* A region becomes a part of a host's name. */
static bool
is_region(const char *text)
{
	return *text != '\0' &&
	    text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

char *
aws_arn_region(const char *arn)
{
	char *region;

	if (strncmp(arn, "arn:", 4) != 0)
		return NULL;
	for (int i = 0; i < ARN_REGION; i++) {
		arn = strchr(arn, ':');
		if (arn == NULL)
			return NULL;
		arn++;
	}
	region = xstrndup(arn, strcspn(arn, ":"));
	if (is_region(region))
		return region;
	free(region);
	return NULL;
}

static void
find_region(struct aws_session *session, const char *arn)
{
	static const char *const variables[] = { "AWS_REGION",
		"AWS_DEFAULT_REGION" };
	const char *value;

	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
		value = config_env(variables[i]);
		if (value != NULL) {
			session->region = xstrdup(value);
			session->region_from = variables[i];
			return;
		}
	}
	session->region = aws_profile_get(&session->profile, "region");
	session->region_from = "the profile";
	if (session->region == NULL && arn != NULL) {
		session->region = aws_arn_region(arn);
		session->region_from = "the ARN";
	}
	if (session->region == NULL) {
		session->region = xstrdup("us-east-1");
		session->region_from = "no region is set";
	}
}

jv
aws_session_open(struct aws_session *session, const char *arn,
    const struct deadline *deadline)
{
	jv why;

	*session = (struct aws_session){ .deadline = deadline };
	why = aws_profile_read(&session->profile);
	find_region(session, arn);
	if (jv_is_valid(why) && !is_region(session->region))
		why = error_value("input", "%s: \"%s\" is no AWS region",
		    session->region_from, session->region);
	return why;
}

void
aws_session_release(struct aws_session *session)
{
	aws_profile_release(&session->profile);
	free(session->region);
}

/* ---- endpoints ---- */

static bool
is_true(const char *variable)
{
	const char *value = config_env(variable);

	return value != NULL && strcasecmp(value, "true") == 0;
}

jv
aws_endpoint(
    const char *service, const char *variable, const char *region, char **url)
{
	const char *set = NULL;
	size_t len;

	if (!is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) {
		set = config_env(variable);
		if (set == NULL)
			set = config_env(variable = "AWS_ENDPOINT_URL");
	}
	if (set == NULL) {
		*url = xasprintf("https://%s%s.%s.amazonaws.com%s/", service,
		    is_true("AWS_USE_FIPS_ENDPOINT") ? "-fips" : "", region,
		    strncmp(region, "cn-", 3) == 0 ? ".cn" : "");
		return jv_null();
	}
	if ((strncmp(set, "http://", 7) != 0 &&
		strncmp(set, "https://", 8) != 0) ||
	    strpbrk(set, "@?# \t\r\n") != NULL)
		return error_value("input",
		    "%s: an http or https URL without user, query and "
		    "fragment is wanted",
		    variable);
	len = strlen(set);
	while (set[len - 1] == '/')
		len--;
	*url = xasprintf("%.*s/", (int)len, set);
	verbose("%s: %s", service, variable);
	return jv_null();
}

/* ---- refusals ---- */

/* The type of an error and its words; NULL where there are none. */
struct refusal {
	char *type;
	char *words;
};

static void
release(struct refusal *refusal)
{
	free(refusal->type);
	free(refusal->words);
}

/* A type as JSON has it: com.amazon.coral.service#Name, or Name:http://... */
static char *
bare_type(const char *type)
{
	const char *hash = strchr(type, '#');

	if (hash != NULL)
		type = hash + 1;
	return xstrndup(type, strcspn(type, ":"));
}

static struct refusal
read_refusal(const struct http_call *call, struct span body)
{
	struct refusal refusal = { 0 };
	jv json = body.len > 0 && *body.at == '{'
	    ? jv_parse_sized(body.at, (int)body.len)
	    : jv_invalid();
	const char *type = http_header(call, "x-amzn-ErrorType");
	const char *words = record_str(json, "message");

	if (type == NULL)
		type = record_str(json, "__type");
	if (type == NULL)
		type = record_str(json, "code");
	if (words == NULL)
		words = record_str(json, "Message");
	refusal.type =
	    type != NULL ? bare_type(type) : aws_xml_text(body, "Code");
	refusal.words =
	    words != NULL ? xstrdup(words) : aws_xml_text(body, "Message");
	jv_free(json);
	return refusal;
}

static bool
is_one_of(const char *type, const char *const *types)
{
	if (type == NULL)
		return false;
	while (*types != NULL && strcmp(type, *types) != 0)
		types++;
	return *types != NULL;
}

static bool
is_passing(const char *type)
{
	static const char *const types[] = { "ThrottlingException",
		"Throttling", "ThrottledException", "TooManyRequestsException",
		"RequestThrottled", "RequestThrottledException",
		"RequestLimitExceeded", "SlowDown", "IDPCommunicationError",
		"InternalServiceError", "InternalServiceErrorException",
		"InternalFailure", "ServiceUnavailable",
		"ServiceUnavailableException", NULL };

	return is_one_of(type, types);
}

static bool
is_about_time(const char *type)
{
	static const char *const types[] = { "InvalidSignatureException",
		"SignatureDoesNotMatch", "RequestTimeTooSkewed",
		"RequestExpired", "RequestInTheFuture", NULL };

	return is_one_of(type, types);
}

/* error_value()'s code for a type; NULL if the type says nothing. */
static const char *
code_of(const char *type)
{
	static const char *const auth[] = { "AccessDenied",
		"AccessDeniedException", "AuthFailure", "ExpiredToken",
		"ExpiredTokenException", "IncompleteSignature",
		"IncompleteSignatureException", "InvalidClientTokenId",
		"InvalidIdentityToken", "InvalidIdentityTokenException",
		"IDPRejectedClaim", "MissingAuthenticationToken",
		"MissingAuthenticationTokenException", "NotAuthorized",
		"OptInRequired", "UnrecognizedClientException", NULL };

	if (is_passing(type))
		return "unavailable";
	if (is_about_time(type) || is_one_of(type, auth))
		return "auth";
	if (type != NULL && strcmp(type, "ResourceNotFoundException") == 0)
		return "not_found";
	return NULL;
}

/* A refusal without a type: not AWS' own, so it says nothing of a secret. */
static const char *
code_of_status(int status)
{
	if (status == 401 || status == 403)
		return "auth";
	return status == 429 || status >= 500 ? "unavailable" : "rejected";
}

/*
 * A service's words as they may be shown: their first line, as the canonical
 * request, which holds the session token, may follow; without what is as long
 * as a token, and not at all if the secret key is among them.
 */
static char *
shown_words(const struct http_call *call, const char *words)
{
	struct buf out = { 0 };
	size_t len;

	if (call->credential != NULL &&
	    strstr(words, call->credential->secret) != NULL)
		return xstrdup("");
	while (*words != '\0' && *words != '\n') {
		len = strcspn(words, " \t\r\n");
		if (len > WORD_MOST && strncmp(words, "arn:", 4) != 0)
			buf_adds(&out, "...");
		else
			buf_add(&out, words, len);
		words += len;
		if (*words != '\0' && *words != '\n')
			buf_addc(&out, *words++);
	}
	return buf_take(&out);
}

bool
aws_passes(const struct http_call *call, struct span body)
{
	struct refusal refusal = read_refusal(call, body);
	bool passes = is_passing(refusal.type);

	release(&refusal);
	return passes;
}

jv
aws_refusal(const struct http_call *call, const char *what)
{
	struct span body = { call->answer, call->answer_size };
	struct refusal refusal;
	const char *code;
	char *words, now[CLOCK_TEXT];
	bool late;
	jv error;

	if (call->status < 300)
		return error_value(error_code(call->error), "%s: %s", what,
		    error_message(call->error));
	refusal = read_refusal(call, body);
	words = shown_words(call, refusal.words != NULL ? refusal.words : "");
	code = code_of(refusal.type);
	late = is_about_time(refusal.type);
	if (code == NULL)
		code = code_of_status(call->status);
	error = error_value(code, "%s: HTTP %d%s%s%s%s%s%s%s%s", what,
	    call->status, refusal.type != NULL ? ": " : "",
	    refusal.type != NULL ? refusal.type : "",
	    *words != '\0' ? ": " : "", words,
	    call->credential != NULL && strcmp(code, "auth") == 0
		? "; the credentials are from "
		: "",
	    call->credential != NULL && strcmp(code, "auth") == 0
		? call->credential->source
		: "",
	    late ? "; this machine's clock says " : "",
	    late ? clock_format(clock_now(), now) : "");
	free(words);
	release(&refusal);
	return error;
}

void
aws_release(struct http_call *call)
{
	if (call->answer != NULL)
		explicit_bzero(call->answer, call->answer_size);
	http_release(call);
}
