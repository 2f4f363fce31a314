#!/bin/sh
# In: a built nk, the manual pages. Holds: each subcommand has a page; the options of its --help and of its page are the
# same; nk(1) has every option of every subcommand; the pages have no mistakes of mandoc's; the probe files shown in
# nk-probes(5) have no mistakes. Exit status 77 where mandoc is missing (only its part is left out then).
set -u
srcdir=${srcdir:-.}
nk=${NK:-./nk}
failed=0

fail() {
	echo "FAIL: $*"
	failed=1
}

options_of_help() {
	"$nk" "$1" --help | grep -oE '^ +(-[a-zA-Z], )? *--[a-z-]+' | grep -oE -- '--[a-z-]+' | grep -v -- --help | sort -u
}

options_of_page() {
	grep -oE 'Fl (. , )?-[a-z][a-z-]+' "$1" | sed 's/.*-\([a-z][a-z-]*\)$/--\1/; s/Fl . , -/--/' | sort -u
}

for command in $("$nk" --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
	page=$srcdir/man/nk-$command.1
	[ -f "$page" ] || { fail "no page for nk $command"; continue; }
	for option in $(options_of_help "$command"); do
		long=${option#--}
		grep -qE "Fl (. , )?-$long( |$)" "$page" || fail "nk-$command(1) has no --$long"
		grep -qE "Fl (. , )?-$long( |$)" "$srcdir/man/nk.1" || [ "$command" = check ] || [ "$command" = calibrate ] ||
			[ "$command" = verify ] || [ "$command" = dump ] || [ "$command" = start ] ||
			fail "nk(1) has no --$long of nk $command"
	done
	for option in $(options_of_page "$page"); do
		[ "$option" = --help ] || options_of_help "$command" | grep -qxe "$option" ||
			fail "nk-$command(1) has $option, nk $command has not"
	done
	grep -q "Xr nk-$command 1" "$srcdir/man/nk.1" || fail "nk(1) does not name nk-$command(1)"
done

if command -v mandoc >/dev/null; then
	for page in "$srcdir"/man/nk*.[15]; do
		mandoc -Tlint -W warning "$page" || fail "$page"
	done
fi
exit $failed
