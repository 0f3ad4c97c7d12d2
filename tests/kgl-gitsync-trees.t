#!/bin/sh
# kgl-gitsync: the tree that it commits is git's, or it refuses and says why.
#
# Each repository is a function, which runs in a new work tree and is run once
# for each program that is to see it. What is wanted comes from git: of
# `git add -A`, with --tracked of `git add -u`.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/git.sh"

# same REPOSITORY		it has to be git's tree
# refused REPOSITORY CAUSE	it has to be refused; CAUSE: a pattern for grep
# either REPOSITORY CAUSE	it may be either

build() {
    begin "$work/$1"
    (
        set -e
        cd "$work/$1/work"
        "$2" 2>"$err"
    )
    _status=$?
    [ "$_status" -eq 0 ] && return
    sed 's/^/# /' "$err"
    echo "Bail out! $2: git ended with $_status"
    exit 1
}

# The work tree of a build; one that is not work is named by the file repo.
repo_of() {
    echo "$work/$1/$(cat "$work/$1/repo" 2>/dev/null || echo work)"
}

sound() {
    git -C "$1" fsck --strict --no-dangling --no-progress >"$err" 2>&1 \
        && git -C "$1/../remote.git" fsck --strict --no-dangling \
            --no-progress >"$err" 2>&1 && return
    sed 's/^/# /' "$err"
    return 1
}

# How a work tree looks after a commit of git's, or of kgl-gitsync's.
after() {
    git -C "$1" status --porcelain --branch
    git -C "$1" write-tree
}

# What git does: $tree, $tracked (empty if it refuses), and $after.
ask_git() {
    build git "$1"
    repo=$(repo_of git)
    index=$(git -C "$repo" rev-parse --path-format=absolute --git-path index)
    cp -p "$index" "$index.tracked" 2>/dev/null
    tracked=$(
        exec 2>/dev/null
        GIT_INDEX_FILE=$index.tracked && export GIT_INDEX_FILE \
            && git -C "$repo" add -u && git -C "$repo" write-tree
    )
    rm -f "$index.tracked"
    tree=$(
        exec 2>/dev/null
        git -C "$repo" add -A && git -C "$repo" write-tree
    )
    [ -n "$tree" ] || return
    git -C "$repo" commit -q -m x >/dev/null 2>&1
    git -C "$repo" update-ref "refs/remotes/origin/$(branch_of "$repo")" HEAD
    after=$(after "$repo")
}

sync() {
    kgl-gitsync "$@" </dev/null >"$out" 2>"$err"
    status=$?
}

# The tree of the commit in the record, as the remote holds it under a name.
pushed_tree() {
    [ "$(git -C "$1/../remote.git" rev-parse "refs/heads/$2")" \
        = "$(field commit)" ] && [ "$(field pushed)" = true ] \
        && git -C "$1/../remote.git" rev-parse "refs/heads/$2^{tree}"
}

untouched() {
    sha256sum "$index" 2>/dev/null
    git -C "$repo" symbolic-ref HEAD
    git -C "$repo" for-each-ref refs/heads "refs/remotes/*/$branch"
}

branch_of() {
    git -C "$1" symbolic-ref --short HEAD
}

# outcome WHAT TREE BRANCH BEFORE: what came of a run on $repo is as $verdict
# says.
outcome() {
    if [ "$status" -eq 0 ] && [ "$verdict" != refused ]; then
        is "$name, $1: git's tree" "$(pushed_tree "$repo" "$3")" "$2"
        return 0
    fi
    if [ "$verdict" = same ]; then
        ok "$name, $1" ended "$status" 0
        return 1
    fi
    is "$name, $1: refused" "$status $(field error.code | grep -x -e input \
        -e conflict)" "1 $(field error.code)"
    ok "$name, $1: the cause is named" names_cause
    # shellcheck disable=SC2046 # names without spaces
    is "$name, $1: nothing was written" "$(held $(git_dirs "$repo"))" "$4"
    return 1
}

names_cause() {
    field error.message | grep -q -i -e "$cause" && return
    echo "# $(field error.message)"
    return 1
}

