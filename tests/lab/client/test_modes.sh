#!/usr/bin/env bash
# What becomes of real mail clients under each client-tls: Postfix at may, encrypt and dane, Exim as it comes, both with a
# resolver that validates; smtplib, checking certificates or not. And who of them is noticed.
# LAB_GO=yes: Go's net/smtp as well (a download of 80 MB).
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/world.sh"

client_world
client_postfix
client_exim
lab_gate_conf "client-tls = off
	dnssec = off"
lab_gate_start
lab_capture out path gw0

# What each client comes to; "-": it is not tried again where it was defered.
declare -A expected=(
	[off may]=sent [off encrypt]="was not offered" [off dane]="was not offered"
	[terminate may]=sent [terminate encrypt]=sent [terminate dane]="Server certificate not verified"
	[passthrough may]=sent [passthrough encrypt]=sent [passthrough dane]=sent
	[off exim]="a TLS session is required, but the server did not offer TLS support" [terminate exim]="DANE"
	[passthrough exim]="=> user@exim.example"
	[off plain]=sent [terminate plain]=sent
	[passthrough plain]="refused 530 5.7.0 Must issue a STARTTLS command first"
	[off starttls]=no-starttls [terminate starttls]=sent [passthrough starttls]=sent
	[off verified]=no-starttls [terminate verified]=certificate [passthrough verified]=sent
	[off go]=sent [terminate go]="failed: x509" [passthrough go]=sent)

mails_are() { [ "$(lab_mail_count mx "$1")" -eq "$2" ]; }

postfix_case() {
	local mode=$1 level=$2 want=${expected[$1 $2]}
	check "$mode: Postfix at $level: tried" lab_until 30 lab_mta_tried alice "user@$level.example"
	check "$mode: Postfix at $level: $want" grep -qF -- "$want" <(lab_mta_log alice "user@$level.example") ||
		note "$(lab_mta_log alice "user@$level.example")"
	check "$mode: Postfix at $level: its mail is there, or is still with it" \
		mails_are "canary-$mode-$level" $([ "$want" = sent ] && echo 1 || echo 0)
}

