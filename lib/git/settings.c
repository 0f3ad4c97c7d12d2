/* SPDX-License-Identifier: MIT */
/*
 * git/settings - git's configuration from the environment, and of one work tree
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "file.h"
#include "git/settings.h"
#include "mem.h"
#include "record.h"

/* Beyond libgit2's own: what comes later wins. */
enum {
	LEVEL_WORKTREE = GIT_CONFIG_LEVEL_APP,
	LEVEL_COUNTED = GIT_CONFIG_LEVEL_APP + 1
};

static jv
failed(const char *what)
{
	const git_error *error = git_error_last();

	return error_value("input", "%s: %s", what,
	    error != NULL ? error->message : "git's configuration");
}

static void
add_quoted(struct buf *out, const char *text)
{
	buf_addc(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '\n') {
			buf_adds(out, "\\n");
			continue;
		}
		if (*text == '"' || *text == '\\')
			buf_addc(out, '\\');
		buf_addc(out, *text);
	}
	buf_addc(out, '"');
}

/* KEY_N and VALUE_N as lines of a file; false if there is no such setting. */
static bool
add_setting(struct buf *out, unsigned long number)
{
	char *names[2] = { xasprintf("GIT_CONFIG_KEY_%lu", number),
		xasprintf("GIT_CONFIG_VALUE_%lu", number) };
	const char *key = getenv(names[0]), *value = getenv(names[1]);
	const char *first = key != NULL ? strchr(key, '.') : NULL;
	const char *last = key != NULL ? strrchr(key, '.') : NULL;
	char *middle;

	free(names[0]);
	free(names[1]);
	if (first == NULL || value == NULL || strchr(key, '\n') != NULL)
		return false;
	buf_addf(out, "[%.*s", (int)(first - key), key);
	if (last > first) {
		middle = xstrndup(first + 1, (size_t)(last - first - 1));
		buf_addc(out, ' ');
		add_quoted(out, middle);
		free(middle);
	}
	buf_addf(out, "]\n%s = ", last + 1);
	add_quoted(out, value);
	buf_addc(out, '\n');
	return true;
}

/*
 * A file in memory with the settings of GIT_CONFIG_COUNT, made once: libgit2
 * looks whether it has changed as long as it knows it. -1: they are no
 * settings.
 */
static int
counted_file(unsigned long count)
{
	static int fd = -1;
	struct buf text = { 0 };
	bool good = true;

	if (fd >= 0)
		return fd;
	for (unsigned long i = 0; i < count && good; i++)
		good = add_setting(&text, i);
	fd = good ? memfd_create("git-config", MFD_CLOEXEC) : -1;
	if (fd >= 0 && write(fd, text.at, text.len) != (ssize_t)text.len) {
		close(fd);
		fd = -1;
	}
	buf_release(&text);
	return fd;
}

static jv
take_counted(git_config *config, git_repository *repo)
{
	const char *text = getenv("GIT_CONFIG_COUNT");
	unsigned long count = 0;
	char *end, path[64];
	int fd;

	if (text == NULL || *text == '\0')
		return jv_null();
	count = strtoul(text, &end, 10);
	if (*end == '\0' && count == 0)
		return jv_null();
	fd = *end == '\0' ? counted_file(count) : -1;
	if (fd < 0)
		return error_value("input",
		    "GIT_CONFIG_COUNT: not the number of settings in "
		    "GIT_CONFIG_KEY_0 and so on");
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return git_config_add_file_ondisk(config, path,
		   (git_config_level_t)LEVEL_COUNTED, repo, 1) == 0
	    ? jv_null()
	    : failed("GIT_CONFIG_COUNT");
}

/* A file in the place of git's own; "" is none. */
static jv
take_file(git_config *config, git_repository *repo, const char *variable,
    const char *file, git_config_level_t level)
{
	if (file == NULL)
		return jv_null();
	return git_config_add_file_ondisk(config,
		   *file != '\0' ? file : "/dev/null", level, repo, 1) == 0
	    ? jv_null()
	    : failed(variable);
}

jv
settings_take_environment(git_repository *repo)
{
	const char *global = getenv("GIT_CONFIG_GLOBAL");
	const char *system = getenv("GIT_CONFIG_SYSTEM");
	const char *none = getenv("GIT_CONFIG_NOSYSTEM");
	git_config *config = NULL;
	jv why;

	if (none != NULL && *none != '\0' && strcmp(none, "0") != 0 &&
	    strcmp(none, "false") != 0)
		system = "";
	if (git_repository_config(&config, repo) != 0)
		return failed("git's configuration");
	why = take_file(
	    config, repo, "GIT_CONFIG_SYSTEM", system, GIT_CONFIG_LEVEL_SYSTEM);
	/* It stands for both of the user's files. */
	if (jv_is_valid(why) && global != NULL)
		why = take_file(config, repo, "GIT_CONFIG_GLOBAL", "",
		    GIT_CONFIG_LEVEL_XDG);
	if (jv_is_valid(why))
		why = take_file(config, repo, "GIT_CONFIG_GLOBAL", global,
		    GIT_CONFIG_LEVEL_GLOBAL);
	if (jv_is_valid(why))
		why = take_counted(config, repo);
	git_config_free(config);
	return why;
}

/* Not by a pattern: libgit2's leak. */
static int
find_hasconfig(const git_config_entry *entry, void *found)
{
	static const char condition[] = "includeif.hasconfig:";

	if (strncmp(entry->name, condition, sizeof condition - 1) == 0)
		*(bool *)found = true;
	return 0;
}

jv
settings_take_own(git_repository *repo)
{
	char *path = file_join(git_repository_path(repo), "config.worktree");
	git_config *config = NULL;
	bool found = false;
	int own = 0, error = git_repository_config(&config, repo);

	if (error == 0 &&
	    git_config_get_bool(&own, config, "extensions.worktreeConfig") ==
		0 &&
	    own && access(path, F_OK) == 0)
		error = git_config_add_file_ondisk(
		    config, path, (git_config_level_t)LEVEL_WORKTREE, repo, 1);
	if (error == 0)
		error = git_config_foreach(config, find_hasconfig, &found);
	git_config_free(config);
	free(path);
	if (error != 0)
		return failed("git's configuration");
	return found ? error_value("input",
			   "git's configuration has includeIf.hasconfig, which "
			   "only git knows: commit and push with git")
		     : jv_null();
}
