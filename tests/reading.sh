#!/bin/sh
# In: a built nk and tests/reencode, recordings of tests/unit/data/datfile/ with what trace-cmd report said of them.
# Holds: a recording in any form (v6, v7; little- and big-endian; zlib, zstd; of any clock) is printed as trace-cmd
# report prints it; losses stand where they were; of a file cut short or with a damaged page all that is intact is
# printed, then one sentence says what is missing, and the status is 3. What is intact is what trace-cmd report says of
# a file with those pages alone, where there is a trace-cmd; without, that part is left out.
set -u
srcdir=${srcdir:-.}
nk=${NK:-./nk}
data=$srcdir/tests/unit/data/datfile
work=$(mktemp -d "${TMPDIR:-/tmp}/nk-reading.XXXXXX")
trap 'rm -rf "$work"' EXIT
failed=0
compared=0

fail() {
	echo "FAIL: $*"
	failed=1
}

lines() { "$nk" replay --style trace-cmd "$@"; }

has_reference=
command -v trace-cmd >/dev/null && has_reference=1
[ "$has_reference" ] || echo "left out: there is no trace-cmd to compare with"

# The new file has what its origin has, says trace-cmd, and nk prints it.
check_form() {
	name=$1 report=$2
	if [ "$has_reference" ] && [ "$3" != zlib ]; then
		trace-cmd report "$work/$name.dat" >"$work/reference" 2>"$work/errors"
		cmp "$report" "$work/reference" || fail "$name: trace-cmd report does not say the same of it: the test is wrong"
	fi
	lines "$work/$name.dat" >"$work/lines" 2>"$work/errors" || fail "$name: status $?: $(cat "$work/errors")"
	[ ! -s "$work/errors" ] || fail "$name: said $(cat "$work/errors")"
	cmp "$report" "$work/lines" || fail "$name is not printed as by trace-cmd report"
	compared=$((compared + 1))
}

for recording in v7 v7-instances v6-instances; do
	report=$data/$recording.report
	for order in little big; do
		flag=
		[ $order = little ] || flag=-b
		for form in v6 v7 zlib zstd; do
			case $form in
			v?) how="-v ${form#v}" ;;
			*) how="-c $form" ;;
			esac
			# A compression that this nk was built without is left out here as there.
			# shellcheck disable=SC2086
			if ! tests/reencode $flag $how "$data/$recording.dat" "$work/$recording-$order-$form.dat" 2>"$work/errors"; then
				grep -q 'built without' "$work/errors" || fail "reencode: $(cat "$work/errors")"
				continue
			fi
			check_form "$recording-$order-$form" "$report" $form
		done
	done
done
# Instances may have sub-buffers of another size than the file's head says.
{ head -c 14 "$data/v7.dat"; printf '\000\002\000\000'; tail -c +19 "$data/v7.dat"; } >"$work/other-size.dat"
lines "$work/other-size.dat" >"$work/lines" 2>"$work/errors" || fail "another size in the head: status $?: $(cat "$work/errors")"
lines "$data/v7.dat" | cmp - "$work/lines" || fail 'another size in the head: not all of it is printed'

[ "$compared" -ge 12 ] || fail "only $compared forms were compared"

# $1: file, $2: what the reference says of what is left of it, $3: a word of the sentence
check_rest() {
	lines "$1" >"$work/lines" 2>"$work/errors"
	status=$?
	[ $status = 3 ] || fail "$1: status $status, not 3"
	cmp "$2" "$work/lines" || fail "$1: not all that is intact is printed, or more"
	[ "$(wc -l <"$work/errors")" = 1 ] || fail "$1: not one sentence: $(cat "$work/errors")"
	grep -q "$3" "$work/errors" || fail "$1: said $(cat "$work/errors")"
}

# A time that the lines have divides them: check_times WHAT
check_times() {
	middle=$(sed -nE "$(($(wc -l <"$work/lines") / 2))s/^.*\\[[0-9]*\\] *([0-9.]*): .*/\\1/p" "$work/lines")
	{
		lines --until "$middle" "$work/clock.dat" >"$work/before" && lines --since "$middle" "$work/clock.dat" >"$work/behind"
	} 2>"$work/errors" || fail "$1: status $? for $middle: $(cat "$work/errors")"
	sed -nE '2{s/^.*\[[0-9]*\] *([0-9.]*): .*/\1/p}' "$work/behind" >"$work/first"
	[ "$(cat "$work/first")" = "$middle" ] || fail "$1: --since $middle begins at $(cat "$work/first")"
	[ "$(wc -l <"$work/before")" -gt 5 ] || fail "$1: nothing is before $middle"
	sed 1d "$work/behind" | cat "$work/before" - | cmp "$work/lines" - || fail "$1: --until and --since $middle are not all"
}

