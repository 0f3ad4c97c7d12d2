/* SPDX-License-Identifier: MIT */
/*
 * metadata - the credentials that a container or an instance is given by AWS
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <strings.h>

#include "aws/metadata.h"
#include "file.h"
#include "record.h"

enum {
	CONTAINER_WITHIN = 2, /* seconds */
	CONTAINER_TRIES = 3,
	INSTANCE_WITHIN = 1,
	ANSWER_MOST = 64 << 10,
	TOKEN_MOST = 64 << 10,
};

/* A string of an answer; NULL if it has none. The caller's. */
static char *
field(jv answer, const char *name)
{
	const char *text = record_str(answer, name);

	return text != NULL ? xstrdup(text) : NULL;
}

/* The credentials in an answer, {"AccessKeyId": ...}. */
static jv
take_answer(struct aws_credentials *credentials, const struct http_call *call,
    const char *source)
{
	jv answer = jv_parse_sized(call->answer, (int)call->answer_size);
	jv why = aws_credentials_answer(credentials,
	    field(answer, "AccessKeyId"), field(answer, "SecretAccessKey"),
	    field(answer, "Token"), source);

	jv_free(answer);
	return why;
}

/* ---- containers ---- */

/* Whether a host may be asked by http: it is this machine, or AWS' own. */
static bool
is_near(const char *host)
{
	static const char *const names[] = { "localhost", "169.254.170.2",
		"169.254.170.23" };
	struct in6_addr address, eks;
	struct in_addr old;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcasecmp(host, names[i]) == 0)
			return true;
	if (inet_pton(AF_INET, host, &old) == 1)
		return ntohl(old.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &address) == 1 &&
	    inet_pton(AF_INET6, "fd00:ec2::23", &eks) == 1 &&
	    (IN6_IS_ADDR_LOOPBACK(&address) ||
		memcmp(&address, &eks, sizeof eks) == 0);
}

/* Whether the host of an http URL is near. */
static bool
is_url_near(const char *url)
{
	const char *at = url + strlen("http://");
	size_t len = strcspn(at, "/?#");
	char *host;
	bool near;

	if (memchr(at, '@', len) != NULL || memchr(at, '\\', len) != NULL)
		return false;
	if (*at == '[')
		len = strcspn(++at, "]/?#");
	else
		len = strcspn(at, ":/?#");
	host = xstrndup(at, len);
	near = is_near(host);
	free(host);
	return near;
}

jv
aws_container_url(char **url)
{
	const char *path = config_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = config_env("AWS_CONTAINER_CREDENTIALS_FULL_URI");

	*url = NULL;
	if (path != NULL) {
		if (*path != '/')
			return error_value("input",
			    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: does not "
			    "begin with '/'");
		*url = xasprintf("http://169.254.170.2%s", path);
	} else if (full != NULL) {
		if (strncasecmp(full, "https://", 8) != 0 &&
		    (strncasecmp(full, "http://", 7) != 0 ||
			!is_url_near(full)))
			return error_value("input",
			    "AWS_CONTAINER_CREDENTIALS_FULL_URI: neither https "
			    "nor on this machine");
		*url = xstrdup(full);
	}
	return jv_null();
}

/* Sets *header to the one that is to be sent, or NULL. */
static jv
container_header(char **header)
{
	const char *path = config_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *token = config_env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	struct buf text = { 0 };
	jv why = jv_null(), fault;

	*header = NULL;
	if (path != NULL) {
		why = file_read(path, TOKEN_MOST, &text);
		while (text.len > 0 &&
		    strchr("\r\n", text.at[text.len - 1]) != NULL)
			buf_cut(&text, text.len - 1);
		token = text.len > 0 ? text.at : NULL;
	}
	if (!jv_is_valid(why)) {
		fault = why;
		why = error_value("input",
		    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: %s",
		    error_message(fault));
		jv_free(fault);
	} else if (token != NULL && strpbrk(token, "\r\n") != NULL) {
		why = error_value("input",
		    "AWS_CONTAINER_AUTHORIZATION_TOKEN: a line break in it");
	} else if (token != NULL) {
		*header = xasprintf("Authorization: %s", token);
	}
	if (text.at != NULL)
		explicit_bzero(text.at, text.room);
	buf_release(&text);
	return why;
}

