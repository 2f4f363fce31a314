# For guest scripts that record what `sequence generate` does: `. /sequence.sh`. Each CPU's events have numbers that go up
# by one.
#
#   $sequence                  a probe that sees them
#   shown_by_nk FILE           "CPU NUMBER" of each event, in the order of FILE: what nk replay -j said
#   shown_by_trace_cmd FILE    the same of trace-cmd report
#   missing                    how many numbers are missing in such lines between a CPU's first and its last
#   dropped FILE               how many events the kernel itself says that it lost, of what trace-cmd report said
sequence='p:nk/sequence inet_shutdown n=$arg2:u32'

shown_by_nk() { sed -n 's/.*"cpu":\([0-9]*\),.*"n":\([0-9]*\).*/\1 \2/p' "$1"; }
shown_by_trace_cmd() { sed -n 's/.*\[0*\([0-9][0-9]*\)\].*sequence:.* n=\([0-9]*\).*/\1 \2/p' "$1"; }
missing() { awk '($1 in last) { sum += $2 - last[$1] - 1 } { last[$1] = $2 } END { print sum + 0 }'; }
dropped() { awk '/EVENTS DROPPED/ { gsub(/[^0-9 ]/, " "); sum += $2 } END { print sum + 0 }' "$1"; }
