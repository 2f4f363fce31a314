#!/bin/sh
# In: a built nk, probe files. Holds: nk list has the Korean words for a Korean locale, by the variables of setlocale(3), and
# the English ones for any other, whatever this kernel can do.
set -u
srcdir=${srcdir:-.}
nk=${NK:-./nk}
failed=0

# shown WORDS VARIABLE=VALUE...
shown() {
	words=$1
	shift
	env -u LC_ALL -u LC_MESSAGES -u LANG NK_PROBES_PATH="$srcdir/probes.d" "$@" "$nk" list tcp_connect 2>/dev/null |
		grep -q "^  tcp_connect  *$words" && return
	echo "FAIL: $*: no '$words'"
	failed=1
}

korean='TCP 연결이 시작될 때'
english='Probes TCP connection initiation'
for locale in ko ko_KR ko_KR.UTF-8 ko.UTF-8 ko@hangul; do
	shown "$korean" LANG="$locale"
done
shown "$english" TERM=dumb
for locale in C kok_IN kok en_US.UTF-8 k; do
	shown "$english" LANG="$locale"
done
shown "$korean" LANG=C LC_MESSAGES=ko_KR
shown "$english" LANG=ko LC_MESSAGES=C
shown "$english" LANG=ko LC_MESSAGES=ko LC_ALL=C
shown "$korean" LC_MESSAGES= LANG=ko
exit $failed
