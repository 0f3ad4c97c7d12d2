#!/bin/sh
# lib/git/remote: what a remote's branch holds, and pushing to it, over each
# kind of link, and when it fails in each way.
. "$srcdir/tests/lib.sh"
PATH=$PATH:$PWD/tests # where automake built what it runs

if ! command -v git >/dev/null; then
    echo '1..0 # SKIP no git'
    exit 0
fi
# Nothing of the machine's git is used, nor a clock that stands still by git.
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_SSH GIT_SSH_COMMAND GIT_ASKPASS \
    SSH_ASKPASS GH_TOKEN GITHUB_TOKEN GIT_CONFIG_GLOBAL
GIT_CONFIG_NOSYSTEM=1
no_proxy=127.0.0.1
export GIT_CONFIG_NOSYSTEM no_proxy
git config --global user.name tester
git config --global user.email tester@localhost
git config --global init.defaultBranch main

cd "$work" || exit 1
W=$work/w

# A bare repository, and $W, a work tree with one commit that is there and one
# that is not; the URL by which $W knows it.
repositories() {
    rm -rf "$work/repos/r.git" "$W"
    cp -R "$work/template/r.git" "$work/repos/r.git"
    cp -R "$work/template/w" "$W"
    git -C "$W" config remote.origin.url "${1-$work/repos/r.git}"
    first=$template_first
    commit=$template_commit
    : >"$work/pushes"
    : >"$work/log"
}

hook() {
    printf '#!/bin/sh\n%s\n' "$2" >"$work/repos/r.git/hooks/$1"
    chmod +x "$work/repos/r.git/hooks/$1"
}

# A commit of $W's main; $commit is its name.
commit() {
    echo "$1" >"$W/$1"
    git -C "$W" add -A
    git -C "$W" commit -q -m "$1"
    commit=$(git -C "$W" rev-parse HEAD)
}

# A commit that somebody else pushed in the meantime; $other is its name.
somebody_pushes() {
    other=$(git -C "$work/repos/r.git" commit-tree -p "$first" -m other \
        "$first^{tree}")
    git -C "$work/repos/r.git" update-ref refs/heads/main "$other"
}

holds() {
    git -C "$work/repos/r.git" rev-parse --verify -q "refs/heads/${1-main}"
}

mkdir "$work/repos" "$work/template"
git init -q --bare "$work/repos/r.git"
git init -q "$W"
git -C "$W" remote add origin "$work/repos/r.git"
rm -rf "$work/repos/r.git/hooks" "$W/.git/hooks"
mkdir "$work/repos/r.git/hooks"
hook post-receive "cat >>'$work/pushes'"
commit one
template_first=$commit
git -C "$W" push -q "$work/repos/r.git" main
commit two
template_commit=$commit
mv "$work/repos/r.git" "$W" "$work/template"

# How many pushes reached the remote and did something.
pushes() {
    awk 'END { print NR }' "$work/pushes"
}

# Whether a process that a file names has ended, also if nobody buried it.
ended_soon() {
    _tries=0
    while grep -q '^State:.[^Z]' "/proc/$(cat "$1")/status" 2>/dev/null; do
        _tries=$((_tries + 1))
        [ $_tries -lt 500 ] || return
        sleep 0.01
    done
}

# git-remote's outcome in a word: pushed, or the error's code.
outcome() {
    git-remote -v "$@" </dev/null >"$out" 2>"$err"
    jq -r '.error.code // (if .pushed then "pushed" else .oid // "none" end)' \
        "$out"
}

push() {
    outcome ${limit:+-t "$limit"} push "$W" '' main "$commit" "$first"
}

says() {
    case $(field error.message) in *"$1"*) return ;; esac
    sed 's/^/# /' "$out"
    return 1
}