compare() {
    name=$1
    verdict=$2
    cause=${3-}
    ask_git "$name"
    if [ -z "$tree" ] && [ "$verdict" = same ]; then
        echo "Bail out! $name: git refuses"
        exit 1
    fi

    build ours "$name"
    repo=$(repo_of ours)
    branch=$(branch_of "$repo")
    # shellcheck disable=SC2046
    before=$(held $(git_dirs "$repo"))
    sync -n "$repo"
    dry=$status
    # shellcheck disable=SC2046
    is "$name, -n: nothing is written" "$(held $(git_dirs "$repo"))" "$before"
    sync -m x "$repo"
    is "$name, -n: says the same" "$dry" "$status"
    if outcome all "$tree" "$branch" "$before"; then
        is "$name: HEAD" "$(git -C "$repo" rev-parse HEAD)" "$(field commit)"
        is "$name: afterwards" "$(after "$repo")" "$after"
        ok "$name: sound" sound "$repo"
    fi

    build ours "$name"
    # shellcheck disable=SC2046
    before=$(held $(git_dirs "$repo"))
    index=$(git -C "$repo" rev-parse --path-format=absolute --git-path index)
    was=$(untouched)
    sync -m x --side=side "$repo"
    if outcome side "$tree" side "$before"; then
        is "$name, side: the index and HEAD are as they were" "$(untouched)" \
            "$was"
        ok "$name, side: sound" sound "$repo"
    fi

    # Without a file that git knows there is nothing to commit.
    [ -n "$(git -C "$repo" ls-files)" ] || return
    # shellcheck disable=SC2046
    before=$(held $(git_dirs "$repo"))
    sync -m x --tracked "$repo"
    if [ "$verdict" != refused ] || [ "$status" -ne 0 ]; then
        outcome tracked "$tracked" "$branch" "$before"
    else
        is "$name, tracked: git's tree" "$(pushed_tree "$repo" "$branch")" \
            "$tracked"
    fi
}

same() {
    compare "$1" same
}

refused() {
    compare "$1" refused "$2"
}

either() {
    compare "$1" either "$2"
}

# ---- what there is in a folder ----

nothing() {
    echo a >a
    first
}
same nothing

modes() {
    echo a >a
    echo b >b
    echo c >c
    chmod +x b
    first
    chmod +x a
    chmod -x b
    chmod 600 c
    echo d >d
    chmod 711 d
    echo e >e
    chmod 654 e
}
same modes

file_mode_off() {
    git config core.fileMode false
    echo a >a
    echo b >b
    echo c >c
    git add .
    git update-index --chmod=+x b
    first
    chmod +x a
    echo b2 >b
    echo c2 >c
    chmod +x c
    echo d >d
    chmod +x d
    ln -s a link
}
same file_mode_off

symlinks() {
    mkdir d e
    echo x >d/x
    echo y >e/y
    echo f >f
    ln -s f to-f
    ln -s d to-d
    ln -s f becomes-file
    ln -s d becomes-dir
    echo g >g
    first
    ln -sfn e to-d
    ln -sfn nowhere to-f
    rm becomes-file becomes-dir
    echo now >becomes-file
    mkdir becomes-dir
    echo z >becomes-dir/z
    rm g
    ln -s f g
    ln -s /etc/passwd absolute
    ln -s . here
    ln -s ../../outside outside
    rm -r e
    ln -s d e
    ln -s "$(printf \
        '%0500d' 0)" long
}
same symlinks

# What a file holds is the symlink's target.
symlinks_off() {
    git config core.symlinks false
    printf target >link
    git add link
    git update-index --cacheinfo \
        "120000,$(git rev-parse :link),link"
        echo a >a
        git commit -qm x
    git push -q -u origin main
    printf other >link
    echo b >a
}
either symlinks_off symlink

renames() {
    mkdir d
    seq 100 >one
    seq 200 >d/two
    echo s >same
    first
    mv one d/three
    git mv d/two two
    echo more >>two
    mv same d
}
same renames

case_renames() {
    echo r >README
    mkdir Dir
    echo x >Dir/x
    first
    mv README readme
    mv Dir dir
    echo X >dir/X
}
same case_renames

ignore_case() {
    case_renames
    git config core.ignoreCase true
}
either ignore_case 'core.ignoreCase'

# Nothing in it depends on the case of a name.
ignore_case_on() {
    git config core.ignoreCase true
    echo a >a
    echo B >B
    echo '*.LOG' >.gitignore
    first
    echo a2 >a
    echo c >c
}
either ignore_case_on 'core.ignoreCase'

deletions() {
    mkdir -p d/e keep
    echo 1 >1
    echo 2 >d/2
    echo 3 >d/e/3
    echo 4 >keep/4
    echo 5 >keep/5
    first
    rm 1 keep/4
    rm -r d
}
same deletions

all_deleted() {
    echo 1 >1
    mkdir d
    echo 2 >d/2
    first
    rm -r 1 d
}
same all_deleted

empty_folders() {
    mkdir d
    echo a >d/a
    echo b >b
    first
    mkdir -p new/empty
    rm d/a
}
same empty_folders

files_and_folders() {
    mkdir -p a b/c d e
    echo 1 >a/1
    echo 2 >b/c/2
    echo 3 >c
    first
    rm -r a b
    echo a >a
    echo b >b
    rm c
    mkdir c
    echo 1 >c/1
    echo 1 >d/1
    rmdir e
    echo e >e
}
same files_and_folders

tree_order() {
    mkdir a
    for f in a/b a.b a-b a0 aa a.; do echo "$f" >"$f"; done
    first
    mkdir a.b.c A
    for f in a/c 'a b' a,b a=c a.b.c/x A/x a~; do
        echo "$f" >"$f"
    done
}
same tree_order

empty_file() {
    : >a
    first
    : >b
    mkdir d
    : >d/c
}
same empty_file

