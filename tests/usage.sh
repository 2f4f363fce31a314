#!/bin/sh
# In: a built nk. Holds: what is wrong usage ends with status 2 and one line that says why, before the kernel is asked for
# anything and before COMMAND is run.
set -u
nk=${NK:-./nk}
data=$(dirname "$0")/unit/data/datfile
work=$(mktemp -d "${TMPDIR:-/tmp}/nk-usage.XXXXXX")
trap 'rm -rf "$work"' EXIT
failed=0
tried=0

# refused WORDS NK-ARGS...
refused() {
	words=$1
	shift
	tried=$((tried + 1))
	"$nk" "$@" >"$work/out" 2>"$work/err"
	status=$?
	if [ $status != 2 ] || [ "$(wc -l <"$work/err")" != 1 ] || ! grep -q -e "$words" "$work/err" || [ -s "$work/out" ]; then
		echo "FAIL: nk $*: status $status: $(cat "$work/err")"
		failed=1
	fi
}

for command in trace record; do
	refused 'seconds above 0' $command -d 0 tcp
	refused 'seconds above 0' $command -d -1 tcp
	refused 'seconds above 0' $command -d nan tcp
	refused 'seconds above 0' $command -d 1x tcp
	refused 'no more than 1000000000 seconds' $command -d 1e30 tcp
	refused 'no more than 1000000000 seconds' $command -d 1000000001 tcp
	refused 'whose children' $command -c tcp
	refused 'no command behind' $command -c tcp --
	refused 'not a process id' $command -p 0 tcp
	refused 'not a process id' $command -p 1,x tcp
done
refused 'option --json takes no value' trace --json=x tcp
refused 'option --json takes no value' trace --js=x tcp
refused 'nk trace has no option --check' trace --check=x tcp
refused 'unknown option --jsonn=x' trace --jsonn=x tcp
refused 'whose children' start -c tcp
for command in start status clean list verify; do
	refused 'runs no command' $command -- touch "$work/ran"
done
refused 'runs no command' start -c tcp -- touch "$work/ran"
refused 'one of them' trace -j --csv tcp
refused 'one of them' replay -j --csv
refused 'one of them' replay --csv --style trace-cmd
refused 'one of them' replay --style json --csv
refused 'one of them' replay -j --style text
for way in -j --csv '--style csv' '--style trace-cmd' '--fields pid'; do
	# shellcheck disable=SC2086
	refused 'prints a table' replay --stat $way
done
refused 'no pace' replay --stat --pace=3
refused 'one file' replay -i "$data/v7.dat" "$data/calls.dat"
refused 'checks nothing' check --list-types "$data/v7.dat"
refused 'is no time' replay --since 25:00:00 "$data/v7.dat"
refused 'is no time' replay --until 1e3 "$data/v7.dat"
refused 'no style' replay --style none "$data/v7.dat"
refused 'not a process id' trace -p 1, tcp
refused 'a whole number' replay -n ' -5' "$data/v7.dat"
refused 'takes bytes' record --size ' -5' tcp

# What could not be written is not done.
for way in --help --version 'trace --help' 'check --list-types'; do
	# shellcheck disable=SC2086
	"$nk" $way >/dev/full 2>"$work/err"
	status=$?
	if [ $status != 1 ] || [ "$(grep -c 'cannot write' "$work/err")" != 1 ]; then
		echo "FAIL: nk $way onto a full disk: status $status: $(cat "$work/err")"
		failed=1
	fi
done

# The lines of all -e are one set, as in every other command.
"$nk" check -e 'p:nk/x udp_sendmsg len=$arg3:u64' -e 'r sent=$retval:ssize32' || { echo 'FAIL: check -e -e: a line joined'; failed=1; }
"$nk" check -e 'p:nk/x udp_sendmsg' -e 'p:nk/x tcp_connect' 2>/dev/null && { echo 'FAIL: check -e -e: one name twice'; failed=1; }
[ ! -e "$work/ran" ] || { echo 'FAIL: COMMAND was run'; failed=1; }
[ $tried -gt 20 ] || { echo "FAIL: only $tried"; failed=1; }
exit $failed
