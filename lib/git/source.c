/* SPDX-License-Identifier: MIT */
/*
 * git/source - what a repository says of a commit
 */
#include "git/source.h"

#include <git2.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "record.h"

struct git_source {
	git_repository *repo;
};

/* What libgit2 said last. */
static const char *
reason(void)
{
	const git_error *error = git_error_last();

	return error != NULL && error->message != NULL ? error->message
						       : "no reason given";
}

jv
git_source_open(struct git_source **opened, const char *path)
{
	struct git_source *source = xcalloc(1, sizeof(*source));
	int status;
	jv why = jv_null();

	*opened = NULL;
	(void)git_libgit2_init(); /* what fails shows in the next call */
	status = git_repository_open_ext(&source->repo, path, 0, NULL);
	if (status == 0) {
		*opened = source;
		return why;
	}
	why = status == GIT_ENOTFOUND
	    ? error_value("not_found", "%s: no git repository", path)
	    : error_value("input", "%s: %s", path, reason());
	git_source_close(source);
	return why;
}

void
git_source_close(struct git_source *source)
{
	if (source == NULL)
		return;
	git_repository_free(source->repo);
	git_libgit2_shutdown();
	free(source);
}

/* ---- HEAD ---- */

/* The path of a remote, which git takes from the work tree's root. */
static char *
absolute(const struct git_source *source, const char *url)
{
	const char *root = git_repository_workdir(source->repo);
	char *path, *real;

	if (root == NULL || !git_url_is_local(url) || strstr(url, "://") ||
	    url[0] == '/')
		return xstrdup(url);
	path = file_join(root, url);
	real = realpath(path, NULL);
	if (real == NULL)
		return path;
	free(path);
	return real;
}

/* url.BASE.insteadOf: the longest value that a URL begins with. */
struct rewrite {
	const char *url;
	size_t len;
	char *base;
};

static int
look_at_entry(const git_config_entry *entry, void *context)
{
	static const char start[] = "url.", end[] = ".insteadof";
	struct rewrite *rewrite = context;
	size_t name = strlen(entry->name), len;

	if (name <= strlen(start) + strlen(end) || entry->value == NULL ||
	    strncmp(entry->name, start, strlen(start)) != 0 ||
	    strcmp(entry->name + name - strlen(end), end) != 0)
		return 0;
	len = strlen(entry->value);
	if (len <= rewrite->len ||
	    strncmp(entry->value, rewrite->url, len) != 0)
		return 0;
	free(rewrite->base);
	rewrite->base = xstrndup(
	    entry->name + strlen(start), name - strlen(start) - strlen(end));
	rewrite->len = len;
	return 0;
}

/*
 * The URL of the remote of this name; NULL without one. (git_remote_lookup()
 * of libgit2 1.5.1 knows it, too, but leaks.)
 */
static char *
remote_url(const struct git_source *source, const char *name)
{
	char *key = xasprintf("remote.%s.url", name), *url = NULL;
	struct rewrite rewrite = { 0 };
	git_config *config = NULL;
	char *whole;

	if (git_repository_config_snapshot(&config, source->repo) == 0 &&
	    git_config_get_string(&rewrite.url, config, key) == 0) {
		(void)git_config_foreach(config, look_at_entry, &rewrite);
		whole =
		    xasprintf("%s%s", rewrite.base != NULL ? rewrite.base : "",
			rewrite.url + rewrite.len);
		url = absolute(source, whole);
		free(whole);
	}
	git_config_free(config);
	free(rewrite.base);
	free(key);
	return url;
}

/* Whether the commit of a reference is commit, or comes after it. */
static bool
holds(const struct git_source *source, const char *reference,
    const git_oid *commit)
{
	git_oid tip;

	return git_reference_name_to_id(&tip, source->repo, reference) == 0 &&
	    (git_oid_equal(&tip, commit) ||
		git_graph_descendant_of(source->repo, &tip, commit) == 1);
}

