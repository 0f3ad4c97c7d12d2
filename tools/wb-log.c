/* SPDX-License-Identifier: MIT */
/*
 * wb-log - log metrics to a W&B run
 *
 * in:  metrics, an object a line
 * out: {"run": "...", "url": "..."} at once, and what became of it at the end
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jv.h>

#include "cli.h"
#include "clock.h"
#include "config.h"
#include "mem.h"
#include "wandb/logrun.h"
#include "wandb/logspool.h"
#include "wandb/runargs.h"

static const char help[] =
    "usage: wb-log [-hVv] [--timeout=TIME] [-e ENTITY] [-p PROJECT] [--id=ID]\n"
    "              [--resume] [--name=NAME] [--notes=TEXT]\n"
    "              [--config=KEY=VALUE|@FILE] [--tag=TAG] [--group=GROUP]\n"
    "              [--job-type=TYPE] [--define=KEY:min|max|mean|last]\n"
    "              [--offline=DIR] [--batch=N] [--interval=TIME]\n"
    "              [--exit-status=N] [--strict] < metrics.ndjson\n"
    "Log metrics, a JSON object a line, to a W&B run; nothing is lost.\n"
    "\n"
    "  -e, --entity=ENTITY    the entity (WANDB_ENTITY, the account's)\n"
    "  -p, --project=PROJECT  the project (WANDB_PROJECT)\n"
    "      --id=ID            the run id (one at random)\n"
    "      --resume           go on with that run\n"
    "      --name=NAME        the display name\n"
    "      --notes=TEXT       the notes\n"
    "      --config=KEY=VALUE a key of the config, or @FILE: an object of "
    "them;\n"
    "                         may be repeated\n"
    "      --tag=TAG          a tag; may be repeated\n"
    "      --group=GROUP      the group\n"
    "      --job-type=TYPE    the job type\n"
    "      --define=KEY:HOW   the summary of KEY is its min, max, mean or "
    "last;\n"
    "                         may be repeated\n"
    "      --offline=DIR      only write a run folder below DIR\n"
    "      --batch=N          send at most N rows at once (100)\n"
    "      --interval=TIME    send at least every TIME (5s)\n"
    "      --exit-status=N    the run's exit code at the end (0)\n"
    "      --strict           end at a line that cannot be logged\n";

enum {
	OPT_ID = 256,
	OPT_RESUME,
	OPT_NAME,
	OPT_NOTES,
	OPT_CONFIG,
	OPT_TAG,
	OPT_GROUP,
	OPT_JOB_TYPE,
	OPT_DEFINE,
	OPT_OFFLINE,
	OPT_BATCH,
	OPT_INTERVAL,
	OPT_EXIT_STATUS,
	OPT_STRICT
};

static const struct option longopts[] = {
	{ "entity", required_argument, NULL, 'e' },
	{ "project", required_argument, NULL, 'p' },
	{ "id", required_argument, NULL, OPT_ID },
	{ "resume", no_argument, NULL, OPT_RESUME },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "notes", required_argument, NULL, OPT_NOTES },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "tag", required_argument, NULL, OPT_TAG },
	{ "group", required_argument, NULL, OPT_GROUP },
	{ "job-type", required_argument, NULL, OPT_JOB_TYPE },
	{ "define", required_argument, NULL, OPT_DEFINE },
	{ "offline", required_argument, NULL, OPT_OFFLINE },
	{ "batch", required_argument, NULL, OPT_BATCH },
	{ "interval", required_argument, NULL, OPT_INTERVAL },
	{ "exit-status", required_argument, NULL, OPT_EXIT_STATUS },
	{ "strict", no_argument, NULL, OPT_STRICT },
	{ 0 },
};

enum {
	INTERVAL_MOST = 20, /* seconds: a line is there within 30 */
	ID_LENGTH = 8
};

static struct logrun_options options = { .batch = 100, .interval = 5 };
static const char *offline; /* the folder of --offline */

