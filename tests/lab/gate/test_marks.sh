#!/usr/bin/env bash
# gate25 check looks whether its packet marks are somebody else's in the policy routing rules.
. "$(dirname "$0")/../lib.sh"
. "$LAB/internet.sh"
. "$LAB/gate.sh"

lab_node gw
lab_node other
lab_link gw lan0 other eth0
lab_gate_users
lab_gate_conf ""
said() { lab_in gw "$LAB_GATE" check --config "$LAB_DIR/gate25.conf" 2>&1; }
clashes() { said | grep -c "is in use here"; }

same "nobody uses them" 0 "$(clashes)"
lab_in gw ip rule add fwmark 0x1 lookup 100
lab_in gw ip rule add not fwmark 0xca6c lookup 51820
lab_in gw ip -6 rule add fwmark 0x10/0xff lookup 100
same "rules on other bits are no clash, whatever their mask" 0 "$(clashes)"
lab_in gw ip rule add pref 900 fwmark 0x8000000/0x8000000 lookup 100
check "a rule on mark-own is named" grep -q "mark-own 0x8000000 is in use here (ip rule 900: fwmark 0x8000000/0x8000000)" \
	<(said)
lab_in gw ip rule del pref 900
lab_in gw ip -6 rule add pref 901 fwmark 0x30000000 lookup 100
check "and an IPv6 one on mark-tproxy" grep -q "mark-tproxy 0x10000000 is in use here (ip -6 rule 901: fwmark 0x30000000" \
	<(said)
lab_in gw ip -6 rule del pref 901
lab_in gw "$LAB_GATE" rules --install --config "$LAB_DIR/gate25.conf"
same "gate25's own rules are no clash" 0 "$(clashes)"

# The fence marks what it lets pass: a rule whose mask has that bit no longer knows such packets.
hides() { said | grep -c "is no longer routed by that rule"; }
same "without a fence there is nothing to name" 0 "$(hides)"
lab_in gw ip rule flush
lab_in gw ip rule add pref 32766 lookup main
lab_in gw ip -6 rule flush
lab_in gw ip -6 rule add pref 32766 lookup main
lab_gate_conf "fence = yes"
same "nor with one, where nobody goes by marks" 0 "$(hides)"
lab_in gw ip rule add pref 902 fwmark 0x1/0xff lookup 100
same "a rule with a mask of its own is no matter" 0 "$(hides)"
lab_in gw ip rule add pref 903 fwmark 0x1 lookup 100
check "one without is named" grep -q "mark-seen 0x4000000, and a rule here goes by a mark without it (ip rule 903: fwmark 0x1/0xffffffff)" <(said)
lab_in gw "$LAB_GATE" rules --install --config "$LAB_DIR/gate25.conf"
same "its own rules are no clash" 0 "$(clashes)"
lab_done
