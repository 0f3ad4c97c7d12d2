#!/bin/sh
# wb-events-sql and examples/self-hosted/take-events between a real Redis and a
# real MariaDB, started here on sockets: Debian's redis-server and
# mariadb-server. With MinIO in $MINIO or PATH, also its own events.
. "$srcdir/tests/lib.sh"

for program in redis-server redis-cli mariadbd mariadb mariadb-admin \
    mariadb-install-db; do
    command -v "$program" >"$out" || {
        echo "1..0 # SKIP no $program"
        exit
    }
done
srcdir=$(cd "$srcdir" && pwd)
data=$srcdir/tests/data/minio-events
ids=$data/projects.json
page=$srcdir/man/wb-events-sql.1
PATH=$srcdir/examples/self-hosted:$PATH
cd "$work" || exit 1

. "$srcdir/tests/peers/daemons.sh"
port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
redis-server --port "$port" --bind 127.0.0.1 --unixsocket "$work/redis.sock" \
    --dir "$work" --save '' --appendonly no >redis.log 2>&1 &
daemons=$!
user=
[ "$(id -u)" -eq 0 ] && user=--user=root
# shellcheck disable=SC2086 # one word or none
mariadb-install-db --no-defaults $user --datadir="$work/db" \
    --auth-root-authentication-method=normal --skip-test-db >install.log 2>&1
# shellcheck disable=SC2086
mariadbd --no-defaults $user --datadir="$work/db" --socket="$work/db.sock" \
    --pid-file="$work/db.pid" --skip-networking \
    --innodb-buffer-pool-size=16M --innodb-log-file-size=8M >db.log 2>&1 &
daemons="$! $daemons"
REDIS="redis-cli -s $work/redis.sock"
MARIADB="mariadb --no-defaults -S $work/db.sock -u root wandb_local"
export REDIS MARIADB
r() {
    # shellcheck disable=SC2086 # words
    $REDIS -e --raw "$@"
}
db() {
    # shellcheck disable=SC2086
    $MARIADB --skip-column-names --raw "$@"
}
until_true r ping
until_true mariadb-admin --no-defaults -S "$work/db.sock" -u root ping
mariadb --no-defaults -S "$work/db.sock" -u root \
    -e 'CREATE DATABASE wandb_local CHARACTER SET utf8mb4'

# table [COLLATION]: an empty one
table() {
    sed "s/utf8mb4_general_ci/${1:-utf8mb4_general_ci}/" \
        "$data/files-table.sql" | db
}
# rows: as expected-rows.ndjson, sorted; names as the bytes they are
rows() {
    db --default-character-set=utf8mb4 -e "SELECT JSON_OBJECT(
        'entity', storage_entity_name, 'project', storage_project_name,
        'run_id', storage_run_name, 'name', name, 'mimetype', mimetype,
        'size_bytes', CAST(JSON_VALUE(meta, '\$.size') AS INT),
        'etag', JSON_VALUE(meta, '\$.etag'),
        'updated', JSON_VALUE(meta, '\$.updated'),
        'storage_bucket', storage_bucket, 'project_id', project_id,
        'key', JSON_VALUE(meta, '\$.name'), 'bytes', LOWER(HEX(CONCAT(name,
            '|', storage_file_name, '|', run_name))))
        FROM files WHERE deleted_at IS NULL" | jq -c -S . | sort
}
# bytes: what HEX() must say of the name
bytes() {
    python3 -c 'import json, sys
for line in sys.stdin:
    row = json.loads(line)
    row.pop("bucket", None)
    row["bytes"] = "|".join((row["name"], row["name"],
        row["run_id"])).encode().hex()
    print(json.dumps(row))' | jq -c -S . | sort
}
# all: everything that is in the table
all() {
    db -e 'SELECT * FROM files ORDER BY id' | sha256sum
}
push() {
    while IFS= read -r line; do
        r RPUSH filemetadata "$line" </dev/null
    done >pushed
}
sql() {
    wb-events-sql --sql --projects="$ids" "$@" 2>"$err"
}
said() {
    tail -n 1 "$out" | sed 's/.*disagreed=0 //'
}
nothing='inserted=0 updated=0 revived=0 marked=0'
expected=$(bytes <"$data/expected-rows.ndjson")

