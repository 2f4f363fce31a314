#!/bin/sh
# In: a built nk, strace, recordings of tests/unit/data/datfile/ and probe files. Holds: nk replay and nk check have no
# privileges, and a list of system calls to keep to, before a byte of a file is looked into; of hostile files too, damaged
# and cut; they open nothing beside the file, libraries and, where times of day are printed, the time zone, and nothing at
# all once they read.
set -u
srcdir=${srcdir:-.}
nk=${NK:-./nk}
data=$srcdir/tests/unit/data/datfile
work=$(mktemp -d "${TMPDIR:-/tmp}/nk-privilege.XXXXXX")
trap 'rm -rf "$work"' EXIT
failed=0
traced=0

command -v strace >/dev/null || { echo "there is no strace"; exit 77; }
! ldd "$nk" 2>/dev/null | grep -q libasan || { echo "AddressSanitizer opens files of its own, and has no list"; exit 77; }
strace -o "$work/calls" true || { echo "strace cannot trace here"; exit 77; }

fail() {
	echo "FAIL: $*"
	failed=1
}

# A call that strace has in two lines, since something happened between its begin and its end, as one.
join='
	{ pid = $1 }
	/ <unfinished \.\.\.>$/ { sub(/ *<unfinished \.\.\.>$/, ""); begun[pid] = $0; next }
	$2 == "<..." { sub(/^[0-9]+ +<\.\.\. [a-z0-9_]+ resumed>/, ""); print begun[pid] $0; next }
	{ print }'

# Of a strace: what was opened before the file and after it, and what was called once the list of calls was in force.
judge='
	{ sub(/^[0-9]+ +/, "") }
	/^open(at)?\(/ && !/ENOENT/ {
		path = $0; sub(/^[^"]*"/, "", path); sub(/".*/, "", path)
		if (limited) print "opens " path " when it reads already"
		else if (path == file) read_from = 1
		else if (path !~ /^\/etc\/ld\.so\.cache$|\.so(\.[0-9.]+)?$|\/traceevent\/plugins$|^\/etc\/localtime$|\/zoneinfo\//)
			print "opens " path
	}
	/^(read|pread64)\(/ && read_from && !limited && looks && $0 ~ "^[a-z0-9]+\\(" descriptor { print "reads first: " $0 }
	/^open(at)?\(/ && index($0, "\"" file "\"") { descriptor = $NF "," }
	/^prctl\(PR_SET_NO_NEW_PRIVS, 1.*= 0/ { modest = 1 }
	/^capset\(.*permitted=0, inheritable=0}\) *= 0/ { bare = 1 }
	/^prctl\(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, {len.*= 0/ { limited = 1; next }
	limited && /^(exec|fork|vfork|socket|connect|bind|accept|unlink|rename|link|symlink|mkdir|chmod|chown|kill|ptrace|mount)/ {
		print "calls " $0
	}
	END {
		if (!read_from) print "never opens the file"
		if (!bare || !modest || !limited) print "keeps privileges: " bare modest limited
	}'

# expect_nothing FILE NK-ARGS...: FILE is an argument of them, too
expect_nothing() {
	file=$1
	shift
	traced=$((traced + 1))
	timeout 60 strace -f -qq -o "$work/calls" "$nk" "$@" >"$work/out" 2>"$work/err"
	[ $? -lt 124 ] || fail "nk $*: it crashed or hung: $(tail -n 1 "$work/calls")"
	# nk check takes the text in first, and looks into it afterwards.
	said=$(awk "$join" "$work/calls" | awk -v file="$file" -v looks="$([ "$1" = replay ] && echo 1)" "$judge")
	[ -z "$said" ] || fail "nk $*: $said"
}

# Bytes to places that the name of the file decides: the same each time.
damage() {
	size=$(wc -c <"$1")
	seed=$(cksum <"$1" | cut -d' ' -f1)
	for byte in '\377' '\000' '\033' '\200' '\001' '\177' '\377' '\000'; do
		seed=$(((seed * 1103515245 + 12345) % 2147483648))
		printf "$byte" | dd of="$1" bs=1 seek=$((20 + seed % (size - 20))) conv=notrunc 2>/dev/null
	done
}

for recording in "$data"/*.dat; do
	for style in text json trace-cmd; do
		hostile=$work/hostile.dat
		expect_nothing "$recording" replay --style $style "$recording"
		cp "$recording" "$hostile"
		chmod u+w "$hostile"
		damage "$hostile"
		expect_nothing "$hostile" replay --style $style "$hostile"
		head -c "$(($(wc -c <"$recording") / 2))" "$recording" >"$hostile"
		expect_nothing "$hostile" replay --style $style "$hostile"
	done
done
expect_nothing "$data/v7.dat" replay --stat "$data/v7.dat"
expect_nothing "$nk" replay "$nk"
tests/bench/repeat "$data/v7.dat" "$work/large.dat" 60000 || fail "tests/bench/repeat"
expect_nothing "$work/large.dat" replay "$work/large.dat"
for file in "$srcdir"/probes.d/*.probes "$nk"; do
	expect_nothing "$file" check "$file"
done

# nk list reads what only root may, and keeps to reading before it opens the first file of probes.
NK_PROBES_PATH=$srcdir/probes.d strace -qq -o "$work/calls" "$nk" list tcp >"$work/out" 2>"$work/err"
awk '/^capset\(.*permitted=(0|1<<CAP_DAC_READ_SEARCH), inheritable=0}\) *= 0/ { bare = 1 }
	/^prctl\(PR_SET_NO_NEW_PRIVS, 1.*= 0/ { modest = 1 }
	/^prctl\(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, {len.*= 0/ { limited = 1 }
	/^openat\(.*\.probes"/ { read_from = 1; if (!bare || !modest || !limited) exit 1 }
	limited && /^open(at)?\(/ && /O_WRONLY|O_RDWR|O_CREAT|O_TRUNC/ { exit 1 }
	END { if (!read_from) exit 1 }' "$work/calls" || fail "nk list: more than reading, or nothing: $(grep -nE 'capset|SECCOMP|probes"' "$work/calls")"
[ "$(grep -c '^  tcp_' "$work/out")" -ge 5 ] || fail "nk list: it shows $(cat "$work/out" "$work/err")"

# A kernel without seccomp filters answers EINVAL: who asks with -v is told, and reads all the same.
asks=$(strace -qq -e trace=prctl "$nk" replay -v "$data/v7.dat" 2>&1 >/dev/null | grep -n PR_SET_SECCOMP | head -n 1 | cut -d: -f1)
says_so() { strace -qq -e trace=prctl -e "inject=prctl:error=EINVAL:when=${asks:-1}" -o /dev/null "$nk" replay $1 "$data/v7.dat"; }
says_so -v >"$work/out" 2>"$work/err" || fail "without seccomp filters: exit status $?: $(cat "$work/err")"
grep -q 'no seccomp filters' "$work/err" || fail "without seccomp filters: nk replay -v does not say so"
[ -s "$work/out" ] || fail "without seccomp filters: nothing is read"
"$nk" replay -v "$data/v7.dat" 2>&1 >/dev/null | grep -q 'no seccomp filters' && fail "it says that there are no seccomp filters"
[ "$traced" -gt 50 ] || fail "only $traced runs"
exit $failed
