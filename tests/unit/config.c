/* SPDX-License-Identifier: MIT */
/*
 * config: which source of a credential wins. Each case is a child process with
 * an environment and a home of its own; what ends a program ends the child.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"
#include "diag.h"
#include "mem.h"

#define KEY "0123456789012345678901234567890123456789"
#define OTHER "9876543210987654321098765432109876543210"

static char home[] = "/tmp/kw-config-XXXXXX";

static void
put(const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", home, name);
	char *slash = path + strlen(home) + 1;
	FILE *file;

	while ((slash = strchr(slash, '/')) != NULL) {
		*slash = '\0';
		(void)mkdir(path, 0700); /* it may be there */
		*slash++ = '/';
	}
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
	free(path);
}

static void
describe_kaggle(char *out, size_t size)
{
	struct kaggle_config config;

	config_kaggle(&config);
	snprintf(out, size, "%s %s %s %s %s", config.endpoint,
	    config.credential.kind == CREDENTIAL_BEARER ? "bearer" : "basic",
	    config.user != NULL ? config.user : "-", config.credential.secret,
	    config.credential.source);
	config_kaggle_release(&config);
}

static void
describe_wandb(char *out, size_t size)
{
	struct wandb_config config;

	config_wandb(&config);
	snprintf(out, size, "%s %s %s %s %s", config.base_url, config.app_url,
	    config.entity != NULL ? config.entity : "-",
	    config.identity_token_file != NULL ? config.identity_token_file
					       : config.credential.secret,
	    config.credential.source != NULL ? config.credential.source : "-");
	config_wandb_release(&config);
}

/* What describe says in an environment of HOME and these, or its status. */
static void
expect(void (*describe)(char *, size_t), const char *const *environment,
    const char *wanted)
{
	char got[600] = "";
	int ends[2], status;
	pid_t pid;
	ssize_t len;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		clearenv();
		setenv("HOME", home, 1);
		for (; *environment != NULL; environment += 2)
			setenv(environment[0], environment[1], 1);
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(99);
		describe(got, sizeof got);
		exit(write(ends[1], got, strlen(got)) < 0);
	}
	close(ends[1]);
	len = read(ends[0], got, sizeof got - 1);
	got[len > 0 ? len : 0] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) != 0)
		snprintf(got, sizeof got, "%d", WEXITSTATUS(status));
	for (char *at; (at = strstr(got, home)) != NULL;) {
		*at = '~';
		memmove(
		    at + 1, at + strlen(home), strlen(at + strlen(home)) + 1);
	}
	assert_string_equal(got, wanted);
}

#define ENV(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NO_ENV ((const char *const[]){ NULL })
#define KAGGLE "https://api.kaggle.com "

static void
test_kaggle_environment(void **state)
{
	(void)state;
	expect(describe_kaggle, NO_ENV, "2");
	expect(describe_kaggle, ENV("KAGGLE_USERNAME", "u", "KAGGLE_KEY", "k"),
	    KAGGLE "basic u k KAGGLE_KEY");
	expect(describe_kaggle, ENV("KAGGLE_USERNAME", "u"), "2");
	expect(describe_kaggle,
	    ENV("KAGGLE_API_TOKEN", "KGAT_x", "KAGGLE_USERNAME", "u",
		"KAGGLE_KEY", "k"),
	    KAGGLE "bearer - KGAT_x KAGGLE_API_TOKEN");
	expect(describe_kaggle,
	    ENV("KAGGLE_API_TOKEN", "{\"username\":\"j\",\"key\":\"kk\"}"),
	    KAGGLE "basic j kk KAGGLE_API_TOKEN");
	expect(describe_kaggle, ENV("KAGGLE_API_TOKEN", "{\"username\":"), "2");
	expect(describe_kaggle,
	    ENV("KAGGLE_API_TOKEN", "t", "KAGGLE_API_ENDPOINT",
		"http://127.0.0.1:99/"),
	    "http://127.0.0.1:99 bearer - t KAGGLE_API_TOKEN");
	expect(describe_kaggle,
	    ENV("KAGGLE_API_TOKEN", "t", "KAGGLE_API_ENDPOINT", "ftp://x"),
	    "2");
	expect(describe_kaggle, ENV("KAGGLE_API_TOKEN", "a\nHost: evil"), "2");
}

