#!/usr/bin/env python3
"""domains.py - which rule holds for whom, several domains in a session, and relays. The servers stand in test_domains.sh:
shared (110, another certificate for each name), plain (111, no STARTTLS), smart (112, wants AUTH), decent (113), liar
(114, a certificate for another name)."""
import json

import smtp
from smtp import result

SHARED, PLAIN, SMART, DECENT, LIAR = (f"198.51.100.{n}" for n in range(110, 115))
SMART6, LIAR6 = "2001:db8:100::112", "2001:db8:100::114"  # no rule for these


def server_lines(name, **wanted):
    return [line for line in smtp.json_lines(name) if all(line.get(key) == value for key, value in wanted.items())]


def which_rule():
    """The most particular name wins; .parent is not the parent itself; the rest has the default level."""
    for domain, source, level, want in (
            ("child.parent.lab", "domain", "may", "250 2.0.0"),
            ("far.below.parent.lab", "domain", "may", "250 2.0.0"),
            ("parent.lab", "default", "encrypt", "451 4.7.4"),
            ("exact.parent.lab", "domain", "secure", "451 4.7.4"),
            ("below.exact.parent.lab", "domain", "may", "250 2.0.0"),
            ("x.sub.parent.lab", "domain", "encrypt", "451 4.7.4"),
            ("notparent.lab", "default", "encrypt", "451 4.7.4")):
        reply = smtp.send_mail(PLAIN, f"bob@{domain}", f"rule-{domain}")
        lines = smtp.gate_log(domain=domain, event="session-end")
        result(f"{domain}: rule of source {source}, level {level}",
               len(lines) == 1 and (lines[0]["source"], lines[0]["level"]) == (source, level), *lines)
        result(f"{domain}: {want}", reply.startswith(want), reply)
    reply = smtp.send_mail(PLAIN, "bob@CHILD.Parent.LAB", "rule-upper-case")
    result("names are compared without regard to case", reply.startswith("250 2.0.0"), reply)


def several_domains():
    """Domains a and b share the host and not the certificate; d is served under a's name."""
    client = smtp.Client(SHARED)
    reply = client.hello()
    result("a session without destination rule says LIMITS RCPTDOMAINMAX=1", "LIMITS RCPTDOMAINMAX=1" in reply[1], reply)
    client.say("MAIL FROM:<alice@lan.test>")
    replies = [client.say(f"RCPT TO:<{rcpt}>") for rcpt in ("one@a.lab", "two@b.lab", "three@d.lab", "four@a.lab")]
    result("the first domain's recipient is taken", replies[0][0] == 250, replies)
    result("one whose proof needs another name: 452 4.5.3", replies[1][0] == 452 and replies[1][1].startswith("4.5.3"),
           replies)
    result("one that the same certificate is proof for: taken", replies[2][0] == 250 and replies[3][0] == 250, replies)
    reply = client.content("several-first")
    result("the message goes to those that were taken", reply == (250, "2.0.0 taken"), reply)
    mail = smtp.delivered("several-first", 10)
    result("and to nobody else", mail is not None and [line.split("<")[1] for line in mail.splitlines() if
           line.startswith("X-Lab-Recipient")] == ["one@a.lab>", "three@d.lab>", "four@a.lab>"], mail)
    client.say("MAIL FROM:<alice@lan.test>")
    replies = [client.say("RCPT TO:<two@b.lab>"), client.content("several-second")]
    result("the next transaction takes the other domain", replies[0][0] == 250 and replies[1][0] == 250, replies)
    result("with a handshake of its own", smtp.head(mail or "", "Sni") == "mx.a.lab" and
           smtp.head(smtp.delivered("several-second", 10) or "", "Sni") == "mx.b.lab", mail, smtp.delivered("several-second", 10))
    client.quit()
    first = [line for line in server_lines("shared", connection=1) if line.get("command") == "QUIT"]
    result("the first leg was left with QUIT over TLS", len(first) == 1 and first[0]["tls"] is not None, first)
    lines = smtp.gate_log(event="session-end", domain="b.lab")
    result("one line at the end, with both messages", len(lines) == 1 and lines[0]["messages"] == "2" and
           lines[0]["matched"] != "", *lines)


