#!/usr/bin/env python3
"""measure.py OUT COMMAND ...: runs COMMAND and appends a line to OUT:
wall seconds, CPU seconds, largest resident memory in MiB (of one process),
exit status. Processes that COMMAND leaves behind are waited for and counted."""
import ctypes
import os
import resource
import sys
import time

PR_SET_CHILD_SUBREAPER = 36


def main(out, *command):
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    begin = time.monotonic()
    child = os.posix_spawnp(command[0], command, os.environ)
    status = None
    wall = 0.0
    while True:
        try:
            pid, code = os.wait()
        except ChildProcessError:
            break
        if pid == child:
            status = os.waitstatus_to_exitcode(code)
            wall = time.monotonic() - begin
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(out, "a") as f:
        print(f"{wall:.4f} {used.ru_utime + used.ru_stime:.4f} {used.ru_maxrss / 1024:.1f} {status}", file=f)
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
