#!/usr/bin/env bash
# What the operator says: the floor, dane-only, dane-insecure-mx, strict-mx, report-only. Each gate has another answer for
# the same domains.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/servers.sh"
. "$(dirname "$0")/zones.sh"
. "$(dirname "$0")/hosts.sh"

# GATE | RECIPIENT DOMAIN | server, the last number | REPLY | keys of the log
table() {
	cat <<-'TABLE'
		may|plain-domain.signed.example|16|250|level=may policy=floor tls=no
		may|stripped-unusable-domain.signed.example|15|451 4.7.4|level=encrypt policy=dane-unusable result=starttls-not-supported
		may|stripped-domain.signed.example|15|451 4.7.4|level=dane result=starttls-not-supported
		verify|signed.example|11|250|level=dane policy=dane authenticated=yes
		verify|bare-domain.signed.example|11|451 4.7.5|level=verify policy=floor result=certificate-(not-trusted|host-mismatch)
		verify|unusable-domain.signed.example|11|451 4.7.5|level=verify result=certificate-(not-trusted|host-mismatch)
		verify|to-signed.unsigned.example|11|451 4.7.5|result=certificate-(not-trusted|host-mismatch)
		verify|to-tahost.unsigned.example|11|250|level=dane
		verify|plain-domain.signed.example|16|4.1 4.7.4|
		encrypt|to-signed.unsigned.example|11|250|level=encrypt authenticated=no
		encrypt|to-mismatch.unsigned.example|11|250|level=encrypt authenticated=no
		encrypt|to-stripped.unsigned.example|15|451 4.7.4|level=encrypt result=starttls-not-supported
		encrypt|signed.example|11|250|level=dane authenticated=yes
		encrypt|mismatch-domain.signed.example|11|451 4.7.5|level=dane result=tlsa-invalid
		not-looked|to-signed.unsigned.example|11|250|level=may policy=floor
		not-looked|to-mismatch.unsigned.example|11|250|level=may policy=floor
		not-looked|to-stripped.unsigned.example|15|250|level=may policy=floor tls=no
		not-looked|mismatch-domain.signed.example|11|451 4.7.5|level=dane result=tlsa-invalid
		only|signed.example|11|250|level=dane authenticated=yes
		only|several.signed.example|14|250|level=dane authenticated=yes
		only|several.signed.example|13|451 4.7.5|result=dane-required
		only|mismatch-domain.signed.example|11|451 4.7.5|level=dane result=tlsa-invalid
		only|unusable-domain.signed.example|11|451 4.7.5|result=dane-required
		only|bare-domain.signed.example|11|451 4.7.5|result=dane-required
		only|to-signed.unsigned.example|11|451 4.7.5|result=dane-required
		only|unsigned.example|11|451 4.7.5|result=dane-required
		only|sick-domain.altered.example|12|451 4.7.5|result=dnssec-invalid
		only|bogus.example|11|451 4.4.3|verdict=failed
		only|stripped-domain.signed.example|15|4.1 4.7.4|
		strict|several.signed.example|13|250|level=dane authenticated=yes
		strict|several-strict.signed.example|13|451 4.7.5|level=dane result=tlsa-invalid
		strict|bare-domain.signed.example|11|250|level=may policy=floor
		strict|several.signed.example|11|250|level=dane authenticated=yes
		report|mismatch-domain.signed.example|11|250|level=dane authenticated=no
		report|sick-domain.altered.example|12|250|
		report|stripped-domain.signed.example|15|250|tls=no
		report|signed.example|11|250|level=dane authenticated=yes
	TABLE
}

gates=(may verify encrypt not-looked only strict report)
conf() {
	case $1 in
	may) echo "floor = may" ;;
	verify) echo "floor = verify" ;;
	encrypt) printf '%s\n' "floor = may" "dane-insecure-mx = encrypt" ;;
	not-looked) printf '%s\n' "floor = may" "dane-insecure-mx = may" ;;
	only) echo "default-level = dane-only" ;;
	strict) printf '%s\n' "floor = may" "strict-mx = yes" ;;
	report) echo "enforce = no" ;;
	esac
}

# rows GATE: its rows for cases.py.
rows() {
	local gate domain n reply wants
	while IFS='|' read -r gate domain n reply wants; do
		[ "$gate" != "$1" ] || echo "$gate: $domain at .$n|bob@$domain|198.51.100.$n|$reply|$wants"
	done < <(table)
}

hosts_world
LAB_GATE_RESOLVERS=127.0.0.1
for gate in "${gates[@]}"; do
	dane_gate "dnssec = trust-ad" "$(conf "$gate")"
	dane_cases "$gate" < <(rows "$gate" | grep -v 'tls=no')
	[ "$(rows "$gate" | grep -c 'tls=no')" -eq 0 ] || dane_cases "$gate-clear" --leak < <(rows "$gate" | grep 'tls=no')
	dane_gate_stop
done
logged() { grep -qE -- "$1" "$LAB_DIR/log/gate25"; }
check "report-only tells what would have been refused" logged '"would-refuse".*mismatch-domain.*tlsa-invalid'
check "and what could not be looked up" logged '"would-refuse".*sick-domain.*dnssec-invalid'
lab_done
