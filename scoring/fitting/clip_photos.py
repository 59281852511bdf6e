"""Photos with their captions as the open_clip model is trained and measured on them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scoring.fitting.captioned_photos import PairsError, usable_photos

LARGEST_SIDE: Final = 448  # pixels kept, twice what the trunk reads; bounds the memory
FEWEST: Final = 24  # photos, so that each twelfth has two


@dataclass(frozen=True, slots=True, eq=False)
class Photos:
    """I photos.

    Attributes:
        images: RGB, no side over `LARGEST_SIDE`.
        captions: each photo's true descriptions, at least one.
    """

    images: tuple[Image.Image, ...]
    captions: tuple[tuple[str, ...], ...]

    def take(self, photos: NDArray[np.int64]) -> Self:
        """Those photos, in that order."""
        return type(self)(
            tuple(self.images[photo] for photo in photos), tuple(self.captions[photo] for photo in photos)
        )

    def split(self, seed: int) -> tuple[Self, Self, Self]:
        """Ten twelfths to train on, one to choose on, one to measure on: as `scoring.fit` splits for that seed."""
        count = len(self.images)
        order = np.random.default_rng(seed).permutation(count)
        first, second, third = (self.take(part) for part in np.split(order, [count * 10 // 12, count * 11 // 12]))
        return first, second, third


def read_clip_photos(path: Path) -> Photos:
    """The usable photos of a Parquet file, in its order.

    Raises:
        PairsError: the file is missing, not Parquet, lacks a column or holds too few usable photos.
    """
    images, captions = [], []
    for photo, texts in usable_photos(path):
        photo.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Image.Resampling.BICUBIC)
        images.append(photo)
        captions.append(texts)
    if len(images) < FEWEST:
        raise PairsError(f"{path} holds {len(images)} usable photos; give at least {FEWEST}, better thousands")
    return Photos(tuple(images), tuple(captions))
