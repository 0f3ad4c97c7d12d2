/* SPDX-License-Identifier: MIT */
/*
 * writer - whether a program still writes a file
 *
 * A .wandb file without an exit record is that of a run that goes on, or of
 * one that was killed: the difference is whether a process of this machine has
 * it open for writing.
 */
#ifndef WANDB_WRITER_H
#define WANDB_WRITER_H

#include <stdbool.h>

/*
 * fd is open for reading only. What cannot be found out, for want of rights,
 * counts as no writer.
 */
bool writer_is_alive(int fd);

#endif
