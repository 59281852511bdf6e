"""A fetched page, parsed once: every other module of the crawler reads this one tree."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

from bs4 import BeautifulSoup
from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from crawler.address import MAX_ADDRESS, is_web_address
from crawler.encoding import decode
from crawler.layout import Layout
from crawler.vocabulary import word_set

NO_ADDRESS: Final = ("data:", "blob:", "javascript:", "about:", "#")
LANDMARK_TAGS: Final = word_set("amp-img base blockquote figcaption h1 h2 h3 h4 img link meta p script source title")
TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
UNNESTED_TAGS: Final = word_set(
    "area base br col dd dt embed hr img input li link meta option p param path source td th tr track wbr"
)  # they are empty, or the next one ends them
MANY_TAGS: Final = 8_000  # of a page; with fewer, no nesting takes longer than about a fifth of a second to parse
MAX_DEPTH: Final = 2_000  # elements; real pages nest some tens deep, and count to hundreds where end tags are missing
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
        if not address or len(address) > MAX_ADDRESS or address.startswith(NO_ADDRESS):
            return None
        try:
            url = urljoin(self.base_url, address.replace(" ", "%20").replace("\n", "").replace("\t", ""))
        except ValueError:  # an unclosed IPv6 bracket
            return None
        return url.partition("#")[0] if is_web_address(url) else None


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


def base_url(landmarks: tuple[LexborNode, ...], url: str) -> str:
    """What relative addresses are relative to: the first usable `<base href>`, resolved against the page's URL."""
    for node in landmarks:
        if node.tag == "base" and (href := node.attributes.get("href")):
            try:
                base = urljoin(url, href.strip()) if len(href) <= MAX_ADDRESS else ""
            except ValueError:
                return url
            return base if is_web_address(base) else url
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
