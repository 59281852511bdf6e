"""The relevance model's trees: some that read the joint encoder, some that do not, mixed by how well it knows the image."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import lightgbm
import numpy as np
from numpy.typing import NDArray

from scoring.coverage import COVERAGE_FEATURES
from scoring.dual_encoder import Floats
from scoring.features import FEATURES

TREES_FILE: Final = "relevance.txt"
CAUTIOUS_FILE: Final = "relevance_cautious.txt"
FAR_WEIGHT: Final = 0.2  # of the trees that read the joint encoder, on images far from those that it was trained on
_TREE_SIZES: Final = re.compile(r"^tree_sizes=.*\n", re.MULTILINE)
_LAST_LINE: Final = re.compile(r"^pandas_categorical:.*\n\Z", re.MULTILINE)
_COVERAGE: Final = FEATURES.index(COVERAGE_FEATURES[0])
_JOINT_COSINE: Final = FEATURES.index("clip_cosine")


@dataclass(frozen=True, slots=True)
class Trees:
    """LightGBM's boosters over `FEATURES`.

    Attributes:
        whole: over all of them.
        cautious: without the joint encoder's; None where `whole` has none of these either.
        trust: the coverage up to which `whole` weighs `FAR_WEIGHT`, and the one from which it decides alone.
    """

    whole: lightgbm.Booster
    cautious: lightgbm.Booster | None = None
    trust: tuple[float, float] = (0.0, 1.0)

    def raw(self, features: Floats) -> NDArray[np.float64]:
        """The scores of rows of `FEATURES` [T, F] in log odds before calibration, [T]."""
        return self._mixed(features, raw_score=True)

    def contributions(self, features: Floats) -> NDArray[np.float64]:
        """What each feature adds to those scores (TreeSHAP), and last what an average pair has, [T, F + 1]."""
        return self._mixed(features, pred_contrib=True)

    def _mixed(self, features: Floats, **kind: bool) -> NDArray[np.float64]:
        whole = np.asarray(self.whole.predict(features, num_threads=1, **kind), np.float64)
        if self.cautious is None:
            return whole
        cautious = np.asarray(self.cautious.predict(features, num_threads=1, **kind), np.float64)
        weights = self._weights(features).reshape(-1, *[1] * (whole.ndim - 1))
        mixed: NDArray[np.float64] = weights * whole + (1 - weights) * cautious
        return mixed

    def _weights(self, features: Floats) -> NDArray[np.float64]:
        """Of `whole`, [T]: none where the joint encoder said nothing; without a coverage the image counts as far."""
        coverage = np.nan_to_num(features[:, _COVERAGE].astype(np.float64), nan=-1.0)
        weights = np.interp(coverage, self.trust, (FAR_WEIGHT, 1.0))
        return np.where(np.isnan(features[:, _JOINT_COSINE]), 0.0, weights)

    def save(self, folder: Path) -> None:
        """Write the trees' files into an existing folder."""
        self.whole.save_model(folder / TREES_FILE)
        (folder / CAUTIOUS_FILE).unlink(missing_ok=True)
        if self.cautious is not None:
            self.cautious.save_model(folder / CAUTIOUS_FILE)

    @classmethod
    def load(cls, folder: Path, trust: tuple[float, float] | None, advice: str) -> Self:
        """The inverse of `save`.

        Args:
            folder: of the files.
            trust: as above; None where there are no cautious trees.
            advice: what to do where a file cannot be used.

        Raises:
            ValueError: a file is missing or damaged, or the trees were fitted on other features than this version's.
        """
        whole = _booster(folder / TREES_FILE, advice)
        return cls(whole) if trust is None else cls(whole, _booster(folder / CAUTIOUS_FILE, advice), trust)


def _booster(path: Path, advice: str) -> lightgbm.Booster:
    if not path.is_file():
        raise ValueError(f"{path} is missing; {advice}")
    text = path.read_text(encoding="utf-8", errors="replace")
    if not (text.startswith("tree\n") and _LAST_LINE.search(text)):  # LightGBM takes a torn file for a shorter one
        raise ValueError(f"{path} holds no trees, or is damaged; {advice}")
    try:
        # without the table of sizes LightGBM reads tree by tree; with it, in threads that abort the process on damage
        booster = lightgbm.Booster(model_str=_TREE_SIZES.sub("", text))
    except lightgbm.basic.LightGBMError as error:
        raise ValueError(f"{path} holds no trees, or is damaged ({error}); {advice}") from error
    if tuple(booster.feature_name()) != FEATURES:
        raise ValueError(f"{path} was fitted on other features; {advice}")
    return booster