static void
test_kaggle_files(void **state)
{
	char *token = xasprintf("%s/token", home);

	(void)state;
	put("token", "  from-file\n");
	expect(describe_kaggle, ENV("KAGGLE_API_TOKEN", token),
	    KAGGLE "bearer - from-file KAGGLE_API_TOKEN");
	put(".config/kaggle/kaggle.json",
	    "{\"username\":\"x\",\"key\":\"xdg\"}");
	expect(describe_kaggle, NO_ENV,
	    KAGGLE "basic x xdg ~/.config/kaggle/kaggle.json");
	put(".kaggle/kaggle.json", "{\"username\":\"f\",\"key\":\"fk\"}");
	expect(
	    describe_kaggle, NO_ENV, KAGGLE "basic f fk ~/.kaggle/kaggle.json");
	expect(describe_kaggle, ENV("KAGGLE_KEY", "k"),
	    KAGGLE "basic f k KAGGLE_KEY");
	put("dir/kaggle.json", "{\"username\":\"d\",\"key\":\"dk\"}");
	free(token);
	token = xasprintf("%s/dir", home);
	expect(describe_kaggle, ENV("KAGGLE_CONFIG_DIR", token),
	    KAGGLE "basic d dk ~/dir/kaggle.json");
	put(".kaggle/access_token.txt", "second");
	expect(describe_kaggle, NO_ENV,
	    KAGGLE "bearer - second ~/.kaggle/access_token.txt");
	put(".kaggle/access_token", "first\n");
	expect(describe_kaggle, NO_ENV,
	    KAGGLE "bearer - first ~/.kaggle/access_token");
	free(token);
}

#define WANDB "https://api.wandb.ai https://wandb.ai "

static void
test_wandb_keys(void **state)
{
	(void)state;
	expect(describe_wandb, NO_ENV, "2");
	expect(describe_wandb, ENV("WANDB_API_KEY", KEY),
	    WANDB "- " KEY " WANDB_API_KEY");
	expect(describe_wandb, ENV("WANDB_API_KEY", "local-" KEY),
	    WANDB "- local-" KEY " WANDB_API_KEY");
	expect(describe_wandb, ENV("WANDB_API_KEY", "a.b.c"),
	    WANDB "- a.b.c WANDB_API_KEY");
	expect(describe_wandb, ENV("WANDB_API_KEY", "short"), "2");
	expect(describe_wandb, ENV("WANDB_API_KEY", KEY "!"), "2");
	expect(describe_wandb, ENV("WANDB_IDENTITY_TOKEN_FILE", "/t"),
	    WANDB "- /t -");
	expect(describe_wandb,
	    ENV("WANDB_IDENTITY_TOKEN_FILE", "/t", "WANDB_API_KEY", KEY), "2");
}

static void
test_wandb_netrc(void **state)
{
	char *path = xasprintf("%s/mine", home);

	(void)state;
	put(".netrc",
	    "# a comment\nmachine api.wandb.ai.example login a password " OTHER
	    "\nmachine api.wandb.ai\n  login user\n  password " KEY "\n"
	    "macdef init\n machine api.wandb.ai password nothing\n\n"
	    "machine 127.0.0.1:8080 login user password \"" OTHER "\"\n");
	expect(describe_wandb, NO_ENV, WANDB "- " KEY " ~/.netrc");
	expect(describe_wandb, ENV("WANDB_BASE_URL", "http://127.0.0.1:8080/"),
	    "http://127.0.0.1:8080 http://127.0.0.1:8080 - " OTHER " ~/.netrc");
	expect(describe_wandb, ENV("WANDB_BASE_URL", "http://127.0.0.1"), "2");
	put("mine", "default login x password " OTHER "\n");
	expect(describe_wandb, ENV("NETRC", path), WANDB "- " OTHER " ~/mine");
	free(path);
}

