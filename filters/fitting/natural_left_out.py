"""How the naturalness model does on each source of images when it was fitted without that source, and its calibration."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

from filters.fitting.natural_network import Network, fit_network
from filters.fitting.natural_samples import MeasuredSource

FOLDS: Final = 12


def fit(sources: Sequence[MeasuredSource]) -> Network:
    """A network of the views; classes weigh the same, and in a class each source by the root of its size."""
    features = np.concatenate([source.view_features for source in sources])
    natural = np.concatenate([np.full(len(source.view_features), source.natural) for source in sources])
    weights = _balanced([len(source.view_features) ** 0.5 for source in sources], sources, views=True)
    return fit_network(features, natural, weights)


def left_out_logits(sources: Sequence[MeasuredSource], folds: int = FOLDS) -> list[NDArray[np.float64]]:
    """For each source the logits of its images by a model that saw no source of its fold.

    Args:
        sources: of both classes.
        folds: how many models; photographs and graphics are dealt out in turn. Few kinds are left out whole
            where they are many.

    Raises:
        ValueError: a class has but one source, so that leaving it out leaves nothing to learn it from.
    """
    for natural in (True, False):
        if sum(source.natural == natural for source in sources) < 2:
            raise ValueError(f"only one source of {'photos' if natural else 'graphics'}: give two or more of each")
    logits: dict[int, NDArray[np.float64]] = {}
    for left_out, others in tqdm(_folds(sources, folds), desc="leaving sources out"):
        model = fit([sources[position] for position in others])
        logits.update({position: model.logits(sources[position].features) for position in left_out})
    return [logits[position] for position in range(len(sources))]


def calibrated(
    sources: Sequence[MeasuredSource], logits: Sequence[NDArray[np.float64]], folds: int = FOLDS
) -> list[NDArray[np.float64]]:
    """Left-out logits made probabilities by a calibration on the sources of the other folds, so on none of their own."""
    found: dict[int, NDArray[np.float64]] = {}
    for left_out, others in _folds(sources, folds):
        scale, shift = calibration([sources[position] for position in others], [logits[place] for place in others])
        found.update({position: logits[position] * scale + shift for position in left_out})
    return [found[position] for position in range(len(sources))]


def _folds(sources: Sequence[MeasuredSource], folds: int) -> list[tuple[list[int], list[int]]]:
    """For each fold the positions of its sources and of all others."""
    order = sorted(range(len(sources)), key=lambda position: (sources[position].natural, sources[position].name))
    parts = [set(order[fold::folds]) for fold in range(min(folds, len(sources)))]
    return [(sorted(part), [position for position in order if position not in part]) for part in parts]


def calibration(sources: Sequence[MeasuredSource], logits: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    """The scale and shift that make left-out logits probabilities (Platt), all sources of a class weighing the same."""
    stacked = np.concatenate(logits)[:, None]
    natural = np.concatenate([np.full(len(source.features), source.natural) for source in sources])
    platt = LogisticRegression(C=1e6).fit(stacked, natural, _balanced([1.0] * len(sources), sources, views=False))
    return float(platt.coef_[0, 0]), float(platt.intercept_[0])


def _balanced(shares: Sequence[float], sources: Sequence[MeasuredSource], *, views: bool) -> NDArray[np.float64]:
    """A weight for each row: in a class each source has its share, both classes have the same sum, the mean is 1."""
    counts = [len(source.view_features if views else source.features) for source in sources]
    weights = np.concatenate([np.full(count, share / count) for count, share in zip(counts, shares, strict=True)])
    natural = np.concatenate([np.full(count, source.natural) for count, source in zip(counts, sources, strict=True)])
    for label in (True, False):
        weights[natural == label] *= len(natural) / 2 / weights[natural == label].sum()
    return weights


def left_out_table(
    sources: Sequence[MeasuredSource], logits: Sequence[NDArray[np.float64]], final: Network, threshold: float
) -> str:
    """Markdown: each source's size and the share judged right, left out and by the final model, at `threshold`."""
    cut = _logit(threshold)
    lines = [
        "| source | class | images | right when left out | right, final model |",
        "| --- | --- | --- | --- | --- |",
    ]
    for source, left_out in zip(sources, logits, strict=True):
        right, fitted = (
            float(np.mean((values >= cut) == source.natural)) for values in (left_out, final.logits(source.features))
        )
        label = "photos" if source.natural else "graphics"
        lines.append(f"| {source.name} | {label} | {len(source.features)} | {right:.3f} | {fitted:.3f} |")
    for natural, label in ((True, "photos kept"), (False, "graphics dropped")):
        rights = _rights(sources, logits, threshold, natural=natural)
        pictures = np.concatenate(rights)
        lines += [
            f"| {label}, mean over sources | | {len(rights)} sources | {np.mean([part.mean() for part in rights]):.3f} | |",
            f"| {label}, of all pictures | | {len(pictures)} | {pictures.mean():.3f} | |",
        ]
    return "\n".join(lines)


def threshold_table(
    sources: Sequence[MeasuredSource], logits: Sequence[NDArray[np.float64]], thresholds: Sequence[float]
) -> str:
    """Markdown: what each threshold keeps of the photographs and drops of the graphics, all by left-out logits.

    Shares are of all pictures, then means over sources, then how many sources have 0.95 of their pictures right.
    """
    lines = ["| threshold | photos kept | mean | >= 0.95 | graphics dropped | mean | >= 0.95 |", "| --- " * 7 + "|"]
    for threshold in thresholds:
        cells = [f"{threshold:.2f}"]
        for natural in (True, False):
            rights = _rights(sources, logits, threshold, natural=natural)
            shares = np.array([part.mean() for part in rights])
            cells += [f"{np.concatenate(rights).mean():.3f}", f"{shares.mean():.3f}"]
            cells.append(f"{np.count_nonzero(shares >= 0.95)} of {len(shares)}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _rights(
    sources: Sequence[MeasuredSource], logits: Sequence[NDArray[np.float64]], threshold: float, *, natural: bool
) -> list[NDArray[np.bool_]]:
    """Which pictures of each source of a class are judged right."""
    cut = _logit(threshold)
    return [(part >= cut) == natural for source, part in zip(sources, logits, strict=True) if source.natural == natural]


def _logit(threshold: float) -> float:
    return float(np.log(threshold / (1 - threshold)))
