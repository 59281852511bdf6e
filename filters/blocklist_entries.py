"""The lines of a blocklist file, and the form in which two spellings of one address are equal."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from w3lib.url import canonicalize_url

Entry = tuple[str, str]  # kind and value: hex digits, a canonical address or a host

HEX_DIGITS: Final = {"sha256": 64, "md5": 32, "pdq": 64}
KINDS: Final = (*HEX_DIGITS, "url", "host")
COMMENT: Final = re.compile(r"(?:^|\s)#.*")  # a # inside an address starts its fragment
HEX: Final = re.compile(r"[0-9a-f]+")
HOST: Final = re.compile(r"[^\s/:@?#%.][^\s/:@?#%]*|\[[0-9a-fA-F:.]+\]")
MARK: Final = b"\xef\xbb\xbf"  # that some editors put before UTF-8
PORTS: Final = (None, 80, 443)


def read_entries(path: Path) -> Iterator[Entry]:
    """The entries of a file; blank lines and comments are none.

    Raises:
        ValueError: there is no such file, or a line of it cannot be read; one line, without what the file holds.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    text = COMMENT.sub("", line.removeprefix(MARK).decode()).strip()
                    if text:
                        yield entry(text)
                except ValueError as error:
                    what = "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
                    raise ValueError(f"blocklist {path}, line {number}: {what}; correct or remove it") from None
    except OSError as error:
        raise ValueError(f"blocklist {path} cannot be read ({error.strerror}); check the path") from error


def entry(text: str) -> Entry:
    """The entry that a line is.

        >>> entry("D41D8CD98F00B204E9800998ECF8427E"), entry("host:Example.org")
        (('md5', 'd41d8cd98f00b204e9800998ecf8427e'), ('host', 'example.org'))

    Raises:
        ValueError: it is none.
    """
    kind, colon, value = text.partition(":")
    kind = kind.lower()
    if not colon or kind not in KINDS:
        kind, value = kind_by_shape(text), text
    value = value.strip()
    if kind in HEX_DIGITS:
        return kind, hex_digits(kind, value)
    address = canonical_address(value if kind == "url" else f"http://{value}/")
    if address is None or (kind == "host" and not HOST.fullmatch(value)):
        raise ValueError(f"no {'address' if kind == 'url' else 'host name'}")
    return kind, address[0] if kind == "url" else address[1]


def kind_by_shape(text: str) -> str:
    """What a line without a word before it is.

    Raises:
        ValueError: it is nothing of its own shape.
    """
    if HEX.fullmatch(text.lower()) and len(text) in (32, 64):
        return "md5" if len(text) == 32 else "sha256"
    if "://" in text:
        return "url"
    if HOST.fullmatch(text) and ("." in text or text[0] == "["):
        return "host"
    raise ValueError(f"neither a hash nor an address nor a host; write {': or '.join(KINDS)}: before it")


def hex_digits(kind: str, value: str) -> str:
    """The digits in lower case.

    Raises:
        ValueError: they are of another number, or none.
    """
    digits = value.lower()
    if len(digits) != HEX_DIGITS[kind] or not HEX.fullmatch(digits):
        raise ValueError(f"{kind} takes {HEX_DIGITS[kind]} hex digits")
    return digits


def canonical_address(address: str) -> tuple[str, str] | None:
    """An http(s) address without what makes no difference, and its host; None when it has none.

    >>> canonical_address("HTTPS://user@Example.org:443/a%7eb?y=2&x=1#top")
    ('example.org/a~b?x=1&y=2', 'example.org')
    """
    try:
        parts = urlsplit(canonicalize_url(address))
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:  # an unclosed IPv6 bracket, a port that is no number
        return None
    if not host or parts.scheme not in ("http", "https"):
        return None
    place = host if port in PORTS else f"{host}:{port}"
    query = f"?{parts.query}" if parts.query else ""
    return f"{place}{parts.path or '/'}{query}", host
