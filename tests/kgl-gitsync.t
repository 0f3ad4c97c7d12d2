#!/bin/sh
# kgl-gitsync: the remote holds what is here and said so; nothing is written
# before all is checked.
. "$srcdir/tests/lib.sh"

unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL \
    GIT_AUTHOR_DATE GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL GIT_COMMITTER_DATE \
    GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM GIT_CONFIG_COUNT
GIT_CONFIG_NOSYSTEM=1
export GIT_CONFIG_NOSYSTEM
git config --global user.name 'A U Thor'
git config --global user.email author@example.com
git config --global init.defaultBranch main

# fresh: the work tree $repo with one commit, which its remote $bare has.
fresh() {
    rm -rf "$work/repo" "$work/bare"
    bare=$work/bare
    repo=$work/repo
    git init -q --bare "$bare"
    git init -q "$repo"
    git -C "$repo" remote add origin "$bare"
    echo one >"$repo/file"
    at add file
    at commit -q -m first
    at push -q origin main
}

at() {
    git -C "$repo" "$@"
}

there() { # there [BRANCH]: what the remote's branch holds
    git --git-dir="$bare" rev-parse "${1:-main}" 2>/dev/null
}

# What must stay as it is where nothing is written.
snapshot() {
    (cd "$repo" && find .git -type f ! -path '.git/hooks/*' -exec sha1sum {} + |
        sort -k 2
        git for-each-ref
        git --git-dir="$bare" for-each-ref)
}

# refused CODE WORD OPTION ...: and nothing was written.
refused() {
    _code=$1 _word=$2
    shift 2
    _before=$(snapshot)
    ok "$_word" run 1 kgl-gitsync "$@" "$repo"
    is "$_word: the code" "$(field error.code)" "$_code"
    ok "$_word: is named" grep_err "$_word"
    is "$_word: nothing is written" "$(snapshot)" "$_before"
    is "$_word: nothing is pushed" "$(field pushed)" null
}

# ---- what every tool owes ----
every_tool kgl-gitsync

# ---- the first push ----
bare=$work/bare
repo=$work/repo
git init -q --bare "$bare"
git init -q "$repo"
at remote add origin "$bare"
ok 'nothing at all' run 1 kgl-gitsync "$repo"
is 'is an input error' "$(field error.code)" input
mkdir "$repo/src"
echo 'print(1)' >"$repo/src/train.py"
printf '#!/bin/sh\n' >"$repo/run"
chmod +x "$repo/run"
ln -s src/train.py "$repo/link"
echo '*.ckpt' >"$repo/.gitignore"
echo x >"$repo/big.ckpt"
ok 'the first push' run_input \
    "{\"repo\":\"$repo\",\"commit\":\"old\",\"x\":[1]}" 0 kgl-gitsync
is 'the commit' "$(field commit)" "$(at rev-parse HEAD)"
is 'is on the remote' "$(there)" "$(field commit)"
is 'as the record has it' \
    "$(jq -c '[.branch, .remote_url, .committed, .pushed, .files_changed, .x]' \
        "$out")" "[\"main\",\"$bare\",true,true,4,[1]]"
is 'nothing is left to commit' "$(at status --porcelain)" ''
is 'it has all that git would add' \
    "$(at ls-tree -r HEAD | awk '{print $1, $4}' | tr '\n' ' ')" \
    '100644 .gitignore 120000 link 100755 run 100644 src/train.py '
is 'author and date' "$(at log -1 --format='%an <%ae> %at %cn %ct')" \
    'A U Thor <author@example.com> 1795240800 A U Thor 1795240800'
is 'the message' "$(at log -1 --format=%B)" 'kgl-gitsync: 4 files'
is 'the remote is noted as git does' "$(at rev-parse origin/main)" "$(there)"
is 'the reflog, too' "$(at log -g -1 --format=%gs)" \
    'commit (initial): kgl-gitsync: 4 files'
is 'git finds nothing wrong' "$(at fsck --strict 2>&1)" ''

