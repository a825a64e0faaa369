#!/usr/bin/env python3
"""stuck.py GATE: a policyd that lives and does nothing: a RCPT waits as long as it may, then it is deferred; the parent
notices too, and replaces it."""
import os
import signal
import sys
import time

import smtp
from smtp import result

GOOD = "198.51.100.121"


def main():
    gate = int(sys.argv[1])
    client = smtp.Client(GOOD, 100)
    client.hello()
    client.say("MAIL FROM:<alice@lan.test>")
    stuck = smtp.until(20, lambda: smtp.role_of(gate, "policy"))
    if not stuck:  # 0 would be the test itself
        sys.exit("there is no policyd with its sandbox on")
    os.kill(stuck, signal.SIGSTOP)
    begin = time.monotonic()
    reply = client.say("RCPT TO:<bob@stuck.lab>")
    took = time.monotonic() - begin
    result("a RCPT that gets no verdict: 451 4.4.3", reply[0] == 451 and reply[1].startswith("4.4.3"), reply)
    result("when gate25's own minute is over, and not before", 55 < took < 75, took)
    reply = client.content("stuck")
    result("and without a recipient no DATA", reply[0] in (451, 554), reply)
    client.quit()
    result("a policyd that is silent for a minute is replaced",
           smtp.until(30, lambda: smtp.role_of(gate, "policy") not in (0, stuck)))
    reply = smtp.send_mail(GOOD, "bob@good.lab", "after-stuck")
    result("then mail goes", reply == "250 2.0.0 taken", reply)


if __name__ == "__main__":
    main()
