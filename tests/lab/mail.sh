# shellcheck shell=bash
# mail.sh - certificates, and real mail servers: Postfix and Exim, unpacked and never installed. Sourced after internet.sh.

# --- certificates --------------------------------------------------------------------------------------------------

LAB_PKI=$LAB_DIR/pki
LAB_CA=$LAB_PKI/ca.crt

# lab_ca: the lab's certificate authority, in LAB_CA.
lab_ca() {
	mkdir -p "$LAB_PKI"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=Lab CA" \
		-keyout "$LAB_PKI/ca.key" -out "$LAB_CA" 2>/dev/null || lab_die "no certificate authority"
}

# lab_cert FILE KIND NAME...: $LAB_PKI/FILE.crt, .key and .pem (both) for these DNS names. KIND: good, self-signed, expired.
lab_cert() {
	local file=$LAB_PKI/$1 kind=$2 name names=
	shift 2
	for name in "$@"; do
		names+=${names:+,}DNS:$name
	done
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$file.key" \
		-out "$file.csr" 2>/dev/null &&
		printf '%s\n' "subjectAltName=$names" "basicConstraints=critical,CA:FALSE" >"$file.ext" &&
		case $kind in
		good) lab_sign "$file" -CA "$LAB_CA" -CAkey "$LAB_PKI/ca.key" -CAcreateserial -days 20 ;;
		self-signed) lab_sign "$file" -key "$file.key" -days 20 ;;
		expired) lab_sign_expired "$file" ;;
		esac || lab_die "no certificate $file"
	cat "$file.key" "$file.crt" >"$file.pem"
	chmod 644 "$file.key" "$file.pem"
}

lab_sign() {
	local file=$1
	shift
	[ "$1" = -key ] && set -- -signkey "${@:2}"
	openssl x509 -req -in "$file.csr" -extfile "$file.ext" -out "$file.crt" "$@" 2>/dev/null
}

# Over since yesterday: only `openssl ca` takes dates.
lab_sign_expired() {
	local ca=$1.ca
	mkdir -p "$ca"
	: >"$ca/index"
	echo 01 >"$ca/serial"
	printf '%s\n' "[ca]" "default_ca=d" "[d]" "database=$ca/index" "serial=$ca/serial" "new_certs_dir=$ca" \
		"default_md=sha256" "policy=p" "[p]" "commonName=supplied" >"$ca/conf"
	openssl ca -batch -notext -config "$ca/conf" -cert "$LAB_CA" -keyfile "$LAB_PKI/ca.key" -in "$1.csr" -out "$1.crt" \
		-extfile "$1.ext" -startdate 20200101000000Z -enddate "$(date -u -d yesterday +%Y%m%d%H%M%SZ)" 2>/dev/null
}

# --- Postfix -------------------------------------------------------------------------------------------------------

lab_postfix_users() {
	lab_user "$1" postfix 25001
	lab_user "$1" postdrop 25002
	lab_user "$1" lab-mail 25003
}

# What Postfix's package script would do.
lab_postfix_permissions() {
	local spool=$1/var/spool/postfix
	mkdir -p "$spool"/{active,bounce,corrupt,defer,deferred,flush,hold,incoming,private,saved,trace,maildrop,public,pid}
	chown 25001 "$spool"/{active,bounce,corrupt,defer,deferred,flush,hold,incoming,private,saved,trace} \
		"$1/var/lib/postfix"
	chown 25001:25002 "$spool"/{maildrop,public}
	chmod 700 "$spool"/{active,bounce,corrupt,defer,deferred,flush,hold,incoming,private,saved,trace} \
		"$1/var/lib/postfix"
	chmod 730 "$spool/maildrop"
	chmod 710 "$spool/public"
	chgrp 25002 "$1"/usr/sbin/{postdrop,postqueue}
	chmod 2755 "$1"/usr/sbin/{postdrop,postqueue}
}

