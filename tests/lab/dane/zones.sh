# shellcheck shell=bash
# zones.sh - the small internet, signed in every way that matters and spoilt in every way that matters. Sourced after
# lib.sh. zones_world makes it; tests add records before zones_serve.
. "$LAB/internet.sh"
. "$LAB/dnssec.sh"

# The TLSA records of the hosts "mx": 3 1 1 and this.
DIGEST=${DIGEST:-$(printf 'ab%.0s' {1..32})}

zones_world() {
	local zone n tlsa="TLSA 3 1 1 $DIGEST"
	lab_internet
	lab_zone nsec3 rsa nsec3
	lab_zone optout ed25519 optout
	# Signed as they should be.
	lab_zone signed.example ed25519 nsec
	lab_zone signed.nsec3 p256 nsec3
	lab_zone signed.optout p384 optout
	# Not signed, and nothing wrong with it.
	lab_zone unsigned.example none none
	lab_zone unsigned.nsec3 none none
	lab_zone unsigned.optout none none
	lab_zone island.example p256 nsec island
	lab_zone alien.example p256 nsec alien
	# Signed, and wrong.
	lab_zone expired.example p256 nsec expired
	lab_zone expired.nsec3 p256 nsec3 expired
	lab_zone altered.example p256 nsec
	lab_zone nosigs.example p256 nsec no-sigs
	lab_zone nodenials.example p256 nsec no-denials
	lab_zone nodenials.nsec3 p256 nsec3 no-denials
	# Out of reach.
	lab_zone lame.example p256 nsec ns=56
	lab_zone dead.example p256 nsec ns=57
	lab_zone slow.example p256 nsec ns=58
	lab_zone shy.example none none ns=59
	for zone in {signed,unsigned}.{example,nsec3,optout} {island,alien,altered,nosigs,lame,dead,slow,shy}.example \
		expired.{example,nsec3} nodenials.{example,nsec3} "$LAB_BOGUS"; do
		lab_zone_records "$zone" "@ MX 10 mx" "mx A 198.51.100.11" "_25._tcp.mx $tlsa" "bare A 198.51.100.11" \
			"*.wild A 198.51.100.11" "*._tcp.wild.mx $tlsa" "self CNAME mx" "out CNAME mx.unsigned.example."
	done
	lab_zone_records unsigned.example "in CNAME mx.signed.example."
	lab_zone_records signed.example "tree DNAME signed.nsec3." "stray DNAME unsigned.example." "null MX 0 ." \
		"ring CNAME ring2" "ring2 CNAME ring" "_25._tcp.alias CNAME _25._tcp.mx.signed.nsec3." \
		"broken CNAME mx.$LAB_BOGUS."
	for n in {1..40}; do
		lab_zone_records signed.example "_25._tcp.many TLSA 3 1 1 $(printf '%064x' "$n")"
	done
	lab_zone_forge altered.example mx.altered.example A 198.51.100.66
	lab_zone_forge altered.example _25._tcp.mx.altered.example TLSA 3 1 1 "$(printf 'cd%.0s' {1..32})"
}

# zones_slow_server: the name servers of slow.example and of shy.example (which is honest, but for names that tell liar.py
# to lie), after lab_dns_signed. Nobody is at that of dead.example.
zones_slow_server() {
	lab_addr dns eth0 198.51.100.58/24 198.51.100.59/24
	lab_spawn slow dns python3 "$LAB/dane/liar.py" "127.0.0.1#5353" 198.51.100.58=slow 198.51.100.59=honest
	lab_until 10 lab_log slow ready || lab_die "the slow name server does not start"
}