/*
 * The reference that a fetch from a remote sets for its branch; NULL if it sets
 * none. (git_branch_upstream_name() leaks, as git_remote_lookup() does.)
 */
static char *
tracking(
    const struct git_source *source, const char *remote, const char *branch)
{
	char *key = xasprintf("remote.%s.fetch", remote), *found = NULL;
	char *name = xasprintf("refs/heads/%s", branch);
	git_config *config = NULL;
	git_config_iterator *specs = NULL;
	git_config_entry *entry;

	if (git_repository_config_snapshot(&config, source->repo) == 0 &&
	    git_config_multivar_iterator_new(&specs, config, key, NULL) == 0) {
		while (found == NULL && git_config_next(&entry, specs) == 0) {
			git_refspec *spec = NULL;
			git_buf to = { 0 };

			if (git_refspec_parse(&spec, entry->value, 1) == 0 &&
			    git_refspec_src_matches(spec, name) &&
			    git_refspec_transform(&to, spec, name) == 0)
				found = xstrdup(to.ptr);
			git_buf_dispose(&to);
			git_refspec_free(spec);
		}
	}
	git_config_iterator_free(specs);
	git_config_free(config);
	free(name);
	free(key);
	return found;
}

/* Whether the remote's branch holds commit, as far as is known here. */
static bool
remote_holds(const struct git_source *source, const char *remote,
    const char *branch, const git_oid *commit)
{
	char *reference = tracking(source, remote, branch);
	bool held = reference != NULL && holds(source, reference, commit);

	free(reference);
	return held;
}

/* What HEAD's branch, refs/heads/..., follows. */
static void
add_upstream(const struct git_source *source, struct git_head *head,
    const char *local, const git_oid *commit)
{
	static const char heads[] = "refs/heads/";
	git_buf remote = { 0 }, merge = { 0 };

	if (git_branch_upstream_remote(&remote, source->repo, local) == 0 &&
	    git_branch_upstream_merge(&merge, source->repo, local) == 0 &&
	    strncmp(merge.ptr, heads, strlen(heads)) == 0)
		head->remote_url = remote_url(source, remote.ptr);
	if (head->remote_url != NULL) {
		free(head->branch);
		head->branch = xstrdup(merge.ptr + strlen(heads));
		head->held =
		    remote_holds(source, remote.ptr, head->branch, commit);
	}
	git_buf_dispose(&remote);
	git_buf_dispose(&merge);
}

jv
git_source_head(struct git_source *source, struct git_head *head)
{
	git_reference *at = NULL;
	char hex[GIT_OID_HEXSZ + 1];
	const git_oid *commit;

	*head = (struct git_head){ 0 };
	if (git_repository_head(&at, source->repo) != 0)
		return error_value("input", "%s: no commit to build from: %s",
		    git_repository_path(source->repo), reason());
	commit = git_reference_target(at);
	head->commit = xstrdup(git_oid_tostr(hex, sizeof(hex), commit));
	if (git_reference_is_branch(at)) {
		head->branch = xstrdup(git_reference_shorthand(at));
		add_upstream(source, head, git_reference_name(at), commit);
	}
	git_reference_free(at);
	return jv_null();
}

void
git_head_release(struct git_head *head)
{
	free(head->commit);
	free(head->branch);
	free(head->remote_url);
	*head = (struct git_head){ 0 };
}

struct asked {
	const struct git_source *source;
	char *url; /* as it is cloned */
	const char *branch;
	git_oid commit;
	enum git_held held;
};

