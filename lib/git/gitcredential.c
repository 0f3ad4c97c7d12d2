/* SPDX-License-Identifier: MIT */
/*
 * git/gitcredential - the credentials for a remote over http and https
 *
 * git credential reads and writes lines NAME=VALUE (git-credential(1)).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "git/gitcredential.h"
#include "git/program.h"

enum { MOST_FILLED = 1 << 16 };

void
gitcredential_init(struct gitcredential *credential,
    const struct address *address, const char *git_dir)
{
	*credential = (struct gitcredential){ .address = address,
		.git_dir = xasprintf("GIT_DIR=%s", git_dir) };
}

static void
forget(struct gitcredential *credential)
{
	credential_release(&credential->credential);
	if (credential->filled != NULL)
		explicit_bzero(credential->filled, strlen(credential->filled));
	free(credential->filled);
	credential->filled = NULL;
	credential->helped = false;
}

void
gitcredential_release(struct gitcredential *credential)
{
	forget(credential);
	free(credential->git_dir);
	buf_release(&credential->tried);
}

static void
use(struct gitcredential *credential, const char *user, const char *secret,
    const char *source)
{
	credential->credential = (struct credential){ .kind = CREDENTIAL_BASIC,
		.user = xstrdup(user),
		.secret = xstrdup(secret),
		.source = xstrdup(source) };
	verbose("credential: %s", source);
}

/* ---- git credential ---- */

/* Runs git credential VERB with input; what it says, NULL if it fails. */
static char *
ask_git(
    const struct gitcredential *credential, const char *verb, const char *input)
{
	const char *argv[] = { "git", "credential", verb, NULL };
	const char *variables[] = { credential->git_dir,
		"GIT_TERMINAL_PROMPT=0", NULL };
	struct program program;
	struct buf said = { 0 };
	size_t left = strlen(input);
	ssize_t done;

	if (!program_start(&program, argv, NULL, variables))
		return NULL;
	for (; left > 0; input += done, left -= (size_t)done) {
		done = write(program.to, input, left);
		if (done < 0 && errno == EINTR)
			done = 0;
		if (done < 0)
			break; /* its status tells */
	}
	close(program.to);
	program.to = -1;
	buf_reserve(&said, MOST_FILLED);
	while (said.len < MOST_FILLED - 1 &&
	    (done = read(program.from, said.at + said.len,
		 MOST_FILLED - 1 - said.len)) != 0) {
		if (done > 0)
			said.len += (size_t)done;
		else if (errno != EINTR)
			break;
	}
	said.at[said.len] = '\0';
	if (program_end(&program) != 0) {
		explicit_bzero(said.at, said.len);
		buf_release(&said);
	}
	program_release(&program);
	return said.at;
}

/* The value in a line NAME=VALUE of text; the caller's, NULL without one. */
static char *
value_of(const char *text, const char *name)
{
	size_t len = strlen(name);

	while (*text != '\0') {
		size_t line = strcspn(text, "\n");

		if (strncmp(text, name, len) == 0 && text[len] == '=')
			return xstrndup(text + len + 1, line - len - 1);
		text += line + (text[line] == '\n');
	}
	return NULL;
}

static bool
fill(struct gitcredential *credential)
{
	const struct address *address = credential->address;
	struct buf input = { 0 };
	char *user, *secret;

	buf_addf(&input, "protocol=%s\nhost=%s%s%s\npath=%s\n",
	    address->protocol, address->host, address->port != NULL ? ":" : "",
	    address->port != NULL ? address->port : "", address->path);
	if (address->user != NULL)
		buf_addf(&input, "username=%s\n", address->user);
	buf_addc(&input, '\n');
	credential->filled = ask_git(credential, "fill", input.at);
	buf_release(&input);
	if (credential->filled == NULL)
		return false;
	user = value_of(credential->filled, "username");
	secret = value_of(credential->filled, "password");
	if (user != NULL && secret != NULL) {
		use(credential, user, secret, "git credential");
		credential->helped = true;
	}
	free(user);
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
	return credential->helped;
}

static void
tell(struct gitcredential *credential, const char *verb)
{
	if (!credential->helped)
		return;
	free(ask_git(credential, verb, credential->filled));
	credential->helped = false; /* once */
}

/* ---- the other sources ---- */

static bool
from_url(struct gitcredential *credential)
{
	const struct address *address = credential->address;

	if (address->user == NULL || address->password == NULL)
		return false;
	use(credential, address->user, address->password, "the remote's URL");
	return true;
}

/* As GitHub's own tools; a token goes to no other host. */
static bool
from_token(struct gitcredential *credential)
{
	static const char *const names[] = { "GH_TOKEN", "GITHUB_TOKEN" };
	const struct address *address = credential->address;

	if (strcmp(address->protocol, "https") != 0 || address->port != NULL ||
	    strcmp(address->host, "github.com") != 0)
		return false;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *token = getenv(names[i]);

		if (token == NULL || *token == '\0')
			continue;
		use(credential, "x-access-token", token, names[i]);
		return true;
	}
	return false;
}

static bool
from_netrc(struct gitcredential *credential)
{
	const struct address *address = credential->address;

	return config_netrc(
	    &credential->credential, address->host, address->user);
}

bool
gitcredential_next(struct gitcredential *credential)
{
	static bool (*const sources[])(struct gitcredential *) = { from_url,
		fill, from_token, from_netrc };

	if (credential->credential.kind != CREDENTIAL_NONE) {
		tell(credential, "reject");
		buf_addf(&credential->tried, "%s%s",
		    credential->tried.len > 0 ? ", " : "",
		    credential->credential.source);
	}
	do
		forget(credential);
	while (credential->next < (int)(sizeof sources / sizeof *sources) &&
	    !sources[credential->next++](credential));
	return credential->credential.kind != CREDENTIAL_NONE;
}

void
gitcredential_good(struct gitcredential *credential)
{
	tell(credential, "approve");
}

const char *
gitcredential_tried(const struct gitcredential *credential)
{
	return credential->tried.len > 0 ? credential->tried.at : "";
}
