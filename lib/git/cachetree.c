/* SPDX-License-Identifier: MIT */
/*
 * git/cachetree - the tree that an index file says it holds
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git/cachetree.h"

/* Bytes, but for names: of the header, of an entry, of the checksum. */
enum { HEADER = 12, ENTRY = 62, CHECKSUM = 20, EXTENSION = 8 };

static uint32_t
number(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	    (uint32_t)at[2] << 8 | at[3];
}

/* Behind the entries; NULL if they are not whole. */
static const unsigned char *
skip_entries(const unsigned char *at, const unsigned char *end, uint32_t count)
{
	for (; count > 0; count--) {
		const unsigned char *name, *nul;
		size_t fixed = ENTRY, len;

		if ((size_t)(end - at) <= ENTRY + 2)
			return NULL;
		/* An extended entry has 16 bits more. */
		fixed += (at[ENTRY - 2] & 0x40) != 0 ? 2 : 0;
		name = at + fixed;
		nul = memchr(name, '\0', (size_t)(end - name));
		if (nul == NULL)
			return NULL;
		/* 1 to 8 NULs fill it up to a multiple of 8. */
		len = (fixed + (size_t)(nul - name) + 8) & ~(size_t)7;
		if (len > (size_t)(end - at))
			return NULL;
		at += len;
	}
	return at;
}

/* The first record is the root: "", entries, subtrees, a newline, its id. */
static bool
read_root(const unsigned char *at, size_t len, git_oid *id)
{
	const unsigned char *line = memchr(at, '\n', len);

	if (line == NULL || at[0] != '\0' || at[1] == '-' ||
	    len - (size_t)(line + 1 - at) < GIT_OID_RAWSZ)
		return false;
	return git_oid_fromraw(id, line + 1) == 0;
}

static bool
find_root(const unsigned char *at, size_t len, git_oid *id)
{
	const unsigned char *end = at + len - CHECKSUM;

	if (len < HEADER + CHECKSUM || memcmp(at, "DIRC", 4) != 0 ||
	    number(at + 4) < 2 || number(at + 4) > 3)
		return false;
	at = skip_entries(at + HEADER, end, number(at + 8));
	while (at != NULL && end - at > EXTENSION) {
		size_t size = number(at + 4);

		if (size > (size_t)(end - at) - EXTENSION)
			return false;
		if (memcmp(at, "TREE", 4) == 0)
			return read_root(at + EXTENSION, size, id);
		at += EXTENSION + size;
	}
	return false;
}

bool
cachetree_root(const char *path, git_oid *id)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *at = MAP_FAILED;
	struct stat st;
	bool found = false;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && st.st_size > 0)
		at = mmap(
		    NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (at == MAP_FAILED)
		return false;
	found = find_root(at, (size_t)st.st_size, id);
	munmap(at, (size_t)st.st_size);
	return found;
}
