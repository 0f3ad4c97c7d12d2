/* SPDX-License-Identifier: MIT */
/*
 * config - where credentials and endpoints come from: environment and files
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "diag.h"
#include "mem.h"
#include "record.h"

enum { MOST_FILE = 1 << 20, KEY_LEAST = 40 };

/* ---- sources ---- */

/* What config_provide() was given. */
static struct provided {
	struct provided *next;
	char *name, *value, *source;
} * provided;

/* A variable that is set and not empty. */
static const char *
set_env(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

static const struct provided *
find_provided(const char *name)
{
	const struct provided *at = provided;

	while (at != NULL && strcmp(at->name, name) != 0)
		at = at->next;
	return at;
}

/* A variable, or what stands for it. */
static const char *
env(const char *name)
{
	const char *value = set_env(name);
	const struct provided *other = NULL;

	if (value == NULL)
		other = find_provided(name);
	return other != NULL ? other->value : value;
}

const char *
config_env(const char *name)
{
	return env(name);
}

const char *
config_env_source(const char *name)
{
	const struct provided *other = NULL;

	if (set_env(name) == NULL)
		other = find_provided(name);
	return other != NULL ? other->source : name;
}

/* The caller's; "" where there is no home. */
static char *
in_home(const char *name)
{
	const char *home = env("HOME");

	return home != NULL ? xasprintf("%s/%s", home, name) : xstrdup("");
}

/*
 * A small text file, the caller's; NULL if there is none. Warnings call it
 * shown, as what is taken for a path may be a secret itself.
 */
static char *
slurp(const char *path, const char *shown)
{
	/* A pipe would be waited for. */
	int fd =
	    *path != '\0' ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	struct stat st = { 0 };
	struct buf text = { 0 };
	FILE *file;
	size_t got;

	if (fd < 0) {
		if (*path != '\0' && errno != ENOENT && errno != ENOTDIR &&
		    errno != ENAMETOOLONG)
			warning("%s: %s", shown, strerror(errno));
		return NULL;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    (file = fdopen(fd, "r")) == NULL) {
		/* Not of /dev/null, which stands for none. */
		if (!S_ISCHR(st.st_mode))
			warning("%s: not a regular file", shown);
		close(fd);
		return NULL;
	}
	do {
		buf_reserve(&text, 4096);
		got = fread(text.at + text.len, 1, 4096, file);
		text.len += got;
	} while (got > 0 && text.len < MOST_FILE);
	buf_add(&text, "", 0);
	fclose(file);
	return buf_take(&text);
}

/* The same for a file that holds a secret. */
static char *
slurp_secret(const char *path, const char *shown)
{
	char *text = slurp(path, shown);
	struct stat st;

	if (text != NULL && stat(path, &st) == 0 && (st.st_mode & 044) != 0)
		warning("%s: readable by others (chmod 600 it)", shown);
	return text;
}

/* Without white space around it; in place. */
static char *
trim(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	memmove(text, text + strspn(text, " \t\r\n\v\f"),
	    len + 1 - strspn(text, " \t\r\n\v\f"));
	return text;
}

static void
wipe(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

static void
forget_provided(void)
{
	struct provided *next;

	for (; provided != NULL; provided = next) {
		next = provided->next;
		free(provided->name);
		wipe(provided->value);
		free(provided->source);
		free(provided);
	}
}

void
config_provide(const char *name, const char *value, const char *source)
{
	struct provided *one = xcalloc(1, sizeof *one);

	if (provided == NULL)
		(void)atexit(forget_provided);
	*one = (struct provided){ .next = provided,
		.name = xstrdup(name),
		.value = xstrdup(value),
		.source = xstrdup(source) };
	provided = one;
}

void
credential_release(struct credential *credential)
{
	free(credential->user);
	wipe(credential->secret);
	free(credential->source);
	*credential = (struct credential){ 0 };
}

/*
 * A header line or a log must not be what a secret with a line end makes of
 * it.
 */
static void
check_secret(const char *secret, const char *source)
{
	for (const char *at = secret; *at != '\0'; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			die(STATUS_USAGE,
			    "%s: a control character in the credential",
			    source);
}

static void
set_credential(struct credential *credential, enum credential_kind kind,
    const char *user, const char *secret, const char *source)
{
	check_secret(secret, source);
	*credential = (struct credential){ .kind = kind,
		.user = user != NULL ? xstrdup(user) : NULL,
		.secret = xstrdup(secret),
		.source = xstrdup(source) };
	verbose("credential: %s", source);
}

/* An http or https URL without a slash at its end; the caller's. */
static char *
check_url(const char *name, const char *url)
{
	char *text = xstrdup(url);
	size_t len = strlen(text);

	if (strpbrk(url, " \t\r\n?#") != NULL || strchr(url, '@') != NULL)
		die(STATUS_USAGE,
		    "%s: a URL without user, query and fragment "
		    "is wanted",
		    name);
	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		die(STATUS_USAGE, "%s: %s is no http or https URL", name, url);
	while (len > 0 && text[len - 1] == '/')
		text[--len] = '\0';
	return text;
}

/* ---- Kaggle ---- */

/* The kaggle.json text that is the credential; false if it holds none. */
static bool
kaggle_json(struct kaggle_config *config, const char *text, const char *source,
    bool environment)
{
	jv json = jv_parse(text);
	const char *user = record_str(json, "username");
	const char *key = record_str(json, "key");
	char *from = NULL;

	if (environment && env("KAGGLE_USERNAME") != NULL)
		user = env("KAGGLE_USERNAME");
	if (environment && env("KAGGLE_KEY") != NULL)
		key = env("KAGGLE_KEY");
	if (user != NULL && key != NULL) {
		from = xasprintf("%s",
		    environment && env("KAGGLE_KEY") != NULL ? "KAGGLE_KEY"
							     : source);
		set_credential(
		    &config->credential, CREDENTIAL_BASIC, user, key, from);
		config->user = xstrdup(user);
	}
	free(from);
	jv_free(json);
	return config->credential.kind != CREDENTIAL_NONE;
}

/* KAGGLE_API_TOKEN: a token, a file's name, or the text of a kaggle.json. */
static bool
kaggle_token(struct kaggle_config *config)
{
	const char *value = env("KAGGLE_API_TOKEN");
	char *text;

	if (value == NULL)
		return false;
	text = *value != '{'
	    ? slurp_secret(value, "the file of KAGGLE_API_TOKEN")
	    : NULL;
	if (text == NULL)
		text = xstrdup(value);
	trim(text);
	if (*text == '{') {
		if (!kaggle_json(config, text, "KAGGLE_API_TOKEN", false))
			die(STATUS_USAGE,
			    "KAGGLE_API_TOKEN: JSON without "
			    "username and key");
	} else if (*text != '\0') {
		set_credential(&config->credential, CREDENTIAL_BEARER, NULL,
		    text, "KAGGLE_API_TOKEN");
	}
	wipe(text);
	return config->credential.kind != CREDENTIAL_NONE;
}

static bool
kaggle_token_file(struct kaggle_config *config, const char *name)
{
	char *path = in_home(name);
	char *text = slurp_secret(path, path);

	if (text != NULL && *trim(text) != '\0')
		set_credential(
		    &config->credential, CREDENTIAL_BEARER, NULL, text, path);
	wipe(text);
	free(path);
	return config->credential.kind != CREDENTIAL_NONE;
}

/* The folder of kaggle.json, as the official client finds it. */
static char *
kaggle_folder(void)
{
	const char *xdg = env("XDG_CONFIG_HOME");
	char *folder;
	struct stat st;

	if (env("KAGGLE_CONFIG_DIR") != NULL)
		return xstrdup(env("KAGGLE_CONFIG_DIR"));
	folder = in_home(".kaggle");
	if (stat(folder, &st) == 0)
		return folder;
	free(folder);
	return xdg != NULL ? xasprintf("%s/kaggle", xdg)
			   : in_home(".config/kaggle");
}

static bool
kaggle_pair(struct kaggle_config *config)
{
	char *folder = kaggle_folder();
	char *path = xasprintf("%s/kaggle.json", folder);
	char *text = slurp_secret(path, path);
	bool found =
	    kaggle_json(config, text != NULL ? text : "{}", path, true);
	bool broken = text != NULL && !found;

	if (broken)
		warning("%s: no JSON object with username and key", path);
	wipe(text);
	free(path);
	free(folder);
	return found;
}

void
config_kaggle(struct kaggle_config *config)
{
	const char *endpoint = env("KAGGLE_API_ENDPOINT");

	*config = (struct kaggle_config){ 0 };
	config->endpoint = check_url("KAGGLE_API_ENDPOINT",
	    endpoint != NULL ? endpoint : "https://api.kaggle.com");
	if (kaggle_token(config) ||
	    kaggle_token_file(config, ".kaggle/access_token") ||
	    kaggle_token_file(config, ".kaggle/access_token.txt") ||
	    kaggle_pair(config))
		return;
	die(STATUS_USAGE,
	    "no Kaggle credential: looked at KAGGLE_API_TOKEN, "
	    "~/.kaggle/access_token, KAGGLE_USERNAME and KAGGLE_KEY, "
	    "kaggle.json in KAGGLE_CONFIG_DIR, ~/.kaggle or ~/.config/kaggle");
}

void
config_kaggle_release(struct kaggle_config *config)
{
	free(config->endpoint);
	free(config->user);
	credential_release(&config->credential);
}

/* ---- W&B ---- */

/* The value of name in section [default] of INI text; the caller's. */
static char *
ini_value(char *text, const char *name)
{
	char *found = NULL, *save = NULL, *equals;
	bool here = false;

	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		trim(line);
		if (*line == '[') {
			here = strcmp(line, "[default]") == 0;
			continue;
		}
		equals = strpbrk(line, "=:");
		if (!here || *line == '#' || *line == ';' || equals == NULL)
			continue;
		*equals = '\0';
		if (strcmp(trim(line), name) != 0)
			continue;
		free(found);
		found = xstrdup(trim(equals + 1));
	}
	return found;
}

/* A setting from one file; NULL if it is not there or empty. */
static char *
setting_in(char *path, const char *name)
{
	char *text = slurp(path, path), *value = NULL;

	if (text != NULL)
		value = ini_value(text, name);
	if (value != NULL && *value != '\0')
		verbose("%s: %s", name, path);
	else {
		free(value);
		value = NULL;
	}
	free(text);
	free(path);
	return value;
}

/* A setting: the variable, then the local file, then the global one. */
static char *
setting(const char *variable, const char *name)
{
	const char *root = env("WANDB_DIR"), *folder = env("WANDB_CONFIG_DIR");
	char *value;

	if (env(variable) != NULL)
		return xstrdup(env(variable));
	value = setting_in(
	    xasprintf("%s/.wandb/settings", root != NULL ? root : "."), name);
	if (value == NULL)
		value = setting_in(
		    xasprintf("%s/wandb/settings", root != NULL ? root : "."),
		    name);
	if (value == NULL)
		value = setting_in(folder != NULL
			? xasprintf("%s/settings", folder)
			: in_home(".config/wandb/settings"),
		    name);
	return value;
}

/* Where people look, made from where programs ask. */
static char *
app_url(const char *base)
{
	const char *api;

	if (env("WANDB_APP_URL") != NULL)
		return check_url("WANDB_APP_URL", env("WANDB_APP_URL"));
	api = strstr(base, "://api.wandb.test");
	if (api != NULL || (api = strstr(base, "://api.")) == NULL)
		return api != NULL
		    ? xasprintf("%.*s://app.%s", (int)(api - base), base,
			  api + strlen("://api."))
		    : xstrdup(base);
	if (strncmp(api, "://api.wandb.", 13) == 0)
		return xasprintf("%.*s://%s", (int)(api - base), base,
		    api + strlen("://api."));
	return xasprintf(
	    "%.*s://app.%s", (int)(api - base), base, api + strlen("://api."));
}

static bool
is_word(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) &&
		    strchr("_-", text[i]) == NULL)
			return false;
	return len > 0;
}

