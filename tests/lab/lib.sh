# shellcheck shell=bash
# lib.sh - sourced first by every lab test: puts the test into a box of its own, and gives it TAP lines, processes and
# conditions to wait for. Nodes, links and captures are in net.sh, the small internet in internet.sh, mail in mail.sh,
# the gate in gate.sh.
#
#	#!/usr/bin/env bash
#	. "$(dirname "$0")/../lib.sh"
#	lab_node gw
#	check "nothing listens on port 25" ! lab_listens gw 25
#	lab_done
#
# The box: own mount, PID, network and IPC namespaces, an own /run (tmpfs), an /etc and a /var/lib whose changes are
# forgotten. When the test ends, however it ends (kill -9 included), the kernel takes away every process, mount and
# network namespace in it. Nothing of the host is changed. $LAB_DIR is a tmpfs folder for the test's files.

LAB_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
LAB=$LAB_TOP/tests/lab
LAB_DIR=/run/lab

# lab_impossible prints why no box can be made here, or nothing.
lab_impossible() {
	local tool
	for tool in unshare setpriv ip nft ss tcpdump python3; do
		PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null || { echo "$tool is missing"; return; }
	done
	# shellcheck disable=SC2046
	unshare $(lab_user_namespace) --mount --pid --fork --net true 2>/dev/null ||
		echo "no permission to make network, mount and PID namespaces"
}

lab_user_namespace() {
	[ "$(id -u)" -eq 0 ] || echo "--user --map-root-user"
}

# lab_parts FILE: what it sources, and what that sources.
lab_parts() {
	local name part
	while read -r name; do
		case $name in
		'$LAB/'*) part=$LAB/${name#*/} ;;
		*) part=$(dirname "$1")/${name##*/} ;;
		esac
		[ -f "$part" ] && [[ $part != */lib.sh ]] || continue
		echo "$part"
		lab_parts "$part"
	done < <(sed -nE 's|^\. "?(.*\.sh)"?$|\1|p' "$1")
}

# lab_fetch TEST: inside the box there is no network, so what the test's parts of the lab unpack is downloaded before.
lab_fetch() {
	local packages=() parts
	[ "$LAB_ROOT" = yes ] || return 0
	parts=$(lab_parts "$1")
	[[ $parts == */internet.sh* ]] && packages+=(nsd unbound)
	[[ $parts == */dnssec.sh* ]] && packages+=(bind9-utils)
	[[ $parts == */mail.sh* ]] && packages+=(postfix exim4-daemon-light)
	[[ $parts == */web.sh* ]] && packages+=(nginx-light)
	[ ${#packages[@]} -eq 0 ] || "$LAB/unpack" "${packages[@]}" >&2
}

# lab_enter runs the test again inside the box. This shell stays outside, passes the exit status on, and takes the box
# down when it is told to end.
lab_enter() {
	local why child status
	why=$(lab_impossible)
	if [ -n "$why" ]; then
		echo "1..0 # SKIP $why"
		exit 77
	fi
	LAB_ROOT=$([ "$(id -u)" -eq 0 ] && echo yes || echo no)
	export LAB_INSIDE=$$ LAB_ROOT
	if ! lab_fetch "$1"; then
		echo "not ok - Debian packages for the lab cannot be downloaded"
		exit 1
	fi
	# shellcheck disable=SC2046
	setpriv --pdeathsig KILL unshare $(lab_user_namespace) --mount --pid --fork --kill-child --net --ipc --mount-proc \
		bash "$@" <&0 &
	child=$!
	trap 'kill -KILL $child 2>/dev/null; wait $child 2>/dev/null; trap - INT; kill -INT $$' INT
	trap 'kill -KILL $child 2>/dev/null; wait $child 2>/dev/null; exit 143' TERM HUP
	wait $child
	status=$?
	exit $status
}

if [ -z "${LAB_INSIDE:-}" ]; then
	lab_enter "$(realpath "$0")" "$@"
fi

# --- inside the box ------------------------------------------------------------------------------------------------

set -uo pipefail
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8

# The tree is seen at /run/tree, because other users run programs of it, and the folder it is in may be closed to them.
lab_furnish() {
	mount --rbind "$LAB_TOP" /media &&
		mount -t tmpfs -o mode=755 tmpfs /run &&
		mkdir -p "$LAB_DIR"/{log,etc,etc.work,lib,lib.work,pcap} /run/netns /run/lock /run/tree &&
		mount --move /media /run/tree &&
		mount -t overlay -o "lowerdir=/etc,upperdir=$LAB_DIR/etc,workdir=$LAB_DIR/etc.work" lab-etc /etc &&
		mount -t overlay -o "lowerdir=/var/lib,upperdir=$LAB_DIR/lib,workdir=$LAB_DIR/lib.work" lab-lib /var/lib &&
		ip link set lo up
}
if [ -z "${LAB_FURNISHED:-}" ]; then
	if ! lab_furnish; then
		echo "1..0 # SKIP tmpfs and overlay cannot be mounted in a mount namespace here"
		exit 77
	fi
	LAB_FURNISHED=yes exec bash "${0/#"$LAB_TOP/"//run/tree/}" "$@"
fi
LAB_ID=$LAB_INSIDE
unset LAB_INSIDE LAB_FURNISHED
LAB_PASSED=0 LAB_FAILED=0 LAB_SKIPPED=0
cd "$LAB_TOP" || exit 1
trap 'exit 143' TERM HUP
trap 'exit 130' INT
trap lab_end EXIT

# lab_end: what a failed test leaves for its reader are the ends of its logs (those in LAB_LOGS, if that is set).
# LAB_KEEP=FOLDER copies everything there.
lab_end() {
	local status=$? log
	trap - EXIT
	if [ "$LAB_FAILED" -gt 0 ] || { [ "$status" -ne 0 ] && [ "$status" -ne 77 ]; }; then
		for log in ${LAB_LOGS:-$(ls --ignore='capture-*' "$LAB_DIR/log")}; do
			log=$LAB_DIR/log/$log
			[ -s "$log" ] && { echo "# --- ${log##*/}"; tail -n 25 "$log" | sed 's/^/# /'; }
		done
	fi
	[ -n "${LAB_KEEP:-}" ] && mkdir -p "$LAB_KEEP" && cp -a "$LAB_DIR"/{log,pcap} "$LAB_KEEP/"
	exit "$status"
}

# --- TAP -----------------------------------------------------------------------------------------------------------

ok() { LAB_PASSED=$((LAB_PASSED + 1)); echo "ok - $*"; }
not_ok() { LAB_FAILED=$((LAB_FAILED + 1)); echo "not ok - $*"; }
skip() { LAB_SKIPPED=$((LAB_SKIPPED + 1)); echo "ok - $1 # SKIP $2"; }
note() { sed 's/^/# /' <<<"$*"; }

# check NAME [!] COMMAND...: one TAP line from the command's exit status. What it printed is shown where it fails. The
# command runs in a subshell: variables that it sets are lost.
check() {
	local name=$1 want=0 said status
	shift
	[ "$1" = "!" ] && { want=1; shift; }
	said=$("$@" 2>&1)
	status=$?
	if [ $((status != 0)) -eq $want ]; then
		ok "$name"
		return 0
	fi
	not_ok "$name"
	note "exit status $status of: $*"
	[ -z "$said" ] || note "$(tail -n 30 <<<"$said")"
	return 1
}

# same NAME EXPECTED ACTUAL
same() {
	if [ "$2" = "$3" ]; then
		ok "$1"
		return 0
	fi
	not_ok "$1"
	note "expected: $2"
	note "actual:   $3"
	return 1
}

# lab_results FILE: the results of a script, lines of "ok" or "not ok", a tab and a name, become lines of this test; fails
# if there are none.
lab_results() {
	local verdict line lines=0
	while IFS=$'\t' read -r verdict line; do
		case $verdict in
		ok) ok "$line"; lines=$((lines + 1)) ;;
		'not ok') not_ok "$line"; lines=$((lines + 1)) ;;
		*) note "$line" ;;
		esac
	done <"$1"
	[ $lines -gt 0 ]
}

