"""own_tls.py - the server's end of TLS. Tls is Python's, with the socket left free for octets of another kind. Own13 and
Own12 let Python do the handshake and then write and read the records themselves, so that a row can send whatever record
it likes: alerts, handshake messages, empty and broken ones."""
import ctypes
import hashlib
import hmac
import ssl
import struct

CHANGE, ALERT, HANDSHAKE, DATA = 20, 21, 22, 23


class Tls:
    """|say| and |more| of a session in TLS."""

    def __init__(self, sock, context, _keylog):
        self.sock = sock
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.ssl = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.sent = b""
        while True:
            try:
                self.ssl.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.flush()
                self.incoming.write(self.record())
            except ssl.SSLError:
                self.flush()
                raise
        self.flush()

    def version(self):
        return self.ssl.version()

    def flush(self):
        octets = self.outgoing.read()
        self.sent += octets
        self.sock.sendall(octets)

    def octets(self, count):
        got = b""
        while len(got) < count:
            more = self.sock.recv(count - len(got))
            if not more:
                raise OSError("closed")
            got += more
        return got

    def record(self):
        head = self.octets(5)
        return head + self.octets(struct.unpack(">H", head[3:5])[0])

    def say(self, octets):
        for at in range(0, len(octets), 16384):
            self.ssl.write(octets[at:at + 16384])
        self.flush()

    def more(self):
        while True:
            try:
                return self.ssl.read(65536)
            except ssl.SSLWantReadError:
                self.flush()
                self.incoming.write(self.record())

    def bye(self):
        try:
            self.ssl.unwrap()
        except ssl.SSLError:
            pass
        self.flush()


# --- one AEAD, by way of OpenSSL's library ------------------------------------------------------------------------------

LIB = ctypes.CDLL("libcrypto.so.3")
for name in ("EVP_CIPHER_CTX_new", "EVP_aes_128_gcm", "EVP_aes_256_gcm", "EVP_chacha20_poly1305"):
    getattr(LIB, name).restype = ctypes.c_void_p
LIB.EVP_CIPHER_CTX_free.argtypes = [ctypes.c_void_p]
LIB.EVP_CIPHER_CTX_ctrl.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_void_p]
LIB.EVP_CipherInit_ex.argtypes = [ctypes.c_void_p] * 5 + [ctypes.c_int]
LIB.EVP_CipherUpdate.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
LIB.EVP_CipherFinal_ex.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
GET_TAG, SET_TAG = 16, 17


def aead(cipher, key, nonce, text, extra, tag=None):
    """Seals |text|, or opens it where its |tag| is given; None: it is not what was sealed."""
    context = LIB.EVP_CIPHER_CTX_new()
    out, length = ctypes.create_string_buffer(len(text) + 32), ctypes.c_int()
    LIB.EVP_CipherInit_ex(context, getattr(LIB, cipher)(), None, key, nonce, tag is None)
    LIB.EVP_CipherUpdate(context, None, ctypes.byref(length), extra, len(extra))
    LIB.EVP_CipherUpdate(context, out, ctypes.byref(length), text, len(text))
    octets = out.raw[:length.value]
    if tag is not None:
        LIB.EVP_CIPHER_CTX_ctrl(context, SET_TAG, 16, tag)
    good = LIB.EVP_CipherFinal_ex(context, out, ctypes.byref(length))
    made = ctypes.create_string_buffer(16)
    if tag is None:
        LIB.EVP_CIPHER_CTX_ctrl(context, GET_TAG, 16, made)
    LIB.EVP_CIPHER_CTX_free(context)
    if good != 1:
        return None
    return octets + made.raw if tag is None else octets


SUITES = {"TLS_AES_128_GCM_SHA256": ("EVP_aes_128_gcm", 16, "sha256"),
          "TLS_AES_256_GCM_SHA384": ("EVP_aes_256_gcm", 32, "sha384"),
          "TLS_CHACHA20_POLY1305_SHA256": ("EVP_chacha20_poly1305", 32, "sha256")}


