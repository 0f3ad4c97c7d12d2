/* SPDX-License-Identifier: MIT */
/*
 * api - W&B's GraphQL endpoint, and the addresses of a run
 *
 * One struct wandb a process: endpoint and credential (config.h), where an
 * identity token is exchanged for an access token as needed. Several operations
 * may be under way at once:
 *
 *	wandb_start(wandb, &a, "RunFiles", query, variables, true, NULL);
 *	wandb_start(wandb, &b, ...);
 *	jv files = wandb_take(&a), other = wandb_take(&b);
 *
 * An operation's outcome is the "data" of the answer, an object; or an
 * error_value(): http.h's, "rejected" with the server's words where the answer
 * has errors, also with status 200, and "unavailable" where it is no answer.
 */
#ifndef WANDB_API_H
#define WANDB_API_H

#include <stdbool.h>

#include <jv.h>

#include "config.h"
#include "http.h"
#include "mem.h"

struct wandb;

/* Ends the program with status 2 without a credential; asks nothing. */
struct wandb *wandb_open(void);
void wandb_close(struct wandb *wandb);
const struct wandb_config *wandb_config_of(const struct wandb *wandb);

/*
 * Sets *credential to what requests to the endpoint carry; it lives until the
 * next call. Returns jv_null(), or an error_value() if the identity token could
 * not be exchanged.
 */
jv wandb_credential(struct wandb *wandb, const struct credential **credential);

struct wandb_call {
	struct http_call http;
	const char *operation;
	char *url;
	char *body;
};

/*
 * Begins an operation; call must stay where it is until it was taken. Consumes
 * variables. safe: it may be done twice. deadline may be NULL.
 */
void wandb_start(struct wandb *wandb, struct wandb_call *call,
    const char *operation, const char *query, jv variables, bool safe,
    const struct deadline *deadline);

/*
 * Waits for its outcome and frees the rest. *unsure, unless NULL, says that it
 * may have been done although the outcome is an error.
 */
jv wandb_take(struct wandb_call *call, bool *unsure);

/* Both. */
jv wandb_ask(struct wandb *wandb, const char *operation, const char *query,
    jv variables, bool safe, const struct deadline *deadline);

/*
 * The same for answers that are large. limits: most bytes, tries (0: http.h's),
 * and whether it is a write that may not be done twice. The outcome is
 * jv_null(), and *data the text of the object, which lives until
 * wandb_release(); or an error_value(). In either case the call must be
 * released, and what http.h says of its outcome holds until then. The text is
 * JSON with JSON_WORDS (json.h).
 */
struct wandb_limits {
	size_t most;
	int tries;
	bool once;
};
void wandb_start_text(struct wandb *wandb, struct wandb_call *call,
    const char *operation, const char *query, jv variables,
    const struct wandb_limits *limits, const struct deadline *deadline);
jv wandb_take_text(struct wandb_call *call, struct span *data);

/* Whether it took too long or was too large, so that less may be answered. */
bool wandb_is_too_much(const struct wandb_call *call, jv why);
void wandb_release(struct wandb_call *call);

/* Each part percent-encoded; the caller's to free. */
char *wandb_stream_url(const struct wandb *wandb, const char *entity,
    const char *project, const char *run_id);
char *wandb_run_url(const struct wandb *wandb, const char *entity,
    const char *project, const char *run_id);

#endif