static void
take_setting(int opt)
{
	switch (opt) {
	case OPT_RESUME:
		options.resume = true;
		break;
	case OPT_DEFINE:
		if (!logrows_define(options.rows, optarg))
			cli_wrong("--define: \"%s\": give KEY:min, max, mean "
				  "or last",
			    optarg);
		break;
	case OPT_OFFLINE:
		if (*optarg == '\0')
			cli_wrong("--offline is empty");
		offline = optarg;
		break;
	case OPT_BATCH:
		options.batch = (int)cli_number("--batch", optarg, 1, 1000000);
		break;
	case OPT_INTERVAL:
		options.interval = cli_seconds("--interval", optarg);
		if (options.interval > INTERVAL_MOST)
			cli_wrong("--interval: at most %d s", INTERVAL_MOST);
		break;
	case OPT_EXIT_STATUS:
		options.exit_code =
		    (int)cli_number("--exit-status", optarg, 0, 255);
		break;
	case OPT_STRICT:
		options.strict = true;
		break;
	}
}

static void
take_option(int opt)
{
	struct run_params *params = &options.params;

	switch (opt) {
	case 'e':
		run_arg_part(&params->entity, "--entity", optarg);
		break;
	case 'p':
		run_arg_part(&params->project, "--project", optarg);
		break;
	case OPT_ID:
		run_arg_id(&params->run_id, optarg);
		break;
	case OPT_NAME:
		run_arg(&params->display_name, "--name", optarg);
		break;
	case OPT_NOTES:
		run_arg(&params->notes, "--notes", optarg);
		break;
	case OPT_CONFIG:
		run_arg_config(options.config, optarg);
		break;
	case OPT_TAG:
		run_arg_tag(params, optarg);
		break;
	case OPT_GROUP:
		run_arg(&params->group, "--group", optarg);
		break;
	case OPT_JOB_TYPE:
		run_arg(&params->job_type, "--job-type", optarg);
		break;
	default:
		take_setting(opt);
	}
}

/* What the options left open. */
static void
fill_in(const char *entity, const char *project)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	struct run_params *params = &options.params;
	char id[ID_LENGTH + 1] = "", host[256] = "";

	if (params->entity == NULL && entity != NULL)
		run_arg_part(&params->entity, "WANDB_ENTITY", entity);
	if (params->project == NULL && project != NULL)
		run_arg_part(&params->project, "WANDB_PROJECT", project);
	if (params->project == NULL)
		cli_wrong("no project: give -p or set WANDB_PROJECT");
	if (options.resume && params->run_id == NULL)
		cli_wrong("--resume needs --id");
	for (int i = 0; i < ID_LENGTH; i++)
		id[i] = letters[arc4random_uniform(sizeof letters - 1)];
	if (params->run_id == NULL)
		params->run_id = xstrdup(id);
	if (gethostname(host, sizeof host - 1) == 0 && *host != '\0')
		params->host = xstrdup(host);
}

int
main(int argc, char *argv[])
{
	const struct wandb_config *config;
	char *spools = NULL;
	int opt, status;

	cli_init(argv[0], help);
	run_params_init(&options.params);
	options.config = tree_new();
	options.start = clock_now();
	options.rows = logrows_new(options.start);
	while ((opt = cli_getopt(argc, argv, "e:p:", longopts)) != -1)
		take_option(opt);
	if (argv[optind] != NULL)
		cli_wrong("%s: metrics come on standard input", argv[optind]);
	if (isatty(STDIN_FILENO))
		cli_wrong("standard input is a terminal: give metrics there");
	options.timeout = cli_timeout(300);
	if (offline != NULL) {
		fill_in(
		    config_env("WANDB_ENTITY"), config_env("WANDB_PROJECT"));
		options.dir = offline;
	} else {
		options.wandb = wandb_open();
		config = wandb_config_of(options.wandb);
		fill_in(config->entity, config->project);
		options.dir = spools = logspool_dir();
	}
	status = logrun(&options);
	if (options.wandb != NULL)
		wandb_close(options.wandb);
	run_params_release(&options.params);
	tree_free(options.config);
	logrows_free(options.rows);
	free(spools);
	return status;
}
