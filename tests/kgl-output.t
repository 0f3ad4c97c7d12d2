#!/bin/sh
# kgl-output: what it says is there is there, whole, and nowhere else; what
# came is not fetched twice.
. "$srcdir/tests/lib.sh"

o=$work/o
source=$work/source

# kernel JQ: serves u/k with these fields beside the status.
kernel() {
    serve --load "$(jq -nc "{kernels: {\"u/k\": ($1)}}")" COMPLETE
}

# reload JQ: the same without a new server, so that requests and URLs go on.
reload() {
    sandbox POST load "$(jq -nc "{kernels: {\"u/k\": ($1)}}")" \
        >"$work/reply"
}

# What was asked of the file store since mark: "STATUS RANGE" in one line.
mark() {
    seen=$(sandbox GET requests | wc -l)
}
files_asked() {
    sandbox GET requests | tail -n +$((seen + 1)) |
        jq -r 'select(.operation == "file") | "\(.status) \(.range // "-")"' |
        sort | tr '\n' ';'
}

# The files of the folder but ours.
tree() {
    [ ! -d "$o" ] || (cd "$o" && find . -type f ! -path './.kgl-*' | LC_ALL=C sort |
        tr '\n' ' ')
}
same_tree() {
    diff -r -x '.kgl-*' -x k.log "$source" "$o" | sed 's/^/# /' >"$work/diff"
    cat "$work/diff"
    [ ! -s "$work/diff" ]
}
no_part() {
    [ -z "$(find "$o" -name '*.part')" ]
}

long=$(printf '%0255d' 0)
mkdir -p "$source/wandb/offline-run-1/files" "$source/deep/er"
printf 'hello\n' >"$source/a.txt"
: >"$source/wandb/empty"
head -c 300000 /dev/zero | tr '\0' x >"$source/wandb/offline-run-1/run-1.wandb"
printf 'back' >"$source/deep/back\\slash"
printf 'long' >"$source/deep/er/$long"
printf 'é' >"$source/wandb/offline-run-1/files/é ☃ %41?#&"
count=$(find "$source" -type f | wc -l)
size=$(find "$source" -type f -exec cat {} + | wc -c)

# ---- all of it ----

kernel "{output: \"$source\", page_size: 2, log: \"one\\ntwo é 😀\\n\"}"
ok 'downloads' run_input '{"kernel":"u/k","version":3,"note":{"a":[1,"é"]}}' 0 \
    kgl-output -o "$o"
ok 'what the session wrote' same_tree
is 'says where' "$(field output_dir)" "$o"
is 'how many' "$(field files)" "$count"
is 'how much' "$(field bytes)" "$size"
is 'foreign fields are kept' "$(field note)" '{"a":[1,"é"]}'
is 'nothing is stale' "$(field stale)" null
is 'the log' "$(cat "$(field log_path)")" "one${nl}two é 😀"
is 'has the name of the kernel' "$(field log_path)" "$o/k.log"
is 'all pages were asked for, once' "$(asked ListKernelSessionOutput)" 3
is 'and each file' "$(asked file)" "$count"
is 'without a credential' "$(state .violations)" '[]'
ok 'no part is left' no_part
is 'the manifest: of whom' "$(head -n 1 "$o/.kgl-output.json")" \
    '{"kernel":"u/k"}'
is 'and what' "$(jq -c 'select(.name == "a.txt") | [.version, .bytes, .sha256,
    (.etag | type), (.last_modified | type)]' "$o/.kgl-output.json")" \
    "[3,6,\"$(sha256sum <"$source/a.txt" | cut -c 1-64)\",\"string\",\"string\"]"

mark
ok 'again' run 0 kgl-output -o "$o" u/k
is 'nothing is fetched' "$(files_asked)" \
    "$(yes '304 -;' | head -n "$count" | tr -d '\n')"
is 'all is counted' "$(field files),$(field bytes)" "$count,$size"

printf 'jello\n' >"$o/a.txt"
printf 'more' >>"$o/wandb/offline-run-1/run-1.wandb"
rm "$o/deep/back\\slash"
mark
ok 'a damaged, a longer and a lost file' run 0 kgl-output -o "$o" u/k
is 'are fetched' "$(files_asked | tr ';' '\n' | grep -c 200)" 3
ok 'and are right again' same_tree

kernel '{files: [{name: "a", content: "1", etag: false},
    {name: "b", content: "2", etag: false, modified: false},
    {name: "c", content: "3", chunked: true},
    {name: "d", content: "", etag: false},
    {name: "e", content: "5", etag: "W/\"w\""}]}'
