"""Texts made from class names, right or wrong by the backbone's own word: for the many subjects that captions do not cover."""

from collections.abc import Sequence
from random import Random
from typing import Final

from crawler.items import Text
from scoring.dual_encoder import Floats
from scoring.fitting.training_pairs import MATCHED, RIGHT_SHARE, SHORT_PAGE_SOURCES, LabelledTexts, labelled
from scoring.fitting.web_texts import PLACES, title_case

CLASS_NAME: Final = "class_name"
SHORT_PAGE_RIGHT: Final = sum(map(RIGHT_SHARE.__getitem__, SHORT_PAGE_SOURCES)) / len(SHORT_PAGE_SOURCES)
SURE: Final = 0.5  # class probability from which the class name counts as a right text
RIVALS: Final = (0, 0, 1, 2)  # wrong texts beside it, one of them drawn
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


def label_class_texts(probabilities: Floats, class_names: Sequence[str], seed: int) -> LabelledTexts:
    """For some of the images a text made from a class name, labelled by the backbone's own word, some with wrong rivals.

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
    # as many as among other short pages, or these would stand out
    wanted = round(len(right) * (1 - SHORT_PAGE_RIGHT) / SHORT_PAGE_RIGHT)
    wrong = {image: drawn[image] for image in random.sample(absent, min(wanted, len(absent)))}
    images = sorted(right | wrong)
    texts: list[tuple[int, str, Text]] = []
    for image in images:
        own = [(MATCHED if image in right else CLASS_NAME, (right | wrong)[image])]
        others = random.sample(range(len(class_names)), random.choice(RIVALS))
        own += [(CLASS_NAME, other) for other in others if probabilities[image, other] < ABSENT]
        random.shuffle(own)
        texts += [(image, kind, _class_text(index, class_names, random)) for kind, index in own]
    return labelled(texts)


def _class_text(index: int, class_names: Sequence[str], random: Random) -> Text:
    text = random.choice(CLASS_TEXTS).format(
        name=class_names[index], place=random.choice(PLACES), other=random.choice(class_names)
    )
    return Text(random.choice(SHORT_PAGE_SOURCES), title_case(text) if random.random() < 0.3 else text)
