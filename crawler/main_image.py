"""The dominant image of a page, found from its HTML: each image has named features, each feature a learnt weight.

The paper finds it "from HTML tags and DOM tree features" (ImageBERT, section 3) and names none of them; these are ours.
`python -m crawler.fit_main_image` learns the weights; `crawler/models/main_image.md` tells from what and how well.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crawler.contenders import Contender, contenders_of, may_have_stem
from crawler.image_urls import MIN_NAMED_WIDTH, UNSTATED_WIDTH, largest
from crawler.images import ImageOnPage, are_twins, key_of
from crawler.page import Page

MODEL: Final = Path(__file__).parent / "models" / "main_image.json"
WEIGHTS: Final[Mapping[str, float]] = json.loads(MODEL.read_text(encoding="utf-8"))
UNMISTAKABLE: Final = 16  # characters of a file's name without size and extension; a shorter one may be of two photos
NONE: Final = WEIGHTS["none"]  # the score of the answer that a page has no main image


@dataclass(frozen=True, slots=True)
class ScoredImage:
    """An image and why it may be the page's dominant one.

    Attributes:
        url: absolute; the one its metadata gives, or the largest of the image's addresses.
        score: by how much the sum of its signals exceeds that of the answer "no main image"; higher is surer.
        signals: (feature, weight times value), strongest first.
        named_by: the addresses that metadata gives for it, as absolute URLs.
        elements: those that show it, the best one first; () when only the page's metadata names it.
    """

    url: str
    score: float
    signals: tuple[tuple[str, float], ...]
    named_by: tuple[str, ...] = ()
    elements: tuple[ImageOnPage, ...] = ()


def main_image(page: Page) -> ScoredImage | None:
    """The page's dominant image; None when it has none."""
    return next(ranked(page), None)


def main_images(page: Page) -> list[ScoredImage]:
    """The images that can be the page's dominant one, best first; [] when it has none.

    Addresses of one image (sizes, `<noscript>` twins, `og:image`) count as one.
    """
    found: dict[str, ScoredImage] = {}
    for image in ranked(page):
        found.setdefault(image.url, image)
    return list(found.values())


def ranked(page: Page) -> Iterator[ScoredImage]:
    """The contenders that beat the answer "no main image" and have a usable address, best first, one at a time.

    Those that stand nowhere on the page come last, whatever their score: metadata names what a site shows elsewhere.
    """
    contenders, images = contenders_of(page, score_of)
    able = [contender for contender in contenders if contender.score > NONE]
    able.sort(key=lambda contender: (contender.image is None, -contender.score))
    return (image for contender in able if (image := scored_image(contender, page, images)) is not None)


def scored_image(contender: Contender, page: Page, images: Iterable[ImageOnPage]) -> ScoredImage | None:
    """The image with its score and signals; None when it has no usable address."""
    best = contender.image
    elements = () if best is None else (best, *elements_like(best, page, images))
    named = next((source for source in contender.sources if (source.width or UNSTATED_WIDTH) >= MIN_NAMED_WIDTH), None)
    if named is None:
        addressed = (image for image in elements if image is best or are_twins(elements[0].node, image.node))
        named = largest([source for image in addressed for source in image.sources()] + contender.sources)
    url = page.absolute(named.address)
    if url is None:
        return None
    named_by = tuple(source.address for source in contender.sources)
    signals = [(name, WEIGHTS[name] * value) for name, value in contender.features.items()]
    signals = sorted((signal for signal in signals if signal[1]), key=lambda signal: (-abs(signal[1]), signal[0]))
    return ScoredImage(url, contender.score - NONE, tuple(signals), named_by, elements)


def elements_like(best: ImageOnPage, page: Page, images: Iterable[ImageOnPage]) -> Iterator[ImageOnPage]:
    """Other elements that show an image: in another size, elsewhere, or with scripts switched off.

    Two photos may have one name, so that it takes the same folder, a long name, or a `<noscript>` to be sure.
    """
    yield from best.others
    key = key_of(best, page)
    stem = key.rpartition("/")[2]
    for image in images:
        if image is not best and may_have_stem(image, (stem,)) and key_of(image, page) == key:
            surely = len(stem) >= UNMISTAKABLE or image.folder == best.folder
            yield from (other for other in (image, *image.others) if surely or are_twins(best.node, other.node))


def score_of(features: Mapping[str, float]) -> float:
    """The weighted sum of features."""
    weights = WEIGHTS
    return sum([weights[name] * value for name, value in features.items()])