# What every kind of remote owes; its URL.
every_remote() {
    repositories "$2"
    is "$1: asked" "$(outcome ask "$W" '' main)" "$first"
    is "$1: asked for what is not there" "$(outcome ask "$W" '' side)" none
    is "$1: pushed" "$(push)" pushed
    is "$1: is there" "$(holds)" "$commit"
    is "$1: once" "$(pushes)" 1
    is "$1: the tracking branch is moved" \
        "$(git -C "$W" rev-parse refs/remotes/origin/main)" "$commit"
    is "$1: nothing to push" "$(push)" pushed
    is "$1: a new branch" \
        "$(outcome push "$W" '' side "$first")" pushed
    is "$1: without a commit of its own" "$(holds side)" "$first"
    is "$1: a branch that should not be there" \
        "$(outcome push "$W" '' side "$commit")" conflict
    ok "$1: is sound" git -C "$work/repos/r.git" fsck --strict

    repositories "$2"
    somebody_pushes
    is "$1: a remote that has moved on" "$(push)" conflict
    ok "$1: what it holds" says "$other"
    is "$1: is left alone" "$(holds)" "$other"

    repositories "$2"
    # Between the look at the branch and the change.
    hook pre-receive "cd '$work/repos/r.git' || exit
        unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY
        git update-ref refs/heads/main \$(git commit-tree -p $first -m other \
            '$first^{tree}')"
    is "$1: a remote that moves on meanwhile" "$(push)" conflict
    ok "$1: is said" says 'moved on meanwhile'
    ok "$1: and not forced" [ "$(holds)" != "$commit" ]

    repositories "$2"
    hook pre-receive 'printf "no \033[31mbig files\n" >&2; exit 1'
    is "$1: refused by a hook" "$(push)" rejected
    ok "$1: in the words of the hook" says 'no  [31mbig files'
    ok "$1: and git's" says 'hook declined'
    is "$1: is not there" "$(holds)" "$first"

    repositories "$2"
    git -C "$work/repos/r.git" config transfer.unpackLimit 1
    git -C "$work/repos/r.git" config receive.maxInputSize 10
    is "$1: objects that it cannot take" "$(push)" rejected
    ok "$1: is said" says 'could not take the objects'

    repositories "$2"
    rm -rf "$work/repos/r.git"
    git init -q --bare --template= "$work/repos/r.git"
    is "$1: an empty remote" "$(outcome ask "$W" '' main)" none
    is "$1: is filled" "$(outcome push "$W" '' main "$commit")" pushed
    is "$1: with all" "$(git -C "$work/repos/r.git" rev-list --count main)" 2

    repositories "$2"
    rm -rf "$work/repos/r.git"
    git clone -q --bare --depth 1 "file://$W" "$work/repos/r.git"
    first=$commit
    commit three
    is "$1: a shallow remote" "$(outcome ask "$W" '' main)" "$first"
    is "$1: is pushed to" "$(push)" pushed
}

# ---- paths ----

every_remote path "$work/repos/r.git"
every_remote relative ../repos/r.git
every_remote file "file://$work/repos/r.git"

repositories "$work/nowhere"
is 'no repository' "$(push)" not_found
is 'a remote of no name' "$(outcome ask "$W" upstream main)" not_found
ok 'names git remote add' says 'git remote add upstream'
is 'no name of a branch' "$(outcome ask "$W" '' a..b)" input
is 'no work tree' "$(outcome ask "$work" '' main)" input

repositories
commit=0123456789012345678901234567890123456789
is 'a commit that is not here' "$(push)" input

repositories
git -C "$W" checkout -q --orphan else
commit three
is 'another line' "$(push)" conflict
ok 'is said before it is sent' says 'no ancestor'
is 'and not sent' "$(holds)" "$first"

# A working tree's own branch is not moved under it: the remote says so.
repositories
git -C "$work/repos/r.git" config core.bare false
is 'a branch that is checked out' "$(push)" rejected

repositories
is 'a remote that is silent' "$(
    git -C "$W" config remote.origin.uploadpack 'sleep 1000 #'
    limit=0.2
    outcome -t "$limit" ask "$W" '' main
)" timeout

# A hook that takes too long: what it does in the end is not known.
repositories
hook pre-receive "echo \$\$ >'$work/hook'; exec sleep 1000"
limit=0.5
is 'a push that takes too long' "$(push)" unknown_outcome
limit=
ok 'says how to check' says 'git ls-remote'
ok 'and leaves nothing behind' ended_soon "$work/hook"

# ---- which URL ----

url() {
    outcome url "$W" "$@" >/dev/null
    field url
}

