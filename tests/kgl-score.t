#!/bin/sh
# kgl-score: all submissions, and the score of the newest when there is one.
. "$srcdir/tests/lib.sh"

# scores LIST [OPTION ...]: a competition with these submissions.
scores() {
    _list=$1
    shift
    serve --load "{\"submissions\":{\"titanic\":$_list}}" "$@" COMPLETE
}

two='[{"ref":48000000001,"date":"2026-07-02T10:20:30.1234567Z",
    "description":"v2","fileName":"s.csv","publicScore":"0.790","totalBytes":9,
    "privateScore":"","status":"COMPLETE","submittedBy":"u","teamName":"t",
    "url":"/c/titanic/s"},
    {"ref":7,"date":"2026-07-01T10:20:30Z","description":"",
    "fileName":"s.csv","publicScore":"n/a","privateScore":"-1.5e-3",
    "status":"COMPLETE","errorDescription":null}]'

scores "$two"
ok 'submissions' run 0 kgl-score titanic
is 'are a record each' "$(cat "$out")" '{"competition":"titanic","ref":"48000000001","file_name":"s.csv","description":"v2","submitted_at":"2026-07-02T10:20:30.123Z","status":"COMPLETE","public_score":0.79,"bytes":9,"submitted_by":"u","team":"t","url":"/c/titanic/s"}
{"competition":"titanic","ref":"7","file_name":"s.csv","submitted_at":"2026-07-01T10:20:30Z","status":"COMPLETE","public_score":"n/a","private_score":-0.0015}'
for page in https://www.kaggle.com/competitions/titanic \
    https://www.kaggle.com/c/titanic/leaderboard?x; do
    ok "$page" run 0 kgl-score "$page"
    is 'is its competition' "$(field competition)" titanic
done
for name in 'a b' ../x https://example.com/c/titanic titanic/x; do
    ok "$name" run 1 kgl-score "$name"
    is 'is none' "$(field error.code)" input
done
ok 'a record' run_input '{"competition":"titanic","x":1}' 0 kgl-score
is 'does not go into each submission' "$(field x)" null
ok 'a dry run' run_input '{"competition":"titanic","dry_run":true}' 0 kgl-score
is 'has none' "$(field competition),$(field ref)" titanic,null
scores '[]'
ok 'none' run 0 kgl-score titanic
is 'is no record' "$(cat "$out")" ''
ok 'of a competition that there is not' run 1 kgl-score nope titanic
is 'it is said' "$(field error.code)" not_found

# ---- many ----
many=$(jq -n -c '[range(450) | {ref: (1000 - .), fileName: "s.csv",
    publicScore: "\(.)", status: "COMPLETE"}]')
scores "$many"
ok 'many' run 0 kgl-score titanic
is 'are all' "$(jq -r .ref "$out" | sort -u | wc -l)" 450
is 'page by page' "$(asked ListSubmissions)" 3
again='{"with":{"nextPageToken":"T200"}}'
serve --load "{\"submissions\":{\"titanic\":$many},
    \"replies\":{\"ListSubmissions\":[$again,$again,$again]}}" COMPLETE
ok 'a page token that is repeated' run 1 kgl-score titanic
is 'is an end' "$(field error.code),$(asked ListSubmissions)" unavailable,2
is 'behind what came' "$(grep -c '"status":"COMPLETE"' "$out")" 400
for reply in '{"submissions":null}' '{}'; do
    serve --load "{\"replies\":{\"ListSubmissions\":[{\"answer\":$reply}]}}" \
        COMPLETE
    ok "$reply" run 0 kgl-score titanic
    is 'is none' "$(cat "$out")" ''
done
serve --load '{"replies":{"ListSubmissions":[{"answer":{"submissions":[
    {"status":"complete"},{"status":"SubmissionStatus.ERROR"},{}]}}]}}' COMPLETE
ok 'statuses as other servers spell them' run 0 kgl-score titanic
is 'are the same' "$(jq -r .status "$out" | tr '\n' ' ')" \
    'COMPLETE ERROR PENDING '
