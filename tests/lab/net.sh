# shellcheck shell=bash
# net.sh - nodes (network namespaces), links, addresses, and captures of what passes. Sourced by lib.sh.

lab_ns() { echo "g25-$LAB_ID-$1"; }

# lab_in NODE COMMAND...: runs it there and waits.
lab_in() {
	local ns
	ns=$(lab_ns "$1")
	shift
	ip netns exec "$ns" "$@"
}

# lab_node NAME: a host with nothing but lo. Addresses are usable at once (no duplicate address detection).
lab_node() {
	local ns
	ns=$(lab_ns "$1")
	ip netns add "$ns" || lab_die "no network namespace for $1"
	ip -n "$ns" link set lo up
	lab_sysctl "$1" net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
		net.ipv6.conf.default.accept_ra=0 net.ipv6.conf.default.router_solicitations=0
}

# lab_sysctl NODE KEY=VALUE...
lab_sysctl() {
	local node=$1 pair
	shift
	for pair in "$@"; do
		lab_in "$node" sh -c 'echo "$2" >"/proc/sys/$1"' sh "$(tr . / <<<"${pair%%=*}")" "${pair#*=}" ||
			lab_die "sysctl $pair in $node"
	done
}

# lab_link NODE INTERFACE NODE INTERFACE: a cable, both ends up.
lab_link() {
	local a b
	a=$(lab_ns "$1") b=$(lab_ns "$3")
	ip -n "$a" link add "$2" type veth peer name "$4" netns "$b" || lab_die "no link $1 $3"
	ip -n "$a" link set "$2" up
	ip -n "$b" link set "$4" up
}

# lab_switch NODE INTERFACE: a bridge in that node; lab_plug joins other nodes to it.
lab_switch() {
	local ns
	ns=$(lab_ns "$1")
	ip -n "$ns" link add "$2" type bridge stp_state 0 forward_delay 0 mcast_snooping 0 || lab_die "no bridge in $1"
	ip -n "$ns" link set "$2" up
}

# lab_plug SWITCHNODE BRIDGE NODE INTERFACE
lab_plug() {
	lab_link "$3" "$4" "$1" "p-$3"
	ip -n "$(lab_ns "$1")" link set "p-$3" master "$2" || lab_die "cannot plug $3 into $1"
}

# lab_addr NODE INTERFACE ADDRESS/LEN...
lab_addr() {
	local node=$1 interface=$2 address
	shift 2
	for address in "$@"; do
		case $address in
		*:*) ip -n "$(lab_ns "$node")" address add "$address" dev "$interface" nodad ;;
		*) ip -n "$(lab_ns "$node")" address add "$address" dev "$interface" ;;
		esac || lab_die "no address $address in $node"
	done
}

# lab_route NODE ROUTE...: as for `ip route add`; the family is taken from the first address seen.
lab_route() {
	local node=$1 family=-4
	shift
	case $* in *:*) family=-6 ;; esac
	ip -n "$(lab_ns "$node")" $family route add "$@" || lab_die "no route $* in $node"
}

# lab_router NODE: forwards IPv4 and IPv6.
lab_router() {
	lab_sysctl "$1" net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

# lab_nft NODE TEXT: loads a ruleset text there (standard input with "-").
lab_nft() {
	if [ "$2" = - ]; then lab_in "$1" nft -f -; else lab_in "$1" nft -f - <<<"$2"; fi
}

# lab_listens NODE PORT: whether a TCP socket listens there.
lab_listens() { [ -n "$(lab_in "$1" ss -Hltn "sport = :$2")" ]; }

# --- captures ------------------------------------------------------------------------------------------------------

declare -A LAB_CAPTURE_PID

# lab_capture NAME NODE INTERFACE [FILTER]: to $LAB_DIR/pcap/NAME.pcap, started when this returns. Default: tcp port 25.
# (The ring holds as many packets as their greatest length fits into it: no more length than a veth's largest.)
lab_capture() {
	local name=$1 node=$2 interface=$3 filter=${4:-tcp port 25} log=capture-$1
	: >"$LAB_DIR/log/$log"
	if [ "$LAB_ROOT" = yes ]; then
		lab_spawn "$log" "$node" tcpdump -Z root -n -s 70000 -U --immediate-mode -B 131072 -i "$interface" \
			-w "$LAB_DIR/pcap/$name.pcap" "($filter) or udp port 9"
	else
		lab_spawn "$log" "$node" python3 "$LAB/record.py" "$interface" "$LAB_DIR/pcap/$name.pcap"
	fi
	LAB_CAPTURE_PID[$name]=$LAB_PID
	lab_until 10 lab_log "$log" "listening on" || lab_die "no capture starts in $node"
}

# lab_capture_stop NAME NODE ADDRESS: ends a capture when it has everything: NODE sends a mark to ADDRESS past it, and the
# mark is waited for in the file.
lab_capture_stop() {
	local name=$1 node=$2 address=$3 pid=${LAB_CAPTURE_PID[$1]} mark="end-of-$1-$RANDOM-$RANDOM"
	lab_send_mark() {
		lab_in "$node" python3 - "$address" "$mark" <<-'PY'
			import socket, sys
			family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
			socket.socket(family, socket.SOCK_DGRAM).sendto(sys.argv[2].encode(), (sys.argv[1], 9))
		PY
		grep -qaF "$mark" "$LAB_DIR/pcap/$name.pcap"
	}
	lab_until 10 lab_send_mark || lab_die "the capture $name does not see the end mark"
	lab_kill "$pid" INT
	unset "LAB_CAPTURE_PID[$name]"
	if ! grep -q '^0 packets dropped by kernel' "$LAB_DIR/log/capture-$name"; then
		lab_die "the capture $name lost packets, so that it proves nothing"
	fi
	chmod 644 "$LAB_DIR/pcap/$name.pcap"
}

# wire NAME ARGUMENTS...: judges a finished capture; see wire.py.
wire() {
	local name=$1
	shift
	python3 "$LAB/wire.py" "$LAB_DIR/pcap/$name.pcap" "$@"
}
