/* SPDX-License-Identifier: MIT */
/*
 * kgl-build - write a kernel folder whose program runs a commit
 *
 * in:  {"repo": "work tree"}, or "remote_url", "branch" and "commit"
 * out: the same record with "kernel" and "kernel_dir", and the commit's
 *      "branch", "commit" and "remote_url" where it had none
 */
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <jv.h>

#include "cli.h"
#include "clock.h"
#include "git/pick.h"
#include "kaggle/kernelargs.h"
#include "kaggle/kernelfiles.h"
#include "kaggle/kernelfolder.h"
#include "kaggle/kernelname.h"
#include "ndjson.h"
#include "record.h"

static const char help[] =
    "usage: kgl-build -k OWNER/SLUG -s SCRIPT [-hVv] [-j N] [-o DIR]\n"
    "                 [OPTION ...] [repo ...]\n"
    "Write a kernel folder whose program runs a script of a commit.\n"
    "\n"
    "  -k, --kernel=OWNER/SLUG  the kernel\n"
    "  -s, --script=SCRIPT      what to run: a .py or .sh file of the commit\n"
    "  -o, --output=DIR         the folder (default: SLUG)\n"
    "      --timestamp          a kernel of its own: SLUG-YYYYMMDD-HHMMSS\n"
    "      --title=T            its title (default: made of SLUG)\n"
    "      --args=STRING        arguments of the script, quoted as for a shell\n"
    "      --quick[=ARG]        one more argument (--quick)\n"
    "      --notebook           write a notebook, not a script\n"
    "      --embed              carry the commit's files: no clone, no internet\n"
    "      --device=gpu|cpu|tpu what must be there (cpu)\n"
    "      --accelerator=NAME   Kaggle's name of a machine: NvidiaTeslaT4\n"
    "      --internet           internet, also with --embed\n"
    "      --env=K=V            set a variable for the script\n"
    "      --requirements=FILE  a file of the commit, for pip\n"
    "      --pip=REQ            a package for pip to install\n"
    "      --keep=GLOB          files that the script leaves in the clone\n"
    "      --dataset=REF        owner/slug; these four are inputs\n"
    "      --competition=REF    slug\n"
    "      --kernel-source=REF  owner/slug\n"
    "      --model=REF          owner/model/framework/variation[/version]\n"
    "      --public             everybody may see the kernel\n"
    "  --env, --requirements, --pip, --keep and inputs may be repeated.\n";

enum {
	OPT_ACCELERATOR = 256,
	OPT_ARGS,
	OPT_COMPETITION,
	OPT_DATASET,
	OPT_DEVICE,
	OPT_EMBED,
	OPT_ENV,
	OPT_INTERNET,
	OPT_KEEP,
	OPT_KERNEL_SOURCE,
	OPT_MODEL,
	OPT_NOTEBOOK,
	OPT_PIP,
	OPT_PUBLIC,
	OPT_QUICK,
	OPT_REQUIREMENTS,
	OPT_TIMESTAMP,
	OPT_TITLE,
};

static const struct option longopts[] = {
	{ "kernel", required_argument, NULL, 'k' },
	{ "script", required_argument, NULL, 's' },
	{ "output", required_argument, NULL, 'o' },
	{ "accelerator", required_argument, NULL, OPT_ACCELERATOR },
	{ "args", required_argument, NULL, OPT_ARGS },
	{ "competition", required_argument, NULL, OPT_COMPETITION },
	{ "dataset", required_argument, NULL, OPT_DATASET },
	{ "device", required_argument, NULL, OPT_DEVICE },
	{ "embed", no_argument, NULL, OPT_EMBED },
	{ "env", required_argument, NULL, OPT_ENV },
	{ "internet", no_argument, NULL, OPT_INTERNET },
	{ "keep", required_argument, NULL, OPT_KEEP },
	{ "kernel-source", required_argument, NULL, OPT_KERNEL_SOURCE },
	{ "model", required_argument, NULL, OPT_MODEL },
	{ "notebook", no_argument, NULL, OPT_NOTEBOOK },
	{ "pip", required_argument, NULL, OPT_PIP },
	{ "public", no_argument, NULL, OPT_PUBLIC },
	{ "quick", optional_argument, NULL, OPT_QUICK },
	{ "requirements", required_argument, NULL, OPT_REQUIREMENTS },
	{ "timestamp", no_argument, NULL, OPT_TIMESTAMP },
	{ "title", required_argument, NULL, OPT_TITLE },
	{ 0 },
};

static struct kernelfolder folder;
static const char *kernel, *title, *output, *quick;
static bool timestamp, embed;
static atomic_flag *taken; /* shared by all workers: one has the folder */

/* Writes the folder for what was picked. */
static jv
write_folder(const struct git_pick *pick, const char *path)
{
	jv why;

	if (atomic_flag_test_and_set(taken))
		return error_value("conflict",
		    "%s: one call writes one kernel, and this one did", path);
	if (!embed && git_url_is_local(pick->remote_url))
		warning("%s: Kaggle cannot clone from there", pick->remote_url);
	why = embed
	    ? kernelfiles_pack(pick->source, pick->commit, &folder.files)
	    : jv_null();
	if (jv_is_valid(why)) {
		folder.commit = pick->commit;
		folder.branch = pick->branch;
		folder.remote_url = pick->remote_url;
		why = kernelfolder_write(&folder, path);
	}
	if (!jv_is_valid(why))
		atomic_flag_clear(taken);
	free(folder.files);
	folder.files = NULL;
	return why;
}

