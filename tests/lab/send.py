#!/usr/bin/env python3
"""send.py HOST --to ADDRESS...: sends one mail to HOST with Python's smtplib, and prints the dialogue.

Exit status: 0 taken, 4 or 5 refused with such a reply, 3 no connection, or it broke off without a reply.
"""
import argparse
import smtplib
import ssl
import sys


class Client(smtplib.SMTP):
    def _print_debug(self, *args):
        print(*args)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("host")
    parser.add_argument("--port", type=int, default=25)
    parser.add_argument("--from", dest="sender", default="alice@lan.example")
    parser.add_argument("--to", action="append", required=True)
    parser.add_argument("--text", default="a message of the lab")
    parser.add_argument("--helo", default="client.lan.example")
    parser.add_argument("--bind")
    parser.add_argument("--starttls", metavar="NAME", help="upgrade, with NAME as SNI; any certificate will do")
    parser.add_argument("--timeout", type=float, default=60)
    args = parser.parse_args()
    text = f"From: {args.sender}\r\nTo: {', '.join(args.to)}\r\nSubject: lab\r\n\r\n{args.text}\r\n"
    client = Client(local_hostname=args.helo, timeout=args.timeout,
                    source_address=(args.bind, 0) if args.bind else None)
    client.set_debuglevel(1)
    try:
        code, _ = client.connect(args.host, args.port)
        if code != 220:
            return code // 100
        if args.starttls:
            client.ehlo()
            client._host = args.starttls
            client.starttls(context=ssl._create_unverified_context())
        code, _ = client.ehlo()
        if code == 421:
            return 4
        refused = client.sendmail(args.sender, args.to, text.encode())
        for code, _ in refused.values():
            return code // 100
        client.quit()
        return 0
    except smtplib.SMTPRecipientsRefused as error:
        return max(code for code, _ in error.recipients.values()) // 100
    except smtplib.SMTPResponseException as error:
        return error.smtp_code // 100 if error.smtp_code > 0 else 3
    except (smtplib.SMTPException, OSError) as error:
        print(f"broken off: {error}")
        return 3


if __name__ == "__main__":
    sys.exit(main())
