#!/usr/bin/env bash
# gate25 explain over the signed internet: what each kind of domain comes to, its lookups with their DNSSEC status, its
# TLSA records and what they are worth, the demand, and the exit status.
. "$(dirname "$0")/../lib.sh"
. "$LAB/dane/zones.sh"

POLICYD=$LAB_TOP/build/gate25-policyd
CONF=$LAB_DIR/gate25.conf
TLSA="TLSA 3 1 1 $DIGEST"

zones_world
# Two hosts, one of them with records that cannot be had.
lab_zone_records signed.example "two MX 10 mx" "two MX 20 sick" "sick A 198.51.100.12" "_25._tcp.sick CNAME ring" \
	"weak MX 10 hidden" "hidden A 198.51.100.13" "_25._tcp.hidden TLSA 1 1 1 $DIGEST" \
	"both MX 10 agile" "agile A 198.51.100.14" "_25._tcp.agile TLSA 3 1 1 $DIGEST" "_25._tcp.agile TLSA 3 1 2 $DIGEST$DIGEST" \
	"named MX 10 ta" "ta A 198.51.100.15" "_25._tcp.ta TLSA 2 1 1 $DIGEST" "also CNAME named" \
	"linked MX 10 link" "link CNAME mx" "_25._tcp.link $TLSA" \
	"far MX 10 faraway" "faraway CNAME mx.unsigned.example." "_25._tcp.faraway $TLSA" \
	"sts MX 10 bare" "_mta-sts.sts TXT \"v=STSv1; id=one;\"" "lost MX 10 bare" "_mta-sts.lost CNAME ring" \
	"twice MX 10 bare" "_mta-sts.twice TXT \"v=STSv1; id=one;\"" "_mta-sts.twice TXT \"v=STSv1; id=two;\"" \
	"plain MX 10 bare" "_2525._tcp.bare $TLSA"
lab_zone_records unsigned.example "borrow MX 10 mx.signed.example."
lab_zone_records nodenials.example "plain MX 10 bare" "bare AAAA 2001:db8:100::11"
lab_dns_signed

# says NAME STATUS PATTERN ARGUMENT...: the exit status, and a pattern in what is said on one line.
says() {
	local name=$1 status=$2 pattern=$3 got said
	shift 3
	said=$(lab_in gw timeout 60 "$POLICYD" --ask --config "$CONF" "$@" 2>&1)
	got="$? $(tr -s '\n ' ' ' <<<"$said")"
	if [ "${got%% *}" = "$status" ] && grep -qE -- "$pattern" <<<"$got"; then
		ok "$name"
	else
		not_ok "$name"
		note "$got"
	fi
}
conf() { printf '%s\n' "resolvers = {\"$LAB_RESOLVER\"}" "trusted-resolvers = {\"$LAB_RESOLVER\"}" "$@" >"$CONF"; }

conf "default-level = dane"
says "signed: each lookup has its status" 0 \
	'secure MX signed\.example \([0-9]+s\) 10 mx\.signed\.example secure A mx\.signed.*secure TLSA _25\._tcp\.mx\.signed\.example \([0-9]+s\) 1 record' signed.example
says "and DANE applies" 0 'DANE yes: of 1 MX host 1 with TLSA records that can be used' signed.example
says "and the record is usable" 0 "addresses secure; TLSA usable, base mx\.signed\.example 3 1 1 $DIGEST: usable" signed.example
says "and the demand is a match" 0 'demand TLS 1\.2 or newer, and a certificate or key that a TLSA record of mx\.signed\.example names; else' signed.example
says "NSEC3 and opt-out alike" 0 'TLSA usable, base mx\.signed\.optout' signed.optout
says "no MX: the domain itself" 0 'no MX record: the domain itself\), proved by DNSSEC.*TLSA usable, base mx\.signed\.nsec3' mx.signed.nsec3
says "an unsigned zone: no TLSA record is asked for" 0 'A(AAA)? mx\.unsigned\.example \([0-9]+s\)( 198\.51\.100\.11)? [a-z-]+ TXT _mta-sts\.unsigned\.example' unsigned.example
says "and the floor holds" 0 'demand DANE does not apply, so the floor \(encrypt\)' unsigned.example
says "signed, and no records: denied with a proof" 0 'absent-secure TLSA _25\._tcp\.bare\.signed\.example.*TLSA none' plain.signed.example
says "the real port" 0 'TLSA _2525\._tcp\.bare\.signed\.example.*TLSA usable' --destination 198.51.100.11:2525 plain.signed.example
says "usage 1 is unusable: TLS" 0 'cannot be used: usages 0 and 1 are not for SMTP.*demand there are TLSA records and none can be used' weak.signed.example
says "digest agility" 0 '3 1 1 (ab)+: does not count: there is a stronger digest.*3 1 2|3 1 2.*3 1 1 (ab)+: does not count' both.signed.example
says "usage 2: the reference names" 0 "authority's, the server's is to be for ta\.signed\.example or named\.signed\.example;" named.signed.example
says "and the domain's alias is one" 0 'is to be for ta\.signed\.example or also\.signed\.example or named\.signed\.example;' also.signed.example
says "a host that is an alias: the end's records" 0 'alias of mx\.signed\.example.*TLSA usable, base mx\.signed\.example' linked.signed.example
says "alias into an unsigned zone: its first link is asked about" 0 \
	'secure CNAME faraway\.signed\.example.*secure, of a name that is not; TLSA usable, base faraway\.signed\.example' far.signed.example
