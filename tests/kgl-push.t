#!/bin/sh
# kgl-push: one version for one record, whatever happens; and no request for
# what can be known to be wrong.
. "$srcdir/tests/lib.sh"

# folder NAME [JQ]: a kernel folder, its metadata changed by JQ.
folder() {
    mkdir -p "$work/$1"
    printf 'print(1)\n' >"$work/$1/train.py"
    jq -n '{id: "u/my-kernel", title: "My Kernel", code_file: "train.py",
        language: "python", kernel_type: "script"} | '"${2:-.}" \
        >"$work/$1/kernel-metadata.json"
    dir=$work/$1
}

# notebook JQ: the folder nb with a notebook that was changed by JQ.
notebook() {
    folder nb '.kernel_type = "notebook" | .code_file = "a.ipynb"'
    jq -n '{cells: [{cell_type: "code", source: ["a\n", "b"],
            outputs: [{x: 1}], execution_count: 3, metadata: {}}],
        metadata: {kernelspec: {name: "python3"}}, nbformat: 4,
        nbformat_minor: 5} | '"${1:-.}" >"$dir/a.ipynb"
}

# saved JQ: of what the last push of u/my-kernel sent.
saved() {
    state '.kernels["u/my-kernel"].saved | '"$1"
}

versions() {
    state '.kernels["u/my-kernel"].version // 0'
}

# ---- a new kernel ----
serve COMPLETE
folder new
ok 'a new kernel' run_input "{\"kernel_dir\":\"$dir\",\"note\":[1]}" 0 kgl-push
is 'its name' "$(field kernel)" u/my-kernel
is 'its version' "$(field version)" 1
is 'its page' "$(field url)" https://www.kaggle.com/code/u/my-kernel
is 'when' "$(field pushed_at)" 2026-11-21T06:00:00Z
is 'nothing was before' \
    "$(jq -c '[has("previous_status", "previous_version",
        "previous_run_at")]' "$out")" '[false,false,false]'
is 'foreign fields are kept' "$(field note)" '[1]'
is 'what was sent' "$(saved 'del(.enableGpu, .enableTpu)')" \
    '{"newTitle":"My Kernel","language":"python","kernelType":"script","isPrivate":true,"enableInternet":true,"slug":"u/my-kernel","text":"print(1)\n"}'
is 'as the protocol has it' "$(state .violations)" '[]'
is 'four requests at most' "$(state '.requests | add <= 4')" true

# ---- what was before ----
serve --load '{"kernels":{"u/my-kernel":{"version":4,"statuses":["ERROR"],
    "last_run_at":"2026-11-20T01:02:03Z"}}}' COMPLETE
ok 'the next version' run 0 kgl-push "$dir"
is 'after the last' "$(field previous_version),$(field version)" 4,5
is 'its session' "$(field previous_status)" ERROR
is 'and when it ran' "$(field previous_run_at)" 2026-11-20T01:02:03Z

serve --load '{"kernels":{"u/my-kernel":{
    "statuses":["QUEUED","RUNNING","RUNNING","COMPLETE"],"version":1}}}' COMPLETE
ok 'waits while a session runs' run 0 kgl-push "$dir"
is 'until its end' "$(field previous_status)" COMPLETE
is 'asking as often' "$(asked GetKernelSessionStatus)" 4
ok 'and says so' grep_err 'u/my-kernel: an earlier session is RUNNING'
serve --load '{"kernels":{"u/my-kernel":{"statuses":["RUNNING"]}}}' COMPLETE
ok 'not for ever' run 1 kgl-push --timeout=1h "$dir"
is 'then it gives up' "$(field error.code)" timeout
is 'and has pushed nothing' "$(asked SaveKernel)" 0
ok 'or not at all' run 0 kgl-push --no-wait "$dir"
is 'and says what went on' "$(field previous_status)" RUNNING

# ---- the whole pipe tells its session from the one before ----
serve --load '{"kernels":{"u/my-kernel":{"statuses":["COMPLETE"],
    "after_push":["COMPLETE","COMPLETE","RUNNING","ERROR"]}}}' COMPLETE
