"""Every image of a page with the addresses it can be fetched from, gathered in one walk over the landmarks."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from selectolax.lexbor import LexborNode

from crawler.image_key import image_key
from crawler.image_urls import Source, first_address, image_sources, srcset_entries, srcsets_of
from crawler.page import Page
from crawler.paragraphs import encloses, upward

IMAGE_TAGS: Final = frozenset(("img", "amp-img"))
PIXELS: Final = re.compile(r"\s*(\d{1,5})(?:\.\d+)?\s*(?:px)?\s*$", re.IGNORECASE)
STYLE_SIZE: Final = re.compile(r"(?:^|[;\s])(width|height)\s*:\s*(\d{1,5})(?:\.\d+)?px", re.IGNORECASE)
NEVER_BELOW: Final = 50  # CSS px: what is shown with a shorter side is an icon or a tracking pixel
NOSCRIPT_REACH: Final = 4  # levels above an image
MAX_IMAGES: Final = 1000  # per page; the dominant image of a longer wall of them is not a question


@dataclass(frozen=True, slots=True)
class ImageOnPage:
    """One image element.

    Attributes:
        position: its index among the page's landmarks.
        node: the element.
        attributes: its attributes.
        address: the first of its addresses, as the page writes it.
        picture: the srcsets of the `<picture>` around it.
        width: declared width in CSS pixels; None when not declared.
        height: declared height in CSS pixels; None when not declared.
    """

    position: int
    node: LexborNode
    attributes: dict[str, str | None]
    address: str
    picture: tuple[str, ...]
    width: int | None
    height: int | None

    def sources(self) -> list[Source]:
        """All its addresses."""
        return image_sources(self.attributes, self.picture) or [Source(self.address, None)]

    def srcsets(self) -> list[str]:
        """All its srcsets, as written."""
        return [*srcsets_of(self.attributes), *self.picture]


def images_on(page: Page) -> list[ImageOnPage]:
    """The page's images in document order, at most `MAX_IMAGES`.

    Left out are images declared shorter than `NEVER_BELOW` on a side, and those without a usable address; the twin that
    a lazy-loading theme leaves in `<noscript>` stands for those, since the parser reads `<noscript>` as a browser
    without scripts does.
    """
    found: list[ImageOnPage] = []
    of_picture: dict[int, list[str]] = {}
    for position, node in enumerate(page.landmarks):
        tag = node.tag
        if tag == "source":
            if (picture := node.parent) is not None and picture.tag == "picture":
                of_picture.setdefault(picture.mem_id, []).extend(srcsets_of(node.attributes))
        elif tag in IMAGE_TAGS:
            image = image_at(position, node, of_picture)
            if image is not None:
                found.append(image)
                if len(found) == MAX_IMAGES:
                    break
    return found


def image_at(position: int, node: LexborNode, of_picture: Mapping[int, list[str]]) -> ImageOnPage | None:
    """The image at an element; None when it is too small or has no address."""
    attributes = node.attributes
    width, height = declared_size(attributes)
    if (width is not None and width < NEVER_BELOW) or (height is not None and height < NEVER_BELOW):
        return None
    around: Sequence[str] = ()
    if of_picture and (picture := node.parent) is not None:
        around = of_picture.get(picture.mem_id, ())
    address = first_address(attributes)
    if address is None:
        address = next((entry.address for srcset in around for entry in srcset_entries(srcset)), None)
    if address is None:
        return None
    return ImageOnPage(position, node, attributes, address, tuple(around), width, height)


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


def declared_size(attributes: dict[str, str | None]) -> tuple[int | None, int | None]:
    """Width and height in pixels from the attributes, or else from the inline style; percentages count as undeclared."""
    sizes: dict[str, int] = {}
    style = attributes.get("style")
    if style:
        sizes = {name.lower(): int(number) for name, number in STYLE_SIZE.findall(style)}
    for name in ("width", "height"):
        if (value := attributes.get(name)) and (match := PIXELS.match(value)) is not None:
            sizes[name] = int(match[1])
    return sizes.get("width"), sizes.get("height")
