"""The relevance model's trained parts: what features are made with, the table that trees learn from, trees, calibration."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import lightgbm
import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

from filters.backbone import CLASS_NAMES
from scoring.class_space import ClassNouns, ClassSpace
from scoring.components import Components
from scoring.cross_features import Matchers
from scoring.dual_encoder import DualEncoder, Floats, Moments
from scoring.features import FEATURES
from scoring.fitting.captioned_photos import CaptionedPhotos
from scoring.fitting.dual_encoder_training import DualEncoderRecipe, train_dual_encoder
from scoring.fitting.embedding_cache import EmbeddingCache
from scoring.fitting.rows import Part, Rows, class_texts, joined_rows, page_texts, rows_of
from scoring.fitting.tree_rules import FALLING, RISING, TOPICAL, TOPICAL_WORTH
from scoring.pictures import identity
from scoring.relevance import Calibration

FOLDS: Final = 3
CONCEPTS: Final = 12
ROUNDS: Final = 400
JOINT_DRAWS: Final = 8  # times that each photo meets other texts where there are few photos
TREES: Final = {
    "objective": "binary",
    "learning_rate": 0.04,
    "num_leaves": 15,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5,
    "verbose": -1,
    "num_threads": 1,
    "deterministic": True,
}


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
        "" if cache.joint is None else identity(cache.joint),
        cache.joint_weights,
        None if joint is None else Moments.of(joint),
        None if captions is None else Moments.of(captions),
    )


def train_dual(photos: CaptionedPhotos, recipe: DualEncoderRecipe) -> DualEncoder:
    """The dual encoder's heads, trained on all of `photos`."""
    return train_dual_encoder(photos.pictures.embedding.features_BD, photos.sentences, photos.image_of, recipe)


def folded_table(
    part: Part, matchers: Matchers, cache: EmbeddingCache, seed: int, recipe: DualEncoderRecipe
) -> TrainingTable:
    """Features whose dual encoder has not seen the photo, nor, mostly, its kind of scene; the joint encoder's are missing.

    The folds are made of whole groups of like photos: on the web most images are of kinds that the dual encoder never
    met, and trees fitted on its performance at home would trust it too much. The joint encoder may have been trained on
    these very photos, so that what it says of them proves nothing.
    """
    photos = part.photos
    fold_of = _concept_folds(photos.pictures.embedding.class_probabilities_BC, seed)
    sets = []
    for number, view in enumerate((photos.pictures, photos.variants)):
        unjoined = replace(view, joint_BD=None)
        sets += [*page_texts(part, unjoined, seed + 3 + 2 * number), class_texts(part, unjoined, seed + 7 + number)]
    tables = [np.empty((len(texts.texts.texts), len(FEATURES)), np.float32) for texts in sets]
    for fold in tqdm(range(FOLDS), desc="features", unit="fold"):
        dual = train_dual(photos.take(np.flatnonzero(fold_of != fold)), recipe)
        for texts, table in zip(sets, tables, strict=True):
            held_out = fold_of[texts.texts.image_of] == fold
            table[held_out] = rows_of(texts, replace(matchers, dual=dual), cache).features[held_out]
    labels = np.concatenate([texts.texts.labels for texts in sets])
    return TrainingTable(np.concatenate(tables), labels, np.ones(len(labels), np.float32))


def unseen_rows(part: Part, matchers: Matchers, cache: EmbeddingCache, seed: int) -> Rows:
    """Rows of photos that neither encoder was trained on, each photo with several pages."""
    view = part.photos.pictures
    sets = [texts for draw in range(JOINT_DRAWS) for texts in page_texts(part, view, seed + 2 * draw)]
    sets += [class_texts(part, view, seed + 2 * JOINT_DRAWS + draw) for draw in range(JOINT_DRAWS)]
    return joined_rows([rows_of(texts, matchers, cache) for texts in sets])


def fit_trees(table: TrainingTable, seed: int, columns: Sequence[str] = FEATURES) -> lightgbm.Booster:
    """Trees over some of the features."""
    chosen = [FEATURES.index(name) for name in columns]
    constraints = [(name in RISING) - (name in FALLING) for name in columns]
    worths = [TOPICAL_WORTH if name in TOPICAL else 1.0 for name in columns]
    data = lightgbm.Dataset(table.features[:, chosen], table.labels, weight=table.weights, feature_name=list(columns))
    rules = {"monotone_constraints": constraints, "feature_contri": worths}
    return lightgbm.train({**TREES, **rules, "seed": seed}, data, ROUNDS)


def platt(raw: NDArray[np.float64], labels: NDArray[np.int64], weights: Floats) -> Calibration:
    """The line from raw scores to log odds."""
    line = LogisticRegression(C=1e6).fit(raw[:, None], labels, weights)
    return Calibration(max(float(line.coef_[0, 0]), 1e-3), float(line.intercept_[0]))


def _concept_folds(probabilities: Floats, seed: int) -> NDArray[np.int64]:
    groups = KMeans(min(CONCEPTS, len(probabilities) // 2), n_init=1, random_state=seed).fit_predict(
        np.sqrt(probabilities)
    )
    sizes = np.bincount(groups)
    fold_of_group, filled = np.zeros(len(sizes), np.int64), np.zeros(FOLDS)
    for group in np.argsort(-sizes, kind="stable"):  # the largest first, each to the emptiest fold
        fold_of_group[group] = filled.argmin()
        filled[fold_of_group[group]] += sizes[group]
    fold_of: NDArray[np.int64] = fold_of_group[groups]
    return fold_of
