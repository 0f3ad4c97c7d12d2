/* SPDX-License-Identifier: MIT */
/*
 * git/text - what git makes of line ends and $Id$, where libgit2 differs
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "git/text.h"
#include "mem.h"
#include "record.h"

enum action {
	UNDEFINED,
	BINARY, /* as it is */
	TEXT,   /* each CR LF becomes LF */
	AUTO,   /* so it does if the file looks like text */
};

enum { FILTER, ENCODING, ATTR_TEXT, ATTR_CRLF, ATTR_EOL, IDENT, ATTRS };

static enum action
action_of(const char *value)
{
	switch (git_attr_value(value)) {
	case GIT_ATTR_VALUE_TRUE:
		return TEXT;
	case GIT_ATTR_VALUE_FALSE:
		return BINARY;
	case GIT_ATTR_VALUE_STRING:
		if (strcmp(value, "auto") == 0)
			return AUTO;
		if (strcmp(value, "input") == 0)
			return TEXT;
		return UNDEFINED;
	default:
		return UNDEFINED;
	}
}

void
text_rules_read(struct text_rules *rules, const struct worktree *worktree)
{
	char *value = worktree_string(worktree, "core.autocrlf");

	rules->autocrlf = (value != NULL && strcasecmp(value, "input") == 0) ||
	    worktree_setting(worktree, "core.autocrlf", false);
	free(value);
	/* "warn" is no boolean. */
	rules->safecrlf = worktree_setting(worktree, "core.safecrlf", false);
	rules->folder = NULL;
}

void
text_rules_release(struct text_rules *rules)
{
	free(rules->folder);
	rules->folder = NULL;
}

/* git's convert_attrs(): text, else crlf, else eol, else core.autocrlf. */
static enum action
decide(const struct text_rules *rules, const char *values[ATTRS])
{
	enum action action = action_of(values[ATTR_TEXT]);
	const char *eol = values[ATTR_EOL];

	if (action == UNDEFINED)
		action = action_of(values[ATTR_CRLF]);
	if (action == UNDEFINED &&
	    git_attr_value(eol) == GIT_ATTR_VALUE_STRING &&
	    (strcmp(eol, "lf") == 0 || strcmp(eol, "crlf") == 0))
		action = TEXT;
	if (action == UNDEFINED)
		action = rules->autocrlf ? AUTO : BINARY;
	return action;
}

/* What git counts in a text; its last byte may be ^Z. */
struct counts {
	size_t nul, lone_cr, lone_lf, crlf, printable, other;
	bool ident;
};

static void
count(struct counts *counts, const char *at, size_t len, bool over)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)at[i];

		if (c == '\r' && i + 1 < len && at[i + 1] == '\n') {
			counts->crlf++;
			i++;
		} else if (c == '\r') {
			counts->lone_cr++;
		} else if (c == '\n') {
			counts->lone_lf++;
		} else if (c == 127) {
			counts->other++;
		} else if (c >= 32 || c == '\b' || c == '\t' || c == 27 ||
		    c == '\014') {
			counts->printable++;
		} else {
			counts->nul += c == '\0';
			counts->other++;
		}
	}
	if (over && len > 0 && at[len - 1] == '\032')
		counts->other--;
}

static bool
is_binary(const struct counts *counts)
{
	return counts->lone_cr > 0 || counts->nul > 0 ||
	    (counts->printable >> 7) < counts->other;
}