rm -rf "$o"
ok 'without an ETag' run 0 kgl-output -o "$o" u/k
mark
ok 'again' run 0 kgl-output -o "$o" u/k
is 'one byte is asked for, or all if nothing else can tell' "$(files_asked)" \
    '200 -;200 -;206 bytes=0-0;304 -;304 -;'
reload '{files: [{name: "a", content: "7", etag: false,
    modified: "2026-02-02T00:00:00Z"}, {name: "c", content: "9", etag: "new"}]}'
ok 'what has changed' run 0 kgl-output -o "$o" u/k
is 'is fetched' "$(cat "$o/a" "$o/c")" 79
is 'what an earlier session left is counted' "$(field stale)" 3
is 'and stays' "$(tree)" './a ./b ./c ./d ./e '
rm "$o/b"
ok 'what was removed since' run 0 kgl-output -o "$o" u/k
is 'is not' "$(field stale)" 2

# ---- cuts ----

big='{files: [{name: "d/big", bytes: 200000}]}'
kernel "$big"
rm -rf "$o"
ok 'undisturbed' run 0 kgl-output -o "$o" u/k
sum=$(sha256sum <"$o/d/big")
whole() {
    [ "$(sha256sum <"$o/d/big")" = "$sum" ] && no_part
}

# after_part [FAULT ...]: the folder as a run left it that came to 5,000 bytes.
after_part() {
    kernel "${script:-$big}"
    rm -rf "$o"
    sandbox POST faults "match=/kf/ cut=5000
match=/kf/ nth=2 status=404" >"$work/reply"
    run 1 kgl-output -o "$o" u/k
    [ "$(find "$o" -name '*.part' -size 5000c | wc -l)" = 1 ] || return 1
    [ ! -e "$o/d/big" ] || return 1
    for fault; do
        sandbox POST faults "$fault" >"$work/reply"
    done
    mark
}

kernel "$big"
rm -rf "$o"
sandbox POST faults 'match=/kf/ cut=70000
match=/kf/ nth=2 cut=30000' >"$work/reply"
mark
ok 'a cut' run 0 kgl-output -o "$o" u/k
is 'is gone on with' "$(files_asked)" \
    '200 -;206 bytes=100000-;206 bytes=70000-;'
ok 'to the end' whole

ok 'a cut, and no more of it' after_part
is 'is told' "$(field failed.code)" not_found
ok 'by the name of the file' grep_err 'd/big'
ok 'another call' run 0 kgl-output -o "$o" u/k
is 'goes on' "$(files_asked)" '206 bytes=5000-;'
ok 'to the end' whole

script='{files: [{name: "d/big", bytes: 200000, etag: false}]}'
ok 'the same without an ETag' after_part
ok 'goes on' run 0 kgl-output -o "$o" u/k
is 'by Last-Modified' "$(files_asked)" '206 bytes=5000-;'
ok 'to the end' whole

script='{files: [{name: "d/big", bytes: 200000, etag: false, modified: false}]}'
ok 'the same with nothing to tell by' after_part
ok 'begins anew' run 0 kgl-output -o "$o" u/k
is 'without asking for a range' "$(files_asked)" '200 -;'
ok 'and is right' whole
script=

ok 'a part of another content' after_part
reload '{files: [{name: "d/big", content: "other", etag: "other"}]}'
ok 'begins anew' run 0 kgl-output -o "$o" u/k
is 'as the server sends all' "$(files_asked)" '200 bytes=5000-;'
is 'and is right' "$(cat "$o/d/big")" other

ok 'a server without ranges' after_part
reload '{files: [{name: "d/big", bytes: 200000, ranges: false}]}'
ok 'sends all' run 0 kgl-output -o "$o" u/k
ok 'which is taken' whole

ok 'a 416' after_part 'match=/kf/ status=416'
ok 'begins anew' run 0 kgl-output -o "$o" u/k
is 'from 0' "$(files_asked)" '200 -;416 bytes=5000-;'
ok 'and is right' whole

for range in 'bytes 0-9/200000' 'bytes 5000-5009/5010' 'bytes 5000-5009/200000' \
    'bytes 5000-5009' 'pages 1-2/3' 'bytes 5009-5000/200000'; do
    ok "Content-Range: $range" after_part "match=/kf/ status=206 \
        header='Content-Range:$range' body=0123456789"
    ok 'does not fit, and begins anew' run 0 kgl-output -o "$o" u/k
    ok 'and is right' whole