says "expired signatures: undecided" 3 'level dane DNSSEC.*failed MX expired\.example: .*SERVFAIL.*undecided.*451 4\.4\.3' expired.example
says "forged addresses: undecided" 3 'failed A mx\.altered\.example' altered.example
says "denials without proof: undecided" 3 'failed TLSA _25\._tcp\.bare\.nodenials.*undecided' plain.nodenials.example
says "two hosts, one sick: the other goes on" 0 '10 mx\.signed.*demand: TLS 1\.2 or newer, and a certificate or key.*20 sick.*TLSA failed.*demand: undecided' two.signed.example
says "at the sick one" 3 'which is sick\.signed\.example.*demand undecided: .*4\.7\.5' --destination 198.51.100.12 two.signed.example
says "at the sound one" 0 'which is mx\.signed\.example.*demand TLS 1\.2 or newer, and a certificate or key' --destination 198.51.100.11 two.signed.example
says "elsewhere every host is a candidate" 0 'no mail exchanger of two.*SNI mx\.signed\.example' --destination 198.51.100.77 two.signed.example
says "an insecure MX: a match counts, and proves less" 0 'found, not proved.*TLSA usable, base mx\.signed\.example.*demand TLS 1\.2 or newer, and a cert' borrow.unsigned.example
# What is published.
says "no MTA-STS" 0 'MTA-STS no: no policy is published .*absent-secure TXT _mta-sts\.plain\.signed\.example .*MTA-STS record _mta-sts\.plain\.signed\.example: none' plain.signed.example
says "a record, and no policy host: as if there were none" 0 'MTA-STS no: no policy: .*secure TXT _mta-sts\.sts\.signed\.example \([0-9]+s\) "v=STSv1; id=one;".*record _mta-sts\.sts\.signed\.example: secure, id one policy none: the policy host was asked.*sts-policy-fetch-error: .*the floor' sts.signed.example
says "two records: none" 0 'MTA-STS no: no policy: .*"v=STSv1; id=[^"]*".* "v=STSv1; id=[^"]*".*: not valid, which counts as none' twice.signed.example
says "a record that cannot be looked up: undecided" 3 'MTA-STS yes: .*_mta-sts\.lost\.signed\.example could not be looked up.*: undecided.*demand undecided: .*451 4\.4\.3' lost.signed.example
says "TLSA records decide at every host" 0 'MTA-STS no: TLSA records decide at every MX host' signed.example
says "JSON of MTA-STS" 0 '"published": "none", "published_by": "nobody", "mta_sts": .*"record": "valid", "record_id": "one", "policy": null, "fetched_now": true.*"result": "sts-policy-fetch-error"' --json sts.signed.example
conf "default-level = dane" "list-file = \"$LAB_DIR/list.json\"" "domain \"sts.signed.example\" { level = encrypt }"
cat >"$LAB_DIR/list.json" <<'EOF'
{"version": "0.1", "timestamp": "2026-01-01T00:00:00+00:00", "expires": "2099-01-01T00:00:00+00:00", "policy-aliases": {},
 "policies": {"plain.signed.example": {"mode": "enforce", "mxs": [".signed.example"]},
  "weak.signed.example": {"mode": "enforce", "mxs": ["other.example"]},
  "both.signed.example": {"mode": "enforce", "mxs": ["other.example"]},
  "far.signed.example": {"mode": "enforce", "mxs": ["other.example"]},
  "sts.signed.example": {"mode": "enforce", "mxs": [".signed.example"]},
  "unsigned.example": {"mode": "testing", "mxs": ["other.example", ".unsigned.example"]}}}
