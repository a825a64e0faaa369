"""The matrix: chains x TLSA records x names x time. What is listed by hand comes first, then a random part."""
import collections
import hashlib
import random

import chains

NOW = 1767225600  # ORACLE_NOW of recipe.h
MX, DOMAIN, EXPANDED = "mx.example.test", "example.test", "alias.test"

# One TLSA record. |label|: the certificate it is of; |twist|: what was done to it, "" for nothing.
Record = collections.namedtuple("Record", "usage selector mtype label twist text")
Case = collections.namedtuple("Case", "chain names at records")

NAMES = [
    (MX,), (DOMAIN,), (EXPANDED,), ("other.test",), ("a.mx.example.test",), ("b.example.test",), ("MX.Example.TEST",),
    ("evil.test",), ("x.test",), ("m.example.test",), ("_x.example.test",), ("xn--bcher-kva.example.test",),
    ("mx.example.test.evil.test",), ("mx.b.test",), (DOMAIN, MX), ("absent.test", EXPANDED, MX),
    ("absent.test", EXPANDED, "elsewhere.test"),
]


class Records:
    """Makes records of certificates."""

    def __init__(self, certificates):
        self.certificates = certificates

    def make(self, usage, selector, mtype, label, twist=""):
        certificate = self.certificates[label]
        data = certificate.spki if selector == 1 else certificate.der
        if twist == "swapped":
            data = certificate.der if selector == 1 else certificate.spki
        if mtype == 1:
            data = hashlib.sha256(data).digest()
        elif mtype == 2:
            data = hashlib.sha512(data).digest()
        data = self.twist(data, twist)
        return Record(usage, selector, mtype, label, twist, f"{usage} {selector} {mtype} {data.hex()}")

    @staticmethod
    def twist(data, twist):
        if twist == "wrong":  # of a digest only: full data would become unusable
            return bytes([data[0] ^ 1]) + data[1:]
        if twist == "wrong-last":
            return data[:-1] + bytes([data[-1] ^ 0x80])
        if twist == "short":
            return data[:-1]
        if twist == "long":
            return data + b"\0"
        if twist == "half":
            return data[:len(data) // 2]
        if twist == "octet":
            return data[:1]
        if twist == "doubled":
            return data + data
        if twist == "sha1":
            return hashlib.sha1(data).digest()
        return data

    def parse(self, text):
        """'2 0 1 root, 3 1 1 leaf wrong': records, separated by commas."""
        out = []
        for one in text.split(","):
            usage, selector, mtype, label, *twist = one.split()
            out.append(self.make(int(usage), int(selector), int(mtype), label, *twist))
        return tuple(out)


def related(certificates, chain):
    """The certificates that a record may be of: those presented, and their issuers that were not."""
    labels = list(chain)
    for label in chain:
        labels += chains.way_up(certificates, label)
    return list(dict.fromkeys(labels))


def every_record(records, certificates, chain):
    """One right record at a time: each certificate, usages 2 and 3, each selector and matching type (SHA-512 at the ends
    of the chain). Of a way up without its end only what the end changes: the rest is as with it."""
    cut = not chain[0].startswith("leaf") and chains.way_up(certificates, chain[0])[:-1] == list(chain)
    for label in related(certificates, chain):
        if cut and label in chain:
            continue
        for selector in (0, 1):
            for mtype in (0, 1, 2) if label in (chain[0], chain[-1]) else (0, 1):
                yield Case(chain, (MX,), NOW, (records.make(2, selector, mtype, label),))
                if label == chain[0] or mtype == 1:
                    yield Case(chain, (MX,), NOW, (records.make(3, selector, mtype, label),))


def every_name(records, chain):
    for names in NAMES:
        yield Case(chain, names, NOW, (records.make(2, 1, 1, chain[-1]),))
    yield Case(chain, ("elsewhere.test",), NOW, (records.make(3, 1, 1, chain[0]),))


def every_moment(records, certificates, chain):
    """Each end of each certificate's time, one second before and after."""
    moments = {NOW}
    for label in chain:
        for end in (certificates[label].begin, certificates[label].end):
            moments |= {end - 1, end, end + 1}
    for at in sorted(moments):
        for label in dict.fromkeys(chain):
            yield Case(chain, (MX,), at, (records.make(2, 0, 1, label),))
        yield Case(chain, (MX,), at, (records.make(3, 1, 1, chain[0]),))
    if certificates[chain[-1]].issuer != chain[-1]:  # what DNS alone has: its time counts as well
        for at in sorted(moments):
            for record in ("2 0 0", "2 1 0"):
                yield Case(chain, (MX,), at, records.parse(f"{record} {certificates[chain[-1]].issuer}"))


TIMED = """
    self leaf,int,root leaf-of-root,root leaf-of-root leaf,int self-expired t-leaf-old,int,root t-leaf-new,int,root
    t-leaf-of-old,t-int-old,root t-leaf-of-new,t-int-new,root t-leaf-of-root-old,t-root-old
    t-leaf-of-int-of-root-old,t-int-of-root-old,t-root-old t-leaf-of-root-new,t-root-new t-staggered,int,root
    t-leaf-of-root-old t-leaf-of-old,t-int-old leaf,int,w-root-renewed leaf,int,w-root-past,root
    leaf,int,root,w-cross-old,alien leaf,w-cross-old,alien,int,root
"""

# L, I, R: the chain's first, second and last certificate. Each line is one RRset.
RRSETS = """
    3 1 1 L, 3 1 2 L wrong
    3 1 1 L wrong, 3 1 2 L
    3 1 2 L wrong, 3 1 1 L
    3 1 1 L, 3 1 2 L
    3 1 0 L, 3 1 2 L wrong
    3 0 0 L, 3 0 2 L wrong, 3 0 1 L wrong
    3 1 0 alien, 3 1 1 L
    3 1 0 alien, 3 1 1 L, 3 1 2 alien
    3 0 1 L, 3 1 2 L wrong
    3 1 1 L, 3 0 2 L wrong
    3 1 1 L, 2 1 2 R wrong
    2 1 1 R, 3 1 2 L wrong
    2 1 1 R, 2 1 2 R wrong
    2 1 1 R wrong, 2 1 2 R
    2 1 1 R, 2 0 2 R wrong
    2 0 1 R, 2 0 2 I
    2 0 2 R, 2 0 1 I
    2 0 0 R, 2 0 2 R wrong
    2 0 1 R, 2 0 1 R wrong, 2 0 1 alien
    2 0 1 I, 2 0 1 R
    2 0 1 R, 2 0 1 I
    2 1 1 I, 2 0 1 R
    2 1 0 R, 2 0 1 alien
    2 0 0 alien, 2 0 1 R
    2 0 0 alien, 2 1 0 alien, 2 1 0 R
    2 0 1 alien, 3 1 1 alien
    2 0 1 R, 3 1 1 L
    3 1 1 L, 2 0 1 R
    2 0 1 R wrong, 3 1 1 L
    2 0 1 R, 3 1 1 L wrong
    3 1 1 R
    3 0 1 I
    2 1 1 L
    2 0 0 L
    3 1 1 L short
    3 1 1 L long
    3 1 1 L half
    3 1 1 L octet
    3 1 1 L doubled
    3 1 1 L sha1
    3 1 2 L short
    3 1 2 L long
    3 1 2 L half
    3 0 1 L short
    3 0 2 L long
    2 0 1 R short
    2 1 2 R long
    3 1 1 L, 3 1 2 L short
    3 1 1 L, 3 1 2 L half
    3 1 1 L wrong, 3 1 2 L short
    3 1 1 L short, 3 1 2 L
    3 0 0 L short
    3 0 0 L long
    3 0 0 L octet
    3 0 0 L swapped
    3 0 0 L wrong
    3 0 0 L wrong-last
    3 0 0 L doubled
    3 1 0 L short
    3 1 0 L long
    3 1 0 L swapped
    3 1 0 L wrong
    3 1 0 L half
    2 0 0 R short
    2 0 0 R long
    2 0 0 R swapped
    2 1 0 R swapped
    2 0 0 R wrong-last
    2 1 0 R short
    2 0 0 R short, 3 1 1 L
    2 0 0 R short, 3 1 1 L wrong
    2 0 0 R, 3 0 0 L long
    3 1 1 L wrong
    3 1 1 L wrong-last
    3 0 2 L wrong
    2 0 1 R wrong
    2 1 2 R wrong-last
    0 0 1 R
    0 1 1 R
    0 0 0 R
    0 0 1 L
    1 1 1 L
    1 0 1 L
    1 0 0 L
    1 1 2 R
    0 0 1 R, 1 1 1 L
    1 1 1 L, 3 1 1 L
    1 1 1 L, 3 1 1 L wrong
    1 1 2 L wrong, 3 1 1 L
    0 0 1 R, 2 0 1 R
    0 0 1 R, 2 0 1 R wrong
    0 0 2 R wrong, 2 0 1 R
    4 1 1 L
    4 0 1 R
    128 1 1 L
    255 1 1 L
    255 1 1 L, 3 1 1 L
    4 1 1 L, 3 1 1 L wrong
    3 2 1 L
    3 255 1 L
    2 2 1 R
    3 2 0 L
    3 2 1 L, 3 1 1 L
    3 2 1 L, 2 0 1 R wrong
    3 1 3 L
    3 1 255 L
    3 0 3 L
    2 1 3 R
    3 1 3 L, 3 1 1 L
    3 1 255 L wrong, 3 1 1 L
    3 1 3 L, 3 1 1 L wrong
    255 255 255 L
    3 1 1 L, 3 1 1 L
    3 1 1 L wrong, 3 1 1 L wrong, 3 1 1 L
"""

RRSET_CHAINS = """
    self self-ca leaf-of-root,root leaf-of-root leaf,int,root leaf,int leaf,root,int leaf-of-sub,sub,int,root n-other,int,root
    t-leaf-old,int,root leaf,w-cross,alien,int,root leaf,int,alien n-cn,int,root k-rsa2048,k-rsa2048-root
"""


def every_rrset(records, chain):
    letters = {"L": chain[0], "I": chain[min(1, len(chain) - 1)], "R": chain[-1]}
    for line in RRSETS.strip().splitlines():
        text = " ".join(letters.get(word.rstrip(","), word.rstrip(",")) + ("," if word.endswith(",") else "") for word in line.split())
        yield Case(chain, (MX,), NOW, records.parse(text))


def many_records(records):
    """RRsets as large as are taken: one right record among many."""
    chain = ("leaf", "int", "root")
    labels = ["alien", "self", "sub", "leaf-of-sub"]
    for count in (10, 100, 127):
        for right in ("3 1 1 leaf", "2 0 1 root", "2 1 0 root", "2 0 0 int"):
            others = [records.make(2 + i % 2, i // 2 % 2, 1, labels[i % 4]) for i in range(count)]
            one = list(records.parse(right))
            yield Case(chain, (MX,), NOW, tuple(others + one))
            yield Case(chain, (MX,), NOW, tuple(one + others))
        yield Case(chain, (MX,), NOW, tuple(others))


def at_random(records, certificates, every, seed, count):
    """|count| cases of anything with anything. The same for the same |seed|."""
    dice = random.Random(seed)
    timed = [chain for chain in every if any(certificates[label].begin > NOW - 40 * 86400 for label in chain)]
    for _ in range(count):
        chain = dice.choice(timed if dice.random() < 0.2 else every)
        if dice.random() < 0.3:
            chain = chain[:1] + tuple(dice.sample(chain[1:], len(chain) - 1))
        near = related(certificates, chain)
        rrset = []
        for _ in range(dice.choice((1, 1, 2, 2, 3, 4, 6))):
            label = dice.choice(near if dice.random() < 0.85 else list(certificates))
            usage = dice.choice((2, 2, 2, 2, 2, 3, 3, 0, 1, 4))
            mtype = dice.choice((0, 1, 1, 1, 2, 2, 3) if dice.random() < 0.2 else (0, 1, 1, 2))
            twist = dice.choice(("wrong", "wrong", "short", "long", "octet")) if mtype in (1, 2) and dice.random() < 0.3 else ""
            rrset.append(records.make(usage, dice.choice((0, 1)), mtype, label, twist))
        moment = NOW
        if dice.random() < 0.3:
            certificate = certificates[dice.choice(near)]
            moment = dice.choice((certificate.begin, certificate.end)) + dice.choice((-1, 0, 1, 3600))
        yield Case(chain, (MX,) if dice.random() < 0.7 else dice.choice(NAMES), moment, tuple(rrset))


def all_cases(certificates, seed, random_count):
    records = Records(certificates)
    every = chains.all_chains(certificates)
    cases = []
    for chain in every:
        cases += every_record(records, certificates, chain)
        if chain[0].startswith(("n-", "x-")) or chain in (("self",), ("leaf", "int", "root")):
            cases += every_name(records, chain)
    for chain in TIMED.split():
        cases += every_moment(records, certificates, tuple(chain.split(",")))
    for chain in RRSET_CHAINS.split():
        cases += every_rrset(records, tuple(chain.split(",")))
    cases += many_records(records)
    cases += at_random(records, certificates, every, seed, random_count)
    return list(dict.fromkeys(cases))
