"""Where gate25 and OpenSSL differ, and why that is right. A rule that no case uses fails the test as surely as a case
that no rule explains, so nothing here outlives its reason."""
import collections

# test(d): d.case, d.oracle, d.lenient (the oracle at security level 0), d.gate, d.certificates.
Rule = collections.namedtuple("Rule", "name why test")

RULES = []


def explain(disagreement):
    """The first rule that explains it; None."""
    for rule in RULES:
        if rule.test(disagreement):
            return rule
    return None