# ---- from Redis into the table ----
for collation in utf8mb4_general_ci utf8mb4_bin utf8mb4_unicode_ci; do
    for mode in '' NO_BACKSLASH_ESCAPES ANSI_QUOTES STRICT_ALL_TABLES ANSI \
        TRADITIONAL ORACLE; do
        db -e "SET GLOBAL sql_mode = '$mode'"
        table "$collation"
        sql <"$data/access.ndjson" | db >"$out"
        is "$collation, $mode: the rows" "$(rows)" "$expected"
    done
done
table
push <"$data/access.ndjson"
for form in access mysql-access webhook namespace; do
    table
    sql <"$data/$form.ndjson" | db >"$out"
    is "$form: the rows" "$(rows)" "$expected"
done
table
r LRANGE filemetadata 0 -1 | sql | db >"$out"
is 'a list' "$(rows)" "$expected"
is 'is told' "$(tail -n 1 "$out")" 'wb-events-sql: committed complete=1 created=27 removed=4 unknown=1 others=0 disagreed=0 inserted=27 updated=0 revived=0 marked=0'
jq -c 'to_entries[]' "$data/namespace.hgetall.json" | while IFS= read -r one; do
    r HSET hash "$(printf '%s' "$one" | jq -j .key)" \
        "$(printf '%s' "$one" | jq -j .value)" </dev/null
done >pushed
table
# shellcheck disable=SC2086
$REDIS -e --json HGETALL hash | sql | db >"$out"
is 'a hash' "$(rows)" "$expected"
r HVALS hash | sql | db >"$out"
is 'its values' "$(said)" "$nothing"
table utf8mb4_bin
sql <"$data/disorder.ndjson" | db >"$out"
is 'disorder' "$(rows)" "$(bytes <"$data/disorder-rows.ndjson")"

# ---- again, and older ----
table
head -n 22 "$data/access.ndjson" >older
tail -n +23 "$data/access.ndjson" >newer
sql <older | db >"$out"
first=$(all)
sql <older | db >"$out"
is 'a second time' "$(said)" "$nothing"
is 'changes nothing' "$(all)" "$first"
sql <newer >newer.sql
db <newer.sql >"$out"
is 'the newer events' "$(rows)" "$expected"
second=$(all)
sql <older | db >"$out"
is 'the older ones behind them' "$(said)" "$nothing"
is 'change nothing' "$(all)" "$second"
sql <"$data/access.ndjson" | db >"$out"
is 'nor do all' "$(said)" "$nothing"
is 'at all' "$(all)" "$second"
# A removal and what comes within the same second.
event() {
    jq -c --arg key "$1" --arg name "s3:$2" --arg time "2026-11-21T05:00:$3Z" \
        --arg n "$4" '.[0].Event[0] | .s3.object.key = ($key | @uri)
        | .eventName = $name | .eventTime = $time
        | .s3.object.sequencer = "18E9F5000000\($n)" | {Records: [.]}' <one
}
head -n 1 "$data/access.ndjson" >one
key='ai/VITON-HD_GMM/r/x'
for step in 'Created:Put 10.100 0001' 'Removed:Delete 10.600 0002' \
    'Created:Put 10.700 0003' 'Removed:Delete 10.800 0004' \
    'Created:Copy 10.900 0005'; do
    # shellcheck disable=SC2086 # three words
    event "$key" "Object"$step | sql >step.sql
    db <step.sql >"$out"
    cat step.sql >>steps.sql
    db -e "SELECT deleted_at IS NULL FROM files WHERE run_name = 'r'" >>states
done
is 'removed and back within a second' "$(tr '\n' ' ' <states)" '1 0 1 0 1 '
state=$(all)
db <steps.sql >"$out"
is 'and all of that again' "$(all)" "$state"
event "$key" ObjectRemoved:Delete 10.950 0006 | sql | db >"$out"
is 'removed' "$(said)" 'inserted=0 updated=0 revived=0 marked=1'
event "$key" ObjectRemoved:NoOP 11.950 0008 | sql | db >"$out"
event "$key" ObjectCreated:Put 11.500 0007 | sql | db >"$out"
is 'and not brought back by what was before' "$(said)" "$nothing"
# The same content is a newer state, too.
event ai/VITON-HD_GMM/r/y ObjectCreated:Put 10.100 0001 | sql | db >"$out"
event ai/VITON-HD_GMM/r/y ObjectCreated:Put 12.100 0003 | sql | db >"$out"
event ai/VITON-HD_GMM/r/y ObjectCreated:Put 11.100 0002 |
    sed 's/"size":14/"size":15/' | sql | db >"$out"
