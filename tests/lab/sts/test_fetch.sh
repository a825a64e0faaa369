#!/usr/bin/env bash
# Policy hosts and records that misbehave: nothing that they do counts as a policy, or delays mail for long, and the log
# says for each what was wrong. The domains' mail goes on without one (RFC 8461 s. 3.3).
# Long: it mostly waits.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/web.sh"

# DOMAIN (.example) | where its policy host is, the last number | the result, and how the reason reads: a regular expression
web_table() {
	cat <<-'TABLE'
		expired|31|sts-webpki-invalid|.*certificate has expired
		wrong-name|31|sts-webpki-invalid|.*it is for another name
		name-of-domain|31|sts-webpki-invalid|.*it is for another name
		name-in-subject|31|sts-webpki-invalid|.*it is for another name
		self-signed|31|sts-webpki-invalid|.*self-signed certificate
		other-ca|31|sts-webpki-invalid|.*unable to get local issuer certificate
		redirect|31|sts-policy-fetch-error|.*redirects to https://mta-sts.good.example/.*
		redirect-www|31|sts-policy-fetch-error|.*redirects to http://.*
		missing|31|sts-policy-fetch-error|.*status 404
		forbidden|31|sts-policy-fetch-error|.*status 403
		sick|31|sts-policy-fetch-error|.*status 503
		html|31|sts-policy-fetch-error|.*text/html.*
		empty|31|sts-policy-invalid|.*
		page|31|sts-policy-invalid|.*
		no-version|31|sts-policy-invalid|.*version.*
		other-version|31|sts-policy-invalid|.*version.*
		no-mode|31|sts-policy-invalid|.*mode.*
		other-mode|31|sts-policy-invalid|.*Enforce.*
		no-age|31|sts-policy-invalid|.*max_age.*
		no-mx|31|sts-policy-invalid|.*mx.*
		bad-mx|31|sts-policy-invalid|.*mx.*
		silent|32|sts-policy-fetch-error|timed out .*TLS handshake
		hang|32|sts-policy-fetch-error|timed out .*answer
		slow|32|sts-policy-fetch-error|timed out .*answer
		endless|32|sts-policy-fetch-error|.*longer than 65536 octets
		large|32|sts-policy-fetch-error|.*longer than 65536 octets
		headers|32|sts-policy-fetch-error|.*16384 octets of headers
		no-type|32|sts-policy-fetch-error|.*no content type.*
		short|32|sts-policy-fetch-error|.*not whole.*
		cut|32|sts-policy-fetch-error|.*not whole.*
		gzip|32|sts-policy-fetch-error|.*coding.*gzip
		nonsense|32|sts-policy-fetch-error|.*HTTP/0.9.*
		plain|32|sts-policy-fetch-error|TLS .*failed.*
		old|32|sts-policy-fetch-error|TLS .*failed.*
		resets|32|sts-policy-fetch-error|.*
		nobody|33|sts-policy-fetch-error|(cannot connect|timed out connecting).*
		nowhere|-|sts-policy-fetch-error|.*no address
		inside|10.25.0.10|sts-policy-fetch-error|.*10.25.0.10 is private.*mta-sts-private.*
		itself|127.0.0.1|sts-policy-fetch-error|.*127.0.0.1 is loopback.*
		mapped|::ffff:10.25.0.10|sts-policy-fetch-error|.*10.25.0.10 is private.*
	TABLE
}

# DOMAIN | its records | the result ("": no policy is announced, and that is no trouble)
txt_table() {
	cat <<-'TABLE'
		txt-none||
		txt-other|v=spf1 -all|
		txt-two|v=STSv1; id=1;+v=STSv1; id=2;|sts-policy-invalid
		txt-no-id|v=STSv1;|sts-policy-invalid
		txt-bad-id|v=STSv1; id=a-b;|sts-policy-invalid
		txt-long-id|v=STSv1; id=123456789012345678901234567890123;|sts-policy-invalid
	TABLE
}