/* Three words joined by dots. */
static bool
is_jwt(const char *key)
{
	const char *first = strchr(key, '.');
	const char *second = first != NULL ? strchr(first + 1, '.') : NULL;

	return second != NULL && is_word(key, (size_t)(first - key)) &&
	    is_word(first + 1, (size_t)(second - first - 1)) &&
	    is_word(second + 1, strlen(second + 1));
}

/* Ends the program if the official client would refuse the key. */
static void
check_key(const char *key, const char *source)
{
	const char *dash = strchr(key, '-');
	const char *secret = dash != NULL ? dash + 1 : key;
	size_t len = strlen(secret);

	if (is_jwt(key))
		return;
	if (!is_word(secret, len))
		die(STATUS_USAGE,
		    "%s: a W&B key has only letters, digits, "
		    "'-' and '_'",
		    source);
	if (len < KEY_LEAST)
		die(STATUS_USAGE,
		    "%s: a W&B key has at least %d characters, "
		    "this one %zu",
		    source, KEY_LEAST, len);
}

/* The next word of a netrc file, in place; NULL at its end. */
static char *
netrc_word(char **at)
{
	char *word, *out, quote = '\0';

	for (;;) {
		*at += strspn(*at, " \t\r\n");
		if (**at != '#')
			break;
		*at += strcspn(*at, "\n");
	}
	if (**at == '\0')
		return NULL;
	word = out = *at;
	if (**at == '"')
		quote = *(*at)++;
	while (**at != '\0' &&
	    (quote ? **at != quote : strchr(" \t\r\n", **at) == NULL)) {
		if (**at == '\\' && (*at)[1] != '\0')
			(*at)++;
		*out++ = *(*at)++;
	}
	if (**at != '\0')
		(*at)++;
	*out = '\0';
	return word;
}

