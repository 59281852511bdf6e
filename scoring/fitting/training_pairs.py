"""Labelled image-text pairs for the relevance model: true captions in web dress, and three kinds of wrong text."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crawler.items import TEXT_SOURCES, Text
from scoring.dual_encoder import Floats, unit
from scoring.fitting.web_texts import PLACES, noise_text, title_case, web_dress

MATCHED: Final = "matched"
NEGATIVE_KINDS: Final = ("random", "same_class", "noise")
CLASS_NAME: Final = "class_name"
GROUP_SIZES: Final = (1, 1, 2, 3, 4)  # drawn from; many pages have one usable text
MATCHED_SHARE: Final = 0.4
NEAREST: Final = 20  # photos of most similar classes that a same-class negative is drawn from
SURE: Final = 0.5  # class probability from which the class name counts as a right text
ABSENT: Final = 0.001  # class probability below which it counts as a wrong one
CLASS_TEXTS: Final = (
    "A photo of a {name}",
    "{name}",
    "A {name} in {place}",
    "Close-up of a {name}",
    "The {name} at {place}",
    "A {name} next to a {other}",
    "Old {name} on display in {place}",
    "A large {name} seen from the side",
)


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """Texts of images, each right or wrong in a known way.

    Attributes:
        texts: T texts, those of one image next to each other.
        image_of: the image of each text, int64 [T].
        kinds: `matched`, `class_name` (wrong) or one of `NEGATIVE_KINDS`, [T].
    """

    texts: tuple[Text, ...]
    image_of: NDArray[np.int64]
    kinds: tuple[str, ...]

    @property
    def labels(self) -> NDArray[np.int64]:
        """1 where the text describes its image, else 0."""
        return np.array([kind == MATCHED for kind in self.kinds], np.int64)


def label_texts(captions: Sequence[Sequence[str]], probabilities: Floats, seed: int) -> LabelledTexts:
    """One group of rival texts for each image, each text right with probability `MATCHED_SHARE`.

    Texts are right or wrong independently: were a lone text mostly right, the trees would be lenient with every page
    that has only one.

    Which kind a text is shows neither in its source nor in its casing: sources are drawn alike for all, and other
    photos' captions wear the same web dress as the right ones.

    Args:
        captions: each image's true captions, at least one.
        probabilities: each image's class probabilities [I, 1000]; near ones make the same-class negatives.
        seed: of all draws.

    Raises:
        ValueError: there are fewer than two images, so that no text can be another image's.
    """
    if len(captions) < 2:
        raise ValueError(f"at least 2 images are needed to draw wrong texts, got {len(captions)}")
    random = Random(seed)
    neighbours = _similar_images(probabilities)
    texts: list[Text] = []
    image_of: list[int] = []
    kinds: list[str] = []
    for image in range(len(captions)):
        for kind in _group_kinds(random):
            texts.append(Text(random.choice(TEXT_SOURCES), _text_of_kind(kind, image, captions, neighbours, random)))
            image_of.append(image)
            kinds.append(kind)
    return LabelledTexts(tuple(texts), np.array(image_of, np.int64), tuple(kinds))


def label_class_texts(probabilities: Floats, class_names: Sequence[str], seed: int) -> LabelledTexts:
    """For some of the images one text made from a class name, labelled by the backbone's own word.

    It is `matched` when the image is surely of that class, `class_name` when it surely is not. Captioned photos cover
    few subjects; these texts teach the trees to believe the class evidence on the thousand that ImageNet covers.

    Args:
        probabilities: each image's class probabilities [I, 1000].
        class_names: the classes' English names.
        seed: of all draws.
    """
    random = Random(seed)
    right = {image: int(row.argmax()) for image, row in enumerate(probabilities) if row.max() >= SURE}
    right = {image: index for image, index in right.items() if random.random() < 0.5}
    drawn = {image: random.randrange(len(class_names)) for image in range(len(probabilities)) if image not in right}
    absent = [image for image, index in drawn.items() if probabilities[image, index] < ABSENT]
    wanted = round(len(right) * (1 - MATCHED_SHARE) / MATCHED_SHARE)  # as in the groups, or lone texts would stand out
    wrong = {image: drawn[image] for image in random.sample(absent, min(wanted, len(absent)))}
    images = sorted(right | wrong)
    return LabelledTexts(
        tuple(_class_text((right | wrong)[image], class_names, random) for image in images),
        np.array(images, np.int64),
        tuple(MATCHED if image in right else CLASS_NAME for image in images),
    )


def _class_text(index: int, class_names: Sequence[str], random: Random) -> Text:
    text = random.choice(CLASS_TEXTS).format(
        name=class_names[index], place=random.choice(PLACES), other=random.choice(class_names)
    )
    return Text(random.choice(TEXT_SOURCES), title_case(text) if random.random() < 0.3 else text)


def _group_kinds(random: Random) -> list[str]:
    size = random.choice(GROUP_SIZES)
    right = [random.random() < MATCHED_SHARE for _ in range(size)]
    return [MATCHED if is_right else random.choices(NEGATIVE_KINDS, weights=[2, 1, 2])[0] for is_right in right]


def _text_of_kind(
    kind: str, image: int, captions: Sequence[Sequence[str]], neighbours: NDArray[np.int64], random: Random
) -> str:
    if kind == "noise":
        return noise_text(random)
    source = image
    if kind == "same_class":
        source = int(random.choice(neighbours[image]))
    elif kind == "random":
        source = (image + random.randrange(1, len(captions))) % len(captions)
    return web_dress(random.choice(captions[source]), random)


def _similar_images(probabilities: Floats) -> NDArray[np.int64]:
    """Each image's nearest others by class probabilities, [I, min(NEAREST, I - 1)]."""
    roots = unit(np.sqrt(probabilities))
    nearest = min(NEAREST, len(roots) - 1)
    rows = []
    for start in range(0, len(roots), 512):  # 512 rows at once bound the memory
        similarity = roots[start : start + 512] @ roots.T
        similarity[np.arange(len(similarity)), np.arange(start, start + len(similarity))] = -1
        rows.append(np.argsort(-similarity, axis=1, kind="stable")[:, :nearest])
    return np.concatenate(rows)
