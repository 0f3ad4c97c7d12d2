#!/bin/sh
# kw-sandbox as Datadog: what it refuses, what it keeps, what it notes.
. "$srcdir/tests/lib.sh"

# post FILE [CURL'S OPTION ...]: the status; the answer is in $out.
post() {
    _file=$1
    shift
    curl -sS -o "$out" -w '%{http_code}' --data-binary "@$_file" \
        -H "DD-API-KEY: $DD_API_KEY" -H 'Content-Type: application/json' \
        "$@" "$url/api/v2/series"
}
# series JSON ...: a body with these.
series() {
    (IFS=, && printf '{"series":[%s]}' "$*") >"$work/body"
}
pack() {
    python3 -c 'import sys, zlib, gzip
sys.stdout.buffer.write({"deflate": zlib, "gzip": gzip}[sys.argv[1]]
    .compress(sys.stdin.buffer.read()))' "$1" <"$work/body" >"$work/packed"
}
point='"points":[{"timestamp":1795240800,"value":1}]'
one="{\"metric\":\"a\",\"type\":3,$point,\"tags\":[\"t:x\"]}"

serve
series "$one"
is 'a series' "$(post "$work/body"),$(jq -c . "$out")" '202,{"errors":[]}'
is 'is there' "$(state '.points | map([.metric, .value, .times])')" '[["a",1,1]]'
series "$(echo "$one" | sed 's/"value":1/"value":2/')"
is 'a later value' "$(post "$work/body")" 202
is 'wins' "$(state '.points | map([.metric, .value, .times])')" '[["a",2,2]]'
for coding in deflate gzip; do
    pack "$coding"
    is "$coding" "$(post "$work/packed" -H "Content-Encoding: $coding")" 202
done
is 'arrives, too' "$(state '.points[0].times')" 4
is 'a coding that it is not' \
    "$(post "$work/body" -H 'Content-Encoding: gzip')" 400
is 'one that is not known' \
    "$(post "$work/body" -H 'Content-Encoding: br')" 400
is 'another key' "$(DD_API_KEY=x post "$work/body")" 403
is 'no key' "$(DD_API_KEY='' post "$work/body")" 403
for text in '' '[]' '{' '{"series":1}' '{"series":[1]}'; do
    printf '%s' "$text" >"$work/body"
    is "body $text" "$(post "$work/body")" 400
done
for change in 's/"a"/1/' 's/"type":3/"type":4/' 's/"type":3/"type":"gauge"/' \
    's/"points"/"point"/' 's/:1795240800/:"1"/' 's/1795240800/1.5/' \
    's/"value":1/"value":null/' 's/\["t:x"\]/"t:x"/' 's/"t:x"/1/' \
    's/"type":3/"unit":1/'; do
    series "$one" "$(echo "$one" | sed "$change")"
    is "$change" "$(post "$work/body"),$(jq -c .errors "$out")" \
        '400,["series[1] has not its form"]'
done
is 'nothing of those is kept' "$(state '.points[0].times')" 4

# ---- sizes ----
serve
jq -n -c --argjson one "$one" '{series: [range(70000) as $n
    | $one | .metric = "m\($n)"]}' >"$work/body"
ok 'more than is taken' test "$(wc -c <"$work/body")" -gt 5242880
is 'as it is' "$(post "$work/body")" 413
pack deflate
ok 'little of it, deflated' test "$(wc -c <"$work/packed")" -lt 512000
is 'is too much unpacked' \
    "$(post "$work/packed" -H 'Content-Encoding: deflate')" 413
is 'in its words' "$(jq -c .errors "$out")" '["Payload too large"]'
jq -c '{series: .series[:1000]}' "$work/body" >"$work/less"
mv "$work/less" "$work/body"
is 'less' "$(post "$work/body")" 202
is 'is taken' "$(state '.points | length')" 1000

# ---- what is dropped ----
serve
series "$(echo "$one" | sed s/1795240800/1795237199/)" \
    "$(echo "$one" | sed s/1795240800/1795241401/)" \
    "$(echo "$one" | sed 's/"a"/"1a"/')" "$(echo "$one" | sed 's/"a"/"a-b"/')" \
    "$(echo "$one" | sed 's/t:x/1:x/')" "$(echo "$one" | sed 's/t:x/a b/')"
is 'what Datadog drops' "$(post "$work/body")" 202
is 'is not there' "$(state .points)" '[]'
is 'and noted' "$(state '.violations | length')" 6
is 'by its name' "$(state '.violations[2]')" \
    'POST series: 1a: no name of a metric'

# ---- what is ordered ----
serve --load '{"dd_api_key":"k","dd_refused":{"b":202,"c":400}}'
DD_API_KEY=k
series "$one" "$(echo "$one" | sed 's/"a"/"b"/')"
is 'a part refused' "$(post "$work/body"),$(jq '.errors | length' "$out")" 202,1
is 'the rest is kept' "$(state '.points | map(.metric)')" '["a"]'
series "$one" "$(echo "$one" | sed 's/"a"/"c"/')"
is 'all refused' "$(post "$work/body")" 400
is 'nothing is kept' "$(state '.points[0].times')" 1
is 'a script that is none' "$(sandbox POST load '{"dd_refused":[]}' |
    jq -r .error)" 'dd_refused is no object'
ok 'the environment of a command' run 0 kw-sandbox -- \
    sh -c 'DD_DD_URL= dd-push "{\"metric\":\"m\",\"value\":1}"'
is 'leads there' "$(field pushed_at)" 2026-11-21T06:00:00Z
done_testing
