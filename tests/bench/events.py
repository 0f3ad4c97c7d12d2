#!/usr/bin/env python3
"""events.py make COUNT [KEYS]: so many events of the list filemetadata, one a
line, as MinIO writes them, each of a key of its own or of one of KEYS.
events.py usual REDIS DATABASE: what a script with redis and mysql-connector
does: each element of the list becomes a row, one INSERT each."""
import json
import sys
from urllib.parse import quote_plus, unquote_plus

PROJECTS = {"VITON-HD_GMM": 3, "VITON-HD_AFWM": 4}


def make(count, keys):
    for i in range(count):
        n = i % keys
        key = f"ai/VITON-HD_GMM/run{n // 200:05}/media/images/sample {n % 200}.png"
        at = f"2026-11-21T04:{i // 60000 % 60:02}:{i // 1000 % 60:02}.{i % 1000:03}Z"
        event = {
            "eventVersion": "2.0", "eventSource": "minio:s3", "awsRegion": "",
            "eventTime": at, "eventName": "s3:ObjectCreated:Put",
            "userIdentity": {"principalId": "testuser"},
            "requestParameters": {"principalId": "testuser", "region": "",
                                  "sourceIPAddress": "127.0.0.1"},
            "responseElements": {
                "x-amz-id-2": "cd7dbed607f9daa136911a9d958d147ff15547dfecbdf5d3157ea513d5dfdd9a",
                "x-amz-request-id": "18E9F51FEDF60931",
                "x-minio-deployment-id": "cedfdd27-fd65-48b0-97d6-000db77d3d22",
                "x-minio-origin-endpoint": "http://127.0.0.1:29000"},
            "s3": {"s3SchemaVersion": "1.0", "configurationId": "Config",
                   "bucket": {"name": "local-files",
                              "ownerIdentity": {"principalId": "testuser"},
                              "arn": "arn:aws:s3:::local-files"},
                   "object": {"key": quote_plus(key), "size": 1000 + n,
                              "eTag": f"{n:032x}", "contentType": "image/png",
                              "userMetadata": {"content-type": "image/png"},
                              "sequencer": f"{0x18E9F51FEE033E57 + i:016X}"}},
            "source": {"host": "127.0.0.1", "port": "",
                       "userAgent": "MinIO (Linux; x86_64) minio-py/7.2.20"}}
        print(json.dumps([{"Event": [event], "EventTime": at}],
                         separators=(",", ":")))


def usual(redis_socket, database_socket):
    import mysql.connector
    import redis

    events = redis.Redis(unix_socket_path=redis_socket).lrange(
        "filemetadata", 0, -1)
    db = mysql.connector.connect(
        unix_socket=database_socket, user="root", database="wandb_local",
        charset="utf8mb4", collation="utf8mb4_general_ci")
    cursor = db.cursor()
    for text in events:
        event = json.loads(text)[0]["Event"][0]
        bucket, thing = event["s3"]["bucket"]["name"], event["s3"]["object"]
        key = unquote_plus(thing["key"])
        entity, project, run, name = key.split("/", 3)
        meta = {"md5": "", "etag": thing["eTag"], "size": thing.get("size", 0),
                "name": key, "bucket": "s3://" + bucket, "crc32c": "",
                "updated": event["eventTime"], "generation": "null",
                "contentType": thing["contentType"]}
        cursor.execute(
            "INSERT INTO files (created_at, updated_at, name, mimetype,"
            " project_id, run_name, meta, storage_bucket, storage_entity_name,"
            " storage_project_name, storage_run_name, storage_file_name)"
            " VALUES (NOW(), NOW(), %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (name, thing["contentType"], PROJECTS[project], run,
             json.dumps(meta), "s3://" + bucket, entity, project, run, name))
    db.commit()


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(int(sys.argv[2]), int(sys.argv[3] if len(sys.argv) > 3
                                   else sys.argv[2]))
    else:
        usual(*sys.argv[2:])
