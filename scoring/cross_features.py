"""What image and text say about each other, through the encoders into one space and through the image's class names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from crawler.items import Text
from filters.backbone import ImageEmbedding
from scoring.class_space import ClassNouns, ClassSpace, said_in_words
from scoring.components import Components
from scoring.coverage import Coverage
from scoring.dual_encoder import DualEncoder, Floats, Moments
from scoring.pictures import JointEncoder
from scoring.rivals import RIVAL_FEATURES, groups_of, rival_columns

CLASS_TEMPERATURE: Final = 0.05
LIKELY: Final = 10  # classes whose names are compared one by one
JOINT_FEATURES: Final = ("cosine", "over_images", "over_texts", "text_usual", "image_usual", *RIVAL_FEATURES)
DUAL_FEATURES: Final = tuple(f"dual_{name}" for name in JOINT_FEATURES)
CLIP_FEATURES: Final = tuple(f"clip_{name}" for name in JOINT_FEATURES)
SAID_FEATURES: Final = tuple(f"said_{name}" for name in ("cosine", "over_images", *RIVAL_FEATURES))
CLASS_TEXT_FEATURES: Final = (
    *(f"class_cosine_{rank}" for rank in range(1, LIKELY + 1)),
    *(f"class_belief_{rank}" for rank in range(1, LIKELY + 1)),
    "class_best_cosine",
    "class_weighted_cosine",
    "class_expected_cosine",
    "class_log_likelihood",
    "class_text_certainty",
    "class_text_entropy",
    "class_rank_of_text",
    "class_likelihood_to_top",
)
NAMED_FEATURES: Final = ("class_named_mass", "class_named_best_rank", "class_named_count", "class_named_share")


@dataclass(frozen=True, slots=True)
class Matchers:
    """The trained parts that features are made with.

    Attributes:
        dual: the dual encoder of two linear heads.
        space: the class names' place among the texts.
        nouns: which words name which class.
        components: the embeddings' axes.
        coverage: what the encoders were trained on.
        joint: which joint encoder the model was fitted with; "" without one.
        joint_weights: what its weights were asked for by; "" for the packaged ones.
        joint_images: where it puts the training photos.
        joint_texts: where it puts their captions.
    """

    dual: DualEncoder
    space: ClassSpace
    nouns: ClassNouns
    components: Components
    coverage: Coverage
    joint: str = ""
    joint_weights: str = ""
    joint_images: Moments | None = None
    joint_texts: Moments | None = None

    def load_joint(self) -> JointEncoder | None:
        """The joint encoder that the parts were fitted with, None without one.

        Raises:
            ValueError: its weights are not there.
        """
        if not self.joint:
            return None
        from scoring.clip import load_clip  # takes a second, which a model without one need not wait

        return load_clip(self.joint.partition(" ")[0], self.joint_weights or None)

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays by name, in half precision, as the artefact stores them."""
        arrays: dict[str, NDArray[np.generic]] = {
            "joint": np.array(self.joint),
            "joint_weights": np.array(self.joint_weights),
        }
        for part in (self.dual, self.space, self.components, self.coverage):
            arrays |= part.to_arrays()
        for name in ("joint_images", "joint_texts"):
            if (moments := getattr(self, name)) is not None:
                arrays |= {f"{name}_mean": moments.mean, f"{name}_covariance": moments.covariance.astype(np.float16)}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], class_names: Sequence[str]) -> Self:
        """The inverse of `to_arrays`, up to half precision; other names are ignored."""
        moments = [
            Moments(arrays[f"{name}_mean"].astype(np.float32), arrays[f"{name}_covariance"].astype(np.float32))
            for name in ("joint_images", "joint_texts")
            if f"{name}_mean" in arrays
        ]
        return cls(
            DualEncoder.from_arrays(arrays),
            ClassSpace.from_arrays(arrays),
            ClassNouns.of(class_names),
            Components.from_arrays(arrays),
            Coverage.from_arrays(arrays),
            str(arrays["joint"]),
            str(arrays["joint_weights"]),
            *moments,
        )


