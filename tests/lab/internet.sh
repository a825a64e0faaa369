# shellcheck shell=bash
# internet.sh - the small internet that most lab tests need. Sourced where it is wanted, after lib.sh.
#
#   client --- lan0 gw wan0 --- path ===== dns, and every server that lab_server adds
#
#   client  a host on the LAN          10.25.0.10      2001:db8:25::10     interface eth0
#   gw      the gateway, gate25's      10.25.0.1       2001:db8:25::1      lan0: inside
#                                      192.0.2.2       2001:db8:2::2       wan0: outside
#   path    the internet, a router     192.0.2.1       2001:db8:2::1       gw0: towards the gateway, where wires are judged
#                                      198.51.100.1    2001:db8:100::1     br0: towards the servers
#   dns     name servers               198.51.100.53   2001:db8:100::53    root and zones
#                                      198.51.100.54   2001:db8:100::54    a recursive resolver
#   server N                           198.51.100.N    2001:db8:100::N     interface eth0
#
# Routes lead back to the LAN, so that a server sees the client's own address unless the gateway masquerades.

LAB_RESOLVER=198.51.100.54

lab_internet() {
	lab_node client
	lab_node gw
	lab_node path
	lab_link client eth0 gw lan0
	lab_link gw wan0 path gw0
	lab_switch path br0
	lab_addr client eth0 10.25.0.10/24 2001:db8:25::10/64
	lab_addr gw lan0 10.25.0.1/24 2001:db8:25::1/64
	lab_addr gw wan0 192.0.2.2/24 2001:db8:2::2/64
	lab_addr path gw0 192.0.2.1/24 2001:db8:2::1/64
	lab_addr path br0 198.51.100.1/24 2001:db8:100::1/64
	lab_router gw
	lab_router path
	lab_route client default via 10.25.0.1
	lab_route client default via 2001:db8:25::1
	lab_route gw default via 192.0.2.1
	lab_route gw default via 2001:db8:2::1
	lab_route path 10.25.0.0/24 via 192.0.2.2
	lab_route path 2001:db8:25::/64 via 2001:db8:2::2
	lab_server dns 53
	lab_addr dns eth0 198.51.100.54/24 2001:db8:100::54/64
}

# lab_server NAME N...: a server on the internet with the addresses 198.51.100.N and 2001:db8:100::N of each N.
lab_server() {
	local name=$1 n
	shift
	lab_node "$name"
	lab_plug path br0 "$name" eth0
	for n in "$@"; do
		lab_addr "$name" eth0 "198.51.100.$n/24" "2001:db8:100::$n/64"
	done
	lab_route "$name" default via 198.51.100.1
	lab_route "$name" default via 2001:db8:100::1
}

# --- a root folder of its own for unpacked programs ------------------------------------------------------------------

declare -A LAB_ROOT_OF

# lab_root NAME PACKAGE...: the machine's root folder with the unpacked packages over it, and writable: what is written
# there is forgotten. ${LAB_ROOT_OF[NAME]} is its path.
lab_root() {
	local name=$1 folder=$LAB_DIR/root.$1 package lower=
	shift
	"$LAB/unpack" "$@" >"$LAB_DIR/log/unpack" 2>&1 || lab_die "cannot download and unpack $*"
	mkdir -p "$folder"/{upper,work,root} "$LAB_DIR/tree"
	for package in "$@"; do
		# Overlay refuses layers that lie within one another, so the tree is copied out of the root file system.
		[ -d "$LAB_DIR/tree/$package" ] || cp -a "$LAB_TOP/build/lab/$package" "$LAB_DIR/tree/" || lab_die "no room"
		lower+=$LAB_DIR/tree/$package:
	done
	mount -t overlay -o "lowerdir=$lower/,upperdir=$folder/upper,workdir=$folder/work" "lab-$name" "$folder/root" ||
		lab_die "cannot mount the root folder of $name"
	LAB_ROOT_OF[$name]=$folder/root
	mount --rbind /proc "$folder/root/proc"
	mount --rbind /dev "$folder/root/dev"
	mkdir -p "$folder/root/run" "$folder/root/tmp"
	mount -t tmpfs -o mode=755 tmpfs "$folder/root/run"
	cp "$folder/root/etc/passwd" "$folder/root/etc/group" "$LAB_DIR/" 2>/dev/null
	rm -f "$folder/root/etc/resolv.conf"
	echo "nameserver $LAB_RESOLVER" >"$folder/root/etc/resolv.conf"
	echo "127.0.0.1 localhost" >"$folder/root/etc/hosts"
	echo "hosts: files dns" >"$folder/root/etc/nsswitch.conf"
	printf '%s\n' "passwd: files" "group: files" >>"$folder/root/etc/nsswitch.conf"
	cp /etc/services /etc/protocols "$folder/root/etc/" 2>/dev/null
	echo "$name" >"$folder/root/etc/hostname"
}

# lab_user ROOTNAME USER UID: a user with a group of its own in that root folder.
lab_user() {
	local etc=${LAB_ROOT_OF[$1]}/etc
	grep -q "^$2:" "$etc/group" || echo "$2:x:$3:" >>"$etc/group"
	grep -q "^$2:" "$etc/passwd" || echo "$2:x:$3:$3:lab:/nonexistent:/usr/sbin/nologin" >>"$etc/passwd"
}