# A few levels, some hundred files.
many() {
    for d in 1 2 3 4 5 6 7 8 9; do
        mkdir -p "$d/$d/$d"
        for f in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
            echo "$d $f" >"$d/f$f"
            echo "$f $d" >"$d/$d/$d/f$f"
        done
    done
    first
    rm 1/f1 2/2/2/f1
    echo x >3/f3
    echo y >4/4/4/f4
    mkdir -p n/e/w
    echo z >n/e/w/z
    rm -r 9
}
same many

untracked_fifo() {
    echo a >a
    first
    mkfifo pipe
    mkdir d
    mkfifo d/pipe
    echo b >b
}
same untracked_fifo

fifo_for_file() {
    echo a >a
    first
    rm a
    mkfifo a
}
refused fifo_for_file 'a.*\(pipe\|file\)'

old_and_future() {
    echo a >a
    echo b >b
    first
    echo a2 >a
    touch -d 1960-01-01 a
    echo b2 >b
    touch -d 2100-01-01 b
    echo c >c
    touch -d @0 c
}
same old_and_future

# ---- names ----

unicode_names() {
    mkdir 数据
    echo 1 >数据/データ.txt
    echo 2 >grüße
    echo 3 >'🎉'
    first
    echo 4 >数据/新
    echo 5 >'Ω≈ç√'
    echo 6 >grüße
    printf x >"$(printf 'e\314\201')"
    printf y >"$(printf '\303\251')"
}
same unicode_names

precompose() {
    git config core.precomposeUnicode true
    unicode_names
}
same precompose

not_utf8() {
    printf a >"$(printf 'latin\351')"
    first
    printf b >"$(printf 'latin\351')"
    printf c >"$(printf '\377\376')"
    mkdir "$(printf 'd\200')"
    printf d >"$(printf 'd\200/x')"
}
same not_utf8

odd_names() {
    echo 1 >'a b'
    echo 2 >"$(printf 'tab\there')"
    first
    for f in 'line
break' 'tab	' '"quoted"' 'back\slash' '\' -dash --all ' lead' 'trail ' \
        "it's" '#hash' '!bang' '*' '?' '[a]' ':(glob)x' ':x' ':!y' '{a,b}' \
        '$HOME' '%s' ';' '&' '~' '@' '...' '.a' 'a:b' 'con' 'aux.txt' \
        "$(printf '\001\037\177')" HEAD index; do
        echo "$f" >"$f"
        mkdir -p d
        echo "$f" >"d/$f"
    done
}
same odd_names

# Those that are named like a pattern must not bring others with them.
pattern_names() {
    echo 1 >'*'
    echo 2 >':(glob)**'
    mkdir :
    echo 3 >:/x
    echo 4 >a
    printf '%s\n' a '\*.log' >.gitignore
    git add .
    first
    echo 5 >'*'
    echo 6 >':(glob)**'
    echo 7 >b
    echo 8 >'*.log'
}
same pattern_names

long_names() {
    l=$(printf '%0250d' 0)
    echo a >"a$l"
    first
    mkdir -p "d$l/e$l/f$l/g$l"
    echo b >"d$l/e$l/f$l/g$l/h$l"
    echo c >"a$l"
}
same long_names

# 4,095 bytes and more do not fit in the length that an index entry has.
longest_name() {
    echo a >a
    first
    l=$(printf '%0250d' 0)
    top=$PWD
    for d in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
        mkdir "$l"
        cd "$l" || return
    done
    echo b >"$(printf '%0200d' 0)"
    cd "$top"
}
either longest_name 'long'

# Names that git itself does not take.
git_like_name() {
    echo a >a
    first
    mkdir 'git~1'
    echo b >'git~1/b'
}
refused git_like_name 'git~1'

dot_git_name() {
    echo a >a
    first
    mkdir .GIT
    echo b >.GIT/b
}
refused dot_git_name '\.GIT'

# ---- line ends, other changes of content ----

# Every kind of line end, and what is text or not to git.
line_ends() {
    printf 'a\nb\n' >"$1lf.txt"
    printf 'a\r\nb\r\n' >"$1crlf.txt"
    printf 'a\r\nb\nc\r\n' >"$1mixed.txt"
    printf 'a\rb\r' >"$1cr.txt"
    printf 'a\r\nb\rc\r\n' >"$1cr-crlf.txt"
    printf 'a\r\nb\0c\r\n' >"$1nul.txt"
    printf '\r\n' >"$1one.txt"
    printf 'a\r\nb' >"$1open.txt"
    printf 'a\r' >"$1last.txt"
    printf 'a\r\n\032' >"$1dos.txt"
    printf 'a\r\r\nb\r\r\n' >"$1crcrlf.txt"
    printf '\001\002\003\004\005\r\n' >"$1control.txt"
    printf '\357\273\277a\r\n' >"$1bom.txt"
    printf 'a\033[1m\b\t\f\r\n' \
        >"$1terminal.txt"
    printf '\303\251\r\n\377\r\n' >"$1high.txt"
    printf '%08000d\r\n\0' 0 >"$1nul-late.txt"
}

