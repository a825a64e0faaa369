"""rows_certs.py - certificates that prove nothing, and such as would choke whoever reads them. KINDS says how each is made
(certs.py does it)."""
import ssl

from rows import Row

TLS12 = ssl.TLSVersion.TLSv1_2


def bad(name, cert, word, reason, **more):
    return Row(f"certificate: {name}", {}, r"451 4\.7\.5 " + reason, (word, reason), level="verify", tls={"cert": cert} | more)


def good(name, cert, level="verify", **more):
    return Row(f"certificate: {name}", {}, level=level, tls={"cert": cert} | more)


UNTRUSTED, EXPIRED, MISMATCH, FAILURE = ("certificate-not-trusted", "certificate-expired", "certificate-host-mismatch",
                                         "validation-failure")
MANY = r"the server sent (more than 10 certificates or 65536 octets of them|a message that is too large .+)"
ROWS = [
    good("sound", "good"),
    good("sound, RSA", "rsa"),
    bad("self-signed", "self-signed", UNTRUSTED, ".+"),
    bad("of an authority that nobody knows", "stranger", UNTRUSTED, ".+"),
    bad("expired", "expired", EXPIRED, ".+"),
    bad("not valid yet", "future", "certificate-expired|validation-failure|certificate-not-trusted", ".+"),
    bad("of another name", "other", MISMATCH, ".+"),
    bad("for clients only", "client-only", "certificate-not-trusted|validation-failure", ".+"),
    bad("for signing code", "code-signing", "certificate-not-trusted|validation-failure", ".+"),
    bad("by an authority that is none", "by-leaf", "certificate-not-trusted|validation-failure", ".+"),
    bad("an RSA key of 1024 bits", "rsa1024", "certificate-not-trusted|validation-failure", ".+"),
    bad("an RSA key of 512 bits", "rsa512", "certificate-not-trusted|validation-failure", ".+", max=TLS12),
    bad("an RSA key of 16384 bits", "rsa16384", "certificate-not-trusted|validation-failure", ".+"),
    bad("signed with SHA-1", "sha1", "certificate-not-trusted|validation-failure", ".+"),
    bad("signed with MD5", "md5", "certificate-not-trusted|validation-failure", ".+"),
    bad("a NUL in its name", "nul", MISMATCH, ".+"),
    bad("1500 names", "many-names", "certificate-host-mismatch|validation-failure", ".+"),
    bad("a common name and no other", "cn-only", MISMATCH, ".+"),
    bad("the name *", "star", MISMATCH, ".+"),
    bad("the name *.lab", "star-lab", MISMATCH, ".+"),
    bad("a star within a label", "star-within", MISMATCH, ".+"),
    bad("a star for two labels", "star-two", MISMATCH, ".+"),
    bad("a name with escape sequences", "escape", MISMATCH, ".+"),
    bad("an address in place of a name", "address", MISMATCH, ".+"),
    bad("an extension that is critical and that nobody knows", "critical", "certificate-not-trusted|validation-failure", ".+"),
    bad("a chain of 50", "chain50", FAILURE, MANY),
    bad("a chain of 11", "chain11", FAILURE, MANY),
    bad("chains of 80,000 octets", "chain-large", FAILURE, MANY),
    good("ten certificates, nine of them useless", "chain10"),
    Row("certificate: chains of 80,000 octets, where nobody asks who it is", {}, r"451 4\.7\.5 " + MANY, (FAILURE, MANY),
        tls={"cert": "chain-large"}),
    good("self-signed, where nobody asks who it is", "self-signed", "encrypt"),
    good("expired, where nobody asks who it is", "expired", "encrypt"),
    good("RSA of 1024 bits, where nobody asks who it is", "rsa1024", "encrypt"),
]
