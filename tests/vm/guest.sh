# For scripts that tests/vm/boot runs in a guest: `. /guest.sh`. Written for busybox sh.
#
#   pass NAME | fail NAME WHY... | skip NAME WHY...   print the lines that scripts/test counts
#   check NAME COMMAND...         passes where COMMAND succeeds, else fails with its last line of output
#   wait_for COMMAND...           tries it for up to 10 s
#   netns_new NAME                a network namespace, its lo up
#   netns_run NAME COMMAND...     runs COMMAND in it
#   netns_del NAME
#   cable_veth NAME1 NAME2        a veth pair between two namespaces: eth0 10.0.0.1/24 fd00::1/64 in the first,
#                                 eth0 10.0.0.2/24 fd00::2/64 in the second
#   cable_virtio NAME1 NAME2      the same with the two NICs of `boot -n`: through NAPI and GRO, as on a real NIC

tracing=/sys/kernel/tracing

pass() { echo "PASS $1"; }
fail() {
	local name=$1
	shift
	echo "FAIL $name: $*"
}
skip() {
	local name=$1
	shift
	echo "SKIP $name: $*"
}

check() {
	local name=$1 output
	shift
	if output=$("$@" 2>&1); then
		pass "$name"
	else
		fail "$name" "$(echo "$output" | tail -n 1)"
	fi
}

wait_for() {
	local tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || return 1
		usleep 100000
	done
}

# busybox ip has no `netns`: a process that sleeps in a new namespace is its name.
netns_new() {
	mkdir -p /run/nk-test
	unshare -n sh -c 'ip link set lo up; echo $$ >"$1.new"; mv "$1.new" "$1"; exec sleep 100000' \
		sh "/run/nk-test/$1" </dev/null >/dev/null 2>&1 &
	wait_for test -s "/run/nk-test/$1"
}

netns_pid() { cat "/run/nk-test/$1"; }

netns_run() {
	local pid
	pid=$(netns_pid "$1") || return
	shift
	nsenter -t "$pid" -n "$@"
}

netns_del() {
	kill "$(netns_pid "$1")"
	rm -f "/run/nk-test/$1"
}

netns_addresses() {
	netns_run "$1" ip addr add "10.0.0.$2/24" dev eth0
	# Duplicate address detection would hold the address back for a second.
	netns_run "$1" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad' 2>/dev/null
	netns_run "$1" ip link set eth0 up
	netns_run "$1" ip addr add "fd00::$2/64" dev eth0
}

cable_addresses() {
	netns_addresses "$1" 1
	netns_addresses "$2" 2
	wait_for netns_run "$1" ping -c 1 -W 1 10.0.0.2 >/dev/null 2>&1
}

# netns_move DEVICE NAME: and call it eth0 there
netns_move() {
	ip link set "$1" netns "$(netns_pid "$2")"
	netns_run "$2" ip link set "$1" name eth0
}

cable_veth() {
	local peer
	# busybox cannot name the peer: its number is the other end's iflink.
	ip link add nkleft type veth || return
	peer=$(grep -lx "$(cat /sys/class/net/nkleft/iflink)" /sys/class/net/*/ifindex) || return
	peer=${peer%/ifindex}
	netns_move "${peer##*/}" "$2"
	netns_move nkleft "$1"
	cable_addresses "$1" "$2"
}

cable_virtio() {
	local left right
	left=$(nic_of 02:00:00:00:00:01) && right=$(nic_of 02:00:00:00:00:02) || return
	netns_move "$left" "$1"
	netns_move "$right" "$2"
	cable_addresses "$1" "$2"
}

nic_of() {
	local file
	for file in /sys/class/net/*/address; do
		[ "$(cat "$file")" = "$1" ] || continue
		file=${file%/address}
		echo "${file##*/}"
		return
	done
	return 1
}