changed_line_ends() {
    line_ends new-
    for f in old-*; do printf 'z\r\n' >>"$f"; done
}

autocrlf_true() {
    git config core.autocrlf true
    line_ends old-
    first
    changed_line_ends
}
same autocrlf_true

autocrlf_input() {
    git config core.autocrlf input
    line_ends old-
    first
    changed_line_ends
}
same autocrlf_input

# Committed as they are: what is CRLF in the repository stays so.
autocrlf_later() {
    line_ends old-
    first
    git config core.autocrlf true
    changed_line_ends
}
same autocrlf_later

autocrlf_input_later() {
    line_ends old-
    first
    git config core.autocrlf input
    changed_line_ends
    touch -d 2020-01-01 old-*
}
same autocrlf_input_later

core_eol() {
    git config core.eol crlf
    echo '*.txt text=auto' >.gitattributes
    line_ends old-
    first
    changed_line_ends
}
same core_eol

safe_crlf() {
    git config core.autocrlf input
    git config core.safecrlf true
    printf 'a\n' >a
    first
    printf 'a\r\nb\n' >a
}
refused safe_crlf 'CRLF would be replaced'

safe_crlf_warn() {
    git config core.autocrlf true
    git config core.safecrlf warn
    printf 'a\n' >a
    first
    printf 'a\r\nb\n' >a
}
same safe_crlf_warn

text_auto() {
    echo '* text=auto' >.gitattributes
    line_ends old-
    first
    changed_line_ends
}
same text_auto

# With each attribute a folder of its own.
attribute_kinds() {
    printf '%s\n' 'text/** text' 'binary/** -text' 'crlf/** eol=crlf' \
        'lf/** text eol=lf' 'auto/** text=auto' 'autolf/** text=auto eol=lf' \
        'autocrlf/** text=auto eol=crlf' 'macro/** binary' 'old/** crlf' \
        'oldno/** -crlf' 'oldinput/** crlf=input' 'unset/** !text' \
        'odd/** text=whatever eol=cr' >.gitattributes
    kinds='text binary crlf lf auto autolf autocrlf macro old oldno oldinput
        unset odd'
    # shellcheck disable=SC2086 # a list
    mkdir $kinds
    for kind in $kinds; do line_ends "$kind/old-"; done
    "${1:-first}"
    for kind in $kinds; do
        line_ends "$kind/new-"
        for f in "$kind"/old-*; do printf 'z\r\n' >>"$f"; done
    done
}
same attribute_kinds

attribute_kinds_autocrlf() {
    git config core.autocrlf true
    attribute_kinds
}
same attribute_kinds_autocrlf

# They are committed as CRLF, before the attributes count.
attributes_after() {
    first_raw() {
        mv .gitattributes later
        first
        mv later .gitattributes
    }
    attribute_kinds first_raw
}
same attributes_after

# What is not touched is not looked at: neither by git.
attributes_change() {
    line_ends a-
    line_ends b-
    touch -d 2021-01-01 a-* b-*
    first
    echo '*.txt text' >.gitattributes
    touch -d 2020-01-01 b-*
}
same attributes_change

attributes_removed() {
    echo '*.txt text' >.gitattributes
    line_ends a-
    first
    rm .gitattributes
    for f in a-*; do printf 'z\r\n' >>"$f"; done
}
same attributes_removed

attribute_places() {
    mkdir -p d/e .git/info
    echo '*.txt text' >.gitattributes
    echo \
        '*.txt -text' >d/.gitattributes
        echo 'low* text' >d/e/.gitattributes
    echo 'info-* text=auto' >.git/info/attributes
    echo '*.global text' >../global
    git config core.attributesFile ../global
    first
    line_ends top-
    line_ends d/d-
    line_ends d/e/low-
    line_ends d/e/e-
    line_ends info-
    for f in d/e/e-*; do cp "$f" "${f%.txt}.global"; done
    printf 'a\r\n' >x.global
}
same attribute_places

attribute_patterns() {
    printf '%s\n' '[attr]mine text eol=crlf' \
        'mine.* mine' 'notmine.* -mine' '/rooted.txt text' 'sub/path.txt text' \
        '**/deep/*.txt text' '[ab].txt text' 'q?.txt text' '\!neg.txt text' \
        'tail/ text' '#comment text' '\#hash text' 'x.txt  text	-text' \
        'esc\*.txt text' 'y.txt text' 'y.txt !text' >.gitattributes
        first
    mkdir -p sub deep/deep tail d
    for f in 'quoted name.txt' mine.c notmine.c rooted.txt d/rooted.txt \
        sub/path.txt d/path.txt deep/a.txt deep/deep/b.txt a.txt c.txt qx.txt \
        neg.txt '!neg.txt' tail/x.c '#hash' x.txt 'esc*.txt' escx.txt y.txt; do
        printf 'a\r\nb\n' >"$f"
    done
}
same attribute_patterns

