#!/bin/sh
# examples/monitoring: its programs against kw-sandbox and a Pushgateway that is
# played; whether its files are what Prometheus, Kubernetes, systemd and Docker
# want is in tests/peers/monitoring.t.
. "$srcdir/tests/lib.sh"

srcdir=$(cd "$srcdir" && pwd)
monitoring=$srcdir/examples/monitoring
PATH=$monitoring:$PATH
cd "$work" || exit 1
mkdir tmp
TMPDIR=$work/tmp
export TMPDIR

load='{"runs": [
    {"run": "acme/metta/r1", "display_name": "github.sky.main.1",
        "state": "finished", "created_at": "2026-11-21T01:00:00Z",
        "heartbeat_at": "2026-11-21T03:00:00Z",
        "summary": {"overview/sps": 80.5}},
    {"run": "acme/metta/r2", "display_name": "a", "state": "failed",
        "created_at": "2026-11-21T02:00:00Z",
        "heartbeat_at": "2026-11-21T03:00:00Z"},
    {"run": "acme/metta/r3", "display_name": "b", "state": "running",
        "created_at": "2026-11-21T05:30:00Z",
        "heartbeat_at": "2026-11-21T05:59:00Z"}]}'
# values FILE: of a file in Prometheus' form, without how long it took
values() {
    sed -n '/^wandb_collect_duration/d; s/^\(wandb[a-z0-9_]*\){.*} /\1 /p' "$1" |
        sort
}
serve --load "$load"
ok 'what is to be told' run 0 wb-collect --format=prometheus acme/metta
want=$(values "$out")
is 'is not nothing' "$(printf '%s\n' "$want" | grep -cE \
    '^wandb_(runs_(active|failed_24h)|push_to_main_runs_completed_24h) 1$')" 3

# ---- a file for node_exporter ----
mkdir textfiles
ok 'to-textfile' run 0 to-textfile textfiles acme/metta
is 'says nothing' "$(cat "$out" "$err")" ''
is 'leaves one file' "$(ls -A textfiles)" wandb.prom
is 'that others can read' "$(find textfiles -type f -perm 644)" \
    textfiles/wandb.prom
is 'with the metrics' "$(values textfiles/wandb.prom)" "$want"
cp textfiles/wandb.prom before
(umask 077; echo "machine ${url#http://} login api password $WANDB_API_KEY" >netrc)
ok 'a key in a file, as systemd gives it' run 0 env -u WANDB_API_KEY \
    NETRC="$work/netrc" to-textfile textfiles acme/metta
is 'will do' "$(values textfiles/wandb.prom)" "$want"
is 'it is the one of the unit' "$(grep -c '^Environment=NETRC=%d/netrc$' \
    "$monitoring/wb-collect.service")" 1
cp textfiles/wandb.prom before
ok 'a project that is not there' run 1 to-textfile textfiles acme/metta acme/no
ok 'is told' grep_err acme/no
is 'and changes nothing' "$(ls -A textfiles) $(cmp textfiles/wandb.prom before)" \
    'wandb.prom '
ok 'no folder' run 1 to-textfile nowhere acme/metta
ok 'a wrong option' run 2 to-textfile textfiles --no-such acme/metta
is 'leaves nothing either' "$(ls -A textfiles)" wandb.prom

# ---- a Pushgateway ----
cat >gateway.py <<'END'
import http.server, sys

class Gateway(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        open("pushed", "wb").write(body)
        open("asked", "a").write(self.path + "\n")
        self.send_response(int(open("status").read()))
        self.end_headers()
        self.wfile.write(b"text format parsing error\n")

    def log_message(self, *_):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Gateway)
open("gateway.port", "w").write(str(server.server_port))
server.serve_forever()
END
echo 200 >status
: >asked
python3 gateway.py 2>gateway.err &
gateway_pid=$!
end_gateway() {
    kill "$gateway_pid" 2>/dev/null
    wait "$gateway_pid" 2>/dev/null
    clean
}
trap end_gateway EXIT
while [ ! -s gateway.port ]; do
    kill -0 "$gateway_pid" || exit 1
    sleep 0.01
done
gateway=http://127.0.0.1:$(cat gateway.port)
ok 'to-pushgateway' run 0 to-pushgateway "$gateway" acme/metta
is 'is silent' "$(cat "$out")" ''
is 'puts the metrics' "$(values pushed)" "$want"
is 'as those of the job' "$(sed 's,/[^/]*$,,' asked)" \
    /metrics/job/wb_collect/instance@base64
