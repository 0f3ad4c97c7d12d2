#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare what the sandbox holds with what a right upload leaves there.

  compare.py STATE EXPECTED ...   STATE: the JSON of /sandbox/state,
                                  EXPECTED: expected.json of recorded runs

Prints each difference as "RUN PLACE: have, want" and ends with 1 if there was
one. The entity @default is the server's default; numbers are compared as
doubles, aliases as sets; a file that is "volatile" has to exist.
"""
import json
import sys


def places(have, want, at):
    if isinstance(want, dict) and isinstance(have, dict):
        if want.get("volatile") is True:
            return
        for key in sorted(want.keys() | have.keys()):
            if key not in have:
                yield f"{at}.{key}", "nothing", want[key]
            elif key not in want:
                yield f"{at}.{key}", have[key], "nothing"
            else:
                yield from places(have[key], want[key], f"{at}.{key}")
    elif isinstance(want, list) and isinstance(have, list):
        if at.endswith(".aliases"):
            have, want = sorted(have), sorted(want)
        if len(want) != len(have):
            yield at, have, want
            return
        for i, (h, w) in enumerate(zip(have, want)):
            yield from places(h, w, f"{at}[{i}]")
    elif number(have) and number(want):
        if float(have) != float(want):
            yield at, have, want
    elif have != want or type(have) is not type(want):
        yield at, have, want


def number(x):
    return isinstance(x, (int, float)) and not isinstance(x, bool)


def main(state, *expected):
    runs = json.load(open(state))["runs"]
    bad = seen = 0
    for path in expected:
        for key, want in json.load(open(path))["runs"].items():
            key = key.replace("@default", "tester")
            want["entity"] = want["entity"].replace("@default", "tester")
            seen += 1
            for at, h, w in places(runs.get(key, {}), want, key):
                print(f"{at}: {json.dumps(h)[:200]}, want "
                      f"{json.dumps(w)[:200]}")
                bad += 1
    if seen == 0:
        print("nothing to compare")
    return 1 if bad or seen == 0 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
