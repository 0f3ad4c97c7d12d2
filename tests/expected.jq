# The runs of /sandbox/state beside those of an expected.json ($want):
# "equal", or the places where they differ.
def clean: with_entries(.value |= (del(.violations)
    | .alerts |= map(del(.wait))));

($want.runs | with_entries(.key |= sub("^@default"; "tester"))
    | map_values(.entity |= if . == "@default" then "tester" else . end)
    | clean) as $w
| (.runs | with_entries(select($w[.key]))
    | with_entries(.key as $k | .value.files |= with_entries(
        if $w[$k].files[.key].volatile then .value = {volatile: true}
        else . end))
    | clean) as $g
| if $g == $w then "equal"
  else [([$w, $g | paths(scalars)] | unique)[] as $p
    | {at: ($p | map(tostring) | join("/")),
       want: ($w | try getpath($p) catch null),
       got: ($g | try getpath($p) catch null)} | select(.want != .got)][:5]
  end