is 'and the project' "$(sed 's,.*/,,' asked | base64 -d)" acme/metta
ok 'a project that is not there' run 1 to-pushgateway "$gateway" acme/no
is 'is not pushed' "$(wc -l <asked | tr -d ' ')" 1
echo 400 >status
ok 'a gateway that refuses' run 22 to-pushgateway "$gateway" acme/metta
ok 'is told, in its words' grep_err 'parsing error'
is 'no file is left' "$(ls -A "$TMPDIR")" ''

# ---- Datadog ----
serve --load "$load"
ok 'to-datadog' run 0 to-datadog acme/metta
is 'the metrics have arrived' "$(state '[.points[] | select(.value == 1)
    | .metric] | sort | map(select(test("active$|failed_24h$"))) | unique')" \
    '["wandb.runs.active","wandb.runs.failed_24h"]'
is 'all that have a value' "$(state '.points | length')" \
    "$(jq -s 'map(select(.value != null)) | length' "$out")"
ok 'a project that is not there' run 1 to-datadog acme/no
is 'brings nothing' "$(state '.points | map(.times) | add')" \
    "$(state '.points | length')"
serve --load "$load" --fault='match=/api/v2/series times=always status=403'
ok 'a key that Datadog does not take' run 1 to-datadog acme/metta
serve --load "$load" --fault='match=/graphql times=always status=401'
ok 'one that W&B does not take' run 1 to-datadog acme/metta
is 'and nothing is sent' "$(state '.points | length')" 0
mkdir bin
for tool in wb-collect dd-push; do
    printf '#!/bin/sh\necho "%s $*" >>calls\n' "$tool" >"bin/$tool"
    chmod +x "bin/$tool"
done
ok 'a secret of AWS' run 0 env WB_SECRET_ID=a/b PATH="$work/bin:$PATH" \
    to-datadog acme/metta
is 'is named to both' "$(sort calls)" \
    "dd-push --timeout=30 --aws-secret=a/b${nl}wb-collect --timeout=75 --aws-secret=a/b acme/metta"

# ---- Telegraf ----
command=$(sed -n 's,^  commands = \["/usr/local/bin/\(.*\)"\]$,\1,p' \
    "$monitoring/telegraf.conf")
serve --load "$load"
# shellcheck disable=SC2086 # as Telegraf does
ok 'what Telegraf runs' run 0 $command
ok 'writes InfluxDB lines' grep -q \
    '^wandb\.runs\.active,.*project=.* value=1i 17952408[0-9]*$' "$out"

# ---- what the files say of each other ----
# seconds FILE PATTERN: the number behind it
seconds() {
    sed -n "s/.*$2\\([0-9]*\\).*/\\1/p" "$monitoring/$1" | head -n 1
}
more() {
    [ -n "$1" ] && [ -n "$2" ] && [ "$1" -gt "$2" ]
}
ok 'a job has the time that its tools take' more \
    "$(seconds kubernetes/cronjob.yaml 'activeDeadlineSeconds: ')" \
    $(($(seconds to-datadog 'wb-collect --timeout=') + $(seconds to-datadog \
        'dd-push --timeout=')))
ok 'and so has Telegraf' more "$(seconds telegraf.conf '  timeout = "')" \
    "$(seconds telegraf.conf '--timeout=')"
ok 'and the unit, the default time' more \
    "$(seconds wb-collect.service 'TimeoutStartSec=')" 120
is 'what the unit starts is here' "$(sed -n \
    's,^ExecStart=/usr/local/bin/\([^ ]*\) .*,\1,p' \
    "$monitoring/wb-collect.service" | while read -r program; do
        [ -x "$monitoring/$program" ] && echo there
    done)" there
wb-collect --format=prometheus acme/metta >metrics
is 'alerts ask for metrics that there are' "$(grep -oE '\bwandb_[a-z0-9_]+' \
    "$monitoring/alerts.yaml" | sort -u | while read -r name; do
        grep -q "^$name{" metrics || echo "$name"
    done)" ''
is 'the image is built with what a build needs' "$(sed -n \
    "/^packages='/,/'$/p" "$srcdir/quickstart" | tr -s " '" '\n' |
    grep -E -- '-dev$|^(gcc|make|auto.*|pkg-config)$' | while read -r name; do
        grep -qw -e "$name" "$monitoring/Containerfile" || echo "$name"
    done)" ''
ok 'README.md names all that is here' sh -c 'cd "$1" && for file in *; do
    [ "$file" = README.md ] || grep -q "\`$file" README.md || exit 1
    done' sh "$monitoring"
done_testing
