"""A fetched page, parsed once: every other module of the crawler reads this one tree."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from bs4 import BeautifulSoup
from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode, SelectolaxError

from crawler.address import Resolver
from crawler.anchors import Anchors, read_anchors
from crawler.encoding import decode
from crawler.landmarks import Attributes, Landmarks, landmarks_of, tag_ids
from crawler.layout import Layout
from crawler.vocabulary import word_set

WITHOUT_EVENTS: Final = int(LexborDocumentOptions.WO_EVENTS)  # of the tree's changes; nothing here listens to them
TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
UNNESTED_TAGS: Final = word_set(
    "area base br col dd dt embed hr img input li link meta option p param path source td th tr track wbr"
)  # they are empty, or the next one ends them
MAX_TAG: Final = 100_000  # characters; real ones, with a picture or state in an attribute, have some tens of thousands
TAG_START: Final = re.compile(r"<[a-zA-Z]")
TAG_START_IN_BYTES: Final = re.compile(rb"<[a-zA-Z]")
MANY_TAGS: Final = 8_000  # of a page; with fewer, no nesting takes longer than about a fifth of a second to parse
SHORTEST_TAG: Final = len("<b>")
MAX_DEPTH: Final = 2_000  # elements; real pages nest some tens deep, and count to hundreds where end tags are missing
# By the parser's numbers, which compare several times faster than names.
BREAKING_TAGS: Final = frozenset(
    tag_ids(*word_set("br p div li ul ol table tr td th h1 h2 h3 h4 h5 h6 section article hr dd dt")).values()
)
SILENT_TAGS: Final = frozenset(
    tag_ids(*word_set("script style noscript template svg iframe object button select textarea")).values()
)
MARKING_TAGS: Final = BREAKING_TAGS | SILENT_TAGS


@dataclass(frozen=True, eq=False)
class Page:
    """One parsed page.

    Attributes:
        url: the page's address after redirects.
        tree: the parsed document; owns the nodes below, so it must outlive them.
        landmarks: the elements that say something about the page's subject, gathered in one walk.
        encoding: the codec the bytes were read with.
        html_lang: `<html lang>` in lower case, a hint only; "" when missing.
    """

    url: str
    tree: LexborHTMLParser
    landmarks: Landmarks
    encoding: str
    html_lang: str

    @cached_property
    def layout(self) -> Layout:
        """The page's regions and main text."""
        return Layout(self.tree.root, self.landmarks)

    @property
    def metas(self) -> list[Attributes]:
        """The attributes of the page's `<meta>` elements, in document order."""
        return self.landmarks.metas

    @cached_property
    def anchors(self) -> Anchors:
        """What the page's links say."""
        return read_anchors(self.landmarks.anchors)

    @cached_property
    def resolver(self) -> Resolver:
        """What its relative addresses are relative to: the first usable `<base href>`, else `url`."""
        of_page = Resolver(self.url)
        for attributes in self.landmarks.bases:
            if href := attributes.get("href"):
                base = of_page.absolute(href)
                return of_page if base is None else Resolver(base)
        return of_page

    def absolute(self, address: str) -> str | None:
        """The http(s) URL behind an address on the page, without its fragment; None when it is no such thing."""
        return self.resolver.absolute(address)


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
    written = markup if isinstance(markup, bytes) else markup.encode("utf-8", "replace")
    if has_long_tag(written) or may_be_too_deep(written):
        markup = cut_where_too_deep(without_long_tags(written.decode("utf-8", "replace")))
    try:
        tree = LexborHTMLParser(markup, options=WITHOUT_EVENTS)
    except SelectolaxError:  # the last resort: let BeautifulSoup repair it and read its output
        tree = LexborHTMLParser(str(BeautifulSoup(markup, "html.parser")))
    root = tree.root
    attributes = root.attributes if root is not None else {}
    html_lang = attributes.get("lang") or attributes.get("xml:lang") or ""
    return Page(url, tree, landmarks_of(root), encoding, html_lang.strip().lower())


def has_long_tag(markup: bytes) -> bool:
    """Whether a tag of more than `MAX_TAG` bytes may begin somewhere; looks only where so many are without a `>`."""
    position, length = 0, len(markup)
    while length - position > MAX_TAG:
        last = markup.rfind(b">", position, position + MAX_TAG)
        if last < 0:
            last = markup.find(b">", position) % (length + 1)  # its end where there is none
            if TAG_START_IN_BYTES.search(markup, position, last - MAX_TAG):
                return True
        position = last + 1
    return False


def without_long_tags(text: str) -> str:
    """The markup without tags of more than `MAX_TAG` characters: the parser takes the square of their attributes."""
    kept: list[str] = []
    position = 0
    while tag := TAG_START.search(text, position):
        end = text.find(">", tag.start()) + 1 or len(text)
        kept.append(text[position : tag.start() if end - tag.start() > MAX_TAG else end])
        position = end
    return "".join([*kept, text[position:]])


def may_be_too_deep(markup: bytes) -> bool:
    """Whether elements may nest deeper than `MAX_DEPTH`; counts in bulk, and empty elements as if they held the rest."""
    if len(markup) <= MANY_TAGS * SHORTEST_TAG:
        return False
    letters = np.frombuffer(markup, np.uint8)
    tags = letters[:-1] == ord("<")
    if np.count_nonzero(tags) <= MANY_TAGS:
        return False
    after = letters[np.flatnonzero(tags) + 1]
    steps = (after > ord("@")).astype(np.int64) - (after == ord("/"))
    depths = np.cumsum(steps)
    return bool((depths - np.minimum(np.minimum.accumulate(depths), 0)).max() > MAX_DEPTH)


def cut_where_too_deep(markup: str) -> str:
    """The markup up to where its elements nest deeper than `MAX_DEPTH`: parsing takes the square of the depth."""
    depth = 0
    for tag in TAG.finditer(markup):
        if tag[2].lower() not in UNNESTED_TAGS:
            depth = max(0, depth - 1) if tag[1] else depth + 1
            if depth > MAX_DEPTH:
                return markup[: tag.start()]
    return markup


def collapse(text: str) -> str:
    """The text with every run of white space made one space, and none at the ends."""
    return " ".join(text.split())


def visible_text(node: LexborNode, enough: int | None = None) -> str:
    """What a reader sees of a node: no script or style, words of separate blocks kept apart, white space collapsed.

    Args:
        node: an element.
        enough: characters after which the rest is left out, counted before white space is collapsed; None for all.
    """
    if enough is None and is_inline(node):
        return collapse(node.text())
    pieces: list[str] = []
    length = 0
    stack: list[LexborNode | str | None] = [node.first_child]
    while stack and (enough is None or length < enough):
        item = stack.pop()
        if isinstance(item, str):
            pieces.append(item)
        elif item is not None:
            stack.append(item.next)
            tag = item.tag_id
            if tag in BREAKING_TAGS:
                stack += (" ", item.first_child, " ")
            elif item.is_text_node:
                pieces.append(text := item.text_content or "")
                length += len(text)
            elif tag not in SILENT_TAGS:
                stack.append(item.first_child)
    return collapse("".join(pieces))


def is_inline(node: LexborNode) -> bool:
    """Whether an element holds nothing but words and inline elements."""
    inner = node.traverse()
    next(inner, None)  # the element itself
    return MARKING_TAGS.isdisjoint([below.tag_id for below in inner])
