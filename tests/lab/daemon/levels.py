#!/usr/bin/env python3
"""levels.py setup|run|judge: every kind of server met at every level, enforced and only reported.

A domain SERVER.LEVEL.lab has one MX host, mx.SERVER.LEVEL.lab, at the server of that kind; one rule ".LEVEL.lab" holds
for a level. setup writes zone, rules and what the shell needs to make the servers; run sends a mail to each domain;
judge compares replies, mailboxes, the gate's log and the captured wire with the table.
"""
import json
import os
import subprocess
import sys

import smtp

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import wire  # noqa: E402

LEVELS = ("none", "may", "encrypt", "fingerprint", "verify", "secure")

# What each level makes of each server under enforce = yes: "clear", "tls", "auth" (TLS, and the server proved who it
# is), or the enhanced code of a 451 and RFC 8460's word.
MISMATCH = ("4.7.5", "certificate-host-mismatch")
EXPIRED = ("4.7.5", "certificate-expired")
DISTRUST = ("4.7.5", "certificate-not-trusted")
UNLISTED = DISTRUST
NO_STARTTLS = ("4.7.4", "starttls-not-supported")
BROKEN = ("4.7.5", "validation-failure")
TABLE = {
    #                none     may      encrypt      fingerprint  verify       secure
    "good":        ("clear", "tls",   "tls",       "auth",      "auth",      "auth"),
    "wrong-name":  ("clear", "tls",   "tls",       UNLISTED,    MISMATCH,    MISMATCH),
    "self-signed": ("clear", "tls",   "tls",       "auth",      DISTRUST,    DISTRUST),
    "expired":     ("clear", "tls",   "tls",       "auth",      EXPIRED,     EXPIRED),
    "no-starttls": ("clear", "clear", NO_STARTTLS, NO_STARTTLS, NO_STARTTLS, NO_STARTTLS),
    "says-454":    ("clear", "clear", NO_STARTTLS, NO_STARTTLS, NO_STARTTLS, NO_STARTTLS),
    "tls-1.1":     ("clear", "clear", BROKEN,      BROKEN,      BROKEN,      BROKEN),
    "garbage":     ("clear", "clear", BROKEN,      BROKEN,      BROKEN,      BROKEN),
    "injects":     ("clear", "clear", BROKEN,      BROKEN,      BROKEN,      BROKEN),
}
HAS_TLS = ("good", "wrong-name", "self-signed", "expired")  # servers with whom a handshake succeeds
FIRST = 101  # the first server's address, 198.51.100.FIRST


class Cell:
    """One mail: a server at a level."""

    def __init__(self, server, level, enforce):
        self.server, self.level, self.enforce = server, level, enforce
        self.label = level if enforce else level + "-report"
        self.domain = f"{server.replace('.', '-')}.{self.label}.lab"
        self.mx = "mx." + self.domain
        self.rcpt = f"bob@{self.domain}"
        n = FIRST + list(TABLE).index(server)
        self.v4, self.v6 = f"198.51.100.{n}", f"2001:db8:100::{n}"
        # Both families get their share.
        self.host = self.v6 if (LEVELS.index(level) + n + enforce) % 2 else self.v4
        self.want = TABLE[server][LEVELS.index(level)]
        self.refused = None if isinstance(self.want, str) else self.want
        self.text = f"content-for-{self.domain}"

    def transport(self):
        """How the mail must leave: "clear", "tls" or "no"."""
        if self.refused is None:
            return "clear" if self.want == "clear" else "tls"
        if self.enforce:
            return "no"
        return "tls" if self.server in HAS_TLS else "clear"

    def __str__(self):
        return f"{self.server} at {self.level}{'' if self.enforce else ', report only'}"


CELLS = [Cell(server, level, enforce) for server in TABLE for level in LEVELS for enforce in (True, False)]


def setup():
    """Writes zone and rules; prints "SERVER NUMBER NAME..." for the shell."""
    with open(f"{smtp.LAB_DIR}/zone", "w", encoding="ascii") as zone:
        for cell in CELLS:
            zone.write(f"{cell.domain} MX 10 {cell.mx}\n{cell.mx} A {cell.v4}\n{cell.mx} AAAA {cell.v6}\n")
    for server in TABLE:
        names = [name for cell in CELLS if cell.server == server for name in (cell.mx, cell.domain)]
        print(server, FIRST + list(TABLE).index(server), *names)


