/* SPDX-License-Identifier: MIT */
/*
 * git/secret - files that are credentials
 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <jv.h>

#include "git/secret.h"
#include "mem.h"
#include "record.h"

enum {
	WINDOW = 1 << 18, /* so much is looked at at once */
	OVERLAP = 1024,   /* no token, with what is before it, is longer */
	TEXT = 8000,      /* git looks for a NUL in so many bytes */
	SMALL = 4096,     /* no kaggle.json is larger */
};

static const char *
base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), most = strlen(end);

	return len >= most && strcmp(text + len - most, end) == 0;
}

static bool
is_env_file(const char *base)
{
	static const char *const examples[] = { ".example", ".sample",
		".template", ".dist" };

	if (strncmp(base, ".env", 4) != 0 ||
	    (base[4] != '\0' && base[4] != '.'))
		return false;
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
		if (ends_with(base, examples[i]))
			return false;
	return true;
}

const char *
secret_by_name(const char *path)
{
	static const struct {
		const char *name, *what;
	} names[] = {
		{ "kaggle.json", "Kaggle's key" },
		{ "access_token", "Kaggle's token" },
		{ "access_token.txt", "Kaggle's token" },
		{ "credentials.json", "a file of credentials" },
		{ ".git-credentials", "a file of git's credentials" },
		{ ".netrc", "a netrc file" },
		{ "_netrc", "a netrc file" },
		{ ".pypirc", "a file of PyPI's credentials" },
		{ "id_rsa", "a key of ssh" },
		{ "id_dsa", "a key of ssh" },
		{ "id_ecdsa", "a key of ssh" },
		{ "id_ecdsa_sk", "a key of ssh" },
		{ "id_ed25519", "a key of ssh" },
		{ "id_ed25519_sk", "a key of ssh" },
	};
	const char *base = base_of(path);

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcasecmp(base, names[i].name) == 0)
			return names[i].what;
	if (is_env_file(base))
		return "an .env file";
	if (strcmp(path, ".aws/credentials") == 0 ||
	    ends_with(path, "/.aws/credentials"))
		return "a file of AWS's credentials";
	return NULL;
}

/* The kinds of characters that tokens are made of. */
static bool
is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z');
}

static bool
is_word(unsigned char c)
{
	return is_alnum(c) || c == '_' || c == '-';
}

static bool
is_upper(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

static bool
is_hex(unsigned char c)
{
	return isxdigit(c) != 0;
}

static bool
is_base64(unsigned char c)
{
	return is_alnum(c) || c == '+' || c == '/' || c == '=';
}

typedef bool kind(unsigned char c);

static size_t
run_of(kind *is, const char *at, const char *end)
{
	const char *from = at;

	while (at < end && is((unsigned char)*at))
		at++;
	return (size_t)(at - from);
}

/* Whether a token is one, and no placeholder. */
static bool
is_random(const char *at, size_t len)
{
	bool seen[256] = { false };
	unsigned different = 0;

	for (size_t i = 0; i < len; i++) {
		different += !seen[(unsigned char)at[i]];
		seen[(unsigned char)at[i]] = true;
	}
	return different >= 8;
}

/* Whether at, behind a prefix, there are from least to most of a kind. */
static bool
is_token(kind *is, size_t least, size_t most, const char *at, const char *end)
{
	size_t len = run_of(is, at, end);

	return len >= least && len <= most && is_random(at, len);
}

/* A key of W&B: 40 hex digits in the old form, 86 characters in the new. */
static bool
is_wandb_key(const char *at, size_t len)
{
	return (len == 40 && run_of(is_hex, at, at + len) == len) || len >= 86;
}

static bool
is_kaggle_key(const char *at, size_t len)
{
	return len == 32 && run_of(is_hex, at, at + len) == len;
}

/*
 * Whether the line goes on with a key: after NAME at most 80 characters, such
 * as "] = os.environ.get(..., ", then a run of word characters that is one.
 */
static bool
is_assigned(
    bool (*is_key)(const char *, size_t), const char *at, const char *end)
{
	const char *stop = memchr(at, '\n', (size_t)(end - at));
	size_t len;

	if (stop == NULL)
		stop = end;
	for (const char *from = at; at < stop && at - from <= 80; at += len) {
		len = run_of(is_word, at, stop);
		if (len > 0 && is_key(at, len) && is_random(at, len))
			return true;
		len += len == 0;
	}
	return false;
}

/* "-----BEGIN ": a private key has a body of base64, or headers before it. */
static bool
is_private_key(const char *at, const char *end)
{
	static const char tail[] = "PRIVATE KEY", block[] = " BLOCK",
			  dashes[] = "-----";
	const char *stop =
	    memmem(at, (size_t)(end - at), tail, sizeof tail - 1);

	if (stop == NULL || stop - at > 20)
		return false;
	stop += sizeof tail - 1;
	/* PGP's. */
	if ((size_t)(end - stop) > sizeof block &&
	    memcmp(stop, block, sizeof block - 1) == 0)
		stop += sizeof block - 1;
	if ((size_t)(end - stop) < sizeof dashes ||
	    memcmp(stop, dashes, sizeof dashes - 1) != 0)
		return false;
	stop += sizeof dashes - 1;
	/* In JSON and in programs the line ends with "\n". */
	while (stop < end && (isspace((unsigned char)*stop) || *stop == '\\'))
		stop += *stop == '\\' && stop + 1 < end ? 2 : 1;
	return run_of(is_base64, stop, end) >= 16 ||
	    (end - stop > 10 && memcmp(stop, "Proc-Type:", 10) == 0);
}

static bool
is_kaggle_token(const char *at, const char *end)
{
	return is_token(is_word, 16, 200, at, end);
}

static bool
is_github_token(const char *at, const char *end)
{
	return is_token(is_alnum, 36, 251, at, end);
}

static bool
is_github_pat(const char *at, const char *end)
{
	return is_token(is_word, 59, 255, at, end);
}

static bool
is_gitlab_token(const char *at, const char *end)
{
	return is_token(is_word, 20, 64, at, end);
}

static bool
is_hf_token(const char *at, const char *end)
{
	return is_token(is_alnum, 30, 40, at, end);
}

/* One of OpenAI's or Anthropic's, behind what tells them apart. */
static bool
is_model_key(const char *at, const char *end)
{
	return is_token(is_word, 40, 250, at, end);
}

static bool
is_aws_id(const char *at, const char *end)
{
	/* AWS's own example is in many a text. */
	return is_token(is_upper, 16, 16, at, end) &&
	    run_of(is_word, at, end) == 16 && memcmp(at + 9, "EXAMPLE", 7) != 0;
}

static bool
is_wandb_value(const char *at, const char *end)
{
	return is_assigned(is_wandb_key, at, end);
}

static bool
is_kaggle_value(const char *at, const char *end)
{
	return is_assigned(is_kaggle_key, at, end);
}

static const struct pattern {
	const char *prefix; /* not behind a letter or digit */
	bool (*is)(const char *at, const char *end);
	const char *what;
} patterns[] = {
	{ "-----BEGIN ", is_private_key, "a private key" },
	{ "KGAT_", is_kaggle_token, "a token of Kaggle" },
	{ "KAGGLE_KEY", is_kaggle_value, "Kaggle's key" },
	{ "WANDB_API_KEY", is_wandb_value, "a key of W&B" },
	{ "wandb_api_key", is_wandb_value, "a key of W&B" },
	{ "wandb.login", is_wandb_value, "a key of W&B" },
	{ "wandb login", is_wandb_value, "a key of W&B" },
	{ "ghp_", is_github_token, "a GitHub token" },
	{ "gho_", is_github_token, "a GitHub token" },
	{ "ghu_", is_github_token, "a GitHub token" },
	{ "ghs_", is_github_token, "a GitHub token" },
	{ "ghr_", is_github_token, "a GitHub token" },
	{ "github_pat_", is_github_pat, "a GitHub token" },
	{ "glpat-", is_gitlab_token, "a GitLab token" },
	{ "hf_", is_hf_token, "a Hugging Face token" },
	{ "sk-proj-", is_model_key, "a key of OpenAI" },
	{ "sk-ant-", is_model_key, "a key of Anthropic" },
	{ "AKIA", is_aws_id, "a key id of AWS" },
	{ "ASIA", is_aws_id, "a key id of AWS" },
};

/* The first that begins in the first len bytes; it may end behind them. */
static const char *
find(const char *at, size_t len, const char *end, const char **place)
{
	const char *what = NULL;

	*place = end;
	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
		const struct pattern *pattern = &patterns[i];
		size_t most = strlen(pattern->prefix);
		const char *hit = at;

		while ((hit = memmem(hit, (size_t)(end - hit), pattern->prefix,
			    most)) != NULL &&
		    hit < at + len && hit < *place) {
			if ((hit == at || !is_alnum((unsigned char)hit[-1])) &&
			    pattern->is(hit + most, end)) {
				*place = hit;
				what = pattern->what;
				break;
			}
			hit += most;
		}
	}
	return what;
}

