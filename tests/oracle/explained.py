"""Where gate25 and OpenSSL differ, and why that is right. A rule that no case uses fails the test as surely as a case
that no rule explains, so nothing here outlives its reason.

A rule says which differences it is for; most also prove themselves: |prove| gives variants of the case, one of which
the oracle must answer as gate25 answered the case itself (|loose|: whatever record it names)."""
import collections
import itertools

# d: case, oracle, lenient (the oracle at security level 0), gate, certificates, records (cases.Records).
Rule = collections.namedtuple("Rule", "name why test prove library loose", defaults=(None, None, False))


def usm(record):
    return f"{record.usage} {record.selector} {record.mtype}"


def gate_passes(d):
    return d.gate.verdict == "pass"


def only_oracle_passes(d):
    return d.oracle.verdict == "pass" and d.gate.verdict == "refuse"


def named_by(d, match):
    """The certificates that the records of that kind are of."""
    return [d.certificates[record.label] for record in d.case.records if usm(record) == match and not record.twist]


def anchors(d, match):
    """And those with the same key that the server sent."""
    named = named_by(d, match)
    keys = {one.spki for one in named}
    return named + [d.certificates[label] for label in d.case.chain if d.certificates[label].spki in keys]


def involved(d):
    """Whatever a path could go through."""
    return set(d.case.chain) | {record.label for record in d.case.records}


def of_one_kind(case, match):
    """The records of the kind that |match| is of. Digest agility (RFC 7671 s. 9) compares the digests of one usage and
    selector, so that those stay together."""
    usage, selector, mtype = (int(word) for word in match.split())
    return tuple(record for record in case.records
                 if (record.usage, record.selector, record.mtype == 0) == (usage, selector, mtype == 0))


# --- proofs ---------------------------------------------------------------------------------------------------------

def fewer_certificates(d):
    """The server could have sent any part of what it sent, and records of one kind suffice."""
    leaf, rest = d.case.chain[0], d.case.chain[1:]
    for count in range(len(rest) + 1) if len(rest) <= 7 else ():
        for part in itertools.combinations(rest, count):
            yield d.case._replace(chain=(leaf,) + part, records=of_one_kind(d.case, d.gate.match))


def key_of_leaf(d):
    """For OpenSSL, too, a key in DNS may have signed the server's certificate: any key, its own as well."""
    yield d.case._replace(records=(d.records.make(2, 1, 0, d.case.chain[0]),))


def other_name(d):
    yield d.case._replace(names=tuple("m.example.test" if name.startswith("_") else name for name in d.case.names))


def without_extension(others):
    """The same case, of certificates that lack the extension."""
    def variants(d):
        chain = tuple(others.get(label, label) for label in d.case.chain)
        records = tuple(d.records.make(r.usage, r.selector, r.mtype, others.get(r.label, r.label), r.twist)
                        for r in of_one_kind(d.case, d.gate.match))
        yield d.case._replace(chain=chain, records=records)
    return variants


ANY_PURPOSE = {"u-any": "leaf", "u-int-any": "int", "u-int-any-leaf": "leaf"}
ANCHOR_PURPOSE = {"u-int-client": "int", "u-int-client-leaf": "leaf", "u-root-client": "root", "u-root-client-leaf": "leaf-of-root"}

# --- tests ----------------------------------------------------------------------------------------------------------


def is_own_anchor(d):
    leaf = d.certificates[d.case.chain[0]]
    return gate_passes(d) and d.gate.match.startswith("2 ") and d.gate.depth == "0" and leaf.issuer == leaf.label


def is_large_key(d):
    return any(d.certificates[label].key.startswith("RSA") and int(d.certificates[label].key[3:]) > 8192 for label in d.case.chain)


def is_stale_anchor(d):
    """Of an anchor that is not its own issuer OpenSSL does not look at the dates."""
    return only_oracle_passes(d) and d.gate.why in ("certificate-expired", "certificate-not-trusted") and any(
        one.issuer != one.label and not one.begin <= d.case.at < one.end for one in anchors(d, d.oracle.match))


def is_weak_anchor(d):
    return (gate_passes(d) and d.oracle.why == "CA certificate key too weak" and d.gate[:3] == d.lenient[:3]
            and any(one.key == "RSA1024" for one in named_by(d, d.gate.match)))


def is_weak_leaf(d):
    return (gate_passes(d) and d.gate.match.startswith("3 ") and d.oracle.why == "EE certificate key too weak"
            and d.gate[:3] == d.lenient[:3])


def is_weak_topmost(d):
    return only_oracle_passes(d) and d.oracle.match == "2 1 0" and d.certificates[d.case.chain[int(d.oracle.depth)]].signature in (
        "RSA-SHA1", "RSA-MD5", "RSASSA-PSS")


