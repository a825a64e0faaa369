"""client_addresses.py - rows about what stands in MAIL and RCPT: which domain is judged must be the domain that the server is
given, whatever the address looks like."""
from client_rows import ALIEN_PARAM, BAD_FROM, BAD_PARAM, BAD_TO, MAIL, OK, OK_RCPT, SYNTAX, Row

LONG_LABEL, LONG_NAME = b"l" * 63, b".".join([b"n" * 49] * 4 + [b"m" * 49, b"lab"])
assert len(LONG_NAME) == 253

# (what it is, path of the client, path that the server gets, domain that is judged)
TAKEN = [
    ("a plain address", b"bob@raw.lab", None, "raw.lab"),
    ("a source route", b"@a.lab,@b.lab:bob@raw.lab", b"bob@raw.lab", "raw.lab"),
    ("a source route by way of a literal", b"@[192.0.2.1]:bob@raw.lab", b"bob@raw.lab", "raw.lab"),
    ("a source route before a quoted @ and >", b'@evil.lab:"a@b>:c"@raw.lab', b'"a@b>:c"@raw.lab', "raw.lab"),
    ("@ and > in quotes", b'"a@evil.lab>"@raw.lab', None, "raw.lab"),
    ("a whole path in quotes", b'"x@evil.lab> SIZE=1"@raw.lab', None, "raw.lab"),
    ("an escaped quote", b'"a\\"@evil.lab"@raw.lab', None, "raw.lab"),
    ("an escaped backslash at the end of quotes", b'"a\\\\"@raw.lab', None, "raw.lab"),
    ("escapes of what needs none", b'"\\b\\o\\b"@raw.lab', None, "raw.lab"),
    ("a space and a comma in quotes", b'"a, b"@raw.lab', None, "raw.lab"),
    ("a colon and a route in quotes", b'"@evil.lab:bob"@raw.lab', None, "raw.lab"),
    ("empty quotes", b'""@raw.lab', None, "raw.lab"),
    ("the percent hack", b"bob%evil.lab@raw.lab", None, "raw.lab"),
    ("a bang path", b"evil.lab!bob@raw.lab", None, "raw.lab"),
    ("percent and bang", b"evil.lab!bob%other.lab@raw.lab", None, "raw.lab"),
    ("equals and slash", b"bob=evil.lab/x@raw.lab", None, "raw.lab"),
    ("dots where they are not allowed", b".b..ob.@raw.lab", None, "raw.lab"),
    ("letters of both kinds", b"Bob@RaW.lAb", None, "raw.lab"),
    ("an underscore", b"bob@_x.raw.lab", None, "_x.raw.lab"),
    ("a name of digits", b"bob@192.0.2.1", None, "192.0.2.1"),
    ("a local part of 64 octets", b"l" * 64 + b"@raw.lab", None, "raw.lab"),
    ("a local part of 256 octets", b"l" * 256 + b"@raw.lab", None, "raw.lab"),
    ("a label of 63 octets", b"bob@" + LONG_LABEL + b".lab", None, LONG_LABEL.decode() + ".lab"),
    ("a name of 253 octets", b"bob@" + LONG_NAME, None, LONG_NAME.decode()),
    ("an IPv4 literal", b"bob@[198.51.100.120]", None, "[198.51.100.120]"),
    ("an IPv6 literal", b"bob@[IPv6:2001:DB8::0:1]", None, "[ipv6:2001:db8::1]"),
    ("an A-label", b"bob@xn--bcher-kva.lab", None, "xn--bcher-kva.lab"),
    ("postmaster without a domain", b"postmaster", None, None),
    ("Postmaster without a domain", b"PostMaster", None, None),
]
# With SMTPUTF8: the same.
UTF8 = [
    ("a U-label", "bob@bücher.lab", "xn--bcher-kva.lab"),
    ("a homoglyph", "bob@r\u0430w.lab", "xn--rw-7kc.lab"),
    ("a local part that is not ASCII", "bøb@raw.lab", "raw.lab"),
    ("an @ that is none", "bob\uff20evil.lab@raw.lab", "raw.lab"),
    ("full-width letters", "bob@ｒａｗ.lab", "raw.lab"),
    ("a line separator in the local part", "b\u2028ob@raw.lab", "raw.lab"),
]
REFUSED = [
    ("no brackets", b"bob@raw.lab"),
    ("no bracket at the end", b"<bob@raw.lab"),
    ("no bracket at the beginning", b"bob@raw.lab>"),
    ("two brackets", b"<<bob@raw.lab>>"),
    ("text behind the bracket", b"<bob@raw.lab>x"),
    ("a second path behind it", b"<bob@raw.lab>,<eve@evil.lab>"),
    ("a name before it", b"Bob <bob@raw.lab>"),
    ("nothing", b"<>"),
    ("a local part alone", b"<bob>"),
    ("a domain alone", b"<@raw.lab>"),
    ("no domain behind the @", b"<bob@>"),
    ("a route and nothing", b"<@a.lab:>"),
    ("a route and postmaster", b"<@a.lab:postmaster>"),
    ("two routes", b"<@a.lab:@b.lab:bob@raw.lab>"),
    ("a route without a colon", b"<@a.lab bob@raw.lab>"),
    ("a route with an empty label", b"<@a..lab:bob@raw.lab>"),
    ("two @", b"<bob@evil.lab@raw.lab>"),
    ("two @ together", b"<bob@@raw.lab>"),
    ("two addresses", b"<bob@raw.lab,eve@evil.lab>"),
    ("quotes that do not end", b'<"bob@raw.lab>'),
    ("quotes that end too early", b'<"bob"x@raw.lab>'),
    ("quotes in the middle", b'<b"o"b@raw.lab>'),
    ("a quoted domain", b'<bob@"raw.lab">'),
    ("an escape outside quotes", b"<b\\ob@raw.lab>"),
    ("a space", b"<bob @raw.lab>"),
    ("a space in the domain", b"<bob@raw.lab evil.lab>"),
    ("a tab", b"<bob\t@raw.lab>"),
    ("a comment", b"<bob(x)@raw.lab>"),
    ("a comment in the domain", b"<bob@(x)raw.lab>"),
    ("a dot at the end", b"<bob@raw.lab.>"),
    ("a dot at the beginning", b"<bob@.raw.lab>"),
    ("an empty label", b"<bob@raw..lab>"),
    ("a hyphen at the beginning of a label", b"<bob@-raw.lab>"),
    ("a hyphen at the end of one", b"<bob@raw-.lab>"),
    ("a percent sign in the domain", b"<bob@raw.lab%evil.lab>"),
    ("a colon in the domain", b"<bob@raw.lab:25>"),
    ("a slash in the domain", b"<bob@raw.lab/x>"),
    ("a label of 64 octets", b"<bob@" + LONG_LABEL + b"l.lab>"),
    ("a name of 254 octets", b"<bob@" + LONG_NAME + b"x>"),
    ("a name of 256 octets", b"<bob@x.x" + LONG_NAME[:-1] + b"b>"),
    ("a local part of 257 octets", b"<" + b"l" * 257 + b"@raw.lab>"),
    ("an A-label that is none", b"<bob@xn--a.lab>"),
    ("an A-label of plain ASCII", b"<bob@xn--raw-.lab>"),
    ("an A-label that does not come out the same", b"<bob@xn--a-ecp.ru>"),
    ("an A-label of capital letters", b"<bob@xn--xn---epa.lab>"),
    ("a literal without its end", b"<bob@[192.0.2.1>"),
    ("a literal of three numbers", b"<bob@[192.0.2]>"),
    ("a literal above 255", b"<bob@[192.0.2.256]>"),
    ("a literal in octal", b"<bob@[0300.0.2.1]>"),
    ("a literal and text", b"<bob@[192.0.2.1]raw.lab>"),
    ("IPv6 without its tag", b"<bob@[2001:db8::1]>"),
    ("IPv4 under the tag of IPv6", b"<bob@[IPv6:192.0.2.1]>"),
    ("IPv6 with a zone", b"<bob@[IPv6:fe80::1%eth0]>"),
    ("a literal of a general kind", b"<bob@[X400:c=US]>"),
    ("an empty literal", b"<bob@[]>"),
    ("a literal within a literal", b"<bob@[[192.0.2.1]]>"),
]
CONTROLS = {"NUL": b"\0", "ESC": b"\x1b[2J", "BEL": b"\7", "DEL": b"\x7f", "bare LF": b"\n", "bare CR": b"\r", "VT": b"\x0b"}
# Parameters: (what, of MAIL or RCPT, the reply)
PARAMETERS = [
    ("an unknown one", b"MAIL FROM:<canary@lan.test> X-EVIL=1", ALIEN_PARAM),
    ("one of RCPT", b"MAIL FROM:<canary@lan.test> NOTIFY=NEVER", ALIEN_PARAM),
    ("the same twice", b"MAIL FROM:<canary@lan.test> SIZE=1 SIZE=1", BAD_PARAM),
    ("the same twice, otherwise written", b"MAIL FROM:<canary@lan.test> BODY=7BIT body=8BITMIME", BAD_PARAM),
    ("SIZE of 21 digits", b"MAIL FROM:<canary@lan.test> SIZE=000000000000000000001", BAD_PARAM),
    ("SIZE below nothing", b"MAIL FROM:<canary@lan.test> SIZE=-1", BAD_PARAM),
    ("SIZE in hex", b"MAIL FROM:<canary@lan.test> SIZE=0x10", BAD_PARAM),
    ("SIZE without a number", b"MAIL FROM:<canary@lan.test> SIZE=", BAD_PARAM),
    ("BODY that nobody knows", b"MAIL FROM:<canary@lan.test> BODY=9BIT", BAD_PARAM),
    ("BINARYMIME, which was not offered", b"MAIL FROM:<canary@lan.test> BODY=BINARYMIME", ALIEN_PARAM),
    ("AUTH, which was not offered", b"MAIL FROM:<canary@lan.test> AUTH=<>", ALIEN_PARAM),
    ("REQUIRETLS in clear", b"MAIL FROM:<canary@lan.test> REQUIRETLS", ALIEN_PARAM),
    ("ENVID that is no xtext", b"MAIL FROM:<canary@lan.test> ENVID=a+zz", BAD_PARAM),
    ("RET that nobody knows", b"MAIL FROM:<canary@lan.test> RET=ALL", BAD_PARAM),
    ("a value without a name", b"MAIL FROM:<canary@lan.test> =1", BAD_PARAM),
    ("SMTPUTF8 with a value", b"MAIL FROM:<canary@lan.test> SMTPUTF8=1", BAD_PARAM),
    ("XVERP", b"MAIL FROM:<canary@lan.test> XVERP", ALIEN_PARAM),
]
RCPT_PARAMETERS = [
    ("an unknown one", b"X-EVIL=1", ALIEN_PARAM),
    ("one of MAIL", b"SIZE=1", ALIEN_PARAM),
    ("NEVER with another", b"NOTIFY=NEVER,SUCCESS", BAD_PARAM),
    ("NOTIFY twice", b"NOTIFY=SUCCESS NOTIFY=FAILURE", BAD_PARAM),
    ("ORCPT without a type", b"ORCPT=bob@raw.lab", BAD_PARAM),
    ("ORCPT that is no xtext", b"ORCPT=rfc822;bob=raw.lab", BAD_PARAM),
    ("a tab between", b"NOTIFY=NEVER\tX", BAD_PARAM),
]
LONG_ENVID = b"e" * 1900