# ---- nothing to do ----
before=$(snapshot)
ok 'nothing to do' run 0 kgl-gitsync "$repo"
ok 'is said' grep_err 'nothing to do: origin has all of it'
is 'is said' "$(jq -c '[.commit, .committed, .pushed, .files_changed]' "$out")" \
    "[\"$(there)\",false,true,0]"
is 'and nothing is written' "$(snapshot)" "$before"

# ---- a clean tree with commits of git's own ----
fresh
echo two >"$repo/file"
at commit -qam second
ok 'an unpushed commit' run 0 kgl-gitsync "$repo"
is 'is pushed' "$(there)" "$(at rev-parse HEAD)"
is 'and no other one made' "$(field committed),$(field files_changed)" false,0

# ---- all kinds of changes ----
fresh
mkdir "$repo/a" "$repo/d"
echo 1 >"$repo/a/1"
echo 2 >"$repo/d/2"
echo 3 >"$repo/three"
kgl-gitsync "$repo" >/dev/null
rm -r "$repo/a" "$repo/three"
echo now a file >"$repo/a"
mkdir "$repo/three"
echo now a folder >"$repo/three/x"
chmod +x "$repo/d/2"
rm "$repo/file"
ln -s d "$repo/file"
at add three 2>/dev/null
cp -R "$repo" "$work/copy"
git -C "$work/copy" add -A
text='
  a change  


of many kinds
'
git -C "$work/copy" commit -q -m "$text"
ok 'changes' run 0 kgl-gitsync -m "$text" "$repo"
is 'make the tree that git makes' "$(at rev-parse 'HEAD^{tree}')" \
    "$(git -C "$work/copy" write-tree)"
is 'are counted' "$(field files_changed)" \
    "$(at diff --name-only --no-renames HEAD^ HEAD | wc -l)"
is 'the message is cleaned up as by git' "$(at log -1 --format=%B)" \
    "$(git -C "$work/copy" log -1 --format=%B)"
is 'and the index agrees' "$(at status --porcelain)" ''
ok 'an empty message' run 2 kgl-gitsync -m ' ' "$repo"

at rm -q --cached d/2
ok 'what was taken out of the index' run 0 kgl-gitsync "$repo"
is 'but is there, stays in' "$(field files_changed),$(at ls-files d)" 0,d/2

# ---- from a folder within, with a relative name ----
echo 4 >"$repo/d/4"
(cd "$repo/d" && kgl-gitsync .) >"$out" 2>"$err"
is 'a folder within' "$(field pushed),$(field files_changed)" true,1

# ---- --tracked ----
fresh
echo two >"$repo/file"
echo new >"$repo/new"
echo added >"$repo/added"
at add added
ok '--tracked' run 0 kgl-gitsync --tracked "$repo"
is 'leaves out what git does not know' "$(at status --porcelain)" '?? new'
is 'only' "$(field files_changed)" 2

# ---- --side ----
fresh
echo two >"$repo/file"
echo new >"$repo/new"
at add new
head=$(at rev-parse HEAD)
index=$(sha1sum <"$repo/.git/index")
branches=$(at for-each-ref refs/heads)
ok '--side' run 0 kgl-gitsync --side=exp "$repo"
side=$(field commit)
is 'is a branch of the remote' "$(there exp)" "$side"
is 'on top of what is here' "$(at rev-parse "$side^")" "$head"
is 'which is named' "$(field branch),$(field pushed),$(field files_changed)" \
    exp,true,2
ok 'again' run 0 kgl-gitsync --side=exp "$repo"
is 'is nothing new' "$(field commit),$(field committed)" "$side,false"
echo three >"$repo/file"
ok 'a change' run 0 kgl-gitsync --side=exp -m more "$repo"
is 'goes on top of it' "$(at rev-parse "$(field commit)^")" "$side"
is 'HEAD is where it was' "$(at rev-parse HEAD)" "$head"
is 'and main, there too' "$(there)" "$head"
is 'and the index' "$(sha1sum <"$repo/.git/index")" "$index"
is 'and the branches' "$(at for-each-ref refs/heads)" "$branches"
at switch -q --detach
ok 'also where HEAD is detached' run 0 kgl-gitsync --side=exp "$repo"
at switch -q main
refused input 'checked out' --side=main
refused input 'no name' --side=a..b
git clone -q -b exp "$bare" "$work/other"
git -C "$work/other" commit -q --allow-empty -m theirs
git -C "$work/other" push -q
refused conflict 'git fetch origin exp' --side=exp