kgl-push "$dir" 2>/dev/null >"$work/pushed"
ok 'the end of this push' run_input "$(cat "$work/pushed")" 1 kgl-status -w
is 'is the one that is told' "$(field status)" ERROR

# ---- options ----
serve COMPLETE
ok '-n' run 0 kgl-push -n "$dir"
is 'says so' "$(field dry_run),$(field kernel)" true,u/my-kernel
is 'and pushes nothing' "$(asked SaveKernel)" 0
ok 'nor' run 0 kgl-push \
    "{\"kernel_dir\":\"$dir\",\"dry_run\":true,\"version\":9,\"x\":1}"
is 'after another dry run' "$(asked SaveKernel)" 0
is 'what an earlier push said is forgotten' "$(field version),$(field x)" null,1
ok '--no-run' run 0 kgl-push --no-run "$dir"
is 'saves only' "$(saved .kernelExecutionType)" QUICK_SAVE
is 'and says so' "$(field no_run)" true

serve --load '{"quota":{"gpu":{"used":90000,"total":108000}}}' COMPLETE
folder gpu '.enable_gpu = true'
ok '--need' run 1 kgl-push --need=6 "$dir"
is 'more than there is' "$(field error.code),$(asked SaveKernel)" quota,0
ok 'is told' grep_err '5.0 hours left'
ok '--need' run 0 kgl-push --need=5h "$dir"
is 'no more' "$(field version)" 1
is 'what is left is told' "$(field quota_left_seconds)" 18000
ok 'also' run 0 kgl-push -n "$dir"
is 'by a dry run' "$(field quota_left_seconds),$(field dry_run)" 18000,true
sandbox POST faults 'match=Quota status=400 times=2' >"$work/reply"
ok 'one that is not told' run 0 kgl-push "$dir"
is 'hinders no push' "$(field quota_left_seconds),$(field version)" null,2
ok 'but with --need' run 1 kgl-push --need=1 "$dir"
is 'it does' "$(field error.code)" rejected
folder tpu '.machine_shape = "TpuV6E8" | .id = "u/tpu-kernel"
    | .title = "TPU kernel"'
ok 'of the TPU' run 1 kgl-push --need=20.5 "$dir"
is 'too' "$(field error.code)" quota
folder new '.id = "u/cpu-kernel" | .title = "CPU kernel"'
before=$(asked GetAcceleratorQuotaStatistics)
ok 'a CPU needs none' run 0 kgl-push --need=99 "$dir"
is 'and nothing is asked' "$(asked GetAcceleratorQuotaStatistics)" "$before"
is 'nor told' "$(field quota_left_seconds)" null
folder new

# ---- refusals ----
# refused SPEC CODE TEMPORARY: in-band answers of SaveKernel.
refused() {
    serve --load "{\"kernels\":{\"u/my-kernel\":{\"version\":2,\"replies\":
        {\"SaveKernel\":[$1]}}}}" COMPLETE
    ok "$1" run 1 kgl-push "$dir"
    is "is $2" "$(field error.code),$(field error.temporary)" "$2,$3"
    is 'nothing is there' "$(versions)" 2
}
refused '{"answer":{"error":"Notebook not found"}}' not_found false
ok 'with the causes' grep_err "another's"
refused '{"answer":{"error":"Maximum batch GPU session count of 2 reached."}}' \
    quota true
is 'one push' "$(asked SaveKernel)" 1
refused '{"answer":{"error":"Maximum weekly GPU quota of 30.00 hours reached."}}' \
    quota false
refused '{"answer":{"error":"Something else"}}' rejected false
ok 'in its words' grep_err 'Something else'
refused '{"status":409,"message":"The requested title is already in use"}' \
    conflict false
ok 'in its words' grep_err 'already in use'
refused '{"answer":{"error":{"code":409,"message":"in use"}}}' conflict false
refused '{"answer":{"code":403,"message":"no"}}' auth false
refused '{"status":401}' auth false
refused '{"status":400,"message":"bad"}' rejected false

# Room for a session comes when another ends.
serve --load '{"sessions":{"cpu":1},"kernels":{"u/my-kernel":{
    "after_push":["RUNNING"]}}}' COMPLETE
