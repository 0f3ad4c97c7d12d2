# shellcheck shell=sh disable=SC2154,SC2034 # lib.sh, and the test itself
# everyway.sh - each request of a call fails in every way, beside lib.sh
#
# A scene: begin_SCENE starts the server, act_SCENE calls the tool, whose status
# is $status then. so_SCENE: whether what $out says is so, by what the server
# holds (the file $work/state): "whole" if that is all, "true" if it is a
# failure. $earlier may be set to the requests that begin_SCENE made.
# between_calls is called before the call that must end what was begun.
#
# each WAYS MUST TIMES
#	each request of $scene in turn fails by each of WAYS, one a line; MUST:
#	"whole" if the tool has to succeed all the same. TIMES: '', or
#	times=always
#
# $passing: after one of these the same call has to succeed; $lasting: others.
# More of both with FAULTS_ALL.

passing='status=500
status=429 retry-after=3
close=before
close=after
cut=1
silence'
lasting='status=403'
if [ -n "${FAULTS_ALL-}" ]; then
    passing="$passing
status=502
status=503 retry-after=9
status=429
cut=20"
    lasting="$lasting
status=408
status=401
status=404
status=400
status=302 header=Location:/login"
fi

between_calls() {
    :
}

wrong() {
    echo "# $scene: request $n: $way $times: $1"
    sed 's/^/# /' "$out" "$err"
    failures=$((failures + 1))
}

act() {
    "act_$scene"
    status=$?
    sandbox GET state >"$work/state"
    says=$("so_$scene") || says=
}

# Request $n of $scene fails by $way. False if there is no such request.
one() {
    earlier=0
    "begin_$scene"
    sandbox POST faults "nth=$n $way $times" >"$work/reply"
    act
    [ "$(jq '.requests | add // 0' "$work/state")" -ge $((earlier + n)) ] || return 1
    count=$((count + 1))
    case $says in
    whole) return 0 ;;
    true) [ "$must$times" = whole ] && wrong 'should have passed' ;;
    *) wrong 'is not so' ;;
    esac
    between_calls
    sandbox DELETE faults >"$work/reply"
    act
    [ "$says" = whole ] || wrong 'another call does not end it'
}

# each WAYS MUST TIMES
each() {
    must=$2
    times=$3
    while IFS= read -r way; do
        n=1
        while one; do
            n=$((n + 1))
        done
        [ $n -gt 1 ] || wrong 'nothing was asked'
    done <<END
$1
END
}

# each_way: $scene, by all of $passing and $lasting; FAULTS_ALL: also for good.
each_way() {
    failures=0
    each "$passing" whole ''
    each "$lasting" any ''
    if [ -n "${FAULTS_ALL-}" ]; then
        each "$passing" any times=always
        each "$lasting" any times=always
    fi
}

count=0