# ---- -n ----
fresh
echo two >"$repo/file"
echo new >"$repo/new"
before=$(snapshot)
ok '-n' run 0 kgl-gitsync -n "$repo"
is 'says what would be' \
    "$(jq -c '[.dry_run, .committed, .pushed, .files_changed, .commit]' \
        "$out")" '[true,false,false,2,null]'
is 'and writes nothing' "$(snapshot)" "$before"
ok 'nor' run 0 kgl-gitsync "{\"repo\":\"$repo\",\"dry_run\":true}"
is 'after another dry run' "$(snapshot)" "$before"
ok '-n --side' run 0 kgl-gitsync -n --side=exp "$repo"
is 'neither' "$(snapshot)" "$before"

# ---- where it is pushed to ----
fresh
git init -q --bare "$work/second"
at remote add second "$work/second"
at push -q -u origin main:trunk
echo two >"$repo/file"
ok 'an upstream of another name' run 0 kgl-gitsync "$repo"
is 'is what is pushed to' "$(there trunk),$(field branch)" \
    "$(at rev-parse HEAD),trunk"
ok '--remote' run 0 kgl-gitsync --remote=second "$repo"
is 'the branch of the same name' \
    "$(git --git-dir="$work/second" rev-parse main),$(field remote_url)" \
    "$(at rev-parse HEAD),$work/second"
refused not_found 'git remote add' --remote=third

# ---- git's configuration from elsewhere ----
fresh
echo two >"$repo/file"
git config --file "$work/config" user.name Other
git config --file "$work/config" user.email other@example.com
git config --file "$work/config" "url.$work/second.pushInsteadOf" "$bare"
ok 'GIT_CONFIG_GLOBAL' run 1 env GIT_CONFIG_GLOBAL="$work/config" \
    kgl-gitsync --remote=origin "$repo"
is 'holds for the remote' "$(field remote_url)" "$work/second"
ok 'and' run 0 env GIT_CONFIG_GLOBAL="$work/config" kgl-gitsync \
    --side=other "$repo"
is 'for the commit' "$(at log -1 --format=%an "$(field commit)")" Other
printf 'a\r\n' >"$repo/crlf"
ok 'GIT_CONFIG_COUNT' run 0 env GIT_CONFIG_COUNT=3 \
    GIT_CONFIG_KEY_0=core.autocrlf GIT_CONFIG_VALUE_0=true \
    GIT_CONFIG_KEY_1=user.name 'GIT_CONFIG_VALUE_1=a "b" \c' \
    GIT_CONFIG_KEY_2="url.$work/second.pushInsteadOf" \
    GIT_CONFIG_VALUE_2=none kgl-gitsync "$repo"
is 'holds for files' "$(at show HEAD:crlf | od -An -c | tr -d ' ')" 'a\n'
is 'and people' "$(at log -1 --format=%an)" 'a "b" \c'
ok 'one that is none' run 1 env GIT_CONFIG_COUNT=1 kgl-gitsync "$repo"
is 'is named' "$(field error.message | cut -d: -f1)" GIT_CONFIG_COUNT

# ---- linked work trees ----
fresh
at worktree add -q -b beside "$work/beside"
echo beside >"$work/beside/file"
ok 'a linked work tree' run 0 kgl-gitsync "$work/beside"
is 'has its own branch' "$(field branch),$(there beside)" \
    "beside,$(at rev-parse beside)"
is 'and index' "$(git -C "$work/beside" status --porcelain)" ''

# ---- a push that fails ----
fresh
printf '#!/bin/sh\necho closed today >&2\nexit 1\n' >"$bare/hooks/pre-receive"
chmod +x "$bare/hooks/pre-receive"
echo two >"$repo/file"
ok 'a push that fails' run 1 kgl-gitsync "$repo"
is 'is no push' "$(field pushed),$(field error.code)" false,rejected
is 'but the commit is there' "$(field committed),$(field commit)" \
    "true,$(at rev-parse HEAD)"