serve --load '{"replies":{"ListSubmissions":[{"answer":{"submissions":1}}]}}' \
    COMPLETE
ok 'a list that is none' run 1 kgl-score titanic
is 'is no answer' "$(field error.code)" unavailable

# ---- waiting ----
waits() {
    scores "[{\"ref\":6,\"date\":\"2026-07-01T00:00:00Z\",\"status\":\"COMPLETE\",
        \"publicScore\":\"0.5\"},
        {\"ref\":8,\"date\":\"2026-07-02T00:00:00Z\",\"publicScore\":\"0.8\",
        \"errorDescription\":\"$2\",\"statuses\":$1}]"
}
waits '["PENDING","PENDING","SCORING","COMPLETE"]' ''
ok 'the newest' run 0 kgl-score -w titanic
is 'is waited for' "$(field ref),$(field public_score)" 8,0.8
is 'alone' "$(wc -l <"$out")" 1
is 'at a growing pace' "$(slept)" 4.75
waits '["PENDING","ERROR"]' 'a column is missing'
ok 'one that ends in ERROR' run 1 kgl-score -w titanic
is 'has failed' "$(field failed.code),$(field status)" rejected,ERROR
ok 'with its reason' grep_err 'ERROR: a column is missing'
ok 'which is no failure of a list' run 0 kgl-score titanic
waits '["PENDING"]' ''
ok 'one that stays pending' run 1 kgl-score -w --timeout=10m titanic
is 'is given up' "$(field error.code),$(field error.temporary)" timeout,true
ok 'in time' test "$(slept | cut -d. -f1)" -le 600
forget_waits
ok '--interval' run 1 kgl-score -w --timeout=60 --interval=5 titanic
is 'is the longest pause' "$(sort -g "$KW_CLOCK" | tail -n 2 | head -n 1)" \
    5.000
ok 'an interval of nothing' run 2 kgl-score -w --interval=0 titanic
scores '[]'
ok 'to wait for none' run 1 kgl-score -w titanic
is 'is an error' "$(field error.code)" not_found
serve --load '{"replies":{"ListSubmissions":[
    {"answer":{"submissions":[{"ref":8}]}},
    {"answer":{"submissions":[{"ref":9},{"ref":8,"status":"COMPLETE"}]}}]}}' \
    COMPLETE
ok 'another one, meanwhile' run 0 kgl-score -w titanic
is 'is not the one' "$(field ref)" 8
serve --load '{"replies":{"ListSubmissions":[
    {"answer":{"submissions":[{"ref":8}]}},{"answer":{}}]}}' COMPLETE
ok 'one that goes away' run 1 kgl-score -w titanic
is 'is an error' "$(field error.code)" not_found

# ---- answers that are none ----
KW_LIMITS=0.005
export KW_LIMITS
for fault in 'status=500' 'status=429 retry-after=5' 'close=before' \
    'close=after' 'cut=20' 'silence'; do
    scores "$two" --fault "match=ListSubmissions times=2 $fault"
    ok "$fault" run 0 kgl-score titanic
    is 'passes' "$(wc -l <"$out")" 2
done
unset KW_LIMITS
for status in 401 403; do
    scores "$two" --fault "match=ListSubmissions status=$status"
    ok "$status" run 1 kgl-score -w titanic
    is 'is a refusal' "$(field error.code)" auth
done
ok 'with its causes' grep_err 'rules'
scores "$two" --fault 'match=ListSubmissions status=500 times=always'
ok 'a 500 for ever' run 1 kgl-score titanic
is 'is no answer' "$(field error.code)" unavailable
forget_waits
ok 'also to who waits' run 1 kgl-score -w titanic
ok 'for ten minutes' test "$(slept | cut -d. -f1)" -ge 600
waits '["PENDING","COMPLETE"]' ''
sandbox POST faults 'match=ListSubmissions status=500 times=12' >"$work/reply"
ok 'a shorter trouble' run 0 kgl-score -w titanic
is 'passes' "$(field public_score)" 0.8

scores "$two"
every_tool kgl-score
is 'no rule was broken' "$(state .violations)" '[]'
done_testing
