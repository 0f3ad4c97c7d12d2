/* SPDX-License-Identifier: MIT */
/*
 * config - where credentials and endpoints come from: environment and files
 *
 * The sources are those of the official clients, in their order; kwtools(7)
 * lists them. Options never carry a credential: ps(1) shows them. With -v the
 * source that won is named, never what it held. A file that others may read is
 * used, with a warning.
 */
#ifndef CONFIG_H_
#define CONFIG_H_

#include <stdbool.h>

#include <jv.h>

enum credential_kind {
	CREDENTIAL_NONE,
	CREDENTIAL_BASIC,  /* Authorization: Basic base64(user:secret) */
	CREDENTIAL_BEARER, /* Authorization: Bearer secret */
};

struct credential {
	enum credential_kind kind;
	char *user;   /* for BASIC */
	char *secret; /* never printed */
	char *source; /* where it was found: "KAGGLE_KEY", a file's name */
};

/* Wipes the secret and frees all. */
void credential_release(struct credential *credential);

/*
 * A variable of the environment, else what config_provide() was given for it;
 * NULL if it is empty or there is none. All of this module reads the
 * environment so.
 */
const char *config_env(const char *name);

/* Where that is from: its name, or the source that was given with it. */
const char *config_env_source(const char *name);

/*
 * Keeps a value for a variable that the environment lacks: in memory, where
 * neither children nor /proc see it, until the process ends, and then wiped.
 */
void config_provide(const char *name, const char *value, const char *source);

/*
 * Kaggle. Endpoint: KAGGLE_API_ENDPOINT, else https://api.kaggle.com; calls go
 * to ENDPOINT/v1/.... Credential, the first that there is:
 *   KAGGLE_API_TOKEN: a token, the name of a file that holds one, or the text
 *     of a kaggle.json;
 *   ~/.kaggle/access_token, ~/.kaggle/access_token.txt;
 *   KAGGLE_USERNAME and KAGGLE_KEY, each before the value in kaggle.json,
 *     which is looked for in KAGGLE_CONFIG_DIR, else ~/.kaggle, else
 *     ${XDG_CONFIG_HOME:-~/.config}/kaggle.
 */
struct kaggle_config {
	char *endpoint; /* without a slash at its end */
	char *user;     /* the account, where the source names it, else NULL */
	struct credential credential;
};

/*
 * Fills config. Without a credential, or with one that cannot be used (a
 * kaggle.json that is no JSON), ends the program with status 2 and names the
 * places that were looked at.
 */
void config_kaggle(struct kaggle_config *config);
void config_kaggle_release(struct kaggle_config *config);

/*
 * W&B. Endpoint: WANDB_BASE_URL, else base_url in the settings files (section
 * [default] of <WANDB_DIR or .>/wandb/settings or .wandb/settings, then of
 * $WANDB_CONFIG_DIR/settings or ~/.config/wandb/settings), else
 * https://api.wandb.ai. Credential, the first that there is: WANDB_API_KEY,
 * WANDB_IDENTITY_TOKEN_FILE (not both), the password for the endpoint's
 * host[:port] in netrc ($NETRC, ~/.netrc, ~/_netrc; its default entry too).
 * entity and project: WANDB_ENTITY and WANDB_PROJECT, then the settings files.
 */
struct wandb_config {
	char *base_url; /* without a slash at its end */
	char *app_url;  /* where people look: WANDB_APP_URL, or made from
	                   base_url: https://api.wandb.ai -> https://wandb.ai */
	char *entity;   /* NULL if none was set */
	char *project;
	/*
	 * BASIC with user "api", or with an identity token file NONE: the
	 * token in the file is exchanged for an access token by
	 * lib/wandb/api.
	 */
	struct credential credential;
	char *identity_token_file; /* NULL without one */
};

/*
 * Fills config; as config_kaggle(). A key is checked as the official client
 * does: three parts joined by dots, or at least 40 of [A-Za-z0-9_-] behind the
 * first '-' if there is one.
 */
void config_wandb(struct wandb_config *config);
void config_wandb_release(struct wandb_config *config);

/*
 * The login and the password for host in netrc ($NETRC, ~/.netrc, ~/_netrc; its
 * default entry too), BASIC; login NULL: of any login. False, with *credential
 * empty, if there is none.
 */
bool config_netrc(
    struct credential *credential, const char *host, const char *login);

#endif
