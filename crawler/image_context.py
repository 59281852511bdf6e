"""What the features of all images of a page share: its title's words, its headline and text, the images that look alike."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from crawler.images import ImageOnPage
from crawler.metadata import Metadata
from crawler.page import Page
from crawler.vocabulary import STOP_WORDS

WORD: Final = re.compile(r"[^\W_]{3,}")
DATE_IN_PATH: Final = re.compile(r"/((?:19|20)\d\d/[01]?\d)(?=/)")
MIN_HEADLINE: Final = 3  # words; of a shorter headline, one word in common says less


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What the features of all images of a page share.

    Attributes:
        page: the page.
        address: its URL in lower case, without scheme, query and a slash at the end.
        date: the `/year/month` in that; "" without one.
        telling_words: the words of its title, headline and address.
        headline_length: how many words its headline has (its title when it has none), `MIN_HEADLINE` at least.
        alike: how many images share an element's class and its parent's.
        heading: place of the headline; None without one.
        text: places of the first and the last paragraph of the main text; None without one.
    """

    page: Page
    address: str
    date: str
    telling_words: frozenset[str]
    headline_length: int
    alike: Counter[tuple[str, str]]
    heading: int | None
    text: tuple[int, int] | None


def context_of(page: Page, metadata: Metadata, images: Sequence[ImageOnPage]) -> Context:
    """The shared part of the features of a page's images."""
    layout = page.layout
    address = page.url.partition("#")[0].partition("?")[0].partition("://")[2].lower().rstrip("/")
    date = DATE_IN_PATH.search(address)
    headline = words(layout.heading[1].text()) if layout.heading is not None else set()
    title = words(metadata.title)
    blocks = layout.main_blocks
    return Context(
        page=page,
        address=address,
        date=date[1] if date else "",
        telling_words=frozenset(title | headline | words(address.partition("/")[2])),
        headline_length=max(MIN_HEADLINE, len(headline or title)),
        alike=Counter([image.class_pair for image in images]),
        heading=layout.heading[0] if layout.heading is not None else None,
        text=(blocks[0].position, blocks[-1].position) if blocks else None,
    )


def words(text: str) -> set[str]:
    """The words of a text that can name a thing, in lower case."""
    return set(WORD.findall(text.lower())) - STOP_WORDS