quoted_attributes() {
    echo '"quoted name.txt" text' >.gitattributes
    first
    printf 'a\r\n' >'quoted name.txt'
}
either quoted_attributes 'gitattributes.*"'

# git passes over it, and libgit2 has it hold for all other files.
negative_attributes() {
    printf '%s\n' '!neg.txt text' >.gitattributes
    echo a >a
    first
    printf 'a\r\n' >b.txt
}
either negative_attributes "gitattributes.*'!'"

symlinked_attributes() {
    echo a >a
    first
    echo '*.txt text' >kept
    ln -s kept .gitattributes
    printf 'a\r\n' >b.txt
}
either symlinked_attributes gitattributes

ident() {
    echo '*.c ident' >.gitattributes
    printf '$%s$\n' Id >a.c
    first
    # shellcheck disable=SC2016 # $Id$ is no variable
    printf '%s\n' '$Id: 0123456789abcdef $' '$Id$' '$Id: a b $ $Id: $' \
        '$Id: $Id: x$' '$Id:x' '$Identity: $' >b.c
    # shellcheck disable=SC2016
    printf '$Id: changed $\r\nb\n$Id: two\nlines$' >a.c
}
either ident 'Id'

ident_crlf() {
    printf '%s\n' '*.c ident text' '*.h ident eol=crlf' >.gitattributes
    first
    # shellcheck disable=SC2016
    printf 'x\r\n$Id: 0123 $\r\n' | tee a.c >a.h
}
either ident_crlf 'Id'

encoding() {
    echo '*.txt working-tree-encoding=UTF-16LE text' >.gitattributes
    echo a >a
    first
    printf 'a\0\n\0' >b.txt
}
refused encoding 'working-tree-encoding.*b.txt\|b.txt.*working-tree-encoding'

# It is there, but nobody touches it.
encoding_unchanged() {
    echo '*.txt working-tree-encoding=UTF-16LE text' >.gitattributes
    printf 'a\0\n\0' >b.txt
    first
    echo c >c
}
same encoding_unchanged

# ---- filters ----

lfs() {
    echo a >a
    echo '*.bin filter=lfs diff=lfs merge=lfs -text' \
        >.gitattributes
        first
        echo weights >model.bin
}
refused lfs 'lfs.*model.bin\|model.bin.*lfs'

lfs_unchanged() {
    echo '*.bin filter=lfs -text' >.gitattributes
    echo w >model.bin
    first
    echo a >a
    rm -f gone
}
same lfs_unchanged

lfs_deleted() {
    echo '*.bin filter=lfs -text' >.gitattributes
    echo w >model.bin
    echo v >other.bin
    first
    rm model.bin
}
same lfs_deleted

lfs_touched() {
    echo '*.bin filter=lfs -text' >.gitattributes
    echo w >model.bin
    first
    touch -d 2020-01-01 model.bin
}
either lfs_touched lfs

lfs_ignored() {
    echo '*.bin filter=lfs -text' >.gitattributes
    echo '*.bin' >.gitignore
    echo a >a
    first
    echo w >model.bin
    echo b >a
}
same lfs_ignored

lfs_in_same_commit() {
    echo a >a
    first
    echo '*.bin filter=lfs' >.gitattributes
    echo w >w.bin
}
refused lfs_in_same_commit 'lfs'

other_filter() {
    git config filter.upper.clean 'tr a-z A-Z'
    echo '*.up filter=upper' \
        >.gitattributes
        echo a >a
        first
        echo shout >b.up
}
refused other_filter 'upper'

export_subst() {
    printf '%s\n' 'a export-subst' 'b export-ignore' '*.c -diff' \
        '*.h merge=ours linguist-language=C' >.gitattributes
    # shellcheck disable=SC2016
    echo '$Format:%H$' >a
    first
    echo b >b
    echo c >c.c
    echo h >h.h
}
same export_subst

# ---- what is ignored ----

ignored() {
    mkdir -p sub/deep out .git/info
    printf '%s\n' '*.log' '!keep.log' 'out/' \
        '/rooted' 'sub/*.tmp' '# comment' '' '\#hash' '\!bang' 'space\ ' \
        'trailing   ' '[a-c].x' '[!a-c].y' 'any/**/z' 'lead/**' '**/tail' \
        'q?.q' 'both' >.gitignore
    printf '%s\n' '!again.log' '*.sub' >sub/.gitignore
    echo '*.info' >.git/info/exclude
    echo '*.global' >../global
    git config core.excludesFile ../global
    echo a >a
    first
    mkdir -p any/x/y lead/x x/tail both d/both any/z
    for f in a.log keep.log out/x rooted sub/rooted sub/a.tmp sub/deep/a.tmp \
        '#hash' '!bang' 'space ' trailing a.x d.x a.y d.y any/z/1 any/x/z \
        any/x/y/z lead/a lead/x/a x/tail/1 qa.q qab.q both/1 d/both/1 \
        sub/again.log sub/no.log sub/deep/again.log sub/deep/a.sub a.sub \
        a.info d/a.info a.global d/a.global tail; do
        [ -d "$f" ] || echo "$f" >"$f"
    done
}
same ignored

