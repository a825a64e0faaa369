"""certs.py FOLDER: the certificates of rows_certs.py, by the lab's authority (ca.crt and ca.key in FOLDER). Each is a
file NAME.pem with its key, the certificate and what is sent with it."""
import os
import subprocess
import sys

FOLDER = sys.argv[1]
NAMES = "DNS:*.verify.lab,DNS:*.encrypt.lab"
ESCAPES = "5b324a1b5d303b6f776e656407"


def openssl(*words, text=""):
    done = subprocess.run(["openssl", *words], input=text.encode(), capture_output=True, check=False, cwd=FOLDER)
    if done.returncode != 0:
        sys.exit(f"openssl {' '.join(words)}: {done.stderr.decode()}")
    return done.stdout.decode()


def der_names(*names):
    """A subjectAltName of these octets."""
    body = b"".join(b"\x82" + bytes([len(name)]) + name for name in names)
    return "DER:" + (b"\x30" + bytes([len(body)]) + body).hex(":")


def key(name, kind):
    if not os.path.exists(f"{FOLDER}/{name}.key"):
        words = ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else ["RSA", "-pkeyopt", f"rsa_keygen_bits:{kind}"]
        openssl("genpkey", "-algorithm", *words, "-out", f"{name}.key")


def prime(group):
    """A prime of 8192 bits that everybody knows."""
    openssl("genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", f"dh_param:{group}", "-out", "prime")
    return int(openssl("asn1parse", "-in", "prime").split("INTEGER")[1].split(":")[1].split()[0], 16)


def huge_key(name):
    """RSA of 16384 bits: to look for such primes takes a minute, to take two known ones does not."""
    p, q, e = prime("modp_8192"), prime("ffdhe8192"), 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    numbers = {"version": 0, "n": p * q, "e": e, "d": d, "p": p, "q": q, "dp": d % (p - 1), "dq": d % (q - 1),
               "qi": pow(q, -1, p)}
    with open(f"{FOLDER}/{name}.conf", "w", encoding="ascii") as file:
        file.write("asn1=SEQUENCE:key\n[key]\n")
        file.writelines(f"{field}=INTEGER:{number:#x}\n" for field, number in numbers.items())
    openssl("asn1parse", "-genconf", f"{name}.conf", "-noout", "-out", f"{name}.der")
    openssl("rsa", "-inform", "DER", "-in", f"{name}.der", "-out", f"{name}.key")


def make(name, names=NAMES, kind="ec", issuer="ca", extensions=(), digest="sha256", more="", ca=False):
    key(name, kind)
    common = "mx.verify.lab" if name == "cn-only" else name
    openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={common}", "-out", f"{name}.csr")
    lines = [f"basicConstraints=critical,CA:{'TRUE' if ca else 'FALSE'}"] + list(extensions)
    if names:
        lines.append(f"subjectAltName={names}")
    with open(f"{FOLDER}/{name}.ext", "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")
    signer = ["-signkey", f"{name}.key"]
    if issuer is not None:
        signer = ["-CA", f"{issuer}.crt", "-CAkey", f"{issuer}.key", "-CAcreateserial"]
    openssl("x509", "-req", "-in", f"{name}.csr", "-extfile", f"{name}.ext", "-out", f"{name}.crt", f"-{digest}",
            *signer, "-days", "20")
    put_together(name, more)


def text_of(name, kind="crt"):
    with open(f"{FOLDER}/{name}.{kind}", encoding="ascii") as file:
        return file.read()


def put_together(name, more=""):
    with open(f"{FOLDER}/{name}.pem", "w", encoding="ascii") as file:
        file.write(text_of(name, "key") + text_of(name) + more)


def dated(name, begin, end):
    """Only `openssl ca` takes dates."""
    make(name)
    folder = f"{FOLDER}/{name}.ca"
    os.mkdir(folder)
    with open(folder + "/index", "w", encoding="ascii"), open(folder + "/serial", "w", encoding="ascii") as file:
        file.write("01\n")
    with open(folder + "/conf", "w", encoding="ascii") as file:
        file.write(f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index\nserial={folder}/serial\nnew_certs_dir={folder}\n"
                   "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")
    openssl("ca", "-batch", "-notext", "-config", folder + "/conf", "-cert", "ca.crt", "-keyfile", "ca.key", "-in",
            f"{name}.csr", "-out", f"{name}.crt", "-extfile", f"{name}.ext", "-startdate", begin, "-enddate", end)
    put_together(name)


def main():
    make("good")
    make("rsa", kind="2048")
    make("self-signed", issuer=None)
    make("stranger-ca", names="", issuer=None, ca=True)
    make("stranger", issuer="stranger-ca", more=text_of("stranger-ca"))
    dated("expired", "20200101000000Z", "20210101000000Z")
    dated("future", "20450101000000Z", "20460101000000Z")
    make("other", names="DNS:other.lab")
    make("client-only", extensions=["extendedKeyUsage=clientAuth"])
    make("code-signing", extensions=["extendedKeyUsage=codeSigning"])
    make("by-leaf", issuer="good", more=text_of("good"))
    huge_key("rsa16384")
    for bits in ("512", "1024", "16384"):
        make("rsa" + bits, kind=bits)
    make("sha1", digest="sha1")
    make("md5", kind="2048", issuer=None, digest="md5")
    make("nul", names=der_names(b"mx0.verify.lab\0.evil.lab", b"*.verify.lab\0.evil.lab"))
    make("many-names", names=",".join(f"DNS:n{i}.verify.lab" for i in range(1500)))
    make("cn-only", names="")
    make("star", names="DNS:*")
    make("star-lab", names="DNS:*.lab")
    make("star-within", names="DNS:m*.verify.lab,DNS:*x.verify.lab,DNS:mx*.verify.lab")
    make("star-two", names="DNS:*.*.lab,DNS:*.*")
    make("escape", names=der_names(b"mx.\x1b" + bytes.fromhex(ESCAPES) + b"\xff.verify.lab"))
    make("address", names="IP:198.18.0.1,email:mx@verify.lab,URI:smtp://mx.verify.lab")
    make("critical", extensions=["1.2.3.4.5=critical,DER:05:00"])
    for count in (10, 11, 50):
        make(f"chain{count}", more=text_of("stranger-ca") * (count - 1))
    make("bulky", extensions=["1.2.3.4.6=DER:04:82:7d:00:" + ":".join(["00"] * 32000)])
    make("chain-large", more=text_of("bulky") * 3)


if __name__ == "__main__":
    main()
