"""How well a relevance model does on labelled pairs, and the card beside its artefact that says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from scoring.features import FEATURE_GROUPS
from scoring.fitting.captioned_photos import CaptionedPhotos
from scoring.fitting.training_pairs import MATCHED, NEGATIVE_KINDS

Probabilities = NDArray[np.float64]
CARD_FILE: Final = "relevance.md"
CARD: Final = """# Relevance model

The weak image-text semantic model of ImageBERT (arXiv 2001.07966, section 3): the probability that a web text
describes an image. Made by `python -m scoring.fit --seed {seed}`. `relevance.npz` holds the dual encoder's heads, the
class names' embeddings and the calibration; `relevance.txt` holds LightGBM's trees over {features} features ({groups}).

## Data

Fitted on {data}: {photos} photos with {captions} captions. No photo or caption is in the artefact. The wrong texts are
other photos' captions (random; same_class: of photos with like class probabilities) and sentences written by rule
(noise: `scoring/fitting/web_texts.py`). Right and other photos' captions wear the same web dress: names, places, headline
casing, missing function words, lead-ins, unrelated second sentences. Texts made from ImageNet class names, labelled by
the backbone's own class probabilities, widen the range of subjects; they are fitted on, never measured on.

Ten twelfths of the photos fitted the dual encoder and the trees, one twelfth calibrated (Platt) and set the threshold,
and the last was measured below. No photo is in two parts.

The image side is EfficientNet-Lite0 (ImageNet-1k, Apache-2.0), the text side all-MiniLM-L6-v2 (Apache-2.0), both
frozen. MiniLM's card lists Flickr30k and COCO captions among its training texts, so captions like the measured ones
may have been seen as text, though never with images.

## Quality on held-back photos of the same data

{table}

The threshold is the greatest, in twentieths, that kept 85 % of the right texts of the calibration photos.
Probabilities are calibrated for the mix of texts made here, two in five right; on another mix the order holds and the
level does not.

## Limits

The photos it was fitted on decide what it knows: on other subjects it leans on the ImageNet class names and is less
sure. It cannot tell captions of like photos apart well (same_class). It reads English, sees the centre of the image,
and cannot check names, places or dates: they are meant to count neither for nor against a text.
"""


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


def write_card(folder: Path, data: str, photos: CaptionedPhotos, quality: Quality, seed: int) -> None:
    """Write `relevance.md` into an existing folder: what the model was fitted on, how it was measured, its limits."""
    groups = ", ".join(f"{len(names)} {group}" for group, names in FEATURE_GROUPS.items())
    card = CARD.format(
        seed=seed,
        features=sum(len(names) for names in FEATURE_GROUPS.values()),
        groups=groups,
        data=data,
        photos=len(photos.captions),
        captions=len(photos.sentences),
        table=quality.table(),
    )
    (folder / CARD_FILE).write_text(card, encoding="utf-8")
