"""A web server of this machine that misbehaves in every way that a crawler has to live through."""

import gzip
import os
import socket
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import brotli
from backports import zstd
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image

from tests.crawler_web import page, photo

Answer = Callable[["HostileWeb", "Wire"], None]
ZEROS = bytes(1_000_000)
HUNDRED_MB = 100_000_000


@dataclass
class Wire:
    """A connection to a client, and how much went over it."""

    socket: socket.socket
    sent: int = 0

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)
        self.sent += len(data)

    def answer(self, body: bytes, *lines: str, kind: str = "text/html", status: str = "200 OK") -> None:
        head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *lines]
        self.send("\r\n".join([*head, "", ""]).encode() + body)

    def redirect(self, target: str) -> None:
        self.answer(b"", f"Location: {target}", status="302 Found")

    def drip(self, data: bytes) -> None:
        """Send bytes one at a time, in no hurry."""
        for place in range(len(data)):
            self.send(data[place : place + 1])
            time.sleep(0.05)

    def endless(self, piece: bytes) -> None:
        """Send one piece again and again, 100 MB in all."""
        while self.sent < HUNDRED_MB:
            self.send(piece)


@dataclass
class HostileWeb:
    """A server: what it answers, what it was asked, how many connections it took, and how much each answer sent.

    Paths that are in no table are healthy pages with one image, whose path is in the query if there is one.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    url: str = ""
    port: int = 0
    asked: list[str] = field(default_factory=list)
    connections: int = 0
    sent: dict[str, int] = field(default_factory=dict)

    def serve(self, connection: socket.socket, context: ssl.SSLContext | None) -> None:
        with suppress(OSError), ExitStack() as stack:
            stack.enter_context(connection)
            connection.settimeout(20)
            talk = stack.enter_context(context.wrap_socket(connection, server_side=True)) if context else connection
            while head := read_head(talk):
                if not head.startswith(b"GET "):  # the start of TLS
                    talk.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    return
                path = head.split(b" ")[1].decode("latin-1")
                self.asked.append(path)
                wire = Wire(talk)
                try:
                    self.answers.get(path.partition("?")[0], healthy(path))(self, wire)
                finally:
                    self.sent[path] = wire.sent
                if path in ENDS_WITH_CONNECTION:
                    return


def read_head(connection: socket.socket) -> bytes:
    """The head of a request, or the start of what is none; nothing when the client has gone."""
    head = b""
    while b"\r\n\r\n" not in head and b"GET ".startswith(head[:4]):
        data = connection.recv(65_536)
        if not data:
            return b""
        head += data
    return head


def healthy(path: str) -> Answer:
    """The answer that a polite server gives."""
    if path == "/robots.txt":
        return lambda _, wire: wire.answer(b"no", status="404 Not Found")
    place, _, image = path.partition("?")
    if place.endswith(".jpg"):
        return lambda _, wire: wire.answer(photo(1), kind="image/jpeg")
    return lambda _, wire: wire.answer(page(image or "/photo.jpg"))


@contextmanager
def hostile(
    answers: dict[str, Answer] | None = None,
    host: str = "127.0.0.1",
    context: ssl.SSLContext | None = None,
    port: int = 0,
) -> Iterator[HostileWeb]:
    """A server, on a port of its own unless one is given, for as long as the context lasts."""
    web = HostileWeb(answers or {})
    listener = socket.create_server((host, port))
    web.port = listener.getsockname()[1]
    web.url = f"{'https' if context else 'http'}://{host}:{web.port}"

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                web.connections += 1
                threading.Thread(target=web.serve, args=(connection, context), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield web
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def coded(coding: str, data: bytes, kind: str = "text/html") -> Answer:
    """An answer in a content coding."""
    return lambda _, wire: wire.answer(data, f"Content-Encoding: {coding}", kind=kind)


def raw(data: bytes) -> Answer:
    """An answer that is these bytes."""
    return lambda _, wire: wire.send(data)


def typed(kind: str, body: bytes) -> Answer:
    """A body under a type of the server's choice."""
    return lambda _, wire: wire.answer(body, kind=kind)