repositories
git -C "$W" config remote.origin.url https://me:pw@h:8443/a/b.git?token=x#y
is 'a URL without its secrets' "$(url)" https://h:8443/a/b.git
git -C "$W" config remote.origin.url git@h:a/b.git
is 'of ssh' "$(url)" h:a/b.git
git -C "$W" config remote.origin.url "https://me:p/w@h/a"
outcome url "$W" >/dev/null
is 'a malformed one' "$(field error.code)" input
ok 'is not shown' [ "$(grep -c p/w "$out" "$err" | grep -c ':0')" = 2 ]
git -C "$W" config remote.origin.url short:b.git
git -C "$W" config url.https://long/.insteadOf short:
is 'insteadOf' "$(url)" https://long/b.git
git -C "$W" config url.https://longer/.insteadOf short:b
is 'the longest' "$(url)" https://longer/.git
git -C "$W" config url.https://push/.pushInsteadOf short:
is 'pushInsteadOf' "$(url)" https://push/b.git
git -C "$W" config remote.origin.pushurl short:c.git
is 'pushurl' "$(url)" https://long/c.git
git -C "$W" remote add fork /fork
git -C "$W" config branch.main.remote fork
is 'the remote of the branch' "$(url)" /fork
git -C "$W" config remote.pushDefault origin
is 'pushDefault' "$(url)" https://long/c.git
git -C "$W" config branch.main.pushRemote fork
is 'pushRemote' "$(url)" /fork
is 'by its name' "$(url origin)" https://long/c.git
git -C "$W" config --add remote.fork.url /other
is 'several URLs' "$(outcome url "$W" fork)" input

# ---- ssh: a program of that name runs the command here ----

mkdir "$work/bin"
cat >"$work/bin/ssh" <<'END'
#!/bin/sh
printf '%s\n' "$@" >"$WORK/ssh.args"
echo run >>"$WORK/ssh.runs"
fault=$(sed 1q "$WORK/ssh.faults")
sed -i 1d "$WORK/ssh.faults"
case $fault in
denied) echo 'u@h: Permission denied (publickey).' >&2 && exit 255 ;;
refused) echo 'ssh: connect to host h port 22: Connection refused' >&2
    exit 255 ;;
hang) echo $$ >"$WORK/ssh.pid" && exec sleep 1000 ;;
gone) exit 0 ;;
garbage) echo 'Welcome to this machine!' ;;
esac
while [ $# -gt 1 ]; do shift; done
eval "$1"
[ "$fault" != lost ]
END
cat >"$work/bin/lossy" <<'END'
#!/bin/sh
# The answer to a push does not come through.
while [ $# -gt 1 ]; do shift; done
case $1 in
git-receive-pack*) eval "$1" | { head -c "${KEEP-0}"; cat >/dev/null; } ;;
*) eval "$1" ;;
esac
END
chmod +x "$work/bin/ssh" "$work/bin/lossy"
WORK=$work
export WORK
: >"$work/ssh.faults"
_path=$PATH
PATH=$work/bin:$PATH

every_remote ssh "ssh://u@h:2222$work/repos/r.git"
is 'ssh: how it is run' "$(cat "$work/ssh.args")" \
    "-oBatchMode=yes${nl}-p${nl}2222${nl}u@h${nl}git-upload-pack '$work/repos/r.git'"

scp() {
    repositories "u@h:$work/repos/r.git"
    : >"$work/ssh.runs"
    : >"$work/ssh.faults"
}

ssh_runs() {
    awk 'END { print NR }' "$work/ssh.runs"
}

scp
is 'scp: pushed' "$(push)" pushed
is 'scp: is there' "$(holds)" "$commit"
is 'scp: how ssh is run' "$(sed -n '2,$p' "$work/ssh.args")" \
    "u@h${nl}git-upload-pack '$work/repos/r.git'"

PATH=$_path
scp
is 'GIT_SSH' "$(GIT_SSH=$work/bin/ssh push)" pushed
is 'GIT_SSH: how it is run' "$(cat "$work/ssh.args")" \
    "u@h${nl}git-upload-pack '$work/repos/r.git'"
scp
git -C "$W" config core.sshCommand "'$work/bin/ssh' -i 'a key'"
is 'core.sshCommand' "$(GIT_SSH=/nowhere push)" pushed
is 'core.sshCommand: how it is run' "$(sed 2q "$work/ssh.args")" \
    "-i${nl}a key"
