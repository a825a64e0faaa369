# shellcheck shell=bash
# web.sh - policy hosts: a real nginx for those that behave, liar.py for those that do not; and the mail servers and the
# gate of dane/servers.sh. Sourced after lib.sh.
#
#   web    198.51.100.31    nginx: a folder and, if need be, a certificate for each policy host     2001:db8:100::31
#   liar   198.51.100.32    what the policy host's own name asks for, see liar.py                   2001:db8:100::32
#          198.51.100.33    nobody
. "$LAB/dane/servers.sh"

LAB_LOGS='gate25 servers nginx liar'
STS_CLOCK=86400 # max_age where a policy does not say another
declare -A STS_SHOWS

# sts_txt NAME [TEXT...]: _mta-sts.NAME.example says so, a record for each TEXT; without, a good one with id 1.
sts_txt() {
	local name=$1 text
	shift
	[ $# -gt 0 ] || set -- "v=STSv1; id=1;"
	for text in "$@"; do
		lab_records "_mta-sts.$name TXT \"$text\""
	done
}

# sts_at NAME N: mta-sts.NAME.example is at 198.51.100.N.
sts_at() { lab_host_records "mta-sts.$1" "$2"; }

# sts_policy MODE [MX...]: the text of a policy. sts_serve NAME: mta-sts.NAME.example serves what is on standard input.
sts_policy() {
	local mode=$1
	shift
	printf 'version: STSv1\r\nmode: %s\r\n' "$mode"
	[ $# -eq 0 ] || printf 'mx: %s\r\n' "$@"
	printf 'max_age: %s\r\n' "$STS_CLOCK"
}
sts_serve() {
	local folder=${LAB_ROOT_OF[web]}/sts/hosts/mta-sts.$1.example/.well-known
	mkdir -p "$folder"
	cat >"$folder/new" && mv "$folder/new" "$folder/mta-sts.txt"
}

# sts_domain NAME MODE MX...: a domain of "example" with these MX hosts' patterns, announced and served by nginx.
sts_domain() {
	local name=$1
	shift
	sts_txt "$name"
	sts_at "$name" 31
	sts_policy "$@" | sts_serve "$name"
}

# sts_shows CERT NAME...: mta-sts.NAME.example has that certificate ($LAB_PKI/CERT.pem), and not "web".
sts_shows() {
	local cert=$1 name
	shift
	for name in "$@"; do
		STS_SHOWS[mta-sts.$name.example]=$cert
	done
}

# sts_chains NAME...: web, for the policy hosts of these names in "example"; good and self (by nobody), chains for their MX
# hosts, mx-NAME.
sts_chains() {
	local domains=("${@/%/.example}")
	lab_ca
	lab_cert web good "${domains[@]/#/mta-sts.}"
	lab_cert good good "${domains[@]/#/mx-}" && lab_chain good
	lab_cert self self-signed "${domains[@]/#/mx-}" && lab_chain self
	chmod 644 "$LAB_PKI"/*.pem
}

# sts_hosts_begin: the nodes, and where policies are put. sts_hosts_start CERT: nginx, when all certificates are made; CERT
# is what a policy host has if nothing else was said. sts_liar_start CERT: the liar.
sts_hosts_begin() {
	lab_server web 31
	lab_server liar 32
	lab_root web nginx-light
	mkdir -p "${LAB_ROOT_OF[web]}"/{sts/hosts,etc/lab,var/log/nginx,var/lib/nginx}
}

sts_nginx_conf() {
	local host
	cat <<-EOT
		daemon off;
		user root;
		worker_processes 1;
		pid /sts/pid;
		error_log /dev/stderr;
		events { }
		http {
			log_format lab "\$host \$status";
			access_log /sts/access lab;
			types { text/plain txt; text/html html; }
			default_type application/octet-stream;
			ssl_session_cache off;
			map \$ssl_server_name \$shown {
				default $1;
				$(for host in "${!STS_SHOWS[@]}"; do echo "$host ${STS_SHOWS[$host]};"; done)
			}
			server {
				listen 198.51.100.31:443 ssl default_server;
				listen [2001:db8:100::31]:443 ssl default_server;
				ssl_certificate /etc/lab/\$shown.pem;
				ssl_certificate_key /etc/lab/\$shown.pem;
				root /sts/hosts/\$host;
			}
			$STS_NGINX
		}
	EOT
}
STS_NGINX=

# sts_nginx_server NAME LINE...: that policy host does something else.
sts_nginx_server() {
	local name=$1
	shift
	STS_NGINX+="server {
		listen 198.51.100.31:443 ssl;
		listen [2001:db8:100::31]:443 ssl;
		server_name mta-sts.$name.example;
		ssl_certificate /etc/lab/\$shown.pem;
		ssl_certificate_key /etc/lab/\$shown.pem;
		root /sts/hosts/\$host;
		$*
	}
"
}

sts_hosts_start() {
	local root=${LAB_ROOT_OF[web]}
	cp "$LAB_PKI"/*.pem "$root/etc/lab/"
	sts_nginx_conf "$1" >"$root/sts/nginx.conf"
	sts_web_start
}

sts_web_start() {
	lab_root_spawn nginx web web nginx -c /sts/nginx.conf
	STS_NGINX_PID=$LAB_PID
	lab_until 10 lab_listens web 443 || lab_die "nginx does not listen"
}
sts_web_stop() { lab_kill "$STS_NGINX_PID"; }

sts_liar_start() {
	lab_spawn liar liar python3 "$LAB/sts/liar.py" "$LAB_PKI/$1.pem" 198.51.100.32 2001:db8:100::32
	lab_until 10 lab_log liar ready || lab_die "the liar does not start"
}

# sts_gate [LINE...]: the gate at level dane with floor may, unless a line has another: what is refused here, nothing but
# MTA-STS refuses. The lab's addresses are special ones, so they have to be permitted.
sts_gate() {
	local lines
	lines=$(printf '%s\n' "$@")
	[[ $lines == *floor* ]] || lines+=$'\nfloor = may'
	[[ $lines == *mta-sts-private* ]] || lines+=$'\nmta-sts-private = {198.51.100.0/24, "2001:db8:100::/64"}'
	[[ $lines == *dnssec* ]] || lines+=$'\ndnssec = trust-ad\ntrusted-resolvers = {'"$LAB_RESOLVER}"
	dane_gate "$lines"
}

# sts_event EVENT KEY=REGEX...: whether the gate's log (json) has such a line.
sts_event() {
	python3 - "$LAB_DIR/log/gate25" "$@" <<-'PY'
		import json, re, sys
		event, wants = sys.argv[2], [want.split("=", 1) for want in sys.argv[3:]]
		for line in open(sys.argv[1], encoding="utf-8", errors="replace"):
		    try:
		        facts = json.loads(line)
		    except ValueError:
		        continue
		    if facts.get("event") == event and all(re.fullmatch(value, str(facts.get(key, ""))) for key, value in wants):
		        sys.exit(0)
		sys.exit(1)
	PY
}

# sts_asked NAME: how often nginx was asked for that policy.
sts_asked() { grep -cF "mta-sts.$1.example " "${LAB_ROOT_OF[web]}/sts/access"; }