done
ok 'a 206 that nobody asked for' after_part
rm -rf "$o"
sandbox POST faults "match=/kf/ times=always status=206 \
    header='Content-Range:bytes 0-9/10' body=0123456789" >"$work/reply"
ok 'is no file' run 1 kgl-output -o "$o" u/k
is 'and says so' "$(field failed.code)" unavailable
is 'and leaves none' "$(tree)" ''

ok 'a part that is whole but for its name' after_part
cp "$o/.kgl-output.json" "$work/manifest"
kernel "$big"
part=$(find "$o" -name '*.part')
run 0 kgl-output -o "$work/o2" u/k
cp "$work/o2/d/big" "$part"
mark
ok 'is asked for its last byte' run 0 kgl-output -o "$o" u/k
is 'as a check' "$(files_asked)" '206 bytes=199999-;'
ok 'and gets it' whole

# ---- a file that cannot be had ----

files='{files: [{name: "a", content: "1"}, {name: "b", content: "2"},
    {name: "c", content: "3"}]}'
for status in 403 404 500; do
    kernel "{files: [{name: \"a\", content: \"1\"}, {name: \"b\",
        status: $status}, {name: \"c\", content: \"3\"}]}"
    rm -rf "$o"
    ok "a file that answers $status" run 1 kgl-output -o "$o" u/k
    is 'is failed' "$(field failed.code)" "$(case $status in
        403) echo auth ;; 404) echo not_found ;; 500) echo unavailable ;; esac)"
    is 'whether it may pass' "$(field failed.temporary)" "$(
        [ $status = 500 ] && echo true || echo false)"
    ok 'and named' grep_err "b: HTTP $status"
    is 'and what was done about it' "$(grep -c 'URL of a new list' "$err")" \
        "$([ $status = 403 ] && echo 1 || echo 0)"
    is 'the rest is there' "$(tree)$(field files)" './a ./c 2'
    is 'its page is listed again only for a 403' \
        "$(asked ListKernelSessionOutput)" "$([ $status = 403 ] && echo 2 ||
            echo 1)"
done

kernel "$(printf '%s' "$files" | sed 's/^{/{expired_urls: 1, /')"
rm -rf "$o"
sandbox POST faults 'match=/b delay=0.1' >"$work/reply" # the slowest to ask
ok 'URLs that have expired' run 0 kgl-output -o "$o" u/k
is 'are listed again, once for all' "$(asked ListKernelSessionOutput)" 2
is 'and fetched' "$(cat "$o/a" "$o/b" "$o/c")" 123

kernel '{files: [{name: "model.bin", type: "text/html", content: "<html>"},
    {name: "page.html", type: "text/html", content: "<html>"},
    {name: "results.htm", type: "text/html; charset=utf-8", content: ""}]}'
rm -rf "$o"
ok 'a page instead of a file' run 1 kgl-output -o "$o" u/k
is 'is none' "$(tree)" './page.html ./results.htm '
is 'but passes, perhaps' "$(field failed.temporary)" true

kernel "$files"
rm -rf "$o"
sandbox POST faults 'match=/b status=204
match=/c status=203 body=333' >"$work/reply"
ok 'other kinds of success' run 1 kgl-output -o "$o" u/k
is 'are none' "$(tree)" './a '

verdict='{"code":"kernel_failed","message":"m","temporary":false,"tool":"t"}'
kernel "$files"
rm -rf "$o"
ok 'a session that failed' run_input "{\"kernel\":\"u/k\",\"failed\":$verdict}" \
    1 kgl-output -o "$o"
is 'has files, too' "$(tree)" './a ./b ./c '
is 'and stays failed' "$(field failed.code)" kernel_failed
sandbox POST faults 'match=/kf/ times=always status=404' >"$work/reply"
rm -rf "$o"
run_input "{\"kernel\":\"u/k\",\"failed\":$verdict}" 1 kgl-output -o "$o"
ok 'what is missing is said beside that' grep_err 'HTTP 404'

# ---- names ----