policies() {
	sts_policy enforce mx.nobody.example | tee >(sts_serve expired) >(sts_serve wrong-name) >(sts_serve name-of-domain) \
		>(sts_serve name-in-subject) >(sts_serve self-signed) >(sts_serve other-ca) >(sts_serve good) >(sts_serve redirect) \
		>(sts_serve forbidden) >(sts_serve sick) >(sts_serve html) >(sts_serve redirect-www) | sts_serve unused
	: | sts_serve empty
	echo '<html><body>Hello</body></html>' | sts_serve page
	sts_policy enforce mx.nobody.example | grep -v version | sts_serve no-version
	sts_policy enforce mx.nobody.example | sed 's/STSv1/STSv2/' | sts_serve other-version
	sts_policy enforce mx.nobody.example | grep -v mode | sts_serve no-mode
	sts_policy Enforce mx.nobody.example | sts_serve other-mode
	sts_policy enforce mx.nobody.example | grep -v max_age | sts_serve no-age
	sts_policy enforce | sts_serve no-mx
	sts_policy enforce "mx.*.example" | sts_serve bad-mx
	sts_nginx_server redirect "return 301 https://mta-sts.good.example/.well-known/mta-sts.txt;"
	sts_nginx_server redirect-www "return 302 http://www.example/;"
	sts_nginx_server forbidden "deny all;"
	sts_nginx_server sick "return 503;"
	sts_nginx_server html "types { text/html txt; }"
}

chains() {
	local names
	mapfile -t names < <(web_table | cut -d '|' -f 1 | sed 's/.*/mta-sts.&.example/')
	lab_ca
	lab_cert stranger good mx.somebody-else.example
	# Another authority, of which the gate does not know.
	cp "$LAB_PKI/ca.key" "$LAB_PKI/known.key" && cp "$LAB_CA" "$LAB_PKI/known.crt"
	lab_ca
	lab_cert other-ca good mta-sts.other-ca.example
	mv "$LAB_PKI/known.key" "$LAB_PKI/ca.key" && mv "$LAB_PKI/known.crt" "$LAB_CA"
	lab_cert web good "${names[@]}"
	lab_cert expired expired mta-sts.expired.example
	lab_cert self-signed self-signed mta-sts.self-signed.example
	lab_cert wrong-name good mta-sts.wrong.example
	lab_cert name-of-domain good name-of-domain.example
	lab_cert_by ca name-in-subject /CN=mta-sts.name-in-subject.example && lab_chain name-in-subject
	chmod 644 "$LAB_PKI"/*.pem
	for name in expired self-signed wrong-name name-of-domain name-in-subject other-ca; do
		sts_shows $name $name
	done
}

# at NAME WHERE
at() {
	case $2 in
	-) ;;
	*:*) lab_records "mta-sts.$1 AAAA $2" ;;
	*.*) lab_records "mta-sts.$1 A $2" ;;
	*) sts_at "$1" "$2" ;;
	esac
}

lab_internet
lab_server servers 11
sts_hosts_begin
chains
policies
while IFS='|' read -r name where _ <&3; do
	sts_txt "$name"
	at "$name" "$where"
	echo "$name"
done 3< <(web_table) >"$LAB_DIR/names"
while IFS='|' read -r name texts _ <&3; do
	IFS=+ read -ra texts <<<"$texts"
	[ ${#texts[@]} -eq 0 ] || sts_txt "$name" "${texts[@]}"
	at "$name" 31
	sts_policy enforce mx.nobody.example | sts_serve "$name"
	echo "$name"
done 3< <(txt_table) >>"$LAB_DIR/names"
lab_host_records mx.all 11
while read -r name; do
	lab_records "$name MX 10 mx.all"
done <"$LAB_DIR/names"
lab_dns_signed
mapfile -t names <"$LAB_DIR/names"
sts_hosts_start web
sts_liar_start web
dane_server stranger "${names[@]/%/.example}"
# Nobody may be connected to who is none of the internet's.
lab_capture inside gw lan0 "tcp port 443"
lab_capture itself gw lo "tcp port 443"
sts_gate
# At the same time: one that is slow does not hold up the others.
dane_cases fetch together < <(sed 's/.*/&|bob@&.example|198.51.100.11|250|level=may policy=floor authenticated=no/' \
	"$LAB_DIR/names")
lab_capture_stop inside gw 10.25.0.10
lab_capture_stop itself gw 127.0.0.1
while IFS='|' read -r name _ result reason <&3; do
	check "$name: $result" sts_event sts-failed "domain=$name.example" "result=$result" "reason=$reason"
	check "$name: the session's log says so too" sts_event policy-problem "domain=$name.example" "result=$result" \
		"reason=$reason"
done 3< <(web_table)
while IFS='|' read -r name _ result <&3; do
	if [ -n "$result" ]; then
		check "$name: $result" sts_event policy-problem "domain=$name.example" "result=$result"
	else
		check "$name: no trouble" ! sts_event policy-problem "domain=$name.example"
	fi
done 3< <(txt_table)
check "nothing went to port 443 of a host inside" wire inside --port 443 --silent
check "nothing went to port 443 of the gateway itself" wire itself --port 443 --silent
lab_done