class Own(Tls):
    """What both versions share: records of one's own."""

    def __init__(self, sock, context, keylog):
        super().__init__(sock, context, keylog)
        with open(keylog, encoding="ascii") as file:
            self.secrets = {words[0]: bytes.fromhex(words[2]) for words in (line.split() for line in file)
                            if not words[0].startswith("#")}
        self.begin()

    def say(self, octets):
        self.send(DATA, octets)

    def send(self, kind, octets):
        self.sock.sendall(self.seal(kind, octets))

    def alert(self, number, level=2):
        self.send(ALERT, bytes([level, number]))

    def bye(self):
        self.alert(0, 1)

    def more(self):
        while True:
            kind, octets = self.open(self.record())
            if kind == ALERT:
                raise OSError(f"alert {octets[1]}")
            if kind == DATA and octets:
                return octets


def expand(digest, secret, label, length):
    """HKDF-Expand-Label (RFC 8446 s. 7.1) without a context."""
    name = b"tls13 " + label
    info = struct.pack(">HB", length, len(name)) + name + b"\0"
    return hmac.new(secret, info + b"\1", digest).digest()[:length]


class Own13(Own):
    def begin(self):
        self.cipher, self.key_len, self.digest = SUITES[self.ssl.cipher()[0]]
        self.ours, self.theirs = self.secrets["SERVER_TRAFFIC_SECRET_0"], self.secrets["CLIENT_TRAFFIC_SECRET_0"]
        self.our_number = self.their_number = 0

    def keys(self, secret, number):
        iv = int.from_bytes(expand(self.digest, secret, b"iv", 12), "big")
        return expand(self.digest, secret, b"key", self.key_len), (iv ^ number).to_bytes(12, "big")

    def seal(self, kind, octets, pad=0):
        inner = octets + bytes([kind]) + bytes(pad)
        head = struct.pack(">BHH", DATA, 0x0303, len(inner) + 16)
        key, nonce = self.keys(self.ours, self.our_number)
        self.our_number += 1
        return head + aead(self.cipher, key, nonce, inner, head)

    def open(self, record):
        if record[0] == CHANGE:
            return CHANGE, b""
        key, nonce = self.keys(self.theirs, self.their_number)
        self.their_number += 1
        inner = aead(self.cipher, key, nonce, record[5:-16], record[:5], record[-16:])
        if inner is None:
            raise OSError("a record that cannot be opened")
        inner = inner.rstrip(b"\0")
        if inner[-1] == HANDSHAKE and inner[0] == 24:  # KeyUpdate
            self.theirs = expand(self.digest, self.theirs, b"traffic upd", len(self.theirs))
            self.their_number = 0
        return inner[-1], inner[:-1]

    def key_update(self, ask):
        self.send(HANDSHAKE, bytes([24, 0, 0, 1, ask]))
        self.ours = expand(self.digest, self.ours, b"traffic upd", len(self.ours))
        self.our_number = 0


def prf(secret, label, length):
    """RFC 5246 s. 5, with SHA-256."""
    out, a = b"", label
    while len(out) < length:
        a = hmac.new(secret, a, hashlib.sha256).digest()
        out += hmac.new(secret, a + label, hashlib.sha256).digest()
    return out[:length]


class Own12(Own):
    """ECDHE with AES-128-GCM only."""

    def begin(self):
        with open(self.keylog, encoding="ascii") as file:
            client_random = bytes.fromhex(file.read().split("CLIENT_RANDOM ")[1].split()[0])
        server_random = self.sent[11:43]  # of the ServerHello, the first message there is
        block = prf(self.secrets["CLIENT_RANDOM"], b"key expansion" + server_random + client_random, 40)
        self.their_key, self.our_key, self.their_iv, self.our_iv = block[:16], block[16:32], block[32:36], block[36:40]
        self.our_number = self.their_number = 1  # Finished was the first

    def __init__(self, sock, context, keylog):
        self.keylog = keylog
        super().__init__(sock, context, keylog)

    def seal(self, kind, octets):
        number = struct.pack(">Q", self.our_number)
        self.our_number += 1
        extra = number + struct.pack(">BHH", kind, 0x0303, len(octets))
        sealed = number + aead("EVP_aes_128_gcm", self.our_key, self.our_iv + number, octets, extra)
        return struct.pack(">BHH", kind, 0x0303, len(sealed)) + sealed

    def open(self, record):
        number = struct.pack(">Q", self.their_number)
        self.their_number += 1
        extra = number + record[:3] + struct.pack(">H", len(record) - 5 - 24)
        octets = aead("EVP_aes_128_gcm", self.their_key, self.their_iv + record[5:13], record[13:-16], extra, record[-16:])
        if octets is None:
            raise OSError("a record that cannot be opened")
        return record[0], octets
