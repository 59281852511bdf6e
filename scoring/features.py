"""The relevance model's features of an (image, text) pair, by name and group (ImageBERT, section 3, step 4)."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crawler.items import Text
from filters.backbone import ImageEmbedding
from scoring.cross_features import CROSS_FEATURES, Matchers, cross_features
from scoring.dual_encoder import Floats
from scoring.image_features import IMAGE_FEATURES, image_features
from scoring.text_features import TEXT_FEATURES, text_features

FEATURE_GROUPS: Final = {"text": TEXT_FEATURES, "image": IMAGE_FEATURES, "cross": CROSS_FEATURES}
FEATURES: Final = tuple(name for names in FEATURE_GROUPS.values() for name in names)


def pair_features(
    embedding: ImageEmbedding,
    texts: Sequence[Text],
    sentences: Floats,
    image_of: NDArray[np.int64],
    matchers: Matchers,
) -> Floats:
    """One row of `FEATURES` a text, float32 [T, len(FEATURES)]; a missing value is NaN.

    Args:
        embedding: B images.
        texts: T texts; those of one image are each other's rivals.
        sentences: their embeddings, [T, 384].
        image_of: the image of each text, [T], in 0..B-1.
        matchers: the trained parts that compare an image with a text.
    """
    groups = [
        text_features(texts),
        image_features(embedding, matchers.dual)[image_of],
        cross_features(embedding, [text.text for text in texts], sentences, image_of, matchers),
    ]
    return np.concatenate(groups, axis=1)
