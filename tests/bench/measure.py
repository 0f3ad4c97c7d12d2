#!/usr/bin/env python3
"""measure.py OUT COMMAND ...: runs COMMAND and appends a line to OUT:
wall seconds, CPU seconds, largest resident memory in MiB (of one process),
exit status. Processes that COMMAND leaves behind are waited for and counted."""
import ctypes
import os
import sys
import time

PR_SET_CHILD_SUBREAPER = 36


def main(out, *command):
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    begin = time.monotonic()
    child = os.posix_spawnp(command[0], command, os.environ)
    status, wall, cpu, memory = None, 0.0, 0.0, 0.0
    while True:
        try:
            pid, code, used = os.wait3(0)
        except ChildProcessError:
            break
        cpu += used.ru_utime + used.ru_stime
        memory = max(memory, used.ru_maxrss / 1024)
        if pid == child:
            status = os.waitstatus_to_exitcode(code)
            wall = time.monotonic() - begin
    with open(out, "a") as f:
        print(f"{wall:.4f} {cpu:.4f} {memory:.1f} {status}", file=f)
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