exim_case() {
	local mode=$1 want=${expected[$1 exim]}
	: >"${LAB_ROOT_OF[exim]}/var/log/exim4/mainlog"
	rm -rf "${LAB_ROOT_OF[exim]}"/var/spool/exim4/{db,input}/*
	exim_send "canary-$mode-exim"
	check "$mode: Exim: $want" grep -qF -- "$want" "$LAB_DIR/log/exim" || note "$(cat "$LAB_DIR/log/exim")"
	check "$mode: Exim: its mail is there, or is still with it" \
		mails_are "canary-$mode-exim" $([ "$mode" = passthrough ] && echo 1 || echo 0)
}

app_case() {
	local mode=$1 how=$2 said
	said=$(lab_in app python3 "$LAB/client/app.py" 198.51.100.15 mx-app.example "$how" "$LAB_CA")
	check "$mode: smtplib, $how: ${expected[$mode $how]}" grep -qF -- "${expected[$mode $how]}" <<<"$said" || note "$said"
}

go_case() {
	[ -n "${LAB_GO:-}" ] || return
	local mode=$1 said
	said=$(lab_in app env "SSL_CERT_FILE=$LAB_CA" "$LAB_DIR/app-go" mx-app.example 2>&1)
	check "$mode: Go: ${expected[$mode go]}" grep -qF -- "${expected[$mode go]}" <<<"$said" || note "$said"
}

# go_build: offline, from the unpacked packages.
go_build() {
	"$LAB/unpack" golang-1.19-go golang-1.19-src >>"$LAB_DIR/log/unpack" 2>&1 || lab_die "no Go"
	mkdir -p "$LAB_DIR/go"
	# Two packages that are one tree, full of links from one to the other.
	mount -t overlay -o "lowerdir=$LAB_TOP/build/lab/golang-1.19-go:$LAB_TOP/build/lab/golang-1.19-src" lab-go "$LAB_DIR/go" ||
		lab_die "no tree of Go"
	GOPATH=$LAB_DIR/gopath GOCACHE=$LAB_DIR/gocache GO111MODULE=off CGO_ENABLED=0 GOROOT=$LAB_DIR/go/usr/lib/go-1.19 \
		"$LAB_DIR/go/usr/lib/go-1.19/bin/go" build -o "$LAB_DIR/app-go" "$LAB/client/app.go" 2>"$LAB_DIR/log/go" || lab_die "Go does not build"
	echo "198.51.100.15 mx-app.example" >>/etc/hosts
}
[ -z "${LAB_GO:-}" ] || go_build

for mode in off terminate passthrough; do
	gate_reload "client-tls = $mode
	dnssec = off"
	: >"${LAB_ROOT_OF[alice]}/var/log/mail.log"
	for level in may encrypt dane; do
		lab_sendmail alice client "user@$level.example" "canary-$mode-$level"
	done
	exim_case $mode
	for how in plain starttls verified; do
		app_case $mode $how
	done
	go_case $mode
	for level in may encrypt dane; do
		postfix_case $mode $level
	done
done
check "in passthrough Postfix proves the server by DANE" \
	grep -qE 'Verified TLS connection established to mx-dane\.example' "$LAB_DIR/log/alice"
check "and Exim" grep -qE '=> user@exim\.example .*CV=dane' "$LAB_DIR/log/exim" || note "$(cat "$LAB_DIR/log/exim")"
check "the log says what was seen" \
	gate_logged 'session-end .*client-tls=passthrough tls-offered=TLSv1\.3 sni=mx-dane\.example .*tls=TLSv1\.3 end=passthrough .*passed-up='
lab_capture_stop out gw 198.51.100.1
canaries=()
for level in may encrypt dane exim app; do
	for mode in off terminate passthrough; do
		canaries+=(--canary "canary-$mode-$level")
	done
done
check "nothing of a mail is in clear on the way to the servers" wire out --some --tls --no-leak "${canaries[@]}" \
	--canary canary-app-plain --canary canary-app-starttls --canary canary-app-verified

# --- who is noticed --------------------------------------------------------------------------------------------------

tail_of() { echo "exempt it \\(exempt-source = $1\\) or use client \\\\?\"$1\\\\?\" \\{ client-tls = passthrough \\}"; }
check "Postfix is, probably: it left three times" \
	gate_logged "client-probably-authenticates-itself .*reason=\"probably client-authenticates-itself: $(tail_of 10.25.0.10)"
check "smtplib is, for certain: it ended TLS" \
	gate_logged "client-authenticates-itself .*client=10\.27\.0\.10.*reason=\"client-authenticates-itself: $(tail_of 10.27.0.10)"
check "Exim is, for certain" gate_logged "[ ]client-authenticates-itself .*client=10\.26\.0\.10"
gate_status >"$LAB_DIR/status"
check "status says it" grep -qE "^  client-authenticates-itself: exempt it \(exempt-source = 10\.27\.0\.10\)" "$LAB_DIR/status"
check "status page, metrics and JSON, too" lab_in gw python3 - <<-'PY'
	import json, urllib.request
	def get(path):
	    return urllib.request.urlopen("http://127.0.0.1:9525" + path, timeout=20).read().decode()
	status = json.loads(get("/status.json"))
	assert any(n["notice"] == "client-authenticates-itself" and n["client"] == "10.27.0.10" for n in status["notices"])
	assert "client-authenticates-itself: exempt it" in get("/")
	metrics = get("/metrics")
	assert 'gate25_notices_total{notice="client-authenticates-itself"}' in metrics
	assert 'gate25_passthrough_bytes_total{direction="to-server"}' in metrics
PY
lab_gate_stop
same "gate25 ends well" 0 "$LAB_GATE_STATUS"
lab_done
