#!/usr/bin/env python3
"""count.py FILE: the records of a .wandb file by kind, with wandb's own
protobuf classes: the framing is checked here, each record is parsed, and
nothing is done with it."""
import struct
import sys
import zlib

from wandb.proto.wandb_internal_pb2 import Record

BLOCK = 32768
FULL, FIRST, LAST = 1, 2, 4


def payloads(data):
    at, parts = 7, []
    while at + 7 <= len(data):
        left = BLOCK - at % BLOCK
        if left < 7:
            at += left
            continue
        crc, size, kind = struct.unpack_from("<IHB", data, at)
        if zlib.crc32(data[at + 6 : at + 7 + size]) != crc:
            sys.exit(f"offset {at}: checksum")
        body = data[at + 7 : at + 7 + size]
        at += 7 + size
        if kind == FULL:
            yield body
            continue
        parts = [body] if kind == FIRST else parts + [body]
        if kind == LAST:
            yield b"".join(parts)


counts = {}
with open(sys.argv[1], "rb") as f:
    data = f.read()
for payload in payloads(data):
    record = Record()
    record.ParseFromString(payload)
    kind = record.WhichOneof("record_type")
    counts[kind] = counts.get(kind, 0) + 1
print(counts)
