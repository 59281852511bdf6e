"""The relevance model's trained parts: what features are made with, the table that trees learn from, calibration."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

from filters.backbone import CLASS_NAMES
from scoring.class_space import ClassNouns, ClassSpace
from scoring.clip import OURS
from scoring.components import Components
from scoring.coverage import Coverage, roots
from scoring.cross_features import Matchers
from scoring.dual_encoder import DualEncoder, Floats, Moments, unit
from scoring.features import FEATURES
from scoring.fitting.captioned_photos import CaptionedPhotos
from scoring.fitting.clip_folds import ClipFolds
from scoring.fitting.dual_encoder_training import DualEncoderRecipe, train_dual_encoder
from scoring.fitting.embedding_cache import EmbeddingCache
from scoring.fitting.folds import folds_of
from scoring.fitting.rows import Part, Rows, class_texts, joined_rows, page_texts, rows_of
from scoring.pictures import Pictures, identity
from scoring.relevance import Calibration

CENTRES: Final = 64  # of photos
JOINT_DRAWS: Final = 8  # times that each photo meets other texts where there are few photos


@dataclass(frozen=True, slots=True, eq=False)
class TrainingTable:
    """Rows that trees are fitted on.

    Attributes:
        features: rows of `FEATURES`, [T, F].
        labels: 1 where the text is right, [T].
        weights: how much each counts, [T].
    """

    features: Floats
    labels: NDArray[np.int64]
    weights: Floats

    @classmethod
    def of(cls, rows: Rows, weight: float = 1.0) -> "TrainingTable":
        """The rows, all of one weight."""
        return cls(rows.features, rows.right.astype(np.int64), np.full(len(rows.kinds), weight, np.float32))

    def __add__(self, other: "TrainingTable") -> "TrainingTable":
        """The rows of both."""
        return TrainingTable(
            np.concatenate([self.features, other.features]),
            np.concatenate([self.labels, other.labels]),
            np.concatenate([self.weights, other.weights]),
        )


def fit_matchers(photos: CaptionedPhotos, cache: EmbeddingCache, recipe: DualEncoderRecipe) -> Matchers:
    """Everything that features are made with, fitted on all of `photos`."""
    embedding, joint = photos.pictures.embedding, photos.pictures.joint_BD
    captions = cache.joint_texts([own[0] for own in photos.captions])  # enough of them to say where captions lie
    return Matchers(
        train_dual(photos, recipe),
        ClassSpace.fit(CLASS_NAMES, embedding.class_probabilities_BC, cache.encoder),
        ClassNouns.of(CLASS_NAMES),
        Components.fit(photos.sentences, embedding.features_BD, embedding.class_probabilities_BC),
        fit_coverage(photos, recipe.seed),
        "" if cache.joint is None else identity(cache.joint),
        cache.joint_weights,
        None if joint is None else Moments.of(joint),
        None if captions is None else Moments.of(captions),
    )


def train_dual(photos: CaptionedPhotos, recipe: DualEncoderRecipe) -> DualEncoder:
    """The dual encoder's heads, trained on all of `photos`."""
    return train_dual_encoder(photos.pictures.embedding.features_BD, photos.sentences, photos.image_of, recipe)


def fit_coverage(photos: CaptionedPhotos, seed: int) -> Coverage:
    """Where the photos lie."""
    vectors = unit(roots(photos.pictures.embedding.features_BD))
    means = MiniBatchKMeans(min(CENTRES, len(vectors)), n_init=1, random_state=seed, batch_size=2048).fit(vectors)
    return Coverage(unit(means.cluster_centers_.astype(np.float32)))


def folded_table(
    part: Part,
    matchers: Matchers,
    cache: EmbeddingCache,
    seed: int,
    recipe: DualEncoderRecipe,
    clip_folds: ClipFolds | None = None,
) -> TrainingTable:
    """Features by encoders that have not seen the photo, nor its kind of scene, or with `clip_folds` half of the kinds.

    On the web most images are of kinds that the encoders never met, and trees fitted on their performance at home would
    trust them too much. Of our joint encoder only `clip_folds` can say what it is worth; without them its features are
    missing. One that was trained elsewhere has not seen the photos.
    """
    photos = part.photos
    probabilities = photos.pictures.embedding.class_probabilities_BC
    fold_of = folds_of(probabilities, seed, whole_share=1) if clip_folds is None else clip_folds.fold_of
    sets = []
    for number, view in enumerate((photos.pictures, photos.variants)):
        joined = replace(view, joint_BD=_unseen_projections(view, number, cache, clip_folds))
        sets += [*page_texts(part, joined, seed + 3 + 2 * number), class_texts(part, joined, seed + 7 + number)]
    for texts in sets:  # all at once, so that the cache finds them again whatever the folds
        cache.sentences([text.text for text in texts.texts.texts])
    tables = [np.empty((len(texts.texts.texts), len(FEATURES)), np.float32) for texts in sets]
    for fold in tqdm(range(fold_of.max() + 1), desc="features", unit="fold"):
        others = photos.take(np.flatnonzero(fold_of != fold))
        known = _matchers_of_others(others, matchers, recipe, fold, clip_folds)
        project = None if clip_folds is None else partial(clip_folds.project_texts, fold)
        for texts, table in zip(sets, tables, strict=True):
            rows = np.flatnonzero(fold_of[texts.texts.image_of] == fold)
            table[rows] = rows_of(texts.take(rows), known, cache, project).features
    labels = np.concatenate([texts.texts.labels for texts in sets])
    return TrainingTable(np.concatenate(tables), labels, np.ones(len(labels), np.float32))


def _matchers_of_others(
    others: CaptionedPhotos, matchers: Matchers, recipe: DualEncoderRecipe, fold: int, clip_folds: ClipFolds | None
) -> Matchers:
    """The matchers, with what encoders trained on the photos of the other folds alone know."""
    known = replace(matchers, dual=train_dual(others, recipe), coverage=fit_coverage(others, recipe.seed))
    if clip_folds is None:
        return known
    captions = Moments.of(clip_folds.project_texts(fold, others.sentences))
    return replace(known, joint_images=clip_folds.seen[fold], joint_texts=captions)


def _unseen_projections(
    view: Pictures, number: int, cache: EmbeddingCache, clip_folds: ClipFolds | None
) -> Floats | None:
    """The photos' joint projections by an encoder that has not seen them, where there is one."""
    if clip_folds is not None:
        projections: Floats = clip_folds.images[number]
        return projections
    return None if cache.joint is None or cache.joint.name == OURS else view.joint_BD


def unseen_rows(part: Part, matchers: Matchers, cache: EmbeddingCache, seed: int) -> Rows:
    """Rows of photos that neither encoder was trained on, each photo with several pages."""
    view = part.photos.pictures
    sets = [texts for draw in range(JOINT_DRAWS) for texts in page_texts(part, view, seed + 2 * draw)]
    sets += [class_texts(part, view, seed + 2 * JOINT_DRAWS + draw) for draw in range(JOINT_DRAWS)]
    return joined_rows([rows_of(texts, matchers, cache) for texts in sets])


def platt(raw: NDArray[np.float64], labels: NDArray[np.int64], weights: Floats) -> Calibration:
    """The line from raw scores to log odds."""
    line = LogisticRegression(C=1e6).fit(raw[:, None], labels, weights)
    return Calibration(max(float(line.coef_[0, 0]), 1e-3), float(line.intercept_[0]))