/* Looks whether a remote is the one that is asked for, and what it holds. */
static int
ask_remote(const git_config_entry *entry, void *context)
{
	static const char start[] = "remote.", end[] = ".url";
	struct asked *asked = context;
	size_t len = strlen(entry->name);
	char *name, *own, *clone;

	if (asked->held == GIT_HELD || len <= strlen(start) + strlen(end) ||
	    strncmp(entry->name, start, strlen(start)) != 0 ||
	    strcmp(entry->name + len - strlen(end), end) != 0)
		return 0;
	name = xstrndup(
	    entry->name + strlen(start), len - strlen(start) - strlen(end));
	own = remote_url(asked->source, name);
	clone = own != NULL ? git_clone_url(own) : NULL;
	if (clone != NULL && strcmp(clone, asked->url) == 0)
		asked->held = remote_holds(asked->source, name, asked->branch,
				  &asked->commit)
		    ? GIT_HELD
		    : GIT_NOT_HELD;
	free(name);
	free(own);
	free(clone);
	return 0;
}

enum git_held
git_source_held(struct git_source *source, const char *url, const char *branch,
    const char *commit)
{
	struct asked asked = { .source = source,
		.url = git_clone_url(url),
		.branch = branch,
		.held = GIT_HELD_UNKNOWN };
	git_config *config = NULL;

	if (asked.url != NULL && git_oid_fromstr(&asked.commit, commit) == 0 &&
	    git_repository_config_snapshot(&config, source->repo) == 0)
		(void)git_config_foreach(config, ask_remote, &asked);
	git_config_free(config);
	free(asked.url);
	return asked.held;
}

/* ---- files ---- */

/* The tree of a commit, the caller's to free; NULL if there is none here. */
static git_tree *
tree_of(const struct git_source *source, const char *commit)
{
	git_tree *tree = NULL;
	git_commit *found = NULL;
	git_oid id;

	if (git_oid_fromstr(&id, commit) == 0 &&
	    git_commit_lookup(&found, source->repo, &id) == 0 &&
	    git_commit_tree(&tree, found) != 0)
		tree = NULL;
	git_commit_free(found);
	return tree;
}

enum git_found
git_source_find(struct git_source *source, const char *commit, const char *name)
{
	git_tree *tree = tree_of(source, commit);
	git_tree_entry *entry = NULL;
	bool found = false;

	if (tree == NULL)
		return GIT_NO_COMMIT;
	if (git_tree_entry_bypath(&entry, tree, name) == 0)
		found = git_tree_entry_type(entry) == GIT_OBJECT_BLOB;
	git_tree_entry_free(entry);
	git_tree_free(tree);
	return found ? GIT_FOUND : GIT_NOT_FOUND;
}

bool
git_source_is_changed(struct git_source *source, const char *name)
{
	unsigned status = 0;

	return git_status_file(&status, source->repo, name) == 0 &&
	    status != GIT_STATUS_CURRENT;
}

struct visit {
	struct git_source *source;
	size_t left; /* bytes that may still come */
	jv (*take)(void *context, const struct git_file *file);
	void *context;
	jv why;
};

/* Looks at the size first: a file may be larger than memory. */
static jv
take_blob(struct visit *visit, struct git_file *file, const git_oid *id)
{
	git_repository *repo = visit->source->repo;
	git_blob *blob = NULL;
	git_odb *odb = NULL;
	git_object_t type;
	size_t size;
	jv why;

	if (git_repository_odb(&odb, repo) != 0 ||
	    git_odb_read_header(&size, &type, odb, id) != 0) {
		why = error_value("io", "%s: %s", file->name, reason());
	} else if (size > visit->left) {
		why = error_value(
		    "input", "%s: too much to be packed", file->name);
	} else if (git_blob_lookup(&blob, repo, id) != 0) {
		why = error_value("io", "%s: %s", file->name, reason());
	} else {
		visit->left -= size;
		file->bytes = (struct span){ git_blob_rawcontent(blob), size };
		why = visit->take(visit->context, file);
	}
	git_blob_free(blob);
	git_odb_free(odb);
	return why;
}