def is_foreign_algorithm(d):
    return only_oracle_passes(d) and d.oracle.match.startswith("2 ") and any(
        d.certificates[label].key.startswith("ED448") for label in involved(d))


RULES = [
    Rule("more than 10 certificates",
         "gate25 takes no more from a server: a limit against certificate bombs",
         lambda d: d.gate.verdict == "refuse" and len(d.case.chain) > 10),
    Rule("an RSA key of more than 8192 bits",
         "gate25 does no arithmetic with one: likewise",
         lambda d: only_oracle_passes(d) and is_large_key(d)),
    Rule("more than 1024 names in a certificate",
         "gate25 does not look through them: likewise",
         lambda d: only_oracle_passes(d) and "n-many" in d.case.chain),
    Rule("a server's certificate as its own trust anchor",
         "RFC 6698 s. 2.1.1 lets usage 2 name any certificate of the chain, and one that signed itself is its own issuer. "
         "OpenSSL never matches usage 2 to the server's certificate, unless by its bare key",
         is_own_anchor, key_of_leaf, loose=True),
    Rule("another way up",
         "RFC 7671 s. 5.2: any certificate of the chain may be the anchor, by any of the records. OpenSSL follows one way and stops "
         "at its end; gate25 looks for a way to each anchor",
         lambda d: gate_passes(d) and d.gate.match.startswith("2 "), fewer_certificates),
    Rule("extended key usage any",
         "RFC 5280 s. 4.2.1.12: anyExtendedKeyUsage is for any purpose; OpenSSL's idea of a TLS server knows serverAuth alone",
         lambda d: gate_passes(d) and d.oracle.why == "unsuitable certificate purpose" and involved(d) & set(ANY_PURPOSE),
         without_extension(ANY_PURPOSE)),
    Rule("the trust anchor's own extended key usage",
         "RFC 5280 s. 6.1.1 (d): a trust anchor is a name and a key, chosen by the domain's own TLSA record. "
         "Issuers below it are held to their purpose by both",
         lambda d: gate_passes(d) and d.oracle.why == "unsuitable certificate purpose"
         and any(one.label in ANCHOR_PURPOSE for one in named_by(d, d.gate.match)),
         without_extension(ANCHOR_PURPOSE)),
    Rule("a trust anchor past or before its time, below a root",
         "OpenSSL looks at the dates of an anchor that signed itself, and not of another; gate25 at those of every anchor",
         is_stale_anchor),
    Rule("a CA by its key usage alone",
         "RFC 5280 s. 6.1.4 (k): an issuer has basicConstraints with cA; OpenSSL also takes keyCertSign without",
         lambda d: only_oracle_passes(d) and "c-no-ca" in involved(d)),
    Rule("a common name under name constraints",
         "OpenSSL holds the CN to dNSName constraints; BoringSSL cannot, and so refuses what has no dNSName",
         lambda d: only_oracle_passes(d) and d.case.chain[0] == "x-allowed-cn"),
    Rule("a required policy",
         "RFC 5280 s. 6.1: requireExplicitPolicy is an issuer's demand; OpenSSL heeds it only when told to",
         lambda d: only_oracle_passes(d) and "x-policy" in involved(d), None, "upstream"),
    Rule("a weak key of the trust anchor",
         "the domain chose it by its own TLSA record, and neither RFC 7671 nor 7672 sets a strength; OpenSSL's security level does",
         is_weak_anchor),
    Rule("a weak key under usage 3",
         "RFC 7672 s. 3.1.1: a DANE-EE match is all that counts; OpenSSL's security level is asked before it",
         is_weak_leaf),
    Rule("a weak signature by a bare key",
         "gate25 holds the certificate that a key in DNS signed to a strong digest, as any; OpenSSL leaves out the topmost",
         is_weak_topmost),
    Rule("Ed448",
         "BoringSSL has none, so no way goes over it: the records count, and do not match",
         is_foreign_algorithm),
    Rule("SHA-224",
         "gate25 takes signatures of the SHA-2 that certificates are signed with, 256 and up; OpenSSL's security level has room",
         lambda d: only_oracle_passes(d) and d.case.chain[0] == "k-sha224" and d.gate.why == "certificate-not-trusted"),
    Rule("a wildcard for a label with an underscore",
         "RFC 9525 s. 6.3: a wildcard stands for any one label; OpenSSL's for one of letters, digits and hyphens",
         lambda d: gate_passes(d) and d.oracle.why == "hostname mismatch" and any(name.startswith("_") for name in d.case.names),
         other_name),
    Rule("an authority key identifier that is not the issuer's",
         "the anchor's certificate is there and cannot be the issuer (RFC 5280 s. 4.2.1.1); OpenSSL then takes it for a bare key",
         lambda d: only_oracle_passes(d) and d.case.chain[0] == "w-wrong-id" and d.oracle.match == "2 1 0"),
]


def candidates(d):
    return [rule for rule in RULES if rule.test(d)]
