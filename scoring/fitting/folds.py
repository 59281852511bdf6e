"""Which photos an encoder is trained without, so that what it says of them is what it would say of any other photo."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from scoring.dual_encoder import Floats

CONCEPTS: Final = 12
FOLDS: Final = 3
WHOLE_SHARE: Final = 0.5  # of the photos that are left out with their whole kind, where both are to be learnt


def folds_of(
    probabilities: Floats, seed: int, folds: int = FOLDS, whole_share: float = WHOLE_SHARE
) -> NDArray[np.int64]:
    """The fold that each photo [I] is left out with, in 0..folds-1.

    Some are left out with their whole group of like photos, the others are drawn: on the web most images are of kinds that
    an encoder never met, some are of kinds that it knows, and trees should learn what it is worth on both.

    Args:
        probabilities: the photos' class probabilities, [I, C]; near ones are of one kind.
        seed: of groups and draws.
        folds: how many, at least 2.
        whole_share: about how many of the photos are left out with their whole group.

    Raises:
        ValueError: there are fewer than two folds.
    """
    if folds < 2:
        raise ValueError(f"at least 2 folds are needed, got {folds}")
    random = np.random.default_rng(seed)
    groups = KMeans(min(CONCEPTS, max(1, len(probabilities) // 2)), n_init=1, random_state=seed).fit_predict(
        np.sqrt(probabilities)
    )
    sizes = np.bincount(groups)
    fold_of = np.full(len(groups), -1, np.int64)
    filled = np.zeros(folds)
    for group in random.permutation(len(sizes)):
        if filled.sum() + sizes[group] / 2 <= len(groups) * whole_share:  # whole, to the emptiest fold
            fold_of[groups == group] = filled.argmin()
            filled[filled.argmin()] += sizes[group]
    drawn = np.flatnonzero(fold_of < 0)
    # evenly: each next photo of a random order to the emptiest fold
    for photo in random.permutation(drawn):
        fold_of[photo] = filled.argmin()
        filled[filled.argmin()] += 1
    return fold_of
