/* SPDX-License-Identifier: MIT */
/*
 * git/ignore - which files git ignores: gitignore(5)
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "git/ignore.h"
#include "mem.h"
#include "record.h"

struct ignore_rule {
	char *pattern;
	size_t folder;  /* bytes of the path that it does not speak of */
	size_t literal; /* bytes before the first wildcard */
	bool negative;  /* takes back */
	bool folders;   /* for folders only */
	bool of_name;   /* of the last part of the path, else of it all */
};

/* ---- patterns ---- */

enum match {
	MATCH,
	DIFFERS,
	OVER,    /* the text is too short, wherever a star ends */
	TO_STARS /* a single star has come to a slash */
};

static bool
is_same(char left, char right, bool fold)
{
	return left == right ||
	    (fold &&
		tolower((unsigned char)left) == tolower((unsigned char)right));
}

static bool
in_class(const char *name, size_t len, unsigned char c)
{
	static const struct {
		const char *name;
		int (*is)(int);
	} classes[] = {
		{ "alnum", isalnum },
		{ "alpha", isalpha },
		{ "blank", isblank },
		{ "cntrl", iscntrl },
		{ "digit", isdigit },
		{ "graph", isgraph },
		{ "lower", islower },
		{ "print", isprint },
		{ "punct", ispunct },
		{ "space", isspace },
		{ "upper", isupper },
		{ "xdigit", isxdigit },
	};

	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		if (strlen(classes[i].name) == len &&
		    memcmp(classes[i].name, name, len) == 0)
			return c < 128 && classes[i].is(c) != 0;
	return false;
}

/*
 * One member of a bracket expression, at **at, which is moved on behind it:
 * whether c is it. *at is NULL if the expression is not closed.
 */
static bool
is_member(const char **at, unsigned char c)
{
	const char *p = *at, *close;
	unsigned char low, high;

	if (p[0] == '[' && p[1] == ':') {
		close = strchr(p + 2, ']');
		if (close == NULL) {
			*at = NULL;
			return false;
		}
		if (close > p + 2 && close[-1] == ':') {
			*at = close + 1;
			return in_class(p + 2, (size_t)(close - p) - 3, c);
		}
	}
	p += *p == '\\';
	low = high = (unsigned char)*p;
	if (low != '\0' && p[1] == '-' && p[2] != '\0' && p[2] != ']') {
		p += 2;
		p += *p == '\\';
		high = (unsigned char)*p;
	}
	*at = low == '\0' || high == '\0' ? NULL : p + 1;
	return c >= low && c <= high;
}

/* A bracket expression; *at is on '[', and then on the byte behind ']'. */
static bool
in_brackets(const char **at, char c, bool fold)
{
	const char *p = *at + 1;
	bool negative = *p == '!' || *p == '^', found = false;
	unsigned char lower = (unsigned char)tolower((unsigned char)c),
		      upper = (unsigned char)toupper((unsigned char)c);

	p += negative;
	do {
		const char *member = p;

		if (fold) {
			found |= is_member(&member, upper);
			member = p;
			found |= is_member(&member, lower);
		} else {
			found |= is_member(&member, (unsigned char)c);
		}
		p = member;
	} while (p != NULL && *p != ']');
	*at = p != NULL ? p + 1 : NULL;
	return found != negative;
}

static enum match match(
    const char *pattern, const char *text, bool is_path, bool fold);

/*
 * From a star on. In a path one star is of one part; two are of any number of
 * parts, if they stand alone between slashes.
 */
static enum match
match_star(const char *begin, const char *star, const char *text, bool is_path,
    bool fold)
{
	const char *p = star + strspn(star, "*");
	bool alone = (star == begin || star[-1] == '/') &&
	    (*p == '\0' || *p == '/' || (p[0] == '\\' && p[1] == '/'));
	bool any = !is_path || (p - star > 1 && alone);

	/* Between two slashes it may be nothing, not even one of them. */
	if (is_path && any && *p == '/' &&
	    match(p + 1, text, is_path, fold) == MATCH)
		return MATCH;
	if (*p == '\0')
		return any || strchr(text, '/') == NULL ? MATCH : DIFFERS;
	for (;; text++) {
		enum match rest = match(p, text, is_path, fold);

		if (rest == MATCH || rest == OVER || (rest == TO_STARS && !any))
			return rest;
		if (*text == '\0')
			return OVER;
		if (!any && *text == '/')
			return TO_STARS;
	}
}

/* is_path: a slash is matched by a slash, or by two stars. */
static enum match
match(const char *pattern, const char *text, bool is_path, bool fold)
{
	const char *begin = pattern;

	for (; *pattern != '\0'; text++) {
		if (*pattern == '*')
			return match_star(begin, pattern, text, is_path, fold);
		if (*text == '\0')
			return OVER;
		if (*pattern == '?' || *pattern == '[') {
			if (*pattern == '?')
				pattern++;
			else if (!in_brackets(&pattern, *text, fold))
				return pattern != NULL ? DIFFERS : OVER;
			if (pattern == NULL)
				return OVER;
			if (is_path && *text == '/')
				return DIFFERS;
			continue;
		}
		pattern += *pattern == '\\';
		if (!is_same(*pattern, *text, fold))
			return DIFFERS;
		pattern += *pattern != '\0';
	}
	return *text == '\0' ? MATCH : DIFFERS;
}

