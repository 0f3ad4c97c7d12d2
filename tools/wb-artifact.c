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
#include <math.h>
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
    "usage: wb-artifact put [-hnVv] [-j N] [--timeout=TIME] [-e ENTITY]\n"
    "                   [-p PROJECT] [--type=TYPE] [--name=NAME]\n"
    "                   [--alias=ALIAS] [--metadata=JSON]\n"
    "                   [--description=TEXT] [--run=RUN] [--include=GLOB]\n"
    "                   [--exclude=GLOB] [path ...]\n"
    "       wb-artifact get [-hVv] [-j N] [--timeout=TIME] [-e ENTITY]\n"
    "                   [-p PROJECT] [-o DIR] [--include=GLOB]\n"
    "                   [--exclude=GLOB] [artifact ...]\n"
    "       wb-artifact ls [-hVv] [-j N] [--timeout=TIME] [-e ENTITY]\n"
    "                   [-p PROJECT] [--type=TYPE] [--include=GLOB]\n"
    "                   [--exclude=GLOB] [project | artifact ...]\n"
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

enum {
	OPT_TYPE = 256,
	OPT_NAME,
	OPT_ALIAS,
	OPT_METADATA,
	OPT_DESCRIPTION,
	OPT_RUN,
	OPT_INCLUDE,
	OPT_EXCLUDE
};

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

static struct wandb *wandb;
static const char *type, *entity, *project, *run;
static struct artifact_put put;
static struct artifact_get get;
static struct globs include, exclude;
static struct artifact_name run_name;

static bool
is_wanted(const char *name)
{
	return (include.count == 0 || globs_match(&include, name)) &&
	    !globs_match(&exclude, name);
}

/* --timeout from now on; NULL without one. */
static const struct deadline *
limit(struct deadline *deadline)
{
	*deadline = deadline_in(cli_timeout(INFINITY));
	return isinf(deadline->at) ? NULL : deadline;
}

static jv
put_one(jv rec)
{
	static const char *const own[] = { "artifact", "version", "digest",
		"type", "state", "aliases", "files", "bytes", "created_at",
		"run", "unchanged", NULL };
	struct artifact_put this = put;
	struct deadline deadline;
	char *path;

	this.dry_run |= record_true(rec, "dry_run");
	path = xstrdup(record_str(rec, "path"));
	rec = artifact_put(
	    wandb, &this, path, limit(&deadline), record_forget(rec, own));
	free(path);
	return rec;
}

static jv
get_one(jv rec)
{
	static const char *const own[] = { "version", "digest", "type", "state",
		"aliases", "files", "bytes", "created_at", "output_dir",
		"fetched", "references", NULL };
	static char *into; /* -o DIR holds this one */
	struct artifact_name name;
	struct deadline deadline;
	jv why;

	if (record_true(rec, "dry_run")) /* nothing was put */
		return rec;
	rec = record_forget(rec, own);
	why = artifact_name_parse(
	    &name, record_str(rec, "artifact"), entity, project);
	if (!jv_is_valid(why))
		return record_error(rec, why);
	if (get.folder != NULL && into != NULL &&
	    strcmp(into, record_str(rec, "artifact")) != 0) {
		rec = record_error(rec,
		    error_value("conflict",
			"%s holds %s: one artifact a folder", get.folder,
			into));
	} else {
		free(into);
		into = xstrdup(record_str(rec, "artifact"));
		rec = artifact_get(wandb, &get, &name, limit(&deadline), rec);
	}
	artifact_name_release(&name);
	return rec;
}

static jv
ls_one(jv rec)
{
	const char *text = record_str(rec, "artifact");
	struct artifact_name name;
	struct deadline deadline;
	const struct deadline *end = limit(&deadline);
	const char *slash = strchr(text, '/');
	bool versions = slash != NULL && strchr(slash + 1, '/') != NULL;
	jv why;

	if (record_true(rec, "dry_run"))
		return rec;
	why = versions || strchr(text, ':') != NULL
	    ? artifact_name_parse(&name, text, entity, project)
	    : artifact_name_parse_project(&name, text, entity);
	if (!jv_is_valid(why))
		return record_error(rec, why);
	jv_free(why);
	if (name.name == NULL)
		why =
		    artifact_ls_project(wandb, &name, type, end, ndjson_write);
	else if (name.alias == NULL)
		why = artifact_ls_versions(wandb, &name, end, ndjson_write);
	else
		why = artifact_ls_files(
		    wandb, &name, is_wanted, end, ndjson_write);
	artifact_name_release(&name);
	if (!jv_is_valid(why))
		return record_error(rec, why);
	jv_free(why);
	jv_free(rec);
	return jv_invalid();
}