mkdir "$work/outside"
printf 'mine' >"$work/outside/kept"
kernel '{files: (([
    "../evil", "/tmp/kwtools-evil", "a/../../evil", "a//b", "dir/", "", ".",
    "..", "./x", "a/.", "nul\u0000.txt", "link/kept", "link/new", "one",
    ".kgl-output.json", ".kgl-0123456789abcdef.part", ".kgl-log.part", "twice",
    "twice", "file", "file/below", "taken", "\("y" * 256)"
    ] | map({name: ., content: "evil"})) + [{name: "nourl", url: "",
    content: "x"}, {content: "x"}, {name: "good/..good", content: "good"},
    {name: "back\\..\\slash", content: "good"}, {name: "-rf", content: "good"},
    {name: ".hidden", content: "good"}, {name: "a/.kgl-x", content: "good"}])}'
rm -rf "$o"
mkdir -p "$o/taken"
ln -s "$work/outside" "$o/link"
ln -s "$work/outside/kept" "$o/one"
ok 'names' run 1 kgl-output --parallel=1 -o "$o" u/k
is 'those that are safe are fetched' "$(tree)" \
    './-rf ./.hidden ./a/.kgl-x ./back\..\slash ./file ./good/..good ./twice '
is 'the others are failed' "$(field files),$(field failed.code)" 7,input
is 'nothing is outside' "$(find "$work/outside" -type f) $(cat \
    "$work/outside/kept")" "$work/outside/kept mine"
ok 'nor above' test ! -e "$work/evil" -a ! -e /tmp/kwtools-evil
ok 'links are left alone' test -L "$o/link" -a -L "$o/one"
run 1 kgl-output -v -o "$o" u/k
for name in '\.\./evil' '/tmp/kwtools-evil' 'a//b' 'dir/' 'link/kept' \
    'one: a symbolic' 'link/new: a symbolic' 'twice' 'file/below' \
    'taken: a folder' 'nourl' '\.kgl-output\.json'; do
    ok "$name is named" grep_err "$name"
done
is 'of what was refused nothing was asked' \
    "$(sandbox GET requests | grep -c -e evil -e nourl -e kgl-0)" 0

kernel '{files: ((["line\nfeed", "esc\u001b[2J", "\("a/" * 2100)deep", "%s%n",
    "$(evil)", "a b/c d", "-", "é\u0301", "\u202egnp.exe"
    ] | map({name: ., content: "x"})))}'
rm -rf "$o"
ok 'odd names' run 1 kgl-output -o "$o" u/k
is 'are names' "$(field files)" 8
is 'but not one that no path can have' "$(field failed.code)" input
is 'and nothing gets to a terminal' "$(tr -d '[:print:]\n' <"$err" | wc -c)" 0
run 0 kgl-output --list u/k
is '--list' "$(jq -r '.name | @json' "$out" | sed -n '1,2p' | tr '\n' ' ')" \
    '"line\nfeed" "esc\u001b[2J" '

kernel '{files: [range(10000) | {name: "d/\(.)", content: ""}]}'
ok '10,000 files' run 0 kgl-output --list u/k
is 'are listed' "$(jq -r .name "$out" | sort -u | wc -l)" 10000
is 'page by page' "$(asked ListKernelSessionOutput)" 50
rm -rf "$o"
ok 'a hundred of them' run 0 kgl-output -o "$o" --include='d/99??' u/k
is 'are fetched' "$(field files),$(asked file)" 100,100

# ---- the log ----

kernel '{files: [{name: "k.log", content: "an output"}], log: "the log"}'
rm -rf "$o"
ok 'an output of the name of the log' run 0 kgl-output -o "$o" u/k
is 'stays' "$(cat "$o/k.log")" 'an output'
is 'the log is elsewhere' "$(cat "$(field log_path)")" 'the log'
reload '{log: "the next log"}'
ok 'also when it is stale' run 0 kgl-output -o "$o" u/k
is 'it stays' "$(cat "$o/k.log"),$(field stale)" 'an output,1'

for log in null '""'; do
    kernel "{files: [{name: \"a\", content: \"1\"}], log: $log}"
    rm -rf "$o"
    ok "log: $log" run 0 kgl-output -o "$o" u/k
    is 'is none' "$(tree)$(field log_path)" './a null'
done
kernel '{log: ([range(9000)] | map("\(.)\\é\"😀\n\u0001") | join(""))}'
rm -rf "$o"
ok 'a long log' run 0 kgl-output -o "$o" u/k
is 'is as it was' "$(sha256sum <"$o/k.log")" "$(jq -nj '[range(9000)] |
    map("\(.)\\é\"😀\n\u0001") | join("")' | sha256sum)"