is 'what is between two equal ones does not win' "$(said)" "$nothing"

# Two at once, of the same events: one of them may be told to try again.
sql <"$data/access.ndjson" >same.sql
for _ in 1 2 3 4 5; do
    table
    db <same.sql >one.out 2>one.err &
    pid=$!
    db <same.sql >two.out 2>two.err
    wait "$pid"
    db <same.sql >"$out"
    rows | sha256sum
done >sums
is 'at the same time' "$(uniq sums)" "$(printf '%s\n' "$expected" | sha256sum)"

# ---- rows that are not ours ----
table
db <<'END'
INSERT INTO files (created_at, updated_at, name, project_id, run_name, meta)
    VALUES (NOW(), NOW(), 'x', 3, 'r', NULL), (NOW(), NOW(), 'y', 3, 'r', 'no'),
    (NOW(), NOW(), 'z', 3, 'r', '{"updated": null, "size": "1"}'),
    (NOW(), NOW(), 'w', 3, 'r', '{"updated": "2026-11-21T05:00:10.200123456Z"}'),
    (NOW(), NOW(), 'x', 4, 'r', NULL), (NOW(), NOW(), 'X', 3, 'r', NULL),
    (NOW(), NOW(), 'x', 3, 'R', NULL), (NOW(), NOW(), 'x ', 3, 'r', NULL);
END
for name in w x y z; do
    event "ai/VITON-HD_GMM/r/$name" ObjectCreated:Put 10.100 0001
done | sql | db >"$out"
is 'rows without a time are written, a newer one is not' "$(said)" \
    'inserted=0 updated=3 revived=0 marked=0'
is 'and no others' "$(db -e "SELECT COUNT(*) FROM files WHERE meta LIKE
    '%etag%'")" 3
table
event "ai/VITON-HD_GMM/$(printf '%0200d' 0)/x" ObjectCreated:Put 10.100 0001 \
    >long
cat "$data/access.ndjson" long | sql | db >"$out" 2>"$err"
is 'what does not fit the table' "$(db -e 'SELECT COUNT(*) FROM files')" 0
ok 'is an error' grep_err 'ERROR 1406.*too long'

# ---- names ----
cat >names.py <<'END'
import json, sys, urllib.parse
names = ["'; DROP TABLE files; -- ", "a'b", 'a"b', "a`b", "a\\", "a\\'", "\\n",
    "\\0", "a\n", "a\r\nb", "\t", "'\nDELIMITER //\nx", "\\g", "\\! touch here",
    "source x", "/* x */", "-- x", "#", "%", "_", "?", ":x", "@x", "${x}", "`id`",
    "\u001a", "\u0001", "\u007f", "\u00e9", "e\u0301", "\U0001f642", "\U0001f643", "\ud55c",
    "X'41'", "_utf8mb4", "NULL", " x", "x ", "x", "X", "\u2028", "\ufeffx", "\U0010ffff"]
events = open("names.events", "w")
rows = open("names.rows", "w")
ids = {}
for i, name in enumerate(names):
    bad = name.replace("/", "")
    for entity, project, run, file in (("e", "p", "r", name), (bad, "p", "r", "f"),
            ("e", bad, "r", "f"), ("e", "p", bad, "f"), ("e", "p", "r2", name + "/x")):
        if "//" in file or file.startswith("/"):
            continue
        key = "/".join((entity, project, run, file))
        events.write(json.dumps({"Records": [{"eventSource": "minio:s3",
            "eventName": "s3:ObjectCreated:Put", "eventTime": "2026-11-21T04:30:43.979Z",
            "s3": {"bucket": {"name": "local-files"}, "object": {
                "key": urllib.parse.quote_plus(key), "size": i, "eTag": name,
                "contentType": name, "sequencer": "1"}}}]}) + "\n")
        rows.write(json.dumps({"entity": entity, "project": project, "run_id": run,
            "name": file, "mimetype": name, "size_bytes": i, "etag": name,
            "updated": "2026-11-21T04:30:43.979Z", "storage_bucket": "s3://local-files",
            "project_id": ids.setdefault(entity + "/" + project, len(ids) + 5),
            "key": key}) + "\n")
