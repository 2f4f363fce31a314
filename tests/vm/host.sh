# shellcheck shell=bash
# For tests/vm/*.test: `. "$(dirname "$0")/host.sh"`.
#
# In:  NK_TEST_KERNELS  names of tests/vm/kernel, separated by blanks (default 6.1)
#      NK_TEST_JOBS     how many guests may run side by side (default: the number of CPUs)
# Out: $vm, this directory; and
#
#   on_kernels [BOOT-OPTIONS...] -- SCRIPT [ARGS...]
#       runs tests/vm/on-kernel for each kernel; @KERNEL@ in an option or argument becomes its name.
#       Fails where one of them failed.

vm=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
read -ra NK_TEST_KERNELS <<<"${NK_TEST_KERNELS:-6.1}"

on_kernels() {
	printf '%s\n' "${NK_TEST_KERNELS[@]}" |
		xargs -P "${NK_TEST_JOBS:-$(nproc)}" -I@KERNEL@ "$vm/on-kernel" @KERNEL@ "$@"
}