# A name that is tracked is never ignored.
ignored_but_tracked() {
    mkdir -p out/sub
    echo 1 >out/1
    echo 2 >out/sub/2
    echo l >a.log
    echo g >gone.log
    first
    printf '%s\n' out/ '*.log' >.gitignore
    echo 1b >out/1
    echo new >out/new
    echo 2b >out/sub/2
    echo l2 >a.log
    echo new >new.log
    rm gone.log
    echo n >out/sub/new
}
same ignored_but_tracked

forced() {
    printf '%s\n' out '*.log' >.gitignore
    first
    mkdir -p out/d
    echo 1 >out/d/1
    echo 2 >out/d/2
    echo 3 >a.log
    git add -f out/d/1 a.log
    echo 4 >a.log
}
same forced

# What is below an ignored folder cannot be taken back, but /* can.
ignored_negations() {
    mkdir -p a/b c d/e f
    printf '%s\n' 'a/' '!a/b/keep' 'c/*' '!c/keep' '/d/*' \
        '!/d/e' 'f/**' '!f/keep' '*.o' '!f/*.o' >.gitignore
        first
    for f in a/b/keep a/x c/keep c/x d/e/1 d/x f/keep f/x f/y.o; do
        echo "$f" >"$f"
    done
}
same ignored_negations

ignored_all_but() {
    printf '%s\n' '/*' '!/.gitignore' '!/src/' '/src/*' '!/src/*.c' '!/src/k/' \
        >.gitignore
        first
        mkdir -p src/k src/n other
    for f in a src/a.c src/a.o src/k/x.o src/n/a.c other/a.c; do
        echo "$f" >"$f"
    done
}
same ignored_all_but

ignore_file_forms() {
    printf '\357\273\277bom\r\ncrlf\r\n*.x\r\nlast' >.gitignore
    first
    for f in bom crlf a.x last other 'crlf
'; do
        echo "$f" >"$f"
    done
}
same ignore_file_forms

ignore_default_file() {
    mkdir -p "$HOME/.config/git"
    echo '*.home' >"$HOME/.config/git/ignore"
    echo '*.txt text' >"$HOME/.config/git/attributes"
    echo a >a
    first
    echo b >b.home
    printf 'a\r\n' >a.txt
}
same ignore_default_file
rm -r "$HOME/.config"

ignore_by_tilde() {
    # shellcheck disable=SC2088 # git's to expand
    echo '*.mine' >"$HOME/ignore"
    git config core.excludesFile '~/ignore'
    echo a >a
    first
    echo b >b.mine
    echo c >c
}
same ignore_by_tilde

symlinked_ignore() {
    echo a >a
    first
    echo '*.log' >kept
    ln -s kept .gitignore
    echo l >a.log
    mkdir d
    ln -s ../kept d/.gitignore
    echo m >d/m.log
}
either symlinked_ignore gitignore

ignore_edited() {
    printf '%s\n' '*.log' >.gitignore
    echo a >a
    echo l >l.log
    first
    printf '%s\n' '*.tmp' >.gitignore
    echo t >t.tmp
}
same ignore_edited

ignored_folder_for_file() {
    echo b >build
    first
    rm build
    mkdir build
    echo o >build/o
    echo build/ >.gitignore
}
same ignored_folder_for_file

only_ignored_inside() {
    echo '*.o' >.gitignore
    echo a >a
    first
    mkdir -p d/e
    echo o >d/e/a.o
}
same only_ignored_inside

# ---- submodules and repositories inside ----

with_submodule() {
    git init -q -b main ../lib
    (
        cd ../lib
        echo l >l
        git add l
        git commit -q -m lib
    )
    git -c protocol.file.allow=always submodule --quiet add ../lib sub
    echo a >a
    first
}

submodule() {
    with_submodule
    echo b >a
}
same submodule

submodule_moved() {
    with_submodule
    echo l2 >sub/l
    git -C sub commit -q -a -m two
}
same submodule_moved

submodule_dirty() {
    with_submodule
    echo l2 >sub/l
    echo new >sub/new
    echo b >b
}
same submodule_dirty

submodule_removed() {
    with_submodule
    rm -rf sub
}
same submodule_removed

submodule_deinit() {
    with_submodule
    git submodule --quiet deinit -f sub
    echo b >b
}
same submodule_deinit

submodule_deinit_with_files() {
    with_submodule
    git submodule --quiet deinit -f sub
    echo x >sub/x
}
same submodule_deinit_with_files

submodule_to_file() {
    with_submodule
    rm -rf sub
    echo file >sub
}
same submodule_to_file

submodule_to_folder() {
    with_submodule
    git rm -q --cached sub
    rm -rf sub
    mkdir sub
    echo f >sub/f
}
same submodule_to_folder

submodule_to_symlink() {
    with_submodule
    rm -rf sub
    ln -s a sub
}
same submodule_to_symlink

