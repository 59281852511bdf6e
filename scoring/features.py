"""The relevance model's features of an (image, text) pair, by name and group (ImageBERT, section 3, step 4)."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crawler.items import Text
from scoring.components import TEXT_COMPONENTS
from scoring.coverage import COVERAGE_FEATURES
from scoring.cross_features import (
    CLASS_TEXT_FEATURES,
    CLIP_FEATURES,
    DUAL_FEATURES,
    NAMED_FEATURES,
    SAID_FEATURES,
    Matchers,
    class_text_features,
    dual_features,
    joint_features,
    named_features,
    said_features,
)
from scoring.dual_encoder import Floats
from scoring.image_features import (
    CLASS_FEATURES,
    COMPONENT_FEATURES,
    PICTURE_FEATURES,
    class_features,
    component_features,
    picture_features,
)
from scoring.page_features import (
    ADDRESS_FEATURES,
    AGREEMENT_FEATURES,
    PLACE_FEATURES,
    address_features,
    agreement_features,
    place_features,
)
from scoring.pictures import Pictures
from scoring.text_features import TEXT_FEATURES, text_features

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class PairBatch:
    """T texts of B images.

    Attributes:
        pictures: the images.
        texts: T texts; those of one image stand next to each other and are each other's rivals.
        sentences: their embeddings, [T, 384].
        image_of: the image of each text, ascending, [T], in 0..B-1.
        joint_texts: the joint encoder's projections of the texts, [T, D]; None without a joint encoder.
    """

    pictures: Pictures
    texts: tuple[Text, ...]
    sentences: Floats
    image_of: NDArray[np.int64]
    joint_texts: Floats | None = None

    def of_image(self, image: int) -> "PairBatch":
        """The texts of one image alone."""
        rows = np.flatnonzero(self.image_of == image)
        return PairBatch(
            self.pictures.take([image]),
            tuple(self.texts[row] for row in rows),
            self.sentences[rows],
            np.zeros(len(rows), np.int64),
            None if self.joint_texts is None else self.joint_texts[rows],
        )


@dataclass(frozen=True, slots=True)
class Block:
    """Features that one function computes.

    Attributes:
        group: text, image or cross: what must be known to compute them.
        names: of the columns.
        columns: the function, to [T, len(names)].
    """

    group: str
    names: tuple[str, ...]
    columns: Callable[[PairBatch, Matchers], Floats]


def _clip_columns(batch: PairBatch, matchers: Matchers) -> Floats:
    images, texts = batch.pictures.joint_BD, batch.joint_texts
    if images is None or texts is None or matchers.joint_images is None or matchers.joint_texts is None:
        return np.full((len(batch.texts), len(CLIP_FEATURES)), np.nan, np.float32)
    return joint_features(images, texts, matchers.joint_images, matchers.joint_texts, batch.image_of)


BLOCKS: Final[dict[str, Block]] = {
    "text": Block("text", TEXT_FEATURES, lambda batch, _: text_features(batch.texts)),
    "place": Block("text", PLACE_FEATURES, lambda batch, _: place_features(batch.texts, batch.image_of)),
    "agreement": Block(
        "text",
        AGREEMENT_FEATURES,
        lambda batch, _: agreement_features(batch.texts, batch.sentences, batch.image_of),
    ),
    "address": Block(
        "text",
        ADDRESS_FEATURES,
        lambda batch, _: address_features(
            batch.texts, batch.image_of, batch.pictures.image_urls, batch.pictures.page_urls
        ),
    ),
    "sentence": Block(
        "text",
        tuple(f"sentence_component_{number}" for number in range(TEXT_COMPONENTS)),
        lambda batch, matchers: matchers.components.text.components(batch.sentences),
    ),
    "picture": Block("image", PICTURE_FEATURES, lambda batch, _: picture_features(batch.pictures)[batch.image_of]),
    "class": Block(
        "image",
        CLASS_FEATURES,
        lambda batch, matchers: class_features(batch.pictures, matchers.dual)[batch.image_of],
    ),
    "appearance": Block(
        "image",
        COMPONENT_FEATURES,
        lambda batch, matchers: component_features(batch.pictures, matchers.components)[batch.image_of],
    ),
    "coverage": Block(
        "image",
        COVERAGE_FEATURES,
        lambda batch, matchers: matchers.coverage.columns(batch.pictures.embedding.features_BD)[batch.image_of],
    ),
    "dual": Block(
        "cross",
        DUAL_FEATURES,
        lambda batch, matchers: dual_features(batch.pictures.embedding, batch.sentences, batch.image_of, matchers.dual),
    ),
    "said": Block(
        "cross",
        SAID_FEATURES,
        lambda batch, matchers: said_features(
            batch.pictures.embedding, batch.sentences, batch.image_of, matchers.space
        ),
    ),
    "class_text": Block(
        "cross",
        CLASS_TEXT_FEATURES,
        lambda batch, matchers: class_text_features(
            batch.pictures.embedding, batch.sentences, batch.image_of, matchers.space
        ),
    ),
    "named": Block(
        "cross",
        NAMED_FEATURES,
        lambda batch, matchers: named_features(batch.pictures.embedding, batch.texts, batch.image_of, matchers.nouns),
    ),
    "clip": Block("clip", CLIP_FEATURES, _clip_columns),
}
GROUPS: Final = ("text", "image", "cross", "clip")
FEATURE_GROUPS: Final = {
    group: tuple(name for block in BLOCKS.values() if block.group == group for name in block.names) for group in GROUPS
}
FEATURES: Final = tuple(name for block in BLOCKS.values() for name in block.names)


def pair_features(batch: PairBatch, matchers: Matchers, failures: Counter[str] | None = None) -> Floats:
    """One row of `FEATURES` a text, float32 [T, len(FEATURES)]; a missing value is NaN.

    A block of features that fails is missing for the images it fails on, and for no other.

    Args:
        batch: the pairs.
        matchers: the trained parts.
        failures: counts, by block, the texts whose features are missing because their function failed.
    """
    failed: Counter[str] = Counter() if failures is None else failures
    columns = [_columns_or_missing(name, block, batch, matchers, failed) for name, block in BLOCKS.items()]
    return np.concatenate(columns, axis=1).astype(np.float32, copy=False)


def _columns_or_missing(
    name: str, block: Block, batch: PairBatch, matchers: Matchers, failures: Counter[str]
) -> Floats:
    try:
        return block.columns(batch, matchers)
    except Exception:
        images = np.unique(batch.image_of)
        if len(images) > 1:
            parts = [_columns_or_missing(name, block, batch.of_image(image), matchers, failures) for image in images]
            return np.concatenate(parts)
        logger.warning("the features of %r failed for %s", name, batch.texts[0].text[:80], exc_info=True)
        failures[name] += len(batch.texts)
        return np.full((len(batch.texts), len(block.names)), np.nan, np.float32)
