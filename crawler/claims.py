"""What a page says elsewhere about its images: those that its metadata names, that it offers to share."""

from dataclasses import dataclass, field
from typing import Final

from crawler.image_key import image_key
from crawler.image_urls import Source, width_in_url
from crawler.metadata import Metadata
from crawler.page import Page

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
    for address in page.anchors.shared:
        claims.setdefault(image_key(address), Claim()).features["shared"] = 1.0
    return claims
