#!/usr/bin/env bash
# gate25 resolve over the signed internet, each question by each way that proves: a trusted resolver's AD bit, validation
# over a resolver that proves nothing, and recursion from the root.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/zones.sh"

POLICYD=$LAB_TOP/build/gate25-policyd
CONF=$LAB_DIR/gate25.conf

# NAME TYPE|STATUS, and of what is absent "x": not even the name
table() {
	cat <<-'TABLE'
		. SOA|secure
		mx.signed.example A|secure
		signed.example MX|secure
		mx.signed.nsec3 A|secure
		mx.signed.optout A|secure
		_25._tcp.mx.signed.example TLSA|secure
		_25._tcp.mx.signed.optout TLSA|secure
		_25._tcp.many.signed.example TLSA|secure
		_25._tcp.alias.signed.example TLSA|secure
		_25._tcp.alias.signed.example CNAME|secure
		bare.signed.example TLSA|absent-secure
		nowhere.signed.example A|absent-secure x
		_25._tcp.bare.signed.nsec3 TLSA|absent-secure x
		nowhere.signed.nsec3 A|absent-secure x
		nowhere.signed.optout A|absent-insecure x
		x.wild.signed.example A|secure
		x.wild.signed.nsec3 A|secure
		_25._tcp.wild.mx.signed.nsec3 TLSA|secure
		self.signed.example A|secure
		out.signed.example A|insecure
		out.signed.example CNAME|secure
		in.unsigned.example A|insecure
		mx.tree.signed.example A|secure
		mx.stray.signed.example A|insecure
		mx.unsigned.example A|insecure
		nowhere.unsigned.example A|absent-insecure x
		mx.unsigned.nsec3 A|insecure
		mx.unsigned.optout A|insecure
		unsigned.example DS|absent-secure
		unsigned.optout DS|absent-insecure
		mx.island.example A|insecure
		mx.alien.example A|insecure
		bare.altered.example A|secure
		mx.nodenials.example A|secure
		mx.bogus.example A|failed bogus
		broken.signed.example A|failed bogus
		mx.expired.example A|failed bogus
		mx.expired.nsec3 A|failed bogus
		mx.altered.example A|failed bogus
		_25._tcp.mx.altered.example TLSA|failed bogus
		mx.nosigs.example A|failed bogus
		bare.nodenials.example TLSA|failed bogus
		bare.nodenials.nsec3 TLSA|failed bogus
		x.wild.nodenials.example A|failed bogus
		mx.lame.example A|failed bogus
		ring.signed.example A|failed
		mx.dead.example A|failed
	TABLE
}

zones_world
lab_dns_signed

echo >"$CONF"
# resolve ARGUMENT...: the status, with "bogus" and "x", where the exit status is the one for it.
resolve() {
	local said code status
	said=$(lab_in gw timeout 60 "$POLICYD" --resolve --config "$CONF" "$@" 2>&1)
	code=$?
	status=$(sed -nE '1s/^status=([a-z-]+) .*/\1/p' <<<"$said")
	[ "$code" = "$([ "$status" = failed ] && echo 3 || echo 0)" ] || { echo "exit status $code: $said"; return; }
	case $said in
	*bogus=yes*) status+=" bogus" ;;
	*nxdomain=yes*) status+=" x" ;;
	esac
	echo "$status"
}

trusting=$LAB_DIR/trusting.conf
echo "trusted-resolvers = {\"$LAB_RESOLVER\"}" >"$trusting"
recursing=$LAB_DIR/recursing.conf
printf '%s\n' "dnssec = validate" "recursion = yes" "root-servers = {\"198.51.100.53\"}" "trust-anchor-file = \"$LAB_ANCHORS\"" >"$recursing"

# answers MODE: what that way says of each question, in the order of the table, to the file MODE.
answers() {
	local name type
	while IFS=' |' read -r name type _; do
		case $1 in
		trust-ad) CONF=$trusting resolve --dnssec trust-ad --resolver "$LAB_RESOLVER" "$name" "$type" ;;
		forwarded)
			resolve --dnssec validate --trust-anchor "$LAB_ANCHORS" --resolver "$LAB_RESOLVER_BLIND" "$name" "$type"
			;;
		recursion) CONF=$recursing resolve --dnssec validate "$name" "$type" ;;
		esac </dev/null
	done < <(table) >"$LAB_DIR/$1"
}

asking=()
for mode in trust-ad forwarded recursion; do
	answers $mode &
	asking+=($!)
done
wait "${asking[@]}"
# A resolver need not say that what it refuses is bogus: its SERVFAIL says why only by an extended error.
while IFS='|' read -r question wanted trusted forwarded recursion <&3; do
	same "trust-ad: $question" "${wanted% bogus}" "${trusted% bogus}"
	same "forwarded: $question" "$wanted" "$forwarded"
	same "recursion: $question" "$wanted" "$recursion"
done 3< <(table | paste -d '|' - "$LAB_DIR"/{trust-ad,forwarded,recursion})

# says NAME STATUS PATTERN ARGUMENT...
says() {
	local name=$1 wanted=$2 pattern=$3 said status
	shift 3
	said=$(lab_in gw timeout 60 "$POLICYD" --resolve "$@" 2>&1)
	status=$?
	if [ "$status" = "$wanted" ] && grep -qE -- "$pattern" <<<"$said"; then
		ok "$name"
	else
		not_ok "$name"
		note "$status $said"
	fi
}
says "a resolver that does not validate is told from one that does" 3 \
	"^reason: $LAB_RESOLVER_BLIND does not validate: its answer for the root's SOA has no AD bit" \
	--config <(echo "trusted-resolvers = {\"$LAB_RESOLVER_BLIND\"}") --dnssec trust-ad --resolver "$LAB_RESOLVER_BLIND" mx.signed.example A
says "one that is not trusted proves nothing" 2 'trust-ad needs a resolver on loopback or in trusted-resolvers' \
	--config "$LAB_DIR/gate25.conf" --dnssec trust-ad --resolver "$LAB_RESOLVER" mx.signed.example A
says "off: nothing is proved" 0 '^status=insecure mode=off ' \
	--config "$LAB_DIR/gate25.conf" --dnssec off --resolver "$LAB_RESOLVER" mx.signed.example A
says "auto: an untrusted resolver, so it validates" 0 '^status=secure mode=validate ' \
	--config "$LAB_DIR/gate25.conf" --trust-anchor "$LAB_ANCHORS" --resolver "$LAB_RESOLVER_BLIND" mx.signed.example A
says "the internet's anchors are not this root's" 3 '^status=failed .*bogus=yes' \
	--config "$LAB_DIR/gate25.conf" --dnssec validate --resolver "$LAB_RESOLVER_BLIND" mx.signed.example A
says "the records, aliases first" 0 '^self.signed.example.*CNAME' \
	--config "$recursing" self.signed.example A
says "JSON" 0 '"status": "absent-secure"' --config "$recursing" --json nowhere.signed.example MX
lab_done
