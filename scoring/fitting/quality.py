"""How well probabilities tell right texts from wrong ones: by kind of wrong text, in level, and among rivals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from scoring.fitting.training_pairs import MATCHED, NEGATIVE_KINDS
from scoring.rivals import groups_of

Probabilities = NDArray[np.float64]
BINS = 10


@dataclass(frozen=True, slots=True)
class Quality:
    """How well probabilities tell right texts from wrong ones, each text alone on its page.

    Attributes:
        pairs: how many were scored.
        auc: matched against each kind of wrong text.
        calibration_error: expected calibration error over ten equally filled bins, of matched against each kind alone.
        threshold: least probability kept.
        kept: share at or above the threshold, for matched and each kind of wrong text.
    """

    pairs: int
    auc: dict[str, float]
    calibration_error: dict[str, float]
    threshold: float
    kept: dict[str, float]

    def table(self) -> str:
        """A Markdown table of the measures, kind by kind, and a line on how they were taken."""
        lines = ["| texts | AUC against matched | ECE, half of them matched | kept |", "| --- | --- | --- | --- |"]
        for kind, share in self.kept.items():
            measures = f"{self.auc[kind]:.3f} | {self.calibration_error[kind]:.3f}" if kind in self.auc else " | "
            lines.append(f"| {kind} | {measures} | {share:.3f} |")
        lines += ["", f"{self.pairs} pairs, threshold {self.threshold:.2f}."]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class PageQuality:
    """How well probabilities do on pages of rival texts.

    Attributes:
        choices: pages with both right and wrong texts.
        right: share of these on which a right text scores highest.
        calibration_error: expected calibration error over ten equally filled bins, of all texts of all pages.
        bins: of each bin the mean probability, the share right and the number of texts.
    """

    choices: int
    right: float
    calibration_error: float
    bins: tuple[tuple[float, float, int], ...]

    def table(self) -> str:
        """The calibration curve as a Markdown table."""
        lines = ["| mean probability | share right | texts |", "| --- | --- | --- |"]
        lines += [f"| {claimed:.3f} | {right:.3f} | {count} |" for claimed, right, count in self.bins]
        return "\n".join(lines)


def measure(probabilities: Probabilities, kinds: Sequence[str], threshold: float) -> Quality:
    """The quality of `probabilities` [T] for texts of `kinds` [T]; a kind that does not occur is left out."""
    kind = np.array(kinds)
    matched = kind == MATCHED
    found = [name for name in NEGATIVE_KINDS if (kind == name).any()]
    auc, error = {}, {}
    for name in found:
        rows = matched | (kind == name)
        auc[name] = float(roc_auc_score(matched[rows], probabilities[rows]))
        error[name] = expected_calibration_error(probabilities[rows], matched[rows])
    kept = {name: float((probabilities[kind == name] >= threshold).mean()) for name in (MATCHED, *found)}
    return Quality(len(kind), auc, error, threshold, kept)


def measure_pages(probabilities: Probabilities, right: NDArray[np.bool_], image_of: NDArray[np.int64]) -> PageQuality:
    """The quality of `probabilities` [T] for the texts of pages, those of one image next to each other."""
    mixed = [group for group in groups_of(image_of) if right[group].any() and not right[group].all()]
    won = [bool(right[group][probabilities[group].argmax()]) for group in mixed]
    bins = tuple(
        (float(probabilities[part].mean()), float(right[part].mean()), len(part)) for part in _bins(probabilities, BINS)
    )
    share = float(np.mean(won)) if won else float("nan")
    return PageQuality(len(won), share, expected_calibration_error(probabilities, right), bins)


def expected_calibration_error(probabilities: Probabilities, right: NDArray[np.bool_], bins: int = BINS) -> float:
    """Mean distance between claimed probability and share right, over `bins` equally filled bins.

    >>> expected_calibration_error(np.array([0.25, 0.25, 0.25, 0.25]), np.array([True, False, False, False]), bins=1)
    0.0
    """
    parts = _bins(probabilities, bins)
    gaps = [abs(probabilities[part].mean() - right[part].mean()) * len(part) for part in parts]
    return float(sum(gaps) / len(probabilities))


def threshold_for(probabilities: Probabilities, kinds: Sequence[str], keep: float) -> float:
    """The greatest threshold, in twentieths, at which at least a share `keep` of the right texts is kept."""
    right = probabilities[np.array(kinds) == MATCHED]
    keeping = [step / 20 for step in range(20) if (right >= step / 20).mean() >= keep]
    return max(keeping)


def _bins(probabilities: Probabilities, bins: int) -> list[NDArray[np.int64]]:
    """The rows of each of `bins` equally filled bins, lowest first; empty ones are left out."""
    return [part for part in np.array_split(np.argsort(probabilities, kind="stable"), bins) if len(part)]