# Clocks that are seconds, and such that are not; with a conversion, a date, an offset.
check_clocks() {
	while read -r clock options; do
		for form in '-v 6' '-v 7' '-v 7 -b'; do
			# shellcheck disable=SC2086
			tests/reencode $form -C "$clock" $options "$data/$1.dat" "$work/clock.dat"
			trace-cmd report "$work/clock.dat" >"$work/reference" 2>/dev/null
			[ "$(wc -l <"$work/reference")" -gt 20 ] || fail "clock $clock $options: trace-cmd report says little: the test is wrong"
			lines "$work/clock.dat" >"$work/lines" 2>"$work/errors" || fail "clock $clock $options: status $?"
			cmp "$work/reference" "$work/lines" || fail "clock $clock $options $form of $1: not printed as by trace-cmd report"
		done
		check_times "clock $clock $options of $1"
		case $clock$options in
		counter* | x86-tsc) seconds=0 ;;
		*) seconds=1 ;;
		esac
		[ "$("$nk" replay --stat "$work/clock.dat" 2>/dev/null | grep -c '^second ')" = $seconds ] ||
			fail "clock $clock $options of $1: --stat has seconds, or none"
		[ $seconds = 1 ] || ! "$nk" replay --pace=1000 "$work/clock.dat" >"$work/paced" 2>&1 ||
			fail "clock $clock $options of $1: --pace has a rhythm"
		[ "$clock" = counter ] || continue
		"$nk" replay "$work/clock.dat" >"$work/lines" 2>&1
		! grep -v '^[0-9]* \[' "$work/lines" || fail "$1: as text a counter has seconds"
	done <<-end
		local
		global
		uptime
		perf
		mono
		mono_raw
		tai
		boot
		counter
		x86-tsc
		boot -t 1:0
		x86-tsc -t 826015503:31
		x86-tsc -t 826015503:31 -d 400000000000
		mono -d 400000000000
		mono -d -1000000 -o 77
		boot -d 400000000000
		counter -o 5000000000
		boot -o -20000000000
	end
}

# Cut short at many lengths, behind the last byte of what is no page.
check_cuts() {
	whole=$work/$1.dat
	length=$(tests/reencode -p $2 "$data/$3.dat" "$whole" | sed -n '1s/.* //p')
	size=$(wc -c <"$whole")
	while [ "$length" -lt "$size" ]; do
		head -c "$length" "$whole" >"$work/cut.dat"
		tests/reencode $2 -k "$length" "$data/$3.dat" "$work/kept.dat"
		trace-cmd report "$work/kept.dat" >"$work/reference" 2>/dev/null
		check_rest "$work/cut.dat" "$work/reference" 'the file ends'
		length=$((length + 1500))
	done
}

# A page of random bytes, each in turn. Where it was is a loss of unknown size: that line is nk's own.
check_damage() {
	whole=$work/$1.dat
	tests/reencode -p $2 "$data/$3.dat" "$whole" >"$work/pages"
	while read -r page at; do
		cp "$whole" "$work/damaged.dat"
		yes | dd of="$work/damaged.dat" bs=1 seek="$at" count=4096 conv=notrunc 2>/dev/null
		tests/reencode $2 -x "$page" "$data/$3.dat" "$work/left.dat"
		trace-cmd report "$work/left.dat" >"$work/reference" 2>/dev/null
		lines "$work/damaged.dat" >"$work/printed" 2>"$work/errors"
		status=$?
		[ $status = 3 ] || fail "page $page of $1 damaged: status $status, not 3"
		grep -v 'EVENTS DROPPED' "$work/printed" | cmp "$work/reference" - || fail "page $page of $1 damaged: not all others are printed"
		[ "$(wc -l <"$work/errors")" = 1 ] && grep -q '^nk: .*: 1 of its pages and records' "$work/errors" ||
			fail "page $page of $1 damaged: said $(cat "$work/errors")"
	done <"$work/pages"
	[ -s "$work/pages" ] || fail "$1 has no pages"
}

# Losses of a number, before each page in turn, stand where trace-cmd report has them.
check_losses() {
	tests/reencode -p $2 "$data/$3.dat" "$work/$1.dat" >"$work/pages"
	shown=0
	while read -r page _; do
		tests/reencode $2 -l "$page:$((page + 40))" "$data/$3.dat" "$work/lossy.dat" 2>"$work/errors" || continue
		trace-cmd report "$work/lossy.dat" >"$work/reference" 2>/dev/null
		grep -q "\[$((page + 40)) EVENTS DROPPED\]" "$work/reference" || fail "trace-cmd report shows no loss: the test is wrong"
		lines "$work/lossy.dat" >"$work/printed" 2>"$work/errors"
		[ $? = 3 ] || fail "page $page of $1 with losses: the status is not 3"
		cmp "$work/reference" "$work/printed" || fail "losses before page $page of $1 stand elsewhere"
		grep -q ": $((page + 40)) events were lost" "$work/errors" || fail "losses of $1 are not summed up: $(cat "$work/errors")"
		shown=$((shown + 1))
	done <"$work/pages"
	[ $shown -gt 0 ] || fail "no page of $1 has room for losses"
}

if [ "$has_reference" ]; then
	check_clocks v7
	check_clocks v6-instances
	check_cuts cut-v6 '-v 6' v7
	check_cuts cut-v7 '-v 7' v6-instances
	check_cuts cut-big '-v 7 -b' v7
	check_damage damaged-v6 '-v 6' v7-instances
	check_damage damaged-v7 '-v 7' v7
	check_losses lossy-v6 '-v 6' v7-instances
	check_losses lossy-v7 '-v 7' v7
	check_losses lossy-big '-v 6 -b' v7
fi
exit $failed
