/* SPDX-License-Identifier: MIT */
/*
 * runlist - .wandb files, those of one run together, oldest first
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "wandb/runlist.h"

void
runlist_add(struct runlist *list, const char *path, const struct runhead *head)
{
	if (list->count == list->room) {
		list->room = list->room == 0 ? 16 : 2 * list->room;
		list->at =
		    xreallocarray(list->at, list->room, sizeof(*list->at));
	}
	list->at[list->count] = (struct runfile){
		.path = xstrdup(path),
		.head = *head,
		.order = list->count,
	};
	list->count++;
}

static int
compare_runs(const struct runfile *a, const struct runfile *b)
{
	int order = strcmp(a->head.run_id, b->head.run_id);

	if (order == 0)
		order = strcmp(a->head.project, b->head.project);
	return order != 0 ? order : strcmp(a->head.entity, b->head.entity);
}

static int
compare_orders(const struct runfile *a, const struct runfile *b)
{
	return (a->order > b->order) - (a->order < b->order);
}

/* A file that does not say when comes last. */
static double
start_of(const struct runfile *file)
{
	return isnan(file->head.started) ? INFINITY : file->head.started;
}

static int
by_run(const void *left, const void *right)
{
	const struct runfile *a = left, *b = right;
	int order = compare_runs(a, b);

	if (order == 0)
		order =
		    (start_of(a) > start_of(b)) - (start_of(a) < start_of(b));
	return order != 0 ? order : compare_orders(a, b);
}

static int
by_order(const void *left, const void *right)
{
	const struct runfile *a = left, *b = right;
	int order = compare_orders(a, b);

	return order != 0 ? order : a->fragment - b->fragment;
}

void
runlist_sort(struct runlist *list)
{
	struct runfile *at = list->at;
	size_t end;

	if (list->count == 0)
		return;
	qsort(at, list->count, sizeof(*at), by_run);
	for (size_t start = 0; start < list->count; start = end) {
		size_t first = at[start].order;

		for (end = start + 1; end < list->count &&
		     compare_runs(&at[start], &at[end]) == 0;
		     end++)
			if (at[end].order < first)
				first = at[end].order;
		for (size_t i = start; i < end; i++) {
			at[i].order = first;
			at[i].fragment = (int)(i - start) + 1;
			at[i].fragments = (int)(end - start);
		}
	}
	qsort(at, list->count, sizeof(*at), by_order);
}

void
runlist_release(struct runlist *list)
{
	for (size_t i = 0; i < list->count; i++) {
		runhead_release(&list->at[i].head);
		free(list->at[i].path);
	}
	free(list->at);
	*list = (struct runlist){ 0 };
}
