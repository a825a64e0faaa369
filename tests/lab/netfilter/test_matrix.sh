#!/usr/bin/env bash
# tproxy with the client's address kept, over IPv4 and IPv6, with and without masquerading, under each reverse path
# filter, a hairpin each time; the rules loaded once as nft text and once by libnftnl. Without the gate the same client
# reaches the same server in clear, so that a leak would be seen.
. "$(dirname "$0")/../lib.sh"
. "$LAB/netfilter/nf.sh"
lab_needs_root "the matrix" || lab_done

nf_net
nf_server server 25 server
nf_server mx 25 mx
SPEC=(forward if=lan0 if=lan1 source=10.25.0.0/16 source=fd25::/16)

# The operator's own rules: mail to the gateway's public address goes to the server inside, and masquerading where asked.
operator() {
	lab_nft gw "table inet operator
	flush table inet operator
	table inet operator {
		chain to_mx {
			type nat hook prerouting priority -100;
			ip daddr 203.0.113.1 tcp dport 25 dnat ip to 10.25.1.2
			ip6 daddr 2001:db8:9::1 tcp dport 25 dnat ip6 to fd25:1::2
		}
		chain way_out {
			type nat hook postrouting priority 100;
			$1
		}
	}"
}

operator ""
for to in 203.0.113.9 2001:db8:9::9; do
	check "without the gate, clear text reaches $to" nf_talk client $to 25 clear
done
same "and is seen there" 2 "$(nf_got server "b'clear'")"

nf_relay client
check "policy routes are made" gate gw "${SPEC[@]}" routes
check "and made again" gate gw "${SPEC[@]}" routes
for how in text libnftnl; do
	if [ $how = text ]; then
		gate gw "${SPEC[@]}" text >"$LAB_DIR/rules.nft"
		check "the rules load as nft text" lab_nft gw - <"$LAB_DIR/rules.nft"
	else
		lab_in gw nft delete table inet gate25
		lab_in gw nft delete table inet gate25_guard
		check "the rules load by libnftnl" gate gw "${SPEC[@]}" install
	fi
	for masquerade in "" 'oifname "wan0" masquerade'; do
		operator "$masquerade"
		for filter in 0 1 2; do
			for mark in 0 1; do
				lab_sysctl gw net.ipv4.conf.{all,default,lan0,lan1,wan0}.rp_filter=$filter \
					net.ipv4.conf.{all,lan0,lan1,wan0}.src_valid_mark=$mark
				case="$how rp_filter=$filter src_valid_mark=$mark ${masquerade:+masquerade}"
				same "IPv4 $case" "$([ -n "$masquerade" ] && echo 203.0.113.1 || echo 10.25.0.2)" \
					"$(nf_talk client 203.0.113.9 2>&1)"
				same "IPv6 $case" "$([ -n "$masquerade" ] && echo 2001:db8:9::1 || echo fd25::2)" \
					"$(nf_talk client 2001:db8:9::9 2>&1)"
				same "IPv4 hairpin $case" 10.25.0.2 "$(nf_talk client 203.0.113.1 2>&1)"
				same "IPv6 hairpin $case" fd25::2 "$(nf_talk client 2001:db8:9::1 2>&1)"
			done
		done
	done
done
same "every connection to the server went through the relay" 0 "$(nf_got server "b'hello'")"
same "as many as were made" 48 "$(nf_got server "b'GATED hello'")"
same "no hairpin did" 48 "$(nf_got mx "b'hello'")"
check "inbound mail reaches the server inside" nf_talk server 203.0.113.1
check "other ports are left alone" eval 'nf_server server 2525 other && nf_talk client 203.0.113.9 2525 | grep -q .'
check "routes go" gate gw "${SPEC[@]}" no-routes
check "and go again" gate gw "${SPEC[@]}" no-routes
lab_done