static bool
is_prefix(const char *prefix, const char *text, size_t len, bool fold)
{
	return fold ? strncasecmp(prefix, text, len) == 0
		    : strncmp(prefix, text, len) == 0;
}

static bool
rule_matches(const struct ignore_rule *rule, const char *path, bool fold)
{
	const char *slash = strrchr(path, '/');

	if (rule->of_name)
		return match(rule->pattern, slash != NULL ? slash + 1 : path,
			   false, fold) == MATCH;
	path += rule->folder;
	/* git compares what comes before the first wildcard by itself. */
	return is_prefix(rule->pattern, path, rule->literal, fold) &&
	    match(rule->pattern + rule->literal, path + rule->literal, true,
		fold) == MATCH;
}

bool
ignore_matches(const struct ignore *ignore, const char *path, bool is_folder)
{
	for (size_t i = ignore->count; i-- > 0;) {
		const struct ignore_rule *rule = &ignore->rules[i];

		if ((is_folder || !rule->folders) &&
		    rule_matches(rule, path, ignore->fold))
			return !rule->negative;
	}
	return false;
}

/* ---- files ---- */

/* Spaces at the end do not count, but those behind a backslash. */
static void
trim(char *line)
{
	char *spaces = NULL;

	for (char *p = line; *p != '\0'; p++) {
		if (*p == ' ') {
			spaces = spaces != NULL ? spaces : p;
			continue;
		}
		spaces = NULL;
		if (*p == '\\' && *++p == '\0')
			return;
	}
	if (spaces != NULL)
		*spaces = '\0';
}

static void
add_line(struct ignore *ignore, char *line, size_t folder)
{
	struct ignore_rule rule = { .folder = folder };
	size_t len = strlen(line);

	if (len > 0 && line[len - 1] == '\r')
		line[len - 1] = '\0';
	if (*line == '#')
		return;
	trim(line);
	rule.negative = *line == '!';
	line += rule.negative;
	len = strlen(line);
	rule.folders = len > 0 && line[len - 1] == '/';
	if (rule.folders)
		line[--len] = '\0';
	if (len == 0)
		return;
	rule.of_name = strchr(line, '/') == NULL;
	line += *line == '/';
	rule.literal = strcspn(line, "*?[\\");
	rule.pattern = xstrdup(line);
	if (ignore->count == ignore->room) {
		ignore->room = 2 * ignore->room + 16;
		ignore->rules = xreallocarray(
		    ignore->rules, ignore->room, sizeof *ignore->rules);
	}
	ignore->rules[ignore->count++] = rule;
}

static void
add_text(struct ignore *ignore, char *text, size_t len, size_t folder)
{
	static const char bom[] = "\357\273\277";
	char *line, *rest = text;

	if (len >= sizeof bom - 1 && memcmp(text, bom, sizeof bom - 1) == 0)
		rest += sizeof bom - 1;
	while ((line = strsep(&rest, "\n")) != NULL)
		add_line(ignore, line, folder);
}

/* One that is not there, or that cannot be read, says nothing. */
static void
add_file(struct ignore *ignore, const char *path)
{
	struct buf text = { 0 };

	jv_free(file_read(path, INT_MAX, &text));
	if (text.len > 0)
		add_text(ignore, text.at, text.len, 0);
	buf_release(&text);
}

/* core.excludesFile, or where git looks without it. */
static char *
users_file(const struct worktree *worktree)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char *file = worktree_path(worktree, "core.excludesFile");

	if (file != NULL)
		return file;
	if (xdg != NULL && *xdg != '\0')
		return file_join(xdg, "git/ignore");
	return home != NULL ? file_join(home, ".config/git/ignore") : NULL;
}

void
ignore_init(struct ignore *ignore, const struct worktree *worktree)
{
	char *users = users_file(worktree);
	char *exclude =
	    file_join(git_repository_commondir(worktree->repo), "info/exclude");

	memset(ignore, 0, sizeof *ignore);
	ignore->fold = worktree_setting(worktree, "core.ignoreCase", false);
	if (users != NULL)
		add_file(ignore, users);
	add_file(ignore, exclude);
	free(users);
	free(exclude);
}

void
ignore_release(struct ignore *ignore)
{
	ignore_leave(ignore, 0);
	free(ignore->rules);
	memset(ignore, 0, sizeof *ignore);
}

jv
ignore_enter(
    struct ignore *ignore, int folder_fd, const char *path, size_t *mark)
{
	struct buf text = { 0 };
	struct stat st;
	ssize_t got = -1;
	int fd;

	*mark = ignore->count;
	fd = openat(folder_fd, ".gitignore",
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	/* A link is no .gitignore, to git; neither is a folder. */
	if (fd < 0 && (errno == ENOENT || errno == ELOOP))
		return jv_null();
	if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
		close(fd);
		return jv_null();
	}
	while (fd >= 0) {
		buf_reserve(&text, 4096);
		got = read(fd, text.at + text.len, 4095);
		if (got <= 0)
			break;
		text.len += (size_t)got;
		text.at[text.len] = '\0';
	}
	if (got == 0 && text.len > 0)
		add_text(ignore, text.at, text.len, strlen(path));
	buf_release(&text);
	if (fd >= 0)
		close(fd);
	return got == 0
	    ? jv_null()
	    : error_value("io", "%s.gitignore: %s", path, strerror(errno));
}

void
ignore_leave(struct ignore *ignore, size_t mark)
{
	while (ignore->count > mark)
		free(ignore->rules[--ignore->count].pattern);
}
