/* SPDX-License-Identifier: MIT */
/*
 * git-remote - asks and pushes by lib/git/remote: what its tests run
 *
 * usage: git-remote [-v] [-t SECONDS] url  REPO [REMOTE]
 *                                     ask  REPO REMOTE BRANCH
 *                                     push REPO REMOTE BRANCH COMMIT [EXPECTED]
 *
 * REMOTE "": that of the repository. Prints a record: {"url": ...}, {"oid":
 * ...} (null if the branch is not there), {"pushed": true}, or one with error,
 * and then ends with status 1.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "git/remote.h"
#include "record.h"

static jv
ask(struct remote *remote, const char *branch, const struct deadline *deadline)
{
	char oid[REMOTE_OID];
	bool found;
	jv error = remote_ask(remote, branch, deadline, &found, oid);

	if (!jv_is_valid(error))
		return error;
	return jv_object_set(
	    jv_object(), jv_string("oid"), found ? jv_string(oid) : jv_null());
}

static jv
act(char *argv[], const struct deadline *deadline)
{
	const char *name = argv[2] != NULL && *argv[2] != '\0' ? argv[2] : NULL;
	struct remote *remote;
	jv value = remote_open(&remote, argv[1], name);

	if (!jv_is_valid(value))
		return value;
	jv_free(value);
	if (strcmp(argv[0], "url") == 0)
		value = record_set_str(jv_object(), "url", remote_url(remote));
	else if (strcmp(argv[0], "ask") == 0)
		value = ask(remote, argv[3], deadline);
	else
		value =
		    remote_push(remote, argv[3], argv[4], argv[5], deadline);
	if (jv_get_kind(value) == JV_KIND_NULL)
		value = record_set_bool(jv_object(), "pushed", true);
	remote_close(remote);
	return value;
}

int
main(int argc, char *argv[])
{
	struct deadline deadline = deadline_in(INFINITY);
	bool bad;
	int opt;
	jv value;

	diag_init(argv[0]);
	while ((opt = getopt(argc, argv, "vt:")) != -1) {
		if (opt == 'v')
			diag_be_verbose();
		else if (opt == 't')
			deadline = deadline_in(strtod(optarg, NULL));
		else
			return STATUS_USAGE;
	}
	if (argc - optind < 2)
		return STATUS_USAGE;
	value = act(argv + optind, &deadline);
	bad = !jv_is_valid(value);
	if (bad)
		value = record_error(jv_object(), value);
	value = jv_dump_string(value, 0);
	puts(jv_string_value(value));
	jv_free(value);
	return bad ? STATUS_RECORD : STATUS_OK;
}
