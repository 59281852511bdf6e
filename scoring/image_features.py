"""What an image alone says: how sure its classification is, and how usual it is among the training photos."""

from typing import Final

import numpy as np

from filters.backbone import ImageEmbedding
from scoring.dual_encoder import DualEncoder, Floats

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
