/* SPDX-License-Identifier: MIT */
/*
 * wb-artifact - put, get and list W&B artifacts
 *
 * in:  put: {"path": "a file, a folder or a reference"}
 *      get, ls: {"artifact": "entity/project/name:alias"}
 * out: put, get: the same record with "artifact" (entity/project/name:vN),
 *      "version", "digest" and more; ls: a record for each collection, version
 *      or file
 */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jv.h>

#include "cli.h"
#include "clock.h"
#include "globs.h"
#include "http.h"
#include "json.h"
#include "mem.h"
#include "ndjson.h"
#include "record.h"
#include "wandb/artifactget.h"
#include "wandb/artifactls.h"
#include "wandb/artifactput.h"

static const char help[] =
    "usage: wb-artifact put [-hnVv] [-j N] [option ...] [path ...]\n"
    "       wb-artifact get [-hVv] [-j N] [option ...] [artifact ...]\n"
    "       wb-artifact ls [-hVv] [-j N] [option ...] [project|artifact ...]\n"
    "Put, get and list W&B artifacts.\n"
    "\n"
    "  -n, --dry-run           put: measure and look, but send nothing\n"
    "  -e, --entity=ENTITY     the entity that a name does not say\n"
    "  -p, --project=PROJECT   the project, likewise\n"
    "      --type=TYPE         put: its type (dataset); ls: only of that one\n"
    "      --name=NAME         put: its name (the last part of the path)\n"
    "      --alias=ALIAS       put: an alias (latest); may be repeated\n"
    "      --metadata=JSON     put: its metadata, an object\n"
    "      --description=TEXT  put: its description\n"
    "      --run=RUN           put: the run that made it\n"
    "  -o, --output=DIR        get: into DIR (artifacts/NAME:vN)\n"
    "      --include=GLOB      only files whose names match; may be repeated\n"
    "      --exclude=GLOB      no files whose names match; may be repeated\n";

enum { AT_ONCE = 128 }; /* transfers; as the official client */
/* The commands, whose bits the options that only some take have. */
enum { PUT = 1 << 8, GET = 1 << 9, LS = 1 << 10 };
enum { OPT_NAME = PUT, OPT_ALIAS, OPT_METADATA, OPT_DESCRIPTION, OPT_RUN };
enum { OPT_TYPE = PUT | LS, OPT_INCLUDE = PUT | GET | LS, OPT_EXCLUDE };

static const struct option longopts[] = {
	{ "dry-run", no_argument, NULL, 'n' },
	{ "entity", required_argument, NULL, 'e' },
	{ "project", required_argument, NULL, 'p' },
	{ "type", required_argument, NULL, OPT_TYPE },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "alias", required_argument, NULL, OPT_ALIAS },
	{ "metadata", required_argument, NULL, OPT_METADATA },
	{ "description", required_argument, NULL, OPT_DESCRIPTION },
	{ "run", required_argument, NULL, OPT_RUN },
	{ "output", required_argument, NULL, 'o' },
	{ "include", required_argument, NULL, OPT_INCLUDE },
	{ "exclude", required_argument, NULL, OPT_EXCLUDE },
	{ 0 },
};

static struct globs include, exclude;

static bool
is_wanted(const char *name)
{
	return (include.count == 0 || globs_match(&include, name)) &&
	    !globs_match(&exclude, name);
}

static struct wandb *wandb;
static const char *entity, *project, *run;
static struct artifact_put put = {
	.type = "dataset", .include = &include, .exclude = &exclude
};
static struct artifact_get get = { .wanted = is_wanted };
static struct artifact_ls ls = { .wanted = is_wanted };
static struct artifact_name run_name;
static int takers = PUT | GET | LS; /* those that take all options given */

/* --timeout from now on; NULL without one. */
static const struct deadline *
limit(void)
{
	static struct deadline deadline;

	deadline = deadline_in(cli_timeout(INFINITY));
	return isinf(deadline.at) ? NULL : &deadline;
}

/* What is learnt of an artifact; artifact is get's and ls' key. */
static jv
forget(jv rec)
{
	static const char *const own[] = { "version", "digest", "type", "state",
		"aliases", "files", "bytes", "created_at", "run", "unchanged",
		"output_dir", "fetched", "references", NULL };

	return record_forget(rec, own);
}

static jv
put_one(jv rec)
{
	char *path = xstrdup(record_str(rec, "path"));
	struct artifact_put this = put;

	this.dry_run |= record_true(rec, "dry_run");
	rec = record_drop(forget(rec), "artifact");
	rec = artifact_put(wandb, &this, path, limit(), rec);
	free(path);
	return rec;
}

static jv
get_one(jv rec)
{
	if (record_true(rec, "dry_run")) /* nothing was put */
		return rec;
	return artifact_get(wandb, &get, limit(), forget(rec));
}

