#!/usr/bin/env python3
"""sessions.py NAME STATE...: clients stand at these states until the file $LAB_DIR/go-on is there; then each session goes
on, and a message that was not acknowledged is sent again until it is. The file $LAB_DIR/standing tells that they stand."""
import os
import sys

import stand
from stand import smtp


def main():
    name, states = sys.argv[1], sys.argv[2:]
    stands = [stand.Stand(state, f"{name}-{state}") for state in states]
    late = [one.state for one in stands if not one.stand()]
    smtp.result(f"{name}: sessions run ({' '.join(states)})", not late, *late)
    open(f"{stand.LAB_DIR}/standing", "x", encoding="ascii").close()
    smtp.until(120, lambda: os.path.exists(f"{stand.LAB_DIR}/go-on"))
    replies = {one.state: one.go_on() for one in stands if one.state not in late}
    wrong = [f"{state}: {reply}" for state, reply in replies.items() if reply[0] != 250]
    smtp.result(f"{name}: none of them notices", not wrong, *wrong)
    late = [one.state for one in stands if not one.deliver()]
    smtp.result(f"{name}: their messages are acknowledged in the end", not late, *late)


if __name__ == "__main__":
    main()