json.dump(ids, open("names.json", "w"))
END
python3 names.py
wanted=$(bytes <names.rows | uniq)
wb-events-sql --sql --projects=names.json <names.events >names.sql 2>"$err"
is 'all names are taken' "$(cat "$err")" ''
for collation in utf8mb4_general_ci utf8mb4_bin; do
    for mode in '' NO_BACKSLASH_ESCAPES ANSI_QUOTES STRICT_ALL_TABLES; do
        db -e "SET GLOBAL sql_mode = '$mode'"
        table "$collation"
        LC_ALL=C db <names.sql >"$out"
        is "names, $collation, $mode" "$(rows)" "$wanted"
        LC_ALL=C db <names.sql >"$out"
        is 'again' "$(said)" "$nothing"
    done
done
ok 'nothing else came of them' test ! -e here

# ---- cut anywhere ----
# at LENGTH: so many bytes of newer.sql, on a table with the older events
reset() {
    table
    sql <older | db >"$out"
    first=$(all)
}
reset
size=$(wc -c <newer.sql)
# mariadb takes the end of the input for the last ';'.
commit=$(($(grep -b -o '^COMMIT;' newer.sql | cut -d: -f1) + 6))
broken=
for length in $(seq 0 97 "$size") $((commit - 1)) "$commit" $((commit + 1)) \
    $((size - 2)); do
    head -c "$length" newer.sql | db >"$out" 2>"$err"
    now=$(all)
    grep -q '^wb-events-sql: committed' "$out" && [ "$length" -lt "$commit" ] &&
        broken="$broken $length:said"
    [ "$now" = "$first" ] && continue
    [ "$length" -ge "$commit" ] || broken="$broken $length:done"
    reset
done
is 'SQL that is cut before its COMMIT changes nothing' "$broken" ''
head -c "$size" newer.sql | db >"$out"
is 'and whole it does' "$(rows)" "$expected"

# ---- take-events ----
grep -v wandb_artifacts "$data/access.ndjson" >list
take() {
    run 0 take-events "$ids"
}
table
r DEL filemetadata >"$out"
ok 'no list' take
is 'is nothing to do' "$(cat "$out" "$err")" ''
push <list
ok 'a list' take
is 'is taken' "$(rows)" "$expected"
is 'and gone' "$(r KEYS 'filemetadata*')" ''
push <"$data/access.ndjson"
ok 'one with a project that is not known' take
is 'is kept' "$(r KEYS 'filemetadata*' | sed 's/left\..*/left/')" \
    filemetadata.left
ok 'which is told' grep_err 'kept as filemetadata.left'
left=$(r KEYS 'filemetadata*')
again() {
    r RENAMENX "$left" "filemetadata.work.${left#*left.}" >"$out"
}
for option in --run=none --bucket=wandb; do
    again
    ok "$option" run 0 take-events "$ids" "$option"
    is 'keeps what it leaves out' "$(r KEYS 'filemetadata*')" "$left"
done
jq '. + {"wandb_artifacts/": null}' "$ids" >null.json
again
ok 'what has null' run 0 take-events null.json
is 'is not kept' "$(r KEYS 'filemetadata*')" ''
{
    cat list
    echo '[{"Event":[{"eventVer'
} | push
table
ok 'one with a line that is no event' run 1 take-events "$ids"
is 'is kept, too' "$(r KEYS 'filemetadata*' | sed 's/work\..*/work/')" \
    filemetadata.work
is 'what is good is there' "$(rows)" "$expected"
r LREM "$(r KEYS 'filemetadata*')" 1 '[{"Event":[{"eventVer' >"$out"
ok 'without it' take
is 'it goes' "$(r KEYS 'filemetadata*')" ''
push <list
ok 'a database that is not there' run 1 env \
    MARIADB="mariadb --no-defaults -S $work/none.sock x" take-events "$ids"
is 'costs nothing' "$(r LLEN "$(r KEYS 'filemetadata.work*')")" "$(wc -l <list)"
ok 'Redis that is not there' run 1 env REDIS="redis-cli -s $work/none.sock" \
    take-events "$ids"
ok 'is an error' grep_err 'none.sock'
r RPUSH "$(r KEYS 'filemetadata.work*')" '[
]' >"$out"
ok 'an event of two lines' run 1 take-events "$ids"
ok 'is not an event' grep_err 'lines of'
r RPOP "$(r KEYS 'filemetadata.work*')" >"$out"
db -e 'RENAME TABLE files TO files2'
ok 'a table that is not there' run 1 take-events "$ids"
db -e 'RENAME TABLE files2 TO files'
ok 'later' take
is 'all is gone' "$(r KEYS 'filemetadata*')" ''

