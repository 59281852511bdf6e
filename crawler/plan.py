"""What a crawl was asked to do: the `-a` arguments checked, and the seeds read."""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from lxml import etree

FOLLOW: Final = ("none", "site", "web")
ARGUMENTS: Final = ("seeds", "out", "follow", "depth")
GZIP_WINDOW: Final = 31  # zlib's way to say: with a gzip header
MAX_SITEMAP: Final = 50 * 2**20  # bytes unpacked, the protocol's own limit (https://www.sitemaps.org/protocol.html)


class CrawlError(Exception):
    """The user has to change something; the message is one line that says what."""


@dataclass(frozen=True, slots=True)
class Seeds:
    """Where a crawl starts.

    Attributes:
        pages: addresses of pages, without repeats.
        sitemaps: addresses of sitemaps named by a sitemap.
        source: the one address to read seeds from when they are on the web; "" when they were in a file.
    """

    pages: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a crawl was asked to do.

    Attributes:
        seeds: where it starts; None for the demo site.
        out: the folder that everything is written to.
        follow: which links are followed: none, those of the same host (`site`), or all (`web`).
        depth: how many links away from a seed, at most.
    """

    seeds: Seeds | None
    out: Path
    follow: str
    depth: int

    def __post_init__(self) -> None:
        if self.follow not in FOLLOW:
            raise CrawlError(f"follow={self.follow} is not known: use -a follow=none, site or web")
        if self.depth < 0 or (self.depth > 0) != (self.follow != "none"):
            raise CrawlError(
                f"depth={self.depth} does not go with follow={self.follow}: use -a follow=site -a depth=1 (or more), "
                "or neither"
            )


def read_plan(arguments: Mapping[str, str]) -> Plan:
    """The plan behind the `-a` arguments.

    Raises:
        CrawlError: an argument is unknown or makes no sense, the seeds cannot be read, or `out` cannot be written.
    """
    for name in arguments:
        if name not in ARGUMENTS:
            raise CrawlError(f"-a {name}=... is not known: use {', '.join(ARGUMENTS)}")
    follow = arguments.get("follow", "none")
    depth = arguments.get("depth", "0" if follow == "none" else "1")
    if not re.fullmatch(r"\d{1,6}", depth):
        raise CrawlError(f"depth={depth} is no number of links: use -a depth=2 or so")
    seeds = read_seeds(arguments["seeds"]) if "seeds" in arguments else None
    out = Path(arguments.get("out") or "crawl")
    plan = Plan(seeds, out, follow, int(depth))
    make_writable(out)
    return plan


def make_writable(out: Path) -> None:
    """Make the output folder and try it.

    Raises:
        CrawlError: nothing can be written there.
    """
    probe = out / ".writable"
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise CrawlError(f"cannot write to {out}/ ({error.strerror}): give another folder with -a out=DIR") from error


def read_seeds(where: str) -> Seeds:
    """The seeds behind the `seeds` argument: an http(s) address is left for the crawl to fetch, a file is read.

    Raises:
        CrawlError: the file is missing, unreadable or without a single address.
    """
    if is_web_address(where):
        return Seeds(source=where)
    path = Path(where)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CrawlError(
            f"cannot read seeds from {where} ({error.strerror}): give a file or an http address"
        ) from error
    seeds = parse_seeds(content)
    if not any(is_web_address(url) for url in (*seeds.pages, *seeds.sitemaps)):
        raise CrawlError(f"{where} holds no http address: write one on each line, or give a sitemap")
    return seeds


def is_web_address(text: str) -> bool:
    """Whether a text is an absolute http(s) address."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def parse_seeds(content: bytes) -> Seeds:
    """The addresses in a file of seeds: a sitemap or sitemap index, gzipped or not, or one address a line.

    In a list, blank lines and those that start with `#` are passed over; other lines are kept even when they are no
    addresses, so that the crawl can say so.
    """
    content = unpacked(content)
    if re.match(rb"(?:\xef\xbb\xbf)?\s*<", content):
        return parse_sitemap(content)
    lines = (line.strip() for line in content.decode("utf-8-sig", "replace").splitlines())
    return Seeds(pages=tuple(dict.fromkeys(line for line in lines if line and not line.startswith("#"))))


def unpacked(content: bytes) -> bytes:
    """Gzipped content unpacked, up to `MAX_SITEMAP` bytes; other or damaged content as it is."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        return zlib.decompressobj(wbits=GZIP_WINDOW).decompress(content, MAX_SITEMAP)
    except zlib.error:
        return content


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
    return Seeds(pages=tuple(pages), sitemaps=tuple(sitemaps))