# What every Postfix of the lab has in main.cf, unless it is told otherwise.
lab_postfix_main() {
	local -A settings=([compatibility_level]=3.6 [myhostname]=$1.example [mydestination]='' [alias_maps]=''
		[alias_database]='' [maillog_file]=/var/log/mail.log [inet_interfaces]=all [inet_protocols]=all [biff]=no
		[notify_classes]='' [smtpd_peername_lookup]=no [mynetworks]='127.0.0.0/8 [::1]/128'
		[virtual_mailbox_base]=/var/mail/lab [virtual_mailbox_maps]=static:all/ [virtual_mailbox_domains]=''
		[virtual_uid_maps]=static:25003 [virtual_gid_maps]=static:25003 [smtpd_tls_received_header]=yes
		[smtp_tls_loglevel]=1 [smtpd_tls_loglevel]=1)
	local name
	shift
	for name in "$@"; do
		settings[${name%%=*}]=${name#*=}
	done
	for name in "${!settings[@]}"; do
		echo "$name = ${settings[$name]}"
	done
}

# lab_postfix NAME NODE SETTING=VALUE...: a Postfix with these settings of main.cf, listening on port 25 of the node. The
# certificates made so far are in its /etc/lab.
lab_postfix() {
	local name=$1 node=$2 root
	shift 2
	lab_root "$name" postfix
	root=${LAB_ROOT_OF[$name]}
	lab_postfix_users "$name"
	mkdir -p "$root"/var/mail/lab "$root"/var/lib/postfix "$root"/etc/postfix "$root"/etc/lab
	cp "$LAB_PKI"/*.pem "$LAB_CA" "$root/etc/lab/"
	chown 25003:25003 "$root/var/mail/lab"
	lab_postfix_permissions "$root"
	# Debian runs services in a chroot of their own; here a whole root folder is theirs.
	awk '/^[a-z]/ && NF > 7 { $5 = "n" } { print }' "$root/usr/share/postfix/master.cf.dist" >"$root/etc/postfix/master.cf"
	lab_postfix_main "$name" "$@" >"$root/etc/postfix/main.cf"
	# Postfix waits until a file that changed this moment has settled.
	touch -d '1 hour ago' "$root"/etc/postfix/{main,master}.cf
	mkdir -p "$root/var/log"
	: >"$root/var/log/mail.log"
	ln -s "$root/var/log/mail.log" "$LAB_DIR/log/$name"
	lab_root_spawn "$name-master" "$name" "$node" /usr/lib/postfix/sbin/master -d
	lab_until 20 lab_listens "$node" 25 || lab_die "Postfix $name does not listen"
}

# lab_postfix_server NAME NODE CERT DOMAIN...: takes mail for these domains into one mailbox; CERT "" means no STARTTLS.
lab_postfix_server() {
	local name=$1 node=$2 cert=$3
	shift 3
	local tls=()
	[ -z "$cert" ] || tls=(smtpd_tls_security_level=may "smtpd_tls_chain_files=/etc/lab/$cert.pem")
	lab_postfix "$name" "$node" "virtual_mailbox_domains=$*" "${tls[@]}"
}

# lab_sendmail NAME NODE ADDRESS TEXT: hands a mail to that Postfix, as a program on its host does.
lab_sendmail() {
	local name=$1 node=$2 to=$3 text=$4
	printf 'From: alice@lan.example\nTo: %s\nSubject: lab\n\n%s\n' "$to" "$text" |
		lab_root_in "$name" "$node" sendmail -i -f alice@lan.example "$to"
}

# lab_mta_log NAME ADDRESS: what Postfix wrote about its last attempt to deliver to that address: "status=sent (...)".
lab_mta_log() { grep -F "to=<$2>" "$LAB_DIR/log/$1" | tail -n 1 | grep -o 'status=.*'; }
lab_mta_tried() { [ -n "$(lab_mta_log "$1" "$2")" ]; }

# --- Exim ----------------------------------------------------------------------------------------------------------

# lab_exim_server NAME NODE CERT DOMAIN...
lab_exim_server() {
	local name=$1 node=$2 cert=$3 root
	shift 3
	lab_root "$name" exim4-daemon-light
	root=${LAB_ROOT_OF[$name]}
	lab_user "$name" Debian-exim 25004
	mkdir -p "$root"/var/mail/lab "$root"/var/spool/exim4 "$root"/var/log/exim4 "$root"/etc/exim4
	chown 25004:25004 "$root"/var/mail/lab "$root"/var/spool/exim4 "$root"/var/log/exim4
	cp "$LAB_PKI/$cert.crt" "$LAB_PKI/$cert.key" "$root/etc/"
	cat >"$root/etc/exim4/exim4.conf" <<-EOT
		primary_hostname = $name.example
		domainlist mine = $(sed 's/ / : /g' <<<"$*")
		acl_smtp_rcpt = acl_rcpt
		tls_advertise_hosts = *
		tls_certificate = /etc/$cert.crt
		tls_privatekey = /etc/$cert.key
		host_lookup =
		rfc1413_hosts =
		keep_environment =
		message_logs = false
		log_file_path = /var/log/exim4/%slog
		begin acl
		acl_rcpt:
		  accept domains = +mine
		  deny message = not here
		begin routers
		mine:
		  driver = accept
		  domains = +mine
		  transport = maildir
		begin transports
		maildir:
		  driver = appendfile
		  directory = /var/mail/lab/all
		  create_directory
		  maildir_format
		  envelope_to_add
		  user = Debian-exim
		  group = Debian-exim
	EOT
	ln -s "$root/var/log/exim4/mainlog" "$LAB_DIR/log/$name"
	lab_root_spawn "$name-daemon" "$name" "$node" exim4 -bdf -q1h
	lab_until 20 lab_listens "$node" 25 || lab_die "Exim $name does not listen"
}

# lab_exim_client NAME SETTING... [-- OPTION...]: an Exim without a daemon, which delivers each mail at once. Settings
# of its configuration, and behind -- options of its smtp transport. tls_try_verify_hosts is its default: nothing is proved.
lab_exim_client() {
	local name=$1 root settings=()
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		settings+=("$1")
		shift
	done
	[ $# -eq 0 ] || shift
	lab_root "$name" exim4-daemon-light
	root=${LAB_ROOT_OF[$name]}
	lab_user "$name" Debian-exim 25004
	mkdir -p "$root"/var/spool/exim4 "$root"/var/log/exim4 "$root"/etc/exim4
	: >"$root/var/log/exim4/mainlog"
	chown 25004:25004 "$root"/var/spool/exim4 "$root"/var/log/exim4 "$root/var/log/exim4/mainlog"
	{
		printf '%s\n' "primary_hostname = $name.lan.example" "local_interfaces = 127.0.0.1" "keep_environment =" \
			"log_file_path = /var/log/exim4/%slog" "message_logs = false" "${settings[@]}"
		printf '%s\n' "begin routers" "out:" "  driver = dnslookup" "  transport = smtp"
		printf '%s\n' "begin transports" "smtp:" "  driver = smtp"
		[ $# -eq 0 ] || printf '  %s\n' "$@"
		printf '%s\n' "begin retry" "* * F,1h,1m"
	} >"$root/etc/exim4/exim4.conf"
	ln -s "$root/var/log/exim4/mainlog" "$LAB_DIR/log/$name"
}

# --- mailboxes -----------------------------------------------------------------------------------------------------

# lab_mail NAME TEXT: the mail in that server's mailbox that has the text; fails if there is none.
lab_mail() {
	local files
	files=$(grep -rlF -- "$2" "${LAB_ROOT_OF[$1]}/var/mail/lab/all/new" 2>/dev/null | head -n 1)
	[ -n "$files" ] && cat "$files"
}

# lab_mail_count NAME TEXT: how many.
lab_mail_count() { grep -rlF -- "$2" "${LAB_ROOT_OF[$1]}/var/mail/lab/all/new" 2>/dev/null | wc -l; }
