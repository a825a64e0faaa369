#!/usr/bin/env bash
# test_report.sh - the history of a gate that only reports, and what gate25 report makes of it: who would be refused, how
# many messages, what to do. It outlives kills, restarts, torn lines and a full disk.
# Long: it mostly waits.
. "$(dirname "$0")/../lib.sh"
. "$LAB/daemon/daemon.sh"
lab_needs_root "the history of a running gate" || lab_done

daemon_internet
lab_cert good good mx.good.lab
lab_cert wrong good mx.somebody.else
lab_cert old expired mx.old.lab
with() { echo "cert=$LAB_PKI/$1.crt key=$LAB_PKI/$1.key"; }
# shellcheck disable=SC2046
{
	daemon_server good 121 name=good.lab $(with good)
	daemon_server plain 122 name=plain.lab
	daemon_server wrong 123 name=wrong.lab $(with wrong)
	daemon_server old 124 name=old.lab $(with old)
	daemon_server smart 125 name=smart.lab $(with wrong) "keywords=AUTH PLAIN LOGIN"
}
for domain in good=121 plain=122 wrong=123 old=124; do
	echo "${domain%=*}.lab MX 10 mx.${domain%=*}.lab"
	echo "mx.${domain%=*}.lab A 198.51.100.${domain#*=}"
done >"$LAB_DIR/zone"

CONF=$LAB_DIR/gate25.conf
STATE=$LAB_DIR/state/report
REPORT=$LAB_DIR/report
ONLY='enforce = no
default-level = verify
domain "plain.lab" { level = encrypt enforce = no }'

mail() { # ADDRESS DOMAIN: taken or not
	lab_in client python3 "$LAB/send.py" "198.51.100.$1" --to "bob@$2" >>"$LAB_DIR/log/sent" 2>&1
}
report() { # OPTION...: into $REPORT; its exit status
	lab_in gw "$LAB_GATE" report --config "$CONF" "$@" >"$REPORT" 2>&1
}
says() { # PATTERN: as in the last report
	grep -qE -- "$1" "$REPORT"
}
value() { # KEY...: of the JSON report; of a domain by name, with whatever it has there
	lab_in gw "$LAB_GATE" report --config "$CONF" --json 2>/dev/null | python3 -c 'import json, sys
at = json.load(sys.stdin)
for key in sys.argv[1:]:
    if isinstance(at, list):
        at = next((one for one in at if key in (one.get("domain"), one.get("destination"), one.get("result"))), {})
    else:
        at = at.get(key, 0)
print(at)' "$@"
}
messages_are() { [ "$(value domains good.lab messages)" = "$1" ]; }
monitor() { pgrep -P "$LAB_GATE_PID" -f -- "--role monitor"; }
monitor_is_new() { local now; now=$(monitor) && [ "$now" != "$1" ]; }

# --- before there is anything ---------------------------------------------------------------------------------------

lab_gate_conf "$ONLY"
report
same "without a history it says so with exit status 3" 3 $?
check "and in words" says 'there is no history at '

# --- a gate that only reports ---------------------------------------------------------------------------------------

lab_gate_start
check "good is taken" mail 121 good.lab
check "good again" mail 121 good.lab
check "plain is taken: nothing is enforced" mail 122 plain.lab
check "a wrong name is taken" mail 123 wrong.lab
check "an expired certificate is taken" mail 124 old.lab
check "a smarthost is taken" mail 125 good.lab
check "what is new is in the report within seconds" lab_until 20 messages_are 3

report
same "something would have been refused: exit status 1" 1 $?
check "the first answer: not yet, and how many" says '^  Not yet. Of 6 messages 4 would have been refused, to 4 of 4 domains'
check "plain: one message, of whom" says '^  [0-9]\. plain.lab by way of 198.51.100.122 \(mx.plain.lab\): 1 message,'
check "the client" says '^     sent by 10.25.0.10$'
check "plain: the word, the policy and the reason" says \
	'^     starttls-not-supported \(policy rule, level encrypt\): the server does not offer STARTTLS'
check "plain: what to do" says 'to do: its operator must offer STARTTLS.*domain "plain.lab" \{ level = may \}'
check "wrong: the word" says '^     certificate-host-mismatch \(policy default, level verify\)'
check "old: the word" says '^     certificate-expired \(policy default, level verify\)'
check "the smarthost: the rule to paste" says '^  destination "198.51.100.125" \{ level = "secure" match = \{'
check "good by its own server is no problem" says '^  198.51.100.121 mx.good.lab +2 +2 +2 +0 +0 +0 +0  TLSv1.3 2; default 2$'
same "the JSON has the same: messages" 6 "$(value messages)"
same "the JSON: what would be refused of plain.lab" 1 "$(value domains plain.lab would_refuse_messages)"
same "the JSON: why" "certificate-expired" "$(value domains old.lab destinations 198.51.100.124 events certificate-expired result)"
same "the JSON: the answer" not-yet "$(value enforcement answer)"
report --domain good.lab --since 1h
check "of one domain alone" says '^good.lab'
check "and no other" ! says plain.lab
report --html "$LAB_DIR/report.html"
same "a page: the same exit status" 1 $?
check "it names them" grep -q '<b>plain.lab</b> by way of 198.51.100.122' "$LAB_DIR/report.html"
check "it runs nothing and needs nothing" ! grep -qiE '<script|<link|<img|src=|url\(|https?:' "$LAB_DIR/report.html"

