#!/usr/bin/env python3
"""reload.py setup|run [GATE]: a SIGHUP takes a sound configuration over and leaves a wrong one alone. Servers: own (131,
self-signed) and lab (132, from the lab's authority)."""
import os
import shutil
import signal
import sys
import threading

import smtp
from smtp import result

OWN, LAB = "198.51.100.131", "198.51.100.132"
CONF = f"{smtp.LAB_DIR}/gate25.conf"
CA = f"{smtp.LAB_DIR}/ca.crt"  # what ca-file names; copied from one of these
LAB_CA, OTHER_CA = f"{smtp.LAB_DIR}/pki/ca.crt", f"{smtp.LAB_DIR}/pki/other.crt"
GATE = 0
TAKEN = "250 2.0.0 taken"


def configure(own="encrypt", extra="", ca_file=CA):
    """The file, with the level of own.lab; |extra| has the lines from 13 on."""
    with open(f"{smtp.LAB_DIR}/base.conf", encoding="utf-8") as file:
        base = file.read()
    with open(CONF, "w", encoding="utf-8") as file:
        file.write(base + f'ca-file = "{ca_file}"\ndomain "own.lab" {{ level = {own} }}\n'
                   'domain "lab.lab" { level = verify }\n' + extra + "\n")


def line_of(text):
    with open(CONF, encoding="utf-8") as file:
        return next(number for number, line in enumerate(file, 1) if text in line)


def reload():
    """SIGHUP; the log lines that it made, the last one saying what became of it."""
    before = len(smtp.gate_log())
    os.kill(GATE, signal.SIGHUP)

    def said():
        lines = [line for line in smtp.gate_log()[before:] if line["event"] in ("reload", "configuration", "ca-file")]
        return lines if any(line["event"] == "reload" for line in lines) else None
    return smtp.until(10, said) or []


def taken_over(what):
    lines = reload()
    return result(f"{what}: taken over", bool(lines) and "is in force" in lines[-1]["reason"], *lines)


def refused(what, *words):
    """The reload is refused, with |words| in what is said, and in one line."""
    lines = reload()
    texts = [line["reason"] for line in lines]
    return result(f"{what}: refused, with a reason", bool(lines) and "old configuration stays in force" in texts[-1] and
                  any(all(word in text for word in words) for text in texts), *lines)


def mail(to, text="mail"):
    return smtp.send_mail(OWN if to == "own.lab" else LAB, "bob@" + to, text)


def rules():
    """A rule that changes, met by a session that runs and by new ones."""
    result("at first own.lab is taken at level encrypt", mail("own.lab") == TAKEN)
    client = smtp.Client(OWN)
    client.begin("bob@own.lab")
    client.say("DATA")
    client.send(b"Subject: lab\r\n\r\nbegun before\r\n")
    configure("verify")
    taken_over("a stricter rule")
    reply = mail("own.lab")
    result("a new session meets the stricter rule", reply.startswith("451 4.7.5"), reply)
    client.send(b"ended behind the reload\r\n.\r\n")
    reply = client.reply()
    result("the message on its way arrives", reply == (250, "2.0.0 taken"), reply)
    client.say("MAIL FROM:<alice@lan.test>")
    reply = client.say("RCPT TO:<bob@own.lab>")
    result("the next recipient in the same session meets the stricter rule too", reply[0] == 451 and
           reply[1].startswith("4.7.5"), reply)
    client.quit()


def mistakes():
    """Nothing of a file with a mistake is taken over."""
    configure("bogus")
    refused("an unknown level", f"{CONF}:{line_of('bogus')}: ", "bogus")
    configure("encrypt", 'colour = "green"\ndomain "x.lab" { level = may')
    refused("an unknown key and a section without end", f"{CONF}:{line_of('colour')}: ", "colour")
    configure("encrypt", "listen-port = 826")
    refused("listen-port", "listen-port can change only by a restart")
    configure("encrypt", 'user = "25177"')
    refused("user", "user can change only by a restart")
    configure("encrypt", "workers = 2")
    refused("workers", "workers to fewer can change only by a restart")
    configure("encrypt", ca_file="/nowhere/ca.crt")
    refused("a CA file that is not there", "/nowhere/ca.crt")
    os.rename(CONF, CONF + ".away")
    refused("no file at all", CONF)
    os.rename(CONF + ".away", CONF)
    reply = mail("own.lab")
    result("through all of this the old rules hold", reply.startswith("451 4.7.5"), reply)
    result("and mail goes", mail("lab.lab") == TAKEN)


def authorities():
    """The file that ca-file names is read again, and another one where the configuration names another."""
    shutil.copy(OTHER_CA, CA)
    configure("verify")
    reply = mail("lab.lab")
    result("a CA file that changed means nothing yet", reply == TAKEN, reply)
    taken_over("the same configuration, another CA in its file")
    reply = mail("lab.lab")
    result("what the old CA signed is refused", reply.startswith("451 4.7.5"), reply)
    configure("verify", ca_file=LAB_CA)
    taken_over("another CA file")
    reply = mail("lab.lab")
    result("what its CA signed is taken", reply == TAKEN, reply)
    configure("verify", f'domain "own2.lab" {{\nlevel = verify\nca-file = "{OTHER_CA}"\n}}', ca_file=LAB_CA)
    taken_over("a rule with a CA file of its own")
    reply = mail("own2.lab")
    result("for its domain that CA holds", reply.startswith("451 4.7.5"), reply)
    shutil.copy(LAB_CA, CA)


def enforcement():
    configure("verify", "enforce = no")
    taken_over("enforce = no")
    reply = mail("own.lab", "reported")
    result("what was refused is delivered", reply == TAKEN, reply)
    lines = smtp.gate_log(event="would-refuse", domain="own.lab")
    result("and reported", len(lines) == 1 and lines[0]["reply"].startswith("451 4.7.5"), *lines)
    configure("verify")
    taken_over("enforce = yes")
    reply = mail("own.lab")
    result("what was delivered is refused", reply.startswith("451 4.7.5"), reply)


def under_load():
    """Sessions come and go while the configuration is read again and again."""
    replies, over = [], threading.Event()

    def sender():
        while not over.is_set():
            replies.append(mail("lab.lab"))
    threads = [threading.Thread(target=sender) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        good = all("is in force" in (reload() or [{"reason": ""}])[-1]["reason"] for _ in range(10))
    finally:
        over.set()
        for thread in threads:
            thread.join()
    result("ten reloads while sessions come and go: every mail is taken", good and len(replies) >= 8 and
           set(replies) == {TAKEN}, len(replies), set(replies))


def run():
    rules()
    mistakes()
    authorities()
    enforcement()
    under_load()


if __name__ == "__main__":
    if sys.argv[1] == "setup":
        shutil.copy(LAB_CA, CA)
        configure()
    else:
        GATE = int(sys.argv[2])
        run()