# lab_root_in ROOTNAME NODE COMMAND..., lab_root_spawn LOG ROOTNAME NODE COMMAND...: there.
lab_root_in() {
	local root=${LAB_ROOT_OF[$1]} node=$2
	shift 2
	lab_in "$node" chroot "$root" "$@"
}
lab_root_spawn() {
	local log=$1 root=${LAB_ROOT_OF[$2]} node=$3
	shift 3
	lab_spawn "$log" "$node" chroot "$root" "$@"
}

# --- names ---------------------------------------------------------------------------------------------------------

LAB_ZONE=

# lab_records LINE...: lines of the zone "example", before lab_dns starts.
lab_records() {
	local line
	for line in "$@"; do
		LAB_ZONE+="$line"$'\n'
	done
}

# lab_host_records NAME N: addresses of server N.
lab_host_records() { lab_records "$1 A 198.51.100.$2" "$1 AAAA 2001:db8:100::$2"; }

lab_zone_files() {
	cat >"$1/root.zone" <<-EOT
		\$TTL 300
		. SOA ns.example. lab.example. 1 3600 600 86400 60
		. NS ns.example.
		example. NS ns.example.
		ns.example. A 198.51.100.53
		ns.example. AAAA 2001:db8:100::53
	EOT
	cat >"$1/example.zone" <<-EOT
		\$ORIGIN example.
		\$TTL 300
		@ SOA ns lab 1 3600 600 86400 60
		@ NS ns
		ns A 198.51.100.53
		ns AAAA 2001:db8:100::53
		$LAB_ZONE
	EOT
}

lab_hints() { printf '%s\n' ". 300 NS ns.example." "ns.example. 300 A 198.51.100.53"; }

# lab_nsd_conf NAME: the section "server", but for addresses, of an NSD whose files are in /dns of its root folder.
lab_nsd_conf() {
	cat <<-EOT
		remote-control:
			control-enable: no
		server:
			username: ""
			database: ""
			pidfile: "/dns/$1.pid"
			zonesdir: "/dns"
			zonelistfile: "/dns/$1.list"
			xfrdfile: "/dns/$1.state"
			server-count: 1
	EOT
}

# lab_unbound_conf NAME MODULES: likewise, of an Unbound.
lab_unbound_conf() {
	cat <<-EOT
		remote-control:
			control-enable: no
		server:
			access-control: 0.0.0.0/0 allow
			access-control: ::/0 allow
			chroot: ""
			username: ""
			directory: "/dns"
			pidfile: "/dns/$1.pid"
			use-syslog: no
			root-hints: "/dns/hints"
			module-config: "$2"
			do-daemonize: no
			cache-max-ttl: 300
	EOT
}

lab_dns_conf() {
	{
		lab_nsd_conf nsd
		printf '\tip-address: %s\n' 198.51.100.53 2001:db8:100::53
		printf 'zone:\n\tname: "%s"\n\tzonefile: "%s"\n' . root.zone example example.zone
	} >"$1/nsd.conf"
	{
		lab_unbound_conf unbound iterator
		printf '\tinterface: %s\n' "$LAB_RESOLVER" 2001:db8:100::54
	} >"$1/unbound.conf"
}

# lab_dns: NSD with the lab's root and zones, and Unbound over it, both in the node dns. A test without root ends here.
lab_dns() {
	lab_needs_root "what needs name servers and gate25's users" || lab_done
	local root
	lab_root dns nsd unbound
	root=${LAB_ROOT_OF[dns]}
	mkdir "$root/dns"
	lab_zone_files "$root/dns"
	lab_hints >"$root/dns/hints"
	lab_dns_conf "$root/dns"
	lab_root_spawn nsd dns dns nsd -d -c /dns/nsd.conf
	lab_root_spawn unbound dns dns unbound -d -c /dns/unbound.conf
	lab_until 20 lab_resolves ns.example || lab_die "the resolver does not answer"
}

# lab_resolves NAME [RESOLVER NODE]: whether the resolver, asked by the client or from there, gives an IPv4 address.
lab_resolves() {
	lab_in "${3:-client}" python3 - "${2:-$LAB_RESOLVER}" "$1" <<-'PY'
		import socket, sys
		name = b"".join(bytes([len(l)]) + l.encode() for l in sys.argv[2].split(".")) + b"\0"
		sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		sock.settimeout(2)
		sock.sendto(b"ab\1\0\0\1\0\0\0\0\0\0" + name + b"\0\1\0\1", (sys.argv[1], 53))
		answer = sock.recv(4096)
		sys.exit(0 if answer[3] & 15 == 0 and answer[6:8] != b"\0\0" else 1)
	PY
}

# --- the path ------------------------------------------------------------------------------------------------------

# lab_strip HOW ADDRESS...: from now on a middlebox on the path meddles with SMTP to these addresses; see stripper.py.
lab_strip() {
	local how=$1 rules="" address
	shift
	for address in "$@"; do
		case $address in
		*:*) rules+="iifname gw0 ip6 daddr $address tcp dport 25 redirect to :2525;" ;;
		*) rules+="iifname gw0 ip daddr $address tcp dport 25 redirect to :2525;" ;;
		esac
	done
	lab_spawn stripper path python3 "$LAB/stripper.py" --how "$how" --listen 192.0.2.1 --listen 2001:db8:2::1
	lab_until 10 lab_log stripper ready || lab_die "the stripper does not start"
	lab_nft path "table inet stripper { chain pre { type nat hook prerouting priority dstnat; $rules }; }" ||
		lab_die "no redirect to the stripper"
}
