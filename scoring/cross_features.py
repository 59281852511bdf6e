"""What image and text say about each other, through the dual encoder and through the image's class names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from filters.backbone import ImageEmbedding
from scoring.class_space import ClassNouns, ClassSpace, said_in_words
from scoring.dual_encoder import DualEncoder, Floats

CLASS_TEMPERATURE: Final = 0.05
CROSS_FEATURES: Final = (
    "dual_cosine",
    "dual_over_images",
    "dual_over_texts",
    "dual_text_usual",
    "dual_image_usual",
    "said_cosine",
    "said_over_images",
    "class_top_cosine",
    "class_best_cosine",
    "class_expected_cosine",
    "class_log_likelihood",
    "class_text_certainty",
    "class_named_mass",
    "class_named_best_rank",
    "class_named_count",
    "rivals",
    "dual_rival_gap",
    "dual_rival_rank",
    "said_rival_gap",
)

# features of which more, or less, can only speak for a match: the trees are held to that, so as to extrapolate sanely
RISING: Final = frozenset(
    {
        "dual_cosine",
        "dual_over_images",
        "dual_over_texts",
        "said_cosine",
        "said_over_images",
        "class_top_cosine",
        "class_best_cosine",
        "class_expected_cosine",
        "class_log_likelihood",
        "class_named_mass",
        "dual_rival_gap",
        "said_rival_gap",
    }
)
FALLING: Final = frozenset({"class_named_best_rank", "dual_rival_rank"})


@dataclass(frozen=True, slots=True)
class Matchers:
    """The trained parts that compare an image with a text.

    Attributes:
        dual: the dual encoder.
        space: the class names' place among the texts.
        nouns: which words name which class.
    """

    dual: DualEncoder
    space: ClassSpace
    nouns: ClassNouns


def cross_features(
    embedding: ImageEmbedding,
    texts: Sequence[str],
    sentences: Floats,
    image_of: NDArray[np.int64],
    matchers: Matchers,
) -> Floats:
    """One row of `CROSS_FEATURES` a text, [T, F]; NaN where a text has no rival or names no class.

    Args:
        embedding: B images.
        texts: T texts.
        sentences: their embeddings, [T, 384].
        image_of: the image of each text, [T]; the texts of one image are rivals.
        matchers: the trained parts.
    """
    dual = _dual_columns(embedding, sentences, image_of, matchers.dual)
    said = _class_columns(embedding, sentences, image_of, matchers.space)
    named = _named_columns(embedding, texts, image_of, matchers.nouns)
    rivals = _rival_columns(dual[:, 0], said[:, 0], image_of)
    return np.concatenate([dual, said, named, rivals], axis=1).astype(np.float32)


def _dual_columns(
    embedding: ImageEmbedding, sentences: Floats, image_of: NDArray[np.int64], dual: DualEncoder
) -> Floats:
    images = dual.project_images(embedding.features_BD)[image_of]
    texts = dual.project_texts(sentences)
    cosines = np.einsum("td,td->t", images, texts)
    columns = [
        cosines,
        dual.usual_images.standardise(cosines, texts),
        dual.usual_texts.standardise(cosines, images),
        texts @ dual.text_mean,
        images @ dual.image_mean,
    ]
    return np.stack(columns, axis=1)


def _class_columns(
    embedding: ImageEmbedding, sentences: Floats, image_of: NDArray[np.int64], space: ClassSpace
) -> Floats:
    probabilities = embedding.class_probabilities_BC
    said = said_in_words(probabilities, space.class_vectors)[image_of]
    said_cosines = np.einsum("td,td->t", said, sentences)
    cosines = sentences @ space.class_vectors.T
    beliefs = np.exp((cosines - cosines.max(1, keepdims=True)) / CLASS_TEMPERATURE)
    beliefs /= beliefs.sum(1, keepdims=True)  # which class the text is about
    top = np.argsort(-probabilities, axis=1, kind="stable")[:, :5][image_of]
    top_cosines = np.take_along_axis(cosines, top, axis=1)
    likelihood = np.einsum("tc,tc->t", probabilities[image_of], beliefs)
    columns = [
        said_cosines,
        space.usual_images.standardise(said_cosines, sentences),
        top_cosines[:, 0],
        top_cosines.max(1),
        np.einsum("tc,tc->t", probabilities[image_of], cosines),
        np.log(likelihood + 1e-6),
        cosines.max(1),
    ]
    return np.stack(columns, axis=1)


def _named_columns(
    embedding: ImageEmbedding, texts: Sequence[str], image_of: NDArray[np.int64], nouns: ClassNouns
) -> Floats:
    ranks = np.argsort(np.argsort(-embedding.class_probabilities_BC, axis=1, kind="stable"), axis=1, kind="stable")
    columns = np.full((len(texts), 3), np.nan, np.float32)
    for row, (text, image) in enumerate(zip(texts, image_of, strict=True)):
        named = nouns.named_in(text)
        columns[row, 2] = len(named)
        if named:
            columns[row, 0] = embedding.class_probabilities_BC[image, named].sum()
            columns[row, 1] = np.log1p(ranks[image, named].min())
    return columns


def _rival_columns(dual: Floats, said: Floats, image_of: NDArray[np.int64]) -> Floats:
    columns = np.full((len(image_of), 4), np.nan, np.float32)
    for image in np.unique(image_of):
        rows = np.flatnonzero(image_of == image)
        columns[rows, 0] = len(rows) - 1
        if len(rows) > 1:
            columns[rows, 1] = _gap_to_best_other(dual[rows])
            columns[rows, 2] = (dual[rows][:, None] < dual[rows][None, :]).sum(1) / (len(rows) - 1)
            columns[rows, 3] = _gap_to_best_other(said[rows])
    return columns


def _gap_to_best_other(scores: Floats) -> Floats:
    """Each score [N] less the best of the others, N >= 2."""
    best = np.sort(scores)[::-1]
    others = np.where(np.arange(len(scores)) == scores.argmax(), best[1], best[0])
    gaps: Floats = scores - others
    return gaps
