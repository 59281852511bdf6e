"""The relevance model's features of an (image, text) pair, by name and group (ImageBERT, section 3, step 4)."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crawler.items import Text
from filters.backbone import ImageEmbedding
from scoring.cross_features import CROSS_FEATURES, Matchers, cross_features
from scoring.dual_encoder import DualEncoder, Floats
from scoring.text_features import TEXT_FEATURES, text_features

# what an image alone says: how sure its classification is, and how usual it is among the training photos
IMAGE_FEATURES: Final = (
    "class_entropy",
    "class_top",
    "class_top_margin",
    "class_top5_mass",
    "feature_mean",
    "feature_spread",
    "feature_zero_share",
    "feature_strangeness",
)
FEATURE_GROUPS: Final = {"text": TEXT_FEATURES, "image": IMAGE_FEATURES, "cross": CROSS_FEATURES}
FEATURES: Final = tuple(name for names in FEATURE_GROUPS.values() for name in names)


def image_features(embedding: ImageEmbedding, dual: DualEncoder) -> Floats:
    """One row of `IMAGE_FEATURES` an image, [B, F]; strangeness is the mean squared deviation from the training photos."""
    probabilities, features = embedding.class_probabilities_BC, embedding.features_BD
    top5 = -np.sort(-probabilities, axis=1)[:, :5]
    columns = [
        -(probabilities * np.log(probabilities + 1e-12)).sum(1),
        top5[:, 0],
        top5[:, 0] - top5[:, 1],
        top5.sum(1),
        features.mean(1),
        features.std(1),
        (np.abs(features) < 1e-3).mean(1),
        np.square(dual.standard_features(features)).mean(1),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


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
