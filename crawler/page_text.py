"""The texts on a page that may describe its main image: metadata its author wrote for it, and what stands around it."""

import re
from bisect import bisect
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from crawler import layout
from crawler.captions import captions
from crawler.items import Text
from crawler.main_image import ScoredImage
from crawler.metadata import Metadata
from crawler.page import Page
from crawler.paragraphs import Block
from crawler.visible_text import collapse, visible_text

META_ALTERNATIVES: Final = (("og_image", "og:image:alt"), ("twitter_image", "twitter:image:alt"))
TITLE_ATTRIBUTES: Final = ("title", "data-caption", "data-image-caption", "aria-label")
CAPTIONED_ELEMENTS: Final = 3  # of those that show the image
MAX_TEXT: Final = 1_000  # characters of one candidate text
NEAR_PARAGRAPHS: Final = 2  # on each side of the image
SENTENCES_OF_PARAGRAPH: Final = 3
# An end mark, perhaps a closing quote, white space, then the start of a sentence; not after an initial or a title.
SENTENCE_END: Final = re.compile(r"[.!?…]([\"'\u201d\u2019)]*\s+)(?=[\"'\u201c\u2018(]*[A-Z0-9])")
UNENDING: Final = re.compile(
    r"(?:[A-Z]|\b(?:Mr|Mrs|Ms|Dr|St|Mt|Ft|vs|No|Rep|Sen|Gov|Gen|Col|Lt|Sgt|Capt|Rev|Prof|Jr|Sr"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec))\.\Z"
)
LONGEST_UNENDING: Final = 6  # characters, one before them included


def candidate_texts(page: Page, image: ScoredImage) -> tuple[Text, ...]:
    """Every candidate description of an image, in the order of `TEXT_SOURCES`, near ones first.

    White space is collapsed; a text that was there before, in any case of letters, is left out. Nothing is cleaned or
    judged here.
    """
    seen: set[str] = set()
    texts = []
    for source, found in gathered(page, image):
        text = collapse(found)[:MAX_TEXT].strip()
        if text and text.casefold() not in seen:
            seen.add(text.casefold())
            texts.append(Text(source, text))
    return tuple(texts)


def gathered(page: Page, image: ScoredImage) -> Iterator[tuple[str, str]]:
    """(source, text as found) of every candidate description."""
    metadata = page.metadata
    position = image.elements[0].position if image.elements else None
    yield from (("alt", alt) for alt in alternatives(image, metadata))
    for element in image.elements:
        for name in TITLE_ATTRIBUTES:
            if value := element.attributes.get(name):
                yield "img_title", without_tags(value)
    for caption in captions_of(page, image):
        yield "figcaption", caption
    if image.named_by:
        yield from (("figcaption", without_tags(metadata.captions.get(url, ""))) for url in image.named_by)
    yield from (("title", title) for title in metadata.titles())
    yield from (("description", description) for description in metadata.descriptions())
    yield from (("heading", heading) for heading in headings(page, position))
    yield from (("surrounding", sentence) for sentence in surrounding(page, position))


def captions_of(page: Page, image: ScoredImage) -> Iterator[str]:
    """The captions of the first of the elements that show the image and have any."""
    for element in image.elements[:CAPTIONED_ELEMENTS]:
        if found := list(captions(page, element.node, element.position)):
            yield from found
            return


def alternatives(image: ScoredImage, metadata: Metadata) -> Iterator[str]:
    """The alternative texts of the elements that show the image, else what the metadata says where it names it."""
    written = [alt for element in image.elements if (alt := (element.attributes.get("alt") or "").strip())]
    if written:
        yield from written
        return
    named = {name for name, _ in image.signals}
    for kind, name in META_ALTERNATIVES:
        if kind in named:
            yield metadata.values.get(name, "")


def without_tags(value: str) -> str:
    """An attribute's value without the HTML that gallery plug-ins put into it."""
    return re.sub(r"<[^>]{1,200}>", " ", value) if "<" in value else value


def headings(page: Page, position: int | None) -> Iterator[str]:
    """The page's headline, and the heading above the image."""
    if page.layout.heading is not None:
        yield visible_text(page.layout.heading[1])
    if position is None:
        return
    for place, node in reversed(page.landmarks.headings):
        if place < position and node.tag != "h1":
            if not page.layout.regions(node) & layout.BOILERPLATE:
                yield visible_text(node)
            return


def surrounding(page: Page, position: int | None) -> Iterator[str]:
    """The first sentences of the paragraphs nearest to the image, following ones first.

    Of an image that stands nowhere on the page: those of the first paragraphs of the main text.
    """
    blocks = page.layout.blocks
    if position is None:
        near = list(page.layout.main_blocks[:NEAR_PARAGRAPHS])
    else:
        place = bisect(blocks, position, key=lambda block: block.position)
        near = readable(page, blocks[place:]) + readable(page, blocks[:place][::-1])
    for block in near:
        yield from sentences(visible_text(block.node), SENTENCES_OF_PARAGRAPH)


def readable(page: Page, blocks: Iterable[Block]) -> list[Block]:
    """The first `NEAR_PARAGRAPHS` of the blocks that are no menus, sidebars or footers."""
    outside = layout.BOILERPLATE
    return list(islice((block for block in blocks if not page.layout.regions(block.node) & outside), NEAR_PARAGRAPHS))


def sentences(text: str, most: int | None = None) -> list[str]:
    """The sentences of a paragraph, the first `most` of them (None: all).

    >>> sentences("Dr. A. Smith met the fox. It ran! Nobody saw where.")
    ['Dr. A. Smith met the fox.', 'It ran!', 'Nobody saw where.']
    """
    found: list[str] = []
    start = 0
    for end in SENTENCE_END.finditer(text):
        stop = end.start(1)
        if UNENDING.search(text[max(0, stop - LONGEST_UNENDING) : stop]):
            continue
        found.append(text[start:stop])
        start = end.end()
        if len(found) == most:
            return found
    return [*found, text[start:]]
