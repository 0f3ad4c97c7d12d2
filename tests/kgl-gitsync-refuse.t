#!/bin/sh
# kgl-gitsync: what it refuses, before anything is written.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/git.sh"

# repository COMMAND ...: a new one in $repo, with a commit that the remote has
# and a change, in which COMMAND is run.
repository() {
    begin "$work/r"
    repo=$work/r/work
    (
        set -e
        cd "$repo"
        echo a >a
        echo f >f
        first
        echo a2 >a
        "$@"
    ) >"$out" 2>"$err"
    _status=$?
    [ "$_status" -eq 0 ] && return
    sed 's/^/# /' "$err"
    echo "Bail out! $1: git ended with $_status"
    exit 1
}

# refused NAME CODE PATTERN [OPTION ...]: $repo is, with this code and a message
# that PATTERN matches; nothing is written here or there.
refused() {
    what=$1
    code=$2
    pattern=$3
    shift 3
    # shellcheck disable=SC2046 # names without spaces
    before=$(held $(git_dirs "$repo"))
    ok "$what: refused" run 1 kgl-gitsync -m x "$@" "$repo"
    is "$what: the code" "$(field error.code)" "$code"
    ok "$what: the message" says "$pattern"
    is "$what: is not pushed" "$(field 'pushed')" null
    # shellcheck disable=SC2046
    is "$what: nothing is written" "$(held $(git_dirs "$repo"))" "$before"
    [ "$what" = index.lock ] || # which -n does not need
        ok "$what: -n refuses it, too" run 1 kgl-gitsync -n "$@" "$repo"
}

# passes NAME [OPTION ...]: $repo is pushed.
passes() {
    what=$1
    shift
    ok "$what: passes" run 0 kgl-gitsync -m x "$@" "$repo"
    is "$what: is pushed" "$(field pushed)" true
}

says() {
    field error.message | grep -q -e "$1" && return
    echo "# $(field error.message)"
    return 1
}

# ---- something is under way ----

# Two branches that change the same line; main is checked out.
branches() {
    git checkout -q -- a
    git switch -q -c other
    echo other >a
    git commit -q -a -m other
    git switch -q main
    echo main >a
    git commit -q -a -m main
}

in_conflict() {
    branches
    "$@" && return 1
    git ls-files -u | grep -q .
}

# Settled, but not yet committed.
settled() {
    in_conflict "$@"
    echo both >a
    git add a
}

repository in_conflict git merge other
refused 'a merge with conflicts' conflict 'git merge --continue'
refused 'a merge with conflicts, on a side' conflict 'git merge' --side=side

repository settled git merge other
refused 'a merge, settled' conflict 'git merge --continue'

merge_only() {
    git checkout -q -- a
    git switch -q -c other
    echo b >b
    git add b
    git commit -q -m other
    git switch -q main
    git merge -q --no-ff --no-commit other
}
repository merge_only
refused 'a merge without conflicts' conflict 'git merge --continue'

repository settled git rebase other
refused 'a rebase' conflict 'git rebase --continue'

repository settled git rebase --apply other
refused 'a rebase by patches' conflict 'git rebase --continue'

stopped() {
    branches
    GIT_SEQUENCE_EDITOR='sed -i s/^pick/edit/' git rebase -q -i HEAD^
    test -d .git/rebase-merge
}
repository stopped
refused 'a rebase that stopped to edit' conflict 'git rebase --continue'

repository settled git cherry-pick other
refused 'a cherry-pick' conflict 'git cherry-pick --continue'

pick_two() {
    branches
    git switch -q other
    echo second >b
    git add b
    git commit -q -m second
    git switch -q main
    git cherry-pick other^ other && return 1
    echo both >a
    git add a
    git commit -q -m picked # the second one is still to come
    test -d .git/sequencer
}
repository pick_two
refused 'one cherry-pick of two' conflict 'git cherry-pick --continue'

revert() {
    branches
    echo more >a
    git commit -q -a -m more
    git revert HEAD^ && return 1
    echo settled >a
    git add a
}
repository revert
refused 'a revert' conflict 'git revert --continue'

bisect() {
    branches
    git bisect start
    git bisect bad HEAD
    git bisect good HEAD^
}
repository bisect
refused 'a bisection' conflict 'git bisect reset'

mail() {
    branches
    git format-patch -q -1 --stdout other >../patch
    git am -q ../patch && return 1
    test -d .git/rebase-apply
}
repository mail
refused 'git am' conflict 'git am --continue'