/* Past a macro, which ends with an empty line. */
static void
netrc_skip_macro(char **at)
{
	char *end = strstr(*at, "\n\n");

	*at = end != NULL ? end + 2 : *at + strlen(*at);
}

/* What netrc text holds for one host; NULL where it says nothing. */
struct netrc_entry {
	const char *login;
	const char *password;
};

/*
 * The entry for host in netrc text, which is changed, else the default one.
 * login NULL: any; else one of another login is passed by.
 */
static struct netrc_entry
netrc_find(char *text, const char *host, const char *login)
{
	struct netrc_entry found = { 0 }, other = { 0 }, one = { 0 };
	struct netrc_entry *to = NULL;
	char *word, *value;

	for (;;) {
		word = netrc_word(&text);
		if (word == NULL || strcmp(word, "default") == 0 ||
		    strcmp(word, "machine") == 0) {
			if (to != NULL && one.password != NULL &&
			    (login == NULL || one.login == NULL ||
				strcmp(login, one.login) == 0))
				*to = one;
			one = (struct netrc_entry){ 0 };
			to = &other;
		}
		if (word == NULL)
			break;
		if (strcmp(word, "default") == 0)
			continue;
		if (strcmp(word, "macdef") == 0) {
			netrc_skip_macro(&text);
			continue;
		}
		value = netrc_word(&text);
		if (value == NULL)
			continue;
		if (strcmp(word, "machine") == 0)
			to = strcmp(value, host) == 0 ? &found : NULL;
		else if (strcmp(word, "login") == 0)
			one.login = value;
		else if (strcmp(word, "password") == 0)
			one.password = value;
	}
	return found.password != NULL ? found : other;
}

