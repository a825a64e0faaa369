#!/usr/bin/env bash
# What `gate_tool text` prints is what nft lists of what libnftnl installed, and loading the text gives the same tables;
# thousands of overlapping exempt prefixes are all in the kernel, and packets at the edges of their ranges prove it.
. "$(dirname "$0")/../lib.sh"
. "$LAB/netfilter/nf.sh"

nf_net
lab_in gw nft flush ruleset
python3 - >"$LAB_DIR/many" <<'PY'
import random
random.seed(25)
for i in range(5000):
    bits = random.randint(9, 32)
    addr = random.randint(11 << 24, 99 << 24) >> (32 - bits) << (32 - bits)
    print("%d.%d.%d.%d/%d" % (addr >> 24, addr >> 16 & 255, addr >> 8 & 255, addr & 255, bits))
for i in range(1000):
    bits = random.randint(20, 128)
    addr = (0x2002 << 112 | random.getrandbits(112)) >> (128 - bits) << (128 - bits)
    import ipaddress
    print("%s/%d" % (ipaddress.IPv6Address(addr), bits))
PY

plain() { tr -s ' \t\n' ' '; }

listing() { # NAME SPEC...
	local name=$1
	shift
	check "$name installs" gate gw "$@" install
	check "$name verifies" gate gw "$@" verify
	gate gw "$@" text >"$LAB_DIR/ours"
	lab_in gw nft -s list ruleset >"$LAB_DIR/nfts"
	check "$name is listed by nft as we print it" cmp <(plain <"$LAB_DIR/ours") <(plain <"$LAB_DIR/nfts")
	lab_in gw nft flush ruleset
	check "$name is missed once it is flushed" ! gate gw "$@" verify
	check "the text of $name loads" lab_nft gw - <"$LAB_DIR/ours"
	lab_in gw nft -s list ruleset >"$LAB_DIR/again"
	check "and gives the same tables" cmp "$LAB_DIR/nfts" "$LAB_DIR/again"
	check "the guard of $name alone" gate gw "$@" guard
	gate gw "$@" close
	gate gw "$@" text-guard >"$LAB_DIR/ours"
	lab_in gw nft -s list ruleset >"$LAB_DIR/nfts"
	check "is listed so too" cmp <(plain <"$LAB_DIR/ours") <(plain <"$LAB_DIR/nfts")
	check "$name goes" gate gw "$@" open
	check "$name goes again" gate gw "$@" open
	same "nothing of $name is left" "" "$(lab_in gw nft list ruleset)"
}

FORWARD=(forward if=lan0 source=10.25.0.0/16 source=fd25::/16)
listing "local scope" local
listing "a sidecar" local by-uid-alone
listing "forward scope" "${FORWARD[@]}"
listing "forward scope with the gateway's address" "${FORWARD[@]}" gateway
listing "both with exemptions" local "${FORWARD[@]}" exempt=10.1.0.0/16 exempt=10.1.2.0/24 exempt=ff00::/8 \
	exempt=255.255.255.255 exempt-source=10.25.0.9 exempt-source=fd25::9 exempt-uid=7 exempt-uid=300 port=25 port=26
listing "a fence" local "${FORWARD[@]}" fence
listing "everything" local "${FORWARD[@]}" source=0.0.0.0/0 source=::/0 exempt=0.0.0.0/0 exempt=::/0 selftest-in
listing "six thousand prefixes" local "${FORWARD[@]}" "exempt=@$LAB_DIR/many" "exempt-source=@$LAB_DIR/many"

check "capabilities NET_ADMIN and NET_RAW are enough" lab_in gw setpriv --bounding-set=-all,+net_admin,+net_raw \
	--inh-caps=-all,+net_admin,+net_raw "$GATE_TOOL" local "${FORWARD[@]}" "exempt=@$LAB_DIR/many" install
gate gw open
check "without them a sentence says so" eval \
	'! lab_in gw setpriv --reuid 1234 --clear-groups "$GATE_TOOL" local install 2>&1 >/dev/null | tee /dev/stderr | grep -v CAP_NET_ADMIN'

# The server answers for every address; what is exempt reaches it as it is, the rest through the relay.
lab_needs_root "packets at the edges of exempt ranges" || lab_done
for net in 8.0.0.0/5 16.0.0.0/4 32.0.0.0/3 64.0.0.0/2; do lab_in server ip route add local $net dev lo; done
lab_in server ip route add 10.25.0.0/24 via 203.0.113.1 2>/dev/null
nf_server server 25 server
nf_relay client
SPEC=("${FORWARD[@]}" "exempt=@$LAB_DIR/many")
check "routes" gate gw "${SPEC[@]}" routes
check "rules" gate gw "${SPEC[@]}" install
cat >"$LAB_DIR/edges.py" <<'PY'
import ipaddress, random, socket, sys
nets = [ipaddress.ip_network(line.strip()) for line in open(sys.argv[1])]
nets = list(ipaddress.collapse_addresses(n for n in nets if n.version == 4))
random.seed(1)
wrong = exempt = gated = 0
for net in random.sample(nets, 60):
    for addr in (net[0], net[-1], net[0] - 1, net[-1] + 1):
        s = socket.create_connection((str(addr), 25), 4)
        s.sendall(b"edge %s" % str(addr).encode())
        s.shutdown(socket.SHUT_WR)
        while s.recv(100): pass
        print("E" if any(addr in n for n in nets) else "G", addr)
PY
lab_in client timeout 120 python3 "$LAB_DIR/edges.py" "$LAB_DIR/many" >"$LAB_DIR/expected"
same "240 addresses were dialled" 240 "$(wc -l <"$LAB_DIR/expected")"
awk '{ print ($1 == "E" ? "" : "GATED ") "edge " $2 }' "$LAB_DIR/expected" | sort >"$LAB_DIR/want"
sed -n "s/^got [0-9]* octets b'\(.*\)' from.*/\1/p" "$LAB_DIR/log/server" | sort >"$LAB_DIR/have"
check "each went the way it should" diff "$LAB_DIR/want" "$LAB_DIR/have"
check "both ways were taken" eval 'grep -q "^GATED" "$LAB_DIR/have" && grep -q "^edge" "$LAB_DIR/have"'
lab_done