no_merge_head() {
    in_conflict git merge other
    rm .git/MERGE_*
}
repository no_merge_head
refused 'conflicts alone' conflict 'a .*git add'
refused 'conflicts alone, on a side' conflict 'a .*git add' --side=side
refused 'conflicts alone, tracked' conflict 'a .*git add' --tracked

repository git checkout -q --detach
refused 'a detached HEAD' conflict 'git switch'
passes 'a detached HEAD with a side' --side=side

# ---- what only git does ----

with_hook() {
    mkdir -p .git/hooks
    printf '#!/bin/sh\nexit 1\n' >".git/hooks/$1"
    chmod "${2-755}" ".git/hooks/$1"
}
for hook in pre-commit prepare-commit-msg commit-msg post-commit; do
    repository with_hook $hook
    refused "$hook" input "$hook.*git commit"
    passes "$hook, --no-hooks" --no-hooks
    is "$hook: the record says so" "$(field no_hooks)" true
done
repository with_hook pre-push
refused 'pre-push' input 'pre-push.*git push'
passes 'pre-push, --no-hooks' --no-hooks

repository with_hook pre-commit 644
passes 'a hook that is not executable'
is 'nothing is said of it' "$(field no_hooks)" null
repository with_hook pre-commit.sample
passes 'a sample of a hook'

# By core.hooksPath, absolute, relative to the work tree, and in HOME.
hooks_path() {
    git config core.hooksPath "$1"
    mkdir -p "$2"
    printf '#!/bin/sh\nexit 1\n' >"$2/pre-commit"
    chmod +x "$2/pre-commit"
}
# shellcheck disable=SC2088 # git's to expand
for place in "$work/hooks $work/hooks" '.husky .husky' "~/hooks $HOME/hooks"; do
    # shellcheck disable=SC2086 # two words
    repository hooks_path $place
    refused "core.hooksPath ${place%% *}" input 'pre-commit.*git commit'
done
empty_hooks_path() {
    with_hook pre-commit
    git config core.hooksPath /dev/null
}
repository empty_hooks_path
passes 'core.hooksPath without hooks'

# Whoever lets git do it has the push checked.
hook_and_clean() {
    with_hook pre-commit
    with_hook pre-push
    git checkout -q -- a
}
repository hook_and_clean
passes 'hooks, but nothing is to be done'

repository git config commit.gpgSign true
refused 'signing' input 'gpg[sS]ign.*git commit'
passes 'signing, --no-sign' --no-sign
is 'the record says so' "$(field no_sign)" true
repository git config push.gpgSign true
refused 'a signed push' input 'gpg[sS]ign.*git push'

filter() {
    echo "*.bin filter=$1" >.gitattributes
    echo weights >model.bin
}
repository filter lfs
refused 'Git LFS' input 'model\.bin.*lfs.*git add'
passes 'Git LFS, of what it does not touch' --tracked
repository filter crypt
refused 'another filter' input 'model\.bin.*crypt.*git add'

# ---- repositories of another kind ----

shallow() {
    git commit -q -a -m second
    cp -R .git/objects/. ../remote.git/objects
    cp .git/refs/heads/main ../remote.git/refs/heads
    git clone -q --depth 1 "file://$work/r/remote.git" ../shallow
    echo b >../shallow/b
}
repository shallow
repo=$work/r/shallow
refused 'a shallow clone' input 'git fetch --unshallow'

repository git sparse-checkout set d
refused 'a sparse checkout' input 'git sparse-checkout disable'

inner() {
    git init -q inner
    git -C inner commit -q --allow-empty -m x
}
repository inner
refused 'a repository inside' input 'inner.*git submodule add'

other_format() {
    git config core.repositoryFormatVersion 1
    git config extensions.objectFormat sha256
}
repository other_format
refused 'SHA-256' input 'git'

repository git update-index --split-index
refused 'a split index' input 'git update-index --no-split-index'

repository true
mkdir "$work/none"
is_refused() {
    ok "$1: refused" run 1 kgl-gitsync "$2"
    is "$1: the code" "$(field error.code)" "$3"
    ok "$1: the message" says "$4"
}
is_refused 'no repository' "$work/none" not_found 'git init\|git clone'
is_refused 'no folder' "$work/nowhere" not_found "$work/nowhere"
is_refused 'a bare repository' "$work/r/remote.git" input 'bare'
is 'nothing is made there' "$(ls -A "$work/none")" ''

repository git remote remove origin
refused 'no remote' not_found 'git remote add'
repository true
refused 'no such remote' not_found 'nowhere.*git remote add' --remote=nowhere

