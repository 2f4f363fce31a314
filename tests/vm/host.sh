# shellcheck shell=bash
# For tests/vm/*.test: `. "$(dirname "$0")/host.sh"`.
#
# In:  NK_TEST_KERNELS  names of tests/vm/kernel, separated by blanks (default 6.1)
#      NK_BUILD         the build directory of this machine's architecture (default build/ of the checkout)
# Out: lines PASS NAME, FAIL NAME: WHY, SKIP NAME: WHY, which scripts/test counts
#
#   on_kernels [BOOT-OPTIONS...] -- SCRIPT [ARGS...]
#       runs SCRIPT in a guest of each kernel and puts the kernel before the names of its lines; a guest that died,
#       or that ended badly without having said FAIL, is a FAIL of its own. Words of the options and the arguments
#       may hold @KERNEL@ (its name) and @BUILD@ (the build directory for its architecture).
#   build_for KERNEL
#       prints the build directory for the kernel's architecture; makes nk for arm64 at its first use

vm=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$vm/../.." && pwd)
read -ra NK_TEST_KERNELS <<<"${NK_TEST_KERNELS:-6.1}"
NK_BUILD=${NK_BUILD:-$top/build}

build_for() {
	if [[ $1 == *-arm64 ]]; then
		"$top/scripts/build" --arm64 "$top/build-arm64" >&2
		printf '%s\n' "$top/build-arm64"
	else
		printf '%s\n' "$NK_BUILD"
	fi
}

# Exit statuses of the guest's script and of boot are one number: what was said decides what is missing.
on_kernel() {
	local kernel=$1 log status=0 build='' word
	shift
	local -a words=()
	[[ "$*" != *@BUILD@* ]] || build=$(build_for "$kernel")
	for word in "$@"; do
		word=${word//@KERNEL@/$kernel}
		words+=("${word//@BUILD@/$build}")
	done
	log=$(mktemp)
	"$vm/boot" -k "$kernel" "${words[@]}" >"$log" || status=$?
	sed -E "s/^(PASS|FAIL|SKIP) /\\1 $kernel /" "$log"
	if [[ $status -eq 77 ]] && ! grep -q '^PASS\|^FAIL' "$log"; then
		echo "SKIP $kernel: this kernel cannot be had"
	elif [[ $status -ne 0 ]] && ! grep -q '^FAIL ' "$log"; then
		echo "FAIL $kernel: the guest ended with status $status"
	elif ! grep -q '^PASS \|^FAIL \|^SKIP ' "$log"; then
		echo "FAIL $kernel: the guest said nothing"
	fi
	! grep -q '^FAIL ' "$log" && [[ $status -eq 0 || $status -eq 77 ]] || result=1
	rm -f "$log"
}

on_kernels() {
	local kernel result=0
	for kernel in "${NK_TEST_KERNELS[@]}"; do
		on_kernel "$kernel" "$@"
	done
	return "$result"
}