static jv
build(jv rec)
{
	static const char *const own[] = { "kernel", "kernel_dir", NULL };
	bool dry = record_true(rec, "dry_run");
	struct kernelname name;
	struct git_pick pick;
	const char *path;
	jv why;

	rec = record_forget(rec, own);
	kernelname_make(&name, kernel, title, timestamp ? clock_now() : NAN);
	folder.id = name.id;
	folder.title = name.title;
	path = output != NULL ? output : strchr(name.id, '/') + 1;
	/* What a dry run did not commit or push is not there to be found. */
	why = git_pick(&pick, rec, !embed && !dry);
	if (jv_is_valid(why) && !dry)
		why = git_pick_check(&pick, folder.script, folder.requirements);
	if (jv_is_valid(why) && !dry)
		why = write_folder(&pick, path);
	if (!jv_is_valid(why)) {
		rec = record_error(rec, why);
	} else {
		rec = record_set_str(rec, "kernel", name.id);
		if (!dry)
			rec = record_set_str(
			    git_pick_add(&pick, rec), "kernel_dir", path);
	}
	rec = git_pick_clean(rec);
	git_pick_release(&pick);
	kernelname_release(&name);
	return rec;
}

/* ---- the call ---- */

/* Options that may come more than once. */
static void
add_option(int opt, const char *value)
{
	switch (opt) {
	case OPT_ARGS:
		folder.args = kernelargs_words(folder.args, "--args", value);
		break;
	case OPT_COMPETITION:
		kernelargs_source(&folder, "--competition", value);
		break;
	case OPT_DATASET:
		kernelargs_source(&folder, "--dataset", value);
		break;
	case OPT_ENV:
		kernelargs_env(&folder, value);
		break;
	case OPT_KEEP:
		folder.keep = kernelargs_add(folder.keep, "--keep", value);
		break;
	case OPT_KERNEL_SOURCE:
		kernelargs_source(&folder, "--kernel-source", value);
		break;
	case OPT_MODEL:
		kernelargs_source(&folder, "--model", value);
		break;
	case OPT_PIP:
		if (value[0] == '-')
			cli_wrong("--pip: %s: not a requirement", value);
		folder.pip = kernelargs_add(folder.pip, "--pip", value);
		break;
	case OPT_REQUIREMENTS:
		folder.requirements = kernelargs_add(folder.requirements,
		    "--requirements", kernelargs_file("--requirements", value));
		break;
	}
}

static void
take_option(int opt, const char *value)
{
	switch (opt) {
	case 'k':
		kernel = value;
		break;
	case 's':
		folder.script = kernelargs_script("--script", value);
		break;
	case 'o':
		output = kernelargs_text("--output", value);
		if (output[0] == '\0')
			cli_wrong("--output: an empty name");
		break;
	case OPT_ACCELERATOR:
		folder.accelerator = kernelargs_text("--accelerator", value);
		break;
	case OPT_DEVICE:
		folder.device = value;
		break;
	case OPT_EMBED:
		embed = true;
		break;
	case OPT_INTERNET:
		folder.internet = true;
		break;
	case OPT_NOTEBOOK:
		folder.notebook = true;
		break;
	case OPT_PUBLIC:
		folder.is_public = true;
		break;
	case OPT_QUICK:
		quick = value != NULL ? kernelargs_text("--quick", value)
				      : "--quick";
		break;
	case OPT_TIMESTAMP:
		timestamp = true;
		break;
	case OPT_TITLE:
		title = kernelargs_text("--title", value);
		break;
	default:
		add_option(opt, value);
	}
}

/* What the options say together. */
static void
settle(void)
{
	char *fault;

	if (kernel == NULL || folder.script == NULL)
		cli_wrong("%s is missing",
		    kernel == NULL ? "-k OWNER/SLUG" : "-s SCRIPT");
	fault = kernelname_fault(kernel, title, timestamp);
	if (fault != NULL)
		cli_wrong("-k: %s: %s", kernel, fault);
	kernelargs_device(&folder);
	if (quick != NULL)
		folder.args = kernelargs_add(folder.args, "--quick", quick);
	kernelargs_internet(&folder, !embed);
	/* All zero, as a flag that is clear is. */
	taken = mmap(NULL, sizeof(*taken), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (taken == MAP_FAILED)
		die(STATUS_STREAM, "no memory");
}

int
main(int argc, char *argv[])
{
	const struct ndjson_tool tool = {
		.key = "repo", .work = build, .any_key = true
	};
	int opt, status;

	cli_init(argv[0], help);
	kernelargs_init(&folder);
	while ((opt = cli_getopt(argc, argv, "k:s:o:", longopts)) != -1)
		take_option(opt, optarg);
	settle();
	status = ndjson_run(&tool, argv + optind);
	kernelargs_release(&folder);
	return status;
}
