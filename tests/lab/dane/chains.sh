# shellcheck shell=bash
# chains.sh - certificates and the TLSA records for them. Sourced after mail.sh.
#
# lab_ca's authority signs; lab_inter makes one below it. A chain is $LAB_PKI/NAME.pem: key, leaf, and what follows it.

# lab_inter: an authority between the lab's and the servers, $LAB_PKI/inter.crt and .key.
lab_inter() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=Lab Intermediate" \
		-keyout "$LAB_PKI/inter.key" -out "$LAB_PKI/inter.csr" 2>/dev/null &&
		printf '%s\n' "basicConstraints=critical,CA:TRUE" >"$LAB_PKI/inter.ext" &&
		openssl x509 -req -in "$LAB_PKI/inter.csr" -extfile "$LAB_PKI/inter.ext" -out "$LAB_PKI/inter.crt" -days 20 \
			-CA "$LAB_CA" -CAkey "$LAB_PKI/ca.key" -CAcreateserial 2>/dev/null || lab_die "no intermediate authority"
}

# lab_chain NAME FILE...: the chain NAME, of lab_cert's NAME and these certificates after it.
lab_chain() {
	local file=$LAB_PKI/$1
	shift
	cat "$file.key" "$file.crt" "${@/#/$LAB_PKI/}" >"$file.pem"
}

# lab_cert_by CA NAME SUBJECT [EXTENSION...]: $LAB_PKI/NAME.crt and .key, signed by $LAB_PKI/CA.
lab_cert_by() {
	local ca=$LAB_PKI/$1 file=$LAB_PKI/$2 subject=$3
	shift 3
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$subject" -keyout "$file.key" \
		-out "$file.csr" 2>/dev/null && printf '%s\n' "basicConstraints=critical,CA:FALSE" "$@" >"$file.ext" &&
		openssl x509 -req -in "$file.csr" -extfile "$file.ext" -out "$file.crt" -days 20 -CA "$ca.crt" -CAkey "$ca.key" \
			-CAcreateserial 2>/dev/null || lab_die "no certificate $file"
}

# lab_cert_expired_self NAME DNSNAME: a certificate by nobody but itself, over since yesterday.
lab_cert_expired_self() {
	lab_cert "$1" self-signed "$2"
	local file=$LAB_PKI/$1 ca=$LAB_PKI/$1.ca
	mkdir -p "$ca"
	: >"$ca/index"
	echo 01 >"$ca/serial"
	printf '%s\n' "[ca]" "default_ca=d" "[d]" "database=$ca/index" "serial=$ca/serial" "new_certs_dir=$ca" \
		"default_md=sha256" "policy=p" "[p]" "commonName=supplied" >"$ca/conf"
	openssl ca -batch -notext -selfsign -config "$ca/conf" -keyfile "$file.key" -in "$file.csr" -out "$file.crt" \
		-extfile "$file.ext" -startdate 20200101000000Z -enddate "$(date -u -d yesterday +%Y%m%d%H%M%SZ)" 2>/dev/null ||
		lab_die "no certificate $file"
	lab_chain "$1"
}

# tlsa USAGE SELECTOR TYPE NAME: RDATA for the certificate $LAB_PKI/NAME.crt.
tlsa() {
	local data hex
	case $2 in
	0) data="openssl x509 -in $LAB_PKI/$4.crt -outform der" ;;
	*) data="openssl x509 -in $LAB_PKI/$4.crt -noout -pubkey | openssl pkey -pubin -outform der" ;;
	esac
	case $3 in
	0) hex="od -An -v -tx1" ;;
	2) hex="sha512sum" ;;
	*) hex="sha256sum" ;;
	esac
	echo "$1 $2 $3 $(eval "$data | $hex" | sed 's/ -$//' | tr -d ' \n')"
}
