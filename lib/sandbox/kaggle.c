/* SPDX-License-Identifier: MIT */
/*
 * sandbox/kaggle - the Kaggle half of kw-sandbox: who calls what
 */
#include <nettle/base64.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "record.h"
#include "sandbox/kaggle.h"
#include "sandbox/kaggle_parts.h"

static const struct {
	const char *path;
	kaggle_call *call;
} calls[] = {
	{ "kernels.KernelsApiService/SaveKernel", kaggle_save_kernel },
	{ "kernels.KernelsApiService/GetKernel", kaggle_get_kernel },
	{ "kernels.KernelsApiService/ListKernels", kaggle_list_kernels },
	{ "kernels.KernelsApiService/DeleteKernel", kaggle_delete_kernel },
	{ "kernels.KernelsApiService/GetKernelSessionStatus",
	    kaggle_session_status },
	{ "kernels.KernelsApiService/ListKernelSessionOutput",
	    kaggle_session_output },
	{ "kernels.KernelsApiService/ListKernelFiles", kaggle_kernel_files },
	{ "kernels.KernelsApiService/DownloadKernelOutput",
	    kaggle_download_output },
	{ "kernels.KernelsApiService/GetAcceleratorQuotaStatistics",
	    kaggle_quota },
	{ "competitions.CompetitionApiService/ListSubmissions",
	    kaggle_submissions },
};

enum { CALLS = sizeof calls / sizeof calls[0] };

static const char *
status_word(int status)
{
	switch (status) {
	case 400:
		return "INVALID_ARGUMENT";
	case 401:
		return "UNAUTHENTICATED";
	case 403:
		return "PERMISSION_DENIED";
	case 404:
		return "NOT_FOUND";
	case 409:
		return "ALREADY_EXISTS";
	case 429:
		return "RESOURCE_EXHAUSTED";
	case 503:
		return "UNAVAILABLE";
	default:
		return "INTERNAL";
	}
}

jv
refusal(int status, const char *format, ...)
{
	va_list args;
	char *text;
	jv error;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		die(STATUS_STREAM, "out of memory");
	va_end(args);
	error = record_set_number(jv_object(), "code", status);
	error = record_set_str(error, "message", text);
	error = record_set_str(error, "status", status_word(status));
	free(text);
	return jv_invalid_with_msg(error);
}

void
kaggle_reply(struct request *request, jv value)
{
	char *version = kaggle_setting(request->store, "api_version", NULL);
	int status = 200;

	if (version != NULL)
		reply_header(request, "X-Kaggle-ApiVersion", version);
	free(version);
	if (!jv_is_valid(value)) {
		jv error = jv_invalid_get_msg(value);

		status = (int)record_int(error, "code", 500);
		value = jv_object_set(jv_object(), jv_string("error"), error);
	}
	reply_json(request, status, value);
}

/* Keys and tokens that are refused, so that refusing can be tried. */
static bool
is_bad(const char *secret)
{
	if (strncmp(secret, "KGAT_", 5) == 0)
		secret += 5;
	return secret[strspn(secret, "0")] == '\0';
}

/* Whose pair it is, NULL if it is none. */
static char *
user_of_pair(const char *text)
{
	struct base64_decode_ctx ctx;
	size_t len = BASE64_DECODE_LENGTH(strlen(text));
	char *pair = xcalloc(1, len + 1), *colon;

	base64_decode_init(&ctx);
	if (base64_decode_update(
		&ctx, &len, (uint8_t *)pair, strlen(text), text) &&
	    base64_decode_final(&ctx)) {
		pair[len] = '\0';
		colon = strchr(pair, ':');
		if (colon != NULL && colon != pair && !is_bad(colon + 1)) {
			*colon = '\0';
			return pair;
		}
	}
	free(pair);
	return NULL;
}

/* The caller's name; NULL, and *why, without a credential that is good. */
static char *
authenticate(struct request *request, jv *why)
{
	const char *header = request_header(request, "Authorization");
	char *user = NULL;

	if (header != NULL && strncmp(header, "Bearer ", 7) == 0) {
		if (!is_bad(header + 7))
			return kaggle_setting(request->store, "user", "tester");
		/* As live: a bad token is forbidden, a bad pair is unknown. */
		*why = refusal(403, "Permission denied");
		return NULL;
	}
	if (header != NULL && strncmp(header, "Basic ", 6) == 0)
		user = user_of_pair(header + 6);
	if (user == NULL)
		*why = refusal(401, "Unauthenticated");
	return user;
}

static void
name_call(struct request *request)
{
	const char *slash = strrchr(request->rest, '/');

	for (size_t i = 0; i < CALLS; i++)
		if (strcmp(calls[i].path, request->rest) == 0) {
			request_name(request, slash + 1);
			return;
		}
	request_name(request, "unknown");
}

/* What is scripted, or what the call does; consumes body and scripted. */
static jv
do_call(struct caller *caller, kaggle_call *call, jv body, jv scripted)
{
	jv with = record_get(scripted, "with");
	jv answer = record_get(scripted, "answer");
	long long status = record_int(scripted, "status", 0);

	if (status != 0) {
		const char *message = record_str(scripted, "message");

		jv_free(answer);
		answer = refusal((int)status, "%s",
		    message != NULL ? message : status_word((int)status));
	} else if (!jv_is_valid(answer)) {
		jv_free(answer);
		answer = call(caller, jv_copy(body));
	}
	if (jv_get_kind(with) == JV_KIND_OBJECT &&
	    jv_get_kind(answer) == JV_KIND_OBJECT)
		answer = jv_object_merge(answer, jv_copy(with));
	jv_free(with);
	jv_free(scripted);
	jv_free(body);
	return answer;
}