submodule_ignored_by_config() {
    with_submodule
    git config submodule.sub.ignore all
    echo l2 >sub/l
    git -C sub commit -q -a -m two
}
either submodule_ignored_by_config sub

submodule_staged() {
    echo a >a
    first
    git init -q -b main ../lib
    (
        cd ../lib
        echo l >l
        git add l
        git commit -q -m lib
    )
    git -c protocol.file.allow=always submodule --quiet add ../lib sub
}
same submodule_staged

nested() {
    echo a >a
    first
    git init -q -b main inner
    git -C inner commit -q --allow-empty -m x
}
refused nested 'inner'

nested_deep() {
    echo a >a
    first
    mkdir -p x/y
    git init -q -b main x/y/inner
    git -C x/y/inner commit -q --allow-empty -m x
    echo z >x/y/inner/z
}
refused nested_deep 'x/y/inner'

nested_unborn() {
    echo a >a
    first
    git init -q -b main inner
    echo i >inner/i
}
refused nested_unborn 'inner'

nested_ignored() {
    echo inner/ >.gitignore
    echo a >a
    first
    git init -q -b main inner
    echo i >inner/i
    echo b >b
}
same nested_ignored

nested_over_tracked() {
    mkdir d
    echo x >d/x
    first
    git init -q -b main d
    echo y >d/y
    git -C d add x
    git -C d commit -q -m x
}
either nested_over_tracked 'd'

# ---- the index ----

intent_to_add() {
    echo a >a
    first
    echo b >b
    echo c >c
    git add -N b c
    rm c
    echo d >d
}
same intent_to_add

staged() {
    echo a >a
    echo b >b
    echo c >c
    echo d >d
    first
    echo a2 >a
    git add a
    echo a3 >a
    git rm -q --cached b
    git rm -q c
    echo new >new
    git add new
    rm new
    echo e >e
    git add e
    echo d2 >d
    git add d
    echo d >d
}
same staged

assume_unchanged() {
    echo a >a
    echo b >b
    echo c >c
    first
    git update-index --assume-unchanged a b
    echo a2 >a
    rm b
    echo c2 >c
}
either assume_unchanged assume

skip_worktree() {
    echo a >a
    echo b >b
    echo c >c
    first
    git update-index --skip-worktree a b
    echo a2 >a
    rm b
    echo c2 >c
}
either skip_worktree 'skip-worktree'

touched() {
    echo a >a
    echo b >b
    first
    touch -d 2020-01-01 a
    cp b c
    mv c b
}
same touched

# Changed in the second in which the index was written, with the same size.
racy() {
    git config core.trustctime false
    echo aaaa >a
    echo bbbb >b
    time=$(stat -c %y a)
    touch -d "$time" b
    first
    echo AAAA >a
    touch -d "$time" a .git/index
}
same racy

index_v4() {
    git config index.version 4
    mkdir long-folder-name
    for f in a ab abc abcd; do echo "$f" >"long-folder-name/$f"; done && first
    echo x >long-folder-name/abcde
    rm long-folder-name/ab
}
same index_v4

untracked_cache() {
    git config core.untrackedCache true
    git update-index --untracked-cache
    mkdir d
    echo a >d/a
    echo x >d/x
    first
    git status >/dev/null
    echo b >d/b
    echo a2 >d/a
    git status >/dev/null
    echo c >c
    rm d/x
}
same untracked_cache

many_files_feature() {
    git config feature.manyFiles true
    mkdir d
    echo a >d/a
    first
    git status >/dev/null
    echo b >d/b
    echo a2 >d/a
}
same many_files_feature

fsmonitor() {
    # shellcheck disable=SC2016 # the hook's
    printf '#!/bin/sh\nprintf "token\\0"\nprintf "/\\0"\n' >../monitor
    chmod +x ../monitor
    git config core.fsmonitor "$PWD/../monitor"
    git config core.fsmonitorHookVersion 2
    echo a >a
    echo b >b
    first
    git status >/dev/null
    echo a2 >a
    echo c >c
}
same fsmonitor

split_index() {
    echo a >a
    first
    git update-index --split-index
    echo b >b
    git add b
    echo c >c
}
either split_index 'split'

shared_index_config() {
    git config core.splitIndex true
    echo a >a
    first
    echo b >b
}
either shared_index_config 'split'

sparse_checkout() {
    mkdir in out
    echo a >in/a
    echo b >out/b
    first
    git sparse-checkout set in
    echo c >in/c
}
refused sparse_checkout 'sparse'

sparse_index() {
    mkdir in out
    echo a >in/a
    echo b >out/b
    first
    git sparse-checkout set --cone --sparse-index in
    echo c >in/c
}
refused sparse_index 'sparse'

conflict() {
    echo a >a
    first
    git switch -q -c other
    echo b >a
    git commit -q -a -m other
    git switch -q main
    echo c >a
    git commit -q -a -m main
    { git merge -q other >/dev/null || true; }
    rm -f .git/MERGE_*
}
refused conflict unmerged

