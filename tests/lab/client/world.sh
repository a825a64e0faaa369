# shellcheck shell=bash
# world.sh - real mail clients behind the gate, each on a network of its own: Postfix in the node client, Exim with the
# configuration that it comes with in the node exim, and programs in the node app. A mail server with TLSA records, in a
# signed zone, at one address for each of them. Sourced after lib.sh.
. "$LAB/internet.sh"
. "$LAB/dnssec.sh"
. "$LAB/mail.sh"
. "$LAB/gate.sh"
. "$LAB/dane/chains.sh"

LAB_GATE_SCOPE="scope = {forward, local}
interfaces = {lan0, lan1, lan2}
sources = {10.25.0.0/24, 10.26.0.0/24, 10.27.0.0/24, \"2001:db8:25::/64\", \"2001:db8:26::/64\", \"2001:db8:27::/64\"}"
CLIENT_DOMAINS="may.example encrypt.example dane.example exim.example app.example"

# client_lan NODE N: a node of its own behind the gateway, with the addresses 10.N.0.10 and 2001:db8:N::10.
client_lan() {
	local node=$1 n=$2 card=lan$(($2 - 25))
	lab_node "$node"
	lab_link "$node" eth0 gw "$card"
	lab_addr "$node" eth0 "10.$n.0.10/24" "2001:db8:$n::10/64"
	lab_addr gw "$card" "10.$n.0.1/24" "2001:db8:$n::1/64"
	lab_route "$node" default via "10.$n.0.1"
	lab_route "$node" default via "2001:db8:$n::1"
	lab_route path "10.$n.0.0/24" via 192.0.2.2
	lab_route path "2001:db8:$n::/64" via 2001:db8:2::2
}

client_world() {
	local domain n=11 names=()
	lab_internet
	client_lan exim 26
	client_lan app 27
	lab_ca
	for domain in $CLIENT_DOMAINS; do
		names+=("mx-$domain")
	done
	lab_cert mx good "${names[@]}"
	for domain in $CLIENT_DOMAINS; do
		lab_host_records "mx-${domain%.example}" $n
		lab_records "${domain%.example} MX 10 mx-${domain%.example}" \
			"_25._tcp.mx-${domain%.example} TLSA $(tlsa 3 1 1 mx)"
		n=$((n + 1))
	done
	lab_server servers 11 12 13 14 15
	lab_dns_signed
	# shellcheck disable=SC2086
	lab_postfix_server mx servers mx $CLIENT_DOMAINS
}

# trusts_resolver ROOTNAME: its programs believe the AD bit of the resolver, which validates.
trusts_resolver() { printf '%s\n' "nameserver $LAB_RESOLVER" "options trust-ad" >"${LAB_ROOT_OF[$1]}/etc/resolv.conf"; }

# client_postfix: at may; at encrypt and dane for the domains of these names.
client_postfix() {
	lab_postfix alice client smtp_tls_security_level=may smtp_dns_support_level=dnssec inet_interfaces=loopback-only \
		smtp_tls_policy_maps="inline:{encrypt.example=encrypt, dane.example=dane}" inet_protocols=ipv4
	trusts_resolver alice
	lab_root_in alice client postfix reload >/dev/null 2>&1
}

# client_exim: the configuration that Exim's authors give along, as it is; only its own name and where it logs are told.
client_exim() {
	local root
	lab_root exim exim4-daemon-light
	root=${LAB_ROOT_OF[exim]}
	lab_user exim Debian-exim 25004
	mkdir -p "$root"/var/spool/exim4 "$root"/var/log/exim4 "$root"/etc/exim4
	chown 25004:25004 "$root"/var/spool/exim4 "$root"/var/log/exim4
	{
		printf '%s\n' "primary_hostname = exim.lan.example" "keep_environment =" "log_file_path = /var/log/exim4/%slog" \
			"message_logs = false"
		cat "$root/usr/share/doc/exim4-base/examples/example.conf"
	} >"$root/etc/exim4/exim4.conf"
	: >"$root/var/log/exim4/mainlog"
	: >"$root/etc/aliases"
	chown 25004:25004 "$root/var/log/exim4/mainlog"
	ln -s "$root/var/log/exim4/mainlog" "$LAB_DIR/log/exim"
	trusts_resolver exim
}

# exim_send TEXT: one mail, and one try.
exim_send() {
	printf 'From: alice@lan.example\nTo: user@exim.example\nSubject: lab\n\n%s\n' "$1" |
		lab_root_in exim exim exim4 -odf -f alice@lan.example user@exim.example >>"$LAB_DIR/log/exim-send" 2>&1
}

# gate_reload CONFIGURATION: returns when it is in force.
gate_reload() {
	local before
	lab_gate_conf "$1"
	before=$(grep -cE 'gate25: reload ' "$LAB_DIR/log/gate25")
	kill -HUP "$LAB_GATE_PID"
	gate_reloaded() { [ "$(grep -cE 'gate25: reload ' "$LAB_DIR/log/gate25")" -gt "$before" ]; }
	lab_until 20 gate_reloaded || lab_die "no reload"
}

gate_logged() { grep -qE -- "$1" "$LAB_DIR/log/gate25"; }
gate_status() { lab_in gw "$LAB_GATE" status; }