static void
answer_call(struct request *request)
{
	kaggle_call *call = NULL;
	struct caller caller = { request, request->store, NULL };
	jv why = jv_null(), body;
	char *user, *ref;

	for (size_t i = 0; i < CALLS; i++)
		if (strcmp(calls[i].path, request->rest) == 0)
			call = calls[i].call;
	if (call == NULL) {
		request_violation(request, "no such call: %s", request->rest);
		kaggle_reply(request, refusal(404, "Not found"));
		return;
	}
	user = authenticate(request, &why);
	if (user == NULL) {
		kaggle_reply(request, why);
		return;
	}
	caller.user = user;
	body = request_json(request);
	if (!jv_is_valid(body)) {
		request_violation(request, "%s", error_message(body));
		jv_free(body);
		kaggle_reply(request, refusal(400, "Invalid JSON payload"));
	} else {
		jv scripted;

		ref = kernel_name(&caller, body);
		scripted = kaggle_next_reply(
		    request->store, ref, request_operation(request));
		free(ref);
		kaggle_reply(request, do_call(&caller, call, body, scripted));
	}
	free(user);
}

static void
answer_introspect(struct request *request)
{
	jv body = request_json(request);
	const char *token = record_str(body, "token");
	bool good = token != NULL && !is_bad(token);
	char *user = kaggle_setting(request->store, "user", "tester");
	jv answer = record_set_bool(jv_object(), "active", good);
	jv scripted = kaggle_next_reply(request->store, "", "IntrospectToken");

	if (good) {
		answer = record_set_str(answer, "clientId", "kagglesdk");
		answer = record_set_str(answer, "username", user);
		answer = record_set_number(answer, "userId", 5);
		answer = record_set_str(answer, "scope", "");
		answer = record_set_number(
		    answer, "exp", (double)(long long)clock_now() + 86400);
	}
	if (record_int(scripted, "status", 0) != 0) {
		jv_free(answer);
		answer = refusal(
		    (int)record_int(scripted, "status", 0), "%s", "scripted");
	}
	kaggle_reply(request, answer);
	jv_free(scripted);
	jv_free(body);
	free(user);
}

static void
answer_stream(struct request *request)
{
	jv why = jv_null();
	char *user = authenticate(request, &why);

	if (user == NULL)
		kaggle_reply(request, why);
	else
		kaggle_answer_stream(request, user);
	free(user);
}

/* The account's accelerator hours; "quota" of --load. */
jv
kaggle_quota(struct caller *caller, jv body)
{
	static const char *const kinds[] = { "gpu", "tpu" };
	static const long long hours[] = { 30, 20 };
	jv quota = kaggle_setting_json(caller->store, "quota");
	jv answer = jv_object();
	char when[CLOCK_TEXT], text[64];

	jv_free(body);
	answer = record_set_str(answer, "quotaRefreshTime",
	    clock_format(clock_now() + 3 * 86400, when));
	for (size_t i = 0; i < 2; i++) {
		jv part = record_get(quota, kinds[i]);
		jv out = jv_object();

		(void)snprintf(
		    text, sizeof text, "%llds", record_int(part, "used", 0));
		out = record_set_str(out, "timeUsed", text);
		out = record_set_str(out, "timeReserved", "0s");
		(void)snprintf(text, sizeof text, "%llds",
		    record_int(part, "total", hours[i] * 3600));
		out = record_set_str(out, "totalTimeAllowed", text);
		out = record_set_bool(out, "isPayToScaleEnabled", false);
		out = record_set_bool(out, "hasEverRun", true);
		answer = jv_object_set(
		    answer, jv_string(i == 0 ? "gpuQuota" : "tpuQuota"), out);
		jv_free(part);
	}
	jv_free(quota);
	return answer;
}

static void
set(const char *name, const char *value)
{
	if (setenv(name, value, 1) != 0)
		die(STATUS_STREAM, "out of memory");
}

static void
environment(struct store *store, const char *url, bool peers)
{
	char *user = kaggle_setting(store, "user", "tester");

	set("KAGGLE_API_ENDPOINT", url);
	set("KAGGLE_USERNAME", user);
	set("KAGGLE_KEY", "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a");
	unsetenv("KAGGLE_API_TOKEN");
	unsetenv("KAGGLE_CONFIG_DIR");
	/* A proxy that is set for the world outside is none for loopback. */
	set("no_proxy", "127.0.0.1,localhost");
	unsetenv("NO_PROXY");
	free(user);
	if (!peers)
		return;
	/* The client asks http://localhost/, and takes us for the proxy. */
	set("KAGGLE_API_ENVIRONMENT", "LOCALHOST");
	set("http_proxy", url);
	set("no_proxy", "127.0.0.1");
	unsetenv("HTTP_PROXY");
	unsetenv("KAGGLE_TOKEN");
	unsetenv("KAGGLE_PATH");
	unsetenv("XDG_CONFIG_HOME");
}

#define BOTH(method, path, ...)                      \
	{ method, "/v1/" path, __VA_ARGS__ },        \
	{                                            \
		method, "/api/v1/" path, __VA_ARGS__ \
	}

static const struct route routes[] = {
	BOTH("POST", "security.OAuthService/IntrospectToken", "IntrospectToken",
	    NULL, answer_introspect, true),
	BOTH("GET", "kernels/logs/stream/", "GetKernelSessionLogsStream", NULL,
	    answer_stream, false),
	BOTH("POST", "", NULL, name_call, answer_call, false),
	{ "GET", "/kf/", "file", NULL, kaggle_answer_file, false },
	{ 0 },
};

const struct service kaggle_service = {
	.routes = routes,
	.open = kaggle_open_tables,
	.load = kaggle_load,
	.parts = kaggle_script_parts,
	.state = kaggle_state,
	.environment = environment,
};