def joint_features(
    images: Floats, texts: Floats, usual_images: Moments, usual_texts: Moments, image_of: NDArray[np.int64]
) -> Floats:
    """One row of `JOINT_FEATURES` a text, [T, F], from unit vectors of images [B, D] and texts [T, D] in one space."""
    shown = images[image_of]
    cosines: Floats = np.einsum("td,td->t", shown, texts)
    columns = [
        cosines,
        usual_images.standardise(cosines, texts),
        usual_texts.standardise(cosines, shown),
        texts @ usual_texts.mean,
        shown @ usual_images.mean,
    ]
    return np.column_stack([*columns, rival_columns(cosines, groups_of(image_of))])


def dual_features(
    embedding: ImageEmbedding, sentences: Floats, image_of: NDArray[np.int64], dual: DualEncoder
) -> Floats:
    """One row of `DUAL_FEATURES` a text, [T, F]."""
    images, texts = dual.project_images(embedding.features_BD), dual.project_texts(sentences)
    return joint_features(images, texts, dual.usual_images, dual.usual_texts, image_of)


def said_features(
    embedding: ImageEmbedding, sentences: Floats, image_of: NDArray[np.int64], space: ClassSpace
) -> Floats:
    """One row of `SAID_FEATURES` a text, [T, F]: against what the image shows, said in class names."""
    said = said_in_words(embedding.class_probabilities_BC, space.class_vectors)[image_of]
    cosines: Floats = np.einsum("td,td->t", said, sentences)
    over_images = space.usual_images.standardise(cosines, sentences)
    return np.column_stack([cosines, over_images, rival_columns(cosines, groups_of(image_of))])


def class_text_features(
    embedding: ImageEmbedding, sentences: Floats, image_of: NDArray[np.int64], space: ClassSpace
) -> Floats:
    """One row of `CLASS_TEXT_FEATURES` a text, [T, F]: the text against the names of the image's likeliest classes."""
    probabilities = embedding.class_probabilities_BC[image_of]
    cosines = sentences @ space.class_vectors.T
    beliefs = np.exp((cosines - cosines.max(1, keepdims=True)) / CLASS_TEMPERATURE)
    beliefs /= beliefs.sum(1, keepdims=True)  # which class the text is about
    likely = np.argsort(-embedding.class_probabilities_BC, axis=1, kind="stable")[:, :LIKELY][image_of]
    likely_cosines = _padded(np.take_along_axis(cosines, likely, axis=1))
    likelihood = np.einsum("tc,tc->t", probabilities, beliefs)
    about = np.take_along_axis(probabilities, beliefs.argmax(1)[:, None], axis=1)
    weights = np.take_along_axis(probabilities, likely, axis=1)
    columns = [
        likely_cosines,
        _padded(np.take_along_axis(beliefs, likely, axis=1)),
        np.nanmax(likely_cosines[:, :5], axis=1),
        np.nansum(likely_cosines[:, : weights.shape[1]] * weights, axis=1) / weights.sum(1),
        np.einsum("tc,tc->t", probabilities, cosines),
        np.log(likelihood + 1e-6),
        cosines.max(1),
        -(beliefs * np.log(beliefs + 1e-12)).sum(1),
        np.log1p((probabilities > about).sum(1)),
        np.log((likelihood + 1e-6) / (probabilities.max(1) + 1e-6)),
    ]
    return np.column_stack(columns).astype(np.float32)


def named_features(
    embedding: ImageEmbedding, texts: Sequence[Text], image_of: NDArray[np.int64], nouns: ClassNouns
) -> Floats:
    """One row of `NAMED_FEATURES` a text, [T, F]: of the classes that its words name; NaN where they name none."""
    ranks = np.argsort(np.argsort(-embedding.class_probabilities_BC, axis=1, kind="stable"), axis=1, kind="stable")
    columns = np.full((len(texts), len(NAMED_FEATURES)), np.nan, np.float32)
    for row, (text, image) in enumerate(zip(texts, image_of, strict=True)):
        named = nouns.named_in(text.text)
        columns[row, 2] = len(named)
        if named:
            mass = embedding.class_probabilities_BC[image, named]
            columns[row, [0, 1, 3]] = mass.sum(), np.log1p(ranks[image, named].min()), mass.max()
    return columns


def _padded(columns: Floats) -> Floats:
    """[T, up to LIKELY] filled up with NaN."""
    return np.pad(columns.astype(np.float32), ((0, 0), (0, LIKELY - columns.shape[1])), constant_values=np.nan)