unset GIT_AUTHOR_NAME GIT_COMMITTER_NAME
repository_as_someone() {
    GIT_AUTHOR_NAME=A GIT_COMMITTER_NAME=A
    export GIT_AUTHOR_NAME GIT_COMMITTER_NAME
    repository true
    unset GIT_AUTHOR_NAME GIT_COMMITTER_NAME
}
repository_as_someone
refused 'nobody to commit as' input 'git config.*user\.name'
git -C "$repo" config user.name Someone
passes 'somebody to commit as'
GIT_AUTHOR_NAME='A U Thor'
GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME
export GIT_AUTHOR_NAME GIT_COMMITTER_NAME

# ---- credentials ----

# No whole token is in this file; $secret must not be told.
letters() {
    printf 'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6lM9oR2tV5xA8' | cut -c "1-$1"
}
hex() {
    printf '0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a6978' | cut -c "1-$1"
}

written() {
    mkdir -p "$(dirname "$1")"
    printf '%s\n' "$2" >"$1"
}

credential() {
    repository written "$1" "$2"
    refused "$3" input "$(basename "$1" | sed 's/\./\\./g').*git"
    ok "$3: is not told" untold
    refused "$3, on a side" input "$(basename "$1")" --side=side
    passes "$3: untracked, with --tracked" --tracked
}

untold() {
    ! grep -q -F -e "$secret" "$out" "$err"
}

secret=$(hex 32)
for name in kaggle.json conf/kaggle.json access_token .kaggle/access_token \
    .netrc _netrc .env .env.local prod/.env.production .git-credentials \
    id_rsa .ssh/id_ed25519; do
    credential "$name" "key $secret" "by its name: $name"
done

credential notes.txt "{\"username\":\"me\",\"key\":\"$secret\"}" \
    'a kaggle.json of another name'
for kind in '' 'RSA ' 'EC ' 'OPENSSH ' 'ENCRYPTED '; do
    credential deploy.txt "-----BEGIN ${kind}PRIVATE KEY-----
$secret" "${kind}PRIVATE KEY"
done
credential deploy.txt "-----BEGIN PGP PRIVATE KEY BLOCK-----
$secret" 'a private key of PGP'
secret=$(letters 36)
credential src/a.py "token = 'ghp_$secret'" 'a token of GitHub'
credential src/a.py "token = 'hf_$(letters 34)'" 'a token of Hugging Face'
credential src/a.py "t = 'KGAT_$(hex 32)'" 'a token of Kaggle'
secret=$(hex 40)
credential run.sh "export WANDB_API_KEY=$secret" 'a key of W&B'
credential src/a.py "wandb.login(key='$secret')" 'a key of W&B in a call'
credential run.sh "wandb login --relogin $secret" 'a key of W&B in a command'
credential a.yaml "wandb_api_key: $secret" 'a key of W&B in YAML'
secret=$(letters 48)
credential src/a.py "k = 'sk-proj-$secret'" 'a key of OpenAI'
credential src/a.py "k = 'sk-ant-api03-$secret'" 'a key of Anthropic'
secret=$(hex 32)
credential run.sh "KAGGLE_KEY=$secret" 'a key of Kaggle'

deep() {
    seq 100000 >big.txt
    printf 'key = "ghp_%s"\n' "$(letters 36)" >>big.txt
    seq 100000 >>big.txt
}
secret=$(letters 36)
repository deep
refused 'far down in a file' input 'big\.txt:100001.*git'
ok 'far down: is not told' untold

tracked_file() {
    printf 'ghp_%s\n' "$secret" >f
}
repository tracked_file
refused 'in a file that git knows' input 'f:1.*git' --tracked

staged_only() {
    written kaggle.json x
    git add kaggle.json
    rm kaggle.json
    git checkout -q -- a
}
staged_file() {
    written .env "K=$secret"
    git add .env
}
repository staged_file
refused 'staged by hand' input '\.env.*git rm --cached'
refused 'staged by hand, tracked' input '\.env.*git rm --cached' --tracked
repository staged_only
passes 'staged and then removed'

ignored() {
    echo kaggle.json >.gitignore
    written kaggle.json "$secret"
}
repository ignored
passes 'ignored'
is 'ignored: is not there' \
    "$(git -C "$work/r/remote.git" ls-tree -r --name-only main | tr '\n' ' ')" \
    '.gitignore a f '

committed() {
    written .env "$secret"
    git add .env
    git commit -q -m env
    cp -R .git/objects/. ../remote.git/objects
    cp .git/refs/heads/main ../remote.git/refs/heads
    rm .env
}
repository committed
passes 'removed by this commit'

