"""What our open_clip model would say of its own training photos, had it not been trained on them: by encoders that were not.

Shapes: I photos, K folds, V views, D of the shared space.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray

from scoring.dual_encoder import Floats, Moments, unit
from scoring.fitting.clip_model import ClipModel, ClipRecipe
from scoring.fitting.clip_training import train_clip
from scoring.fitting.clip_views import Views
from scoring.fitting.folds import folds_of

BATCH: Final = 50


@dataclass(frozen=True, slots=True, eq=False)
class ClipFolds:
    """Projections of photos by K encoders, each of which was trained on all photos but one fold's.

    Attributes:
        fold_of: the fold of each photo, that is the encoder that was not trained on it, [I].
        images: the photos by that encoder, as they are and in a drawn view, [2, I, D].
        seen: the photos of the other folds by each encoder, as moments, K of them.
        text_projections: each encoder's, of sentence embeddings, [K, 384, D].
        digest: of the photos' captions.
    """

    fold_of: NDArray[np.int64]
    images: Floats
    seen: tuple[Moments, ...]
    text_projections: Floats
    digest: str

    def project_texts(self, fold: int, sentences: Floats) -> Floats:
        """Unit vectors [T, D] of sentence embeddings [T, 384] by the encoder that was not trained on the fold."""
        return unit(sentences @ self.text_projections[fold])

    def check(self, captions: Sequence[Sequence[str]]) -> None:
        """Raises ValueError unless these are the captions of the photos."""
        if captions_digest(captions) != self.digest:
            raise ValueError(
                "the folds are of other photos than those fitted on; make them from the same pairs with the same seed: "
                "python -m scoring.fit_clip --folds FILE"
            )

    def save(self, path: Path) -> None:
        """Write the arrays in half precision."""
        arrays: dict[str, Any] = {
            "images": self.images,
            "seen_mean": np.stack([moments.mean for moments in self.seen]),
            "seen_covariance": np.stack([moments.covariance for moments in self.seen]),
            "text_projections": self.text_projections,
        }
        halves = {name: array.astype(np.float16) for name, array in arrays.items()}
        with path.open("wb") as file:
            np.savez_compressed(file, fold_of=self.fold_of.astype(np.int8), digest=np.array(self.digest), **halves)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The inverse of `save`, up to half precision.

        Raises:
            ValueError: the file is missing or damaged.
        """
        advice = "make it: python -m scoring.fit_clip --folds FILE"
        if not path.is_file():
            raise ValueError(f"{path} is missing; {advice}")
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                means, covariances = (arrays[f"seen_{name}"].astype(np.float32) for name in ("mean", "covariance"))
                return cls(
                    arrays["fold_of"].astype(np.int64),
                    arrays["images"].astype(np.float32),
                    tuple(Moments(mean, covariance) for mean, covariance in zip(means, covariances, strict=True)),
                    arrays["text_projections"].astype(np.float32),
                    str(arrays["digest"]),
                )
        except (OSError, ValueError, TypeError, AttributeError, KeyError, EOFError, BadZipFile) as error:
            raise ValueError(f"{path} holds no folds, or is damaged; {advice}") from error


def captions_digest(captions: Sequence[Sequence[str]]) -> str:
    """Of the photos' captions, in their order."""
    return hashlib.sha256(json.dumps([list(own) for own in captions]).encode()).hexdigest()


def train_folds(
    views: Views,
    sentences: Floats,
    class_probabilities: Floats,
    captions: Sequence[Sequence[str]],
    recipe: ClipRecipe,
    cache: Path,
    folds: int,
) -> ClipFolds:
    """Train an encoder without each fold.

    Args:
        views: of I photos.
        sentences: of K captions of each photo, [I, K, 384].
        class_probabilities: of the photos, [I, 1000].
        captions: of the photos.
        recipe: of each encoder's training.
        cache: folder for checkpoints; a killed run goes on.
        folds: how many, at least 2.
    """
    fold_of = folds_of(class_probabilities, recipe.seed, folds)
    name = hashlib.sha256(fold_of.tobytes()).hexdigest()[:8]
    images: Any = None
    seen, projections = [], []
    for fold in range(folds):
        kept, left_out = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        checkpoint = cache / f"clip-{views.digest}-without-{name}-{fold}.checkpoint"
        model = train_clip(views.take(kept), sentences[kept], class_probabilities[kept], recipe, checkpoint)
        shown = [_projected(model, views, left_out, view_of) for view_of in _drawn_views(views, left_out, recipe.seed)]
        images = np.empty((len(shown), len(fold_of), shown[0].shape[1]), np.float32) if images is None else images
        images[:, left_out] = shown
        seen.append(Moments.of(_projected(model, views, kept, np.zeros(len(kept), np.int64))))
        projections.append(model.text_projection.weight.detach().numpy().T)
    return ClipFolds(fold_of, images, tuple(seen), np.stack(projections), captions_digest(captions))


def _drawn_views(views: Views, photos: NDArray[np.int64], seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each photo the view as it is, and another."""
    drawn = np.random.default_rng(seed).integers(min(1, len(views.views) - 1), len(views.views), len(photos))
    return np.zeros(len(photos), np.int64), drawn


def _projected(model: ClipModel, views: Views, photos: NDArray[np.int64], view_of: NDArray[np.int64]) -> Floats:
    rows = [slice(start, start + BATCH) for start in range(0, len(photos), BATCH)]
    with torch.inference_mode():
        parts = [model.images(model.trunk(views.batch(view_of[part], photos[part]))) for part in rows]
    projected: Floats = torch.cat(parts).numpy()
    return projected
