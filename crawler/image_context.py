"""What the features of all images of a page share: its title's words, its headline and text, the images that look alike."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from selectolax.lexbor import LexborNode

from crawler.images import ImageOnPage
from crawler.metadata import Metadata
from crawler.page import Page
from crawler.paragraphs import upward
from crawler.vocabulary import STOP_WORDS

WORD: Final = re.compile(r"[^\W_]{3,}")
DATE_IN_PATH: Final = re.compile(r"/((?:19|20)\d\d/[01]?\d/)")

@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What the features of all images of a page share.

    Attributes:
        page: the page.
        path: of its URL, in lower case, without a slash at the end.
        date: the `year/month/` in that path; "" without one.
        title_words: the words of its title and headline.
        telling_words: those, and the words of its path.
        core_words: the words of its headline, of its title when it has none.
        alike: how many images share an element's class and its parent's.
        heading: place of the headline; None without one.
        text: places of the first and the last paragraph of the main text; None without one.
        above_text: how many levels each element around the first paragraph of the main text is above it, by `mem_id`.
        above_article: likewise for the smallest element that holds that paragraph and the headline.
    """

    page: Page
    path: str
    date: str
    title_words: frozenset[str]
    telling_words: frozenset[str]
    core_words: frozenset[str]
    alike: Counter[tuple[str, str]]
    heading: int | None
    text: tuple[int, int] | None
    above_text: dict[int, int]
    above_article: dict[int, int]


def words(text: str) -> frozenset[str]:
    """The words of a text that can name a thing, in lower case."""
    return frozenset(WORD.findall(text.lower())) - STOP_WORDS


def class_pair(image: ImageOnPage) -> tuple[str, str]:
    """The classes of an image and its parent: the same for the cards of a list."""
    return image.attributes.get("class") or "", image.parent.get("class") or ""


def context_of(page: Page, metadata: Metadata, images: Sequence[ImageOnPage]) -> Context:
    """The shared part of the features of a page's images."""
    layout = page.layout
    try:
        path = unquote(urlsplit(page.url).path).lower().rstrip("/")
    except ValueError:  # an unclosed IPv6 bracket
        path = ""
    date = DATE_IN_PATH.search(path)
    headline = words(layout.heading[1].text()) if layout.heading is not None else frozenset()
    title = words(metadata.title)
    blocks = layout.main_blocks
    above_text = heights(blocks[0].node) if blocks else {}
    return Context(
        page=page,
        path=path,
        date=date[1] if date else "",
        title_words=title | headline,
        telling_words=title | headline | words(path),
        core_words=headline or title,
        alike=Counter(map(class_pair, images)),
        heading=layout.heading[0] if layout.heading is not None else None,
        text=(blocks[0].position, blocks[-1].position) if blocks else None,
        above_text=above_text,
        above_article=heights_of_article(page, above_text),
    )


def heights(node: LexborNode | None) -> dict[int, int]:
    """How many levels a node and each element around it is above the node, by `mem_id`."""
    return {above.mem_id: height for height, above in enumerate(upward(node))}


def heights_of_article(page: Page, above_text: dict[int, int]) -> dict[int, int]:
    """The heights above the smallest element that holds the headline and the first paragraph; {} when that is all."""
    if page.layout.heading is None or not above_text:
        return {}
    for above in upward(page.layout.heading[1]):
        if above.mem_id in above_text:
            return heights(above) if above.tag != "html" else {}
    return {}

