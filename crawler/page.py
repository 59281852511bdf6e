"""A fetched page, parsed once: every other module of the crawler reads this one tree."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from bs4 import BeautifulSoup
from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, SelectolaxError

from crawler.address import Resolver
from crawler.anchors import Anchors, read_anchors
from crawler.encoding import decode
from crawler.landmarks import Attributes, Landmarks, landmarks_of
from crawler.layout import Layout
from crawler.markup_guard import parseable
from crawler.metadata import Metadata, read_metadata

WITHOUT_EVENTS: Final = int(LexborDocumentOptions.WO_EVENTS)  # of the tree's changes; nothing here listens to them


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
    def metadata(self) -> Metadata:
        """What the page says about itself in its head."""
        return read_metadata(self.landmarks, self.absolute)

    @cached_property
    def anchors(self) -> Anchors:
        """What the page's links say."""
        return read_anchors(self.landmarks.anchors)

    @property
    def license_url(self) -> str | None:
        """The licence that the page points to, by a link in its head or else in its text; None when it says nothing."""
        in_text = map(self.absolute, self.anchors.licenses)
        return self.metadata.license_url or next(filter(None, in_text), None)

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
    markup = parseable(markup)
    try:
        tree = LexborHTMLParser(markup, options=WITHOUT_EVENTS)
    except SelectolaxError:  # the last resort: let BeautifulSoup repair it and read its output
        tree = LexborHTMLParser(str(BeautifulSoup(markup, "html.parser")))
    root = tree.root
    attributes = root.attributes if root is not None else {}
    html_lang = attributes.get("lang") or attributes.get("xml:lang") or ""
    return Page(url, tree, landmarks_of(root), encoding, html_lang.strip().lower())