r HSET hash2 a b >"$out"
ok 'a hash' run 1 env KEY=hash2 take-events "$ids"
ok 'is no list' grep_err 'hash2 is no list: hash'
is 'and stays' "$(r KEYS 'hash2*')" hash2
r DEL hash2 >"$out"
odd='a "b" [c]*?\'
r RPUSH "$odd" "$(head -n 1 list)" >"$out"
ok 'a name of another kind, stopped' run 1 env KEY="$odd" MARIADB=false \
    take-events "$ids"
ok 'later' run 0 env KEY="$odd" take-events "$ids"
is 'is gone' "$(r KEYS 'a *')" ''
table
yes 'RPUSH filemetadata []' | head -n 2500 | r >"$out"
push <list
ok 'one in pieces' take
is 'is taken' "$(rows)" "$expected"

# Killed at each call of a program, before it and behind it.
mkdir killing
for program in redis-cli wb-events-sql mariadb; do
    cat >"killing/$program" <<END
#!/bin/sh
echo >>"$work/calls"
n=\$(wc -l <"$work/calls")
[ "\$KILL" = "before \$n" ] && kill -9 0
$(command -v "$program") "\$@"
status=\$?
[ "\$KILL" = "behind \$n" ] && kill -9 0
exit \$status
END
    chmod +x "killing/$program"
done
kills=0
broken=
split -n l/2 list half.
n=1
while [ "$n" -le 20 ]; do
    for when in before behind; do
        table
        push <half.aa
        : >calls
        KILL="$when $n" PATH=$work/killing:$PATH setsid -w take-events "$ids" \
            >"$out" 2>"$err" && [ "$n" -gt 5 ] && break 2
        kills=$((kills + 1))
        push <half.ab
        take >said
        [ "$(rows)" = "$expected" ] && [ -z "$(r KEYS 'filemetadata*')" ] ||
            broken="$broken $when:$n"
    done
    n=$((n + 1))
done
is 'killed at any call, nothing is lost' "$broken" ''
is 'in so many places' "$kills" 16
r DEL filemetadata >"$out"
# Two at once, while MinIO goes on.
table
push <half.aa
take-events "$ids" >one.out 2>one.err &
pid=$!
push <half.ab
take-events "$ids" >two.out 2>two.err
wait "$pid"
take >said
is 'two at once' "$(rows)" "$expected"

# ---- what the page says ----
# query WORD: the block with it, as the shell gets it
query() {
    mandoc -T ascii "$page" | awk -v word="$1" 'BEGIN { RS = "" }
        index($0, word) { print; exit }' | sed 's/^ *\$ //; s/^ *> //'
}
mkdir front
cat >front/mariadb <<END
#!/bin/sh
exec $(command -v mariadb) --no-defaults -S "$work/db.sock" -u root "\$@"
END
chmod +x front/mariadb
asked() {
    PATH=$work/front:$PATH sh ./query
}
db -e "INSERT INTO files (created_at, updated_at, name, project_id, run_name,
    storage_entity_name, storage_project_name) VALUES (NOW(), NOW(), 'x', 9,
    'r', 'AI', 'viton-hd_gmm'), (NOW(), NOW(), 'x', 8, 'r', 'é\"\\\\', 'p '),
    (NOW(), NOW(), 'x', 10, 'r', 'é\"\\\\', 'p')"
query JSON_OBJECTAGG >query
asked
is 'the ids of the projects' "$(jq -c -S . projects.json)" \
    '{"AI/viton-hd_gmm":9,"ai/VITON-HD_AFWM":4,"ai/VITON-HD_GMM":3,"é\"\\/p":10,"é\"\\/p ":8}'
ok 'are ids to the tool' wb-events-sql --projects=projects.json </dev/null
db -e 'CREATE TABLE runs (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(128),
    project_id INT); INSERT INTO runs (name, project_id)
    VALUES ("ejf7lqvc", 3), ("ejf7lqvc", 4), ("EJF7LQVC", 3)'
query 'COUNT(*)' | sed 's/RUN/ejf7lqvc/; s/PROJECT_ID/3/' >query
is 'did it land' "$(asked | tr '\n\t' '  ')" '1 25 '
query 'DELETE FROM' | sed 's/RUN/ejf7lqvc/; s/PROJECT_ID/3/' >query
asked
is 'undone: the run in this project' "$(db -e 'SELECT project_id, name FROM runs' |
    tr '\n\t' '  ')" '4 ejf7lqvc 3 EJF7LQVC '
