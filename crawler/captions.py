"""The captions that go with an image: those of its figure, or those that stand beside it under a caption-like name."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import Final

from selectolax.lexbor import LexborNode

from crawler.images import noscript_around
from crawler.landmarks import tag_ids
from crawler.page import Page
from crawler.paragraphs import upward
from crawler.visible_text import visible_text

CAPTION_NAME: Final = re.compile(
    r"caption|cutline|legend|(?:image|img|photo|media|picture|info)[-_]?(?:desc|text|title|info|legend)", re.IGNORECASE
)
FIGCAPTION, FIGURE, IMAGE, NOSCRIPT = tag_ids("figcaption", "figure", "img", "noscript").values()
OUTERMOST: Final = frozenset(tag_ids("html", "body").values())
REACH: Final = 5  # levels above the image; a caption further off belongs to something else
FIGURE_REACH: Final = 8  # levels above the image; a figure further off is a page's layout
FOLLOWING: Final = 3  # elements after a picture's box among which its caption may be
MAX_ELEMENTS: Final = 100  # of a box that are looked at; a box of more is the page's text
MAX_CAPTION: Final = 900  # characters; a longer one is a box of text with an unlucky class name


def captions(page: Page, node: LexborNode, position: int) -> Iterator[str]:
    """Texts of the captions that go with the image at an element, nearest box first; may repeat.

    Args:
        page: the page.
        node: the image's element.
        position: its place among the landmarks.
    """
    boxes = list(islice(upward(node.parent), FIGURE_REACH))
    figure = next((box for box in boxes if box.tag_id == FIGURE), None)
    if figure is not None:
        found = list(texts_of(captions_in(figure)))
        if found:
            yield from found
            return
    box, shared = own_box(page, node, boxes, position)
    if box is not None:
        yield from texts_of(captions_in(box))
    if shared is not None:
        yield from texts_of(captions_after(node if box is None else box))


def own_box(
    page: Page, node: LexborNode, boxes: list[LexborNode], position: int
) -> tuple[LexborNode | None, LexborNode | None]:
    """The largest box around an image within `REACH` without another image, and the next one, which it shares.

    Either may be None: the image's parent may hold another, and the reach may end before any does.
    """
    neighbours = {above.mem_id for other in neighbours_of(page, position) for above in upward(other)}
    own: LexborNode | None = None
    for box in boxes[:REACH]:
        if box.tag_id in OUTERMOST:
            return own, None
        if box.mem_id in neighbours:
            return own, box
        own = box
    return own, None


def neighbours_of(page: Page, position: int) -> Iterator[LexborNode]:
    """The images before and after the one at a place; twins in `<noscript>` are none."""
    images = page.landmarks.images
    place = bisect_left(images, position, key=itemgetter(0))
    for side in (reversed(images[:place]), images[place + 1 :]):
        yield from islice((other for _, other in side if noscript_around(other) is None), 1)


def captions_after(box: LexborNode) -> Iterator[LexborNode]:
    """The captions in the elements that follow a picture's box, up to the next picture."""
    following = box.next
    left = FOLLOWING
    while following is not None and left:
        if following.is_element_node:
            left -= 1
            inner = list(following.traverse())
            if following.tag_id != NOSCRIPT and IMAGE in [node.tag_id for node in inner]:
                return
            yield from filter(is_caption, inner)
        following = following.next


def captions_in(box: LexborNode) -> Iterator[LexborNode]:
    """The captions in a box, in document order."""
    return filter(is_caption, islice(box.traverse(), 1, MAX_ELEMENTS))


def is_caption(element: LexborNode) -> bool:
    """Whether an element is a caption by its tag or by the name of its class."""
    tag = element.tag_id
    if tag == FIGCAPTION:
        return True
    names = element.attributes.get("class")
    return bool(names) and tag != FIGURE and tag != IMAGE and names_a_caption(names)


@lru_cache(maxsize=10_000)  # sites share their themes' and frameworks' class names
def names_a_caption(names: str) -> bool:
    """Whether a class is given to captions."""
    return CAPTION_NAME.search(names) is not None


def texts_of(elements: Iterator[LexborNode]) -> Iterator[str]:
    """What a reader sees of captions; none of one that is too long."""
    for element in elements:
        text = visible_text(element)
        if 0 < len(text) <= MAX_CAPTION:
            yield text
