#!/usr/bin/env python3
"""hand_in.py NAME COUNT DOMAIN: COUNT messages to DOMAIN into the queue of the Postfix on this host. Their Message-IDs go
into $LAB_DIR/handed-in, once that Postfix has acknowledged them."""
import os
import smtplib
import sys


def main():
    name, count, domain = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    server = smtplib.SMTP("127.0.0.1", 25, "localhost", 60)
    with open(f"{os.environ['LAB_DIR']}/handed-in", "a", encoding="ascii") as kept:
        for number in range(count):
            message_id = f"<{name}-{number}@lan.example>"
            server.sendmail("alice@lan.example", [f"bob@{domain}"],
                            f"From: <alice@lan.example>\nTo: <bob@{domain}>\nMessage-ID: {message_id}\n"
                            f"Subject: {name} {number}\n\ncanary-of-the-faults\n" + "some text of some length\n" * 40)
            kept.write(message_id + "\n")
    server.quit()


if __name__ == "__main__":
    main()
