"""Labelled image-text pairs for the relevance model: true captions in web dress, and three kinds of wrong text."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crawler.items import TEXT_SOURCES, Text
from scoring.dual_encoder import Floats, unit
from scoring.fitting.page_texts import PageTexts, drawn_page
from scoring.fitting.web_texts import noise_text, web_dress

MATCHED: Final = "matched"
NEGATIVE_KINDS: Final = ("random", "same_class", "noise")
SHORT_PAGE_SIZES: Final = (1, 1, 2, 3)  # drawn from: after cleaning many pages have one usable text
SHORT_PAGE_SOURCES: Final = ("alt", *TEXT_SOURCES)
REAL_SHARE: Final = 0.75  # of the page texts come from real pages, where some are given
PLAIN_SHARE: Final = 0.5  # of the captions on short pages go without web dress
SLOT_SHARE: Final = 0.8  # of the pages without a text written for their image get one
KEPT_SHARES: Final = (0.2, 0.5, 1.0)  # of a page's texts; one of them a page
# How often a text of that source describes its image. Nobody published these; the order is the paper's (metadata that
# the author wrote for the image before text around it), the levels are what a reader of news pages would bet on.
RIGHT_SHARE: Final = {
    "alt": 0.45,
    "img_title": 0.4,
    "figcaption": 0.5,
    "title": 0.12,
    "description": 0.12,
    "heading": 0.1,
    "surrounding": 0.05,
}
WRITTEN_FOR_IMAGE: Final = frozenset({"alt", "img_title", "figcaption"})
# what the wrong texts are, by whether the source is written for the image: another image's caption, or page noise
WRONG_WEIGHTS: Final = {True: (2, 2, 1), False: (1, 1, 8)}
NEAREST: Final = 20  # photos of most similar classes that a same-class negative is drawn from


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """Texts of images, each right or wrong in a known way.

    Attributes:
        texts: T texts, those of one image next to each other.
        image_of: the image of each text, int64 [T], ascending.
        kinds: `matched`, one of `NEGATIVE_KINDS`, or another kind of wrong text, [T].
    """

    texts: tuple[Text, ...]
    image_of: NDArray[np.int64]
    kinds: tuple[str, ...]

    @property
    def labels(self) -> NDArray[np.int64]:
        """1 where the text describes its image, else 0."""
        return np.array([kind == MATCHED for kind in self.kinds], np.int64)


def label_pages(
    captions: Sequence[Sequence[str]], probabilities: Floats, pages: Sequence[PageTexts], seed: int
) -> LabelledTexts:
    """One group of rival texts for each image, as on a page, each text right with the `RIGHT_SHARE` of its source.

    Texts are right or wrong independently of each other and of how many there are: were a lone text mostly right, the
    trees would be lenient with every page that has only one. Other photos' captions wear the same web dress as the
    right ones, so that neither casing nor length tells them apart.

    Args:
        captions: each image's true captions, at least one.
        probabilities: each image's class probabilities [I, 1000]; near ones make the same-class negatives.
        pages: real pages' texts, which describe none of the images; may be empty.
        seed: of all draws.

    Raises:
        ValueError: there are fewer than two images, so that no text can be another image's.
    """
    random = Random(seed)
    others = _Others(captions, _similar_images(probabilities))
    drawn: list[tuple[int, str, Text]] = []
    for image in range(len(captions)):
        for text in _rivals(drawn_page(pages, REAL_SHARE, random), random):
            kind = _kind_of(text.source, random)
            said = text.text if kind == "noise" else others.caption(kind, image, random)
            drawn.append((image, kind, Text(text.source, said)))
    return labelled(drawn)


def label_short_pages(
    captions: Sequence[Sequence[str]], probabilities: Floats, pages: Sequence[PageTexts], seed: int
) -> LabelledTexts:
    """One to three texts for each image, mostly captions of this photo and of others, right as often as on long pages.

    Args:
        captions: as for `label_pages`.
        probabilities: as for `label_pages`.
        pages: as for `label_pages`.
        seed: of all draws.

    Raises:
        ValueError: there are fewer than two images, so that no text can be another image's.
    """
    random = Random(seed)
    others = _Others(captions, _similar_images(probabilities))
    drawn: list[tuple[int, str, Text]] = []
    for image in range(len(captions)):
        for _ in range(random.choice(SHORT_PAGE_SIZES)):
            source = random.choice(SHORT_PAGE_SOURCES)
            is_right = random.random() < RIGHT_SHARE[source]
            kind = MATCHED if is_right else random.choices(NEGATIVE_KINDS, weights=WRONG_WEIGHTS[True])[0]
            if kind == "noise":
                said = random.choice(drawn_page(pages, REAL_SHARE, random).texts).text
            else:
                said = others.caption(kind, image, random, dress=random.random() >= PLAIN_SHARE)
            drawn.append((image, kind, Text(source, said)))
    return labelled(drawn)


def label_lone_texts(
    captions: Sequence[Sequence[str]], probabilities: Floats, pages: Sequence[PageTexts], seed: int, dress: bool
) -> LabelledTexts:
    """For each image one text of each kind, each of an image of its own: what the measures by kind are taken on.

    The `image_of` of the texts counts images four times: text t is of image t // 4.

    Args:
        captions: as for `label_pages`.
        probabilities: as for `label_pages`.
        pages: as for `label_pages`.
        seed: of all draws.
        dress: whether captions wear web dress.

    Raises:
        ValueError: there are fewer than two images, so that no text can be another image's.
    """
    random = Random(seed)
    others = _Others(captions, _similar_images(probabilities))
    drawn: list[tuple[int, str, Text]] = []
    for image in range(len(captions)):
        for kind in (MATCHED, *NEGATIVE_KINDS):
            noise = random.choice(drawn_page(pages, REAL_SHARE, random).texts).text
            said = noise if kind == "noise" else others.caption(kind, image, random, dress)
            drawn.append((len(drawn), kind, Text("alt", said)))
    return labelled(drawn)


@dataclass(frozen=True, slots=True)
class _Others:
    """Where the captions of a kind come from.

    Attributes:
        captions: each image's.
        neighbours: each image's nearest others by class probabilities.
    """

    captions: Sequence[Sequence[str]]
    neighbours: NDArray[np.int64]

    def caption(self, kind: str, image: int, random: Random, dress: bool = True) -> str:
        """One of the image's own captions, or another's, in web dress or as it is."""
        source = image
        if kind == "same_class":
            source = int(random.choice(self.neighbours[image]))
        elif kind == "random":
            source = (image + random.randrange(1, len(self.captions))) % len(self.captions)
        chosen = random.choice(self.captions[source])
        return web_dress(chosen, random) if dress else chosen


def _rivals(page: PageTexts, random: Random) -> Sequence[Text]:
    """A page's texts, with a slot for one written for the image where the page had none, thinned out."""
    texts = list(page.texts)
    if not WRITTEN_FOR_IMAGE & {text.source for text in texts} and random.random() < SLOT_SHARE:
        texts.insert(0, Text(random.choice(("alt", "alt", "figcaption")), noise_text(random)))
    share = random.choice(KEPT_SHARES)
    kept = [text for text in texts if text.source in WRITTEN_FOR_IMAGE or random.random() < share]
    return kept or texts[:1]


