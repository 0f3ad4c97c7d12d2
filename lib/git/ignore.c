/* SPDX-License-Identifier: MIT */
/*
 * git/ignore - links to folders, which libgit2 takes for folders
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "git/ignore.h"
#include "mem.h"
#include "record.h"

enum { MOST = 1 << 20 }; /* bytes of a file of patterns */

/* What the patterns say; later ones count more. */
struct verdict {
	bool for_folders; /* one that ends in '/' matches */
	bool ignored;     /* by those that do not */
};

/* gitignore(5): with a slash a pattern is of the path, else of the name. */
static bool
matches(const char *pattern, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (strchr(pattern, '/') == NULL)
		return fnmatch(pattern, slash != NULL ? slash + 1 : path, 0) ==
		    0;
	if (strncmp(pattern, "**/", 3) == 0 && matches(pattern + 3, path))
		return true;
	pattern += *pattern == '/';
	return fnmatch(pattern, path,
		   strstr(pattern, "**") != NULL ? 0 : FNM_PATHNAME) == 0;
}

static void
take_line(struct verdict *verdict, char *line, const char *path)
{
	size_t len = strlen(line);
	bool negative = *line == '!', folders;

	while (len > 0 && line[len - 1] == ' ' &&
	    (len < 2 || line[len - 2] != '\\'))
		line[--len] = '\0';
	if (*line == '#')
		return;
	line += negative;
	len = strlen(line);
	folders = len > 0 && line[len - 1] == '/';
	if (folders)
		line[--len] = '\0';
	if (len == 0 || !matches(line, path))
		return;
	if (folders)
		verdict->for_folders = true;
	else
		verdict->ignored = !negative;
}

/* path is as seen from where the patterns hold. One that is not there: none. */
static void
take_file(struct verdict *verdict, const char *file, const char *path)
{
	struct buf text = { 0 };
	jv why = file_read(file, MOST, &text);
	char *line, *rest = text.at;

	while (rest != NULL && (line = strsep(&rest, "\n")) != NULL)
		take_line(verdict, line, path);
	jv_free(why);
	buf_release(&text);
}

/* core.excludesFile, or where git looks without it. */
static void
take_users(
    struct verdict *verdict, const struct worktree *worktree, const char *path)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	git_config *config = NULL;
	git_buf set = GIT_BUF_INIT;
	char *file = NULL;

	if (git_repository_config_snapshot(&config, worktree->repo) == 0 &&
	    git_config_get_path(&set, config, "core.excludesFile") == 0)
		file = xstrdup(set.ptr);
	else if (xdg != NULL && *xdg != '\0')
		file = file_join(xdg, "git/ignore");
	else if (home != NULL)
		file = file_join(home, ".config/git/ignore");
	if (file != NULL)
		take_file(verdict, file, path);
	free(file);
	git_buf_dispose(&set);
	git_config_free(config);
}

static struct verdict
decide(const struct worktree *worktree, const char *path)
{
	const char *common = git_repository_commondir(worktree->repo);
	char *exclude = file_join(common, "info/exclude");
	struct verdict verdict = { 0 };

	take_users(&verdict, worktree, path);
	take_file(&verdict, exclude, path);
	free(exclude);
	for (const char *at = path; at != NULL;) {
		char *file = xasprintf(
		    "%s%.*s.gitignore", worktree->root, (int)(at - path), path);

		take_file(&verdict, file, at);
		free(file);
		at = strchr(at, '/');
		at += at != NULL;
	}
	return verdict;
}

jv
ignore_check_link(
    const struct worktree *worktree, const char *path, bool ignored)
{
	char *full = file_join(worktree->root, path);
	struct stat st;
	bool is_folder = stat(full, &st) == 0 && S_ISDIR(st.st_mode);
	struct verdict verdict;

	free(full);
	if (!is_folder)
		return jv_null();
	verdict = decide(worktree, path);
	if (!verdict.for_folders || verdict.ignored == ignored)
		return jv_null();
	return error_value("input",
	    "%s: a link to a folder, for which a line with '/' at its end in "
	    ".gitignore does not hold: leave the '/' out, or git add it",
	    path);
}
