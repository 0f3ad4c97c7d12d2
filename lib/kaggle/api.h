/* SPDX-License-Identifier: MIT */
/*
 * kaggle/api - calls to Kaggle, and what its answers mean
 *
 *	struct kaggle *kaggle = kaggle_open();
 *	struct kernel kernel;
 *	jv why = kernel_parse(&kernel, kaggle, "alice/my-kernel", &deadline);
 *	jv reply = kaggle_call(kaggle, "GetKernelSessionStatus",
 *	    kernel_body(&kernel), true, &deadline);
 *
 * Kaggle says in many ways that something went wrong: by the HTTP status; with
 * status 200 by {"error": {"code", "message", "status"}}, {"code", "message"}
 * or {"error": "text"}; and by a body that is no object at all (the page of a
 * login, a JSON string). Here all of these are error values. Fields that an
 * answer leaves out have the default of their type.
 */
#ifndef KAGGLE_API_H
#define KAGGLE_API_H

#include <stdbool.h>

#include <jv.h>

#include "clock.h"
#include "http.h"
#include "kaggle/logtext.h"

struct kaggle;

/*
 * Reads the configuration (config.h); without a usable credential the program
 * ends with status 2. Asks nothing yet.
 */
struct kaggle *kaggle_open(void);
void kaggle_close(struct kaggle *kaggle);

/*
 * POST ENDPOINT/v1/SERVICE/METHOD. method is "SaveKernel", or with its service
 * if that is not kernels.KernelsApiService:
 * "security.OAuthService/IntrospectToken". Consumes body, an object.
 *
 * Returns the reply, an object without any of the errors above, or an
 * error_value(): the codes of http.h, "rejected" for an error that is a text,
 * and "unavailable" for what is no answer. The message holds the service's
 * words; for a 403 also its causes, as Kaggle's words do not tell them.
 *
 * safe: the call may be made twice. It is then tried again for passing reasons
 * (http.h), also for those that come with status 200. deadline may be NULL.
 */
jv kaggle_call(struct kaggle *kaggle, const char *method, jv body, bool safe,
    const struct deadline *deadline);

/*
 * The same in two halves, for a question that is under way while other calls
 * are. Of call the caller sets safe, transfer, deadline, most, done and context;
 * all else is zero, also url, which then says that nothing is under way.
 */
struct kaggle_question {
	struct http_call call;
	char *url; /* the question's own */
	jv text;
	/*
	 * The caller's: takes what "log" in the answer is, which the reply then
	 * has as "". NULL: the answer is a value as a whole.
	 */
	struct logtext *log;
};

/* Begins one call of http.h; http_drive() works on it. Consumes body. */
void kaggle_begin(struct kaggle *kaggle, struct kaggle_question *question,
    const char *method, jv body);

/*
 * When it is done: what kaggle_call() returns, and frees the question. What
 * comes with status 200 is not tried again; kaggle_again() is for that.
 */
jv kaggle_end(struct kaggle *kaggle, struct kaggle_question *question);

/* Ends a question without an answer, and frees it, if it is under way. */
void kaggle_cancel(struct kaggle_question *question);

/*
 * For what is no question, a GET of http.h: the credential, the kaggle's own.
 * When such a call has failed: its error, a copy, with what Kaggle does not say
 * of a 403; kaggle_hidden() then is about it.
 */
const struct credential *kaggle_credential(const struct kaggle *kaggle);
jv kaggle_failure(struct kaggle *kaggle, const struct http_call *call);

/*
 * After a call that failed: whether the service may have done it all the same,
 * because the answer was lost, said 5xx, or was none.
 */
bool kaggle_unsure(const struct kaggle *kaggle);

/*
 * After a call that failed: whether that was a 403, which Kaggle also says of
 * what is not there at all.
 */
bool kaggle_hidden(const struct kaggle *kaggle);

/*
 * Whether a safe question should be asked once more that was tried times before
 * (1, 2, ...) and not answered: waits min(30, 2^tried) seconds and returns
 * true; false, at once, after five tries or if the deadline would pass.
 */
bool kaggle_again(int tried, const struct deadline *deadline);

/*
 * The account's name: from the configuration, else asked for, once
 * (IntrospectToken). NULL with *why set to an error_value() if that fails.
 */
const char *kaggle_user(
    struct kaggle *kaggle, const struct deadline *deadline, jv *why);

/* Where the credential was found, and the base of all calls: for people. */
const char *kaggle_source(const struct kaggle *kaggle);
const char *kaggle_endpoint(const struct kaggle *kaggle);

/* Which kernel. */
struct kernel {
	char *owner;
	char *slug;
	char *name; /* owner/slug: what records have in "kernel" */
	char *url;  /* where people look: https://www.kaggle.com/code/... */
};

void kernel_init(struct kernel *kernel, const char *owner, const char *slug);
void kernel_release(struct kernel *kernel);

/*
 * Fills kernel from an operand or a record's "kernel": "owner/slug", "slug"
 * (of the account: kaggle_user()), or a kernel's page on kaggle.com. Returns
 * jv_null(), or an error_value(), after which there is nothing to release:
 * "input" for anything else, and for a version ("owner/slug/3"): Kaggle
 * tells of the latest session only, whichever is asked for.
 *
 * What it accepts as owner or slug is also a safe name of a folder.
 */
jv kernel_parse(struct kernel *kernel, struct kaggle *kaggle, const char *text,
    const struct deadline *deadline);

/*
 * The kernel that "url" or else "ref" of a SaveKernel reply names: the last two
 * parts of the path. False if neither does; then there is nothing to release.
 */
bool kernel_of_reply(struct kernel *kernel, jv reply);

/* {"userName": owner, "kernelSlug": slug}: what most calls ask with. */
jv kernel_body(const struct kernel *kernel);

#endif
