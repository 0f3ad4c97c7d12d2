# SPDX-License-Identifier: MIT
"""dd.py check|send [CODING]|statsd HOST:PORT: what the official clients do.

check and send read bodies of POST /api/v2/series, one a line. check: reads each
into the client's MetricPayload, which validates it, and compares what that
writes with what it was read from. send: has the client send them to DD_URL,
packed if CODING (gzip, deflate) is given.

statsd reads series, one a line, and has the client for DogStatsD send each to
HOST:PORT, but for rates, which it does not have.
"""
import json
import os
import sys
import urllib.parse

from datadog.dogstatsd.base import DogStatsd
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.model_utils import validate_and_convert_types
from datadog_api_client.v2.api.metrics_api import MetricsApi
from datadog_api_client.v2.model.metric_content_encoding import (
    MetricContentEncoding,
)
from datadog_api_client.v2.model.metric_payload import MetricPayload


def configuration():
    url = urllib.parse.urlsplit(os.environ["DD_URL"])
    config = Configuration(
        server_index=1,
        server_variables={"name": url.netloc, "protocol": url.scheme},
    )
    config.api_key["apiKeyAuth"] = os.environ["DD_API_KEY"]
    return config


def read(body, config):
    payload = validate_and_convert_types(
        json.loads(body), (MetricPayload,), ["body"], True, True, config
    )
    for series in payload.series:
        if series._unparsed:
            raise ValueError("not understood: %r" % series)
    return payload


def statsd(address):
    host, port = address.split(":")
    client = DogStatsd(
        host=host,
        port=int(port),
        disable_telemetry=True,
        disable_buffering=True,
        origin_detection_enabled=False,
    )
    send = {1: client.count_with_timestamp, 3: client.gauge_with_timestamp}
    for line in sys.stdin:
        series = json.loads(line)
        point = series["points"][0]
        if series["type"] in send:
            send[series["type"]](
                series["metric"],
                point["value"],
                point["timestamp"],
                tags=series["tags"],
            )


def main():
    if sys.argv[1] == "statsd":
        statsd(sys.argv[2])
        return
    config = configuration()
    with ApiClient(config) as client:
        for body in sys.stdin:
            payload = read(body, config)
            if sys.argv[1] == "check":
                # A value is a double, also where it has no point.
                if payload.to_dict() != json.loads(body, parse_int=float):
                    sys.exit("not the same: %r" % payload.to_dict())
            else:
                coding = {}
                if len(sys.argv) > 2:
                    coding["content_encoding"] = MetricContentEncoding(
                        sys.argv[2]
                    )
                answer = MetricsApi(client).submit_metrics(
                    body=payload, **coding
                )
                if answer.errors:
                    sys.exit("%r" % answer.errors)


main()
