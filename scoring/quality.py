"""Measures of a relevance model on labelled pairs: AUC by kind of wrong text, calibration error, kept and let through."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from scoring.training_pairs import MATCHED, NEGATIVE_KINDS

Probabilities = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Quality:
    """How well probabilities tell right texts from wrong ones.

    Attributes:
        pairs: how many were scored.
        auc: matched against each kind of wrong text.
        calibration_error: expected calibration error over ten equally filled bins.
        threshold: least probability kept.
        kept: share at or above the threshold, for matched and each kind of wrong text.
    """

    pairs: int
    auc: dict[str, float]
    calibration_error: float
    threshold: float
    kept: dict[str, float]

    def table(self) -> str:
        """A Markdown table of the measures, kind by kind, and a line on calibration."""
        lines = ["| texts | AUC against matched | kept |", "| --- | --- | --- |"]
        for kind, share in self.kept.items():
            auc = f"{self.auc[kind]:.3f}" if kind in self.auc else ""
            lines.append(f"| {kind} | {auc} | {share:.3f} |")
        lines += ["", f"{self.pairs} pairs, threshold {self.threshold:.2f}, "]
        lines[-1] += f"expected calibration error {self.calibration_error:.3f}."
        return "\n".join(lines)


def measure(probabilities: Probabilities, kinds: Sequence[str], threshold: float) -> Quality:
    """The quality of `probabilities` [T] for texts of `kinds` [T]; a kind that does not occur is left out."""
    kind = np.array(kinds)
    matched = kind == MATCHED
    found = [name for name in NEGATIVE_KINDS if (kind == name).any()]
    auc = {}
    for name in found:
        rows = matched | (kind == name)
        auc[name] = float(roc_auc_score(matched[rows], probabilities[rows]))
    kept = {name: float((probabilities[kind == name] >= threshold).mean()) for name in (MATCHED, *found)}
    return Quality(len(kind), auc, expected_calibration_error(probabilities, matched), threshold, kept)


def expected_calibration_error(probabilities: Probabilities, right: NDArray[np.bool_], bins: int = 10) -> float:
    """Mean distance between claimed probability and share right, over `bins` equally filled bins.

    >>> expected_calibration_error(np.array([0.25, 0.25, 0.25, 0.25]), np.array([True, False, False, False]), bins=1)
    0.0
    """
    order = np.argsort(probabilities, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    gaps = [abs(probabilities[part].mean() - right[part].mean()) * len(part) for part in parts]
    return float(sum(gaps) / len(order))


def threshold_for(probabilities: Probabilities, kinds: Sequence[str], keep: float) -> float:
    """The greatest threshold, in twentieths, at which at least a share `keep` of the right texts is kept."""
    right = probabilities[np.array(kinds) == MATCHED]
    keeping = [step / 20 for step in range(20) if (right >= step / 20).mean() >= keep]
    return max(keeping)
