"""The dominant image of a page, found from its HTML: each image has named features, each feature a learnt weight.

The paper finds it "from HTML tags and DOM tree features" (ImageBERT, section 3) and names none of them; these are ours.
`python -m crawler.fit_main_image` learns the weights; `crawler/models/main_image.md` tells from what and how well.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from selectolax.lexbor import LexborNode

from crawler.contenders import Contender, contenders_of, may_have_stem
from crawler.image_urls import MIN_NAMED_WIDTH, UNSTATED_WIDTH, largest
from crawler.images import ImageOnPage, are_twins, key_of
from crawler.page import Page

MODEL: Final = Path(__file__).parent / "models" / "main_image.json"
WEIGHTS: Final[Mapping[str, float]] = json.loads(MODEL.read_text(encoding="utf-8"))
NONE: Final = WEIGHTS["none"]  # the score of the answer that a page has no main image


@dataclass(frozen=True, slots=True)
class ScoredImage:
    """An image and why it may be the page's dominant one.

    Attributes:
        url: absolute; the one its metadata gives, or the largest of the image's addresses.
        score: by how much the sum of its signals exceeds that of the answer "no main image"; higher is surer.
        signals: (feature, weight times value), strongest first.
        node: its element; None when only the page's metadata names it.
        position: the element's place among the page's landmarks; None without one.
        twins: the elements that show it in place of `node`, with or without scripts.
    """

    url: str
    score: float
    signals: tuple[tuple[str, float], ...]
    node: LexborNode | None
    position: int | None
    twins: tuple[LexborNode, ...] = ()


def main_image(page: Page) -> ScoredImage | None:
    """The page's dominant image; None when it has none."""
    return next(ranked(page), None)


def main_images(page: Page) -> list[ScoredImage]:
    """The images that can be the page's dominant one, best first; [] when it has none.

    Addresses of one image (sizes, `<noscript>` twins, `og:image`) count as one.
    """
    first_of_each = {image.url: image for image in reversed(list(ranked(page)))}
    return sorted(first_of_each.values(), key=lambda image: -image.score)


def ranked(page: Page) -> Iterable[ScoredImage]:
    """The contenders that beat the answer "no main image" and have a usable address, best first, one at a time."""
    contenders, images = contenders_of(page, score_of)
    able = [contender for contender in contenders if contender.score > NONE]
    able.sort(key=lambda contender: -contender.score)
    return (image for contender in able if (image := scored_image(contender, page, images)) is not None)


def scored_image(contender: Contender, page: Page, images: Iterable[ImageOnPage]) -> ScoredImage | None:
    """The image with its score and signals; None when it has no usable address."""
    best = contender.image
    shown = [] if best is None else [best, *twins_of(best, page, images)]
    named = next((source for source in contender.sources if (source.width or UNSTATED_WIDTH) >= MIN_NAMED_WIDTH), None)
    sources = [source for image in shown for source in image.sources()] + contender.sources
    url = page.absolute((named or largest(sources)).address)
    if url is None:
        return None
    signals = [(name, WEIGHTS[name] * value) for name, value in contender.features.items()]
    signals = sorted((signal for signal in signals if signal[1]), key=lambda signal: (-abs(signal[1]), signal[0]))
    node, position = (None, None) if best is None else (best.node, best.position)
    twins = tuple(image.node for image in shown[1:])
    return ScoredImage(url, contender.score - NONE, tuple(signals), node, position, twins)


def twins_of(best: ImageOnPage, page: Page, images: Iterable[ImageOnPage]) -> Iterable[ImageOnPage]:
    """The elements that show an image in place of its best one, with or without scripts."""
    stem = [key_of(best, page).rpartition("/")[2]]
    alike = (image for image in images if image is not best and may_have_stem(image.address, stem))
    others = (*best.others, *chain.from_iterable((image, *image.others) for image in alike))
    return (other for other in others if are_twins(best.node, other.node))


def score_of(features: Mapping[str, float]) -> float:
    """The weighted sum of features."""
    weights = WEIGHTS
    return sum([weights[name] * value for name, value in features.items()])
