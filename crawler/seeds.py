"""Reading seeds: a list of addresses, a sitemap, or a sitemap index."""

import re
import zlib
from dataclasses import dataclass, replace
from typing import Final

from lxml import etree

GZIP_WINDOW: Final = 31  # zlib's way to say: with a gzip header
MAX_SITEMAP: Final = 50 * 2**20  # bytes unpacked, the protocol's own limit (https://www.sitemaps.org/protocol.html)


@dataclass(frozen=True, slots=True)
class Seeds:
    """Where a crawl starts.

    Attributes:
        pages: addresses of pages, without repeats.
        sitemaps: addresses of sitemaps named by a sitemap.
        source: the one address to read seeds from when they are on the web; "" when they were in a file.
        damage: what kept the rest from being read; "" when all was read.
    """

    pages: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    source: str = ""
    damage: str = ""


def parse_seeds(content: bytes) -> Seeds:
    """The addresses in a file of seeds: a sitemap or sitemap index, gzipped or not, or one address a line.

    In a list, blank lines and those that start with `#` are passed over; other lines are kept even when they are no
    addresses, so that the crawl can say so.
    """
    content, damage = unpacked(content)
    if re.match(rb"(?:\xef\xbb\xbf)?\s*<", content):
        seeds = parse_sitemap(content)
        return replace(seeds, damage=damage or seeds.damage)
    lines = (line.strip() for line in content.decode("utf-8-sig", "replace").splitlines())
    return Seeds(pages=tuple(dict.fromkeys(line for line in lines if line and not line.startswith("#"))), damage=damage)


def unpacked(content: bytes) -> tuple[bytes, str]:
    """Gzipped content unpacked as far as that goes, up to `MAX_SITEMAP` bytes, and what ended it; other content as is."""
    if not content.startswith(b"\x1f\x8b"):
        return content, ""
    unpacker = zlib.decompressobj(wbits=GZIP_WINDOW)
    try:
        whole = unpacker.decompress(content, MAX_SITEMAP)
    except zlib.error:
        return b"", "its gzip data is damaged"
    if unpacker.unconsumed_tail:
        return whole, f"it is longer than {MAX_SITEMAP:,} bytes"
    return whole, "" if unpacker.eof else "its gzip data ends early"


def parse_sitemap(content: bytes) -> Seeds:
    """The pages and further sitemaps that a sitemap names; what follows a fault in it is lost, what precedes is kept."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        root = None
    pages: dict[str, None] = {}
    sitemaps: dict[str, None] = {}
    for element in root.iter("{*}loc") if root is not None else ():
        parent = element.getparent()
        if parent is not None and element.text and (url := element.text.strip()):
            name = etree.QName(parent).localname
            if name in ("url", "sitemap"):
                (pages if name == "url" else sitemaps)[url] = None
    damage = "its XML is damaged" if root is None or parser.error_log else ""
    return Seeds(pages=tuple(pages), sitemaps=tuple(sitemaps), damage=damage)