/* {"username": ..., "key": "32 hex digits"} */
static bool
is_kaggle_json(const char *at, size_t len)
{
	bool found = false;
	const char *key;
	jv what;

	while (len > 0 && isspace((unsigned char)*at)) {
		at++;
		len--;
	}
	if (len == 0 || *at != '{')
		return false;
	what = jv_parse_sized(at, (int)len);
	if (jv_is_valid(what) && record_str(what, "username") != NULL &&
	    (key = record_str(what, "key")) != NULL)
		found = is_kaggle_key(key, strlen(key)) &&
		    is_random(key, strlen(key));
	jv_free(what);
	return found;
}

static size_t
lines_in(const char *at, size_t len)
{
	const char *end = at + len;
	size_t lines = 0;

	while (
	    at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		lines++;
		at++;
	}
	return lines;
}

/* Reads more behind what is there; false with errno. *over: the end. */
static bool
fill(int fd, struct buf *window, off_t *offset, bool *over)
{
	ssize_t got;

	buf_reserve(window, WINDOW);
	while (window->len < WINDOW) {
		got = pread(fd, window->at + window->len, WINDOW - window->len,
		    *offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		*over = got == 0;
		if (got == 0)
			return true;
		window->len += (size_t)got;
		*offset += got;
	}
	return true;
}

const char *
secret_by_content(int fd, size_t *line, int *failed)
{
	struct buf window = { 0 };
	const char *what = NULL, *place;
	bool over = false;
	off_t offset = 0;
	size_t len;

	*line = 1;
	*failed = 0;
	while (what == NULL && !over) {
		bool first = offset == 0;

		if (!fill(fd, &window, &offset, &over)) {
			*failed = errno;
			break;
		}
		if (first && window.len > 0 &&
		    memchr(window.at, '\0',
			window.len < TEXT ? window.len : TEXT) != NULL)
			break;
		if (window.len == 0)
			break;
		if (first && over && window.len <= SMALL &&
		    is_kaggle_json(window.at, window.len)) {
			what = "Kaggle's key";
			break;
		}
		len = over ? window.len : window.len - OVERLAP;
		what = find(window.at, len, window.at + window.len, &place);
		if (what != NULL)
			len = (size_t)(place - window.at);
		*line += lines_in(window.at, len);
		if (what != NULL)
			break;
		window.len -= len;
		memmove(window.at, window.at + len, window.len);
	}
	buf_release(&window);
	return what;
}
