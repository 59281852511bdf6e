"""Tells natural photographs from drawings, charts, screens, memes, maps, scans, textures and blanks.

Step 2 of LAIT (ImageBERT, section 3: a binary classifier drops what is unnatural, not realistic or not learnable). How
the model was made and how well it does: models/natural.md.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from filters.backbone import FEATURE_SIZE, LAYER_SIZE, ImageEmbedding
from filters.image_statistics import STATISTIC_NAMES, image_statistics

MODEL_PATH: Final = Path(__file__).parent / "models" / "natural.npz"
STANDARD_LIMIT: Final = 8.0  # standard deviations; beyond it a feature says no more
INPUT_SIZE: Final = FEATURE_SIZE + LAYER_SIZE + len(STATISTIC_NAMES)


def natural_features(images: Sequence[Image.Image], embedding: ImageEmbedding) -> NDArray[np.float32]:
    """What the model looks at: float32 [B, 2878], the embedding's features and pooled stages, then image statistics.

    The features are averages of rectified maps, so a few are far larger than the rest; a square root evens them out.

    Raises:
        ValueError: the embedding is not of as many images, or was made without the stages.
    """
    if len(images) != len(embedding.features_BD):
        raise ValueError(f"{len(images)} images, but an embedding of {len(embedding.features_BD)}")
    if embedding.layers_BL is None:
        raise ValueError("the embedding has no layers_BL; take it as Backbone.embed gives it")
    features = np.empty((len(images), INPUT_SIZE), np.float32)
    np.sqrt(np.maximum(embedding.features_BD, 0), out=features[:, :FEATURE_SIZE])
    features[:, FEATURE_SIZE : FEATURE_SIZE + LAYER_SIZE] = embedding.layers_BL
    for row, image in enumerate(images):
        features[row, FEATURE_SIZE + LAYER_SIZE :] = image_statistics(image)
    return features


def network_logits(
    features: NDArray[np.float32],
    mean: NDArray[np.float32],
    spread: NDArray[np.float32],
    hidden: NDArray[np.float32],
    out: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Logits [B] of features [B, F] by one layer of H rectified units, as `filters.fitting.natural_network` trains it.

    Args:
        features: rows of `natural_features`.
        mean: [F], taken off.
        spread: [F], divided by; what is then beyond `STANDARD_LIMIT` either way is cut to it.
        hidden: [F + 1, H], the units' weights and, in the last row, their biases.
        out: [H + 1], the weights of the units and the bias.
    """
    standard = np.clip((features - mean) / spread, -STANDARD_LIMIT, STANDARD_LIMIT)
    units = np.maximum(standard @ hidden[:-1] + hidden[-1], 0)
    return np.asarray(units @ out[:-1] + out[-1], dtype=np.float32)


class NaturalModel:
    """A network of one hidden layer on the image embedding, its early stages and 30 pixel statistics.

    Args:
        path: an artefact of `python -m filters.fit_natural`; None is the packaged one.

    Raises:
        ValueError: the file is missing, damaged, no such artefact, or one for other features.
    """

    def __init__(self, path: Path | None = None) -> None:
        path = path or MODEL_PATH
        advice = f"give another file or make it: python -m filters.fit_natural --out {path}"
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                parts = tuple(arrays[name].astype(np.float32) for name in ("mean", "spread", "hidden", "out"))
        except FileNotFoundError:
            raise ValueError(f"{path} is missing; {advice}") from None
        # whatever another or a damaged file makes of numpy's reader; an .npy file opens as an array without names
        except (OSError, ValueError, TypeError, IndexError, KeyError, EOFError, BadZipFile, zlib.error) as error:
            raise ValueError(f"{path} is no naturalness model, or damaged; {advice}") from error
        units = parts[3].size - 1
        shapes = ((INPUT_SIZE,), (INPUT_SIZE,), (INPUT_SIZE + 1, units), (units + 1,))
        if tuple(part.shape for part in parts) != shapes or not all(np.isfinite(part).all() for part in parts):
            raise ValueError(f"{path} is no naturalness model of {INPUT_SIZE} features; {advice}")
        self._parts = parts

    def scores(self, images: Sequence[Image.Image], embedding: ImageEmbedding) -> NDArray[np.float32]:
        """How sure the model is that each image is a natural photograph: float32 [B] in [0, 1], 0.5 is undecided.

        Args:
            images: B images, RGB, as `filters.image.decode` gives them.
            embedding: of the same images, in the same order.
        """
        return self.score_features(natural_features(images, embedding))

    def score_features(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """The scores of rows of `natural_features`: float32 [B]."""
        logits = network_logits(features, *self._parts)
        return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class NaturalFilter:
    """Drops images that are not natural photographs.

    Attributes:
        threshold: the lowest score that stays, in [0, 1]; where the default comes from: models/natural.md.
    """

    threshold: float = 0.35

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold must be in [0, 1], not {self.threshold}")

    def reason_to_drop(self, score: float) -> str | None:
        """`"unnatural"` below the threshold and for NaN, None to keep the image."""
        return None if score >= self.threshold else "unnatural"  # so written, NaN goes too