def to(target: str) -> Answer:
    """A redirect."""
    return lambda _, wire: wire.redirect(target)


def endless(start: bytes, piece: bytes) -> Answer:
    """An answer that goes on for 100 MB."""

    def send(_: HostileWeb, wire: Wire) -> None:
        wire.send(start)
        wire.endless(piece)

    return send


def reset(_: HostileWeb, wire: Wire) -> None:
    """Break the connection in the middle of a body."""
    wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5000\r\n\r\n<html>")
    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def slow_body(_: HostileWeb, wire: Wire) -> None:
    """Send a header at once and a body drop by drop."""
    wire.send(OK)
    wire.drip(page("/photo.jpg"))


def absurd_png(width: int, height: int) -> bytes:
    """A PNG file of 100 bytes whose header claims a size."""
    file = BytesIO()
    Image.new("1", (8, 8)).save(file, "PNG")
    header = b"IHDR" + struct.pack(">II", width, height) + file.getvalue()[24:29]
    return file.getvalue()[:12] + header + struct.pack(">I", zlib.crc32(header)) + file.getvalue()[33:]


def packed_zeros(count: int) -> bytes:
    """That many million zeros under gzip, without ever holding them."""
    packer = zlib.compressobj(wbits=31)
    return b"".join(packer.compress(ZEROS) for _ in range(count)) + packer.flush()


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
LINE = b"X-Filler: " + b"a" * 1_000 + b"\r\n"
PUBLIC_ODD_PORT = "http://93.184.215.14:8081/"  # refused before anybody is asked

