# shellcheck shell=sh
# lib.sh - what the tests share: TAP, a sandbox, a tool run, what came of it
#
#	. "$srcdir/tests/lib.sh"
#
# Each test has a folder of its own, $work, which is removed at its end, an
# empty HOME in it, and a clock that stands still until somebody waits.
#
# ok NAME COMMAND ...	passes if COMMAND ends with 0
# is NAME GOT WANT	passes if they are the same text
# done_testing		the plan, and the end
#
# serve [OPTION ...] STATUS ...
#	starts kw-sandbox anew, with the kernel u/k, whose session answers with
#	these, one a question; the last one stays. 404 is the HTTP status.
#	Options: --after-push STATUS (asked first, as for a session that ended
#	before the push), --fault SPEC, --load JSON (its kernels are added, what
#	it says of u/k wins), and those of kw-sandbox in the form --NAME=VALUE.
# stop			stops it; done at the end of the test anyway
#
# run STATUS COMMAND ...
#	runs COMMAND without input, passes if it ends with STATUS. $out and $err
#	are the files with what it wrote.
# run_input LINES STATUS COMMAND ...	the same, with LINES as its input
# interrupted CONDITION COMMAND ...	runs COMMAND in true time, without input,
#	and ends it with SIGTERM when CONDITION, evaluated, holds; its status
# field NAME		of the last record in $out; NAME may be a.b; text as it
#			is, other values as JSON; null without it
# asked OPERATION	how often the sandbox was asked for it
# slept			the seconds that were waited on the clock since serve
# state JQ		JQ on what the sandbox holds (-c -r)
# sandbox METHOD PATH [BODY]	a request to the sandbox itself
# every_tool TOOL	what every tool owes; needs serve

srcdir=${srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
work=$(mktemp -d "${TMPDIR:-/tmp}/kwtools.XXXXXX") || exit 1
out=$work/out
err=$work/err
tests=0
sandbox_pid=

HOME=$work/home
KW_CLOCK=$work/clock
export HOME KW_CLOCK
mkdir "$HOME"
echo 1795240800 >"$KW_CLOCK" # 2026-11-21T06:00:00Z
unset KAGGLE_API_TOKEN KAGGLE_USERNAME KAGGLE_KEY KAGGLE_CONFIG_DIR \
    KAGGLE_API_ENDPOINT KAGGLE_API_ENVIRONMENT WANDB_API_KEY WANDB_BASE_URL \
    WANDB_ENTITY WANDB_PROJECT WANDB_IDENTITY_TOKEN_FILE WANDB_DIR \
    WANDB_CONFIG_DIR NETRC XDG_CONFIG_HOME http_proxy https_proxy all_proxy \
    HTTP_PROXY HTTPS_PROXY ALL_PROXY VERBOSE VERBOSE_OUTPUT DD_API_KEY \
    DD_URL DD_DD_URL DD_SITE DD_ENV DD_SERVICE DD_VERSION DD_TAGS DD_HOSTNAME \
    DD_AGENT_HOST DD_DOGSTATSD_PORT DD_DOGSTATSD_URL

clean() {
    stop
    rm -rf "$work"
}
trap clean EXIT
trap 'exit 1' HUP INT TERM

ok() {
    tests=$((tests + 1))
    _name=$1
    shift
    if "$@"; then
        echo "ok $tests - $_name"
    else
        echo "not ok $tests - $_name"
        return 0
    fi
}

is() {
    tests=$((tests + 1))
    if [ "$2" = "$3" ]; then
        echo "ok $tests - $1"
    else
        echo "not ok $tests - $1"
        printf 'got:  %s\nwant: %s\n' "$2" "$3" | sed 's/^/# /'
    fi
}

done_testing() {
    echo "1..$tests"
}

serve() {
    _load='{}'
    _first=
    stop
    forget_waits
    # Options are taken from the front; the statuses stay.
    _options=$work/options
    : >"$_options"
    while [ $# -gt 0 ]; do
        case $1 in
        --after-push) _first=$2 && shift 2 ;;
        --load) _load=$2 && shift 2 ;;
        --fault) printf '%s\n' "--fault=$2" >>"$_options" && shift 2 ;;
        --*=*) printf '%s\n' "$1" >>"$_options" && shift ;;
        *) break ;;
        esac
    done
    printf '%s' "$_load" | jq -c '. as $load |
        {user: "u", kernels: {"u/k": (
            [$ARGS.positional[] | select(. != "")]
            | if . == [] then {} else {statuses: map(
                if test("^[0-9]+$") then {status: tonumber} else . end)}
              end)}} * $load' --args "$_first" "$@" >"$work/load.json" || exit 1
    start_sandbox
}

start_sandbox() {
    rm -f "$work/port"
    set --
    while IFS= read -r _option; do
        set -- "$@" "$_option"
    done <"$work/options"
    kw-sandbox --port-file="$work/port" --load="$work/load.json" "$@" \
        >"$work/sandbox.out" 2>"$work/sandbox.err" &
    sandbox_pid=$!
    while [ ! -s "$work/port" ]; do
        kill -0 "$sandbox_pid" 2>/dev/null || {
            sed 's/^/# /' "$work/sandbox.err"
            echo 'Bail out! kw-sandbox does not start'
            exit 1
        }
        sleep 0.01
    done
    url=http://127.0.0.1:$(cat "$work/port")
    KAGGLE_API_ENDPOINT=$url
    KAGGLE_USERNAME=u
    KAGGLE_KEY=0123456789abcdef0123456789abcdef
    WANDB_BASE_URL=$url
    WANDB_API_KEY=0123456789abcdef0123456789abcdef01234567
    DD_URL=$url
    DD_API_KEY=0123456789abcdef0123456789abcdef
    no_proxy=127.0.0.1,localhost
    export KAGGLE_API_ENDPOINT KAGGLE_USERNAME KAGGLE_KEY WANDB_BASE_URL \
        WANDB_API_KEY DD_URL DD_API_KEY no_proxy
}