# --- who may read it -------------------------------------------------------------------------------------------------

as() { lab_in gw setpriv --reuid 9001 --regid "$1" --clear-groups "$LAB_GATE" report --state-dir "$LAB_DIR/state" 2>&1; }
check "the group of the control socket" grep -q '^  Not yet' <(as "$(stat -c %g "$STATE")")
check "nobody else, who is told what to do" grep -q 'run this as root' <(as 9001)

# --- kills, restarts, torn lines -------------------------------------------------------------------------------------

before=$(monitor)
kill -KILL "$before"
check "a killed monitor comes back" lab_until 20 monitor_is_new "$before"
messages_are 3 && ok "nothing is lost by that" || not_ok "nothing is lost by that"
# Its channels are connected again when it is up; what is sent until then is not told to anybody.
lab_until 20 lab_in gw "$LAB_GATE" status >/dev/null
check "good once more" mail 121 good.lab
check "and it goes on counting" lab_until 20 messages_are 4
lab_gate_stop
same "the gate ends well" 0 "$LAB_GATE_STATUS"
lab_gate_start
check "good before another end" mail 121 good.lab
lab_gate_stop
messages_are 5 && ok "the last seconds are there after an orderly end" || not_ok "the last seconds are there"
newest() { ls "$STATE"/history-* | tail -n 1; }
printf 'row 17957' >>"$(newest)"
messages_are 5 && ok "a torn line changes nothing" || not_ok "a torn line changes nothing"
lab_gate_start
check "good behind a torn line" mail 121 good.lab
check "a gate goes on behind one" lab_until 20 messages_are 6
check "and the line is gone" ! grep -q 'row 17957$' "$(newest)"
lab_gate_kill
check "a gate killed whole: the report needs none" messages_are 6

# --- a full disk -----------------------------------------------------------------------------------------------------

mount -t tmpfs -o size=256k,mode=755 lab-small "$LAB_DIR/state"
hour=$(date +%H)
lab_gate_start
dd if=/dev/zero of="$LAB_DIR/state/filler" bs=1k 2>/dev/null
check "good on a full disk" mail 121 good.lab
check "wrong on a full disk" mail 123 wrong.lab
check "old on a full disk" mail 124 old.lab
trouble() { grep -c 'history .*cannot be written' "$LAB_DIR/log/gate25"; }
is_full() { [ "$(trouble)" -gt 0 ]; }
# The file of the hour may have room left in its last block: it takes a few lines to fill it.
for i in $(seq 12); do
	is_full && break
	for n in 1 2 3 4 5 6; do mail 121 "good$i$n.lab"; done
	lab_until 12 is_full
done
check "it is said" is_full
mail 121 good.lab
sleep 11
same "once" 1 "$(trouble)"
check "mail goes on" mail 121 good.lab
rm "$LAB_DIR/state/filler"
check "room again: it is written again, and that is said" lab_until 20 lab_log gate25 'the history is written again'
if [ "$hour" = "$(date +%H)" ]; then
	same "and nothing of the hour is missing" 3 "$(value domains good.lab messages)"
else
	skip "and nothing of the hour is missing" "another hour began meanwhile"
fi
lab_gate_stop
umount "$LAB_DIR/state"

# --- enforcement ------------------------------------------------------------------------------------------------------

rm -f "$STATE"/history-*
lab_gate_conf 'default-level = verify
destination "198.51.100.124" { level = verify nexthop = "old.lab" enforce = no }
domain "plain.lab" { level = encrypt enforce = no }'
lab_gate_start
check "good under enforcement" mail 121 good.lab
check "a first report of it" lab_until 20 messages_are 1
report
same "nothing refused: exit status 0" 0 $?
check "and in words" says '^  It is on, and nothing was refused; 1 message went out'
check "wrong is refused" ! mail 123 wrong.lab
check "a destination that is only looked at: taken" mail 124 old.lab
check "a domain likewise" mail 122 plain.lab
plain_is_there() { [ "$(value domains plain.lab would_refuse_messages)" = 1 ]; }
check "they come to the report" lab_until 20 plain_is_there
report
same "something refused: exit status 1" 1 $?
same "once" 1 "$(value domains wrong.lab refusals)"
check "what and why" says '^     certificate-host-mismatch \(policy default, level verify\)'
check "what holds for both" says '^  Not yet. Of 3 messages 2 would have been refused, to 2 of 4 domains'
check "and that it is about rules" says 'The gate as a whole enforces; this is about rules with enforce = no'
same "the destination's" "certificate-expired" "$(value domains "" destinations 198.51.100.124 events certificate-expired result)"
check "and what to do" says 'to do: your rule for the destination 198.51.100.124 demands it'
sed -i 's/^history-size.*//; $ a history-size = 0' "$CONF"
kill -HUP "$LAB_GATE_PID"
check "a reload cannot switch it off" lab_until 10 lab_log gate25 'history-size to or from 0 can change only by a restart'
lab_gate_stop

# --- switched off -----------------------------------------------------------------------------------------------------

lab_gate_conf 'monitor = off'
check "monitor = off: check says that there will be no history" grep -q 'gate25 report will have no history' \
	<(lab_in gw "$LAB_GATE" check --config "$CONF" 2>&1)
report
check "the report says that nothing is added" says 'monitor = off: nothing is added to the history any more'
rm -rf "$LAB_DIR/state"
report
same "none is there: exit status 3" 3 $?
check "and why" says 'the configuration has monitor = off'
lab_done