# Kaggle writes what is beyond the first plane as two escapes: here across the
# place where a piece ends that is decoded at once.
kernel '{}'
pad=$(head -c 65530 /dev/zero | tr '\0' x)
sandbox POST faults "match=ListKernel status=200 \
    body='{\"log\":\"$pad\\ud83d\\ude00\\u00e9\"}'" >"$work/reply"
rm -rf "$o"
ok 'an escape between two pieces' run 0 kgl-output -o "$o" u/k
is 'is one character' "$(cat "$o/k.log")" "${pad}😀é"

kernel '{log: "0123456789"}'
sandbox POST faults 'match=ListKernel cut=25' >"$work/reply"
rm -rf "$o"
ok 'a log whose answer is cut' run 0 kgl-output -o "$o" u/k
is 'is there once' "$(cat "$o/k.log")" 0123456789
is 'as it was asked for again' "$(asked ListKernelSessionOutput)" 2
sandbox POST faults "match=ListKernel times=always status=200 \
    body='{\"log\":\"a\qb\"}'" >"$work/reply"
ok 'a log that is no JSON' run 1 kgl-output -o "$work/none" u/k
is 'is no answer' "$(field error.code)" unavailable

# ---- the folder ----

kernel "$files"
ok "another kernel's folder" run 1 kgl-output -o "$o" u/other
is 'is a conflict' "$(field error.code),$(field error.temporary)" conflict,false
is 'nothing was asked' "$(asked ListKernelSessionOutput)" 0
ok 'a folder that is in use' run 1 flock "$o" kgl-output -o "$o" u/k
is 'is a conflict that passes' "$(field error.code),$(field error.temporary)" \
    conflict,true
ok 'a folder of its own' run 0 kgl-output -d "$work/d" u/k
is 'below one for all' "$(field output_dir)" "$work/d/u/k"
(cd "$work" && run 0 kgl-output u/k)
is 'the default is here' "$(field output_dir),$(cat "$work/u/k/c")" u/k,3
ok 'not both' run 2 kgl-output -o "$o" -d "$o" u/k
: >"$work/plain"
ok 'a file instead of a folder' run 1 kgl-output -o "$work/plain" u/k
is 'is io' "$(field error.code)" io
rm -rf "$o"
mkdir "$o"
echo '{"notes": 1}' >"$o/.kgl-output.json"
ok 'a foreign .kgl-output.json' run 1 kgl-output -o "$o" u/k
is 'is left alone' "$(field error.code),$(cat "$o/.kgl-output.json")" \
    'damaged,{"notes": 1}'
printf '{"kernel":"u/k"}\n{"name":"a","byt' >"$o/.kgl-output.json"
ok 'a line that was not finished' run 0 kgl-output -o "$o" u/k
mark
ok 'does not spoil the others' run 0 kgl-output -o "$o" u/k
is 'nor later ones' "$(files_asked)" '304 -;304 -;304 -;'
is 'each file has one line' "$(wc -l <"$o/.kgl-output.json")" 4
ok 'a kernel that is not there' run 1 kgl-output -o "$work/none" u/none
is 'is not found' "$(field error.code)" not_found
ok 'and leaves no folder' test ! -e "$work/none"

# With 2 of 8 KiB: what is written by then stays hidden.
disk() {
    (trap '' XFSZ; ulimit -f "$1"; run 1 kgl-output --parallel=1 -o "$o" u/k)
}
kernel '{files: [{name: "small", content: "1"}, {name: "large", bytes: 100000},
    {name: "late", content: "2"}], log: "x"}'
rm -rf "$o"
ok 'a full disk' disk 8
is 'is io' "$(field error.code)" io
is 'no half file has a name' "$(tree)" './small '
ok 'with room again' run 0 kgl-output -o "$o" u/k
is 'all is there' "$(tree)$(field bytes)" './k.log ./large ./late ./small 100002'

# ---- what the session says that it wrote ----

