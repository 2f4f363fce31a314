#!/bin/sh
# In: a built nk and tests/bench/repeat, recordings of tests/unit/data/datfile/. Holds: --style trace-cmd prints the lines of
# trace-cmd report, byte by byte; a large recording is printed alike by one CPU and by all, and is all there; --stat counts
# what is printed; --since and --until part a recording without a rest.
set -u
srcdir=${srcdir:-.}
nk=${NK:-./nk}
data=$srcdir/tests/unit/data/datfile
work=$(mktemp -d "${TMPDIR:-/tmp}/nk-replay.XXXXXX")
trap 'rm -rf "$work"' EXIT
failed=0
compared=0

fail() {
	echo "FAIL: $*"
	failed=1
}

for report in "$data"/*.report; do
	recording=${report%.report}.dat
	"$nk" replay --style trace-cmd "$recording" >"$work/lines" 2>"$work/errors"
	if grep -q 'was built without' "$work/errors"; then
		echo "left out: $(cat "$work/errors")"
		continue
	fi
	compared=$((compared + 1))
	cmp "$report" "$work/lines" || fail "$recording is not printed as by trace-cmd report"
done
[ "$compared" -gt 0 ] || fail "no recording was compared"

tests/bench/repeat "$data/v7.dat" "$work/large.dat" 60000 || fail "tests/bench/repeat"
for style in text json; do
	"$nk" replay --style $style "$work/large.dat" >"$work/all" || fail "replay of a large recording"
	taskset -c "$(taskset -cp $$ | sed 's/.*[:, ]\([0-9]*\)\(-[0-9]*\)\{0,1\}$/\1/')" \
		"$nk" replay --style $style "$work/large.dat" >"$work/one" || fail "replay on one CPU"
	cmp "$work/one" "$work/all" || fail "$style of one CPU and of all differ"
	lines=$(wc -l <"$work/all")
	[ "$lines" -ge 60000 ] || fail "only $lines of 60000 records are printed"
done
counted=$("$nk" replay --stat "$work/large.dat" | awk '$1 == "all" { print $2 }')
[ "$counted" = "$lines" ] || fail "--stat counts $counted, and $lines are printed"

# The time of the record in the middle, as text shows it.
"$nk" replay "$work/large.dat" >"$work/all"
middle=$(sed -n "$((lines / 2))s/ .*//p" "$work/all")
{
	"$nk" replay --until "$middle" "$work/large.dat"
	"$nk" replay --since "$middle" "$work/large.dat"
} >"$work/parts"
cmp "$work/all" "$work/parts" || fail "--until and --since $middle are not all"
[ "$("$nk" replay --since "$middle" "$work/large.dat" | sed -n '1s/ .*//p')" = "$middle" ] ||
	fail "--since $middle does not begin there"

# Columns: one for each name, in each line, and the values of JSON.
"$nk" replay --csv "$data/v7.dat" >"$work/csv" 2>/dev/null
[ "$(wc -l <"$work/csv")" = $(($("$nk" replay "$data/v7.dat" | wc -l) + 1)) ] || fail "--csv has not a line for each record"
[ "$(awk -F, '{ print NF }' "$work/csv" | sort -u | wc -l)" = 1 ] || fail "--csv has lines of different lengths"
"$nk" replay --fields ts,pid,event "$data/v7.dat" >"$work/fields"
"$nk" replay -j "$data/v7.dat" |
	sed -E 's/.*"ts":([0-9]*),"cpu":[0-9]*,"pid":(-?[0-9]*),.*"event":"([^"]*)".*/\1 \2 \3/' >"$work/json"
cmp "$work/json" "$work/fields" || fail "--fields and --json differ"
"$nk" replay --fields ts,ts "$data/v7.dat" >/dev/null 2>&1 && fail "--fields takes a name twice"
"$nk" replay --fields nothing "$data/v7.dat" >/dev/null 2>&1 && fail "--fields takes a name that no event has"

# What took SECONDS takes a tenth of it, and no less.
"$nk" replay "$data/v7.dat" >"$work/at-once"
took=$("$nk" replay --fields ts "$data/v7.dat" | awk 'NR == 1 { first = $1 } { last = $1 } END { print (last - first) / 1e9 }')
before=$(date +%s.%N)
"$nk" replay --pace=10 "$data/v7.dat" >"$work/paced"
after=$(date +%s.%N)
cmp "$work/at-once" "$work/paced" || fail "--pace prints something else"
awk -v t="$took" -v b="$before" -v a="$after" 'BEGIN { exit !(a - b >= t / 10) }' || fail "--pace=10 of $took s took less than a tenth"

"$nk" replay --since yesterday "$work/large.dat" >/dev/null 2>&1 && fail "--since yesterday is taken"
"$nk" replay --style none "$work/large.dat" >/dev/null 2>&1 && fail "--style none is taken"
exit $failed