static jv
ask_container(struct aws_credentials *credentials,
    const struct aws_session *session, const char *url, const char *header)
{
	const char *const headers[] = { header, NULL };
	struct http_call call = { .method = "GET",
		.url = url,
		.headers = headers,
		.json = true,
		.safe = true,
		.direct = true,
		.attempts = CONTAINER_TRIES,
		.answer_within = CONTAINER_WITHIN,
		.deadline = session->deadline,
		.most = ANSWER_MOST,
		.name = "container credentials" };
	jv why;

	http_do(&call);
	if (jv_is_valid(call.error))
		why = take_answer(credentials, &call, "the container");
	else
		why = aws_refusal(&call, "AWS credentials from the container");
	aws_release(&call);
	return why;
}

jv
aws_from_container(
    struct aws_credentials *credentials, const struct aws_session *session)
{
	char *url, *header = NULL;
	jv why = aws_container_url(&url);

	if (jv_is_valid(why) && url != NULL)
		why = container_header(&header);
	if (jv_is_valid(why) && url != NULL)
		why = ask_container(credentials, session, url, header);
	if (header != NULL)
		explicit_bzero(header, strlen(header));
	free(header);
	free(url);
	return why;
}

/* ---- instances ---- */

bool
aws_instance_is_off(void)
{
	const char *off = config_env("AWS_EC2_METADATA_DISABLED");

	return off != NULL && strcasecmp(off, "true") == 0;
}

/* Where the metadata are, without a slash at its end; the caller's. */
static char *
instance_endpoint(void)
{
	const char *url = config_env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	const char *mode = config_env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
	size_t len;

	if (url == NULL)
		url = mode != NULL && strcasecmp(mode, "ipv6") == 0
		    ? "http://[fd00:ec2::254]"
		    : "http://169.254.169.254";
	for (len = strlen(url); len > 0 && url[len - 1] == '/';)
		len--;
	return xstrndup(url, len);
}

/* Asks for a path with a header; whether there is an answer, in call. */
static bool
ask_instance(struct http_call *call, const struct aws_session *session,
    const char *method, const char *path, const char *header)
{
	const char *const headers[] = { header, NULL };
	char *endpoint = instance_endpoint();
	char *url = xasprintf("%s/latest/%s", endpoint, path);

	*call = (struct http_call){ .method = method,
		.url = url,
		.headers = headers,
		.safe = true,
		.direct = true,
		.attempts = 1,
		.answer_within = INSTANCE_WITHIN,
		.deadline = session->deadline,
		.most = ANSWER_MOST,
		.name = "instance metadata" };
	http_do(call);
	call->url = NULL;
	call->headers = NULL;
	free(endpoint);
	free(url);
	if (jv_is_valid(call->error) && call->answer != NULL)
		return true;
	verbose("no credentials from the instance: %s",
	    jv_is_valid(call->error) ? "an empty answer"
				     : error_message(call->error));
	return false;
}

/* The first line of an answer, in place. */
static char *
first_line(const struct http_call *call)
{
	call->answer[strcspn(call->answer, "\r\n")] = '\0';
	return call->answer;
}

/* What the role of this name is given. */
static jv
ask_role(struct aws_credentials *credentials, const struct aws_session *session,
    const char *role, const char *header)
{
	char *escaped = http_escape(role);
	char *path =
	    xasprintf("meta-data/iam/security-credentials/%s", escaped);
	char *source = xasprintf("the instance's role %s", role);
	struct http_call call;
	jv why = jv_null(), answer;
	const char *code;

	if (ask_instance(&call, session, "GET", path, header)) {
		answer = jv_parse_sized(call.answer, (int)call.answer_size);
		code = record_str(answer, "Code");
		if (code != NULL && strcmp(code, "Success") != 0)
			verbose("no credentials from the instance: %s", code);
		else
			why = take_answer(credentials, &call, source);
		jv_free(answer);
	}
	aws_release(&call);
	free(source);
	free(path);
	free(escaped);
	return why;
}

jv
aws_from_instance(
    struct aws_credentials *credentials, const struct aws_session *session)
{
	struct http_call token, role;
	char *header = NULL;
	jv why = jv_null();

	if (aws_instance_is_off())
		return why;
	if (ask_instance(&token, session, "PUT", "api/token",
		"X-aws-ec2-metadata-token-ttl-seconds: 21600")) {
		header = xasprintf(
		    "X-aws-ec2-metadata-token: %s", first_line(&token));
		if (ask_instance(&role, session, "GET",
			"meta-data/iam/security-credentials/", header))
			why = ask_role(
			    credentials, session, first_line(&role), header);
		aws_release(&role);
		explicit_bzero(header, strlen(header));
	}
	aws_release(&token);
	free(header);
	return why;
}