rm "$bare/hooks/pre-receive"
jq -c 'del(.error)' "$out" >"$work/again"
ok 'again' run_input "$(cat "$work/again")" 0 kgl-gitsync
is 'pushes it' "$(there),$(field committed),$(field pushed)" \
    "$(at rev-parse HEAD),false,true"

# ---- refusals ----
fresh
git clone -q "$bare" "$work/theirs"
git -C "$work/theirs" commit -q --allow-empty -m theirs
git -C "$work/theirs" push -q
echo two >"$repo/file"
refused conflict 'not here: git pull --rebase --autostash origin main'
at fetch -q
refused conflict 'by 1 commit (0 here'
advice=$(sed -n 's/.*: git \(pull .*\)/\1/p' "$err")
# shellcheck disable=SC2086 # words
ok 'what is named does it' at -c pull.rebase=false $advice -q
ok 'and then it goes' run 0 kgl-gitsync "$repo"
is 'with what was not committed' "$(there),$(at show main:file)" \
    "$(at rev-parse HEAD),two"

fresh
echo two >"$repo/file"
touch "$repo/.git/index.lock"
refused conflict 'index.lock is there'
is 'a lock: later it may do' "$(field error.temporary)" true
rm "$repo/.git/index.lock"
at switch -q --detach
refused conflict 'git switch -c'
at switch -q main
at bisect start >/dev/null
refused conflict 'git bisect reset'
at bisect reset >/dev/null 2>&1
at config commit.gpgSign true
refused input 'commit.gpgSign'
at config --unset commit.gpgSign
printf '#!/bin/sh\nexit 0\n' >"$repo/.git/hooks/pre-push"
chmod +x "$repo/.git/hooks/pre-push"
refused input 'pre-push'
mv "$repo/.git/hooks/pre-push" "$repo/.git/hooks/pre-commit"
refused input 'pre-commit'
ok '--no-hooks' run 0 kgl-gitsync --no-hooks "$repo"
is 'leaves them out, and says so' "$(field no_hooks),$(field pushed)" true,true
ok 'nothing to do' run 0 kgl-gitsync "$repo"
ok 'is said' grep_err 'nothing to do: origin has all of it'
is 'needs no hook' "$(field no_hooks)" null
rm "$repo/.git/hooks/pre-commit"

mkdir "$repo/inner"
git init -q "$repo/inner"
touch "$repo/inner/file"
refused input 'inner/: a repository of its own'
rm -rf "$repo/inner"
git init -q "$repo/no-files"
refused input 'no-files/: a repository of its own'
echo no-files >"$repo/.gitignore"
mkdir "$repo/folder"
touch "$repo/folder/x"
ok 'an ignored one' run 0 kgl-gitsync "$repo"
is 'is ignored' "$(at ls-files | tr '\n' ' ')" '.gitignore file folder/x '
rm -rf "$repo/no-files"
ln -s folder "$repo/data"
echo data >"$repo/.gitignore"
ok 'a link to a folder' run 0 kgl-gitsync "$repo"
is 'is ignored without a slash' "$(field files_changed)" 1
echo data/ >"$repo/.gitignore"
ok 'a line with a slash' run 0 kgl-gitsync "$repo"
is 'is for folders only' "$(field files_changed)" 2
echo '*.bin filter=lfs diff=lfs merge=lfs -text' >"$repo/.gitattributes"
echo bytes >"$repo/a.bin"
refused input 'a.bin: its attribute is filter=lfs'
rm "$repo/a.bin" "$repo/.gitattributes"
head -c 3000 /dev/zero >"$repo/large"
refused input 'large: has 3000 bytes' --max-file=2K
rm "$repo/large"
git config --global --unset user.email
echo three >"$repo/file"
refused input 'git config --global user.name'
git config --global user.email author@example.com
ok 'from the environment' run 0 env GIT_AUTHOR_NAME=N GIT_AUTHOR_EMAIL=e@f \
    'GIT_AUTHOR_DATE=1000000000 +0130' kgl-gitsync "$repo"