scp
git -C "$W" config core.sshCommand /nowhere
# shellcheck disable=SC2089,SC2090 # a shell reads the quotes
GIT_SSH_COMMAND="'$work/bin/ssh' -v"
# shellcheck disable=SC2090
export GIT_SSH_COMMAND
is 'GIT_SSH_COMMAND' "$(push)" pushed
is 'GIT_SSH_COMMAND: how it is run' "$(sed 1q "$work/ssh.args")" -v

scp
is 'no ssh' "$(GIT_SSH_COMMAND=/nowhere/ssh push)" input
ok 'is said' says /nowhere/ssh
scp
echo denied >"$work/ssh.faults"
is 'ssh: no permission' "$(push)" auth
ok 'ssh: in its words' says 'Permission denied (publickey)'
is 'ssh: is not tried again' "$(ssh_runs)" 1
scp
printf 'refused\ngone\n' >"$work/ssh.faults"
is 'ssh: no connection at first' "$(push)" pushed
is 'ssh: is tried again' "$(ssh_runs)" 4
is 'ssh: but pushed once' "$(pushes)" 1
scp
printf 'refused\nrefused\nrefused\n' >"$work/ssh.faults"
is 'ssh: no connection' "$(push)" unavailable
is 'ssh: has its end' "$(ssh_runs)" 3
scp
echo garbage >"$work/ssh.faults"
is 'ssh: what is not git' "$(push)" rejected
scp
echo hang >"$work/ssh.faults"
limit=0.3
is 'ssh: hangs' "$(push)" timeout
limit=
ok 'ssh: is ended' ended_soon "$work/ssh.pid"
scp
echo hang >"$work/ssh.faults"
rm "$work/ssh.pid"
# shellcheck disable=SC2016 # evaluated there
interrupted '[ -s "$work/ssh.pid" ]' git-remote push "$W" '' main "$commit" \
    "$first"
ok 'ssh: ends when we are interrupted' ended_soon "$work/ssh.pid"

scp
echo lost >"$work/ssh.faults"
is 'ssh: a bad end after a good answer' "$(push)" pushed
GIT_SSH_COMMAND=$work/bin/lossy
scp
advert=$(git-receive-pack --advertise-refs "$work/repos/r.git" | wc -c)
is 'ssh: a lost answer' "$(KEEP=$advert push)" pushed
is 'ssh: is looked up, not sent again' "$(pushes)" 1
scp
hook pre-receive "[ -e '$work/again' ] || { touch '$work/again'; exit 1; }"
is 'ssh: a lost refusal' "$(KEEP=$advert push)" pushed
is 'ssh: is sent again' "$(pushes)" 1
scp
hook pre-receive "echo >>'$work/refused'; exit 1"
is 'ssh: lost refusals' "$(KEEP=$advert push)" unavailable
is 'ssh: two of them' "$(awk 'END { print NR }' "$work/refused")" 2
unset GIT_SSH_COMMAND

# ---- http ----

git-server "$work" &
server=$!
trap 'kill $server 2>/dev/null; clean' EXIT
while [ ! -s "$work/port" ]; do
    kill -0 "$server" || exit
    sleep 0.01
done
url=http://127.0.0.1:$(cat "$work/port")/repos/r.git

posts() {
    grep -c '^POST' "$work/log"
}

# http [GETs [POSTs]]: what befalls them.
http() {
    repositories "$url"
    printf '%s' "${1-}" >"$work/get"
    printf '%s' "${2-}" >"$work/post"
}

every_remote http "$url"

