/* SPDX-License-Identifier: MIT */
/*
 * git/exchange - what is said over a link: gitprotocol-pack(5), version 0
 *
 * All is in packets: four hex digits with their own length and that of what
 * follows, or "0000" for the end of a list (gitprotocol-common(5)).
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "git/exchange.h"
#include "git/program.h"
#include "git/treediff.h"
#include "mem.h"
#include "record.h"

enum {
	LEAST = 4,           /* a packet's own length */
	OID = 40,            /* hex digits */
	WORDS_MOST = 1 << 16 /* bytes of messages that are kept */
};

/* ---- packets ---- */

/* Reads a packet into line, without its length; *end if it ends a list. */
static jv
read_packet(struct link *link, struct buf *line, bool *end)
{
	char head[LEAST + 1] = "";
	size_t len;
	jv error = link_read(link, head, LEAST);

	if (!jv_is_valid(error))
		return error;
	buf_clear(line);
	for (int i = 0; i < LEAST; i++)
		if (!isxdigit((unsigned char)head[i]))
			return error_value("rejected",
			    "what the remote says is not git's protocol");
	len = strtoul(head, NULL, 16);
	*end = len == 0;
	if (len == 0)
		return jv_null();
	if (len < LEAST)
		return error_value(
		    "rejected", "what the remote says is not git's protocol");
	buf_reserve(line, len);
	error = link_read(link, line->at, len - LEAST);
	if (jv_is_valid(error)) {
		line->len = len - LEAST;
		line->at[line->len] = '\0';
	}
	return error;
}

/* ---- what is there ---- */

/* Whether name is among the words behind the first NUL. */
static bool
can(const char *words, const char *name)
{
	size_t len = strlen(name);

	while (*words != '\0') {
		size_t word = strcspn(words, " \n");

		if (word >= len && strncmp(words, name, len) == 0 &&
		    (word == len || words[len] == '='))
			return true;
		words += word + strspn(words + word, " \n");
	}
	return false;
}

static jv
take_abilities(struct exchange_advert *advert, const char *words)
{
	const char *format = strstr(words, "object-format=");

	advert->reports = can(words, "report-status");
	advert->sideband = can(words, "side-band-64k");
	advert->quiet = can(words, "quiet");
	if (format != NULL && strncmp(format, "object-format=sha1", 18) != 0)
		return error_value(
		    "input", "the remote has objects of another hash");
	return jv_null();
}

/* Keeps oid if the commit is here, so that what it has is not sent. */
static void
note_object(struct exchange_advert *advert, const git_oid *oid, git_odb *odb)
{
	size_t len;
	git_object_t type;

	/* Without a look for new packs for each that is not here. */
	if (odb == NULL ||
	    !git_odb_exists_ext(odb, oid, GIT_ODB_LOOKUP_NO_REFRESH) ||
	    git_odb_read_header(&len, &type, odb, oid) != 0 ||
	    type != GIT_OBJECT_COMMIT)
		return;
	if ((advert->count & (advert->count + 1)) == 0)
		advert->has = xreallocarray(
		    advert->has, 2 * (advert->count + 1), sizeof *advert->has);
	advert->has[advert->count++] = *oid;
}

/* One line: "OID NAME", with abilities behind a NUL in the first. */
static jv
take_line(struct exchange_advert *advert, struct buf *line, bool *first,
    const char *ref, git_odb *odb)
{
	char *name = line->at + OID + 1;
	git_oid oid;
	jv error = jv_null();

	if (line->len > 0 && line->at[line->len - 1] == '\n')
		line->at[--line->len] = '\0';
	if (line->len > 4 && strncmp(line->at, "ERR ", 4) == 0)
		return error_value("rejected", "the remote: %s", line->at + 4);
	if (strncmp(line->at, "version ", 8) == 0 ||
	    strncmp(line->at, "shallow ", 8) == 0)
		return jv_null();
	if (line->len < OID + 2 || line->at[OID] != ' ' ||
	    git_oid_fromstrn(&oid, line->at, OID) != 0)
		return error_value(
		    "rejected", "what the remote says is not git's protocol");
	if (*first && strlen(line->at) < line->len)
		error = take_abilities(advert, line->at + strlen(line->at) + 1);
	*first = false;
	if (strcmp(name, ref) == 0) {
		advert->found = true;
		advert->oid = oid;
	}
	if (!git_oid_is_zero(&oid))
		note_object(advert, &oid, odb);
	return error;
}

jv
exchange_advert(struct link *link, const char *ref, git_repository *repository,
    struct exchange_advert *advert)
{
	struct buf line = { 0 };
	git_odb *odb = NULL;
	bool end = false, first = true;
	jv error = jv_null();

