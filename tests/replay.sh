#!/bin/sh
# In: a built nk and tests/bench/repeat, recordings of tests/unit/data/datfile/. Holds: --style trace-cmd prints the lines of
# trace-cmd report, byte by byte; a large recording is printed alike by one CPU and by all, and is all there; --stat counts
# what is printed; a filter selects the same in every style; --since and --until part a recording without a rest.
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

# One CPU and all of them: a recording with joined calls, with losses every so often, and one without either.
last_cpu=$(taskset -cp $$ | sed 's/.*[:, ]\([0-9]*\)\(-[0-9]*\)\{0,1\}$/\1/')
tests/bench/repeat "$data/v7.dat" "$work/large.dat" 60000 || fail "tests/bench/repeat"
tests/bench/repeat "$data/calls.dat" "$work/calls.dat" 60000 || fail "tests/bench/repeat"
tests/bench/repeat "$data/calls.dat" "$work/lossy.dat" 60000 77 || fail "tests/bench/repeat"
middle=$("$nk" replay --fields ts "$work/calls.dat" 2>/dev/null | sed -n '20000s/\(.*\)\(.........\)$/\1.\2/p')
[ "$(wc -c <"$work/calls.dat")" -gt 4194304 ] || fail "a recording so small is not printed by several threads"
for recording in large calls lossy; do
	for what in '--style text' '--style json' '--style csv' '--style trace-cmd' '--fields ts,pid,event' --stat \
		'-f pid>1' "--style json -f event==tcp_recvmsg" "--raw -f lport>0" "--since $middle" "--style json --until $middle"; do
		# shellcheck disable=SC2086
		"$nk" replay $what "$work/$recording.dat" >"$work/all" 2>"$work/all.errors"
		all=$?
		# shellcheck disable=SC2086
		taskset -c "$last_cpu" "$nk" replay $what "$work/$recording.dat" >"$work/one" 2>"$work/one.errors"
		[ $all = $? ] || fail "replay $what of $recording: status $all on all CPUs, another on one"
		cmp "$work/one" "$work/all" || fail "replay $what of $recording: one CPU and all differ"
		cmp "$work/one.errors" "$work/all.errors" || fail "replay $what of $recording: one CPU says something else"
		[ -s "$work/all" ] || fail "replay $what of $recording prints nothing"
	done
done
[ "$("$nk" replay "$work/lossy.dat" 2>/dev/null | grep -c '77 events lost$')" -gt 10 ] || fail "losses of a large recording are not shown"
"$nk" replay -j "$work/calls.dat" 2>/dev/null | grep -q '"event":"tcp_recvmsg".*"dur":' || fail "there are no joined calls"
"$nk" replay "$work/large.dat" >"$work/all" || fail "replay of a large recording"
lines=$(wc -l <"$work/all")
[ "$lines" -ge 60000 ] || fail "only $lines of 60000 records are printed"
counted=$("$nk" replay --stat "$work/large.dat" | awk '$1 == "all" { print $2 }')
[ "$counted" = "$lines" ] || fail "--stat counts $counted, and $lines are printed"

# Each probe once, also where it has a plan for each of its carriers; and as many as are printed.
"$nk" replay --stat "$data/calls.dat" | sed '/^$/,$d; 1d' | awk '{ print $2, $1 }' | sort >"$work/stat"
"$nk" replay --fields event "$data/calls.dat" | sort | uniq -c | awk '{ print $1, $2 }' | sort >"$work/counted"
cmp "$work/counted" "$work/stat" || fail "--stat counts other probes than are printed"

# A filter selects the same, whatever the records are shown as; of a joined call its entry, where that decides.
for filter in 'port 5555' 'rport == 5555' 'family == inet' 'host ::1' 'comm == nc and len == 1024' 'bytes >= 0'; do
	kept=$("$nk" replay -f "$filter" "$data/calls.dat" | wc -l)
	[ "$kept" -gt 0 ] || fail "-f '$filter' keeps nothing"
	for way in '--style trace-cmd' --raw; do
		# shellcheck disable=SC2086
		[ "$("$nk" replay $way -f "$filter" "$data/calls.dat" | grep -vc ^cpus=)" = "$kept" ] ||
			fail "-f '$filter' with $way does not keep the $kept records that it keeps without"
	done