def _kind_of(source: str, random: Random) -> str:
    if random.random() < RIGHT_SHARE[source]:
        return MATCHED
    return random.choices(NEGATIVE_KINDS, weights=WRONG_WEIGHTS[source in WRITTEN_FOR_IMAGE])[0]


def labelled(drawn: Sequence[tuple[int, str, Text]]) -> LabelledTexts:
    """The texts of (image, kind, text), the images ascending."""
    return LabelledTexts(
        tuple(text for _, _, text in drawn),
        np.array([image for image, _, _ in drawn], np.int64),
        tuple(kind for _, kind, _ in drawn),
    )


def _similar_images(probabilities: Floats) -> NDArray[np.int64]:
    """Each image's nearest others by class probabilities, [I, min(NEAREST, I - 1)]."""
    if len(probabilities) < 2:
        raise ValueError(f"at least 2 images are needed to draw wrong texts, got {len(probabilities)}")
    roots = unit(np.sqrt(probabilities))
    nearest = min(NEAREST, len(roots) - 1)
    rows = []
    for start in range(0, len(roots), 512):  # 512 rows at once bound the memory
        similarity = roots[start : start + 512] @ roots.T
        similarity[np.arange(len(similarity)), np.arange(start, start + len(similarity))] = -1
        rows.append(np.argsort(-similarity, axis=1, kind="stable")[:, :nearest])
    return np.concatenate(rows)
