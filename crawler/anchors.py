"""The links of a page as written, read once: for the crawl to follow, for the licence, and for what they offer to share."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from crawler.landmarks import Attributes

SHARE_LINK: Final = re.compile(r"[?&;]media=([^&\s]{8,600})", re.IGNORECASE)
MAX_SHARED: Final = 60  # a page with more is a gallery that offers each of its pictures


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """What a page's `<a>` elements say.

    Attributes:
        hrefs: the addresses that robots may follow, as written, without repeats.
        licenses: those that are said to be the page's licence.
        shared: the images that they offer to share elsewhere, `MAX_SHARED` at most.
    """

    hrefs: tuple[str, ...]
    licenses: tuple[str, ...]
    shared: tuple[str, ...]


def read_anchors(elements: Sequence[Attributes]) -> Anchors:
    """What `<a>` elements with these attributes say, in document order."""
    hrefs: dict[str, None] = {}
    licenses: list[str] = []
    shared: list[str] = []
    for attributes in elements:
        href = attributes.get("href")
        if href:
            if "media=" in href and (found := SHARE_LINK.search(href)):
                shared.append(unquote(found[1]))
            relation = attributes.get("rel")
            if relation is None or "nofollow" not in (relation := relation.lower()):
                hrefs[href] = None
            if relation is not None and "license" in relation.split():
                licenses.append(href)
    return Anchors(tuple(hrefs), tuple(licenses), tuple(shared[:MAX_SHARED]))