EOF
says "the list" 0 'list yes: mode enforce .*list mode enforce, until 2099-01-01T00:00:00Z, mx \*\.signed\.example .*the policy allows it .*demand DANE does not decide, so the list: TLS 1\.2 or newer, and a certificate, trusted by the gate.s CA bundle, for a name that the policy allows: \*\.signed\.example; else' plain.signed.example
says "the list does not know the MX host: refused" 1 'list yes: .*the policy does not allow it .*demand refused: hidden\.signed\.example is not an MX host that' weak.signed.example
says "the list against TLSA records: they decide" 0 'list no: TLSA records decide.*demand TLS 1\.2 or newer, and a certificate or key' both.signed.example
says "the list in testing: what it would demand" 0 'list yes: mode testing.*demand DANE does not apply, so the floor.*the list in testing would demand: .*a name that the policy allows: other\.example, \*\.unsigned\.example; a failure is reported, and the mail goes on' unsigned.example
says "not on the list" 0 'list no: .*list\.json has no entry for sub\.unsigned' sub.unsigned.example
says "a rule goes before it" 0 'MTA-STS no: the level is encrypt list no: the level is encrypt' sts.signed.example
says "JSON of the list" 0 '"policy_allows": true.*"published": "enforce", "published_by": "list", "mta_sts": .*"list": .*"mode": "enforce", "mx": \[ "\*\.signed\.example" \]' --json plain.signed.example
sed -i 's/2099/2026/' "$LAB_DIR/list.json"
says "an expired list" 0 'list no: .*list\.json expired 2026-01-01T00:00:00Z \(list-expired = ignore\).*the floor' plain.signed.example
echo '{}' >"$LAB_DIR/list.json"
says "a list with a defect" 2 'list\.json: refused whole: ' plain.signed.example

conf "default-level = dane"
says "JSON" 0 '"tlsa_base": "mx\.signed\.example".*"usable": true.*"policy": "dane", "result": "none", "exit_status": 0' --json signed.example
says "JSON of a failure" 3 '"status": "failed".*"exit_status": 3' --json expired.example

printf '%s\n' "resolvers = {\"$LAB_RESOLVER_BLIND\"}" "dnssec = validate" "trust-anchor-file = \"$LAB_ANCHORS\"" "default-level = dane" >"$CONF"
says "proved here, over a resolver that proves nothing" 0 'validate: proved here.*secure TLSA.*TLSA usable, base mx\.signed\.nsec3' signed.nsec3
says "and what is bogus is called so" 3 'failed MX expired\.example: bogus: .*expired.*undecided' expired.example
says "an island is insecure" 0 'insecure MX island\.example.*the floor' island.example

conf "default-level = dane" "dane-insecure-mx = encrypt"
says "dane-insecure-mx = encrypt: TLS" 0 'none can be used, so TLS 1\.2' borrow.unsigned.example
conf "default-level = dane" "dane-insecure-mx = may"
says "dane-insecure-mx = may: not looked for" 0 'DANE no: .*dane-insecure-mx = may.*A(AAA)? mx\.signed\.example \([0-9]+s\)( 198\.51\.100\.11)? [a-z-]+ TXT _mta-sts.*floor' borrow.unsigned.example
conf "default-level = dane-only"
says "dane-only: a match" 0 'demand TLS 1\.2 or newer, and a certificate or key' signed.example
says "dane-only, no records: refused" 1 'demand refused: DANE is required' plain.signed.example
says "dane-only, unusable records: refused" 1 'demand refused: DANE is required' weak.signed.example
says "dane-only, insecure MX: refused" 1 'demand refused: DANE is required' borrow.unsigned.example
conf "default-level = dane" "dnssec = off"
says "dnssec = off: the floor" 0 'DANE no: dnssec = off.*off: nothing is proved.*demand DANE does not apply, so the floor \(encrypt\): TLS 1\.2 or newer; any certificate' signed.example
conf "default-level = dane" "dnssec = off" "mta-sts = no"
says "and no MTA-STS: level dane is its floor" 0 'MTA-STS no: mta-sts = no.*demand TLS 1\.2 or newer; any certificate' signed.example
conf "default-level = dane" "dnssec = off" 'domain "signed.example" { level = dane-only }'
says "dnssec = off and dane-only: refused" 1 'dane-only needs DNSSEC, and dnssec = off' signed.example
conf "default-level = dane" 'domain "signed.example" { level = encrypt }' \
	'destination "198.51.100.0/24" { level = dane nexthop = "signed.nsec3" }'
says "a domain rule comes first" 0 'domain rule yes: "signed\.example", .*:4 default level no: a rule goes first DANE no: the level is encrypt' signed.example
says "a destination rule with a next hop: its DANE" 0 'MX hosts of signed\.nsec3: .*TLSA usable, base mx\.signed\.nsec3' --destination 198.51.100.11 signed.example
says "an address literal has no domain: the floor" 0 'DANE no: there is no domain.*demand DANE does not apply, so the floor' 'bob@[198.51.100.77]'
lab_done
