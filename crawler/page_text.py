"""The texts on a page that may describe its main image: metadata its author wrote for it, and what stands around it."""

import re
from bisect import bisect
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from selectolax.lexbor import LexborNode

from crawler import layout
from crawler.images import IMAGE_TAGS, noscript_around
from crawler.items import Text
from crawler.main_image import ScoredImage
from crawler.metadata import Metadata, read_metadata
from crawler.page import Page, collapse, visible_text
from crawler.paragraphs import Block

CAPTION_NAME: Final = re.compile(
    r"caption|cutline|(?:image|img|photo|media|picture)[-_]?(?:desc|text|title|info|legend)|legend", re.IGNORECASE
)
META_ALTERNATIVES: Final = (("og_image", "og:image:alt"), ("twitter_image", "twitter:image:alt"))
CAPTION_REACH: Final = 4  # levels above the image; a caption further off belongs to something else
CAPTION_PLACES: Final = "figcaption, [class]"
MAX_IMAGES_OF_CAPTION: Final = 1  # in one box, twins in <noscript> aside; of several, each has its own
MAX_CAPTION: Final = 600  # characters; a longer one is a box of text with an unlucky class name
MAX_TEXT: Final = 1_000  # characters of one candidate text
NEAR_PARAGRAPHS: Final = 2  # on each side of the image
SENTENCES_OF_PARAGRAPH: Final = 3
# An end mark, perhaps a closing quote, white space, then the start of a sentence; not after an initial or a title.
SENTENCE_END: Final = re.compile(r"[.!?…]([\"'\u201d\u2019)]*\s+)(?=[\"'\u201c\u2018(]*[A-Z0-9])")
UNENDING: Final = re.compile(r"(?:[A-Z]|\b(?:Mr|Ms|Dr|St|vs|No|Mrs))\.\Z")
LONGEST_UNENDING: Final = 5  # characters, one before them included


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
    metadata = read_metadata(page)
    attributes = image.node.attributes if image.node is not None else {}
    yield from (("alt", alt) for alt in alternatives(image, metadata))
    for name in ("title", "data-caption", "data-image-caption", "aria-label"):
        yield "img_title", without_tags(attributes.get(name) or "")
    if image.node is not None:
        yield from (("figcaption", caption) for caption in captions(image.node))
    yield from (("title", title) for title in metadata.titles())
    yield from (("description", description) for description in metadata.descriptions())
    yield from (("heading", heading) for heading in headings(page, image.position))
    yield from (("surrounding", sentence) for sentence in surrounding(page, image.position))


def alternatives(image: ScoredImage, metadata: Metadata) -> Iterator[str]:
    """The image's alternative text: its element's, else that of a twin, else what the metadata says where it names it."""
    nodes = (image.node, *image.twins) if image.node is not None else ()
    written = [alt for node in nodes if (alt := (node.attributes.get("alt") or "").strip())]
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


def captions(node: LexborNode) -> Iterator[str]:
    """Texts of the caption elements that go with an image: in its figure, or beside it under a caption-like name."""
    above = node.parent
    for _ in range(CAPTION_REACH):
        if above is None or above.tag in ("body", "html"):
            return
        is_figure = above.tag == "figure"
        shared = not is_figure and images_in(above) > MAX_IMAGES_OF_CAPTION
        found = captions_after(node, above) if shared else filter(is_caption, above.css(CAPTION_PLACES))
        for element in found:
            text = visible_text(element)
            if 0 < len(text) <= MAX_CAPTION:
                yield text
        if is_figure or shared:
            return
        above = above.parent


def images_in(box: LexborNode) -> int:
    """How many images a box has, those in `<noscript>` not counted."""
    return sum(noscript_around(element) is None for element in box.css("img, amp-img"))


def is_caption(element: LexborNode) -> bool:
    """Whether an element is a caption by its tag or by the name of its class."""
    tag = element.tag
    if tag == "figcaption":
        return True
    return tag not in ("img", "figure") and CAPTION_NAME.search(element.attributes.get("class") or "") is not None


def captions_after(node: LexborNode, box: LexborNode) -> Iterator[LexborNode]:
    """The captions in a box of several images that stand between one image and the next."""
    key, reached = node.mem_id, False
    for element in box.css(f"img, amp-img, {CAPTION_PLACES}"):
        if element.mem_id == key:
            reached = True
        elif reached and is_caption(element):
            yield element
        elif reached and element.tag in IMAGE_TAGS and noscript_around(element) is None:
            return


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
