# SPDX-License-Identifier: GPL-2.0-or-later
# In a guest, by tests/kernels/capture: puts what nk reads of a kernel into /out/root.
root=/out/root
tracing=/sys/kernel/tracing

take() {
	[ -e "$1" ] || return 0
	mkdir -p "$root${1%/*}"
	cat "$1" >"$root$1"
}

# There or not there is all that is asked of them.
mark() {
	[ -e "$1" ] || return 0
	mkdir -p "$root${1%/*}"
	: >"$root$1"
}

for module in $(cat /modules-to-load); do
	modprobe "$module" 2>/dev/null
done
take /proc/kallsyms
take /proc/sys/kernel/osrelease
mkdir -p $root/proc/sys/kernel
uname -m >$root/proc/sys/kernel/arch
take /sys/kernel/notes
take /sys/kernel/btf/vmlinux
take /sys/kernel/debug/kprobes/blacklist
take $tracing/README
for file in kprobe_events error_log set_event_pid options/event-fork buffer_percent buffer_subbuf_size_kb; do
	mark $tracing/$file
done
take $tracing/events/header_page
take $tracing/events/header_event
for format in $tracing/events/tcp/*/format $tracing/events/sock/*/format $tracing/events/skb/*/format; do
	take "$format"
done
