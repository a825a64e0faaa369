#!/usr/bin/env bash
# test_smuggling.sh - a message ends where the client's own CRLF.CRLF is, and every server sees that end and no other: one
# that records each octet, Postfix with each of its ideas about bare newlines, and Exim. Nor do they see another domain in an
# address than the gate does.
. "$(dirname "$0")/../lib.sh"
. "$LAB/daemon/daemon.sh"
lab_needs_root "smuggling through a running gate" || lab_done

ATTACK=$LAB/attack
daemon_internet
# shellcheck disable=SC2046
lab_cert mx good $(python3 "$ATTACK/smuggling.py" setup)
mkdir "$LAB_DIR/raw"
lab_server raw 120
lab_spawn raw raw python3 "$ATTACK/recorder.py" "$LAB_DIR/raw" "$LAB_PKI/mx.crt" "$LAB_PKI/mx.key" 198.51.100.120
lab_until 10 lab_log raw ready || lab_die "the recorder does not start"
lab_server postfix 121 122 123 124
lab_postfix postfix postfix inet_interfaces=198.51.100.122 smtpd_tls_security_level=may \
	smtpd_tls_chain_files=/etc/lab/mx.pem smtpd_forbid_bare_newline=yes allow_untrusted_routing=yes \
	"virtual_mailbox_domains=postfix-no.lab postfix-yes.lab postfix-normalize.lab postfix-reject.lab"
for want in 121=no 123=normalize 124=reject; do
	echo "198.51.100.${want%=*}:smtp inet n - n - - smtpd -o smtpd_forbid_bare_newline=${want#*=}"
done >>"${LAB_ROOT_OF[postfix]}/etc/postfix/master.cf"
touch -d '1 hour ago' "${LAB_ROOT_OF[postfix]}/etc/postfix/master.cf"
kill -HUP "$LAB_PID"
lab_server exim 131
lab_exim_server exim exim mx exim.lab
four() { [ "$(lab_in postfix ss -Hltn "sport = :25" | wc -l)" -eq 4 ]; }
lab_until 20 four || lab_die "Postfix does not listen at its four addresses"

attack() { # SCRIPT ARGUMENT...
	lab_in client python3 "$ATTACK/$1.py" "${@:2}" >"$LAB_DIR/results" 2>"$LAB_DIR/errors" || not_ok "$*: $(tail -3 "$LAB_DIR/errors")"
	lab_results "$LAB_DIR/results"
}
rule='domain ".lab" { level = verify }'
lab_gate_conf "$rule"
lab_capture smuggling path gw0
lab_gate_start
attack smuggling recorder normalize
attack smuggling servers normalize
attack parsers
lab_gate_conf "$rule
bare-newline = reject"
kill -HUP "$LAB_GATE_PID"
check "bare-newline = reject by a reload" lab_until 10 lab_log gate25 'configuration 2 is in force'
attack smuggling recorder reject
attack smuggling servers reject
check "no server took anything in a message for a command" ! grep -hE 'evil@|victim@' "$LAB_DIR/log/postfix" "$LAB_DIR/log/exim"
lab_gate_stop
lab_capture_stop smuggling client 198.51.100.1
check "all of it went over TLS" wire smuggling --some --tls --no-leak
LAB_LOGS="gate25 postfix exim"
lab_done