ok 'the account has one session' run 0 kgl-push "$dir"
folder other '.id = "u/other-kernel" | .title = "Other kernel"'
ok 'a second' run 1 kgl-push "$dir"
is 'must wait' "$(field error.code),$(field error.temporary)" quota,true
before=$(asked SaveKernel)
ok 'which it does' run 1 kgl-push --wait-slot=2m "$dir"
is 'for a while' "$(($(asked SaveKernel) - before))" 5
serve --load '{"kernels":{"u/other-kernel":{"version":1,"replies":{"SaveKernel":
    [{"answer":{"error":"Maximum batch CPU session count of 5 reached."}},
    {"answer":{"error":"Maximum batch CPU session count of 5 reached."}}]}}}}' \
    COMPLETE
ok 'until it is free' run 0 kgl-push --wait-slot=2m "$dir"
is 'then it is pushed once' "$(field version)" 2

# ---- sources that Kaggle leaves out ----
serve --load '{"missing_sources":["b/gone","c/m/f/v"]}' COMPLETE
folder new '.dataset_sources = ["b/gone", "b/there/3"]
    | .model_sources = ["c/m/f/v"] | .competition_sources = ["c/titanic"]'
ok 'dropped sources' run 1 kgl-push "$dir"
is 'are a failure' "$(field failed.code),$(field version)" rejected,1
ok 'that names them' grep_err 'b/gone, c/m/f/v$'
is 'a prefix of a competition is none' \
    "$(saved '.competitionDataSources[0]')" titanic
ok 'unless allowed' run 0 kgl-push --allow-missing-sources "$dir"
ok 'then they are a warning' grep_err 'b/gone, c/m/f/v$'
serve --load '{"replies":{"SaveKernel":[{"with":{"invalidTags":["xyz"]}}]}}' \
    COMPLETE
folder new '.keywords = ["xyz"]'
ok 'a keyword' run 0 kgl-push "$dir"
ok 'is a warning' grep_err 'xyz'

# ---- another name ----
serve --load '{"replies":{"SaveKernel":[
    {"with":{"url":"https://www.kaggle.com/code/u/elsewhere"}},
    {"with":{"url":"https://www.kaggle.com/code/u/elsewhere",
        "versionNumber":7}},
    {"with":{"url":null,"ref":"/u/elsewhere"}},
    {"with":{"url":null,"ref":null}}]}}' COMPLETE
folder new
ok 'another slug in the answer' run 0 kgl-push "$dir"
is 'is the kernel' "$(field kernel),$(field url)" \
    u/elsewhere,https://www.kaggle.com/code/u/elsewhere
ok 'with a warning' grep_err 'u/my-kernel became u/elsewhere'
is 'nothing was before' "$(field previous_status)" null
ok 'one that was there' run 0 kgl-push "$dir"
is 'has an unknown past' \
    "$(field previous_version),$(field previous_status)" 6,UNKNOWN
ok 'a ref' run 0 kgl-push "$dir"
is 'will do' "$(field kernel)" u/elsewhere
ok 'neither' run 0 kgl-push "$dir"
is 'will do, too' "$(field kernel)" u/my-kernel

serve --load '{"kernels":{"u/my-kernel":{"version":3}}}' \
    --fault 'match=GetKernelSessionStatus status=404' COMPLETE
ok 'a kernel that ran, with no session' run 0 kgl-push "$dir"
is 'had one that is not known' "$(field previous_status)" UNKNOWN

# ---- a 403 may stand for a kernel that is not there, or not ----
for n in 1 2; do
    serve --load '{"kernels":{"u/my-kernel":{"version":3}}}' \
        --fault "match=KernelsApi nth=$n status=403" COMPLETE
    ok "403 for question $n about a kernel" run 1 kgl-push "$dir"
    is 'is a refusal' "$(field error.code),$(asked SaveKernel)" auth,0
