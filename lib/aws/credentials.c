/* SPDX-License-Identifier: MIT */
/*
 * credentials - who we are to AWS
 */
#include <stdlib.h>

#include "aws/credentials.h"
#include "aws/metadata.h"
#include "aws/xml.h"
#include "file.h"
#include "record.h"

enum { TOKEN_MOST = 64 << 10 };

static void
wipe(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

static char *
copy(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

static bool
is_printable(const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

/* As aws_credentials_answer(), from settings; a token may be NULL. */
static jv
take(struct aws_credentials *credentials, char *id, char *secret, char *token,
    const char *source)
{
	const char *missing = NULL;
	jv why = jv_null();

	if (token != NULL && *token == '\0') {
		free(token);
		token = NULL;
	}
	if (id == NULL || *id == '\0')
		missing = "the id of the access key";
	else if (secret == NULL || *secret == '\0')
		missing = "the secret of the access key";
	if (missing != NULL)
		why = error_value("input",
		    "AWS credentials from %s: %s is missing", source, missing);
	else if (!is_printable(id) || !is_printable(secret) ||
	    !is_printable(token))
		why = error_value("input",
		    "AWS credentials from %s: a space or a control character "
		    "in a credential",
		    source);
	if (jv_is_valid(why)) {
		credentials->key =
		    (struct credential){ .kind = CREDENTIAL_BASIC,
			    .user = id,
			    .secret = secret,
			    .source = xstrdup(source) };
		credentials->token = token;
		verbose("AWS credentials: %s", source);
		return why;
	}
	free(id);
	wipe(secret);
	wipe(token);
	return why;
}

jv
aws_credentials_answer(struct aws_credentials *credentials, char *id,
    char *secret, char *token, const char *source)
{
	if (id != NULL && secret != NULL && token != NULL)
		return take(credentials, id, secret, token, source);
	free(id);
	wipe(secret);
	wipe(token);
	return error_value("unavailable",
	    "AWS credentials from %s: the answer has none", source);
}

void
aws_credentials_release(struct aws_credentials *credentials)
{
	credential_release(&credentials->key);
	wipe(credentials->token);
	credentials->token = NULL;
}

static jv
from_environment(
    struct aws_credentials *credentials, const struct aws_session *session)
{
	const char *id = config_env("AWS_ACCESS_KEY_ID");
	const char *token = config_env("AWS_SESSION_TOKEN");

	(void)session;
	if (id == NULL)
		return jv_null();
	if (token == NULL) /* as old clients call it */
		token = config_env("AWS_SECURITY_TOKEN");
	return take(credentials, xstrdup(id),
	    copy(config_env("AWS_SECRET_ACCESS_KEY")), copy(token),
	    "AWS_ACCESS_KEY_ID");
}

/* ---- a role by a web identity ---- */

/* A variable, or the profile's setting; the caller's. */
static char *
setting(
    const struct aws_session *session, const char *variable, const char *key)
{
	const char *value = config_env(variable);

	return value != NULL ? xstrdup(value)
			     : aws_profile_get(&session->profile, key);
}

/* Appends name=value&, the value escaped and wiped. */
static void
add_field(struct buf *form, const char *name, const char *value)
{
	char *escaped = http_escape(value);

	buf_reserve(form, strlen(name) + strlen(escaped) + 2);
	buf_addf(form, "%s%s=%s", form->len > 0 ? "&" : "", name, escaped);
	wipe(escaped);
}

static jv
make_form(const struct aws_session *session, const char *role,
    const char *token_file, struct buf *form)
{
	char *name =
	    setting(session, "AWS_ROLE_SESSION_NAME", "role_session_name");
	struct buf token = { 0 };
	jv why = file_read(token_file, TOKEN_MOST, &token);

	if (name == NULL)
		name = xasprintf("kwtools-%.0f", clock_now());
	while (token.len > 0 && strchr("\r\n", token.at[token.len - 1]) != NULL)
		buf_cut(&token, token.len - 1);
	if (!jv_is_valid(why)) {
		jv fault = why;

		why = error_value(
		    "input", "web identity token: %s", error_message(fault));
		jv_free(fault);
	} else if (token.len == 0) {
		why = error_value(
		    "input", "web identity token: %s: empty", token_file);
	} else {
		add_field(form, "Action", "AssumeRoleWithWebIdentity");
		add_field(form, "Version", "2011-06-15");
		add_field(form, "RoleArn", role);
		add_field(form, "RoleSessionName", name);
		add_field(form, "WebIdentityToken", token.at);
	}
	if (token.at != NULL)
		explicit_bzero(token.at, token.room);
	buf_release(&token);
	free(name);
	return why;
}

/* What STS gives for the form. */
static jv
assume_role(struct aws_credentials *credentials,
    const struct aws_session *session, const char *role, struct buf *form)
{
	static const char *const headers[] = {
		"Content-Type: application/x-www-form-urlencoded; "
		"charset=utf-8",
		NULL
	};
	struct http_call call = { .method = "POST",
		.headers = headers,
		.body = form->at,
		.body_size = (off_t)form->len,
		.safe = true,
		.passes = aws_passes,
		.deadline = session->deadline,
		.name = "AssumeRoleWithWebIdentity" };
	char *url = NULL, *source, *what;
	struct span answer;
	jv why =
	    aws_endpoint("sts", "AWS_ENDPOINT_URL_STS", session->region, &url);

	if (!jv_is_valid(why))
		return why;
	call.url = url;
	http_do(&call);
	if (jv_is_valid(call.error)) {
		answer = (struct span){ call.answer, call.answer_size };
		source = xasprintf("the web identity for %s", role);
		why = aws_credentials_answer(credentials,
		    aws_xml_text(answer, "AccessKeyId"),
		    aws_xml_text(answer, "SecretAccessKey"),
		    aws_xml_text(answer, "SessionToken"), source);
		free(source);
	} else {
		what = xasprintf("AssumeRoleWithWebIdentity for %s in %s (%s)",
		    role, session->region, session->region_from);
		why = aws_refusal(&call, what);
		free(what);
	}
	aws_release(&call);
	free(url);
	return why;
}

static jv
from_web_identity(
    struct aws_credentials *credentials, const struct aws_session *session)
{
	char *file = setting(
	    session, "AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
	char *role = setting(session, "AWS_ROLE_ARN", "role_arn");
	struct buf form = { 0 };
	jv why = jv_null();

	if (file != NULL && role == NULL)
		why = error_value("input",
		    "a web identity token without a role: set AWS_ROLE_ARN");
	else if (file != NULL)
		why = make_form(session, role, file, &form);
	if (form.len > 0 && jv_is_valid(why))
		why = assume_role(credentials, session, role, &form);
	if (form.at != NULL)
		explicit_bzero(form.at, form.room);
	buf_release(&form);
	free(file);
	free(role);
	return why;
}

/* ---- profiles ---- */

/* An error if the profile has a setting that is not supported. */
static jv
refuse(const struct aws_session *session, const char *key)
{
	char *value = aws_profile_get(&session->profile, key);

	if (value == NULL)
		return jv_null();
	free(value);
	return error_value("input",
	    "the AWS profile %s has %s, which is not supported: set the "
	    "variables that aws configure export-credentials --profile %s "
	    "--format env prints",
	    session->profile.name, key, session->profile.name);
}

/* A role that is assumed by other keys: not for those of a web identity. */
static jv
refuse_role(
    struct aws_credentials *credentials, const struct aws_session *session)
{
	char *token =
	    aws_profile_get(&session->profile, "web_identity_token_file");
	jv why = jv_null();

	(void)credentials;
	if (token == NULL)
		why = refuse(session, "role_arn");
	free(token);
	return why;
}

static jv
refuse_sso(
    struct aws_credentials *credentials, const struct aws_session *session)
{
	jv why = refuse(session, "sso_session");

	(void)credentials;
	return jv_is_valid(why) ? refuse(session, "sso_start_url") : why;
}

static jv
from_file(struct aws_credentials *credentials,
    const struct aws_session *session, enum aws_file file)
{
	const struct aws_profile *profile = &session->profile;
	char *id = aws_profile_in(profile, file, "aws_access_key_id");
	char *source;
	jv why;

	if (id == NULL)
		return jv_null();
	source = xasprintf(
	    "the profile %s in %s", profile->name, profile->files[file].path);
	why = take(credentials, id,
	    aws_profile_in(profile, file, "aws_secret_access_key"),
	    aws_profile_in(profile, file, "aws_session_token"), source);
	free(source);
	return why;
}

static jv
from_credentials_file(
    struct aws_credentials *credentials, const struct aws_session *session)
{
	return from_file(credentials, session, AWS_CREDENTIALS);
}

static jv
refuse_program(
    struct aws_credentials *credentials, const struct aws_session *session)
{
	jv why = refuse(session, "credential_process");

	(void)credentials;
	return jv_is_valid(why) ? refuse(session, "login_session") : why;
}

static jv
from_config_file(
    struct aws_credentials *credentials, const struct aws_session *session)
{
	return from_file(credentials, session, AWS_CONFIG);
}

/* ---- the order ---- */

jv
aws_credentials_find(
    struct aws_credentials *credentials, const struct aws_session *session)
{
	static jv (*const sources[])(struct aws_credentials *,
	    const struct aws_session *) = { from_environment, refuse_role,
		from_web_identity, refuse_sso, from_credentials_file,
		refuse_program, from_config_file, aws_from_container,
		aws_from_instance };
	jv why = jv_null();

	*credentials = (struct aws_credentials){ 0 };
	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
		why = sources[i](credentials, session);
		if (!jv_is_valid(why) ||
		    credentials->key.kind != CREDENTIAL_NONE)
			break;
	}
	if (!jv_is_valid(why) || credentials->key.kind != CREDENTIAL_NONE)
		return why;
	return error_value("auth",
	    "no AWS credentials: looked at AWS_ACCESS_KEY_ID, "
	    "AWS_WEB_IDENTITY_TOKEN_FILE, the profile %s in %s and %s, "
	    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI, and the "
	    "instance's metadata%s",
	    session->profile.name, session->profile.files[AWS_CREDENTIALS].path,
	    session->profile.files[AWS_CONFIG].path,
	    aws_instance_is_off() ? " (AWS_EC2_METADATA_DISABLED)" : "");
}