# told JQ: a session with the files a, d/b and a summary of them, changed.
told() {
    jq -nc --arg one "$(printf 11 | sha256sum | cut -c 1-64)" \
        --arg two "$(printf 222 | sha256sum | cut -c 1-64)" '
        {kernel: "u/k", exit_status: 0, files: [
            {name: "a", bytes: 2, sha256: $one},
            {name: "d/b", bytes: 3, sha256: $two}]} | '"${1:-.}" \
        >"$work/session_summary"
    kernel "{files: [{name: \"a\", content: \"11\"},
        {name: \"d/b\", content: \"222\"}, {name: \"session_summary.json\",
        content: $(jq -Rs . "$work/session_summary")}, {name: \"x\",
        content: \"\"}]}"
    rm -rf "$o"
}
told
ok 'a session that says what it wrote' run 0 kgl-output -o "$o" u/k
is 'is whole' "$(field files)" 4
told '.files[1].sha256 |= ascii_upcase'
ok 'in any letters' run 0 kgl-output -o "$o" u/k

told '.files[1].sha256 |= sub("^..."; "000")'
ok 'another content' run 1 kgl-output -o "$o" u/k
is 'is damage' "$(field failed.code),$(field failed.temporary)" damaged,false
ok 'and named' grep_err 'd/b: not what the session wrote'
is 'it is not counted' "$(field files)" 3
mark
ok 'another call' run 1 kgl-output -o "$o" u/k
is 'fetches it anew' "$(files_asked)" '200 -;304 -;304 -;304 -;'
told '.files[0].bytes = 1'
ok 'another size' run 1 kgl-output -o "$o" u/k
ok 'is named' grep_err 'a: not as long as'
told '.files += [.files[0] | .name = "lost"] | .files[1].bytes = 7'
ok 'a file that Kaggle does not list' run 1 kgl-output -o "$o" u/k
ok 'is named' grep_err 'lost: the session wrote it, but it is not in the list'
ok 'beside another' grep_err 'd/b: not as long'
ok 'what is not wanted' run 0 kgl-output -o "$o" --exclude=lost \
    --exclude='d/*' u/k
is 'is not missed' "$(field files)" 3
ok 'nor' run 0 kgl-output -o "$o" --include='session*' u/k
told '.files += [.files[0] | .name = "large" | .bytes = 5000]'
ok 'what is too large' run 0 kgl-output -o "$o" --max-file=4K u/k
told
sandbox POST faults 'match=/a times=always status=404' >"$work/reply"
ok 'what could not be had' run 1 kgl-output -o "$o" u/k
is 'is told once' "$(grep -o 'a: ' "$err" | wc -l)" 1
sandbox DELETE faults >"$work/reply"
reload '{files: [{name: "a", content: "2"}]}'
ok 'a summary that is stale' run 0 kgl-output -o "$o" u/k
is 'says nothing' "$(field stale)" 3
for bad in '.files[0].name = "../evil"' '.files[0] |= del(.sha256)' \
    '.files = {}' '.files[1].bytes = -1' '.files[0] = "a"' '"{"'; do
    told "$bad"
    ok "a summary that is none: $bad" run 1 kgl-output -o "$o" u/k
    is 'is damage, or refused' "$(field failed.code)" \
        "$(case $bad in *evil*) echo input ;; *) echo damaged ;; esac)"
done
kernel "{files: [{name: \"session_summary.json\", content: \"{\"}]}"
ok 'a summary that is cut' run 1 kgl-output -o "$o" u/k
is 'is damage' "$(field failed.code)" damaged
kernel '{files: [{name: "session_summary.json", content: "{\"a\": 1}"}]}'
rm -rf "$o"
ok 'one of somebody else' run 0 kgl-output -o "$o" u/k

# ---- a session that has not ended ----

running='{running_output: true, log: "begun", files: [{name: "a",
    content: "1"}]}'