is 'and its files' "$(db -e "SELECT DISTINCT project_id FROM files
    WHERE run_name = 'ejf7lqvc'")" 4
db -e 'DROP TABLE runs'

# ---- MinIO ----
minio=$(command -v "${MINIO:-minio}")
if [ -z "$minio" ]; then
    ok "MinIO's own events # SKIP no minio" true
    done_testing
    exit
fi
mport=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
env MINIO_ROOT_USER=testuser MINIO_ROOT_PASSWORD=testsecret MINIO_UPDATE=off \
    MINIO_CALLHOME_ENABLE=off MINIO_BROWSER=off \
    MINIO_NOTIFY_REDIS_ENABLE_A=on MINIO_NOTIFY_REDIS_FORMAT_A=access \
    MINIO_NOTIFY_REDIS_ADDRESS_A="127.0.0.1:$port" \
    MINIO_NOTIFY_REDIS_KEY_A=filemetadata \
    MINIO_NOTIFY_REDIS_QUEUE_DIR_A="$work/queue" \
    "$minio" server --address "127.0.0.1:$mport" "$work/minio" >minio.log 2>&1 &
daemons="$! $daemons"
at=http://127.0.0.1:$mport
s3() {
    curl -sSf --aws-sigv4 aws:amz:us-east-1:s3 --user testuser:testsecret \
        -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "$@"
}
until_true curl -sf "$at/minio/health/ready"
s3 -X PUT "$at/local-files"
s3 -X PUT "$at/local-files?notification=" --data-binary \
    '<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
<QueueConfiguration><Queue>arn:minio:sqs::A:redis</Queue>
<Event>s3:ObjectCreated:*</Event><Event>s3:ObjectRemoved:*</Event>
</QueueConfiguration></NotificationConfiguration>'
r DEL filemetadata >"$out"
table
put() {
    printf '%s' "$2" | s3 -X PUT "$at/local-files/ai/VITON-HD_GMM/r/$1" \
        -H 'content-type: text/plain' --data-binary @-
}
drop() {
    s3 -X DELETE "$at/local-files/ai/VITON-HD_GMM/r/$1"
}
# listed: names, eTags and sizes, as the bucket says
listed() {
    s3 "$at/local-files?encoding-type=url&list-type=2" | python3 -c '
import json, sys, urllib.parse, xml.etree.ElementTree as tree
ns = "{http://s3.amazonaws.com/doc/2006-03-01/}"
for one in tree.parse(sys.stdin).iter(ns + "Contents"):
    print(json.dumps({"key": urllib.parse.unquote_plus(one.find(ns + "Key").text),
        "etag": one.find(ns + "ETag").text.strip("\""),
        "size_bytes": int(one.find(ns + "Size").text)}, sort_keys=True))' |
        jq -c -S . | sort
}
rows_as_listed() {
    rows | jq -c -S '{key, etag, size_bytes}' | sort
}
arrived() {
    [ "$(r LLEN filemetadata)" -ge "$1" ]
}
for i in $(seq 20); do
    put "a%20$i%2Bb%25" "$i"
    [ $((i % 3)) -eq 0 ] && drop "a%20$i%2Bb%25"
    [ $((i % 5)) -eq 0 ] && put "a%20$i%2Bb%25" "again $i"
done
put empty ''
put '%F0%9F%99%82%27%22' x
until_true arrived 32
take >said
is 'the bucket' "$(rows_as_listed)" "$(listed)"
for i in $(seq 20); do
    if [ $((i % 2)) -eq 0 ]; then
        drop "a%20$i%2Bb%25"
    else
        put "a%20$i%2Bb%25" new
    fi
done
until_true arrived 20
take >said
is 'the bucket, later' "$(rows_as_listed)" "$(listed)"
is 'all was taken' "$(r KEYS 'filemetadata*')" ''
rm -r "$work/minio/local-files/ai/VITON-HD_GMM/r/empty"
put 'more' x
until_true arrived 1
r RENAME filemetadata other >"$out"
sql --bucket-dir="$work/minio/local-files" <"$data/access.ndjson" >"$out"
ok 'its disk' grep -q 'created=0 ' "$out"
r LRANGE other 0 -1 | sql --bucket-dir="$work/minio/local-files" >"$out"
ok 'has what is there' grep -q 'created=1 .*disagreed=0' "$out"
done_testing
