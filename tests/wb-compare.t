#!/bin/sh
# wb-compare: one record of what differs, value for value, and the best run.
. "$srcdir/tests/lib.sh"

every_tool wb-compare

# record ID CONFIG SUMMARY: as wb-runs writes it
record() {
    printf '{"run":"e/p/%s","project":"e/p","display_name":"the %s",' "$1" "$1"
    printf '"state":"finished","url":"u/%s","config":%s,"summary":%s}\n' \
        "$1" "$2" "$3"
}

three=$(
    record a '{"lr":0.10,"opt":{"name":"sgd","beta":[1,2]},"seed":1}' \
        '{"loss":0.50,"val":{"acc":0.9},"_step":9,"_wandb":{"runtime":1}}'
    record b '{"lr":0.1,"opt":{"name":"adam","beta":[1, 2]},"seed":1.0}' \
        '{"loss":0.25,"val":{"acc":0.8},"_step":9}'
    record c '{"lr":1e-1,"opt":{"name":"sgd","beta":[1,2]},"seed":1,"x":null}' \
        '{"loss":0.5,"_step":9,"img":{"_type":"image-file","path":"p"}}'
)
ok 'three runs' run_input "$three" 0 wb-compare
is 'in one record' "$(wc -l <"$out" | tr -d ' ')" 1
is 'are told' "$(field runs)" \
    '[{"run":"e/p/a","display_name":"the a","state":"finished","url":"u/a"},'\
'{"run":"e/p/b","display_name":"the b","state":"finished","url":"u/b"},'\
'{"run":"e/p/c","display_name":"the c","state":"finished","url":"u/c"}]'
is 'of the config what differs' "$(field config)" \
    '{"opt.name":{"e/p/a":"sgd","e/p/b":"adam","e/p/c":"sgd"},"x":{"e/p/c":null}}'
is 'of the summary all' "$(field summary)" \
    '{"loss":{"e/p/a":0.5,"e/p/b":0.25,"e/p/c":0.5},'\
'"val.acc":{"e/p/a":0.9,"e/p/b":0.8},'\
'"_step":{"e/p/a":9,"e/p/b":9,"e/p/c":9},'\
'"img":{"e/p/c":{"_type":"image-file","path":"p"}}}'
ok 'digit for digit' grep -q '"loss":{"e/p/a":0.50,' "$out"
is 'and no best one' "$(field best)" null

ok 'the least' run_input "$three" 0 wb-compare --by=loss --min
is 'is the best' "$(field best)" '{"by":"loss","order":"min","value":0.25,'\
'"run":"e/p/b","display_name":"the b","state":"finished","url":"u/b",'\
'"ties":[],"lacking":0}'
ok 'the greatest' run_input "$three" 0 wb-compare --max --by=loss
is 'the first of two, with the other' \
    "$(field best.run) $(field best.value) $(field best.ties)" \
    'e/p/a 0.5 ["e/p/c"]'
ok 'a nested key, which one has not' run_input "$three" 0 \
    wb-compare --max --by=val.acc
is 'is counted' "$(field best.run) $(field best.lacking)" 'e/p/a 1'
ok 'a key that is no number' run_input "$three" 1 wb-compare --max --by=img
is 'is no best' "$(field failed.code),$(field best)" not_found,null
is 'and the rest is there' "$(jq '.runs | length' "$out")" 3
ok 'is said' grep_err 'img'
ok 'a key that is not there' run_input "$three" 1 wb-compare --min --by=lr
is 'neither' "$(field failed.code)" not_found

odd=$(
    record a '{}' '{"m":"NaN"}'
    record b '{}' '{"m":"-Infinity"}'
    record c '{}' '{"m":"12"}'
    record d '{}' '{"m":-1e999}'
    record e '{}' '{"m":true}'
    record f '{}' '{}'
    record g '{}' '{"m":3}'
)
ok 'what is no number' run_input "$odd" 0 wb-compare --max --by=m
is 'does not count' "$(field best.run) $(field best.lacking)" 'e/p/g 4'
ok 'the infinities' run_input "$odd" 0 wb-compare --min --by=m
is 'do' "$(field best.run) $(field best.ties)" 'e/p/b ["e/p/d"]'
is 'as nothing differs in' "$(field config)" '{}'

# Seeds that no double tells apart.
big=$(
    record a '{"seed":9007199254740992,"l":[9007199254740992]}' '{"k.x":1,"k":{"x":2}}'
    record b '{"seed":9007199254740993,"l":[9007199254740993]}' '{"k":{"x":3}}'
)
ok 'large numbers' run_input "$big" 0 wb-compare
ok 'differ' grep -q '"seed":{"e/p/a":9007199254740992,"e/p/b":9007199254740993}' "$out"
ok 'in a list, too' grep -q '"l":{"e/p/a":\[9007199254740992\]' "$out"
is 'of a key that is there twice the first counts' \
    "$(field 'summary' | jq -c '.["k.x"]')" '{"e/p/a":1,"e/p/b":3}'
