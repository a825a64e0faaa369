"""rows_certs.py - certificates that prove nothing, and such as would choke whoever reads them; certs.py makes them."""
import ssl

from rows import Row

TLS12 = ssl.TLSVersion.TLSv1_2
UNTRUSTED, EXPIRED, MISMATCH, FAILURE = ("certificate-not-trusted", "certificate-expired", "certificate-host-mismatch",
                                         "validation-failure")
THE = "the certificate of the server "
MANY = "the server sent more than 10 certificates or 65536 octets of them"
LARGE = r"the server sent a message that is too large \(certificates beyond 65536 octets\?\)"
PURPOSE = THE + r"is not meant for TLS servers \(key usage\)"


def bad(name, cert, word, reason, level="verify", **more):
    return Row(f"certificate: {name}", {}, r"451 4\.7\.5 " + reason, (word, reason), level=level,
               tls={"cert": cert} | more)


def of_others(name, cert, names):
    """|names|: those that it has, as the log tells them."""
    return bad(name, cert, MISMATCH, rf"{THE}is for {names} and not for mx\d+\.verify\.lab")


def good(name, cert, level="verify"):
    return Row(f"certificate: {name}", {}, level=level, tls={"cert": cert})


ROWS = [
    good("sound", "good"),
    good("sound, RSA", "rsa"),
    bad("self-signed", "self-signed", UNTRUSTED, THE + "is signed by itself and not in the CA file"),
    bad("of an authority that nobody knows", "stranger", UNTRUSTED, THE + r"leads to none that is in the CA file \(.+\)"),
    bad("expired", "expired", EXPIRED, THE + "has expired"),
    bad("not valid yet", "future", UNTRUSTED, THE + "is not yet valid"),
    bad("for clients only", "client-only", UNTRUSTED, PURPOSE),
    bad("for signing code", "code-signing", UNTRUSTED, PURPOSE),
    bad("by an authority that is none", "by-leaf", UNTRUSTED,
        "the certificate of an issuer of the server's is not trusted: invalid CA certificate"),
    bad("an RSA key of 1024 bits", "rsa1024", UNTRUSTED, THE + "has an RSA key of only 1024 bits"),
    bad("an RSA key of 512 bits", "rsa512", UNTRUSTED, THE + "has an RSA key of only 512 bits", max=TLS12),
    bad("an RSA key of 16384 bits", "rsa16384", FAILURE,
        "(certificate 1 of the server's chain has an RSA key of more than 8192 bits|the server does not keep .+)"),
    bad("signed with SHA-1", "sha1", UNTRUSTED, THE + "is signed with a weak or unknown algorithm"),
    bad("signed with MD5, by itself", "md5", UNTRUSTED, THE + "is signed by itself and not in the CA file"),
    bad("an extension that is critical and that nobody knows", "critical", UNTRUSTED,
        THE + "is not trusted: unhandled critical extension"),
    of_others("of another name", "other", r"other\.lab"),
    of_others("a NUL in its name", "nul", r"mx0\.verify\.lab\?\.evil\.lab, \*\.verify\.lab\?\.evil\.lab"),
    of_others("a common name and no other", "cn-only", "no host"),
    of_others("an address in place of a name", "address", "no host"),
    of_others("the name *", "star", r"\*"),
    of_others("the name *.lab", "star-lab", r"\*\.lab"),
    of_others("a star within a label", "star-within", r"m\*\.verify\.lab, \*x\.verify\.lab, mx\*\.verify\.lab"),
    of_others("a star for two labels", "star-two", r"\*\.\*\.lab, \*\.\*"),
    of_others("a name with escape sequences", "escape", r"mx\.\?\[2J\?\]0;owned\?\?\.verify\.lab"),
    bad("1500 names", "many-names", FAILURE, "certificate 1 of the server's chain has more than 1024 names"),
    bad("a chain of 50", "chain50", FAILURE, MANY),
    bad("a chain of 11", "chain11", FAILURE, MANY),
    bad("chains of 80,000 octets", "chain-large", FAILURE, LARGE),
    bad("chains of 80,000 octets, where nobody asks who it is", "chain-large", FAILURE, LARGE, level="encrypt"),
    good("ten certificates, nine of them useless", "chain10"),
    good("self-signed, where nobody asks who it is", "self-signed", "encrypt"),
    good("expired, where nobody asks who it is", "expired", "encrypt"),
    good("RSA of 1024 bits, where nobody asks who it is", "rsa1024", "encrypt"),
]
