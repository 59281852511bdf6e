"""The HTTP message in a WARC response record: its status, headers and the body a reader of the page would have got."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from fastwarc.stream_io import BrotliReader, GzipReader, ZstdReader

from crawler.html_sniffing import is_html

HEAD_BYTES: Final = 256 << 10  # of status line and headers; browsers take as much
PIECE: Final = 4096  # bytes unpacked at once: what a body that breaks off can lose
MAX_CODINGS: Final = 3  # one is normal, two have been seen, more are an attack


@dataclass(frozen=True, slots=True)
class Message:
    """The head of a response and its body as stored.

    Attributes:
        status: the status code.
        headers: names in lower case, every value of a repeated header.
        body: as stored, transfer and content encodings still on.
    """

    status: int
    headers: dict[str, list[str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Body:
    """A body with its encodings undone.

    Attributes:
        content: the bytes.
        broke_off: whether the stored bytes ended or made no sense before the body's end.
    """

    content: bytes
    broke_off: bool


class TooLargeError(Exception):
    """A body is larger than it may be."""


class UndecodableError(Exception):
    """A body is not encoded as its headers say; the message says which encoding failed."""


class Reader(Protocol):
    """What unpacks a body."""

    def read(self, size: int = ..., /) -> bytes:
        """At most `size` bytes; b"" at the end; OSError where the packed bytes are damaged."""
        ...


def parse(block: bytes) -> Message | None:
    """The message in a response record's block; None when it is none.

    Lines may end in CR LF or LF, a line that starts with white space goes on with the one before, and one without a
    colon is passed over (RFC 9112, sections 2.2 and 5.2).
    """
    ends = [(at, len(mark)) for mark in (b"\r\n\r\n", b"\n\n") if (at := block.find(mark, 0, HEAD_BYTES)) >= 0]
    at, length = min(ends, default=(min(len(block), HEAD_BYTES), 0))
    status_line, *lines = block[:at].decode("latin-1").replace("\r\n", "\n").split("\n")
    version, _, rest = status_line.partition(" ")
    code = rest.strip()[:3]
    if not version.startswith("HTTP/") or not (code.isascii() and code.isdigit()):
        return None
    headers: dict[str, list[str]] = {}
    last: list[str] = []
    for line in lines:
        name, colon, value = line.partition(":")
        if line[:1] in (" ", "\t") and last:
            last[-1] = f"{last[-1]} {line.strip()}"
        elif colon and name.strip():
            last = headers.setdefault(name.strip().lower(), [])
            last.append(value.strip())
    return Message(int(code), headers, block[at + length :])


def decoded(message: Message, limit: int) -> Body:
    """The message's body with transfer and content encodings undone, last applied first.

    A body that is markup as it stands is taken so, whatever the headers say: archives often store a body decoded under
    the headers of the encoded one. One that breaks off is kept as far as it goes.

    Raises:
        TooLargeError: it has more than `limit` bytes, at any stage.
        UndecodableError: not even its start can be decoded.
    """
    codings = [
        word.strip().lower()
        for header in ("content-encoding", "transfer-encoding")
        for value in message.headers.get(header, ())
        for word in value.split(",")
    ]
    known = [coding for coding in reversed(codings) if coding in (*READERS, "chunked")]
    if len(known) > MAX_CODINGS:
        raise UndecodableError(f"{len(known)} encodings")
    body, broke_off = message.body, False
    for coding in known:
        content, broken = dechunked(body) if coding == "chunked" else unpacked(READERS[coding](body), limit)
        if broken and is_html("", body):
            continue
        if broken and not content:
            raise UndecodableError(coding)
        body, broke_off = content, broke_off or broken
    if len(body) > limit:
        raise TooLargeError
    return Body(body, broke_off)


def dechunked(body: bytes) -> tuple[bytes, bool]:
    """A body without its chunked encoding (RFC 9112, section 7.1), and whether it broke off."""
    pieces: list[bytes] = []
    at = 0
    while (end := body.find(b"\n", at)) >= 0:
        digits = body[at:end].partition(b";")[0].strip()
        if not digits or len(digits) > 8 or digits.strip(b"0123456789abcdefABCDEF"):
            return b"".join(pieces), True
        size = int(digits, 16)
        if size == 0:
            return b"".join(pieces), False
        pieces.append(body[end + 1 : end + 1 + size])
        if len(pieces[-1]) < size:
            break
        at = end + 1 + size
        at += 2 if body[at : at + 2] == b"\r\n" else 1
    return b"".join(pieces), bool(body)


def unpacked(reader: Reader, limit: int) -> tuple[bytes, bool]:
    """What a reader gives before it ends or fails, and whether it failed.

    Raises:
        TooLargeError: it gives more than `limit` bytes; no more than that are ever in memory.
    """
    content = bytearray()
    try:
        while piece := reader.read(PIECE):
            content += piece
            if len(content) > limit:
                raise TooLargeError
    except OSError:
        return bytes(content), True
    return bytes(content), False


def deflate_reader(body: bytes) -> Reader:
    """A reader of `deflate`, which RFC 9110 (section 8.4.1.2) has in the zlib format and some servers send bare."""
    has_header = len(body) > 1 and body[0] & 15 == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    return GzipReader(io.BytesIO(body if has_header else b"\x78\x9c" + body), zlib=True)


READERS: Final[dict[str, Callable[[bytes], Reader]]] = {
    "gzip": lambda body: GzipReader(io.BytesIO(body)),
    "x-gzip": lambda body: GzipReader(io.BytesIO(body)),
    "deflate": deflate_reader,
    "br": lambda body: BrotliReader(io.BytesIO(body)),
    "zstd": lambda body: ZstdReader(io.BytesIO(body)),
}
