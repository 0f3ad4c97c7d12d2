/* SPDX-License-Identifier: MIT */
/*
 * sandbox/kaggle_parts - what the files of the Kaggle half share
 *
 * A call is a function from a JSON object to a JSON object. Kaggle's refusals
 * are invalid values made by refusal().
 */
#ifndef SANDBOX_KAGGLE_PARTS_H
#define SANDBOX_KAGGLE_PARTS_H

#include "sandbox/server.h"

struct caller {
	struct request *request;
	struct store *store;
	const char *user; /* whose credential it is */
};

/* Consumes body. Returns the answer, or a refusal(). */
typedef jv kaggle_call(struct caller *caller, jv body);

kaggle_call kaggle_save_kernel;
kaggle_call kaggle_get_kernel;
kaggle_call kaggle_list_kernels;
kaggle_call kaggle_delete_kernel;
kaggle_call kaggle_session_status;
kaggle_call kaggle_session_output;
kaggle_call kaggle_kernel_files;
kaggle_call kaggle_download_output;
kaggle_call kaggle_quota;
kaggle_call kaggle_submissions;

/* An HTTP status of 400 or more, and what Kaggle says with it. */
jv refusal(int status, const char *format, ...) DIAG_PRINTF(2, 3);

/* Answers with value, or with the refusal that it is; consumes it. */
void kaggle_reply(struct request *request, jv value);

/* A setting of --load: a string, otherwise without one; the caller's. */
char *kaggle_setting(
    struct store *store, const char *name, const char *otherwise);
/* The same as JSON, null without one. */
jv kaggle_setting_json(struct store *store, const char *name);

/* ---- kernels ---- */

struct kernel {
	char *ref;        /* owner/slug; NULL: there is no such kernel */
	const char *slug; /* in ref */
	long long id;
	char *title;
	long long version;
	double last_run;   /* 0: never */
	jv statuses;       /* of the present session */
	long long asked;   /* how many of them were used */
	long long streams; /* how often its log was streamed */
	jv script;         /* what --load said, {} without it */
	jv saved;          /* the last SaveKernel, {} without one */
};

/* The kernel called ref, which may not be there; else by id. */
struct kernel kernel_find(struct store *store, const char *ref);
struct kernel kernel_by_id(struct store *store, long long id);
void kernel_release(struct kernel *kernel);

/*
 * The kernel that a body names (userName and kernelSlug). Without one, or with
 * one that is not the caller's and private, ref is NULL, and *why a refusal.
 */
struct kernel kernel_of(struct caller *caller, jv body, jv *why);

/* "owner/slug" of a body; the caller's to free. */
char *kernel_name(struct caller *caller, jv body);

/*
 * What the session's status is now: the last one that was told, else the first
 * of those to tell. "" without a session.
 */
const char *kernel_status(const struct kernel *kernel);
bool status_is_final(const char *status);

/* Uses the next status up: what a question gets; see kw-sandbox(1). */
jv kernel_next_status(struct store *store, struct kernel *kernel);

/* A new kernel; returns its id. title may be NULL. */
long long kernel_add(struct store *store, const char *ref, const char *title);

/* A session begins. */
void kernel_start(struct store *store, const struct kernel *kernel);

/* ---- load and state ---- */

void kaggle_open_tables(struct store *store);
jv kaggle_load(struct store *store, jv script);
extern const char *const kaggle_script_parts[];
jv kaggle_state(struct store *store, jv state);

/*
 * A reply scripted for an operation, taken from the list; null without one.
 * ref: the kernel asked for, "" for none.
 */
jv kaggle_next_reply(
    struct store *store, const char *ref, const char *operation);

/* ---- what is not JSON ---- */

/*
 * Sends the file called name: path, or what script says, which is consumed.
 */
void kaggle_send_file(
    struct request *request, const char *name, const char *path, jv script);
void kaggle_answer_file(struct request *request); /* GET /kf/ */

/* ---- the log ---- */

/*
 * Appends the first most of events (-1: all), consumed, in Kaggle's layout: an
 * array, an event a line, with leading commas; without whole it has no end.
 */
void kaggle_log_text(struct buf *text, jv events, long long most, bool whole);

/* GET /v1/kernels/logs/stream/OWNER/SLUG */
void kaggle_answer_stream(struct request *request, const char *user);

#endif
