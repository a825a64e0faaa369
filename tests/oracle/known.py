"""What the RFCs say outright. The oracle is held to it before gate25 is held to the oracle: one set up wrongly would
agree with a gate25 that has the same error. Each row: verdict, chain, names, seconds from NOW, records, why."""

DAY = 86400
MX = "mx.example.test"

KNOWN = [
    ("pass", "self-other", MX, 0, "3 1 1 self-other", "RFC 7672 s. 3.1.1: DANE-EE looks at no name"),
    ("pass", "self-expired", MX, 0, "3 1 1 self-expired", "RFC 7672 s. 3.1.1: nor at the dates"),
    ("pass", "leaf", MX, 0, "3 0 2 leaf", "RFC 7672 s. 3.1.1: nor for an issuer"),
    ("refuse", "leaf,int,root", MX, 0, "3 1 1 int", "RFC 7671 s. 5.1: DANE-EE is the server's own certificate"),
    ("pass", "leaf,int,root", MX, 0, "2 0 1 root", "RFC 7672 s. 3.1.2"),
    ("pass", "leaf,int,root", MX, 0, "2 1 2 int", "RFC 7671 s. 5.2: a trust anchor need not sign itself"),
    ("pass", "leaf,int", MX, 0, "2 0 0 root", "RFC 7671 s. 5.2.2: the trust anchor's certificate is in DNS"),
    ("pass", "leaf,int", MX, 0, "2 1 0 root", "RFC 7671 s. 5.2.3: the trust anchor's key is in DNS"),
    ("refuse", "leaf,int", MX, 0, "2 0 1 root", "RFC 7671 s. 5.2.2: a digest of what the server left out"),
    ("refuse", "leaf,root", MX, 0, "2 0 1 root", "there is no way up to it"),
    ("refuse", "leaf,int,root,alien", MX, 0, "2 0 1 alien", "nor here, though it is presented"),
    ("refuse", "n-other,int,root", MX, 0, "2 0 1 root", "RFC 7672 s. 3.2.2: DANE-TA checks the name"),
    ("pass", "n-other,int,root", "mx.a.test,other.test", 0, "2 0 1 root", "RFC 7672 s. 3.2.2: of several, any"),
    ("pass", "n-wild,int,root", MX, 0, "2 0 1 root", "RFC 7672 s. 3.2.3"),
    ("refuse", "n-wild,int,root", "a.mx.example.test", 0, "2 0 1 root", "RFC 7672 s. 3.2.3: one label"),
    ("refuse", "n-wild-part,int,root", MX, 0, "2 0 1 root", "RFC 7672 s. 3.2.3: the whole label"),
    ("pass", "n-cn,int,root", MX, 0, "2 0 1 root", "RFC 7672 s. 3.2.3: CN where there is no DNS-ID"),
    ("refuse", "n-cn-san,int,root", MX, 0, "2 0 1 root", "RFC 7672 s. 3.2.3: no CN where there is a DNS-ID"),
    ("refuse", "leaf,int,root", MX, 400 * DAY, "2 0 1 root", "RFC 7671 s. 5.2: DANE-TA checks the dates"),
    ("refuse", "k-broken,int,root", MX, 0, "2 0 1 root", "and the signatures"),
    ("refuse", "c-false-leaf,c-false,root", MX, 0, "2 0 1 root", "and who may issue"),
    ("refuse", "leaf,int,root", MX, 0, "3 1 1 leaf, 3 1 2 leaf wrong", "RFC 7671 s. 9: the strongest digest counts"),
    ("pass", "leaf,int,root", MX, 0, "3 1 1 leaf, 3 1 2 leaf short", "RFC 7671 s. 9: of those that can be used"),
    ("pass", "leaf,int,root", MX, 0, "3 1 1 leaf, 3 0 2 leaf wrong", "RFC 7671 s. 9: for each selector apart"),
    ("pass", "leaf,int,root", MX, 0, "3 1 0 leaf, 3 1 2 leaf wrong", "RFC 7671 s. 9: full data always counts"),
    ("unauthenticated", "leaf,int,root", MX, 0, "1 1 1 leaf, 0 0 1 root", "RFC 7672 s. 3.1.3"),
    ("unauthenticated", "leaf,int,root", MX, 0, "3 1 1 leaf short", "RFC 7671 s. 9: no SHA-256 has 31 octets"),
    ("unauthenticated", "leaf,int,root", MX, 0, "3 2 1 leaf, 4 1 1 leaf, 3 1 3 leaf", "RFC 7671 s. 9: unknown"),
    ("refuse", "leaf,int,root", MX, 0, "1 1 1 leaf, 3 1 1 leaf wrong", "RFC 7672 s. 2.2: one can be used, none fits"),
]
