"""The relevance model's fit: dual encoder, trees and calibration, each on photos that the one before has not seen."""

from dataclasses import replace
from typing import Final

import lightgbm
import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression

from filters.backbone import CLASS_NAMES, ImageEmbedding
from scoring.class_space import ClassNouns, ClassSpace
from scoring.cross_features import FALLING, RISING, Matchers
from scoring.dual_encoder import DualEncoder, Floats
from scoring.features import FEATURES, pair_features
from scoring.fitting.captioned_photos import CaptionedPhotos
from scoring.fitting.dual_encoder_training import DualEncoderRecipe, train_dual_encoder
from scoring.fitting.embedding_cache import EmbeddingCache
from scoring.fitting.quality import Quality, measure, threshold_for
from scoring.fitting.training_pairs import LabelledTexts, label_class_texts, label_texts
from scoring.relevance import Calibration, RelevanceParts

FOLDS: Final = 3
CONCEPTS: Final = 12
KEEP: Final = 0.85  # share of right texts that the threshold keeps; more would let too many wrong ones through
ROUNDS: Final = 300
TREES: Final = {
    "objective": "binary",
    "learning_rate": 0.04,
    "num_leaves": 15,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5,
    "monotone_constraints": [(name in RISING) - (name in FALLING) for name in FEATURES],
    "verbose": -1,
    "num_threads": 1,
    "deterministic": True,
}


def fit(
    photos: CaptionedPhotos, cache: EmbeddingCache, seed: int, recipe: DualEncoderRecipe
) -> tuple[RelevanceParts, Quality]:
    """The fitted model and its quality on photos that nothing was fitted on.

    Ten twelfths of the photos fit the dual encoder and the trees, one calibrates and sets the threshold, one measures.
    """
    order = np.random.default_rng(seed).permutation(len(photos.captions))
    fitting, calibrating, measuring = (
        photos.take(part) for part in np.split(order, [len(order) * 10 // 12, len(order) * 11 // 12])
    )
    dual = _train_dual(fitting, recipe)
    space = ClassSpace.fit(CLASS_NAMES, fitting.embedding.class_probabilities_BC, cache.encoder)
    matchers = Matchers(dual, space, ClassNouns.of(CLASS_NAMES))
    trees = _fit_trees(fitting, matchers, cache, seed, recipe)
    raw = RelevanceParts(matchers, trees, Calibration(slope=1.0, intercept=0.0))

    texts = label_texts(calibrating.captions, calibrating.embedding.class_probabilities_BC, seed + 2)
    features = _features(texts, calibrating.embedding, matchers, cache)
    parts = replace(raw, calibration=_platt(np.asarray(trees.predict(features, raw_score=True)), texts.labels))
    threshold = threshold_for(parts.probabilities(features), texts.kinds, KEEP)

    texts = label_texts(measuring.captions, measuring.embedding.class_probabilities_BC, seed + 1)
    features = _features(texts, measuring.embedding, matchers, cache)
    return parts, measure(parts.probabilities(features), texts.kinds, threshold)


def _train_dual(photos: CaptionedPhotos, recipe: DualEncoderRecipe) -> DualEncoder:
    return train_dual_encoder(photos.embedding.features_BD, photos.sentences, photos.image_of, recipe)


def _fit_trees(
    photos: CaptionedPhotos, matchers: Matchers, cache: EmbeddingCache, seed: int, recipe: DualEncoderRecipe
) -> lightgbm.Booster:
    """Trees on features whose dual encoder has not seen the photo, nor, mostly, its kind of scene.

    The folds are made of whole groups of like photos: on the web most images are of kinds that the dual encoder never
    met, and trees fitted on its performance at home would trust it too much.
    """
    probabilities = photos.embedding.class_probabilities_BC
    fold_of = _concept_folds(probabilities, seed)
    views, labelled = [], []
    for number, view in enumerate((photos.embedding, photos.variant)):
        views += [view, view]
        labelled.append(label_texts(photos.captions, probabilities, seed + 3 + number))
        labelled.append(label_class_texts(probabilities, CLASS_NAMES, seed + 5 + number))
    features = [np.empty((len(texts.texts), len(FEATURES)), np.float32) for texts in labelled]
    for fold in range(FOLDS):
        dual = _train_dual(photos.take(np.flatnonzero(fold_of != fold)), recipe)
        for texts, view, table in zip(labelled, views, features, strict=True):
            held_out = fold_of[texts.image_of] == fold
            table[held_out] = _features(texts, view, replace(matchers, dual=dual), cache)[held_out]
    labels = np.concatenate([texts.labels for texts in labelled])
    data = lightgbm.Dataset(np.concatenate(features), labels, feature_name=list(FEATURES))
    return lightgbm.train({**TREES, "seed": seed}, data, ROUNDS)


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


def _features(texts: LabelledTexts, embedding: ImageEmbedding, matchers: Matchers, cache: EmbeddingCache) -> Floats:
    sentences = cache.sentences([text.text for text in texts.texts])
    return pair_features(embedding, texts.texts, sentences, texts.image_of, matchers)


def _platt(raw: NDArray[np.float64], labels: NDArray[np.int64]) -> Calibration:
    line = LogisticRegression(C=1e6).fit(raw[:, None], labels)
    return Calibration(max(float(line.coef_[0, 0]), 1e-3), float(line.intercept_[0]))