harmless() {
    written .env.example "WANDB_API_KEY=your-key-here"
    written a.py "key = os.environ['WANDB_API_KEY']"
    written b.py "re.compile('ghp_[A-Za-z0-9]{36}')"
    written sha.txt "$(hex 40)"
    written run.sh 'wandb login "$KEY" # or a key: sk-proj-..., sk-ant-api03-...'
    written a.css ".task-proj-$(letters 48) {}"
    written pub.txt '-----BEGIN PUBLIC KEY-----'
    written kaggle.jsonl '{}'
    written env.py x
}
repository harmless
passes 'what only looks like it'

# ---- sizes ----

sized() {
    truncate -s "$1" weights.bin
}
repository sized 2M
refused 'too large' input 'weights\.bin.*2097152.*max-file' --max-file=2097151
passes 'just not too large' --max-file=2M
ok 'without a warning' test ! -s "$err"
repository sized 51M
passes 'a warning from 50 MB on'
ok 'names the file' grep_err 'weights\.bin'
repository sized 101M
refused 'above the default' input 'weights\.bin.*max-file'
is_gitignore_named() {
    says '\.gitignore'
}
ok 'and where it can go' is_gitignore_named

# ---- the remote has moved on ----

# theirs COUNT: the remote's branch gets as many commits of somebody else's.
theirs() {
    git clone -q ../remote.git ../other
    for i in $(seq "$1"); do
        git -C ../other commit -q --allow-empty -m "theirs $i"
    done
    git -C ../other push -q origin HEAD:main
}
theirs_fetched() {
    theirs "$1"
    git fetch -q
}
diverged() {
    git commit -q -a -m ours
    theirs_fetched 2
}
repository theirs_fetched 3
refused 'moved on' conflict '3 commits.*git pull'
repository diverged
refused 'moved apart' conflict '2 commits.*git pull'
repository theirs 3
refused 'moved on, not fetched' conflict 'git fetch\|git pull'
# The work is not lost on the way: a side of its own is free.
passes 'moved on, to a side' --side=side

rewritten() {
    theirs 1
    git -C ../other commit -q --amend --allow-empty -m amended
    git -C ../other push -q -f origin HEAD:main
    git fetch -q
}
repository rewritten
refused 'rewritten' conflict 'git'

# ---- somebody else is at work ----

repository touch .git/index.lock
refused 'index.lock' conflict 'index\.lock.*git'
is 'it is temporary' "$(field error.temporary)" true
repository touch .git/index.lock
passes 'index.lock, to a side' --side=side
ok 'the lock is left alone' test -e "$repo/.git/index.lock"

# An ssh that says when FIRST is in its push, and has it wait there.
cat >"$work/ssh" <<'EOF'
#!/bin/sh
for command; do :; done
case $FIRST$command in
1*receive-pack*)
    : >"$HOME/there"
    until [ -e "$HOME/go" ]; do sleep 0.01; done
    ;;
esac
eval "$command"
EOF
chmod +x "$work/ssh"
GIT_SSH_COMMAND=$work/ssh
export GIT_SSH_COMMAND
repository git remote set-url origin "ssh://host$work/r/remote.git"
FIRST=1 kgl-gitsync -m first "$repo" >"$work/first" 2>"$work/first.err" &
first=$!
until [ -e "$HOME/there" ] || ! kill -0 $first 2>/dev/null; do sleep 0.01; done
run 1 kgl-gitsync -m second "$repo"
second=$?
: >"$HOME/go"
ok 'two at once: the first is done' wait $first
is 'two at once: as it says' "$(jq .pushed "$work/first")" true
ok 'two at once: the second does no harm' test \
    "$second" -eq 0 -o "$(field pushed)" = true
is 'two at once: one commit' "$(git -C "$repo" rev-list --count HEAD)" 2
unset GIT_SSH_COMMAND

# A .git that cannot be written. root writes anyway, so it is somebody else's.
as_other() {
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
    else
        HOME=$work/home setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
    fi
}
repository true
chmod 711 "$work"
[ "$(id -u)" -ne 0 ] || chown -R 65534:65534 "$work/r"
chmod -R a-w "$repo/.git"
before=$(held "$repo/.git")
ok 'read-only: refused' run 1 as_other kgl-gitsync -m x "$repo"
is 'read-only: the code' "$(field error.code)" io
ok 'read-only: the message' says 'index\.lock: Permission denied'
is 'read-only: nothing is written' "$(held "$repo/.git")" "$before"
chmod -R u+w "$repo/.git"

if [ "$(id -u)" -eq 0 ]; then
    refused "another user's" input 'git config.*safe\.directory'
fi

done_testing
