"""A fetched page, parsed once: every other module of the crawler reads this one tree."""

import codecs
import re
from dataclasses import dataclass
from email.message import Message
from typing import Final
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup
from bs4.dammit import EncodingDetector
from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from crawler.layout import Layout
from crawler.vocabulary import word_set

LANDMARK_TAGS: Final = word_set("amp-img base blockquote figcaption h1 h2 h3 h4 img link meta p script source title")
# Browsers read these labels as their supersets (https://encoding.spec.whatwg.org/#names-and-labels).
SUPERSETS: Final = {"ascii": "cp1252", "iso8859-1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949"}
TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
UNNESTED_TAGS: Final = word_set(
    "area base br col dd dt embed hr img input li link meta option p param path source td th tr track wbr"
)  # they are empty, or the next one ends them
MANY_TAGS: Final = 20_000  # of a page; with fewer, no nesting takes longer than about a second to parse
MAX_DEPTH: Final = 2_000  # elements; real pages nest some tens deep
BREAKING_TAGS: Final = word_set("br p div li ul ol table tr td th h1 h2 h3 h4 h5 h6 section article hr dd dt")
SILENT_TAGS: Final = word_set("script style noscript template svg iframe object button select textarea")


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """One parsed page.

    Attributes:
        url: the page's address after redirects.
        base_url: what its relative addresses are relative to (`<base href>`, else `url`).
        tree: the parsed document; owns the nodes below, so it must outlive them.
        landmarks: the elements with a tag of `LANDMARK_TAGS`, in document order.
        layout: its regions and main text.
        encoding: the codec the bytes were read with.
        html_lang: `<html lang>` in lower case, a hint only; "" when missing.
    """

    url: str
    base_url: str
    tree: LexborHTMLParser
    landmarks: tuple[LexborNode, ...]
    layout: Layout
    encoding: str
    html_lang: str

    def absolute(self, address: str) -> str | None:
        """The http(s) URL behind an address on the page, without its fragment; None when it is no such thing."""
        address = address.strip()
        if not address or address.startswith(("data:", "blob:", "javascript:", "about:", "#")):
            return None
        try:
            url = urljoin(self.base_url, address.replace(" ", "%20").replace("\n", "").replace("\t", ""))
            parts = urlsplit(url)
            usable = (
                parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
            )
        except ValueError:  # an unclosed IPv6 bracket, a port that is no number
            return None
        return url.partition("#")[0] if usable else None


def parse_page(body: bytes | str, url: str, content_type: str | None = None) -> Page:
    """Parse a page.

    Args:
        body: the page as served, or already decoded.
        url: its address after redirects.
        content_type: the Content-Type header, for its charset.

    Returns:
        The page; broken or empty HTML gives a page with little on it, never an error.
    """
    markup, encoding = (body, "utf-8") if isinstance(body, str) else decode(body, content_type)
    tags = markup.count("<") if isinstance(markup, str) else markup.count(b"<")
    if tags > MANY_TAGS:
        markup = cut_where_too_deep(markup if isinstance(markup, str) else markup.decode("utf-8", "replace"))
    try:
        tree = LexborHTMLParser(markup)
    except SelectolaxError:  # the last resort: let BeautifulSoup repair it and read its output
        tree = LexborHTMLParser(str(BeautifulSoup(markup, "html.parser")))
    root = tree.root
    landmarks = tuple(node for node in root.traverse() if node.tag in LANDMARK_TAGS) if root is not None else ()
    html_lang = (
        (root.attributes.get("lang") or root.attributes.get("xml:lang") or "") if root is not None else ""
    ).strip()
    return Page(url, base_url(landmarks, url), tree, landmarks, Layout(root, landmarks), encoding, html_lang.lower())


def cut_where_too_deep(markup: str) -> str:
    """The markup up to where its elements nest deeper than `MAX_DEPTH`: parsing takes the square of the depth."""
    depth = 0
    for tag in TAG.finditer(markup):
        if tag[2].lower() not in UNNESTED_TAGS:
            depth = max(0, depth - 1) if tag[1] else depth + 1
            if depth > MAX_DEPTH:
                return markup[: tag.start()]
    return markup


def decode(body: bytes, content_type: str | None) -> tuple[bytes | str, str]:
    """The markup ready for parsing (bytes only if they are UTF-8 already) and the codec it was read with.

    A byte-order mark wins, then the header, then a `<meta>` declaration, then UTF-8 if the bytes are valid UTF-8, then
    BeautifulSoup's detection. A declaration that the bytes contradict is passed over; bytes that fit nothing are read
    with replacement characters.
    """
    body, marked = EncodingDetector.strip_byte_order_mark(body)  # type: ignore[no-untyped-call]  # old stubs
    declared = (marked, charset(content_type), EncodingDetector.find_declared_encoding(body, is_html=True), "utf-8")
    for label in declared:
        codec = codec_name(label)
        if codec is None:
            continue
        try:
            text = body.decode(codec)
        except UnicodeDecodeError:
            continue
        return (body if codec == "utf-8" else text), codec
    if any(codec_name(label) == "utf-8" for label in declared[:3]):  # declared, and damaged in a few places
        return body.decode("utf-8", "replace"), "utf-8"
    for label in EncodingDetector(body, is_html=True).encodings:
        codec = codec_name(label)
        try:
            return body.decode(codec or "ascii"), codec or "ascii"
        except UnicodeDecodeError:
            continue
    return body.decode("cp1252", "replace"), "cp1252"


def charset(content_type: str | None) -> str | None:
    """The charset parameter of a Content-Type header."""
    if not content_type:
        return None
    message = Message()
    message["Content-Type"] = content_type
    return message.get_content_charset()


def codec_name(label: str | None) -> str | None:
    """Python's codec for a web encoding label; None when the label is missing or unknown."""
    try:
        name = codecs.lookup((label or "").strip()).name
    except LookupError:
        return None
    return SUPERSETS.get(name, name)


def base_url(landmarks: tuple[LexborNode, ...], url: str) -> str:
    """What relative addresses are relative to: the first usable `<base href>`, resolved against the page's URL."""
    for node in landmarks:
        if node.tag == "base" and (href := node.attributes.get("href")):
            try:
                return urljoin(url, href.strip())
            except ValueError:
                return url
        if node.tag == "p":  # base belongs in the head
            break
    return url


def collapse(text: str) -> str:
    """The text with every run of white space made one space, and none at the ends."""
    return " ".join(text.split())


def visible_text(node: LexborNode) -> str:
    """What a reader sees of a node: no script or style, words of separate blocks kept apart, white space collapsed."""
    pieces: list[str] = []
    stack: list[LexborNode | str | None] = [node.first_child]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            pieces.append(item)
        elif item is not None:
            stack.append(item.next)
            if item.is_text_node:
                pieces.append(item.text_content or "")
            elif item.tag in BREAKING_TAGS:
                stack += (" ", item.first_child, " ")
            elif item.tag not in SILENT_TAGS:
                stack.append(item.first_child)
    return collapse("".join(pieces))
