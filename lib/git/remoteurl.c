/* SPDX-License-Identifier: MIT */
/*
 * git/remoteurl - which remote, and at which URL, by git's configuration
 *
 * libgit2's own git_remote_pushurl() takes the first of several URLs.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "git/remoteurl.h"
#include "mem.h"
#include "record.h"

char *
remoteurl_setting(git_config *config, const char *name)
{
	git_buf value = { 0 };
	char *text = NULL;

	if (git_config_get_string_buf(&value, config, name) == 0 &&
	    value.size > 0)
		text = xstrdup(value.ptr);
	git_buf_dispose(&value);
	return text;
}

/* The setting SECTION.NAME.VARIABLE. */
static char *
named_setting(git_config *config, const char *section, const char *name,
    const char *variable)
{
	char *key = xasprintf("%s.%s.%s", section, name, variable);
	char *value = remoteurl_setting(config, key);

	free(key);
	return value;
}

/* The branch that is checked out, also one without a commit; or NULL. */
static char *
current_branch(git_repository *repository)
{
	git_reference *head = NULL;
	const char *target = NULL;
	char *branch = NULL;

	if (git_reference_lookup(&head, repository, "HEAD") == 0)
		target = git_reference_symbolic_target(head);
	if (target != NULL && strncmp(target, "refs/heads/", 11) == 0)
		branch = xstrdup(target + 11);
	git_reference_free(head);
	return branch;
}

char *
remoteurl_name(git_repository *repository, git_config *config)
{
	char *branch = current_branch(repository), *name = NULL;

	if (branch != NULL)
		name = named_setting(config, "branch", branch, "pushremote");
	if (name == NULL)
		name = remoteurl_setting(config, "remote.pushdefault");
	if (name == NULL && branch != NULL)
		name = named_setting(config, "branch", branch, "remote");
	free(branch);
	return name != NULL ? name : xstrdup("origin");
}

/* The first of a setting's values, and how many there are. */
struct values {
	char *first;
	int count;
};

static int
take_value(const git_config_entry *entry, void *context)
{
	struct values *values = context;

	if (values->count++ == 0)
		values->first =
		    xstrdup(entry->value != NULL ? entry->value : "");
	return 0;
}

static struct values
values_of(git_config *config, const char *name, const char *variable)
{
	char *key = xasprintf("remote.%s.%s", name, variable);
	struct values values = { 0 };

	/* None is not found, which is no error here. */
	(void)git_config_get_multivar_foreach(
	    config, key, NULL, take_value, &values);
	free(key);
	return values;
}

/* BASE, if name is url.BASE.VARIABLE; of *len bytes. Else NULL. */
static const char *
base_in(const char *name, const char *variable, size_t *len)
{
	const char *last = strrchr(name, '.');

	if (strncmp(name, "url.", 4) != 0 || last < name + 4 ||
	    strcmp(last + 1, variable) != 0)
		return NULL;
	*len = (size_t)(last - name) - 4;
	return name + 4;
}

/*
 * Replaces the beginning of *url by BASE, if url.BASE.VARIABLE is that: the
 * longest that fits. False if none does. (libgit2 1.5.1 leaks what it needs to
 * look for names by a pattern.)
 */
static bool
rewrite(git_config *config, const char *variable, char **url)
{
	git_config_iterator *all = NULL;
	git_config_entry *entry;
	size_t longest = 0, len, size;
	const char *found;
	char *base = NULL, *new;

	if (git_config_iterator_new(&all, config) == 0)
		while (git_config_next(&entry, all) == 0) {
			found = base_in(entry->name, variable, &size);
			if (found == NULL || entry->value == NULL)
				continue;
			len = strlen(entry->value);
			if (len <= longest ||
			    strncmp(*url, entry->value, len) != 0)
				continue;
			longest = len;
			free(base);
			base = xstrndup(found, size);
		}
	git_config_iterator_free(all);
	if (base == NULL)
		return false;
	new = xasprintf("%s%s", base, *url + longest);
	free(base);
	free(*url);
	*url = new;
	return true;
}

jv
remoteurl_find(git_config *config, const char *name, char **url)
{
	struct values push = values_of(config, name, "pushurl");
	struct values plain = values_of(config, name, "url");
	bool own = push.count > 0;
	int count = own ? push.count : plain.count;

	*url = NULL;
	if (own)
		*url = push.first;
	else if (count > 0)
		*url = plain.first;
	else if (strpbrk(name, "/:") != NULL)
		*url = xstrdup(name);
	if (own)
		free(plain.first);
	if (count > 1 || *url == NULL) {
		free(*url);
		*url = NULL;
		return count > 1
		    ? error_value("input",
			  "the remote %s has %d URLs to push to: git push %s",
			  name, count, name)
		    : error_value("not_found",
			  "no remote %s: git remote add %s URL", name, name);
	}
	if (own || !rewrite(config, "pushinsteadof", url))
		rewrite(config, "insteadof", url);
	return jv_null();
}
