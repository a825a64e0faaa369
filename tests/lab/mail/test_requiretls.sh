#!/usr/bin/env bash
# MAIL ... REQUIRETLS through a gate that clients reach in TLS: servers that have it and that have not, MX hosts that are
# proved and that are not, bounces, report-only; and a header TLS-Required, which changes nothing.
. "$(dirname "$0")/../lib.sh"
. "$LAB/sts/web.sh"
lab_needs_root "what needs name servers and gate25's users" || lab_done
LAB_LOGS='gate25 talk nginx'

lab_internet
lab_ca
mkdir "$LAB_DIR/mail"

# In "example", which is signed:        and in a zone that is not:
#   has      good, has REQUIRETLS         unsigned       good, has it
#   hasnot   good, and has not            ruled.unsigned good, has it; a rule of the operator's names the host
#   wrong    another's name, has it
#   two      1st MX has not, 2nd has      listed         good, has it; an MTA-STS policy in testing allows it
#   dane     TLSA record, self-signed, has it
#   clear    no STARTTLS, claims to have it; clear text is permitted
#   strict   another's name, has it; a rule demands a verified one
servers=(has:101 hasnot:102 wrong:103 two1:104 two2:105 dane:106 clear:107 strict:108 unsigned:109 ruled:110 listed:111)
lab_server server 101 102 103 104 105 106 107 108 109 110 111
sts_hosts_begin
host_of() {
	case $1 in
	unsigned) echo mx.unsigned.example ;;
	ruled) echo mx.ruled.unsigned.example ;;
	*) echo "mx.$1.example" ;;
	esac
}
start() {
	local name=${1%%:*} n=${1##*:} kind=good host words=(tls-keywords=8BITMIME,REQUIRETLS)
	host=$(host_of "$name")
	case $name in
	hasnot | two1) words=(tls-keywords=8BITMIME) ;;
	wrong | strict) host=mx.other.example ;;
	dane) kind=self-signed ;;
	clear) words=(no-starttls=yes keywords=REQUIRETLS) ;;
	esac
	lab_cert "$name" "$kind" "$host"
	lab_spawn "server-$name" server python3 "$LAB/fake_smtp.py" --listen "198.51.100.$n" "name=$(host_of "$name")" \
		"mail=$LAB_DIR/mail" "cert=$LAB_PKI/$name.crt" "key=$LAB_PKI/$name.key" "${words[@]}"
	lab_until 10 lab_log "server-$name" '"ready"' || lab_die "the server $name does not start"
}
for server in "${servers[@]}"; do start "$server"; done

lab_zone unsigned.example none none
for name in has hasnot wrong dane clear strict; do
	for server in "${servers[@]}"; do
		[ "${server%%:*}" != $name ] || lab_records "$name MX 10 mx.$name" "mx.$name A 198.51.100.${server##*:}"
	done
done
lab_records "two MX 10 mx.two1" "two MX 20 mx.two2" "mx.two1 A 198.51.100.104" "mx.two2 A 198.51.100.105"
digest=$(openssl x509 -in "$LAB_PKI/dane.crt" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d ' ' -f 1)
lab_records "_25._tcp.mx.dane TLSA 3 1 1 $digest"
lab_zone_records unsigned.example "@ MX 10 mx" "mx A 198.51.100.109" "ruled MX 10 mx.ruled" "mx.ruled A 198.51.100.110"
lab_zone listed.example none none
lab_zone_records listed.example "@ MX 10 mx" "mx A 198.51.100.111" '_mta-sts TXT "v=STSv1; id=1;"' "mta-sts A 198.51.100.31"
sts_policy testing mx.listed.example | sts_serve listed
lab_cert web good mta-sts.listed.example
lab_dns_signed
sts_hosts_start web

gate() {
	lab_gate_conf "client-tls = terminate
		default-level = dane
		mta-sts-private = {198.51.100.0/24}
		trust-anchor-file = $LAB_ANCHORS
		bogus-names = {$LAB_BOGUS}
		domain clear.example { level = may }
		domain strict.example { level = verify }
		domain ruled.unsigned.example { level = secure match = mx.ruled.unsigned.example }
		$1"
	lab_gate_start
}

# talk N LINE...: to 198.51.100.N, in TLS.
talk() {
	local n=$1
	shift
	lab_in client python3 "$LAB/mail/talk.py" "198.51.100.$n" --starttls "$@" >"$LAB_DIR/log/talk" 2>&1
}
said() { grep -qE -- "$1" "$LAB_DIR/log/talk"; }
# answered N: the N-th answer from the end.
answered() { grep '^<' "$LAB_DIR/log/talk" | tail -n "$1" | head -n 1 | cut -c 3-; }