/* A value that is not empty. */
static const char *
word(const char *option, const char *text)
{
	if (*text == '\0')
		cli_wrong("%s is empty", option);
	return text;
}

static void
take_metadata(const char *text)
{
	struct json_value value;
	struct json_fault fault;

	if (!json_value(span_of(text), 0, &value, &fault))
		cli_wrong("--metadata: %s at byte %zu", fault.why, fault.at);
	if (value.type != JSON_OBJECT)
		cli_wrong("--metadata: \"%s\" is no object", text);
	put.metadata = text;
}

static void
take_alias(const char *text)
{
	if (*text == '\0' || strpbrk(text, "/:") != NULL)
		cli_wrong("--alias: \"%s\" is none", text);
	put.aliases = jv_array_append(put.aliases, jv_string(text));
}

static void
read_options(int argc, char *argv[])
{
	int opt;

	while ((opt = cli_getopt(argc, argv, "ne:p:o:", longopts)) != -1) {
		switch (opt) {
		case 'n':
			put.dry_run = true;
			break;
		case 'e':
			entity = word("-e", optarg);
			break;
		case 'p':
			project = word("-p", optarg);
			break;
		case 'o':
			get.folder = word("-o", optarg);
			break;
		case OPT_TYPE:
			type = word("--type", optarg);
			break;
		case OPT_NAME:
			put.name = optarg;
			break;
		case OPT_ALIAS:
			take_alias(optarg);
			break;
		case OPT_METADATA:
			take_metadata(optarg);
			break;
		case OPT_DESCRIPTION:
			put.description = optarg;
			break;
		case OPT_RUN:
			run = word("--run", optarg);
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

/* What wb-artifact put needs to know before anything is done. */
static void
prepare_put(int operands)
{
	jv why;

	put.type = type != NULL ? type : "dataset";
	put.include = &include;
	put.exclude = &exclude;
	if (jv_array_length(jv_copy(put.aliases)) == 0)
		put.aliases = jv_array_append(put.aliases, jv_string("latest"));
	if (put.name != NULL && artifact_name_refuse(put.name) != NULL)
		cli_wrong("--name: \"%s\": %s", put.name,
		    artifact_name_refuse(put.name));
	if (put.name != NULL && operands > 1)
		cli_wrong("--name is for one artifact, not %d", operands);
	if (run != NULL) {
		why = artifact_name_parse(&run_name, run, entity, project);
		if (!jv_is_valid(why))
			cli_wrong("--run: \"%s\": give ENTITY/PROJECT/ID", run);
		jv_free(why);
		put.run = run_name.name;
		entity = run_name.entity;
		project = run_name.project;
	}
	if (project == NULL)
		cli_wrong("no project: give one with -p or WANDB_PROJECT");
	put.entity = entity;
	put.project = project;
}

int
main(int argc, char *argv[])
{
	static const struct {
		const char *name, *key;
		ndjson_work *work;
	} commands[] = { { "put", "path", put_one },
		{ "get", "artifact", get_one }, { "ls", "artifact", ls_one } };
	const char *command;
	size_t which = 0;
	int status;

	cli_init(argv[0], help);
	put.aliases = jv_array();
	read_options(argc, argv);
	command = optind < argc ? argv[optind] : "";
	while (which < 3 && strcmp(commands[which].name, command) != 0)
		which++;
	if (which == 3)
		cli_wrong("\"%s\" is none of put, get, ls", command);
	optind++;
	http_allow(AT_ONCE);
	wandb = wandb_open();
	if (entity == NULL)
		entity = wandb_config_of(wandb)->entity;
	if (project == NULL)
		project = wandb_config_of(wandb)->project;
	if (which == 0)
		prepare_put(argc - optind);
	get.wanted = is_wanted;
	status = ndjson_filter(
	    argv + optind, commands[which].key, commands[which].work);
	artifact_name_release(&run_name);
	wandb_close(wandb);
	globs_release(&include);
	globs_release(&exclude);
	jv_free(put.aliases);
	return status;
}