done

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

# As it is printed, a filter takes it.
for what in '852.510us 852510' '0.85251ms 852510'; do
	[ "$("$nk" replay -q -j -f "dur == ${what% *}" "$data/calls.dat" | grep -c "\"dur\":${what#* }[,}]")" = 1 ] || fail "a filter of a duration: $what"
done
for what in 852.us 0.5ns .5ms 1.0000000001s; do
	"$nk" replay -q -f "dur > $what" "$data/calls.dat" >/dev/null 2>&1 && fail "a filter takes the duration $what"
done
# Of a recording without times of day there is none.
"$nk" replay -q -j --fields time,ts "$data/v7.dat" | grep -q time && fail "JSON has a time of a recording without"
[ "$("$nk" replay -q -n 1 -j --fields time "$data/calls.dat")" = "$("$nk" replay -q -n 1 -j "$data/calls.dat" | sed 's/,.*/}/')" ] || fail "--fields time is another"

# What took SECONDS takes a tenth of it, and no less.
"$nk" replay "$data/v7.dat" >"$work/at-once"
took=$("$nk" replay --fields ts "$data/v7.dat" | awk 'NR == 1 { first = $1 } { last = $1 } END { print (last - first) / 1e9 }')
before=$(date +%s.%N)
"$nk" replay --pace=10 "$data/v7.dat" >"$work/paced"
after=$(date +%s.%N)
cmp "$work/at-once" "$work/paced" || fail "--pace prints something else"
awk -v t="$took" -v b="$before" -v a="$after" 'BEGIN { exit !(a - b >= t / 10) }' || fail "--pace=10 of $took s took less than a tenth"

# A parent may ignore the ends of its children, and with it nk.
env --ignore-signal=CHLD "$nk" replay "$data/v7.dat" >"$work/ignored" 2>"$work/errors" || fail "with SIGCHLD ignored: status $?: $(cat "$work/errors")"
cmp "$work/at-once" "$work/ignored" || fail "with SIGCHLD ignored it prints something else"

"$nk" replay --since yesterday "$work/large.dat" >/dev/null 2>&1 && fail "--since yesterday is taken"
"$nk" replay --style none "$work/large.dat" >/dev/null 2>&1 && fail "--style none is taken"
# What cannot be written is no success, also where there is nothing but a head, or the account at the end.
for what in '--csv -f cpu==77' '--style trace-cmd -f cpu==77' '--json -v -f cpu==77' --stat; do
	# shellcheck disable=SC2086
	"$nk" replay -q $what "$data/calls.dat" >/dev/full 2>"$work/errors" && fail "replay $what onto a full disk: status 0"
	[ "$(grep -c 'cannot go on: ' "$work/errors")" = 1 ] || fail "replay $what onto a full disk says $(cat "$work/errors")"
done

# A recording may be anybody's: none of its bytes is a command for the terminal.
escape=$(printf '\033')
sed "s/summary probe tcp_connect id \([0-9]*\) in 0 counted 1 filtered 0 hits 2/summary probe ${escape}]0;title!$(printf '\007') id \1 in 0 counted 1 filtered 0 hits 9/
	s/probe=tcp_connect/probe=%1B[31mXYZW/" "$data/calls.dat" >"$work/hostile.dat"
for what in --stat --csv --json '--fields event' '--style text'; do
	# shellcheck disable=SC2086
	"$nk" replay -v $what "$work/hostile.dat" >"$work/lines" 2>"$work/errors"
	grep -q XYZW "$work/lines" && grep -q ';title' "$work/errors" || fail "replay $what does not show the names"
	! LC_ALL=C grep -q '[[:cntrl:]]' "$work/lines" "$work/errors" || fail "replay $what gives the terminal control characters"
done

exit $failed