static int
visit_entry(const char *folder, const git_tree_entry *entry, void *payload)
{
	struct visit *visit = payload;
	struct git_file file = { 0 };
	char *name;

	if (git_tree_entry_type(entry) != GIT_OBJECT_BLOB)
		return 0;
	switch (git_tree_entry_filemode(entry)) {
	case GIT_FILEMODE_LINK:
		file.kind = GIT_LINK;
		break;
	case GIT_FILEMODE_BLOB_EXECUTABLE:
		file.kind = GIT_PROGRAM;
		break;
	default:
		file.kind = GIT_FILE;
		break;
	}
	name = xasprintf("%s%s", folder, git_tree_entry_name(entry));
	file.name = name;
	visit->why = take_blob(visit, &file, git_tree_entry_id(entry));
	free(name);
	return jv_is_valid(visit->why) ? 0 : -1;
}

jv
git_source_files(struct git_source *source, const char *commit, size_t most,
    jv (*take)(void *context, const struct git_file *file), void *context)
{
	struct visit visit = { source, most, take, context, jv_null() };
	git_tree *tree = tree_of(source, commit);

	if (tree == NULL)
		return error_value("not_found", "%s: no commit %s",
		    git_repository_path(source->repo), commit);
	if (git_tree_walk(tree, GIT_TREEWALK_PRE, visit_entry, &visit) != 0 &&
	    jv_is_valid(visit.why))
		visit.why = error_value("io", "%s: %s", commit, reason());
	git_tree_free(tree);
	return visit.why;
}

/* ---- URLs ---- */

/* "host:path", as scp(1) takes it: a ':' before any '/'. */
static bool
is_scp(const char *url)
{
	return strstr(url, "://") == NULL && url[strcspn(url, ":/")] == ':';
}

bool
git_url_is_local(const char *url)
{
	return strncmp(url, "file://", 7) == 0 ||
	    (strstr(url, "://") == NULL && !is_scp(url));
}

/*
 * The host of an authority without user info, up to end, and with_port its
 * port. What is behind its ':' must be a number: else a password with a '/' in
 * it was taken for one.
 */
static bool
add_host(struct buf *out, const char *at, const char *end, bool with_port)
{
	const char *host = at, *colon;
	size_t digits;

	for (const char *c = at; c < end; c++)
		if (*c == '@')
			host = c + 1;
	at = *host == '[' ? memchr(host, ']', (size_t)(end - host)) : host;
	if (at == NULL || host == end)
		return false;
	colon = memchr(at, ':', (size_t)(end - at));
	if (colon == host)
		return false;
	if (colon != NULL) {
		digits = strspn(colon + 1, "0123456789");
		if (colon + 1 + digits != end)
			return false;
	}
	buf_add(out, host,
	    (size_t)((colon != NULL && !with_port ? colon : end) - host));
	return true;
}

char *
git_clone_url(const char *url)
{
	static const char *const ssh[] = { "ssh", "git+ssh", "ssh+git" };
	struct buf out = { 0 };
	const char *at = strstr(url, "://"), *end;
	bool is_ssh = false, good;

	if (url[0] == '\0' || url[0] == '-')
		return NULL;
	if (strncmp(url, "file://", 7) == 0 || git_url_is_local(url))
		return xstrdup(url);
	if (at == NULL) { /* host:path */
		end = url + strcspn(url, ":");
		buf_adds(&out, "https://");
		good = add_host(&out, url, end, false);
		buf_addc(&out, '/');
		buf_adds(&out, end + 1 + strspn(end + 1, "/"));
	} else {
		for (size_t i = 0; i < sizeof(ssh) / sizeof(ssh[0]); i++)
			is_ssh |= (size_t)(at - url) == strlen(ssh[i]) &&
			    strncmp(url, ssh[i], strlen(ssh[i])) == 0;
		end = at + 3 + strcspn(at + 3, "/?#");
		buf_add(&out, is_ssh ? "https" : url,
		    is_ssh ? 5 : (size_t)(at - url));
		buf_adds(&out, "://");
		/* The port of ssh is not that of https. */
		good = add_host(&out, at + 3, end, !is_ssh);
		buf_adds(&out, end);
	}
	if (good)
		return buf_take(&out);
	buf_release(&out);
	return NULL;
}