def taken(name, path, got, domain, parameters=b"", mail=MAIL):
    line = b"RCPT TO:<" + path + b">" + parameters + b"\r\n"
    server = mail + b"RCPT TO:<" + (got or path) + b">" + parameters + b"\r\nQUIT\r\n"
    return Row(name, (mail, line), (OK, OK_RCPT), server=server, domain=domain)


def refused(name, line, reply, mail=MAIL):
    return Row(name, (mail, line + b"\r\n"), (OK, reply), (("client-error", reply, line[:400]),))


def sender(name, line, reply):
    return Row(name, (line + b"\r\n",), (reply,), (("client-error", reply, line[:400]),))


UTF8_MAIL = b"MAIL FROM:<canary@lan.test> SMTPUTF8\r\n"
NOT_ASCII = "553 5.6.7 Address is not ASCII and SMTPUTF8 is not in force"
ROWS = [taken(f"to {name}", path, got, domain) for name, path, got, domain in TAKEN]
ROWS += [taken(f"to {name}", path.encode(), None, domain, mail=UTF8_MAIL) for name, path, domain in UTF8]
ROWS += [refused(f"to {name}, without SMTPUTF8", b"RCPT TO:<" + path.encode() + b">", NOT_ASCII) for name, path, _ in UTF8]
ROWS += [refused(f"to {name}", b"RCPT TO:" + path, BAD_TO) for name, path in REFUSED]
ROWS += [refused(f"to octets that are no UTF-8{how}", b"RCPT TO:<b\xffb@raw.lab>", BAD_TO, mail)
         for how, mail in ((", without SMTPUTF8", MAIL), ("", UTF8_MAIL))]
