"""The dominant image of a page, found from its HTML: each image gets named features, each feature has a weight.

The paper finds it "from HTML tags and DOM tree features" (ImageBERT, section 3) and names none of them; these are ours.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from selectolax.lexbor import LexborNode

from crawler.image_context import context_of
from crawler.image_features import address_features, features_of
from crawler.image_key import image_key
from crawler.image_urls import Source, largest, width_in_url
from crawler.images import ImageOnPage, are_twins, images_on, key_of
from crawler.metadata import read_metadata
from crawler.page import Page

# Set by hand from what each feature means, then adjusted while looking at half of the sites of a set of saved pages.
WEIGHTS: Final[Mapping[str, float]] = {
    # size
    "area": 1.5, "small": -4.0, "thumbnail": -1.5, "banner": -1.5, "srcset": 0.4, "large_source": 0.6,
    "thumbnail_source": -1.0, "tiny_source": -3.0,
    # words and address
    "alt_words": 0.5, "title_words": 1.5, "junk_name": -1.5, "hero_name": 1.0, "junk_url": -1.5, "logo_url": -4.0,
    "beacon": -4.0, "upload_url": 0.5, "photo_file": 0.5, "png_file": -0.2, "gif_file": -1.5, "svg_file": -3.0,
    "long_file_name": 0.2,
    # place
    "figure": 0.7, "caption": 0.5, "hero": 1.0, "content": 0.5, "navigation": -2.5, "header": -0.7, "footer": -2.5,
    "aside": -1.5, "person": -1.5, "hidden": -1.0, "listed": -0.5, "repeated": -1.0, "itemprop": 1.0,
    "links_to_image": 0.4, "links_to_page": -1.0, "links_home": -2.0,
    # order
    "first": 0.7, "early": 1.0, "preloaded": 1.5, "eager": 0.5, "above_heading": -1.0, "lead": 1.0, "amid_text": 0.5,
    "near_start": 1.5, "after_text": -1.5,
    # metadata
    "og_image": 4.0, "twitter_image": 1.0, "json_ld_image": 2.5, "image_src": 1.5, "itemprop_image": 1.5,
    "thumbnail_meta": 1.0, "off_page": -0.5,
}  # fmt: skip
MIN_SCORE: Final = 2.0  # below, most winners on pages with and without a main image are wrong ones
NEVER_NAMED: Final = frozenset(("logo_url", "beacon"))


@dataclass(frozen=True, slots=True)
class ScoredImage:
    """An image and why it may be the page's dominant one.

    Attributes:
        url: absolute; the largest of the image's addresses.
        score: the sum of its signals; higher is surer.
        signals: (feature, weight times value), strongest first.
        node: its element; None when only the page's metadata names it.
        position: the element's index among the page's landmarks; None without one.
        twins: the elements that show it in place of `node`, with or without scripts.
    """

    url: str
    score: float
    signals: tuple[tuple[str, float], ...]
    node: LexborNode | None
    position: int | None
    twins: tuple[LexborNode, ...] = ()


@dataclass(slots=True)
class Contender:
    """All that a page has of one image, gathered while it is read: best element, addresses, metadata that names it."""

    image: ImageOnPage | None = None
    features: dict[str, float] = field(default_factory=dict)
    score: float = -math.inf
    images: list[ImageOnPage] = field(default_factory=list)
    named_sources: list[Source] = field(default_factory=list)
    named: dict[str, float] = field(default_factory=dict)

    def add_element(self, image: ImageOnPage, features: dict[str, float]) -> None:
        """Note another element that shows the image; the one that scores best speaks for it."""
        self.images.append(image)
        if (score := score_of(features)) > self.score:
            self.image, self.features, self.score = image, features, score

    def scored(self, page: Page) -> ScoredImage | None:
        """The image with its score and signals; None when it scores too little or has no usable address."""
        features = self.features if self.image is not None else address_features(self.named_sources[0].address)
        if NEVER_NAMED.isdisjoint(features):  # sites name their logo as the image of pages that have none
            features = features | self.named
        if self.image is None:
            features["off_page"] = 1.0
        signals = [(name, WEIGHTS[name] * value) for name, value in features.items() if value]
        score = math.fsum(value for _, value in signals)
        if score < MIN_SCORE:
            return None
        shown = self.shown()
        sources = [source for image in shown for source in image.sources()] + self.named_sources
        url = page.absolute(largest(sources).address)
        if url is None:
            return None
        signals.sort(key=lambda signal: (-abs(signal[1]), signal[0]))
        node, position = (None, None) if self.image is None else (self.image.node, self.image.position)
        return ScoredImage(url, score, tuple(signals), node, position, tuple(image.node for image in shown[1:]))

    def shown(self) -> list[ImageOnPage]:
        """The best element and its twins: other elements of the same name may show another image."""
        best = self.image
        return [] if best is None else [best, *(image for image in self.images if are_twins(best.node, image.node))]


def main_images(page: Page) -> list[ScoredImage]:
    """The images that can be the page's dominant one, best first; [] when it has none.

    Addresses of one image (sizes, `<noscript>` twins, `og:image`) count as one.
    """
    scored = (contender.scored(page) for contender in contenders(page))
    return sorted((image for image in scored if image is not None), key=lambda image: -image.score)


def score_of(features: Mapping[str, float]) -> float:
    """The weighted sum of features."""
    return sum(WEIGHTS[name] * value for name, value in features.items())


def contenders(page: Page) -> Iterable[Contender]:
    """The page's images with twins joined, in document order; then those that only the metadata names."""
    metadata = read_metadata(page)
    images = images_on(page)
    context = context_of(page, metadata.title, images)
    found: dict[str, Contender] = {}
    for image in images:
        found.setdefault(key_of(image, page), Contender()).add_element(image, features_of(image, context))
    for kind, url in metadata.images:
        contender = found.setdefault(image_key(url), Contender())
        contender.named[kind] = 1.0
        contender.named_sources.append(Source(url, width_in_url(url)))
    return found.values()