	*advert = (struct exchange_advert){ 0 };
	if (repository != NULL && git_repository_odb(&odb, repository) != 0)
		return error_value("io", "the repository has no objects");
	while (jv_is_valid(error) && !end) {
		jv_free(error);
		error = read_packet(link, &line, &end);
		if (jv_is_valid(error) && !end) {
			jv_free(error);
			error = take_line(advert, &line, &first, ref, odb);
		}
	}
	git_odb_free(odb);
	buf_release(&line);
	if (jv_is_valid(error))
		link_welcome(link);
	return error;
}

void
exchange_advert_release(struct exchange_advert *advert)
{
	free(advert->has);
	*advert = (struct exchange_advert){ 0 };
}

void
exchange_leave(struct link *link)
{
	jv_free(link_write(link, "0000", LEAST)); /* it is over either way */
}

/* ---- a push ---- */

/* What libgit2 says of its failure, if it does: it may be of an earlier one. */
static jv
pack_error(const char *what)
{
	const git_error *error = git_error_last();

	return error_value("io", "%s: %s", what,
	    error != NULL && error->message != NULL ? error->message
						    : "libgit2 failed");
}

struct pack_writer {
	struct link *link;
	jv error;
};

static int
write_pack(void *bytes, size_t len, void *context)
{
	struct pack_writer *writer = context;

	jv_free(writer->error);
	writer->error = link_write(writer->link, bytes, len);
	return jv_is_valid(writer->error) ? 0 : GIT_EUSER;
}

/* Submodules' commits are elsewhere. */
static int
insert_entry(
    void *context, const git_tree_entry *left, const git_tree_entry *right)
{
	(void)left;
	return right == NULL || git_tree_entry_type(right) == GIT_OBJECT_COMMIT
	    ? 0
	    : git_packbuilder_insert(context, git_tree_entry_id(right), NULL);
}

/*
 * A commit with what its first parent has not: that is there, or is sent, too.
 * (git_packbuilder_insert_walk() reads the whole tree of the parent.)
 */
static int
insert_commit(
    git_packbuilder *pack, git_repository *repository, const git_oid *id)
{
	git_commit *commit = NULL, *parent = NULL;
	int error = git_commit_lookup(&commit, repository, id);

	if (error == 0 && git_commit_parentcount(commit) > 0)
		error = git_commit_parent(&parent, commit, 0);
	if (error == 0)
		error = git_packbuilder_insert(pack, id, NULL);
	if (error == 0)
		error = git_packbuilder_insert(
		    pack, git_commit_tree_id(commit), NULL);
	if (error == 0)
		error = treediff(repository,
		    parent != NULL ? git_commit_tree_id(parent) : NULL,
		    git_commit_tree_id(commit), insert_entry, pack);
	git_commit_free(parent);
	git_commit_free(commit);
	return error;
}

/* Sends the commits up to new that the remote does not have, and theirs. */
static jv
send_pack(struct link *link, git_repository *repository,
    const struct exchange_advert *advert, const git_oid *new)
{
	struct pack_writer writer = { link, jv_null() };
	git_revwalk *walk = NULL;
	git_packbuilder *pack = NULL;
	git_oid id;
	int bad, next = 0;

	git_error_clear();
	bad = git_packbuilder_new(&pack, repository) != 0 ||
	    git_revwalk_new(&walk, repository) != 0 ||
	    git_revwalk_push(walk, new) != 0;
	for (size_t i = 0; !bad && i < advert->count; i++)
		bad = git_revwalk_hide(walk, &advert->has[i]) != 0;
	if (!bad) {
		git_packbuilder_set_threads(pack, 0);
		while (!bad && (next = git_revwalk_next(&id, walk)) == 0)
			bad = insert_commit(pack, repository, &id) != 0;
		bad = bad || next != GIT_ITEROVER;
	}
	if (!bad)
		bad = git_packbuilder_foreach(pack, write_pack, &writer) != 0;
	if (bad && jv_is_valid(writer.error)) {
		jv_free(writer.error);
		writer.error = pack_error("the pack to push");
	}
	git_packbuilder_free(pack);
	git_revwalk_free(walk);
	return writer.error;
}

