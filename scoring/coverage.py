"""How near an image is to those that the encoders were trained on: far from them their cosines say less."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from scoring.dual_encoder import Floats, unit

COVERAGE_FEATURES: Final = ("image_coverage",)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Centres of the training photos, by which alone they are known.

    Of texts no such thing is told: the trees would take a text on another subject for noise.

    Attributes:
        centres: unit vectors [N, 1280], of roots of the backbone's features.
    """

    centres: Floats

    def columns(self, features: Floats) -> Floats:
        """One row of `COVERAGE_FEATURES` an image, [B, 1], from the backbone's features [B, 1280]: the greatest cosine."""
        nearest: Floats = (unit(roots(features)) @ self.centres.T).max(1, keepdims=True)
        return nearest

    def to_arrays(self) -> dict[str, NDArray[np.float16]]:
        """The arrays by name, in half precision, as the artefact stores them."""
        return {"coverage_centres": self.centres.astype(np.float16)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `to_arrays`, up to half precision; other names are ignored."""
        return cls(arrays["coverage_centres"].astype(np.float32))


def roots(features: Floats) -> Floats:
    """The square roots of the backbone's features, whose few great values would decide everything alone."""
    rooted: Floats = np.sqrt(np.maximum(features, 0))
    return rooted
