/* SPDX-License-Identifier: MIT */
/*
 * growing - the digest of a file while it is written, by another process
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wandb/growing.h"

static _Noreturn void
follow(int fd, enum checksum_kind kind, int reached, int result)
{
	char text[CHECKSUM_TEXT];
	struct checksum sum;
	off_t at = 0, end;
	ssize_t got;

	/* Whoever kills the parent means us, too; its locks end with us. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	checksum_begin_file(&sum, kind);
	while ((got = read(reached, &end, sizeof end)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got != (ssize_t)sizeof end ||
		    !checksum_add_file(&sum, fd, at, end - at))
			_exit(1);
		at = end;
	}
	checksum_text(&sum, text);
	_exit(write(result, text, sizeof text) == (ssize_t)sizeof text ? 0 : 1);
}

void
growing_begin(struct growing *growing, int fd, enum checksum_kind kind)
{
	int reached[2], result[2];

	*growing = (struct growing){ 0 };
	if (pipe2(reached, O_CLOEXEC) < 0)
		return;
	if (pipe2(result, O_CLOEXEC) < 0) {
		close(reached[0]);
		close(reached[1]);
		return;
	}
	growing->pid = fork();
	if (growing->pid == 0) {
		close(reached[1]);
		follow(fd, kind, reached[0], result[1]);
	}
	close(reached[0]);
	close(result[1]);
	growing->reached = reached[1];
	growing->result = result[0];
	if (growing->pid < 0) {
		close(reached[1]);
		close(result[0]);
		growing->pid = 0;
	}
}

void
growing_reach(struct growing *growing, off_t size)
{
	ssize_t put;

	if (growing->pid == 0)
		return;
	do
		put = write(growing->reached, &size, sizeof size);
	while (put < 0 && errno == EINTR);
	if (put != (ssize_t)sizeof size)
		growing_drop(growing);
}

static void
wait_for(struct growing *growing)
{
	close(growing->result);
	while (waitpid(growing->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	*growing = (struct growing){ 0 };
}

bool
growing_end(struct growing *growing, off_t size, char text[CHECKSUM_TEXT])
{
	ssize_t got;

	growing_reach(growing, size);
	if (growing->pid == 0)
		return false;
	close(growing->reached);
	do
		got = read(growing->result, text, CHECKSUM_TEXT);
	while (got < 0 && errno == EINTR);
	wait_for(growing);
	return got == CHECKSUM_TEXT;
}

void
growing_drop(struct growing *growing)
{
	if (growing->pid == 0)
		return;
	kill(growing->pid, SIGKILL);
	close(growing->reached);
	wait_for(growing);
}