def not_a_mail_exchanger():
    """A destination that is none of the domain's MX hosts, at a level that authenticates."""
    reply = smtp.send_mail(DECENT, "bob@elsewhere.lab")
    result("a server that is no MX of the domain is named as such", reply ==
           f"451 4.7.1 [{DECENT}] is not a mail exchanger of elsewhere.lab (smarthost? add a destination rule)", reply)
    reply = smtp.send_mail(LIAR6, "bob@elsewhere.lab")
    wanted = "451 4.7.0 [{}] looks like a relay that wants AUTH; give it a destination rule"
    result("one that offers AUTH is called a relay", reply == wanted.format(LIAR6), reply)
    reply = smtp.send_mail(SMART6, "bob@notparent.lab")
    result("its 530 is not passed on, but explained", reply == wanted.format(SMART6), reply)
    client = smtp.Client(SMART6)
    reply = client.hello()
    result("without a rule AUTH is not offered", "AUTH" not in reply[1], reply)
    reply = client.say("AUTH PLAIN AGFsaWNlAHNlc2FtLW9wZW4=")
    result("and not taken", reply[0] == 502, reply)
    client.quit()


def destination_rule():
    """The smarthost: bound at EHLO, AUTH offered because it proved who it is, any recipient domain."""
    client = smtp.Client(SMART)
    reply = client.hello()
    result("the smarthost's own keywords are offered, AUTH among them", "AUTH PLAIN LOGIN" in reply[1] and
           "LIMITS" not in reply[1] and "SIZE 777777" in reply[1], reply)
    handshakes = server_lines("smart", handshake="done", sni="smart.provider.lab")
    result("TLS was up before the client said more, with the next hop's name", len(handshakes) == 1, handshakes)
    result("MAIL before AUTH gets its 250, RCPT the server's 530",
           client.say("MAIL FROM:<alice@lan.test>")[0] == 250 and client.say("RCPT TO:<bob@any.lab>")[0] == 530)
    client.say("RSET")
    replies = [client.say("AUTH LOGIN"), client.say("YWxpY2U="), client.say("c2VzYW0tb3Blbg==")]
    result("an AUTH exchange is relayed word by word", [reply[0] for reply in replies] == [334, 334, 235] and
           replies[0][1] == "VXNlcm5hbWU6", replies)
    client.say("MAIL FROM:<alice@lan.test>")
    replies = [client.say("RCPT TO:<bob@any.lab>"), client.say("RCPT TO:<eve@elsewhere.lab>"), client.content("smart-mail")]
    result("then mail for any domain goes there", [reply[0] for reply in replies] == [250, 250, 250], replies)
    mail = smtp.delivered("smart-mail", 10)
    result("and is delivered over TLS", mail is not None and (smtp.head(mail, "Tls") or "").startswith("TLS"), mail)
    client.quit()
    lines = smtp.gate_log(event="session-end", source="destination", destination=f"{SMART}:25")
    result("the log says whose rule it was", len(lines) == 1 and lines[0]["level"] == "verify" and
           lines[0]["authenticated"] == "yes", *lines)

    client = smtp.Client(LIAR)
    reply = client.hello()
    result("a smarthost that is not who it should be is refused at EHLO", reply[0] == 421 and
           reply[1].startswith("4.7.5 "), reply)
    result("and the session is over", client.closed())
    lines = smtp.gate_log(event="refused", destination=f"{LIAR}:25")
    result("its refusal is in the log", len(lines) == 1 and lines[0]["result"] == "certificate-host-mismatch", *lines)
    result("no credentials and no envelope reached it", not [line for line in server_lines("liar") if
           line.get("command", "").split(" ")[0] not in ("", "EHLO", "STARTTLS", "QUIT")], *server_lines("liar"))


def main():
    several_domains()
    which_rule()
    not_a_mail_exchanger()
    destination_rule()


if __name__ == "__main__":
    main()
