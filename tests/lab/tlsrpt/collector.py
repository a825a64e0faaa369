#!/usr/bin/env python3
"""collector.py SOCKET GROUP - a TLSRPT collector that takes nothing on trust. It listens on SOCKET, which GROUP may write
to (mode 0220), holds every datagram to the format that libtlsrpt writes, and prints a line for each: "report" and the
datagram, or "bad", what is wrong, and the datagram."""
import ipaddress
import json
import os
import re
import shutil
import signal
import socket
import sys

WHOLE = ["dpv", "d", "pr", "policies"]
POLICY = ["policy-type", "policy-domain", "policy-string", "mx-host", "failure-details", "t", "f"]
FAILURE = ["c", "s", "n", "h", "r", "a", "f"]
CODES = {201, 202, 203, 204, 205, 301, 302, 303, 304, 305, 306}
NAME = r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)+"


class Bad(Exception):
    pass


def must(holds, what):
    if not holds:
        raise Bad(what)


def ordered(pairs):
    """Objects keep the order of their keys, and none has one twice."""
    keys = [key for key, _ in pairs]
    must(len(keys) == len(set(keys)), f"a key twice: {keys}")
    return dict(pairs)


def check_keys(value, known, required, what):
    must(isinstance(value, dict), f"{what} is no object")
    must(list(value) == [key for key in known if key in value], f"{what}: keys are {list(value)}")
    must(all(key in value for key in required), f"{what} lacks one of {required}")


def is_text(value):
    return isinstance(value, str) and value != "" and value.isascii() and value.isprintable()


def check_strings(policy, key):
    if key in policy:
        must(isinstance(policy[key], list) and policy[key] and all(is_text(text) for text in policy[key]),
             f"{key} is no list of lines")


def check_failure(failure):
    check_keys(failure, FAILURE, ["c"], "a failure")
    must(type(failure["c"]) is int and failure["c"] in CODES, f"code {failure['c']}")
    must(all(is_text(failure[key]) for key in failure if key != "c"), "a value of a failure is no text")
    for key in ("s", "r"):
        if key in failure:
            ipaddress.ip_address(failure[key])
    must("n" not in failure or re.fullmatch(NAME, failure["n"]), "n is no host name")
    must("a" not in failure or re.fullmatch(r"https://[!-~]+", failure["a"]), "a is no URI")
    must(failure["c"] in (301, 302, 303) or "s" in failure and "r" in failure, "who spoke to whom is not told")


def check_tlsa(policy):
    for text in policy.get("policy-string", []):
        must(re.fullmatch(r"[23] [01] [012] ([0-9A-F]{2})+", text), f"no TLSA record: {text}")
    must("mx-host" not in policy, "tlsa has mx-host")


def check_sts(policy):
    lines = policy.get("policy-string", [])
    must(bool(lines) == ("mx-host" in policy), "policy-string and mx-host go together")
    must(not lines or "version: STSv1" in lines, "no version in the policy's text")
    must([f"mx: {host}" for host in policy.get("mx-host", [])] == [line for line in lines if line.startswith("mx: ")],
         "mx-host is not what the text says")


def check_policy(policy):
    check_keys(policy, POLICY, ["policy-type", "t", "f"], "a policy")
    must(type(policy["policy-type"]) is int and policy["policy-type"] in (1, 2, 9), "policy-type")
    must((policy["policy-type"] == 9) == ("policy-domain" not in policy), "policy-domain")
    must("policy-domain" not in policy or re.fullmatch(NAME, policy["policy-domain"]), "policy-domain is no name")
    check_strings(policy, "policy-string")
    check_strings(policy, "mx-host")
    {1: check_tlsa, 2: check_sts, 9: lambda _: must("policy-string" not in policy, "none has text")}[policy["policy-type"]](
        policy)
    failures = policy.get("failure-details", [])
    must("failure-details" not in policy or isinstance(failures, list) and failures, "failure-details")
    for failure in failures:
        check_failure(failure)
    must(type(policy["t"]) is int and policy["t"] == len(failures), "t is not how many there are")
    must(type(policy["f"]) is int and policy["f"] in (0, 1), "f")
    must(policy["f"] == 0 or failures, "a failure without a reason")


def check(octets):
    must(len(octets) <= 65000, f"{len(octets)} octets")
    must(octets.isascii() and not octets.endswith(b"\n"), "not printable, or a newline at the end")
    whole = json.loads(octets, object_pairs_hook=ordered)
    check_keys(whole, WHOLE, WHOLE, "the datagram")
    must(whole["dpv"] == "1", "dpv")
    must(re.fullmatch(NAME, whole["d"]), "d is no domain")
    must(re.match(r"v=TLSRPTv1[ \t]*;", whole["pr"]), "pr is no TLSRPT record")
    must(isinstance(whole["policies"], list) and whole["policies"], "no policies")
    for policy in whole["policies"]:
        check_policy(policy)


def main():
    path, group = sys.argv[1:]
    if os.path.exists(path):
        os.unlink(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(path)
    shutil.chown(path, group=group)
    os.chmod(path, 0o220)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print("ready", flush=True)
    while True:
        octets = sock.recv(1 << 20)
        try:
            check(octets)
            print("report\t" + octets.decode(), flush=True)
        except (Bad, ValueError, TypeError) as error:
            print(f"bad\t{error}\t{octets!r}", flush=True)


if __name__ == "__main__":
    main()
