"""What a page says elsewhere about its images: those that its metadata names, that it loads first, that it offers to share."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from crawler.image_key import image_key
from crawler.image_urls import Source, width_in_url
from crawler.metadata import Metadata
from crawler.page import Page

SHARE_LINK: Final = re.compile(r"[?&;]media=([^&\s]{8,600})", re.IGNORECASE)
SHARE_ATTRIBUTES: Final = frozenset(("data-pin-media", "data-media", "addthis:media", "data-share-image"))
MAX_SHARE_LINKS: Final = 60  # a page with more is a gallery that offers each of its pictures
NAMINGS: Final = 3  # by so many kinds of metadata, an image is named as surely as can be


@dataclass(slots=True)
class Claim:
    """What is said about one image.

    Attributes:
        features: the ways in which it is named, as features.
        sources: the addresses that metadata gives; an image without an element can be fetched from them.
    """

    features: dict[str, float] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)


def claims_of(page: Page, metadata: Metadata) -> dict[str, Claim]:
    """The page's claims by the `image_key` of the image that they are about."""
    claims: dict[str, Claim] = {}
    for kind, url in metadata.images:
        claim = claims.setdefault(image_key(url), Claim())
        claim.features[kind] = 1.0
        claim.sources.append(Source(url, width_in_url(url)))
    for claim in claims.values():
        claim.features["named"] = min(len(claim.features), NAMINGS) / NAMINGS
    for feature, addresses in (("preloaded", metadata.preloads), ("shared", shared_images(page))):
        for address in addresses:
            claims.setdefault(image_key(address), Claim()).features[feature] = 1.0
    return claims


def shared_images(page: Page) -> Iterator[str]:
    """The images that the page's links offer to share elsewhere, as absolute URLs where they are that."""
    left = MAX_SHARE_LINKS
    for attributes in page.anchors:
        address: str | None = None
        if (href := attributes.get("href")) and "media=" in href and (found := SHARE_LINK.search(href)):
            address = unquote(found[1])
        elif not SHARE_ATTRIBUTES.isdisjoint(attributes):
            address = next(value for name, value in attributes.items() if name in SHARE_ATTRIBUTES)
        if address:
            yield address
            left -= 1
            if not left:
                return