for status in QUEUED RUNNING CANCEL_REQUESTED; do
    serve --load "$(jq -nc "{kernels: {\"u/k\": $running}}")" $status
    rm -rf "$o"
    ok "a session that is $status" run 1 kgl-output -o "$o" u/k
    is 'is not whole' "$(field failed.code),$(field failed.temporary)" \
        conflict,true
    ok 'as it goes on' grep_err "not ended ($status)"
    is 'what it has is taken' "$(tree)" './a ./k.log '
    ok '--list' run 1 kgl-output --list u/k
    is 'says it, too' "$(jq -r '.name // .failed.code' "$out" | tr '\n' ' ')" \
        'a conflict '
done
kernel '{files: [{name: "a", content: "1"}, {name: "late", content: "2"}]}'
rm -rf "$o"
run 0 kgl-output -o "$o" u/k
serve --load "$(jq -nc "{kernels: {\"u/k\": $running}}")" RUNNING
ok 'what is not there yet' run 1 kgl-output -o "$o" u/k
is 'is not stale' "$(field stale),$(field files)" null,1
serve RUNNING
ok 'one without a list' run 1 kgl-output -o "$work/none" u/k
is 'may have one later' "$(field error.code),$(field error.temporary)" \
    conflict,true
for status in ERROR CANCEL_ACKNOWLEDGED; do
    serve --load "$(jq -nc "{kernels: {\"u/k\": $running}}")" $status
    rm -rf "$o"
    ok "one that ended in $status" run 0 kgl-output -o "$o" u/k
    is 'has files, too' "$(tree)" './a ./k.log '
done
serve --after-push COMPLETE --load "$(jq -nc \
    "{kernels: {\"u/k\": $running}}")" COMPLETE
ok 'the end of a session before a push' run 1 kgl-output -o "$o" '{"kernel":
    "u/k","pushed_at":"2026-11-21T05:00:00Z","previous_status":"COMPLETE"}'
is 'is none of the one after it' "$(field failed.code)" conflict
serve RUNNING
reload "$running"
ok 'one whose end was waited for' run 0 kgl-output -o "$o" \
    '{"kernel":"u/k","status":"COMPLETE","elapsed_seconds":1}'
is 'is not asked for again' "$(asked GetKernelSessionStatus)" 0
kernel '{files: [{name: "a", content: "1"}]}'
sandbox POST faults 'match=SessionStatus status=500 times=always' \
    >"$work/reply"
ok 'a status that cannot be had' run 1 kgl-output -o "$o" u/k
is 'is said' "$(field failed.code)" unavailable
is 'the files are there' "$(tree)" './a ./k.log '

# ---- which files ----

kernel '{page_size: 1, files: [{name: "a.txt", content: "1"},
    {name: "d/b.txt", content: "22"}, {name: "d/c.bin", bytes: 5000}]}'
rm -rf "$o"
ok '--list' run 0 kgl-output --list u/k
is 'is a record each' "$(jq -c . "$out")" "$(printf '%s\n' \
    '{"kernel":"u/k","name":"a.txt"}' '{"kernel":"u/k","name":"d/b.txt"}' \
    '{"kernel":"u/k","name":"d/c.bin"}')"
is 'and fetches none' "$(asked file)" 0
ok '--include' run 0 kgl-output --list --include='*.txt' --include=x u/k
is 'matches the whole name' "$(jq -r .name "$out" | tr '\n' ' ')" \
    'a.txt d/b.txt '
ok '--exclude' run 0 kgl-output -o "$o" --exclude='d/*' u/k
is 'leaves out' "$(tree)$(field files)" './a.txt 1'
ok '--max-file' run 0 kgl-output -o "$o" --max-file=1K u/k
is 'leaves out what is larger' "$(tree)$(field files),$(field bytes)" \
    './a.txt ./d/b.txt 2,3'
kernel '{files: [{name: "a", bytes: 200000, chunked: true}]}'
rm -rf "$o"
ok 'also when only the end tells' run 0 kgl-output -o "$o" --max-file=1K u/k
is 'nothing of it stays' "$(tree)$(find "$o" -name '*.part')" ''

# ---- the list ----

pages() {
    kernel "{replies: {ListKernelSessionOutput: ($1)}}"
    rm -rf "$o"
}
page() { # NAME ... TOKEN: an answer of one page
    jq -nc '$ARGS.positional | {answer: {files: (.[:-1] | map({fileName: .,
        url: "'"$url"'/kf/none"})), nextPageToken: .[-1]}}' --args "$@"
}
serve COMPLETE
pages "[$(page a T1), $(page b T1), $(page c T1)]"
ok 'a token that comes again' run 1 kgl-output --list u/k
is 'ends it' "$(field error.code),$(asked ListKernelSessionOutput)" \
    unavailable,3
is 'after what was new' "$(jq -r '.name // empty' "$out" | tr '\n' ' ')" 'a b '
pages "[$(page a T1), $(page b T2), $(page c T1), $(page d T2)]"
ok 'a longer circle' run 1 kgl-output --list u/k
is 'likewise' "$(asked ListKernelSessionOutput)" 4
pages "[$(page a T1), $(page b T2), $(page a T3), $(page b T4)]"
ok 'files that come again' run 1 kgl-output --list u/k
is 'likewise' "$(asked ListKernelSessionOutput)" 3
pages "[range(300)] | map({answer: {files: [], nextPageToken: \"T\\(.)\"}})"
ok 'empty pages for ever' run 1 kgl-output --list u/k
is 'end, too' "$(asked ListKernelSessionOutput)" 101
for list in null '[]'; do
    kernel "{log: \"x\", replies: {ListKernelSessionOutput:
        [{with: {files: $list}}]}}"
    rm -rf "$o"
    ok "files: $list" run 0 kgl-output -o "$o" u/k
    is 'is none, and the log' "$(tree)$(field files)" './k.log 0'
