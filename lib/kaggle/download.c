/* SPDX-License-Identifier: MIT */
/*
 * download - all files of a list into a folder, many at once
 */
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "kaggle/download.h"
#include "kaggle/fetch.h"
#include "progress.h"
#include "record.h"

enum { WORDS_MOST = 700 };

/* A file that is under way. */
struct download_slot {
	struct output *output; /* NULL: the slot is free */
	struct fetch fetch;
	char *url;
	bool renewed;
};

void
download_miss(struct download *download, jv why)
{
	verbose("%s", error_message(why));
	if (download->words.len < WORDS_MOST)
		buf_addf(&download->words, "%s%s", download->told++ ? "; " : "",
		    error_message(why));
	download->missing++;
	if (jv_is_valid(download->why) ||
	    (error_is_temporary(download->why) && !error_is_temporary(why))) {
		jv_free(download->why);
		download->why = why;
	} else {
		jv_free(why);
	}
}

jv
download_missing(const struct download *download)
{
	jv why;

	if (download->missing == 0)
		return jv_null();
	why = error_value(error_code(download->why), "not whole: %s%s",
	    download->words.at,
	    download->missing > download->told ? "; and more" : "");
	return error_is_temporary(download->why) ? error_temporary(why) : why;
}

static void
show(void *context)
{
	const struct download *download = context;
	long long bytes = download->bytes;
	long i;

	for (i = 0; i < download->parallel; i++) {
		if (download->slot[i].output != NULL)
			bytes += download->slot[i].fetch.have;
	}
	progress("%s: %lld files, %.1f MB", manifest_path(download->manifest),
	    download->files, (double)bytes / 1e6);
}

static void
begin(struct download *download, struct download_slot *slot,
    struct output *output)
{
	const char *why = fetch_refuse(output->name, output->name_len);

	if (why == NULL && !manifest_see(download->manifest, output->name))
		why = "it is listed twice";
	if (why == NULL && output->url[0] == '\0')
		why = "it has no URL";
	if (!download->wanted(output->name)) {
		outputs_release(download->list, output);
		return;
	}
	if (why != NULL) {
		download_miss(download,
		    error_value("input", "\"%s\": %s", output->name, why));
		outputs_release(download->list, output);
		return;
	}
	slot->output = output;
	slot->renewed = false;
	slot->url = xstrdup(output->url);
	slot->fetch = (struct fetch){
		.manifest = download->manifest,
		.name = output->name,
		.url = slot->url,
		.version = download->version,
		.most = download->most,
		.deadline = download->deadline,
		.moved = show,
		.context = download,
	};
	fetch_start(&slot->fetch);
}

/* The slot is free again. */
static void
clear(struct download *download, struct download_slot *slot)
{
	fetch_release(&slot->fetch);
	free(slot->url);
	outputs_release(download->list, slot->output);
	slot->output = NULL;
}

static void
end(struct download *download, struct download_slot *slot)
{
	struct fetch *fetch = &slot->fetch;

	if (!jv_is_valid(fetch->error)) {
		if (fetch->disk_full && jv_is_valid(download->disk_error))
			download->disk_error = jv_copy(fetch->error);
		download_miss(download,
		    fetch->expired ? error_value(error_code(fetch->error),
					 "%s, also with the URL of a new list",
					 error_message(fetch->error))
				   : jv_copy(fetch->error));
	} else if (fetch->too_big) {
		verbose("%s: larger than what is wanted", fetch->name);
	} else {
		download->files++;
		download->bytes += fetch->have;
		manifest_have(download->manifest, fetch->name);
	}
	clear(download, slot);
}

/* One step for a file. False if it waits for an answer. */
static bool
step(struct download *download, struct download_slot *slot)
{
	struct fetch *fetch = &slot->fetch;

	if (fetch->state == FETCH_ASKING || slot->output->renewing)
		return false;
	if (fetch->state == FETCH_DONE && fetch->expired) {
		free(slot->url);
		slot->url = xstrdup(slot->output->url);
		fetch_again(fetch, slot->url);
		return true;
	}
	fetch_work(fetch);
	if (fetch->state != FETCH_DONE)
		return true;
	if (!fetch->expired || slot->renewed) {
		end(download, slot);
		return true;
	}
	/* Another file of its page may have been faster to ask. */
	slot->renewed = true;
	if (strcmp(slot->url, slot->output->url) == 0)
		outputs_renew(download->list, slot->output);
	return true;
}

/* Begins the next file in a slot that is free. */
static void
fill(struct download *download, struct download_slot *slot)
{
	struct output *next;

	while (slot->output == NULL &&
	    (next = outputs_next(download->list)) != NULL)
		begin(download, slot, next);
}

/* Fills the slots and moves each on. False if all wait for answers. */
static bool
step_all(struct download *download)
{
	bool busy = false;
	long i;

	outputs_work(download->list);
	for (i = 0; i < download->parallel; i++) {
		struct download_slot *slot = &download->slot[i];

		fill(download, slot);
		if (slot->output == NULL)
			continue;
		busy |= step(download, slot);
		/* The next one is on its way while others go to the disk. */
		if (slot->output == NULL) {
			fill(download, slot);
			http_poll();
		}
	}
	return busy;
}

void
download_run(struct download *download)
{
	bool busy;
	long i;

	download->disk_error = download->why = jv_null();
	download->slot =
	    xcalloc((size_t)download->parallel, sizeof(*download->slot));
	do {
		busy = step_all(download);
		show(download);
		if (busy)
			http_poll();
	} while (jv_is_valid(download->disk_error) && (busy || http_drive()));
	for (i = 0; i < download->parallel; i++) {
		if (download->slot[i].output != NULL)
			clear(download, &download->slot[i]);
	}
	progress_clear();
}

void
download_release(struct download *download)
{
	free(download->slot);
	buf_release(&download->words);
	jv_free(download->why);
	jv_free(download->disk_error);
}
