#!/usr/bin/env bash
# Whatever somebody does to the tables is noticed and put back; what is none of ours, and what is our own, is no news. Then
# the self-test: it sees the listener, its absence, and a firewall in between.
# Long: it mostly waits.
. "$(dirname "$0")/../lib.sh"
. "$LAB/netfilter/nf.sh"

nf_net
SPEC=(local forward if=lan0 if=lan1 source=10.25.0.0/16 source=fd25::/16 exempt=203.0.113.10)
mkfifo "$LAB_DIR/stdin"
exec 9<>"$LAB_DIR/stdin"
: >"$LAB_DIR/log/watch"
ip netns exec "$(lab_ns gw)" "$GATE_TOOL" "${SPEC[@]}" watch <"$LAB_DIR/stdin" >>"$LAB_DIR/log/watch" 2>&1 9>&- &
WATCH_PID=$!
lab_until 10 lab_log watch ready || lab_die "no watchdog"
restored() { grep -c '^restored' "$LAB_DIR/log/watch"; }
restored_is() { [ "$(restored)" -ge "$1" ]; }
same "its own installation is no news" 0 "$(grep -c -e restored -e unharmed "$LAB_DIR/log/watch")"

vandalise() { # NAME NFT-COMMAND...
	local name=$1 before
	shift
	before=$(restored)
	lab_in gw nft "$@" || lab_die "nft $*"
	check "$name is put back" lab_until 10 restored_is $((before + 1))
	lab_until 10 gate gw "${SPEC[@]}" verify
	check "and all is as it was after $name" gate gw "${SPEC[@]}" verify
}
vandalise "a flushed ruleset" flush ruleset
vandalise "a deleted table" delete table inet gate25
vandalise "a deleted guard" delete table inet gate25_guard
vandalise "an added rule" insert rule inet gate25_guard judge_forward accept
vandalise "an added chain" add chain inet gate25_guard more
vandalise "an added set" add set inet gate25_guard more '{ type ipv4_addr; }'
vandalise "an added element" add element inet gate25_guard exempt4 '{ 0.0.0.0/1 }'
vandalise "an added port" add element inet gate25 ports '{ 26 }'
vandalise "a flushed set" flush set inet gate25 inside
vandalise "a flushed chain" flush chain inet gate25_guard judge_output
vandalise "a dormant table" add table inet gate25_guard '{ flags dormant; }'
vandalise "a changed policy" 'chain inet gate25_guard forward_guard { policy drop; }'
lab_nft gw 'table inet other { set s { type ipv4_addr; }; chain c { type filter hook input priority 0; counter; }; }'
before=$(restored)
vandalise "the guard, once more," delete table inet gate25_guard
same "another table is no news" $((before + 1)) "$(restored)"
exec 9>&-
check "the watchdog ends" lab_until 10 lab_gone $WATCH_PID
lab_in gw nft delete table inet other
lab_nft gw 'flush ruleset'

lab_needs_root "the self-test" || lab_done
for mode in client gateway; do
	SPEC=(local forward if=lan0 source=10.25.0.0/16 source=fd25::/16 selftest-in)
	[ $mode = gateway ] && SPEC+=(gateway)
	gate gw "${SPEC[@]}" routes
	gate gw "${SPEC[@]}" install
	selftest() { gate gw "${SPEC[@]}" selftest 2>&1; }
	said=$(selftest)
	check "$mode: without a listener it fails" grep -q "^failed: forwarded IPv4 is refused.*local IPv6 is refused" <<<"$said"
	nf_relay $mode
	for filter in 0 1; do
		lab_sysctl gw net.ipv4.conf.{all,default}.rp_filter=$filter
		same "$mode: rp_filter=$filter it reaches" "reached: forwarded IPv4 reaches the listener; forwarded IPv6 reaches the listener; local IPv4 reaches the listener; local IPv6 reaches the listener" "$(selftest)"
	done
	lab_nft gw 'table inet fw { chain incoming { type filter hook input priority 0; policy drop; ct state established accept; }; }'
	said=$(selftest)
	check "$mode: a firewall in between is named" grep -q 'failed: .*no answer.*nft insert rule inet fw incoming' <<<"$said"
	line=$(grep -o 'nft insert rule inet fw incoming [^;]*' <<<"$said" | sort -u)
	while read -r fix; do lab_in gw $fix; done <<<"$line"
	same "$mode: and the lines that it names cure it" reached "$(selftest | cut -d: -f1)"
	lab_in gw nft delete table inet fw
	lab_kill $RELAY_PID
	same "$mode: its interface is gone" "" "$(lab_in gw ip link show gate25selftest 2>/dev/null)"
done
check "without /dev/net/tun it is a warning" eval 'mkdir "$LAB_DIR/dev"; lab_in gw unshare --mount sh -c "mount --bind $LAB_DIR/dev /dev/net &&
	\"\$@\"" - "$GATE_TOOL" forward if=lan0 source=10.25.0.0/16 selftest | grep "^skipped: .*modprobe tun"'
lab_done
