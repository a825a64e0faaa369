"""The two judges: tests/oracle/oracle (OpenSSL) and `gate25 verify` (BoringSSL, and gate25's own DANE)."""
import base64
import collections
import concurrent.futures
import os
import re
import subprocess

# |match| "U S M" and |depth| are "-" unless the verdict is "pass". |why|: the oracle's words, or gate25's result word.
Answer = collections.namedtuple("Answer", "verdict match depth why")

LINE = re.compile(r'verdict=(pass|refuse|unauthenticated) result=(\S+) match="([^"]*)" depth=(\S+)')
EXIT = {"pass": 0, "unauthenticated": 0, "refuse": 1}


class Files:
    """The chains as files, each written once."""

    def __init__(self, folder, certificates):
        self.folder = folder
        self.certificates = certificates
        self.written = {}
        os.makedirs(folder, exist_ok=True)

    def path(self, chain):
        if chain not in self.written:
            path = f"{self.folder}/{len(self.written):03d}.pem"
            with open(path, "w", encoding="ascii") as out:
                for label in chain:
                    out.write("-----BEGIN CERTIFICATE-----\n")
                    out.write(base64.encodebytes(self.certificates[label].der).decode())
                    out.write("-----END CERTIFICATE-----\n")
            self.written[chain] = path
        return self.written[chain]


def ask_oracle(program, files, cases, level):
    """One process for all cases. Security level 2 is Debian's: 112 bits of strength in every key and signature."""
    lines = []
    for case in cases:
        records = ";".join(record.text for record in case.records)
        lines.append(f"{level}\t{case.at}\t{files.path(case.chain)}\t{','.join(case.names)}\t{records}\n")
    done = subprocess.run([program], input="".join(lines), stdout=subprocess.PIPE, text=True, check=True)
    answers = []
    for line in done.stdout.splitlines():
        verdict, match, depth, _, why = line.split("\t")
        answers.append(Answer(verdict, match, depth, why))
    assert len(answers) == len(cases), "the oracle lost its tongue"
    return answers


def gate_command(program, files, case):
    command = [program, "verify", "--chain", files.path(case.chain), "--at", str(case.at)]
    for name in case.names:
        command += ["--name", name]
    for record in case.records:
        command += ["--tlsa", record.text]
    return command


def ask_gate_once(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace", close_fds=False, check=False)
    first = done.stdout.split("\n", 1)[0]
    found = LINE.match(first)
    if found is None or EXIT[found[1]] != done.returncode:
        return Answer("broken", "-", "-", f"exit status {done.returncode}: {first or done.stderr.strip()}")
    if found[1] != "pass":
        return Answer(found[1], "-", "-", found[2])
    return Answer(found[1], found[3], found[4], found[2])


def ask_gate(program, files, cases, jobs):
    commands = [gate_command(program, files, case) for case in cases]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(ask_gate_once, commands))
