#!/bin/sh
# The official datadog-api-client 2.62.0 reads what dd-push sends, and what it
# sends of that itself leaves the same points in kw-sandbox; the official
# DogStatsD client sends the same lines. KW_PEERS_VENV is a virtual environment
# that has them (make check-peers makes one).
. "$srcdir/tests/lib.sh"

python=${KW_PEERS_VENV:?a virtual environment with datadog-api-client}/bin/python
client() {
    env -u http_proxy "$python" "$srcdir/tests/peers/dd.py" "$@" 2>"$err" &&
        return
    sed 's/^/# /' "$err" >&2
    return 1
}

is 'the version that was checked' "$("$python" -c 'import importlib.metadata
print(importlib.metadata.version("datadog-api-client"))')" 2.62.0

at='"at":"2026-11-21T05:59:58.5Z"'
cat >"$work/metrics" <<EOT
{"metric":"wandb.runs.active","value":3,"unit":"run",$at,"window_seconds":86400,"tags":{"entity":"e","project":"p"},"type":"gauge"}
{"metric":"wandb-pct.é","value":66.66666666666667,$at,"tags":["Größe:1","x y:z,|#"]}
{"metric":"tiny","value":-1.5e-300,$at}
{"metric":"large","value":12345678901234567890,$at,"unit":""}
{"metric":"count","value":7,$at,"type":"count","interval_seconds":60}
{"metric":"rate","value":0.5,$at,"type":"rate","interval_seconds":60}
EOT
serve
DD_ENV=prod DD_SERVICE=kw DD_VERSION=1.2 DD_TAGS=team:a,b DD_HOSTNAME=host-1
export DD_ENV DD_SERVICE DD_VERSION DD_TAGS DD_HOSTNAME
while IFS= read -r metric; do
    ok "sent: $(printf '%s' "$metric" | jq -r .metric)" \
        run_input "$metric" 0 dd-push
done <"$work/metrics"
sandbox GET requests | jq -c .body >"$work/bodies"
is 'a request each' "$(wc -l <"$work/bodies")" 6
ok 'the client understands them' client check <"$work/bodies"
for body in '{"series":[{"metric":"a","type":7,"points":[]}]}' \
    '{"series":[{"metric":"a","points":[{"timestamp":"x","value":1}]}]}' \
    '{"series":[{"metric":"a","points":[],"tags":[1]}]}' '{"series":[{}]}'; do
    # What this test would find.
    echo "$body" | client check >"$work/refused"
    ok "but not $body" grep_err 'not understood'
done
state '.points' >"$work/ours"
serve
ok 'the client sends them' client send <"$work/bodies"
is 'and the server has the same' "$(state .points)" "$(cat "$work/ours")"
is 'as one that follows the rules' "$(state .violations)" '[]'

# ---- many, deflated ----
jq -n -c "range(3000) | {metric: \"m\\(. % 7)\", value: (. / 7), $at,
    tags: {n: \"\\(.)\", even: (. % 2 == 0)}}" >"$work/many"
serve
ok 'many' sh -c "dd-push <'$work/many' >'$out'"
is 'in some requests' "$(asked series)" 2
state '.points' >"$work/ours"
dd-push -n <"$work/many" | jq -c -s '{series: map(.series)}' >"$work/bodies"
ok 'the client understands them' client check <"$work/bodies"
serve
ok 'the client sends them' client send deflate <"$work/bodies"
ok 'and the server has the same' test "$(state .points)" = \
    "$(cat "$work/ours")"
serve
ok 'also by gzip' client send gzip <"$work/bodies"
ok 'it has the same' test "$(state .points)" = "$(cat "$work/ours")"

# ---- DogStatsD: the datagrams of the official datadog 0.56.0 ----
heard() {
    : >"$work/agent"
    python3 "$srcdir/tests/agent.py" udp >"$work/agent" &
    _agent=$!
    until [ -s "$work/agent" ]; do
        kill -0 "$_agent" || exit 1
        sleep 0.01
    done
    address=$(jq -r .address "$work/agent")
    "$@"
    kill "$_agent"
    wait "$_agent"
    # The client ends a line, also the last one.
    sed 1d "$work/agent" | jq -r 'rtrimstr("\n")'
}
# A large number is the same in fewer digits.
grep -v '"large"' "$work/metrics" >"$work/some"
ours() {
    jq -c 'select(.type != "rate")' "$work/some" |
        dd-push --statsd="$address" >"$out"
}
theirs() {
    dd-push -n <"$work/some" | jq -c .series | client statsd "$address"
}
unset DD_ENV DD_SERVICE DD_VERSION DD_TAGS DD_HOSTNAME
heard theirs >"$work/theirs"
is 'a line each' "$(wc -l <"$work/theirs")" 4
is 'the same lines' "$(heard ours)" "$(cat "$work/theirs")"

# ---- what the client makes of refusals ----
serve --load '{"dd_refused":{"m1":400,"m2":202,"m3":413}}'
for metric in m1 m2 m3; do
    body="{\"series\":[{\"metric\":\"$metric\",\"points\":[]}]}"
    echo "$body" | client send >"$work/refused"
    ok "a refusal of $metric" grep_err 'refused\|not accepted'
done
serve
DD_API_KEY=x client send <"$work/bodies" >"$work/refused"
ok 'a wrong key' grep_err Forbidden
done_testing
