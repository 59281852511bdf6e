"""The captions that go with an image: those of its figure, or those that stand beside it under a caption-like name."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from selectolax.lexbor import LexborNode

from crawler.images import IMAGE_TAGS, noscript_around
from crawler.page import Page, visible_text
from crawler.paragraphs import upward

CAPTION_NAME: Final = re.compile(
    r"caption|cutline|legend|(?:image|img|photo|media|picture|info)[-_]?(?:desc|text|title|info|legend)", re.IGNORECASE
)
# What may be one, for the parser to find; `CAPTION_NAME` then decides.
PLACES: Final = (
    'figcaption, [class*="aption"], [class*="utline"], [class*="egend"], [class*="esc"], [class*="ext"], [class*="itle"], '
    '[class*="nfo"]'
)
IMAGES: Final = "img, amp-img"
REACH: Final = 5  # levels above the image; a caption further off belongs to something else
FIGURE_REACH: Final = 8  # levels above the image; a figure further off is a page's layout
FOLLOWING: Final = 3  # elements after a picture's box among which its caption may be
MAX_CAPTION: Final = 900  # characters; a longer one is a box of text with an unlucky class name


def captions(page: Page, node: LexborNode, position: int) -> Iterator[str]:
    """Texts of the captions that go with the image at an element, nearest box first; may repeat.

    Args:
        page: the page.
        node: the image's element.
        position: its place among the landmarks.
    """
    boxes = list(islice(upward(node.parent), FIGURE_REACH))
    tags = [box.tag for box in boxes]
    figure = boxes[tags.index("figure")] if "figure" in tags else None
    if figure is not None:
        found = list(texts_of(filter(is_caption, figure.css(PLACES))))
        if found:
            yield from found
            return
    box, shared = own_box(page, node, boxes, position)
    if box is not None:
        yield from texts_of(filter(is_caption, box.css(PLACES)))
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
        if box.tag in ("body", "html"):
            return own, None
        if box.mem_id in neighbours:
            return own, box
        own = box
    return own, None


def neighbours_of(page: Page, position: int) -> Iterator[LexborNode]:
    """The images before and after the one at a place; twins in `<noscript>` are none."""
    images = page.landmarks.images
    place = next((index for index, (other, _) in enumerate(images) if other >= position), len(images))
    for side in (reversed(images[:place]), images[place + 1 :]):
        yield from islice((other for _, other in side if noscript_around(other) is None), 1)


def captions_after(box: LexborNode) -> Iterator[LexborNode]:
    """The captions in the elements that follow a picture's box, up to the next picture."""
    following = box.next
    left = FOLLOWING
    while following is not None and left:
        if following.is_element_node:
            left -= 1
            if following.tag in IMAGE_TAGS or (following.css_first(IMAGES) is not None and following.tag != "noscript"):
                return
            if is_caption(following):
                yield following
            yield from filter(is_caption, following.css(PLACES))
        following = following.next


def is_caption(element: LexborNode) -> bool:
    """Whether an element is a caption by its tag or by the name of its class."""
    tag = element.tag
    if tag == "figcaption":
        return True
    return tag not in ("img", "figure") and CAPTION_NAME.search(element.attributes.get("class") or "") is not None


def texts_of(elements: Iterator[LexborNode]) -> Iterator[str]:
    """What a reader sees of captions; none of one that is too long."""
    for element in elements:
        text = visible_text(element)
        if 0 < len(text) <= MAX_CAPTION:
            yield text