# What each path answers, and the reason under which its page has to end.
CASES: dict[str, tuple[Answer, str]] = {
    "/slow-header": (lambda _, wire: wire.drip(OK * 20), "too_slow"),
    "/slow-body": (slow_body, "too_slow"),
    "/silent": (lambda _, wire: time.sleep(15), "too_slow"),
    "/endless-body": (endless(OK, ZEROS), "too_large"),
    "/endless-chunks": (endless(CHUNKED, b"f4240\r\n" + ZEROS + b"\r\n"), "too_large"),
    "/long-length": (
        lambda _, wire: wire.send(OK[:-2] + b"Content-Length: 99000000000\r\n\r\n<html>"),
        "too_large",
    ),
    "/bomb-gzip": (coded("gzip", packed_zeros(1_000)), "too_large"),
    "/bomb-deflate": (coded("deflate", zlib.compress(ZEROS * 8)), "too_large"),
    "/bomb-br": (coded("br", brotli.compress(ZEROS * 8, quality=1)), "too_large"),
    "/bomb-zstd": (coded("zstd", zstd.compress(ZEROS * 8)), "too_large"),
    "/bomb-twice": (coded("gzip, gzip", gzip.compress(packed_zeros(1_000))), "too_large"),
    "/codings": (coded(", ".join(["gzip"] * 500), gzip.compress(b"<html>")), "too_large"),
    "/header-100-mb": (endless(OK[:-2], LINE), "header_too_large"),
    "/header-one-line": (endless(OK[:-2] + b"X-Filler: ", b"a" * 10_000), "header_too_large"),
    "/header-folded": (endless(OK[:-2] + b"X-Filler: a\r\n", b" a\r\n" * 1_000), "header_too_large"),
    "/header-lines": (raw(OK[:-2] + b"X: 1\r\n" * 10_000 + b"\r\n"), "header_too_large"),
    "/header-interim": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), "header_too_large"),
    "/too-long": (lambda _, wire: wire.send(OK[:-2] + b"Content-Length: 9000\r\n\r\n<html>"), "fetch_failed"),
    "/two-lengths": (raw(OK[:-2] + b"Content-Length: 5\r\nContent-Length: 9\r\n\r\n<html>abc"), "fetch_failed"),
    "/minus-length": (raw(OK[:-2] + b"Content-Length: -9\r\n\r\n<html>abc"), "fetch_failed"),
    "/reset": (reset, "fetch_failed"),
    "/garbage": (raw(bytes(range(256)) * 40), "fetch_failed"),
    "/http-0.9": (raw(page("/photo.jpg")), "fetch_failed"),
    "/bad-chunks": (raw(CHUNKED + b"zz\r\nabc"), "fetch_failed"),
    "/cut-chunks": (raw(CHUNKED + b"400\r\nabc"), "fetch_failed"),
    "/chunk-extension": (endless(CHUNKED + b"5;", b"a" * 10_000), "fetch_failed"),
    "/not-gzip": (coded("gzip", b"<html>no gzip</html>"), "fetch_failed"),
    "/odd-coding": (raw(OK[:-2] + b"Transfer-Encoding: rot13\r\n\r\n<html>"), "fetch_failed"),
    "/pdf": (typed("text/html", b"%PDF-1.7 ..."), "not_html"),
    "/zip": (typed("text/html; charset=utf-8", b"PK\x03\x04\x14"), "not_html"),
    "/json": (typed("text/html", b'  {"error": "no such page"}'), "not_html"),
    "/binary": (typed("application/octet-stream", os.urandom(2_000)), "not_html"),
    "/loop": (to("/loop"), "too_many_redirects"),
}
# Pages that are healthy after all.
GOOD: dict[str, Answer] = {
    "/good": healthy("/good"),
    "/page-as-text": typed("text/plain", page("/photo.jpg")),
    "/page-as-bytes": typed("application/octet-stream", page("/photo.jpg")),
    "/page-untyped": raw(b"HTTP/1.1 200 OK\r\n\r\n" + page("/photo.jpg")),
    "/too-short": raw(OK[:-2] + b"Content-Length: 600\r\n\r\n" + page("/photo.jpg")),
    "/too-short-endless": endless(OK[:-2] + b"Content-Length: 600\r\n\r\n" + page("/photo.jpg"), b"a" * 10_000),
}
# What the image of a page answers, and the reason under which that page has to end.
IMAGES: dict[str, tuple[Answer, str]] = {
    "/slow.jpg": (lambda _, wire: wire.drip(OK * 20), "image_too_slow"),
    "/endless.jpg": (endless(OK, ZEROS), "too_large"),
    "/bomb.jpg": (coded("gzip", packed_zeros(1_000), "image/jpeg"), "too_large"),
    "/header.jpg": (endless(OK[:-2], LINE), "image_header_too_large"),
    "/reset.jpg": (reset, "image_fetch_failed"),
    "/loop.jpg": (to("/loop.jpg"), "image_too_many_redirects"),
    "/metadata.jpg": (to("http://169.254.169.254/latest/meta-data/"), "image_private_address"),
    "/odd-port.jpg": (to(PUBLIC_ODD_PORT), "image_port_not_allowed"),
    "/html.jpg": (typed("image/jpeg", b"<html>An error</html>"), "not_an_image"),
    "/pixels.jpg": (typed("image/png", absurd_png(40_000, 40_000)), "not_an_image"),
    "/more-pixels.jpg": (typed("image/png", absurd_png(2_000_000_000, 2_000_000_000)), "not_an_image"),
}
# Redirects off the site: the path, and where it leads, under which its page ends.
AWAY: dict[str, tuple[str, str]] = {
    "/to-metadata": ("http://169.254.169.254/latest/meta-data/", "private_address"),
    "/to-metadata-v6": ("http://[fd00:ec2::254]/latest/", "private_address"),
    "/to-private": ("http://10.0.0.1/", "private_address"),
    "/to-mapped": ("http://[::ffff:127.0.0.1]/", "private_address"),
    "/to-odd-port": (PUBLIC_ODD_PORT, "port_not_allowed"),
}
ENDS_WITH_CONNECTION = frozenset(
    {path for path in (*CASES, *IMAGES) if path not in ("/loop", "/loop.jpg")}
    | {"/page-untyped", "/too-short", "/too-short-endless"}
)


def certificate(
    folder: Path, name: str, signer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None = None
) -> tuple[Path, x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A certificate for a host, signed by itself or another, in a file with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer[0].subject if signer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        .sign(signer[1] if signer else key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / f"{name}-{made.serial_number}.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file, made, key


def server_context(file: Path) -> ssl.SSLContext:
    """TLS for a server with the certificate in a file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