static void
test_netrc(void **state)
{
	struct credential credential;

	(void)state;
	setenv("HOME", home, 1);
	unsetenv("NETRC");
	put(".netrc",
	    "machine a password p1 login u1\n"
	    "machine a login u2 password p2\n"
	    "machine b password p3\ndefault login u4 password p4\n");
	assert_true(config_netrc(&credential, "a", "u1"));
	assert_string_equal(credential.secret, "p1");
	credential_release(&credential);
	assert_true(config_netrc(&credential, "a", NULL));
	assert_string_equal(credential.user, "u2");
	assert_string_equal(credential.secret, "p2");
	credential_release(&credential);
	assert_true(config_netrc(&credential, "b", "me"));
	assert_string_equal(credential.user, "me");
	credential_release(&credential);
	assert_true(config_netrc(&credential, "c", NULL));
	assert_string_equal(credential.secret, "p4");
	credential_release(&credential);
	assert_false(config_netrc(&credential, "c", "u1"));
}

static void
test_wandb_settings(void **state)
{
	char *work = xasprintf("%s/work", home);

	(void)state;
	put(".config/wandb/settings",
	    "[default]\nbase_url = https://api.example.org\nentity = global\n");
	expect(describe_wandb, ENV("WANDB_API_KEY", KEY),
	    "https://api.example.org https://app.example.org global " KEY
	    " WANDB_API_KEY");
	put("work/wandb/settings",
	    "[other]\nentity = wrong\n[default]\nentity: local\n");
	expect(describe_wandb, ENV("WANDB_API_KEY", KEY, "WANDB_DIR", work),
	    "https://api.example.org https://app.example.org local " KEY
	    " WANDB_API_KEY");
	expect(describe_wandb,
	    ENV("WANDB_API_KEY", KEY, "WANDB_DIR", work, "WANDB_ENTITY", "e",
		"WANDB_BASE_URL", "http://h:1/p"),
	    "http://h:1/p http://h:1/p e " KEY " WANDB_API_KEY");
	free(work);
}

static void
describe_provided(char *out, size_t size)
{
	config_provide("WANDB_API_KEY", OTHER, "a secret");
	config_provide("WANDB_ENTITY", "other", "a secret");
	assert_string_equal(
	    config_env_source("WANDB_PROJECT"), "WANDB_PROJECT");
	describe_wandb(out, size);
}

static void
test_provided(void **state)
{
	(void)state;
	put(".config/wandb/settings", "[default]\nentity = global\n");
	expect(describe_provided, NO_ENV,
	    "https://api.wandb.ai https://wandb.ai other " OTHER " a secret");
	expect(describe_provided,
	    ENV("WANDB_API_KEY", KEY, "WANDB_ENTITY", "mine"),
	    "https://api.wandb.ai https://wandb.ai mine " KEY " WANDB_API_KEY");
	expect(describe_provided, ENV("WANDB_API_KEY", "", "WANDB_ENTITY", ""),
	    "https://api.wandb.ai https://wandb.ai other " OTHER " a secret");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kaggle_environment),
		cmocka_unit_test(test_kaggle_files),
		cmocka_unit_test(test_wandb_keys),
		cmocka_unit_test(test_wandb_netrc),
		cmocka_unit_test(test_netrc),
		cmocka_unit_test(test_wandb_settings),
		cmocka_unit_test(test_provided),
	};
	char *remove = NULL;
	int failures;

	if (mkdtemp(home) == NULL)
		return 99;
	failures = cmocka_run_group_tests(tests, NULL, NULL);
	remove = xasprintf("%s", home);
	if (fork() == 0)
		execlp("rm", "rm", "-rf", remove, (char *)NULL);
	free(remove);
	return failures;
}
