#!/bin/sh
# In: a built nk, the manual pages. Holds: each subcommand has a page, which nk(1) names; the options of its --help and of
# its page are the same; the pages have no mistakes of mandoc's (left out where there is no mandoc).
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
	grep -oE 'Fl (. , )?-[a-z][a-z-]+' "$1" | sed -E 's/^Fl (. , )?-/--/' | sort -u
}

for command in $("$nk" --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
	page=$srcdir/man/nk-$command.1
	[ -f "$page" ] || { fail "no page for nk $command"; continue; }
	for option in $(options_of_help "$command"); do
		long=${option#--}
		grep -qE "Fl (. , )?-$long( |$)" "$page" || fail "nk-$command(1) has no --$long"
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
