#!/usr/bin/env bash
# test_import.sh - gate25 import-postfix beside the real postmap(1): both read the same entries of a table that is written
# as people write them, and gate25 check takes what comes out.
. "$(dirname "$0")/../lib.sh"
. "$LAB/internet.sh"
. "$LAB/mail.sh"
. "$LAB/gate.sh"
lab_needs_root "a table read by the real Postfix" || lab_done

lab_internet
lab_ca
lab_gate_users
lab_root postfix postfix
lab_postfix_users postfix
ROOT=${LAB_ROOT_OF[postfix]}
mkdir -p "$ROOT/etc/postfix" "$ROOT/etc/lab"
lab_postfix_main postfix >"$ROOT/etc/postfix/main.cf"
SHA256=b6:b4:72:34:e2:59:cd:fb:b6:b4:72:34:e2:59:cd:fb:b6:b4:72:34:e2:59:cd:fb:b6:b4:72:34:e2:59:cd:fb

# table FILE: as Postfix's own documents have it, and as it grows over the years.
TABLE=$LAB_DIR/tls_policy
{
	echo '# TLS policy'
	echo
	printf '%s\n' 'example.edu                 none' 'example.mil                 may' \
		'example.gov                 encrypt protocols=!SSLv2:!SSLv3' 'Example.COM	verify ciphers=high' \
		'example.net                 secure' '   ' '.example.net                secure match=.example.net:example.net' \
		'# a comment' "bank.example secure tafile=$LAB_CA," '   # one between the lines of an entry' '	match=mx.bank.example' \
		'thumb.example	fingerprint' "    match=$SHA256" 'dane.example dane' 'only.example	dane-only protocols=>=TLSv1.3' \
		'[192.0.2.7] secure { match = mail.example.org }'
} >"$TABLE"
cp "$TABLE" "$ROOT/etc/lab/map"

# import FILE: the rules in $LAB_DIR/rules, what is told in $LAB_DIR/told, the exit status.
import() { lab_in gw "$LAB_GATE" import-postfix "$1" >"$LAB_DIR/rules" 2>"$LAB_DIR/told"; }
# What each of them has read: the keys in order.
of_postfix() { lab_root_in postfix gw postmap -s "texthash:$1" 2>"$LAB_DIR/postmap" | cut -f1 | sort; }
of_gate25() { sed -n "s|^# $1:[0-9]*: ||p" "$LAB_DIR/rules" | sort; }

import "$TABLE"
same "all of the table is carried over" 0 $?
note "$(cat "$LAB_DIR/told")"
of_postfix /etc/lab/map >"$LAB_DIR/keys"
same "postmap has its entries" 11 "$(wc -l <"$LAB_DIR/keys")"
same "and import-postfix the same" "$(cat "$LAB_DIR/keys")" "$(of_gate25 "$TABLE")"

lab_gate_conf "dnssec = off"
cat "$LAB_DIR/rules" >>"$LAB_DIR/gate25.conf"
lab_in gw timeout 60 "$LAB_GATE" check --config "$LAB_DIR/gate25.conf" >"$LAB_DIR/log/check" 2>&1
same "gate25 check takes the rules" 0 $?
check "without an error" ! grep -q error "$LAB_DIR/log/check"
explains() { lab_in gw timeout 60 "$LAB_GATE" explain --config "$LAB_DIR/gate25.conf" --json "$1" 2>&1 | grep -qF "\"level\": \"$2\""; }
check "a rule holds" explains bob@thumb.example fingerprint
check "that of the parent, for the names below it" explains bob@mail.example.net secure
check "that of one with an address" grep -q 'destination "192.0.2.7"' "$LAB_DIR/rules"

# What Postfix passes over is told, and the rest is read as before.
{
	echo '  indented.example may'
	echo 'no-policy.example'
	echo '[relay.example]:587 encrypt'
	echo 'example.com may'
	echo 'weak.thumb.example fingerprint match=00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33'
} >"$TABLE.2"
cat "$TABLE" >>"$TABLE.2"
cp "$TABLE.2" "$ROOT/etc/lab/map2"
import "$TABLE.2"
same "what is not carried over makes the exit status 1" 1 $?
of_postfix /etc/lab/map2 >"$LAB_DIR/keys"
check "postmap tells of the same lines" grep -q 'must not start with whitespace' "$LAB_DIR/postmap"
for key in $(cat "$LAB_DIR/keys"); do
	check "of $key there is a rule, or it is told" grep -qF -- ": $key" "$LAB_DIR/rules" "$LAB_DIR/told"
done
for text in ':1: a line that begins with white space' ':2: not a key, white space and a policy' \
	':3: [relay.example]:587: a host without a look at its MX records' \
	':11: example.com: is there twice, and Postfix uses the first' ':5: weak.thumb.example: match: '; do
	check "told: $text" grep -qF -- "$TABLE.2$text" "$LAB_DIR/told"
done
lab_gate_conf "dnssec = off"
cat "$LAB_DIR/rules" >>"$LAB_DIR/gate25.conf"
lab_in gw timeout 60 "$LAB_GATE" check --config "$LAB_DIR/gate25.conf" >"$LAB_DIR/log/check" 2>&1
same "gate25 check takes these rules, too" 0 $?
import /nowhere
same "a file that is not there" 2 $?
lab_done
