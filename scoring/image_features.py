"""What an image alone says: its size, its pixels, how sure its classes are, how usual it is, and what it looks like."""

from typing import Final

import numpy as np

from filters.image_statistics import STATISTIC_NAMES
from filters.lettering import LETTERING_NAMES
from scoring.components import CLASS_COMPONENTS, IMAGE_COMPONENTS, Components
from scoring.dual_encoder import DualEncoder, Floats
from scoring.pictures import Pictures

# of the statistics in `Pictures`; lettering tells graphics from photographs, which the naturalness model has done
PIXEL_STATISTICS: Final = tuple(name for name in STATISTIC_NAMES if name not in LETTERING_NAMES)
_PIXEL_COLUMNS: Final = [STATISTIC_NAMES.index(name) for name in PIXEL_STATISTICS]
PICTURE_FEATURES: Final = (
    *("width", "height", "aspect", "log_pixels", "shorter_side"),
    *(f"pixels_{name}" for name in PIXEL_STATISTICS),
    *("nsfw", "natural"),
)
CLASS_FEATURES: Final = (
    "class_entropy",
    "class_top",
    "class_second",
    "class_third",
    "class_top_margin",
    "class_top5_mass",
    "class_top20_mass",
    "feature_mean",
    "feature_spread",
    "feature_max",
    "feature_zero_share",
    "feature_strangeness",
)
COMPONENT_FEATURES: Final = (
    *(f"image_component_{number}" for number in range(IMAGE_COMPONENTS)),
    *(f"class_component_{number}" for number in range(CLASS_COMPONENTS)),
)


def picture_features(pictures: Pictures) -> Floats:
    """One row of `PICTURE_FEATURES` an image, [B, F]: what was measured of it elsewhere, NaN where nothing was."""
    width, height = pictures.sizes_B2.T
    size = np.column_stack([width, height, width / height, np.log(width * height), np.minimum(width, height)])
    return np.column_stack(
        [size, pictures.statistics_BS[:, _PIXEL_COLUMNS], pictures.nsfw_B, pictures.natural_B]
    ).astype(np.float32)


def class_features(pictures: Pictures, dual: DualEncoder) -> Floats:
    """One row of `CLASS_FEATURES` an image, [B, F]; strangeness is the mean squared deviation from the training photos."""
    probabilities, features = pictures.embedding.class_probabilities_BC, pictures.embedding.features_BD
    top = -np.sort(-probabilities, axis=1)[:, :20]
    top = np.pad(top, ((0, 0), (0, max(0, 3 - top.shape[1]))))
    columns = [
        -(probabilities * np.log(probabilities + 1e-12)).sum(1),
        *(top[:, 0], top[:, 1], top[:, 2]),
        top[:, 0] - top[:, 1],
        top[:, :5].sum(1),
        top.sum(1),
        *(features.mean(1), features.std(1), features.max(1)),
        (np.abs(features) < 1e-3).mean(1),
        np.square(dual.standard_features(features)).mean(1),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def component_features(pictures: Pictures, components: Components) -> Floats:
    """One row of `COMPONENT_FEATURES` an image, [B, F]."""
    embedding = pictures.embedding
    return np.concatenate(
        [
            components.image.components(np.sqrt(np.maximum(embedding.features_BD, 0))),
            components.classes.components(np.sqrt(embedding.class_probabilities_BC)),
        ],
        axis=1,
    )