# lab_done ends the test: the plan, and an exit status that is 0 only if something ran and nothing failed.
lab_done() {
	local all=$((LAB_PASSED + LAB_FAILED + LAB_SKIPPED))
	echo "1..$all"
	[ $all -gt 0 ] && [ $LAB_FAILED -eq 0 ]
	exit $?
}

# lab_die MESSAGE: the test cannot go on.
lab_die() {
	not_ok "$*"
	exit 1
}

# --- conditions and processes --------------------------------------------------------------------------------------

# lab_until SECONDS COMMAND...: waits until the command succeeds; fails when the time is over.
lab_until() {
	local end=$((SECONDS + $1 + 1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.03
	done
}

lab_alive() { kill -0 "$1" 2>/dev/null; }
lab_gone() { ! kill -0 "$1" 2>/dev/null; }

# lab_spawn LOG NODE COMMAND...: in the background, in the node; its output goes to $LAB_DIR/log/LOG. Sets LAB_PID.
lab_spawn() {
	local log=$LAB_DIR/log/$1 node=$2
	shift 2
	ip netns exec "$(lab_ns "$node")" "$@" >>"$log" 2>&1 </dev/null &
	LAB_PID=$!
}

# lab_kill PID [SIGNAL]: ends a process that lab_spawn started, and returns when it is gone.
lab_kill() {
	kill "-${2:-TERM}" "$1" 2>/dev/null
	if ! lab_until 10 lab_gone "$1"; then
		kill -KILL "$1" 2>/dev/null
	fi
	wait "$1" 2>/dev/null
	return 0
}

# lab_log LOG TEXT: whether that log has the text; as a condition for lab_until.
lab_log() { grep -qF -- "$2" "$LAB_DIR/log/$1" 2>/dev/null; }

# lab_needs_root NAME...: whether several uids are there; else a skip line for each name.
lab_needs_root() {
	[ "$LAB_ROOT" = yes ] && return 0
	local name
	for name in "$@"; do
		skip "$name" "needs root: several uids"
	done
	return 1
}

# shellcheck source=tests/lab/net.sh
. "$LAB/net.sh"
