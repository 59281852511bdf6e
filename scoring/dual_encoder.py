"""Two projection heads that put images and texts into one space, where the cosine says how well they match."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def unit(vectors: Floats) -> Floats:
    """The rows scaled to length 1; a zero row stays zero."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Floats = vectors / np.maximum(lengths, np.float32(1e-12))
    return scaled


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and covariance of a population of vectors, so that a cosine can be read against what is usual.

    Attributes:
        mean: [D].
        covariance: [D, D].
    """

    mean: Floats
    covariance: Floats

    @classmethod
    def of(cls, vectors: Floats) -> Self:
        """The moments of the rows of `vectors` [N, D]."""
        return cls(vectors.mean(0), np.atleast_2d(np.cov(vectors, rowvar=False)).astype(np.float32))

    def standardise(self, cosines: Floats, vectors: Floats) -> Floats:
        """How many standard deviations each cosine [N] with `vectors` [N, D] is above the population's."""
        spread = np.sqrt(np.maximum(np.einsum("nd,nd->n", vectors @ self.covariance, vectors), 1e-8))
        standardised: Floats = (cosines - vectors @ self.mean) / spread
        return standardised


@dataclass(frozen=True, slots=True)
class DualEncoder:
    """A linear head on the backbone's pooled feature and one on the sentence embedding, trained by InfoNCE.

    Attributes:
        feature_mean: of the backbone's feature over the training photos, [1280].
        feature_spread: its standard deviation, [1280], all positive.
        image_head: [1280, D].
        text_head: [384, D].
        image_mean: mean of the training photos' projections, [D].
        image_covariance: their covariance, [D, D].
        text_mean: mean of the training captions' projections, [D].
        text_covariance: their covariance, [D, D].
    """

    feature_mean: Floats
    feature_spread: Floats
    image_head: Floats
    text_head: Floats
    image_mean: Floats
    image_covariance: Floats
    text_mean: Floats
    text_covariance: Floats

    @property
    def usual_images(self) -> Moments:
        """Where the training photos lie."""
        return Moments(self.image_mean, self.image_covariance)

    @property
    def usual_texts(self) -> Moments:
        """Where the training captions lie."""
        return Moments(self.text_mean, self.text_covariance)

    def standard_features(self, features: Floats) -> Floats:
        """The backbone's features [B, 1280] in standard deviations from the training photos' mean."""
        standard: Floats = (features - self.feature_mean) / self.feature_spread
        return standard

    def project_images(self, features: Floats) -> Floats:
        """Unit vectors [B, D] for the backbone's pooled features [B, 1280]."""
        return unit(self.standard_features(features) @ self.image_head)

    def project_texts(self, sentences: Floats) -> Floats:
        """Unit vectors [T, D] for sentence embeddings [T, 384]."""
        return unit(sentences @ self.text_head)

    def to_arrays(self) -> dict[str, NDArray[np.float16]]:
        """The weights by name, in half precision, as the artefact stores them."""
        return {field.name: getattr(self, field.name).astype(np.float16) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.float16]]) -> Self:
        """The inverse of `to_arrays`, up to half precision; other names are ignored."""
        return cls(**{field.name: arrays[field.name].astype(np.float32) for field in fields(cls)})
