#!/usr/bin/env bash
# Who gate25's processes are and what they may: as the kernel says it.
. "$(dirname "$0")/../lib.sh"
. "$LAB/gate/world.sh"
world

status() { awk -v key="$2:" '$1 == key { $1 = ""; print substr($0, 2) }' "/proc/$1/status"; }
# is ROLE PID KEY VALUE
is() { same "$1: $3" "$4" "$(status "$2" "$3")"; }
mask() { # BIT...: as in /proc
	local bits=0 bit
	for bit in "$@"; do bits=$((bits | 1 << bit)); done
	printf '%016x' $bits
}
NONE=$(mask)
# KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE, NET_ADMIN, NET_RAW
PARENT=$(mask 5 6 7 8 10 12 13)
WORKER=$(mask 13)
[ "$(printf '%s\n' 5.17 "$(uname -r)" | sort -V | head -n 1)" = 5.17 ] || WORKER=$(mask 12 13)

# role NAME PID UID CAPABILITIES
role() {
	is "$1" "$2" Uid "$3 $3 $3 $3"
	is "$1" "$2" Gid "$3 $3 $3 $3"
	is "$1" "$2" Groups ""
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		is "$1" "$2" $set "$4"
	done
	is "$1" "$2" NoNewPrivs 1
	is "$1" "$2" Seccomp 2
	is "$1" "$2" Threads 1
}

sandboxed() { local name; for name in worker policy monitor; do [ "$(status "$(gate_role $name)" Seccomp)" = 2 ] || return 1; done; }
gate_start local
for way in first reloaded; do
	is "$way parent" "$GATE_PID" Uid "0 0 0 0"
	for set in CapPrm CapEff CapBnd; do
		is "$way parent" "$GATE_PID" $set "$PARENT"
	done
	is "$way parent" "$GATE_PID" NoNewPrivs 1
	role "$way worker" "$(gate_role worker)" $WORKER_UID "$WORKER"
	role "$way policy" "$(gate_role policy)" $POLICY_UID "$NONE"
	role "$way monitor" "$(gate_role monitor)" $MONITOR_UID "$NONE"
	[ $way = first ] || break
	# Roles that were started again are no freer.
	for name in worker policy monitor; do
		before=$(gate_role $name)
		kill -KILL "$before"
		lab_until 10 lab_gone "$before"
		check "$name was killed and comes back" lab_until 10 gate_role $name
	done
	lab_until 10 sandboxed
done

# No memory of theirs ends in a file: no core, and /proc/PID/mem is not its user's, whom no debugger serves either.
undumpable() { # NAME PID
	same "$1: no core file" "0 0" "$(awk '/^Max core file size/ { print $5, $6 }' "/proc/$2/limits")"
	same "$1: its memory is root's alone" "0:0" "$(stat -c %u:%g "/proc/$2/mem")"
}
undumpable parent "$GATE_PID"
for name in worker policy monitor; do
	undumpable $name "$(gate_role $name)"
done

# What a role holds open: its channels and sockets, no file and no folder of the machine but what is in its own.
for own in worker=none policy=policy monitor=report; do
	name=${own%=*}
	same "$name: no file of the machine is open" "" "$(find "/proc/$(gate_role $name)/fd" -type l -printf '%l\n' |
		grep -vE '^(socket|pipe|anon_inode):|^/memfd:|^/dev/null$|^/run/lab/log/' |
		grep -vE "^/var/lib/gate25/${own#*=}(/|\$)" | sort -u)"
done
same "the worker has an address layout of its own" 2 "$(for pid in "$GATE_PID" "$(gate_role worker)"; do
	grep -m 1 '/gate25$' "/proc/$pid/maps" | cut -d - -f 1
done | sort -u | wc -l)"
same "the control socket belongs to root and the group of gate25" "root $WORKER_UID 660" \
	"$(stat -c '%U %g %a' $GATE_RUN/control)"

# Users that others share are refused.
lab_kill "$GATE_PID"
for user in 0 65534; do
	gate_conf local
	sed -i "s/^user = .*/user = \"$user\"/" "$GATE_CONF"
	gate_spawn
	check "user $user: gate25 ends" lab_until 20 lab_gone "$GATE_PID"
	check "and says why" gate_said 'configuration .*user that nothing else runs under'
done
lab_done
