#!/usr/bin/env python3
"""app.py HOST NAME HOW [CAFILE]: sends a mail with smtplib as programs do, to user@app.example. HOW:

  plain       no TLS at all
  starttls    starttls() as it is by default: any certificate will do
  verified    starttls(context=...) with the authorities of CAFILE, for the server's NAME

Prints one word: sent, refused (and the reply), no-starttls, certificate, broken.
"""
import smtplib
import ssl
import sys


def send(host, name, how, cafile=None):
    client = smtplib.SMTP(local_hostname="app.lan.example", timeout=60)
    client.connect(host, 25)
    client._host = name  # what a program passes that connects by name
    if how == "starttls":
        client.starttls()
    elif how == "verified":
        client.starttls(context=ssl.create_default_context(cafile=cafile))
    client.sendmail("alice@lan.example", ["user@app.example"],
                    f"Subject: lab\r\n\r\ncanary-app-{how}\r\n")
    client.quit()


def main():
    try:
        send(*sys.argv[1:])
        print("sent")
    except smtplib.SMTPNotSupportedError:
        print("no-starttls")
    except ssl.SSLCertVerificationError:
        print("certificate")
    except smtplib.SMTPRecipientsRefused as error:
        print("refused", *next(iter(error.recipients.values())))
    except smtplib.SMTPResponseException as error:
        print("refused", error.smtp_code, error.smtp_error.decode(errors="replace"))
    except (OSError, smtplib.SMTPException) as error:
        print("broken", error)


main()
