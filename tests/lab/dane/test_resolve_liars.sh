#!/usr/bin/env bash
# gate25 resolve over resolvers that lie or are ill: what is not proved is never "absent" nor "secure", and the reason is
# told.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/zones.sh"
LAB_LOGS='liars unbound-near'
export LAB_DIR

# HOW of liar.py | what trust-ad makes of TLSA records that are there and signed | what validate does
# (The liar is on the gateway's loopback, so its AD bit is believed, but only where it shows that it validates.)
table() {
	cat <<-'TABLE'
		honest|secure|secure
		slow|secure|secure
		no-ad|failed|secure
		forge|failed|failed
		strip|failed|failed
		forge-ad|failed|failed
		no-proof|absent-secure|failed
		question|failed|failed
		other-id|failed|failed
		garbage|failed|failed
		short|failed|failed
		half|failed|failed
		silent|failed|failed
		servfail|failed|failed
		refused|failed|failed
		truncated|failed|failed
	TABLE
}

# ask MODE HOW N: one question to the liar at 127.0.2.N, for the file "MODE HOW".
ask() {
	local file="$LAB_DIR/answers/$1 $2"
	lab_in gw timeout 60 "$LAB_TOP/build/gate25" resolve --dnssec "$1" --trust-anchor "$LAB_ANCHORS" --resolver "127.0.2.$3" \
		_25._tcp.mx.signed.nsec3 TLSA >"$file" 2>&1
	echo "exit=$?" >>"$file"
}

# is NAME KEY STATUS
is() {
	local file=$LAB_DIR/answers/$2 want=0
	[ "$3" != failed ] || want=3
	same "$1: $3" "$3 exit=$want" "$(sed -nE 's/^status=([a-z-]+).*/\1/p' "$file" | head -n 1) $(tail -n 1 "$file")" ||
		note "$(head -n 5 "$file")"
	[ "$3" != failed ] || check "$1: with its reason" grep -qE '^reason: .' "$file"
}

zones_world
lab_dns_signed
liars=() n=0
while IFS='|' read -r how _; do
	n=$((n + 1))
	liars+=("127.0.2.$n=$how")
done < <(table)
lab_spawn liars gw python3 "$LAB/dane/liar.py" "$LAB_RESOLVER" "${liars[@]}"
lab_until 10 lab_log liars ready || lab_die "the liars do not start"

mkdir "$LAB_DIR/answers"
n=0 asking=()
while IFS='|' read -r how _; do
	n=$((n + 1))
	for mode in trust-ad validate; do
		ask $mode "$how" $n &
		asking+=($!)
	done
done < <(table)
wait "${asking[@]}"
while IFS='|' read -r how trusted validated <&3; do
	is "$how, trust-ad" "trust-ad $how" "$trusted"
	is "$how, validate" "validate $how" "$validated"
done 3< <(table)
lab_done