/* Pieces overlap where a CR or a keyword might be cut in two. */
static bool
count_file(struct counts *counts, int fd)
{
	enum { PIECE = 1 << 16, KEYWORD = 4 };
	char *piece = xcalloc(1, PIECE + KEYWORD);
	size_t kept = 0, used;
	off_t offset = 0;
	ssize_t got;

	while ((got = pread(fd, piece + kept, PIECE, offset)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		offset += got;
		used = kept + (size_t)got;
		counts->ident |= memmem(piece, used, "$Id:", KEYWORD) != NULL;
		kept = used < KEYWORD ? used : KEYWORD - 1;
		/* What is kept begins no earlier than behind a whole CR LF. */
		if (used > kept && piece[used - kept - 1] == '\r' &&
		    piece[used - kept] == '\n' && kept > 0)
			kept--;
		count(counts, piece, used - kept, false);
		memmove(piece, piece + used - kept, kept);
	}
	count(counts, piece, kept, true);
	free(piece);
	return got == 0;
}

/* Whether the index has the file as a text with CR LF. */
static bool
has_crlf(const struct worktree *worktree, git_index *index, const char *path)
{
	const git_index_entry *entry = git_index_get_bypath(index, path, 0);
	struct counts counts = { 0 };
	git_blob *blob = NULL;

	if (entry == NULL ||
	    git_blob_lookup(&blob, worktree->repo, &entry->id) != 0)
		return false;
	count(&counts, git_blob_rawcontent(blob),
	    (size_t)git_blob_rawsize(blob), true);
	git_blob_free(blob);
	return counts.crlf > 0 && !is_binary(&counts);
}

static jv
by_git_only(const char *path, const char *what)
{
	return error_value("input",
	    "%s: %s, which only git can do: git add it, git commit and git "
	    "push, and then this tool has only to check",
	    path, what);
}

static jv
by_attribute(const char *path, const char *name, const char *value)
{
	char *what = git_attr_value(value) == GIT_ATTR_VALUE_STRING
	    ? xasprintf("its attribute is %s=%s", name, value)
	    : xasprintf("its attribute is %s", name);
	jv why = by_git_only(path, what);

	free(what);
	return why;
}

static bool
is_set(const char *value)
{
	git_attr_value_t kind = git_attr_value(value);

	return kind == GIT_ATTR_VALUE_TRUE || kind == GIT_ATTR_VALUE_STRING;
}

/* Does libgit2 convert a file that git converts, and may it? */
static jv
try(const struct worktree *worktree, const char *path, bool converts)
{
	git_oid raw, made;
	char *file;
	int error;

	if (git_repository_hashfile(
		&made, worktree->repo, path, GIT_OBJECT_BLOB, NULL) != 0)
		return worktree_failure("input",
		    "%s: cannot be converted: git add says what is to be done",
		    path);
	if (!converts)
		return jv_null();
	file = file_join(worktree->root, path);
	error = git_odb_hashfile(&raw, file, GIT_OBJECT_BLOB);
	free(file);
	if (error != 0)
		return worktree_failure("io", "%s", path);
	return git_oid_equal(&raw, &made)
	    ? by_git_only(path, "its line ends are to be converted")
	    : jv_null();
}

/*
 * Whether libgit2 reads a file of attributes as git does: it takes a pattern
 * with '!' in front, which git passes over, for all other files, and does not
 * know patterns in quotes.
 */
static jv
check_attributes(const char *file)
{
	struct buf text = { 0 };
	char *line, *rest;
	jv why = jv_null();

	jv_free(file_read(file, INT_MAX, &text)); /* or it is not there */
	rest = text.at;
	while (rest != NULL && (line = strsep(&rest, "\n")) != NULL) {
		line += strspn(line, " \t");
		if ((*line != '!' && *line != '"') || !jv_is_valid(why))
			continue;
		why = error_value("input",
		    "%s: a line begins with '%c', which only git understands: "
		    "commit and push with git",
		    file, *line);
	}
	buf_release(&text);
	return why;
}

/* Those that hold for all files. */
static jv
check_common(const struct worktree *worktree)
{
	char *info = file_join(
	    git_repository_commondir(worktree->repo), "info/attributes");
	char *set = worktree_path(worktree, "core.attributesFile");
	jv why = check_attributes(info);

	if (jv_is_valid(why) && set != NULL)
		why = check_attributes(set);
	free(info);
	free(set);
	return why;
}

static jv
check_folder(const char *file)
{
	struct stat st;

	if (lstat(file, &st) != 0)
		return jv_null();
	if (S_ISLNK(st.st_mode))
		return error_value("input",
		    "%s: a symbolic link, which git does not follow: commit "
		    "and push with git",
		    file);
	return check_attributes(file);
}

/* Those of the path's folders, once for the files of one folder. */
static jv
check_folders(
    const struct worktree *worktree, struct text_rules *rules, const char *path)
{
	const char *name = strrchr(path, '/'), *at = path;
	char *folder = xstrndup(path, name != NULL ? (size_t)(name - path) : 0);
	jv why = jv_null();

	if (rules->folder != NULL && strcmp(rules->folder, folder) == 0) {
		free(folder);
		return why;
	}
	if (rules->folder == NULL)
		why = check_common(worktree);
	while (jv_is_valid(why) && at != NULL) {
		char *file = xasprintf("%s%.*s.gitattributes", worktree->root,
		    (int)(at - path), path);

		why = check_folder(file);
		free(file);
		at = strchr(at, '/');
		at += at != NULL;
	}
	free(rules->folder);
	rules->folder = folder;
	return why;
}

jv
text_check(const struct worktree *worktree, struct text_rules *rules,
    git_index *index, const char *path, int fd, bool *raw)
{
	static const char *names[ATTRS] = { "filter", "working-tree-encoding",
		"text", "crlf", "eol", "ident" };
	const char *values[ATTRS];
	struct counts counts = { 0 };
	enum action action;
	bool converts;
	jv why;

	*raw = false;
	why = check_folders(worktree, rules, path);
	if (!jv_is_valid(why))
		return why;
	if (git_attr_get_many(values, worktree->repo,
		GIT_ATTR_CHECK_FILE_THEN_INDEX, path, ATTRS, names) != 0)
		return worktree_failure("input", "%s: its attributes", path);
	for (int i = FILTER; i <= ENCODING; i++)
		if (is_set(values[i]))
			return by_attribute(path, names[i], values[i]);
	action = decide(rules, values);
	if (action == BINARY && !is_set(values[IDENT]))
		return jv_null();
	if (!count_file(&counts, fd))
		return error_value("io", "%s: %s", path, strerror(errno));
	if (git_attr_value(values[IDENT]) == GIT_ATTR_VALUE_TRUE &&
	    counts.ident)
		return by_git_only(path, "it has an expanded $Id$");
	if (action == BINARY)
		return jv_null();
	converts = counts.crlf > 0;
	if (action == AUTO && counts.crlf + counts.lone_cr > 0 &&
	    (is_binary(&counts) || has_crlf(worktree, index, path))) {
		*raw = true;
		converts = false;
	}
	return converts || (rules->safecrlf && !*raw)
	    ? try(worktree, path, converts)
	    : jv_null();
}
