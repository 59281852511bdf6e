"""Whether a response is an HTML page, by its first bytes more than by what the server calls it.

A small part of https://mimesniff.spec.whatwg.org/: the patterns that tell HTML, and those that tell the kinds that
servers send as `text/html` by mistake. It differs in one point: `text/plain` is sniffed too, which browsers leave alone
lest a script run that a site did not mean to serve; nothing runs here.
"""

import re
from typing import Final

HTML_TYPES: Final = frozenset(("text/html", "application/xhtml+xml"))
# What servers say when they do not know (section 5.1, "supplied MIME type detection"), and the two they default to.
NO_TYPES: Final = frozenset(
    ("", "unknown/unknown", "application/unknown", "*/*", "text/plain", "application/octet-stream")
)
SNIFFED: Final = 1445  # bytes; the standard's own number
UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
# Section 7.1; XHTML may have a declaration in front.
HTML_START: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml\b[^>]*>\s*)?"
    rb"<(?:!--|(?:!doctype\s+html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p)[\s>/])",
    re.IGNORECASE,
)
# Documents, archives and images (sections 6.1, 6.4 and 7.1), JSON, and feeds (section 7.3).
OTHER_START: Final = re.compile(
    rb"%PDF-|%!PS-Adobe-|PK\x03\x04|\x1f\x8b\x08|Rar!\x1a\x07|7z\xbc\xaf|BM....\0\0\0\0|RIFF....WEBP"
    rb"|\x89PNG\r\n|GIF8[79]a|\xff\xd8\xff|\0\0\0.ftyp|\xd0\xcf\x11\xe0|\x7fELF"
    rb"|(?:\xef\xbb\xbf)?\s*(?:\{\s*[\"}]|\[\s*[\"{\[\]0-9-]|(?:<\?xml\b[^>]*>\s*)?<(?:rss|feed|rdf:rdf)[\s>])",
    re.IGNORECASE | re.DOTALL,
)


def is_html(content_type: str, body: bytes) -> bool:
    """Whether a response is an HTML page.

    >>> is_html("text/html", b"%PDF-1.7"), is_html("text/plain", b"<!doctype html><title>Boats</title>")
    (False, True)

    Args:
        content_type: the header; "" when there is none.
        body: content encoding undone.
    """
    kind = content_type.partition(";")[0].strip().lower()
    start = body[:SNIFFED]
    if start.startswith(UTF16_MARKS):
        start = start[2:].replace(b"\0", b"")
    if kind in HTML_TYPES:
        return OTHER_START.match(start) is None
    return kind in NO_TYPES and HTML_START.match(start) is not None
