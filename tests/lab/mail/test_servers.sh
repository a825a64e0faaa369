#!/usr/bin/env bash
# Servers that are good, bad and hostile, behind the gate: what the client is told, and that nothing leaks.
. "$(dirname "$0")/fakes.sh"

table() {
	cat <<-'TABLE'
		good||0|250|--some --tls --no-leak
		TLS 1.2|tls=1.2|0|250|--some --tls --no-leak
		TLS 1.3|tls=1.3|0|250|--some --tls --no-leak
		TLS 1.1|tls=1.1|4|451 4.7.5|--some --no-leak
		no STARTTLS|no-starttls=yes|4|4.7.4|--some --no-tls --no-leak
		STARTTLS refused with 454|starttls="454 4.7.0 not now"|4|4.7.4|--some --no-tls --no-leak
		STARTTLS refused with 502|starttls="502 5.5.1 what?"|4|4.7.4|--some --no-tls --no-leak
		closes at STARTTLS|close=starttls|4|4|--some --no-tls --no-leak
		closes before the handshake|close=tls|4|4.7.5|--some --no-tls --no-leak
		garbage for a handshake|garbage=yes|4|4.7.5|--some --no-tls --no-leak
		text injected behind the 220|inject="250 injected\\r\\n"|4|4.7.|--some --no-tls --no-leak
		refuses in the greeting|greeting="554 5.3.2 no mail here"|5|554 5.3.2 no mail here|--some --no-tls --no-leak
		busy in the greeting|greeting="421 4.3.2 come back"|4|421 4.3.2 come back|--some --no-tls --no-leak
		no SMTP in the greeting|greeting="SSH-2.0-what"|4|4|--some --no-tls --no-leak
		closes without a greeting|close=greeting|4|421 4.4|--some --no-tls --no-leak
		refuses EHLO and HELO|ehlo="550 5.7.1 not you" helo="550 5.7.1 not you"|5|550 5.7.1 not you|--some --no-tls --no-leak
		busy after EHLO|ehlo="421 4.3.2 no more"|4|421 4.3.2 no more|--some --no-tls --no-leak
		refuses MAIL over TLS|tls-mail-from="552 5.2.2 full"|5|552 5.2.2 full|--some --tls --no-leak
		refuses RCPT over TLS|tls-rcpt="550 5.1.1 no such user"|5|550 5.1.1 no such user|--some --tls --no-leak
		delays RCPT over TLS|tls-rcpt="450 4.2.1 greylisted"|4|450 4.2.1 greylisted|--some --tls --no-leak
		refuses DATA over TLS|tls-data="554 5.5.0 no"|5|554 5.5.0 no|--some --tls --no-leak
		refuses the content|dot="554 5.7.1 spam"|5|554 5.7.1 spam|--some --tls --no-leak
		busy over TLS|tls-mail-from="421 4.3.2 enough"|4|421 4.3.2 enough|--some --tls --no-leak
		lost at the final dot|close=dot|4|4.4.2|--some --tls --no-leak
		lost at RCPT|close=rcpt|4|4.4.2|--some --tls --no-leak
		SIZE gone over TLS|tls-keywords=PIPELINING|4|451 4.7.4|--some --tls --no-leak
		too small over TLS|tls-keywords="SIZE 10"|5|552 5.3.4|--some --tls --no-leak
		self-signed where encrypt will do|cert=self-signed|0|250|--some --tls --no-leak
		good name where it must be verified||0|250|--some --tls --no-leak --sni mx.c29.example
		self-signed where it must be verified|cert=self-signed|4|451 4.7.5|--some --no-leak
		expired where it must be verified|cert=expired|4|451 4.7.5|--some --no-leak
		another's name where it must be verified|certname=mx.other.example|4|451 4.7.5|--some --no-leak
		good name where it must be secure||0|250|--some --tls --no-leak --sni mx.c33.example
		name outside the domain where it must be secure|certname=mx.hoster.example|4|451 4.7.5|--some --no-leak
		the right fingerprint|cert=self-signed|0|250|--some --tls --no-leak
		another fingerprint|cert=self-signed|4|451 4.7.5|--some --no-leak
		old TLS where new is asked for|tls=1.2|4|451 4.7.5|--some --no-leak
	TABLE
}

fake_internet 37
lab_cert c35 self-signed mx.c35.example
right=$(openssl x509 -in "$LAB_PKI/c35.crt" -outform DER | sha256sum | cut -d ' ' -f 1)
lab_gate_conf "
	domain c29.example { level = verify }
	domain c30.example { level = verify }
	domain c31.example { level = verify }
	domain c32.example { level = verify }
	domain c33.example { level = secure }
	domain c34.example { level = secure }
	domain c35.example { level = fingerprint fingerprints = {$right} }
	domain c36.example { level = fingerprint fingerprints = {$right} }
	domain c37.example { level = encrypt min-protocol = TLSv1.3 }"
lab_gate_start

while IFS='|' read -r name want expected text conditions <&3; do
	eval "wants=($want)"
	fake_start "${wants[@]}"
	fake_case "$name" "$expected" "$text" "$conditions"
	lab_kill "$FAKE_PID"
done 3< <(table)
same "each row had a domain" 37 $FAKES

# Nobody there at all.
FAKES=1
mkdir -p "$LAB_DIR/mail/1"
fake_case "nobody listens" 4 "421 4.4.1" "--no-payload"

lab_gate_stop
same "gate25 ends well" 0 "$LAB_GATE_STATUS"
lab_done