is 'come author and date' "$(at log -1 --format='%an %ae %ad' --date=iso)" \
    'N e@f 2001-09-09 03:16:40 +0130'
ok 'no repository' run 1 kgl-gitsync "$work/home"
is 'is not found' "$(field error.code)" not_found
ok 'a bare one' run 1 kgl-gitsync "$bare"
is 'has no work tree' "$(field error.code)" input
git clone -q --depth=1 "file://$bare" "$work/shallow"
ok 'a shallow one' run 1 kgl-gitsync "$work/shallow"
ok 'is refused' grep_err 'git fetch --unshallow'

# ---- credentials ----
# secret PATH TEXT: refused, named by its place, and not shown.
secret() {
    fresh
    mkdir -p "$(dirname "$repo/$1")"
    printf 'a line\n%s\n' "$2" >"$repo/$1"
    refused input "$1"
    is "$1: is not shown" \
        "$(grep -cF "$(printf %s "$2" | tail -c 12)" "$out" "$err" | grep -cv ':0$')" 0
}
hex=0123456789abcdef0123456789abcdef
secret kaggle.json 'whatever it is'
secret conf/.netrc 'machine example.com'
secret .env 'SECRET=abcdefghijklm'
secret .ssh/id_ed25519 'the key of it'
secret a.sh "export WANDB_API_KEY=${hex}01234567"
ok 'a.sh: by line' grep_err 'a.sh:2: a key of W&B'
secret b.py "os.environ[\"WANDB_API_KEY\"] = '$(printf "%086d" 0 | tr 0 a | sed \
    's/^......../wandb_v1/')b'"
secret c.py "wandb.login(key='${hex}76543210')"
secret d.txt "token: KGAT_$hex"
secret e.txt "https://ghp_abcdefghijklmnopqrstuvwxyz0123456789@github.com"
secret f.txt 'hf_abcdefghijklmnopqrstuvwxyzABCDEFGH'
secret g.txt 'aws_access_key_id = AKIAQWERTYUIOPASDFGH'
secret h.pem "-----BEGIN RSA PRIVATE KEY-----
MIIEowIBAAKCAQEAabcdefghij"
fresh
printf '{"username":"u","key":"%s"}' "$hex" >"$repo/my-key.json"
refused input 'my-key.json:1: Kaggle'
at add my-key.json
refused input 'my-key.json:1' --tracked
fresh
head -c 300000 /dev/zero | tr '\0' 'x' | fold -w 60 >"$repo/long.txt"
echo " KGAT_$hex" >>"$repo/long.txt"
refused input "long.txt:$(wc -l <"$repo/long.txt")"
fresh
cat >"$repo/fine.py" <<'END'
key = os.environ["WANDB_API_KEY"]  # 40 characters, see docs
WANDB_API_KEY=${WANDB_API_KEY:?}
token = "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
if text.startswith("-----BEGIN PRIVATE KEY-----"): pass
sha = "0123456789abcdef0123456789abcdef01234567"
id = "AKIAIOSFODNN7EXAMPLE"
END
echo 'WANDB_API_KEY=' >"$repo/.env.example"
echo '{"username":"u","key":"value"}' >"$repo/x.json"
printf 'KGAT_%s\0' "$hex" >"$repo/binary"
ok 'what is none' run 0 kgl-gitsync "$repo"
is 'is committed' "$(field files_changed)" 4
fresh
echo x >"$repo/kaggle.json"
at add kaggle.json
at commit -q -m 'a mistake'
ok 'what git has' run 0 kgl-gitsync "$repo"
rm "$repo/kaggle.json"
ok 'can be removed' run 0 kgl-gitsync "$repo"
is 'with a commit' "$(field files_changed)" 1

# ---- many at once ----
fresh
echo two >"$repo/file"
git init -q --bare "$work/third"
git -C "$work/theirs" remote set-url origin "$work/third"
ok 'with many at once' run 0 kgl-gitsync -j 3 "$repo" "$work/theirs"
is 'each has its record' "$(jq -s -c 'map(.pushed)' "$out")" '[true,true]'

done_testing