ROWS += [refused(f"to a domain with {name}", b"RCPT TO:<bob@" + octets + b">", BAD_TO, UTF8_MAIL) for name, octets in (
    ("an ideographic full stop", "raw\u3002lab".encode()), ("a full-width full stop", "raw\uff0elab".encode()),
    ("an overlong NUL", b"raw.lab\xc0\x80"), ("a surrogate", b"raw\xed\xa0\x80.lab"), ("a zero-width space", "raw\u200b.lab.".encode()))]
ROWS += [refused(f"{name} in a recipient", b"RCPT TO:<b" + octets + b"ob@raw.lab>", SYNTAX) for name, octets in CONTROLS.items()]
ROWS += [refused(f"{name} in a recipient's domain", b"RCPT TO:<bob@raw" + octets + b".lab>", SYNTAX) for name, octets in CONTROLS.items()]
ROWS += [sender(f"{name} in a sender", b"MAIL FROM:<canary" + octets + b"@lan.test>", SYNTAX) for name, octets in CONTROLS.items()]
ROWS += [refused(f"{name} in a quoted recipient", b'RCPT TO:<"b' + octets + b'ob"@raw.lab>', SYNTAX) for name, octets in CONTROLS.items()]
ROWS += [sender(f"from {name}", b"MAIL FROM:" + path, BAD_FROM) for name, path in REFUSED
         if path not in (b"<>", b"<bob>") and len(path) < 300]
