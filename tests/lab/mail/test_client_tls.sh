#!/usr/bin/env bash
# Clients that speak TLS to the gate (client-tls = terminate): Postfix at `may` and at `encrypt`, Exim, smtplib's starttls;
# what stands in clear where TLS should begin; the certificate, and its change at a reload.
. "$(dirname "$0")/fakes.sh"

fake_internet 4
for n in 1 2 3 4; do fake_start; done
mails() { find "$LAB_DIR/mail" -type f -exec grep -lF -- "$1" {} + 2>/dev/null | wc -l; }
mails_are() { [ "$(mails "$1")" -eq "$2" ]; }
talk() { lab_in client python3 "$LAB/mail/talk.py" 198.51.100.101 "$@" >"$LAB_DIR/log/talk" 2>&1; }
said() { grep -qE -- "$1" "$LAB_DIR/log/talk"; }
logged() { grep -qE -- "$1" "$LAB_DIR/log/gate25"; }

# --- programs ------------------------------------------------------------------------------------------------------

lab_postfix alice client smtp_tls_security_level=may smtp_tls_policy_maps=inline:{c2.example=encrypt} \
	inet_interfaces=loopback-only

lab_exim_client exim "log_selector = +tls_cipher +smtp_confirmation" -- "hosts_require_tls = *"
exim_send() {
	printf 'From: alice@lan.example\nTo: user@c3.example\nSubject: lab\n\ncanary-exim\n' |
		lab_root_in exim client exim4 -odf -f alice@lan.example user@c3.example
}

lab_gate_conf "client-tls = terminate"
lab_gate_start
lab_capture lan client eth0
lab_capture out path gw0

lab_sendmail alice client user@c1.example canary-may
lab_sendmail alice client user@c2.example canary-encrypt
check "Postfix at may: its mail is there" lab_until 30 mails_are canary-may 1
check "Postfix at encrypt: its mail is there" lab_until 30 mails_are canary-encrypt 1
check "Postfix took the gate's TLS" grep -qE 'TLS connection established to mx.c2.example.*TLSv1\.3' "$LAB_DIR/log/alice"
exim_send >"$LAB_DIR/log/exim-send" 2>&1
check "Exim, which must have TLS: its mail is there" lab_until 20 mails_are canary-exim 1 ||
	note "$(tail -n 5 "$LAB_DIR/log/exim")"
check "Exim took the gate's TLS" grep -qE 'X=TLS1\.3' "$LAB_DIR/log/exim"
FAKES=4
fake_send client 198.51.100.104 --starttls mx.c4.example --text canary-smtplib
same "smtplib's starttls" 0 $SENT || note "$(tail -n 5 "$LAB_DIR/log/send-4")"

lab_capture_stop lan client 198.51.100.1
lab_capture_stop out gw 198.51.100.1
canaries=(--canary canary-may --canary canary-encrypt --canary canary-exim --canary canary-smtplib)
check "nothing of a mail is in clear on the LAN" wire lan --some --tls --no-leak "${canaries[@]}"
check "nor on the way to the servers" wire out --some --tls --no-leak "${canaries[@]}"
check "the log tells of the client's TLS" logged 'session-end .*client-tls=TLSv1\.3 .*messages=1'

# --- the client's TLS is its own affair ----------------------------------------------------------------------------

FAKES=1
fake_send client 198.51.100.101 --text canary-clear
same "a client in clear is served as before" 0 $SENT
check "and the log says nothing of TLS with it" logged 'session-end session=[0-9a-f]+ client=[^ ]+ destination=[^ ]+ domain=c1'
check "TLS 1.2 will do" talk --starttls --max 1.2 QUIT
check "and is used" said '^tls TLSv1\.2 '
talk --starttls --max 1.1
same "TLS 1.1 will not" 3 $?
check "which the log says" lab_until 5 logged 'end=client-tls .*no version of TLS that is new enough'

# --- what stands in clear where TLS should begin -------------------------------------------------------------------

