"""How a text stands among the other texts of its image, by any score."""

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.dual_encoder import Floats

RIVAL_FEATURES: Final = ("rival_gap", "rival_rank", "rival_share", "rival_deviation")
SHARPNESS: Final = 20.0  # cosines are multiplied by it before the softmax that shares 1 among the rivals


def groups_of(image_of: NDArray[np.int64]) -> list[slice]:
    """The rows of each image in turn; the texts of one image stand next to each other.

    >>> groups_of(np.array([0, 0, 2]))
    [slice(0, 2, None), slice(2, 3, None)]
    """
    if not len(image_of):
        return []
    edges = [0, *(np.flatnonzero(np.diff(image_of)) + 1).tolist(), len(image_of)]
    return [slice(start, stop) for start, stop in pairwise(edges)]


def rival_columns(scores: Floats, groups: list[slice]) -> Floats:
    """One row of `RIVAL_FEATURES` a text, [T, 4]; NaN for a text without a rival.

    The lead over the best other, the share of the others that score higher, the share of a softmax over all of the
    image's texts, and the standard deviations above their mean.
    """
    columns = np.full((len(scores), len(RIVAL_FEATURES)), np.nan, np.float32)
    for group in groups:
        rivals = scores[group]
        if len(rivals) > 1:
            ascending = np.sort(rivals)
            others = np.where(np.arange(len(rivals)) == rivals.argmax(), ascending[-2], ascending[-1])
            higher = len(rivals) - np.searchsorted(ascending, rivals, side="right")
            weights = np.exp(SHARPNESS * (rivals - ascending[-1]))
            columns[group, 0] = rivals - others
            columns[group, 1] = higher / (len(rivals) - 1)
            columns[group, 2] = weights / weights.sum()
            columns[group, 3] = (rivals - rivals.mean()) / (rivals.std() + 1e-6)
    return columns