no_index() {
    echo a >a
    mkdir d
    echo b >d/b
    first
    rm .git/index
    echo c >c
}
either no_index index

broken_index() {
    echo a >a
    first
    printf XXXX | dd of=.git/index bs=1 seek=12 conv=notrunc \
        2>/dev/null
        echo b >b
}
refused broken_index index

cache_tree() {
    mkdir -p d/e
    echo a >d/e/a
    echo b >b
    first
    git write-tree \
        >/dev/null
        echo a2 >d/e/a
        git add d
        git write-tree >/dev/null
    echo a3 >d/e/a
}
same cache_tree

# ---- the repository ----

unborn() {
    echo a >a
    mkdir d
    echo b >d/b
    chmod +x d/b
}
same unborn

unborn_staged() {
    echo a >a
    git add a
    echo b >b
    echo a2 >a
}
same unborn_staged

linked_worktree() {
    echo a >a
    first
    git worktree add -q -b linked ../linked
    cd ../linked
    git push -q -u origin linked
    echo b >b
    echo '*.i' >.gitignore
    echo i >i.i
    echo linked >../repo
}
same linked_worktree

separate_git_dir() {
    echo a >a
    first
    git init -q --separate-git-dir ../elsewhere
    echo b >b
}
same separate_git_dir

packed() {
    mkdir d
    echo a >a
    echo b >d/b
    first
    git tag -m t t
    git gc -q
    git pack-refs --all --prune
    echo c >d/c
    echo a2 >a
}
same packed

alternates() {
    echo a >a
    mkdir d
    echo b >d/b
    first
    cd ..
    git clone -q --shared work borrowed
    cd borrowed
    git remote set-url origin ../remote.git
    echo c >d/c
    echo borrowed >../repo
}
same alternates

replaced() {
    echo a >a
    first
    echo b >b
    git add b
    git commit -q -m two
    git push -q origin main
    git replace --graft HEAD
    echo c >c
}
same replaced

worktree_config() {
    git config extensions.worktreeConfig true
    git config --worktree core.autocrlf input
    echo a >a
    first
    printf 'b\r\n' >b
}
either worktree_config worktreeconfig

unknown_extension() {
    echo a >a
    first
    git config extensions.noop yes
    echo b >b
    git config core.repositoryFormatVersion 1
}
either unknown_extension extension

included_config() {
    git config -f ../more core.autocrlf input
    git config include.path ../../more
    git config -f ../main core.excludesFile "$PWD/../global"
    echo '*.g' \
        >../global
        git config includeIf.onbranch:main.path ../../main
    echo a >a
    first
    printf 'b\r\n' >b
    echo g >g.g
}
same included_config

included_by_remote() {
    git config -f ../more core.autocrlf input
    git config \
        'includeIf.hasconfig:remote.*.url:../**.path' ../../more
    echo a >a
    first
    printf 'b\r\n' >b
}
either included_by_remote hasconfig

sha256() {
    rm -rf .git ../remote.git
    git init -q -b main --object-format=sha256 .
    git init -q --bare -b main --object-format=sha256 ../remote.git
    git remote add origin ../remote.git
    echo a >a
    git add a
    git commit -q -m first
    git push -q -u origin main
    echo b >b
}
refused sha256 objectformat

refs_elsewhere() {
    echo a >a
    first
    git config core.repositoryFormatVersion 1
    git config extensions.refStorage reftable
    echo b >b
}
refused refs_elsewhere refstorage

large() {
    echo a >a
    first
    head -c 3000000 /dev/zero >zeros
    seq 300000 >numbers
}
same large

# ---- again and again ----

# The same second, the same size: each state is another commit.
begin "$work/ours"
repo=$work/ours/work
cd "$repo" && echo 100 >f && first && cd "$work"
seen=
for i in 101 102 103 104 105 106 107 108 109 110 111 112; do
    echo "$i" >"$repo/f"
    kgl-gitsync -m "$i" "$repo" >"$out" 2>"$err" </dev/null
    seen="$seen $(git -C "$work/ours/remote.git" show main:f)"
done
is 'twelve changes in a moment: all arrive' "$seen" \
    ' 101 102 103 104 105 106 107 108 109 110 111 112'
is 'and are as many commits' "$(git -C "$repo" rev-list --count HEAD)" 13

# Changed again right after it: git sees it.
echo 113 >"$repo/f"
time=$(stat -c %y "$repo/f")
kgl-gitsync -m x "$repo" >"$out" 2>"$err" </dev/null
echo 114 >"$repo/f"
touch -d "$time" "$repo/f"
is 'the index is not newer than it is' "$(git -C "$repo" status --porcelain)" \
    ' M f'

# What git is told by the environment counts, or is refused.
env_config() {
    echo a >a && first && printf 'b\r\n' >b
}
GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.autocrlf GIT_CONFIG_VALUE_0=input
export GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0
either env_config 'GIT_CONFIG'
unset GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0

done_testing
