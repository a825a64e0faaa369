#!/usr/bin/env bash
# An exemption that is taken back closes at once, one that is given opens: by a reload, while the gate runs.
. "$(dirname "$0")/../lib.sh"
. "$LAB/gate/world.sh"
world

gate_start client "exempt = {$PLAIN4, \"$PLAIN6\"}"
on_wire exempt try_all client
leaks exempt "exempt, the mail leaves in clear"
gate_conf client
kill -HUP "$GATE_PID"
check "the exemption is taken back" lab_until 10 gate_said "reload .*configuration 2 is in force"
on_wire unexempt try_all client
closed unexempt "and nothing leaves in clear any more"

gate_conf client "exempt = {$PLAIN4, \"$PLAIN6\"}"
kill -HUP "$GATE_PID"
check "it is given again" lab_until 10 gate_said "reload .*configuration 3 is in force"
on_wire again try_all client
leaks again "and the mail leaves in clear again"
lab_done