done
serve --fault 'match=KernelsApi status=403' \
    --fault 'match=KernelsApi nth=2 status=403' COMPLETE
ok '403 for both of a new one' run 0 kgl-push "$dir"
is 'is none' "$(field version)" 1

# ---- lost answers: every request fails in every way, once ----
# A kernel that was there, and a new one.
for there in 3 0; do
    n=0
    while n=$((n + 1)) && [ $n -le 3 ]; do
        for how in status=500 'status=500 retry-after=3' status=502 \
            status=503 'status=503 retry-after=9' \
            'status=429 retry-after=7' status=429 status=408 status=403 \
            status=401 status=404 close=before close=after cut=20 silence \
            'status=200 body={}' 'status=200 body=<html>' \
            'status=302 header=Location:/login'; do
            kernels='{}'
            [ $there -eq 3 ] &&
                kernels='{"u/my-kernel":{"version":3,"statuses":["ERROR"]}}'
            serve --load "{\"kernels\":$kernels}" \
                --fault "match=KernelsApi nth=$n $how" COMPLETE
            KW_LIMITS=0.005 kgl-push "$dir" >"$out" 2>"$err"
            status=$?
            # What it says must be what is there.
            says=$(sandbox GET state | jq --slurpfile out "$out" \
                --argjson status $status --argjson there $there '
                $out[-1] as $rec |
                (.kernels["u/my-kernel"].version // 0) as $now |
                if $status == 0
                then $now == $there + 1 and $rec.version == $now
                else $status == 1 and $now == $there and
                    $rec.error.code != null and $rec.version == null
                end') || says=
            [ "$says" = true ] || sed 's/^/# /' "$out" "$err"
            is "after $there: request $n: $how" "$says" true
        done
    done
done

# The answer is lost for good, but the version is there.
for how in close=after cut=10 'status=200 body={}'; do
    serve --load '{"kernels":{"u/my-kernel":{"version":3}}}' \
        --fault "match=SaveKernel $how" COMPLETE
    ok "$how" run 0 kgl-push "$dir"
    is 'ends in the one version' "$(field version),$(versions)" 4,4
done

# Nothing was done: it is looked for, and only then pushed again.
serve --load '{"kernels":{"u/my-kernel":{"version":3}}}' \
    --fault 'match=SaveKernel status=500' COMPLETE
before=$(slept)
ok 'a 500 that did nothing' run 0 kgl-push "$dir"
is 'is pushed again' "$(field version),$(asked SaveKernel)" 4,2
ok 'after a minute of looking' test \
    "$(slept | awk -v b="$before" '{ print ($1 - b >= 60) }')" -eq 1
serve --load '{"kernels":{"u/my-kernel":{"version":3}}}' \
    --fault 'match=SaveKernel status=500 times=always' COMPLETE
ok 'a 500 for ever' run 1 kgl-push "$dir"
is 'was not pushed' "$(field error.code),$(field error.temporary)" \
    unavailable,true

# The server goes away with the push: nobody knows.
serve --load '{"kernels":{"u/my-kernel":{"version":3}}}' \
    --fault 'match=SaveKernel close=after' \
    --fault 'match=GetKernel nth=3 status=500 times=always' COMPLETE
ok 'nobody to ask' run 1 kgl-push "$dir"
is 'is an unknown outcome' "$(field error.code)" unknown_outcome
ok 'that says how to check' grep_err 'code/u/my-kernel.*version after 3'
is 'pushed once' "$(asked SaveKernel),$(versions)" 1,4

# Somebody else pushed meanwhile.
serve --load '{"kernels":{"u/my-kernel":{"version":3,"replies":{"GetKernel":[
    {"answer":{"metadata":{"currentVersionNumber":3}}},
    {"answer":{"metadata":{"currentVersionNumber":5}}}]}}}}' \
    --fault 'match=SaveKernel close=after' COMPLETE
ok 'two versions more' run 1 kgl-push "$dir"
is 'are an unknown outcome' "$(field error.code)" unknown_outcome