# demand NAME N DOMAIN ANSWER [SENDER]: a message with REQUIRETLS; ANSWER is how the RCPT's begins.
demand() {
	local name=$1 n=$2 domain=$3 want=$4 sender=${5-alice@lan.example} got mails
	mails=$(find "$LAB_DIR/mail" -type f | wc -l)
	talk "$n" "MAIL FROM:<$sender> REQUIRETLS" "RCPT TO:<user@$domain>" "DATA Subject: lab\r\n\r\ncanary-requiretls" QUIT
	got=$(grep -A1 '^> RCPT' "$LAB_DIR/log/talk" | tail -n 1 | cut -c 3-)
	case $got in
	"$want"*) ok "$name: $want" ;;
	*) not_ok "$name: $want" && note "$(cat "$LAB_DIR/log/talk")" ;;
	esac
	same "$name: mails taken" "$([[ $want == 250* ]] && echo 1 || echo 0)" $(($(find "$LAB_DIR/mail" -type f | wc -l) - mails))
}

# carried TEXT: the last mail's MAIL line as the server had it.
carried() {
	local last
	last=$(find "$LAB_DIR/mail" -type f -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2)
	same "the server had: $1" "X-Lab-Sender: $1" "$(grep '^X-Lab-Sender' "$last")"
}

gate ""
lab_capture enforced path gw0
demand "proved by DNSSEC and its certificate" 101 has.example 250
carried "MAIL FROM:<alice@lan.example> REQUIRETLS"
demand "proved by TLSA records" 106 dane.example 250
carried "MAIL FROM:<alice@lan.example> REQUIRETLS"
demand "proved by the operator's names" 110 ruled.unsigned.example 250
demand "proved by MTA-STS" 111 listed.example 250
demand "the server has not REQUIRETLS" 102 hasnot.example "550 5.7.30"
demand "its certificate is another's" 103 wrong.example "550 5.7.10"
demand "the MX list is not signed" 109 unsigned.example "550 5.7.10"
demand "another MX host is left" 104 two.example "451 4.7.30"
demand "and that one has it" 105 two.example 250
talk 102 'MAIL FROM:<alice@lan.example> REQUIRETLS'
check "where the server is known not to have it, it is not offered" said '^< 555 5\.5\.4'

# Without the demand each of these servers is good enough for its level.
for n in 102:hasnot 103:wrong 109:unsigned; do
	domain=${n#*:}
	talk "${n%:*}" 'MAIL FROM:<alice@lan.example>' "RCPT TO:<user@$domain.example>"
	check "without the demand $domain.example is served" grep -qE '^< 250 2\.1\.5' "$LAB_DIR/log/talk"
done

# Bounces.
demand "a bounce to a server that has it" 101 has.example 250 ""
carried "MAIL FROM:<> REQUIRETLS"
demand "a bounce to one whose certificate is another's" 103 wrong.example 250 ""
carried "MAIL FROM:<> REQUIRETLS"

# Its form, and clients in clear.
talk 101 'MAIL FROM:<alice@lan.example> REQUIRETLS=yes' 'MAIL FROM:<alice@lan.example> REQUIRETLS REQUIRETLS'
same "a value is an error" "501 5.5.4" "$(answered 2 | cut -c 1-9)"
same "and twice" "501 5.5.4" "$(answered 1 | cut -c 1-9)"
lab_in client python3 "$LAB/mail/talk.py" 198.51.100.101 'EHLO c.lan' 'MAIL FROM:<alice@lan.example> REQUIRETLS' \
	>"$LAB_DIR/log/talk" 2>&1
check "in clear it is not offered" ! said '^< 250.REQUIRETLS'
check "and not taken" said '^< 555 5\.5\.4'

# A header weakens nothing: the recipient is refused before it could be said.
talk 108 'MAIL FROM:<alice@lan.example>' 'RCPT TO:<user@strict.example>' \
	'DATA TLS-Required: No\r\nSubject: lab\r\n\r\ncanary-header'
check "TLS-Required: No is refused as any other mail" said '^< 451 4\.7\.5'
check "and its content is not taken" ! said '^< 354'
same "nor is it anywhere" 0 "$(grep -rlF canary-header "$LAB_DIR/mail" | wc -l)"
lab_capture_stop enforced gw 198.51.100.1
check "nothing of all that was in clear" wire enforced --some --tls --no-leak --canary canary-requiretls --canary canary-header

# Where clear text is permitted, to mail that does not demand more.
talk 107 'MAIL FROM:<alice@lan.example> REQUIRETLS'
check "a server without STARTTLS cannot have it" said '^< 555 5\.5\.4'
talk 107 'MAIL FROM:<alice@lan.example>' 'RCPT TO:<user@clear.example>'
check "other mail goes on to it" said '^< 250 2\.1\.5'
lab_gate_stop

gate "enforce = no"
lab_capture reported path gw0
demand "report-only: the server's certificate is another's" 108 strict.example "550 5.7.10"
demand "report-only: the server has not REQUIRETLS" 102 hasnot.example "550 5.7.30"
demand "report-only: a good one" 101 has.example 250
talk 108 'MAIL FROM:<alice@lan.example>' 'RCPT TO:<user@strict.example>'
check "report-only: other mail goes on" said '^< 250 2\.1\.5'
lab_capture_stop reported gw 198.51.100.1
check "report-only: nothing of it in clear" wire reported --some --tls --no-leak --canary canary-requiretls
lab_gate_stop
same "gate25 ends well" 0 "$LAB_GATE_STATUS"
lab_done
