# shellcheck shell=sh
# git.sh - repositories for the tests of kgl-gitsync, made by git itself
#
#	. "$srcdir/tests/lib.sh"
#	. "$srcdir/tests/git.sh"
#
# Nothing of the user's or the machine's configuration counts, and the same
# files give the same commits.
#
# begin DIR		a new DIR with remote.git (bare, empty) and work, a work
#			tree whose origin that is
# first			in such a work tree: commits all there is, and has it at
#			the remote, as after git push
# held GITDIR ...	a digest of all files in these folders: names, bytes,
#			modes, times
# git_dirs REPO		those of a work tree, and its remote.git

GIT_CONFIG_GLOBAL=/dev/null
GIT_CONFIG_NOSYSTEM=1
GIT_ATTR_NOSYSTEM=1
GIT_TERMINAL_PROMPT=0
GIT_AUTHOR_NAME='A U Thor'
GIT_AUTHOR_EMAIL=author@example.com
GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME
GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
GIT_AUTHOR_DATE='1795240000 +0000'
GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
GIT_MERGE_AUTOEDIT=no
export GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM GIT_ATTR_NOSYSTEM \
    GIT_TERMINAL_PROMPT GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME \
    GIT_COMMITTER_EMAIL GIT_AUTHOR_DATE GIT_COMMITTER_DATE GIT_MERGE_AUTOEDIT
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY \
    GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_COMMON_DIR GIT_NAMESPACE \
    GIT_CONFIG_COUNT GIT_CONFIG_PARAMETERS GIT_SSH GIT_SSH_COMMAND \
    GIT_DEFAULT_HASH GIT_EDITOR GIT_ASKPASS GIT_INDEX_VERSION

# libgit2 1.5 looks for extensions by a pattern, which it leaks: that is not what
# a build with sanitizers is to find.
echo 'leak:libpcre2' >"$work/leaks"
LSAN_OPTIONS=suppressions=$work/leaks:print_suppressions=0
export LSAN_OPTIONS

# Init and push of git's take most of the time of a test: they are done once,
# or by hand.
begin() {
    if [ ! -d "$work/template" ]; then
        mkdir "$work/template" && (
            cd "$work/template" || exit 1
            git init -q --template= --bare -b main remote.git
            git init -q --template= -b main work
            mkdir work/.git/info
            cd work || exit 1
            git remote add origin ../remote.git
            git config branch.main.remote origin
            git config branch.main.merge refs/heads/main
        )
    fi
    rm -rf "$1"
    cp -R "$work/template" "$1"
}

first() {
    git add -A && git commit -q --allow-empty -m first || return
    cp -R .git/objects/. ../remote.git/objects
    mkdir -p .git/refs/remotes/origin
    cp .git/refs/heads/main ../remote.git/refs/heads
    cp .git/refs/heads/main .git/refs/remotes/origin
}

git_dirs() {
    git -C "$1" rev-parse --path-format=absolute --git-common-dir
    echo "$1/../remote.git"
}

held() {
    find "$@" -type f -printf '%p %m %s %T@ ' -exec sha256sum {} + -o \
        -type l -printf '%p %l\n' | sort | sha256sum
}