/* The netrc file that the official client reads; the caller's. */
static char *
netrc_path(void)
{
	char *path;

	if (env("NETRC") != NULL)
		return xstrdup(env("NETRC"));
	path = in_home(".netrc");
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	path = in_home("_netrc");
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return in_home(".netrc");
}

/* The netrc file's text, with its size as it is wiped; NULL without one. */
static char *
netrc_text(const char *path, size_t *size)
{
	char *text = slurp_secret(path, path);

	*size = text != NULL ? strlen(text) : 0;
	return text;
}

static bool
wandb_netrc(struct wandb_config *config)
{
	const char *host = strstr(config->base_url, "://") + 3;
	char *name = xstrndup(host, strcspn(host, "/"));
	char *path = netrc_path();
	size_t size;
	char *text = netrc_text(path, &size);
	const char *key =
	    text != NULL ? netrc_find(text, name, NULL).password : NULL;

	if (key != NULL && *key != '\0') {
		check_key(key, path);
		set_credential(
		    &config->credential, CREDENTIAL_BASIC, "api", key, path);
	}
	if (text != NULL)
		explicit_bzero(text, size);
	free(text);
	free(path);
	free(name);
	return config->credential.kind != CREDENTIAL_NONE;
}

bool
config_netrc(struct credential *credential, const char *host, const char *login)
{
	char *path = netrc_path();
	size_t size;
	char *text = netrc_text(path, &size);
	struct netrc_entry entry = { 0 };

	*credential = (struct credential){ 0 };
	if (text != NULL)
		entry = netrc_find(text, host, login);
	if (entry.login == NULL)
		entry.login = login;
	if (entry.password != NULL)
		set_credential(credential, CREDENTIAL_BASIC,
		    entry.login != NULL ? entry.login : "", entry.password,
		    path);
	if (text != NULL)
		explicit_bzero(text, size);
	free(text);
	free(path);
	return credential->kind != CREDENTIAL_NONE;
}