stop() {
    [ -z "$sandbox_pid" ] && return 0
    kill "$sandbox_pid" 2>/dev/null
    wait "$sandbox_pid" 2>/dev/null
    sandbox_pid=
}

# Ends with 0 if the command ended with the status that was wanted.
ended() {
    [ "$1" -eq "$2" ] && return
    echo "# status $1, not $2; standard error:"
    sed 's/^/# /' "$err"
    return 1
}

run() {
    _want=$1
    shift
    "$@" </dev/null >"$out" 2>"$err"
    ended $? "$_want"
}

interrupted() {
    _until=$1
    shift
    (
        unset KW_CLOCK
        exec "$@"
    ) </dev/null >"$out" 2>"$err" &
    _pid=$!
    until eval "$_until" || ! kill -0 "$_pid" 2>/dev/null; do
        sleep 0.01
    done
    kill "$_pid"
    wait "$_pid" 2>/dev/null
}

run_input() {
    printf '%s\n' "$1" >"$work/in"
    _want=$2
    shift 2
    "$@" <"$work/in" >"$out" 2>"$err"
    ended $? "$_want"
}

field() {
    tail -n 1 "$out" | jq -c -r --arg name "$1" 'getpath($name | split("."))'
}

sandbox() {
    if [ $# -gt 2 ]; then
        printf '%s' "$3" | curl -sS -X "$1" --data-binary @- "$url/sandbox/$2"
    else
        curl -sS -X "$1" "$url/sandbox/$2"
    fi
}

state() {
    sandbox GET state | jq -c -r "$1"
}

asked() {
    state ".requests[\"$1\"] // 0"
}

slept() {
    awk 'NR > 1 { sum += $1 } END { printf "%.15g\n", sum + 0 }' "$KW_CLOCK"
}

# Time goes on from where it is; what was waited is forgotten.
forget_waits() {
    _now=$(awk '{ sum += $1 } END { printf "%.15g\n", sum }' "$KW_CLOCK")
    echo "$_now" >"$KW_CLOCK"
}

grep_err() {
    grep -q -e "$1" "$err" && return
    sed 's/^/# /' "$err"
    return 1
}

# The key that an operand of the tool stands for, from its first record.
key_of() {
    case $1 in
    kgl-build | kgl-gitsync) echo repo ;;
    kgl-push) echo kernel_dir ;;
    kgl-score) echo competition ;;
    wb-collect) echo project ;;
    kgl-*) echo kernel ;;
    wb-find-runs) echo output_dir ;;
    wb-set | wb-compare) echo run ;;
    dd-push) echo metric ;;
    wb-runs) echo project ;;
    *) echo run_dir ;;
    esac
}

every_tool() {
    _tool=$1
    _dead='{"x":1,"error":{"tool":"t","code":"io","message":"m"},"y":[1]}'

    ok "$_tool: an earlier error is passed on" run_input "$_dead" 1 "$_tool"
    is "$_tool: as it was" "$(jq -c . "$out")" "$_dead"
    ok "$_tool: a record without its key" \
        run_input '{"note":{"a":[1,"é"]}}' 1 "$_tool"
    is "$_tool: is an input error" "$(field error.code)" input
    is "$_tool: and keeps its fields" "$(field note)" '{"a":[1,"é"]}'
    ok "$_tool: broken input" \
        run_input "$_dead$nl{\"broken\": " 3 "$_tool"
    ok "$_tool: is named by its line" grep_err '2'
    is "$_tool: what came before it was written" "$(jq -c . "$out")" "$_dead"
    ok "$_tool: a full disk" to_full "$_dead" "$_tool"
    ok "$_tool: a wrong option" run 2 "$_tool" --no-such-option x
    ok "$_tool: which is named" grep_err no-such-option
    ok "$_tool: --help" run 0 "$_tool" --help
    ok "$_tool: begins with the usage" grep -q "^usage: $_tool" "$out"
    ok "$_tool: --version" run 0 "$_tool" --version
    ok "$_tool: is kwtools'" grep -q '^kwtools [0-9]' "$out"
    case $_tool in
    kgl-build) ;;
    kgl-gitsync) ;; # git's own, where a remote asks for one
    kgl-*) no_credential "$_tool" KAGGLE_API_TOKEN kaggle.json ;;
    wb-find-runs | wb-cat | wb-compare) ;;
    wb-*) no_credential "$_tool" WANDB_API_KEY netrc ;;
    dd-*) no_credential "$_tool" DD_API_KEY 'API key' ;;
    esac
}

nl='
'

to_full() {
    printf '%s\n' "$1" | "$2" >/dev/full 2>"$err"
    ended $? 3
}

# Without a credential: 2, and the places that were looked at.
no_credential() {
    ok "$1: no credential" run 2 env -u KAGGLE_USERNAME -u KAGGLE_KEY \
        -u WANDB_API_KEY -u DD_API_KEY "$1" "{\"$(key_of "$1")\": \"u/k\"}"
    ok "$1: names $2" grep_err "$2"
    ok "$1: names $3" grep_err "$3"
}
