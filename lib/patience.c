/* SPDX-License-Identifier: MIT */
/*
 * patience - when a server may be asked again, shared by all workers
 */
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "patience.h"

/* Milliseconds since 1970: an integer, so that it can be changed atomically. */
static _Atomic int64_t alone;
static _Atomic int64_t *not_before = &alone;

void
patience_share(void)
{
	void *page;

	if (not_before != &alone)
		return;
	page = mmap(NULL, sizeof *not_before, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	/* Without the page each worker is patient for itself. */
	if (page == MAP_FAILED)
		return;
	not_before = page;
	atomic_store(not_before, atomic_load(&alone));
}

void
patience_until(double time)
{
	int64_t wanted = (int64_t)(time * 1000);
	int64_t now = atomic_load(not_before);

	while (now < wanted &&
	    !atomic_compare_exchange_weak(not_before, &now, wanted))
		continue;
}

double
patience_get(void)
{
	return (double)atomic_load(not_before) / 1000;
}
