#!/bin/sh
# The documentation: every program has a page, its options are those of --help,
# and what the pages refer to is there.
. "$srcdir/tests/lib.sh"

# The options that all tools have are described in kwtools(7) only.
common=' help version jobs verbose timeout '

# Long options that --help names.
help_options() {
    "$1" --help | grep -oE -- '--[a-z][a-z-]+' | sed 's/^--//' | sort -u
}

# Long options that the page describes: Fl -name.
page_options() {
    grep -oE 'Fl -[a-z][a-z-]+' "$1" | sed 's/^Fl -//' | sort -u
}

without_common() {
    while read -r option; do
        case $common in
        *" $option "*) ;;
        *) printf '%s ' "$option" ;;
        esac
    done
}

for source in "$srcdir"/tools/*.c; do
    tool=$(basename "$source" .c)
    page=$srcdir/man/$tool.1
    ok "$tool: a page" test -s "$page"
    is "$tool: the page has the options of --help" \
        "$(page_options "$page" | without_common)" \
        "$(help_options "$tool" | without_common)"
    ok "$tool: README names it" grep -q "$tool" "$srcdir/README.md"
    ok "$tool: kwtools(7) names it" grep -q "Xr $tool 1" "$srcdir/man/kwtools.7"
    ok "$tool: NEWS names it" grep -q "$tool" "$srcdir/NEWS.md"
done

for page in "$srcdir"/man/*; do
    name=$(basename "$page")
    is "$name: mandoc has nothing to say" \
        "$(mandoc -T lint -W warning "$page" 2>&1)" ''
    is "$name: quotes that are to be seen are no quotes of mdoc" \
        "$(grep -nE '^\.(Dl|Li|Ql) (.* )?"' "$page")" ''
    missing=
    for other in $(sed -n 's/^\.Xr \(k[a-z-]*\|wb-[a-z-]*\|dd-[a-z-]*\) \([157]\).*/\1.\2/p' \
        "$page" | sort -u); do
        [ -e "$srcdir/man/$other" ] || missing="$missing $other"
    done
    is "$name: the pages it names are there" "$missing" ''
done

done_testing