static jv
ls_one(jv rec)
{
	jv why;

	if (record_true(rec, "dry_run"))
		return rec;
	why = artifact_ls(
	    wandb, &ls, record_str(rec, "artifact"), limit(), ndjson_write);
	if (!jv_is_valid(why))
		return record_error(rec, why);
	jv_free(why);
	jv_free(rec);
	return jv_invalid();
}

/* One folder is for one artifact: one worker sees them all. */
static void
group(jv rec, struct ndjson_group *its)
{
	(void)rec;
	its->name = get.folder != NULL ? xstrdup(get.folder) : NULL;
}

/* The name of an entity, a project, a type, an alias. */
static const char *
word(const char *option, const char *text)
{
	if (*text == '\0' || strpbrk(text, "/:") != NULL ||
	    !json_is_utf8(span_of(text)))
		cli_wrong("%s: \"%s\" is no word", option, text);
	return text;
}

static void
take_metadata(const char *text)
{
	struct json_value value;
	struct json_fault fault;

	if (!json_value(span_of(text), 0, &value, &fault) ||
	    value.type != JSON_OBJECT)
		cli_wrong("--metadata: \"%s\" is no JSON object", text);
	put.metadata = text;
}

static void
read_options(int argc, char *argv[])
{
	int opt;

	while ((opt = cli_getopt(argc, argv, "ne:p:o:", longopts)) != -1) {
		takers &= opt > UCHAR_MAX ? opt : takers;
		switch (opt) {
		case 'n':
			takers &= PUT;
			put.dry_run = true;
			break;
		case 'e':
			entity = word("-e", optarg);
			break;
		case 'p':
			project = word("-p", optarg);
			break;
		case 'o':
			takers &= GET;
			get.folder = optarg;
			break;
		case OPT_TYPE:
			put.type = ls.type = word("--type", optarg);
			break;
		case OPT_NAME:
			put.name = optarg;
			break;
		case OPT_ALIAS:
			put.aliases = jv_array_append(
			    put.aliases, jv_string(word("--alias", optarg)));
			break;
		case OPT_METADATA:
			take_metadata(optarg);
			break;
		case OPT_DESCRIPTION:
			if (!json_is_utf8(span_of(optarg)))
				cli_wrong("--description: no UTF-8");
			put.description = optarg;
			break;
		case OPT_RUN:
			run = optarg;
			break;
		case OPT_INCLUDE:
			globs_add(&include, optarg);
			break;
		case OPT_EXCLUDE:
			globs_add(&exclude, optarg);
			break;
		}
	}
}

static void
prepare_put(int operands)
{
	const char *bad = put.name ? artifact_name_refuse(put.name) : NULL;
	jv why;

	if (jv_array_length(jv_copy(put.aliases)) == 0)
		put.aliases = jv_array_append(put.aliases, jv_string("latest"));
	if (bad != NULL)
		cli_wrong("--name: \"%s\": %s", put.name, bad);
	if (put.name != NULL && operands > 1)
		cli_wrong("--name is for one artifact, not %d", operands);
	if (run != NULL) {
		why = artifact_name_parse(&run_name, run, entity, project);
		if (!jv_is_valid(why) || run_name.alias != NULL)
			cli_wrong("--run: \"%s\": give ENTITY/PROJECT/ID", run);
		jv_free(why);
		put.run = run_name.name;
		entity = run_name.entity;
		project = run_name.project;
	}
	if (project == NULL)
		cli_wrong("no project: give one with -p or WANDB_PROJECT");
}

int
main(int argc, char *argv[])
{
	static const struct {
		const char *name;
		struct ndjson_tool tool;
	} commands[] = { { "put", { .key = "path", .work = put_one } },
		{ "get",
		    { .key = "artifact", .work = get_one, .group = group } },
		{ "ls", { .key = "artifact", .work = ls_one } } };
	const char *command;
	int status, which = 0;

	cli_init(argv[0], help);
	put.aliases = jv_array();
	read_options(argc, argv);
	command = optind < argc ? argv[optind] : "";
	while (which < 3 && strcmp(commands[which].name, command) != 0)
		which++;
	if (which == 3)
		cli_wrong("\"%s\" is none of put, get, ls", command);
	if ((takers & PUT << which) == 0)
		cli_wrong("%s takes not all of these options", command);
	optind++;
	if (get.folder != NULL && *get.folder == '\0')
		cli_wrong("the name of the folder is empty");
	http_allow(AT_ONCE);
	wandb = wandb_open();
	if (entity == NULL)
		entity = wandb_config_of(wandb)->entity;
	if (project == NULL)
		project = wandb_config_of(wandb)->project;
	if (which == 0)
		prepare_put(argc - optind);
	put.entity = ls.entity = get.entity = entity;
	put.project = ls.project = get.project = project;
	status = ndjson_run(&commands[which].tool, argv + optind);
	artifact_name_release(&run_name);
	free(get.holds);
	wandb_close(wandb);
	globs_release(&include);
	globs_release(&exclude);
	jv_free(put.aliases);
	return status;
}
