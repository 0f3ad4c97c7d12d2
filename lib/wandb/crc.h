/* SPDX-License-Identifier: MIT */
/*
 * crc - the CRC-32 of zlib, also by carry-less multiplication
 *
 * The checksum of a .wandb file is most of what reading it costs: its chunks
 * are too short for zlib's way, which takes five times as long for them.
 */
#ifndef WANDB_CRC_H
#define WANDB_CRC_H

#include <stddef.h>
#include <stdint.h>

/* What zlib's crc32(0, bytes, len) is. */
uint32_t crc_of(const uint8_t *bytes, size_t len);

#endif
