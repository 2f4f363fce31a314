# For guest scripts that run nk: `. /session.sh` after `. /guest.sh`. nk, the workload and /probes.d are there.
#
#   nk_start ARGS...   starts nk in the background, waits until it traces; its output is in $work/{stdout,stderr}
#   nk_launch ARGS...  the same, and does not wait
#   nk_stop SIGNAL     ends it so and waits; its exit status is in $status
#   nk_wait            waits only
#   nk_run ARGS...     runs nk until it ends; the same
#   was_missed         the last one was incomplete for hits that the kernel missed, and for nothing else
#   $PROBES            the 24 probes
#   state_save         what of tracing could be left changed, by nk or by anyone
#   state_kept NAME    passes where it is the same again
#   cpus_are_absent    passes where there are CPUs that could be there and are not, as `boot -s M -a maxcpus=N` makes them
export NK_PROBES_PATH=/probes.d

PROBES='tcp_connect tcp_accept tcp_close tcp_sendmsg tcp_recvmsg udp_sendmsg udp_recvmsg inet_csk_accept
	inet_csk_listen_start ip_queue_xmit icmp_send sock_recvmsg sock_sendmsg dev_queue_xmit netif_receive_skb
	skb_clone ip_rcv ip_output inet_bind inet_release tcp_v4_do_rcv tcp_v6_connect tcp_v6_rcv __dev_queue_xmit'

work=/tmp/nk-test
mkdir -p $work
# The kernel lets its own buffer grow when anybody enables anything for the first time; it does so now.
echo 1408 >$tracing/buffer_size_kb

# An instance is on when it is made, before nk turns it off, defines, enables and turns it on again.
armed() {
	local dir
	kill -0 "$nk_pid" 2>/dev/null || return 0
	for dir in $tracing/instances/nk-*; do
		[ -n "$(cat "$dir/set_event" 2>/dev/null)" ] && [ "$(cat "$dir/tracing_on" 2>/dev/null)" = 1 ] && return
	done
	return 1
}

# A shell without job control lets what it puts in the background ignore SIGINT, and nk with it: so a
# daemon's foreground it is.
in_foreground='rm -f $0/status
	sh -c '"'"'echo $$ >"$0/pid"; exec nk "$@"'"'"' "$0" "$@" >"$0/stdout" 2>"$0/stderr" </dev/null
	echo $? >$0/status.new; mv $0/status.new $0/status'

nk_launch() {
	rm -f $work/pid $work/status
	start-stop-daemon -S -b -x /bin/sh -- -c "$in_foreground" $work "$@"
	wait_for test -s $work/pid
	nk_pid=$(cat $work/pid)
}

nk_start() {
	nk_launch "$@"
	wait_for armed
	kill -0 "$nk_pid" 2>/dev/null
}

# Of nk's processes the broker is the parent.
worker() { ps -o pid,ppid,comm | awk -v p="$nk_pid" '$2 == p { print $1 }' | head -n 1; }
has_worker() { [ -n "$(worker)" ]; }

nk_wait() {
	local tries=0
	# Undoing takes its time where many share the machine.
	until wait_for test -e $work/status; do
		tries=$((tries + 1))
		[ $tries -lt 6 ] || { status=none; return 1; }
	done
	status=$(cat $work/status)
}

nk_stop() {
	kill "-$1" "$nk_pid"
	nk_wait
}

nk_run() {
	status=0
	nk "$@" >$work/stdout 2>$work/stderr </dev/null || status=$?
}

# A hit that falls into the handling of another one on the same CPU is missed by the kernel, which counts it; nk says
# so, live and of a recording, and is incomplete. Such a run proves nothing about values: again.
was_missed() {
	[ "$status" = 3 ] && ! grep -qE 'differ by|could not be read$|: [1-9][0-9]* overrun$' $work/stderr &&
		grep -qE '^nk: warning: [1-9][0-9]* missed until|, 0 lost, [1-9]|^nk: [^ ]+( +[0-9-]+){4} +[1-9]' $work/stderr
}

# Nor one in which the kernel's reader passed over records, see "Records passed over" in nk(1): nk says so. It takes a
# virtual CPU that is stopped between two instructions; more than twice in a machine's life would be something else.
passed_over=0
was_passed_over() {
	[ "$status" = 3 ] && grep -q ' were recorded and could not be read$' $work/stderr &&
		! grep -q ': [1-9][0-9]* overrun$' $work/stderr || return 1
	passed_over=$((passed_over + 1))
	[ $passed_over -le 2 ]
}

was_incomplete() { was_missed || was_passed_over; }

state() {
	local file
	for file in kprobe_events uprobe_events dynamic_events set_event set_event_pid current_tracer tracing_on \
		buffer_size_kb trace_clock events/enable; do
		echo "== $file"
		cat $tracing/$file 2>/dev/null
	done
	echo '== instances'
	ls $tracing/instances
	echo '== events'
	ls $tracing/events/nk 2>/dev/null
	echo '== processes'
	ps -o comm | grep -c '^nk$'
	echo '== files'
	ls -A /run/nk 2>/dev/null | grep -vx lock
}

state_save() { state >$work/before; }

state_kept() {
	state >$work/after
	if cmp -s $work/before $work/after; then
		pass "$1"
	else
		fail "$1" "left behind: $(diff $work/before $work/after | grep '^[-+][^-+]' | tr '\n' ' ')"
	fi
}

# An instance has a directory of each of them, and no ring buffer.
cpus_are_absent() {
	local listed
	listed=$(ls $tracing/per_cpu | wc -l)
	[ "$listed" -gt "$(nproc)" ] && pass 'CPUs are absent' || skip 'CPUs are absent' "all $listed are there"
}

# quick_sets DIR: sets of probes, and a kernel that nk is quick to learn about: all its symbols and its BTF take seconds
# to be read here. conn and data are different; both has a probe of each, with the same body.
quick_sets() {
	local function register='%di'
	[ "$(uname -m)" = x86_64 ] || register='%x0'
	mkdir -p "$1" /tmp/empty
	grep -E ' [tT] (tcp_connect|tcp_close|tcp_sendmsg|tcp_recvmsg|udp_sendmsg|udp_recvmsg)$' /proc/kallsyms >/tmp/kallsyms
	mount --bind /tmp/kallsyms /proc/kallsyms
	[ ! -d /sys/kernel/btf ] || mount --bind /tmp/empty /sys/kernel/btf
	line() { echo "p:nk/q_$1 $1 first=$register"; }
	for function in tcp_connect tcp_close; do line $function; done >"$1/conn.probes"
	for function in tcp_sendmsg tcp_recvmsg udp_sendmsg udp_recvmsg; do line $function; done >"$1/data.probes"
	for function in tcp_connect udp_sendmsg; do line $function; done >"$1/both.probes"
}
