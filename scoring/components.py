"""Principal components of the embeddings: what varies most among the training photos and captions, one number each."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from scoring.dual_encoder import Floats

TEXT_COMPONENTS: Final = 64
IMAGE_COMPONENTS: Final = 64
CLASS_COMPONENTS: Final = 24


@dataclass(frozen=True, slots=True)
class Axes:
    """The directions of greatest variance of a population of vectors.

    Attributes:
        origin: the population's mean, [D].
        directions: [D, K], scaled so that a component's variance over the population is 1; zero columns past its rank.
    """

    origin: Floats
    directions: Floats

    @classmethod
    def of(cls, vectors: Floats, count: int) -> Self:
        """The first `count` axes of the rows of `vectors` [N, D]; each points where its largest entry is positive."""
        origin: Floats = vectors.mean(0, dtype=np.float32)
        ascending, all_directions = np.linalg.eigh(np.cov(vectors - origin, rowvar=False).astype(np.float64))
        variances, directions = ascending[::-1][:count], all_directions[:, ::-1][:, :count]
        signs = np.sign(directions[np.abs(directions).argmax(0), np.arange(directions.shape[1])])
        scales: NDArray[np.float64] = np.where(
            variances > 1e-8 * variances[0], 1 / np.sqrt(np.maximum(variances, 1e-12)), 0
        )
        missing = count - directions.shape[1]
        found = np.pad(directions * signs * scales, ((0, 0), (0, missing))).astype(np.float32)
        return cls(origin, found)

    def components(self, vectors: Floats) -> Floats:
        """[N, K] in standard deviations from the population's mean."""
        return np.asarray((vectors - self.origin) @ self.directions, np.float32)


@dataclass(frozen=True, slots=True)
class Components:
    """The axes of sentence embeddings, of the backbone's features and of the roots of its class probabilities.

    Attributes:
        text: of captions.
        image: of photos.
        classes: of photos.
    """

    text: Axes
    image: Axes
    classes: Axes

    @classmethod
    def fit(cls, sentences: Floats, features: Floats, probabilities: Floats) -> Self:
        """The axes of captions [N, 384] and photos [I, 1280] and [I, 1000]."""
        return cls(
            Axes.of(sentences, TEXT_COMPONENTS),
            Axes.of(np.sqrt(np.maximum(features, 0)), IMAGE_COMPONENTS),
            Axes.of(np.sqrt(probabilities), CLASS_COMPONENTS),
        )

    def to_arrays(self) -> dict[str, NDArray[np.float16]]:
        """The arrays by name, in half precision, as the artefact stores them."""
        return {
            f"{field.name}_axes_{part.name}": getattr(getattr(self, field.name), part.name).astype(np.float16)
            for field in fields(self)
            for part in fields(Axes)
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.float16]]) -> Self:
        """The inverse of `to_arrays`, up to half precision; other names are ignored."""
        return cls(
            *(
                Axes(*(arrays[f"{field.name}_axes_{part.name}"].astype(np.float32) for part in fields(Axes)))
                for field in fields(cls)
            )
        )