static jv
send_command(struct link *link, const char *ref,
    const struct exchange_advert *advert, const git_oid *old,
    const git_oid *new)
{
	char from[OID + 1], to[OID + 1];
	struct buf line = { 0 };
	char head[LEAST + 1];
	jv error;

	git_oid_tostr(from, sizeof from, old);
	git_oid_tostr(to, sizeof to, new);
	buf_addf(&line, "%s %s %s", from, to, ref);
	buf_addc(&line, '\0');
	buf_addf(&line, " report-status%s%s agent=" PACKAGE_NAME "/%s",
	    advert->sideband ? " side-band-64k" : "",
	    advert->quiet ? " quiet" : "", PACKAGE_VERSION);
	(void)snprintf(head, sizeof head, "%04zx", line.len + LEAST);
	error = link_write(link, head, LEAST);
	if (jv_is_valid(error))
		error = link_write(link, line.at, line.len);
	if (jv_is_valid(error))
		error = link_write(link, "0000", LEAST);
	buf_release(&line);
	return error;
}

/* Reads the answer: its report, and what people are told. */
static jv
read_answer(
    struct link *link, bool sideband, struct buf *report, struct buf *words)
{
	struct buf line = { 0 };
	bool end = false;
	jv error = jv_null();

	while (!end) {
		error = read_packet(link, &line, &end);
		if (!jv_is_valid(error))
			break;
		if (end || line.len == 0)
			continue;
		if (!sideband) {
			buf_addf(report, "%s%s", line.at,
			    line.at[line.len - 1] == '\n' ? "" : "\n");
		} else if (*line.at == 1) {
			buf_add(report, line.at + 1, line.len - 1);
		} else if (words->len < WORDS_MOST) {
			buf_add(words, line.at + 1, line.len - 1);
		}
		if (sideband && *line.at == 3)
			break; /* the remote ended in an error of its own */
	}
	buf_release(&line);
	return error;
}

/* The lines of a report that came within sideband packets, packets again. */
static void
unpack_report(struct buf *report)
{
	struct buf lines = { 0 };
	size_t at = 0, len;

	while (report->len - at >= LEAST) {
		char head[LEAST + 1] = "";

		memcpy(head, report->at + at, LEAST);
		len = strtoul(head, NULL, 16);
		if (len <= LEAST || len > report->len - at)
			break; /* "0000", or what is none */
		buf_add(&lines, report->at + at + LEAST, len - LEAST);
		if (lines.at[lines.len - 1] != '\n')
			buf_addc(&lines, '\n');
		at += len;
	}
	buf_release(report);
	*report = lines;
}

/* What a report says of ref: jv_null(), rejected, or unavailable if nothing. */
static jv
judge_report(struct buf *report, const char *ref, const char *said)
{
	char *good = xasprintf("ok %s\n", ref);
	char *bad = xasprintf("ng %s ", ref);
	const char *text = report->at != NULL ? report->at : "";
	const char *refusal = strstr(text, bad);
	const char *unpack = strncmp(text, "unpack ", 7) == 0 ? text + 7 : "";
	const char *colon = *said != '\0' ? ": " : "";
	jv error;

	if (strncmp(unpack, "ok\n", 3) == 0 && strstr(unpack, good) != NULL)
		error = jv_null();
	else if (*unpack != '\0' && strncmp(unpack, "ok\n", 3) != 0)
		error = error_value("rejected",
		    "the remote could not take the objects (%.*s)%s%s",
		    (int)strcspn(unpack, "\n"), unpack, colon, said);
	else if (refusal != NULL)
		error = error_value("rejected", "the remote refused: %.*s%s%s",
		    (int)strcspn(refusal + strlen(bad), "\n"),
		    refusal + strlen(bad), colon, said);
	else
		error = error_value("unavailable",
		    "the remote did not say what it did%s%s", colon, said);
	free(good);
	free(bad);
	return error;
}

jv
exchange_push(struct link *link, const char *ref, git_repository *repository,
    const struct exchange_advert *advert, const git_oid *old,
    const git_oid *new)
{
	struct buf report = { 0 }, words = { 0 };
	char *said;
	jv error = send_command(link, ref, advert, old, new);

	if (jv_is_valid(error))
		error = send_pack(link, repository, advert, new);
	if (jv_is_valid(error))
		error = link_turn(link);
	if (!jv_is_valid(error))
		return error;
	error = read_answer(link, advert->sideband, &report, &words);
	said = program_one_line(words.at != NULL ? words.at : "", words.len);
	if (*said != '\0')
		verbose("the remote: %s", said);
	if (advert->sideband)
		unpack_report(&report);
	if (jv_is_valid(error) || report.len > 0 || *said != '\0') {
		jv_free(error);
		error = judge_report(&report, ref, said);
	}
	free(said);
	buf_release(&report);
	buf_release(&words);
	return error;
}