talk --starttls --behind 'EHLO evil.lan.example\r\nMAIL FROM:<evil@lan.example>\r\n'
check "commands behind STARTTLS in one piece end the session" said '^< 421 4\.7\.0 data in clear behind STARTTLS'
check "without an answer" ! said 'evil'
talk --starttls --instead 'EHLO evil.lan.example\r\nMAIL FROM:<evil@lan.example>\r\n'
check "commands in place of the handshake are not answered" ! said '^< 250 2'
check "the log says what came" lab_until 5 logged 'end=client-tls .*the client sent something that is not TLS'
talk EHLO\ c.lan 'MAIL FROM:<a@lan.example>' STARTTLS
check "no STARTTLS within a transaction" said '^< 503 5\.5\.1'
talk STARTTLS
check "nor before EHLO" said '^< 503 5\.5\.1'

# --- the certificate -----------------------------------------------------------------------------------------------

talk --starttls QUIT
check "it is one that nobody has to believe" said '^tls TLSv1\.3 subject DNS:gate25\.invalid$'

# the_print: of the certificate that clients are shown.
the_print() {
	lab_in client openssl s_client -connect 198.51.100.101:25 -starttls smtp </dev/null 2>/dev/null |
		openssl x509 -noout -fingerprint -sha256
}
print=$(the_print)
check "it can be looked at" [ -n "$print" ]
worker_of() { for pid in $(pgrep -P "$LAB_GATE_PID"); do grep -qz worker "/proc/$pid/cmdline" && echo "$pid"; done; }
kill -KILL "$(worker_of)"
check "a worker dies" lab_until 10 logged 'role-ended .*role=worker'
check "and the next one has the certificate of its forerunner" lab_until 20 eval '[ "$(the_print)" = "$print" ]'

lab_cert own good gate.lan.example
lab_cert other good gate.lan.example
lab_cert old expired gate.lan.example
conf() { lab_gate_conf "client-tls = terminate
	client-tls-certificate = \"$LAB_PKI/$1.crt\"
	client-tls-key = \"$LAB_PKI/$2.key\""; }
reload() {
	local before
	before=$(grep -cE 'gate25: reload ' "$LAB_DIR/log/gate25")
	kill -HUP "$LAB_GATE_PID"
	reloaded() { [ "$(grep -cE 'gate25: reload ' "$LAB_DIR/log/gate25")" -gt "$before" ]; }
	lab_until 10 reloaded
}
shows() { talk --starttls QUIT; said "subject DNS:$1\$"; }

conf own own
check "check takes the operator's" lab_in gw "$LAB_GATE" check --config "$LAB_DIR/gate25.conf"
reload
check "and a reload puts it in force" lab_until 10 shows gate.lan.example
conf own other
lab_in gw "$LAB_GATE" check --config "$LAB_DIR/gate25.conf" >"$LAB_DIR/log/check" 2>&1
same "a key of another certificate is an error" 2 $?
check "in one sentence" grep -qE 'error: The key in client-tls-key .*/other\.key is not that of the first certificate' "$LAB_DIR/log/check"
reload
check "a reload refuses it" logged 'reload .*refused'
check "and the old one stays" shows gate.lan.example
conf old old
check "one out of date is a warning" lab_in gw sh -c "'$LAB_GATE' check --config '$LAB_DIR/gate25.conf' 2>&1 |
	grep -E 'warning: client-tls-certificate .*old\.crt has expired'"
chmod 644 "$LAB_PKI/own.key"
conf own own
check "and a key that everybody may read" lab_in gw sh -c "'$LAB_GATE' check --config '$LAB_DIR/gate25.conf' 2>&1 |
	grep -E 'warning: client-tls-key .*own\.key is open to everybody'"
chmod 600 "$LAB_PKI/own.key"
chown 12345:12345 "$LAB_PKI/own.key"
lab_in gw "$LAB_GATE" check --config "$LAB_DIR/gate25.conf" >"$LAB_DIR/log/check" 2>&1
same "a key that is another user's is an error" 2 $?
check "which says why" grep -q 'must be readable by root as its owner or its group' "$LAB_DIR/log/check"

lab_gate_conf "client-tls = off"
reload
talk 'EHLO c.lan' STARTTLS
check "switched off by a reload it is not offered" ! said '^< 250.STARTTLS'
check "nor taken" said '^< 502 5\.5\.1'
lab_gate_stop
same "gate25 ends well" 0 "$LAB_GATE_STATUS"
lab_done
