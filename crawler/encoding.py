"""The codec that a page's bytes are to be read with: its marks and declarations, checked against the bytes."""

import codecs
from collections.abc import Iterator
from email.message import Message
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
from bs4.dammit import EncodingDetector

# Browsers read these labels as their supersets (https://encoding.spec.whatwg.org/#names-and-labels).
SUPERSETS: Final = {"ascii": "cp1252", "iso8859-1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949"}
# Python's own notations, and encodings that browsers do not read because they can hide markup.
NOT_OF_PAGES: Final = frozenset(("idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"))
HEAD: Final = 16_384  # bytes in which a declaration is looked for; browsers look at 1,024
SAMPLE: Final = 200_000  # bytes by which an encoding is guessed
UTF16_START: Final = 400  # bytes that are looked at; a page starts with tags
UTF16_ZEROS: Final = 0.8  # of every second byte; the rest may be letters of other scripts


def decode(body: bytes, content_type: str | None) -> tuple[bytes | str, str]:
    """The markup ready for parsing (bytes only if they are UTF-8 already) and the codec it was read with.

    A byte-order mark wins, then the zeros of UTF-16, then the header, then a `<meta>` declaration, then UTF-8 if the
    bytes are valid UTF-8, then BeautifulSoup's detection. A declaration that the bytes contradict is passed over; bytes
    that fit nothing are read with replacement characters.
    """
    body, marked = EncodingDetector.strip_byte_order_mark(body)  # type: ignore[no-untyped-call]  # old stubs
    if seen := marked or utf16_codec(body):
        return body.decode(seen, "replace"), seen
    declared: list[str] = []
    for codec in declared_codecs(body, content_type):
        if (markup := as_declared(body, codec)) is not None:
            return markup, codec
        declared.append(codec)
    if "utf-8" in declared[:-1]:  # declared, and damaged in a few places
        return body.decode("utf-8", "replace"), "utf-8"
    for label in EncodingDetector(body[:SAMPLE], is_html=True).encodings:
        codec = codec_name(label) or "ascii"
        try:
            return body.decode(codec), codec
        except UnicodeError:
            continue
    return body.decode("cp1252", "replace"), "cp1252"


def declared_codecs(body: bytes, content_type: str | None) -> Iterator[str]:
    """The codecs to try, in turn: the header's, the one that the markup declares, UTF-8.

    The markup is searched only where the header does not settle it.
    """
    if codec := codec_name(charset(content_type)):
        yield codec
    if codec := codec_name(EncodingDetector.find_declared_encoding(body[:HEAD], is_html=True)):
        yield codec
    yield "utf-8"


def as_declared(body: bytes, codec: str) -> bytes | str | None:
    """The markup in a codec; None when the bytes contradict it."""
    if codec == "utf-8":
        return body if is_utf8(body) else None
    try:
        return body.decode(codec)
    except UnicodeError:
        return None


def is_utf8(body: bytes) -> bool:
    """Whether bytes are valid UTF-8; Arrow looks at several at a time, and makes no text of them."""
    ends = pa.py_buffer(np.array([0, len(body)], np.int64))
    try:
        pa.LargeStringArray.from_buffers(1, ends, pa.py_buffer(body)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def utf16_codec(body: bytes) -> str | None:
    """The codec of UTF-16 without a byte-order mark, which markup shows by a zero in every second byte; else None."""
    start = body[:UTF16_START]
    half = len(start) // 2
    if half < 2:
        return None
    for codec, zeros, others in (("utf-16-le", start[1::2], start[::2]), ("utf-16-be", start[::2], start[1::2])):
        if zeros.count(0) >= UTF16_ZEROS * half and others.count(0) == 0:
            return codec
    return None


@lru_cache(maxsize=1_000)
def charset(content_type: str | None) -> str | None:
    """The charset parameter of a Content-Type header."""
    if not content_type:
        return None
    message = Message()
    message["Content-Type"] = content_type
    return message.get_content_charset()


@lru_cache(maxsize=1_000)
def codec_name(label: str | None) -> str | None:
    """Python's codec for a web encoding label; None when the label is missing, unknown or names no encoding of pages.

    A label of UTF-16 or UTF-32 means UTF-8, since whoever could read it was not reading such bytes
    (https://html.spec.whatwg.org/multipage/parsing.html#determining-the-character-encoding).
    """
    try:
        codec = codecs.lookup((label or "").strip())
    except (LookupError, ValueError):  # ValueError: a zero in the label
        return None
    name = codec.name
    if name in NOT_OF_PAGES or not codec._is_text_encoding:
        return None
    return "utf-8" if name.startswith(("utf-16", "utf-32")) else SUPERSETS.get(name, name)
