"""The images that contend for being a page's dominant one, each with its named features.

All images are judged by what their elements say; only the best of them, and those that the page makes a claim about, also
by what is around them, which takes longer.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from typing import Final

from crawler.claims import Claim, claims_of
from crawler.image_context import Context, context_of
from crawler.image_features import address_features, own_features
from crawler.image_place import order_features, place_features
from crawler.image_urls import Source, folder_and_name
from crawler.images import ImageOnPage, images_on, images_saying, key_of
from crawler.page import Page

Score = Callable[[Mapping[str, float]], float]

FINALISTS: Final = (
    3  # of a page; with 5, one more of 362 answers was right on the pages that the weights were learnt from
)
BEFORE_HEADING: Final = 15  # landmarks; an image further above the headline belongs to the site
UNLIKELY: Final = frozenset(("small", "junk_url", "logo_url", "beacon"))
NEVER_NAMED: Final = frozenset(("logo_url", "beacon"))  # sites name their logo as the image of pages that have none
MIN_TELLING_STEM: Final = 8  # characters; an address in some attribute may have a shorter one by chance


@dataclass(slots=True, eq=False)
class Contender:
    """One image of a page.

    Attributes:
        image: its element; None when only the metadata names it.
        features: those that are not 0.
        score: what they amount to.
        key: its `image_key` when a claim is about it; else "".
        sources: the addresses that metadata gives.
    """

    image: ImageOnPage | None
    features: dict[str, float]
    score: float
    key: str = ""
    sources: list[Source] = field(default_factory=list)


def contenders_of(page: Page, score: Score, finalists: int = FINALISTS) -> tuple[list[Contender], list[ImageOnPage]]:
    """The page's contenders, in document order and then those that only metadata names; and all its images.

    Args:
        page: the page.
        score: what features amount to.
        finalists: how many images are looked at closely.
    """
    metadata = page.metadata
    images = images_on(page)
    context = context_of(page, metadata, images)
    claims = claims_of(page, metadata)
    chosen = finalists_of(entrants_of(images, context, score), context, claims, finalists)
    for contender in chosen:
        assert contender.image is not None
        contender.features.update(place_features(contender.image, context))
        contender.score = score(contender.features)
    for key, claim in claims.items():
        claimant = claimant_of(chosen, key, claim)
        if claimant is not None:
            if NEVER_NAMED.isdisjoint(claimant.features):
                claimant.features.update(claim.features)
            claimant.sources = claim.sources
            claimant.score = score(claimant.features)
    return chosen, images


def entrants_of(images: Sequence[ImageOnPage], context: Context, score: Score) -> list[Contender]:
    """The images with the features that are had cheaply, in document order."""
    rank = 0
    entrants = []
    for image in images:
        features = own_features(image)
        own_rank = None
        if UNLIKELY.isdisjoint(features) and (
            context.heading is None or image.position > context.heading - BEFORE_HEADING
        ):
            own_rank = rank
            rank += 1
        features.update(order_features(image, own_rank, context))
        entrants.append(Contender(image, features, score(features)))
    return entrants


def finalists_of(
    entrants: Sequence[Contender], context: Context, claims: Mapping[str, Claim], finalists: int
) -> list[Contender]:
    """The contenders worth a closer look, in document order: the best so far, and those that a claim is about.

    Of the images far from the main text, which are no entrants, those that metadata names.
    """
    chosen = set(nlargest(finalists, range(len(entrants)), key=[entrant.score for entrant in entrants].__getitem__))
    stems = {key: key.rpartition("/")[2] for key in claims}
    unseen = dict.fromkeys(stems)
    for number, entrant in enumerate(entrants if stems else ()):
        assert entrant.image is not None
        if may_have_stem(entrant.image, stems.values()) and (key := key_of(entrant.image, context.page)) in stems:
            entrant.key = key
            chosen.add(number)
            unseen.pop(key, None)
    remote = []
    for key in unseen:
        if not claims[key].sources:
            continue
        if (other := another_size(entrants, stems[key])) is not None:
            entrants[other].key = key
            chosen.add(other)
        elif (image := image_far_off(context.page, key, stems[key])) is not None:
            remote.append(Contender(image, {**own_features(image), **order_features(image, None, context)}, 0.0, key))
    return [entrants[number] for number in sorted(chosen)] + remote


def image_far_off(page: Page, key: str, stem: str) -> ImageOnPage | None:
    """The first image far from the main text that has a key, or the end of a key, if that is long, in some attribute."""
    saying = images_saying(page, stem)
    return next((image for image in saying if len(stem) >= MIN_TELLING_STEM or key_of(image, page) == key), None)


def may_have_stem(image: ImageOnPage, stems: Iterable[str]) -> bool:
    """Whether an image may have one of the keys that end in these stems."""
    name = image.name
    for stem in stems:
        if stem in name or ("?" in stem and "?" in image.address):
            return True
    return "%" in name


def another_size(entrants: Iterable[Contender], stem: str) -> int | None:
    """Which image has a stem in some other attribute first, such as a srcset of sizes with names of their own."""
    if len(stem) < MIN_TELLING_STEM:
        return None
    for number, entrant in enumerate(entrants):
        if entrant.image is not None and any(
            value is not None and stem in value.lower()
            for value in (*entrant.image.attributes.values(), *entrant.image.picture)
        ):
            return number
    return None


def claimant_of(chosen: list[Contender], key: str, claim: Claim) -> Contender | None:
    """The best contender with a key; when none has it, a new one if metadata gives its address."""
    having = [contender for contender in chosen if contender.key == key]
    if having:
        return max(having, key=lambda contender: contender.score)
    if not claim.sources:
        return None
    contender = Contender(
        None, {**address_features(*folder_and_name(claim.sources[0].address)), "off_page": 1.0}, 0.0, key
    )
    chosen.append(contender)
    return contender
