#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""metrics.py FORM WANT GOT: whether GOT, read by others' code, says what WANT,
wb-collect's own records, does. Prints a line for each difference and for what
is not in WANT, whose value is the number of them.

FORM	openmetrics	read by the official Python client's parser
	influx		read by line_protocol_parser
	prometheus	an answer of Prometheus' /api/v1/query
"""
import json
import sys


def labels_of(record):
    tags = record["tags"]
    if isinstance(tags, list):
        tags = dict(tag.split(":", 1) for tag in tags)
    return tags


def wanted(path):
    with open(path) as f:
        for record in map(json.loads, f):
            if record["value"] is not None:
                yield record["metric"], labels_of(record), record["value"]


def read_openmetrics(path):
    from prometheus_client.openmetrics.parser import (
        text_fd_to_metric_families)
    with open(path) as f:
        for family in text_fd_to_metric_families(f):
            assert family.type == "gauge" and family.documentation, family
            for sample in family.samples:
                yield sample.name, sample.labels, sample.value


def read_influx(path):
    from line_protocol_parser import parse_line
    with open(path) as f:
        for line in f:
            point = parse_line(line)
            assert list(point["fields"]) == ["value"], line
            yield point["measurement"], point["tags"], point["fields"]["value"]


def read_prometheus(path):
    with open(path) as f:
        answer = json.load(f)
    assert answer["status"] == "success", answer
    for one in answer["data"]["result"]:
        labels = one["metric"]
        yield labels.pop("__name__"), labels, float(one["value"][1])


READ = {"openmetrics": read_openmetrics, "influx": read_influx,
        "prometheus": read_prometheus}


def plain(name):
    return name.replace(".", "_")


def main(form, want, got):
    left = [(plain(name), labels, value)
            for name, labels, value in READ[form](got)]
    wrong = 0
    for name, labels, value in wanted(want):
        same = [one for one in left if one[0] == plain(name)
                and labels.items() <= one[1].items()]
        if [one[2] for one in same] == [value]:
            left.remove(same[0])
        else:
            print(f"{name} {labels}: {value!r}, not {same}")
            wrong += 1
    for name, labels, value in left:
        print(f"also {name} {labels}: {value!r}")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