# A title whose slug is not known here may move the kernel.
folder cjk '.title = "日本語ノート"'
serve --fault 'match=SaveKernel status=500' COMPLETE
ok 'not found under its name' run 1 kgl-push "$dir"
is 'it may be under another' "$(field error.code)" unknown_outcome
ok 'as was said before' grep_err 'cannot be predicted'

# ---- checked before any request ----
serve COMPLETE
wrong() { # NAME MESSAGE [JQ]
    [ $# -gt 2 ] && folder bad "$3"
    ok "$1" run 1 kgl-push "$dir"
    is 'is an input error' "$(field error.code)" input
    ok 'that says what' grep_err "$2"
}
wrong 'a title that does not fit' \
    'metadata.json: title: .*"foo-bar".*"my-kernel": title "My Kernel" would' \
    '.title = "Foo Bar"'
wrong 'a short title' 'title: at least 5' '.title = "Foo"'
wrong 'no id' 'id: missing' 'del(.id)'
wrong 'an id with a version' 'id: .*has a version' '.id = "u/my-kernel/3"'
wrong 'an id that is none' 'id: .*not owner/slug' '.id = "u/my kernel"'
wrong 'a short slug' 'id: .*at least 5' '.id = "u/abc"'
wrong 'an id_no in quotes' 'id_no: not a whole number' '.id_no = "5"'
wrong 'a number for a text' 'title: not a text' '.title = 5'
wrong 'an odd language' 'language: not python' '.language = "Python"'
wrong 'no kind' 'kernel_type: not script' 'del(.kernel_type)'
wrong 'another language' 'language: r, but' '.language = "r"'
wrong 'no program' 'code_file: missing' 'del(.code_file)'
wrong 'a program that is not there' 'code_file: no file .*/x.py' \
    '.code_file = "x.py"'
wrong 'a folder' 'code_file: no file' '.code_file = "."'
wrong 'an odd flag' 'enable_gpu: neither' '.enable_gpu = "yes"'
wrong 'a number for a flag' 'is_private: neither' '.is_private = 1'
wrong 'a text for a list' 'dataset_sources: not a list' \
    '.dataset_sources = "a/b"'
wrong 'a list of numbers' 'keywords: not a list of texts' '.keywords = [1]'
wrong 'a dataset without owner' 'dataset_sources: "b"' \
    '.dataset_sources = ["a/b", "b"]'
wrong 'a version of letters' 'dataset_sources: "a/b/x"' \
    '.dataset_sources = ["a/b/x"]'
wrong 'a short kernel' 'kernel_sources: "a/abc"' '.kernel_sources = ["a/abc"]'
wrong 'a competition with an owner' 'competition_sources: "a/b"' \
    '.competition_sources = ["a/b"]'
wrong 'half a model' 'model_sources: "a/b/c"' '.model_sources = ["a/b/c"]'
wrong 'an odd pin' 'docker_image_pinning_type: not' \
    '.docker_image_pinning_type = "x"'
wrong 'a machine that is spelt otherwise' \
    'machine_shape: "nvidiateslat4" is spelt NvidiaTeslaT4' \
    '.machine_shape = "nvidiateslat4"'
wrong 'a script that is a notebook' 'train.py:1: no notebook' \
    '.kernel_type = "notebook"'
folder bad
printf '{"id": "u/my-kernel",\n "title": }' >"$dir/kernel-metadata.json"
wrong 'broken JSON' 'kernel-metadata.json:2: '
printf '{"id": "u/my-kernel", "id": "u/other"}' >"$dir/kernel-metadata.json"
wrong 'a field that comes twice' 'kernel-metadata.json:1: '
rm "$dir/kernel-metadata.json"
wrong 'no metadata' 'kernel-metadata.json: No such file'
folder bad
printf '# \351\n' >"$dir/train.py"
wrong 'a program that is not UTF-8' 'train.py:1: not UTF-8'
notebook '.cells[0].source = 5'
wrong 'a cell without text' 'a.ipynb: cells\[0\]: source'
notebook 'del(.metadata.kernelspec)'
wrong 'a notebook without kernelspec' 'metadata.kernelspec.name: missing'
notebook '{worksheets: []}'
wrong 'an old notebook' 'cells: missing'
is 'nothing was asked' "$(state '.requests | del(.state) | add // 0')" 0

# ---- warnings ----
folder new '.no_such = 1 | .machine_shape = "TpuV38"
    | .enable_internet = "False"'
printf 'import wandb\n' >"$dir/train.py"
ok 'odd metadata' run 0 kgl-push "$dir"
ok 'an unknown field' grep_err 'no_such: no such field'
ok 'a machine that is gone' grep_err 'machine_shape: .*TpuV38'
ok 'wandb without internet' grep_err 'imports wandb without WANDB_MODE'
folder new '.machine_shape = "NvidiaTelsaT4"'
ok 'a machine that nobody knows' run 0 kgl-push -n "$dir"
ok 'is said' grep_err 'machine_shape: NvidiaTelsaT4 is none'
folder new '.machine_shape = "" | .enable_internet = "False"'
printf 'import os\nos.environ["WANDB_MODE"] = "offline"\nimport wandb\n' \
    >"$dir/train.py"
ok 'wandb offline' run 0 kgl-push "$dir"
is 'is fine' "$(grep -c 'imports wandb' "$err")" 0
is 'a flag may be a text' "$(saved .enableInternet)" false

# ---- what is sent ----
notebook
ok 'a notebook' run 0 kgl-push "$dir"
is 'goes without outputs, its source as one text' \
    "$(saved '.text | fromjson | .cells[0] | [.outputs, .source]')" \
    '[[],"a\nb"]'
folder new '.language = "rmarkdown" | .code_file = "a.ipynb"
    | .kernel_type = "notebook"'
cp "$work/nb/a.ipynb" "$dir"
ok 'rmarkdown' run 0 kgl-push "$dir"
is 'as a notebook is r' "$(saved .language)" r
folder new '.id = "my-kernel"'
printf 'a\r\nb\r' >"$dir/train.py"
ok 'a slug alone' run 0 env -u KAGGLE_USERNAME -u KAGGLE_KEY \
    KAGGLE_API_TOKEN=KGAT_1 kgl-push "$dir"
is 'is the account'\''s' "$(field kernel),$(saved .slug)" \
    u/my-kernel,u/my-kernel
is 'lines end in LF' "$(saved '.text | @json')" '"a\nb\n"'

# ---- id_no ----
id=$(state '.kernels["u/my-kernel"].id')
folder new ".id_no = $id"
ok 'id_no' run 0 kgl-push "$dir"
is 'is sent' "$(saved .id)" "$id"
before=$(asked SaveKernel)
folder new ".id_no = $((id + 1))"
ok 'that of another kernel' run 1 kgl-push "$dir"
is 'is refused' "$(field error.code),$(asked SaveKernel)" "input,$before"

# ---- a signal while the push is under way ----
serve --fault 'match=SaveKernel silence' COMPLETE
folder new
interrupted '[ "$(asked SaveKernel)" -gt 0 ]' kgl-push "$dir"
is 'a signal ends it' $? 143
ok 'and it says what to look for' \
    grep_err 'code/u/my-kernel.*a version after 0'

# ---- a signal while it waits for the session before ----
serve --load '{"kernels":{"u/my-kernel":{"statuses":["RUNNING"]}}}' COMPLETE
interrupted 'grep -q RUNNING "$err"' kgl-push "$dir"
is 'a signal ends the waiting' $? 143
ok 'and it says what goes on' \
    grep_err 'was not pushed: .*session goes on: .*code/u/my-kernel'

# ---- many ----
serve COMPLETE
folder one '.id = "u/number-one" | .title = "Number one"'
folder two '.id = "u/number-two" | .title = "Number"'
folder three '.id = "u/number-three" | .title = "Number three"'
ok 'one bad among good ones' run 1 kgl-push "$work/one" "$work/two" \
    "$work/three"
is 'is the only one' "$(jq -r '.kernel // .error.code' "$out" | tr '\n' ,)" \
    u/number-one,input,u/number-three,
every_tool kgl-push

done_testing
