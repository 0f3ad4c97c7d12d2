#!/usr/bin/env python3
"""Offline runs: big.py ROWS KEYS FOLDER [COUNT]

Writes FOLDER/offline-run-20260301_000000-bigrun00/run-bigrun00.wandb, and as
many more of other ids as COUNT says, with the
records that the official client writes for each row: a runtime summary, a
summary and a history record. 1,000,000 rows of 10 keys are 867 MB. The bytes
are put together here, without the client, which logs some 3,000 rows a second.
"""
import math
import os
import struct
import sys
import zlib

BLOCK = 32768
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4
START = 1_795_000_000


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def number(field, n):
    return varint(field << 3) + varint(n)


def bytes_(field, body):
    if isinstance(body, str):
        body = body.encode()
    return varint(field << 3 | 2) + varint(len(body)) + body


def item(text, *path):
    """A HistoryItem or SummaryItem: nested_key 2, value_json 16."""
    return bytes_(1, b"".join(bytes_(2, k) for k in path) + bytes_(16, text))


def records(rows, keys, id):
    """The payloads: Record with num 1 and the message of its kind."""
    version = bytes_(1, bytes_(1, "0.31.0") + bytes_(2, "0.70.0"))
    yield number(1, 1) + bytes_(21, version)
    telemetry = bytes_(3, number(4, 1)) + bytes_(4, "3.11.7") + bytes_(5, "0.31.0")
    run = (bytes_(1, id) + bytes_(3, "bench") + bytes_(8, "big")
           + bytes_(4, bytes_(1, bytes_(1, "lr") + bytes_(16, "0.001")))
           + bytes_(17, number(1, START)) + bytes_(19, telemetry))
    yield number(1, 2) + bytes_(17, run)
    names = [f"train/metric_{k}" for k in range(keys)]
    cycle = [b"".join(item(repr(round(math.exp(-i / 300) + k + math.sin(i + k) / 10, 9)), name)
                      for k, name in enumerate(names)) for i in range(997)]
    num = 2
    for i in range(rows):
        t = i * 0.01
        whole = b"%d" % t
        row = (cycle[i % 997] + item(str(i), "_step") + item(repr(START + t), "_timestamp")
               + item(repr(t), "_runtime"))
        yield number(1, num + 1) + bytes_(3, item(whole, "_wandb", "runtime") + item(whole, "_runtime"))
        yield number(1, num + 2) + bytes_(3, row)
        yield number(1, num + 3) + bytes_(2, row)
        num += 3
    yield number(1, num + 1) + bytes_(18, number(2, int(rows * 0.01)))


def frame(payloads):
    """LevelDB's log format, with a header in the first block and zlib's CRC-32."""
    yield b":W&B\xe1\xbe\x00"
    at = 7
    for payload in payloads:
        kind = FULL
        while True:
            room = BLOCK - at
            if room < 7:
                yield b"\0" * room
                at, room = 0, BLOCK
            part, payload = payload[: room - 7], payload[room - 7:]
            if payload:
                body = bytes((FIRST if kind == FULL else MIDDLE,)) + part
            else:
                body = bytes((FULL if kind == FULL else LAST,)) + part
            yield struct.pack("<IH", zlib.crc32(body), len(part)) + body
            at = (at + 7 + len(part)) % BLOCK
            kind = MIDDLE
            if not payload:
                break


def main(rows, keys, folder, count=1):
    for i in range(int(count)):
        id = f"bigrun{i:02}"
        run = os.path.join(folder, f"offline-run-20260301_000000-{id}")
        os.makedirs(os.path.join(run, "files"), exist_ok=True)
        with open(os.path.join(run, f"run-{id}.wandb"), "wb", buffering=1 << 20) as out:
            out.writelines(frame(records(int(rows), int(keys), id)))


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    main(*sys.argv[1:])