http
git -C "$W" remote set-url origin "$url/"
is 'http: a slash at the end' "$(push)" pushed
http
git -C "$W" remote set-url origin "${url%r.git}none.git"
is 'http: no repository' "$(push)" not_found
http 500
is 'http: an error in passing' "$(push)" pushed
is 'http: sent once' "$(posts)" 1
http "503${nl}close${nl}502"
is 'http: several' "$(push)" pushed
http "503${nl}503${nl}503${nl}503${nl}503"
is 'http: too many' "$(push)" unavailable
is 'http: nothing was sent' "$(posts)" 0
http 403
is 'http: no permission' "$(push)" auth
ok "http: the server's words" says "the server's words"
http '' 403
is 'http: none to push' "$(push)" auth
is 'http: is not tried again' "$(posts)" 1
http '' 413
is 'http: too large' "$(push)" rejected
http '' 301
is 'http: moved' "$(push)" rejected
ok 'http: what to do' says 'git remote set-url'
http '' 502
is 'http: a push that was not done' "$(push)" pushed
is 'http: is sent again' "$(posts):$(pushes)" 2:1
http '' "502${nl}502"
is 'http: twice' "$(push)" unavailable
is 'http: not more than twice' "$(posts):$(pushes)" 2:0
http '' close
is 'http: closed before it was done' "$(push)" pushed
is 'http: closed: is sent again' "$(posts):$(pushes)" 2:1
http '' late
is 'http: a push that was done, and then a 502' "$(push)" pushed
is 'http: is not sent again' "$(posts):$(pushes)" 1:1
http '' lost
is 'http: a lost answer' "$(push)" pushed
is 'http: lost: is not sent again' "$(posts):$(pushes)" 1:1
http '' cut
is 'http: a cut answer' "$(push)" pushed
is 'http: cut: is not sent again' "$(posts):$(pushes)" 1:1
http "-${nl}403" lost
is 'http: cannot be looked up' "$(push)" unknown_outcome
is 'http: and is not sent again' "$(posts):$(pushes)" 1:1
http '' silent
is 'http: silence' "$(KW_LIMITS=0.01 push)" pushed
is 'http: is sent again' "$(posts):$(pushes)" 2:1
http silent
limit=0.3
is 'http: silence at first' "$(push)" timeout
http '' silent
is 'http: silence to the end' "$(push)" unknown_outcome
limit=
http 200
is 'http: what is not git' "$(push)" rejected
ok 'http: is said' says 'no git repository is served'

# ---- credentials ----

secret='s3cret p%ss'
printf 'me:%s' "$secret" | base64 >"$work/auth"

# The secret, in plain or in base64, is in nothing that was said.
quiet() {
    ! grep -q -F -e "$secret" -e s3cret -e "$(cat "$work/auth")" "$out" "$err"
}

with_config() {
    GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=credential.helper \
        GIT_CONFIG_VALUE_0=$1 push
}

cat >"$work/bin/helper" <<'END'
#!/bin/sh
echo "$1" >>"$WORK/helper.log"
cat >"$WORK/helper.$1"
[ "$1" = get ] && printf 'username=me\npassword=%s\n' "$(cat "$WORK/secret")"
END
chmod +x "$work/bin/helper"
helper="!$work/bin/helper"
echo "$secret" >"$work/secret"

http
is 'no credential' "$(push)" auth
ok 'names where it looked' says netrc
ok 'names git credential' says 'git credential'
http
: >"$work/helper.log"
is 'git credential' "$(with_config "$helper")" pushed
is 'is asked, and told' "$(sort -u "$work/helper.log" | tr '\n' ' ')" \
    'get store '
ok 'is asked for the host' \
    grep -q "^host=127.0.0.1:$(cat "$work/port")" "$work/helper.get"
ok 'is named with -v' grep_err 'credential: git credential'
ok 'and no secret' quiet
http
echo wrong >"$work/secret"
: >"$work/helper.log"
is 'a wrong one' "$(with_config "$helper")" auth
ok 'is named' says 'tried: git credential'
is 'is told so' "$(tr '\n' ' ' <"$work/helper.log")" 'get erase '

printf 'machine 127.0.0.1 login me password "%s"\n' "$secret" >"$HOME/.netrc"
chmod 600 "$HOME/.netrc"
http
is 'netrc, after a wrong one' "$(with_config "$helper")" pushed
ok 'is named' grep_err "credential: $HOME/.netrc"
ok 'with no secret' quiet
printf 'machine 127.0.0.1 login me password wrong\n' >"$HOME/.netrc"
http
is 'both are wrong' "$(with_config "$helper")" auth
ok 'both are named' says "tried: git credential, $HOME/.netrc"
rm "$HOME/.netrc"

http
git -C "$W" remote set-url origin \
    "http://me:s3cret%20p%25ss@${url#http://}"
is 'in the URL' "$(push)" pushed
ok 'is not shown' quiet
is 'nor in the record' "$(url)" "$url"
http
git -C "$W" remote set-url origin "http://me:s3cret@${url#http://}"
is 'a wrong one in the URL' "$(push)" auth
ok 'is not shown either' quiet

# A token of GitHub's goes nowhere else.
http
is 'a token for another host' "$(GITHUB_TOKEN=s3cret push)" auth
ok 'is not sent' [ "$(posts)" = 0 ]

done_testing
