# shellcheck shell=sh
# wandb.sh - what the tests of wb-sync share, beside lib.sh
#
# copy KIND ...		a copy of these runs of tests/data in $work/runs;
#			$work/files lists their files, $file is the newest
# sync STATUS [OPTION ...]	syncs them; passes if it ends with STATUS
# held KIND [STATE]	"equal" if the server holds what it should of a kind;
#			STATE: a file with /sandbox/state
# run_state ID JQ	JQ on the run of that id
# writes, requests	how many requests changed something; all of them
# markers		how many files are marked
#
# make-run writes runs of any size.

PATH=$PATH:tests # where automake built it

copy() {
    rm -rf "$work/runs"
    mkdir "$work/runs"
    for kind; do
        cp -R "$srcdir/tests/data/runs/$kind" "$work/runs/$kind"
    done
    chmod -R u+w "$work/runs"
    find "$work/runs" -name '*.wandb' | LC_ALL=C sort >"$work/files"
    file=$(tail -n 1 "$work/files")
}

sync() {
    want=$1
    shift
    wb-sync -j1 "$@" <"$work/files" >"$out" 2>"$err"
    ended $? "$want"
}

held() {
    [ $# -gt 1 ] || sandbox GET state >"$work/state"
    jq -c --slurpfile want "$srcdir/tests/data/runs/$1/expected.json" \
        '$want[0] as $want | '"$(cat "$srcdir/tests/expected.jq")" \
        "${2:-$work/state}"
}

writes() {
    state '.requests | [.UpsertBucket, .CreateRunFiles, .upload,
        .file_stream, .MarkRunFilesUploaded,
        .NotifyScriptableRunAlert, .CreateArtifact,
        .CreateArtifactManifest, .UpdateArtifactManifest,
        .CreateArtifactFiles, .CompleteMultipartUploadArtifact,
        .CommitArtifact] | map(. // 0) | add'
}

requests() {
    state '.requests | add // 0'
}

run_state() {
    state ".runs | to_entries[] | select(.key | endswith(\"/$1\")) | .value$2"
}

markers() {
    find "$work/runs" -name '*.synced' | wc -l | tr -d ' '
}
