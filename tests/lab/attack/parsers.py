#!/usr/bin/env python3
"""parsers.py: addresses in which another parser may see another domain, through the gate to Postfix and to Exim. Each of
these servers takes mail for one domain, the one that the gate judged, and relays nothing: so what it takes it takes for
that domain, and its log says so. What it refuses it must not refuse as somebody else's."""
import os
import re
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "daemon")]
sys.dont_write_bytecode = True
import smtp  # noqa: E402
from client_addresses import TAKEN, UTF8  # noqa: E402
from smtp import result  # noqa: E402

SERVERS = {"postfix-normalize": 123, "exim": 131}
ALIEN = re.compile(r"relay|not here", re.I)  # how these servers refuse what is not theirs


def paths(domain):
    """(name, octets between the brackets, whether they need SMTPUTF8)."""
    rows = [(name, path, False) for name, path, _, judged in TAKEN if judged == "raw.lab"]
    rows += [(name, path.encode(), True) for name, path, judged in UTF8 if judged == "raw.lab" and path.endswith("@raw.lab")]
    for name, path, utf8 in rows:
        head, _, tail = path.rpartition(b"@")
        assert tail.lower() == b"raw.lab"
        yield name, head + b"@" + domain.encode(), utf8


def ask(server, number):
    """The paths that it took, and those that it refused, with its replies."""
    client = smtp.Client(f"198.51.100.{number}")
    offered = client.hello()[1]
    taken, refused = [], []
    client.say("MAIL FROM:<parsers@lan.test>" + (" SMTPUTF8" if "SMTPUTF8" in offered else ""))
    for name, path, utf8 in paths(f"{server}.lab"):
        if utf8 and "SMTPUTF8" not in offered:
            continue
        client.send(b"RCPT TO:<" + path + b">\r\n")
        reply = client.reply()
        (taken if reply[0] == 250 else refused).append((name, path, reply))
    reply = client.content(f"parsers of {server}")
    client.quit()
    return taken, refused, reply


def delivered_to(log):
    """Domains that the server says it delivered to, for this sender's message."""
    with open(f"{smtp.LAB_DIR}/log/{log}", encoding="utf-8", errors="replace") as file:
        text = file.read()
    if log == "exim":
        ids = re.findall(r"(\S+) <= parsers@lan\.test", text)
        return [line for id_ in ids for line in re.findall(rf"{id_} (?:=>|->|\*\*) .*?<(.*)> ", text)], \
            any(f"{id_} Completed" in text for id_ in ids)
    ids = re.findall(r"(\w+): from=<parsers@lan\.test>", text)
    return [line for id_ in ids for line in re.findall(rf"{id_}: to=<(.*?)>, .*status=", text)], \
        any(f"{id_}: removed" in text for id_ in ids)


def main():
    for server, number in SERVERS.items():
        taken, refused, reply = ask(server, number)
        result(f"{server}: takes most of {len(taken) + len(refused)} strange recipients", len(taken) > len(refused) and
               reply[0] == 250, reply, *refused)
        alien = [row for row in refused if row[2][0] == 0 or ALIEN.search(row[2][1])]
        result(f"{server}: takes none of them for another's", not alien, *alien)
        log = "exim" if server == "exim" else "postfix"
        smtp.until(30, lambda log=log: delivered_to(log)[1])
        found, over = delivered_to(log)
        strange = [path for path in found if not path.lower().endswith(f"@{server}.lab")]
        result(f"{server}: delivers them to its own domain and nowhere else", over and found and not strange, over, len(found),
               *strange)
        print(f"#\t{server}: {len(taken)} taken, {len(found)} delivered; refused: "
              f"{[(name, text[1][:60]) for name, _, text in refused]}")


if __name__ == "__main__":
    main()
