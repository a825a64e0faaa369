#!/usr/bin/env python3
"""reports.py LOG - what a collector heard, in words. LOG is what collector.py printed.

    reports.py LOG bad               what was not in the format; fails if anything was
    reports.py LOG count DOMAIN      how many reports DOMAIN has
    reports.py LOG of DOMAIN         its reports, one a line: "tlsa mx.d.example ok", "sts d.example failed 202"; several
                                     policies with ";" between
    reports.py LOG details DOMAIN    the failures of its reports: "code sender receiver mx helo", "-" for what is not told
    reports.py LOG strings DOMAIN    policy-string and mx-host of its reports, a line each
"""
import json
import sys

TYPES = {1: "tlsa", 2: "sts", 9: "no-policy"}


def lines(path, kind):
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n").split("\t", 1)[1] for line in file if line.startswith(kind + "\t")]


def in_words(policy):
    words = [TYPES[policy["policy-type"]]]
    words += [policy["policy-domain"]] if "policy-domain" in policy else []
    words += ["failed" if policy["f"] else "ok"]
    return " ".join(words + [str(failure["c"]) for failure in policy.get("failure-details", [])])


def main():
    path, what = sys.argv[1:3]
    if what == "bad":
        bad = lines(path, "bad")
        print("\n".join(bad))
        return 1 if bad else 0
    reports = [report for report in map(json.loads, lines(path, "report")) if report["d"] == sys.argv[3]]
    policies = [policy for report in reports for policy in report["policies"]]
    if what == "count":
        print(len(reports))
    elif what == "of":
        for report in reports:
            print("; ".join(in_words(policy) for policy in report["policies"]))
    elif what == "details":
        for failure in (failure for policy in policies for failure in policy.get("failure-details", [])):
            print(*(failure.get(key, "-") for key in "csrnh"))
    elif what == "strings":
        for policy in policies:
            print("\n".join(policy.get("policy-string", []) + policy.get("mx-host", [])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
