"""What the features of all images of a page share: its title's words, the images that look alike, their order."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from crawler import layout
from crawler.image_key import image_key, without_host
from crawler.images import ImageOnPage
from crawler.page import Page
from crawler.vocabulary import JUNK_WORDS, STOP_WORDS

SMALL_SIDE: Final = 120  # CSS px: a side below is an icon, a portrait or a button
LETTERS: Final = re.compile(r"[a-z]+")
WORD: Final = re.compile(r"[^\W_]{3,}")


@dataclass(frozen=True, slots=True)
class Context:
    """What the features of all images of a page share.

    Attributes:
        page: the page.
        title_words: the words of its title and headline.
        shapes: how many images share an element's class and its parent's.
        ranks: 0-based place of each image (by landmark position) among the plausible ones of the content.
        preloaded: `image_key` of the images that the head preloads.
    """

    page: Page
    title_words: frozenset[str]
    shapes: Counter[tuple[str, str]]
    ranks: dict[int, int]
    preloaded: frozenset[str]


def has_junk_word(text: str) -> bool:
    """Whether one of the words in a lower-case name or path is used for page furniture: logos, buttons, ads."""
    return not JUNK_WORDS.isdisjoint(LETTERS.findall(text))


def words(text: str) -> set[str]:
    """The words of a text that can name a thing, in lower case."""
    return set(WORD.findall(text.lower())) - STOP_WORDS


def shape_of(image: ImageOnPage) -> tuple[str, str]:
    """The classes of an image and its parent: the same for the cards of a list."""
    parent = image.node.parent
    return image.attributes.get("class") or "", (parent.attributes.get("class") or "") if parent is not None else ""


def context_of(page: Page, title: str, images: Sequence[ImageOnPage]) -> Context:
    """The shared part of the features of a page's images."""
    heading = page.landmarks[page.layout.heading].text() if page.layout.heading is not None else ""
    preloaded = frozenset(
        image_key(url)
        for node in page.landmarks
        if node.tag == "link"
        and node.attributes.get("as") == "image"
        and (url := page.absolute(node.attributes.get("href") or ""))
    )
    plausible = [
        image.position
        for image in images
        if not is_small(image)
        and not page.layout.regions(image.node) & (layout.BOILERPLATE | layout.PERSON)
        and (page.layout.heading is None or image.position > page.layout.heading - 15)
        and not has_junk_word(without_host(image.address.lower()))
    ]
    ranks = {position: rank for rank, position in enumerate(plausible)}
    return Context(page, frozenset(words(f"{title} {heading}")), Counter(map(shape_of, images)), ranks, preloaded)


def is_small(image: ImageOnPage) -> bool:
    """Whether a declared side is too short for a subject."""
    return (image.width or SMALL_SIDE) < SMALL_SIDE or (image.height or SMALL_SIDE) < SMALL_SIDE


def truths(**claims: object) -> dict[str, float]:
    """The features that hold, as 1."""
    return {name: 1.0 for name, holds in claims.items() if holds}