void
config_wandb(struct wandb_config *config)
{
	const char *key = env("WANDB_API_KEY");
	const char *token = env("WANDB_IDENTITY_TOKEN_FILE"), *source;
	char *base = setting("WANDB_BASE_URL", "base_url");

	*config = (struct wandb_config){ 0 };
	config->base_url = check_url(
	    "WANDB_BASE_URL", base != NULL ? base : "https://api.wandb.ai");
	free(base);
	config->app_url = app_url(config->base_url);
	config->entity = setting("WANDB_ENTITY", "entity");
	config->project = setting("WANDB_PROJECT", "project");
	if (key != NULL && token != NULL)
		die(STATUS_USAGE,
		    "WANDB_API_KEY and "
		    "WANDB_IDENTITY_TOKEN_FILE are both set");
	if (key != NULL) {
		source = config_env_source("WANDB_API_KEY");
		check_key(key, source);
		set_credential(
		    &config->credential, CREDENTIAL_BASIC, "api", key, source);
	} else if (token != NULL) {
		config->identity_token_file = xstrdup(token);
		verbose("credential: WANDB_IDENTITY_TOKEN_FILE");
	} else if (!wandb_netrc(config)) {
		die(STATUS_USAGE,
		    "no W&B key: looked at WANDB_API_KEY, "
		    "WANDB_IDENTITY_TOKEN_FILE and netrc (NETRC, ~/.netrc, "
		    "~/_netrc) for %s",
		    strstr(config->base_url, "://") + 3);
	}
}

void
config_wandb_release(struct wandb_config *config)
{
	free(config->base_url);
	free(config->app_url);
	free(config->entity);
	free(config->project);
	credential_release(&config->credential);
	free(config->identity_token_file);
}