ROWS += [sender(f"MAIL with {name}", line, reply) for name, line, reply in PARAMETERS]
ROWS += [refused(f"RCPT with {name}", b"RCPT TO:<bob@raw.lab> " + text, reply) for name, text, reply in RCPT_PARAMETERS]
ROWS += [
    Row("MAIL without a colon", (b"MAIL FROM <canary@lan.test>\r\n",), ("501 5.5.4 Syntax: MAIL FROM:<address>",),
        (("client-error", "501 5.5.4 Syntax: MAIL FROM:<address>", b"MAIL"),)),
    refused("RCPT without anything", b"RCPT TO:", "501 5.5.4 Syntax: RCPT TO:<address>"),
    taken("RCPT with parameters", b"bob@raw.lab", None, "raw.lab", b" NOTIFY=SUCCESS,DELAY ORCPT=rfc822;bob@evil.lab"),
    taken("MAIL with parameters", b"bob@raw.lab", None, "raw.lab",
          mail=b"MAIL FROM:<canary@lan.test> SIZE=99 BODY=8BITMIME RET=HDRS ENVID=a+3Db\r\n"),
    taken("MAIL with an ENVID of 1900 octets", b"bob@raw.lab", None, "raw.lab",
          mail=b"MAIL FROM:<canary@lan.test> ENVID=" + LONG_ENVID + b"\r\n"),
    taken("no sender", b"bob@raw.lab", None, "raw.lab", mail=b"MAIL FROM:<>\r\n"),
    Row("MAIL with spaces and small letters: as it is to be, to the server", (b"mail from: <canary@lan.test>   BODY=7BIT  \r\n",
        b"rcpt to:  <bob@raw.lab> \r\n"), (OK, OK_RCPT), server=b"MAIL FROM:<canary@lan.test> BODY=7BIT\r\n"
        b"RCPT TO:<bob@raw.lab>\r\nQUIT\r\n", domain="raw.lab"),
]
for digits in (b"18446744073709551615", b"18446744073709551616", b"99999999999999999999"):
    SIZE_MAIL = b"MAIL FROM:<canary@lan.test> SIZE=" + digits
    LINE = "552 5.3.4 larger than the server takes"
    ROWS.append(Row(f"SIZE={digits.decode()}", (SIZE_MAIL + b"\r\n" + b"RCPT TO:<bob@raw.lab>\r\n",), (OK, LINE),
                    (("refused", LINE, None),), server=b"QUIT\r\n", domain="raw.lab"))