def rules():
    """The rules, once the certificates are made: those of good, self-signed and expired are pinned."""
    pins = []
    for server in ("good", "self-signed", "expired"):
        der = subprocess.run(["openssl", "x509", "-in", f"{smtp.LAB_DIR}/pki/{server}.crt", "-noout", "-fingerprint",
                              "-sha256"], check=True, capture_output=True, text=True).stdout
        pins.append('"' + der.split("=")[1].strip() + '"')
    for level in LEVELS:
        pinned = f"fingerprints = {{{', '.join(pins)}}}\n" if level == "fingerprint" else ""
        print(f'domain ".{level}.lab" {{\nlevel = {level}\n{pinned}}}')
        print(f'domain ".{level}-report.lab" {{\nlevel = {level}\nenforce = no\n{pinned}}}')


def run():
    replies = {}
    for cell in CELLS:
        replies[cell.domain] = smtp.send_mail(cell.host, cell.rcpt, cell.text)
    with open(f"{smtp.LAB_DIR}/replies", "w", encoding="utf-8") as file:
        json.dump(replies, file)


def in_clear():
    """The domains whose recipient or content somebody on the path could read, and how many streams had octets of mail in
    clear that belong to none of them."""
    with open(f"{smtp.LAB_DIR}/pcap/levels.pcap", "rb") as file:
        found, _ = wire.streams(file.read(), 25)
    seen, strange = set(), 0
    for stream in found:
        sent, got = stream.octets()
        here = {cell.domain for cell in CELLS if cell.rcpt.encode() in sent + got or cell.text.encode() in sent + got}
        seen |= here
        strange += wire.Reading(sent).leak() > 0 and not here
    return seen, strange


def judge_reply(cell, reply):
    if cell.refused is not None and cell.enforce:
        return reply.startswith(f"451 {cell.refused[0]} ")
    return reply.startswith("250 2.0.0 taken")


def judge_mail(cell):
    mail = smtp.delivered(cell.text + "\n")
    how = cell.transport()
    if how == "no":
        return mail is None
    if mail is None:
        return False
    tls, sni = smtp.head(mail, "Tls"), smtp.head(mail, "Sni")
    return (tls, sni) == ("none", "none") if how == "clear" else tls in ("TLSv1.3", "TLSv1.2") and sni == cell.mx


def judge_refusal(cell, reply, lines):
    """The refusal's own line in the log: there exactly once where there is one, and right."""
    event = "refused" if cell.enforce else "would-refuse"
    told = [line for line in lines if line["event"] in ("refused", "would-refuse")]
    if cell.refused is None:
        return told == []
    if len(told) != 1 or told[0]["event"] != event:
        return False
    line = told[0]
    return (line.get("result") == cell.refused[1] and line.get("level") == cell.level and line.get("source") == "domain" and
            line["reply"].startswith(f"451 {cell.refused[0]} ") and line.get("reason", "") != "" and
            (not cell.enforce or line["reply"] == reply))


def judge_end(cell, lines):
    ends = [line for line in lines if line["event"] == "session-end"]
    if len(ends) != 1:
        return False
    line, how = ends[0], cell.transport()
    good = (line.get("level") == cell.level and line.get("source") == "domain" and line.get("mx") == (None if cell.level == "none" else cell.mx) and
            line.get("end") == "quit" and str(line.get("messages")) == ("0" if how == "no" else "1"))
    if how == "tls":
        good = good and line.get("tls", "").startswith("TLSv1.") and line.get("sni") == cell.mx
    if how == "clear":
        good = good and "tls" not in line
    if how != "no":
        good = good and line.get("authenticated") == ("yes" if cell.want == "auth" else "no")
    return good


def judge():
    with open(f"{smtp.LAB_DIR}/replies", encoding="utf-8") as file:
        replies = json.load(file)
    seen, strange = in_clear()
    log = smtp.json_lines("gate25")
    smtp.result("no other octets of mail in clear", strange == 0, f"{strange} streams")
    for cell in CELLS:
        reply = replies[cell.domain]
        lines = [line for line in log if line.get("domain") == cell.domain]
        wanted = cell.refused or cell.want
        smtp.result(f"{cell}: reply", judge_reply(cell, reply), f"wanted: {wanted}", f"reply: {reply}")
        smtp.result(f"{cell}: {'not delivered' if cell.transport() == 'no' else 'delivered'}", judge_mail(cell),
                    f"wanted: {cell.transport()}", f"mail: {smtp.delivered(cell.text)}", f"reply: {reply}")
        smtp.result(f"{cell}: log", judge_refusal(cell, reply, lines) and judge_end(cell, lines), f"wanted: {wanted}",
                    *lines)
        smtp.result(f"{cell}: {'in clear' if cell.transport() == 'clear' else 'nothing in clear'} on the wire",
                    (cell.domain in seen) == (cell.transport() == "clear"))


if __name__ == "__main__":
    {"setup": setup, "rules": rules, "run": run, "judge": judge}[sys.argv[1]]()
