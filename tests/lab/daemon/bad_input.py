#!/usr/bin/env python3
"""bad_input.py servers|run: servers that are not there, or that speak nonsense, and an old client. servers prints
"NUMBER WORD..." for the shell, words separated by tabs."""
import re
import sys
import threading

import smtp
from smtp import result

BOMB = "\\n".join(["250-bomb"] * 300 + ["250 bomb"])
# The server; what it does; what the client gets in the end; the word of the session's last log line.
SERVERS = {
    "greets with nonsense": (["greeting=good morning"], "421 4.4.1 ", "refused"),
    "greets with 2xx": (["greeting=250 hello"], "421 4.4.1 ", "refused"),
    "greets with two codes": (["greeting=220-mx\\n250 mx"], "421 4.4.1 ", "refused"),
    "greets with a line of 9000 octets": (["greeting=220 " + "x" * 9000], "421 4.4.1 ", "refused"),
    "closes at once": (["close=greeting"], "421 4.4.1 ", "refused"),
    "greets with 554": (["greeting=554 5.3.2 no mail here"], "554 5.3.2 no mail here", "server"),
    "greets with 421": (["greeting=421 4.3.2 busy"], "421 4.3.2 busy", "server"),
    "answers EHLO with nonsense": (["ehlo=what do you mean"], "421 4.4.2 ", "refused"),
    "answers EHLO with 354": (["ehlo=354 go on"], "421 4.4.2 ", "refused"),
    "answers EHLO with 300 lines": (["ehlo=" + BOMB], "421 4.4.2 ", "refused"),
    "answers EHLO with 550": (["ehlo=550 5.7.1 not you"], "550 5.7.1 not you", "quit"),
    "closes at EHLO": (["close=ehlo"], "421 4.4.2 ", "refused"),
    "answers STARTTLS with nonsense": (["starttls=banana"], "451 4.7.5 ", "quit"),
    "closes at STARTTLS": (["close=starttls"], "451 4.7.5 ", "quit"),
    "closes where TLS begins": (["close=tls"], "451 4.7.5 ", "quit"),
    "answers EHLO over TLS with nonsense": (["tls-ehlo=banana"], "451 4.4.2 ", "quit"),
    "answers EHLO over TLS with 300 lines": (["tls-ehlo=" + BOMB], "451 4.4.2 ", "quit"),
    "answers MAIL with nonsense": (["mail-from=banana"], "451 4.4.2 ", "quit"),
    "answers MAIL with 550": (["mail-from=550 5.1.0 no"], "550 5.1.0 no", "quit"),
    "answers RCPT with 354": (["rcpt=354 go on"], "451 4.4.2 ", "quit"),
    "answers RCPT with two codes": (["rcpt=250-yes\\n550 no"], "451 4.4.2 ", "quit"),
    "answers RCPT with 421": (["rcpt=421 4.3.2 busy"], "421 4.3.2 busy", "server"),
    "closes at RCPT": (["close=rcpt"], "451 4.4.2 ", "quit"),
    "answers DATA with 250": (["data=250 ok"], "451 4.4.2 ", None),
    "answers the dot with nonsense": (["dot=banana"], "451 4.4.2 ", None),
    "answers the dot with 354": (["dot=354 more"], "451 4.4.2 ", None),
    "closes at the dot": (["close=dot"], "451 4.4.2 ", None),
}
FIRST = 140
CLOSED, DECENT, NO_EHLO, ABSENT = (f"198.51.100.{n}" for n in (137, 138, 139, 250))


def host_of(name):
    return f"198.51.100.{FIRST + list(SERVERS).index(name)}"


def servers():
    for name, (words, _, _) in SERVERS.items():
        print(FIRST + list(SERVERS).index(name), *words, sep="\t")


def nonsense():
    for name, (_, wanted, end) in SERVERS.items():
        reply = smtp.send_mail(host_of(name), f"bob@{name.replace(' ', '-').lower()}.lab", "to nobody: " + name)
        result(f"a server that {name}: {wanted.strip()}", reply.startswith(wanted), reply)
        lines = smtp.until(5, lambda end_of=host_of(name) + ":25": smtp.gate_log(event="session-end", destination=end_of))
        result(f"a server that {name}: in the log", bool(lines) and len(lines) == 1 and end in (None, lines[0]["end"]) and
               lines[0]["messages"] == "0", *lines or ["no line"])
    taken = [mail for mail in smtp.mails() if "to nobody: " in mail]
    result("none of them has a mail that it acknowledged", not taken, *taken)


def refused_lines(host):
    return smtp.gate_log(event="refused", destination=host + ":25")


def closed_port():
    reply = smtp.send_mail(CLOSED, "bob@closed.lab")
    result("a server with a closed port: 421 4.4.1 as the greeting", reply.startswith("421 4.4.1 "), reply)
    lines = refused_lines(CLOSED)
    result("said in the log, with the reason", len(lines) == 1 and "refused" in lines[0].get("reason", ""), *lines)
    down = smtp.until(20, lambda: smtp.gate_log(event="host-down", destination=CLOSED + ":25")) or []
    result("and that it is down", len(down) == 1 and down[0].get("failure") == "unreachable", *down)
    reply = smtp.send_mail(CLOSED, "bob@closed.lab")
    result("asked again, the client finds it as closed as without the gate", "refused" in reply, reply)


def absent(replies):
    """It takes the whole time that gate25 gives a server to answer, so that others are asked meanwhile."""
    replies.append(smtp.send_mail(ABSENT, "bob@absent.lab"))


def old_client():
    client = smtp.Client(DECENT)
    replies = [client.say(line) for line in ("HELO old.lan", "MAIL FROM:<alice@lan.test>", "RCPT TO:<bob@decent.lab>")]
    replies.append(client.content("from a client that says HELO"))
    result("a client that says HELO: taken", [reply[0] for reply in replies] == [250] * 4 and "\n" not in replies[0][1],
           replies)
    mail = smtp.delivered("from a client that says HELO", 10)
    result("and delivered over TLS", mail is not None and re.match("TLS", smtp.head(mail, "Tls") or ""), mail)
    client.quit()
    client = smtp.Client(NO_EHLO)
    reply = client.say("HELO old.lan")
    result("a server that knows no EHLO has no STARTTLS either: 421 4.7.4", reply[0] == 421 and
           reply[1].startswith("4.7.4 "), reply)
    reply = smtp.Client(DECENT).say("GET / HTTP/1.1")
    result("a browser is shown the door", reply[0] == 500, reply)


if __name__ == "__main__":
    if sys.argv[1] == "servers":
        servers()
    else:
        answers = []
        waiting = threading.Thread(target=absent, args=(answers,))
        waiting.start()
        nonsense()
        closed_port()
        old_client()
        waiting.join()
        result("a server that is not there: 421 4.4.1 as the greeting", answers[0].startswith("421 4.4.1 "), answers)
        said = refused_lines(ABSENT)
        result("said in the log", len(said) == 1 and said[0].get("reason", "") != "", *said)
