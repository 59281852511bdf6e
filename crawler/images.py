"""The images of a page that can be its dominant one, with what their elements say of themselves."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

from selectolax.lexbor import LexborNode

from crawler.image_key import image_key
from crawler.image_urls import Source, first_address, folder_and_name, image_sources, srcsets_of
from crawler.page import Page
from crawler.paragraphs import encloses, upward

PIXELS: Final = re.compile(r"\s*(\d{1,5})(?:\.\d+)?\s*(?:px)?\s*$", re.IGNORECASE)
STYLE_SIZE: Final = re.compile(r"(?:^|[;\s])(width|height)\s*:\s*(\d{1,5})(?:\.\d+)?px", re.IGNORECASE)
OFF_SCREEN: Final = re.compile(r"(?:^|[;\s])(?:left|top)\s*:\s*-\d{3}", re.IGNORECASE)  # how counters hide their pixel
NEVER_BELOW: Final = 50  # CSS px: what is shown with a shorter side is an icon or a tracking pixel
NOSCRIPT_REACH: Final = 4  # levels above an image
BEFORE_TEXT: Final = 80  # landmarks; further above the headline there are menus
AFTER_TEXT: Final = 8  # landmarks; further below the main text there are other pages' teasers
MAX_IMAGES: Final = 300  # a page; the dominant image of a longer wall of them is not a question


@dataclass(slots=True, eq=False)
class ImageOnPage:
    """One image element; not frozen, since a page has dozens and freezing takes longer than reading them.

    Attributes:
        position: its place among the page's landmarks.
        node: the element.
        attributes: its attributes.
        parent: its parent's attributes.
        address: the first of its addresses, as the page writes it.
        folder: that of the address, in lower case, host included.
        name: its file's, in lower case.
        picture: the srcsets of the `<picture>` around it.
        width: declared width in CSS pixels; None when not declared.
        height: declared height in CSS pixels; None when not declared.
        others: further elements with the same address.
    """

    position: int
    node: LexborNode
    attributes: dict[str, str | None]
    parent: dict[str, str | None]
    address: str
    folder: str
    name: str
    picture: Sequence[str]
    width: int | None
    height: int | None
    others: tuple["ImageOnPage", ...] = ()

    @property
    def class_pair(self) -> tuple[str, str]:
        """The classes of the element and its parent: the same for the cards of a list."""
        return self.attributes.get("class") or "", self.parent.get("class") or ""

    def sources(self) -> list[Source]:
        """All its addresses."""
        return image_sources(self.attributes, self.picture) or [Source(self.address, None)]

    def srcsets(self) -> list[str]:
        """All its srcsets, as written."""
        return [*srcsets_of(self.attributes), *self.picture]


def images_on(page: Page) -> list[ImageOnPage]:
    """The images around the page's headline and main text in document order; of several with one address, the first.

    Left out are those further off than `BEFORE_TEXT` and `AFTER_TEXT`, images declared shorter than `NEVER_BELOW` on a
    side, and those without a usable address; the twin that a lazy-loading theme leaves in `<noscript>` stands for
    those, since the parser reads `<noscript>` as a browser without scripts does. On a page without headline and main
    text, all are around them.
    """
    start, end = span_of(page)
    found: dict[str, ImageOnPage] = {}
    of_picture = srcsets_of_pictures(page)
    for position, node in page.landmarks.images[:MAX_IMAGES]:
        if start <= position <= end and (image := image_at(position, node, node.attributes, of_picture)) is not None:
            known = found.setdefault(image.address, image)
            if known is not image:
                known.others = (*known.others, image)
    return list(found.values())


def images_saying(page: Page, stem: str) -> Iterator[ImageOnPage]:
    """The images too far from the main text for `images_on` that have a part of an address, in lower case, somewhere."""
    start, end = span_of(page)
    for position, node in page.landmarks.images[:MAX_IMAGES]:
        if not start <= position <= end:
            attributes = node.attributes
            if (
                any(value and stem in value.lower() for value in attributes.values())
                and (image := image_at(position, node, attributes, srcsets_of_pictures(page))) is not None
            ):
                yield image


def span_of(page: Page) -> tuple[int, int]:
    """The first and the last place at which an image is around the headline and the main text."""
    blocks, heading = page.layout.main_blocks, page.layout.heading
    places = [heading[0]] if heading is not None else []
    places += [blocks[0].position, blocks[-1].position] if blocks else []
    return (min(places) - BEFORE_TEXT, max(places) + AFTER_TEXT) if places else (0, sys.maxsize)


def image_at(
    position: int, node: LexborNode, attributes: dict[str, str | None], of_picture: Mapping[int, Sequence[str]]
) -> ImageOnPage | None:
    """The image at an element; None when it is too small or has no usable address."""
    width, height = declared_size(attributes)
    if (width is not None and width < NEVER_BELOW) or (height is not None and height < NEVER_BELOW):
        return None
    if (style := attributes.get("style")) and OFF_SCREEN.search(style):
        return None
    parent = node.parent
    around = of_picture.get(parent.mem_id, ()) if of_picture and parent is not None else ()
    address = first_address(attributes, around)
    if address is None:
        return None
    folder, name = folder_and_name(address)
    of_parent = parent.attributes if parent is not None else {}
    return ImageOnPage(position, node, attributes, of_parent, address, folder, name, around, width, height)


def srcsets_of_pictures(page: Page) -> dict[int, list[str]]:
    """The srcsets in each `<picture>`, by its `mem_id`."""
    of_picture: dict[int, list[str]] = {}
    for _, node in page.landmarks.sources:
        if (picture := node.parent) is not None and picture.tag == "picture":
            of_picture.setdefault(picture.mem_id, []).extend(srcsets_of(node.attributes))
    return of_picture


def key_of(image: ImageOnPage, page: Page) -> str:
    """What the image's address has in common with other addresses of it, those in the metadata included."""
    return image_key(page.absolute(image.address) or image.address)


def noscript_around(node: LexborNode) -> LexborNode | None:
    """The `<noscript>` that an image stands in, a `<picture>` or link between them aside; None outside."""
    return next((above for above in islice(upward(node.parent), NOSCRIPT_REACH) if above.tag == "noscript"), None)


def are_twins(one: LexborNode, other: LexborNode) -> bool:
    """Whether one of two images stands in a `<noscript>`, and the other in the element around that."""
    fallbacks = noscript_around(one), noscript_around(other)
    noscript, scripted = (fallbacks[0], other) if fallbacks[0] is not None else (fallbacks[1], one)
    if noscript is None or None not in fallbacks or noscript.parent is None:
        return False
    return encloses(noscript.parent, scripted)


def declared_size(attributes: Mapping[str, str | None]) -> tuple[int | None, int | None]:
    """Width and height in pixels from the attributes, or else from the inline style; percentages count as undeclared."""
    width, height = attributes.get("width"), attributes.get("height")
    sizes = (pixels(width) if width else None, pixels(height) if height else None)
    if (style := attributes.get("style")) and "px" in style and None in sizes:
        styled = {name.lower(): int(number) for name, number in STYLE_SIZE.findall(style)}
        return sizes[0] or styled.get("width"), sizes[1] or styled.get("height")
    return sizes


@lru_cache(maxsize=10_000)  # the same few numbers are on every page
def pixels(value: str) -> int | None:
    """The pixels in a width or height attribute; None when it says nothing: a percentage, or the 0 of a script's stand-in.

    >>> pixels("640"), pixels("640.5px"), pixels("100%"), pixels("0")
    (640, 640, None, None)
    """
    match = PIXELS.match(value)
    return int(match[1]) or None if match else None