done
kernel '{log: "x", replies: {ListKernelSessionOutput: [{with: {files: 1}}]}}'
ok 'files: 1' run 1 kgl-output -o "$work/none" u/k
is 'is no answer' "$(field failed.code)" unavailable

kernel "$(printf '%s' "$files" | sed 's/^{/{page_size: 1, log: "x", /')"
sandbox POST faults 'match=ListKernelSessionOutput nth=3 status=400' \
    >"$work/reply"
rm -rf "$o"
ok 'a list that breaks off' run 1 kgl-output -o "$o" u/k
is 'is failed' "$(field failed.code)" rejected
is 'and what it had is there' "$(tree)" './a ./b ./k.log '
ok 'the rest' run 0 kgl-output -o "$o" u/k
is 'comes with the next call' "$(tree)" './a ./b ./c ./k.log '
for status in 401 403 404 500; do
    kernel "$files"
    sandbox POST faults "match=ListKernel times=always status=$status" \
        >"$work/reply"
    ok "a list that answers $status" run 1 kgl-output -o "$work/none" u/k
    is 'is an error' "$(field error.code)" "$(case $status in
        404) echo not_found ;; 500) echo unavailable ;; *) echo auth ;; esac)"
    is 'without fields that are not so' "$(field files)" null
done
serve NEW_SCRIPT
ok 'one that was saved only' run 1 kgl-output -o "$work/none" u/k
is 'is none that goes on' "$(field error.code),$(field error.temporary)" \
    not_found,false
serve --load '{"kernels":{"u/k":{"running_output":true}}}' NEW_SCRIPT
ok 'nor with files of before' run 1 kgl-output -o "$work/none" u/k
is 'of which it says so' "$(field failed.code)" not_found
ok 'after a push it may come' run_input \
    '{"kernel":"u/k","pushed_at":"2026-11-21T06:00:00Z"}' 1 kgl-output -o "$work/none"
is 'so it is worth to wait' "$(field failed.code),$(field failed.temporary)" \
    conflict,true
serve 404
ok 'a kernel without a session' run 1 kgl-output -o "$work/none" u/k
is 'is not found' "$(field error.code)" not_found

# ---- a signal ----

# The file is cut at 5,000 bytes, and then nobody answers.
kernel "$big"
rm -rf "$o"
sandbox POST faults 'match=/kf/ cut=5000
match=/kf/ nth=2 times=always silence' >"$work/reply"
(trap - INT; exec kgl-output -o "$o" u/k >"$out" 2>"$err") &
pid=$!
until [ "$(asked file)" = 2 ] || ! kill -0 $pid; do :; done
kill -TERM $pid
wait $pid 2>"$work/said"
is 'SIGTERM ends it' $? 143
ok 'and says where it can go on' grep_err "$o"
is 'with what came' "$(find "$o" -name '*.part' -size 5000c | wc -l)" 1
sandbox DELETE faults >"$work/reply"
mark
ok 'the next call' run 0 kgl-output -o "$o" u/k
is 'does' "$(files_asked)" '206 bytes=5000-;'
ok 'to the end' whole

# ---- two kernels at once ----

serve --load "$(jq -nc '{kernels: {"u/k": {files: [{name: "a", content: "1"}]},
    "u/l": {files: [{name: "a", content: "2"}]}}}')" COMPLETE
ok 'two kernels' run 0 kgl-output -j 2 -d "$work/two" u/k u/l
is 'have folders of their own' "$(cat "$work/two/u/k/a" "$work/two/u/l/a")" 12

# ---- odd calls ----

ok 'after a dry run' \
    run_input '{"kernel":"u/k","dry_run":true}' 0 kgl-output -o "$work/dry"
is 'there is nothing to have' "$(jq -c . "$out")" '{"kernel":"u/k","dry_run":true}'
ok 'and no folder is made' [ ! -e "$work/dry" ]

ok '--list by size, which it does not have' \
    run 2 kgl-output --list --max-file=3 u/k
ok 'an empty folder name' run 2 kgl-output -o '' u/k
ok 'is no folder' run 2 kgl-output -d '' u/k
ok 'a kernel by its URL' \
    run 0 kgl-output -o "$o" https://www.kaggle.com/code/u/k
is 'has its name in the record' "$(field kernel)" u/k

every_tool kgl-output

done_testing