ok 'one run' run_input "$(record a '{"lr":1}' '{"loss":2}')" 0 wb-compare
is 'does not differ' "$(field config),$(field summary)" \
    '{},{"loss":{"e/p/a":2}}'
ok 'none' run_input '' 0 wb-compare
is 'is nothing' "$(cat "$out")" ''
ok 'a key that comes late, and one that ends' run_input "$(
    record a '{"x":1,"z":{}}' '{}'
    record b '{"x":1,"y":2,"z":{}}' '{}'
    record c '{"y":2,"z":{}}' '{}')" 0 wb-compare
is 'differ' "$(field config)" \
    '{"x":{"e/p/a":1,"e/p/b":1},"y":{"e/p/b":2,"e/p/c":2}}'

# ---- what cannot be compared ----

dead='{"run":"e/p/z","config":{},"summary":{},"error":{"tool":"wb-runs","code":"auth","message":"m"}}'
ok 'an error among them' run_input "$(record a '{}' '{"m":1}')
$dead
$(record b '{}' '{"m":2}')" 1 wb-compare --by=m --max
is 'is passed on' "$(head -n 1 "$out")" "$dead"
is 'and the others compared' "$(field best.run)" e/p/b
ok 'fields that are not there' run_input \
    '{"run":"e/p/a","summary":{}}
{"run":"e/p/a","config":{}}
{"run":"e/p/a","config":{},"summary":"x"}
e/p/a' 1 wb-compare
is 'are named' "$(jq -r '.error | .code + ": " + (.message | split(":")[0])' "$out")" \
    'input: the record has no config
input: the record has no summary
input: the record has no summary
input: the record has no config'
ok 'with the call that writes them' \
    grep_err 'wb-runs --fields=.*config,summary'
ok 'a run that is there twice' run_input "$(record a '{}' '{"m":1}')
$(record a '{}' '{"m":2}')" 1 wb-compare
is 'is taken once' "$(head -n 1 "$out" | jq -r .error.code),$(field summary)" \
    'input,{"m":{"e/p/a":1}}'
ok 'a later line that is none' run_input "$(record a '{}' '{}')
{\"run\":" 3 wb-compare
is 'makes nothing of it' "$(cat "$out")" ''
printf '%s\n' "$three" | wb-compare >/dev/full 2>"$err"
is 'a full disk' $? 3

for wrong in --by=m --max --min '--by= --max' '--by=m --max --min'; do
    # shellcheck disable=SC2086
    ok "wrong: $wrong" run_input '{}' 2 wb-compare $wrong
done

# ---- many ----

ok 'a key _type of all' run_input '{"run":"a","config":{"_type":"x","n":1},"summary":{"_type":"x","l":1}}
{"run":"b","config":{"_type":"x","n":2},"summary":{"l":2}}' 0 \
    wb-compare --by=l --min
is 'hides nothing' "$(field config)$(field best.run)" '{"n":{"a":1,"b":2}}a'

jq -n -c 'range(10000) | {run: "e/p/r\(.)", project: "e/p",
    config: ({seed: ., lr: 0.1, batch: 32} + {("only\(.)"): 1}),
    summary: {loss: (. / 10000), _step: 100}}' >"$work/in"
wb-compare --by=loss --max <"$work/in" >"$out" 2>"$err"
is '10,000 runs' $? 0
is 'are compared' "$(jq -c '[(.runs | length), (.config | length),
    (.config.seed | length), .config.lr, .best.run]' "$out")" \
    '[10000,10001,10000,null,"e/p/r9999"]'

# ---- the pipe ----

serve --load '{"runs": [
  {"run": "acme/p/one", "state": "finished",
   "config": "{\"lr\":{\"value\":1e-3},\"seed\":{\"value\":1}}",
   "summary": "{\"loss\":NaN,\"a\":1}"},
  {"run": "acme/p/two", "state": "finished", "config": {"lr": 1, "seed": 1},
   "summary": "{\"loss\":2}"},
  {"run": "acme/p/none", "state": "crashed"}]}'
wb-runs --fields=display_name,state,url,config,summary acme/p >"$work/in"
ok 'of wb-runs' run_input "$(cat "$work/in")" 0 wb-compare --by=loss --min
is 'what differs' "$(field config)" \
    '{"lr":{"acme/p/one":0.001,"acme/p/two":1},"seed":{"acme/p/one":1,"acme/p/two":1}}'
is 'the best' "$(field best.run) $(field best.lacking)" 'acme/p/two 2'
is 'its page' "$(field best.url)" "$url/acme/p/runs/two"
wb-runs --fields=config.lr,summary.loss acme/p >"$work/in"
ok 'of some keys' run_input "$(cat "$work/in")" 0 wb-compare --by=loss --min
is 'those' "$(jq -c '[(.config | keys), (.summary | keys)]' "$out")" \
    '[["lr"],["loss"]]'
done_testing
