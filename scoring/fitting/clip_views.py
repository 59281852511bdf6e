"""Each photo in several views, as far as the part of the trunk that training keeps takes them, on disk."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps
from tqdm import tqdm

from filters.backbone import INPUT_SIDE
from filters.backbone_weights import PIXEL_MEAN, PIXEL_SCALE
from scoring.fitting.clip_trunk import FIRST_TRAINED, half_trunk, kept_part
from scoring.fitting.embedding_cache import installed_versions

CELLS: Final = (14, 14, 80)
BATCH: Final = 4
LEAST_AREA: Final = 0.5  # of the photo, in a crop
WIDEST: Final = 1.25  # how much a crop's shape may differ from the photo's
COLOUR: Final = 0.3  # how much saturation, contrast and brightness may differ


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """V views of I photos.

    Attributes:
        views: memory-mapped float16 [N, 14, 14, 80] each, N >= I; the first is the photo as it is.
        digest: hex digest of what they were made of.
        rows: where in them each photo is, [I]; None where all N are meant, in their order.
    """

    views: tuple[NDArray[np.float16], ...]
    digest: str
    rows: NDArray[np.int64] | None = None

    def take(self, photos: NDArray[np.int64]) -> "Views":
        """Those photos, in that order; nothing is copied."""
        return replace(self, rows=photos if self.rows is None else self.rows[photos])

    def batch(self, view_of: NDArray[np.int64], photos: NDArray[np.int64]) -> torch.Tensor:
        """The activations [B, 14, 14, 80] of some photos, each in its own view."""
        rows = photos if self.rows is None else self.rows[photos]
        return torch.from_numpy(
            np.stack([self.views[view][row] for view, row in zip(view_of, rows, strict=True)]).astype(np.float32)
        )

    def plain(self, photos: NDArray[np.int64], size: int = 50) -> list[torch.Tensor]:
        """The activations of some photos as they are, in batches."""
        chunks = (photos[start : start + size] for start in range(0, len(photos), size))
        return [self.batch(np.zeros(len(chunk), np.int64), chunk) for chunk in chunks]


def make_views(photos: Sequence[Image.Image], count: int, folder: Path, seed: int) -> Views:
    """`count` views of each photo: as it is, mirrored, and then random crops; made once a folder."""
    digest = hashlib.sha256(json.dumps([installed_versions(), FIRST_TRAINED, seed]).encode())
    for photo in photos:
        digest.update(photo.tobytes())
    name = digest.hexdigest()[:20]
    stored = [folder / f"view-{name}-{number}.npy" for number in range(count)]
    missing = [(number, path) for number, path in enumerate(stored) if not path.exists()]
    if missing:
        trunk = half_trunk()
        with tqdm(total=len(missing) * len(photos), desc="views of the photos", unit="photo") as bar:
            for number, path in missing:
                _write_view(path, photos, number, seed, trunk, bar)
    return Views(tuple(np.load(path, mmap_mode="r") for path in stored), name)


def view(photo: Image.Image, number: int, random: Random) -> Image.Image:
    """The photo, its mirror image, or for numbers over 1 a random crop with changed colours, 224 x 224."""
    whole = photo.resize((INPUT_SIDE, INPUT_SIDE), Image.Resampling.BICUBIC)
    if number < 2:
        return ImageOps.mirror(whole) if number else whole
    area = random.uniform(LEAST_AREA, 1) * photo.width * photo.height
    shape = exp(random.uniform(-log(WIDEST), log(WIDEST))) * photo.width / photo.height
    width, height = min(photo.width, (area * shape) ** 0.5), min(photo.height, (area / shape) ** 0.5)
    left, top = random.uniform(0, photo.width - width), random.uniform(0, photo.height - height)
    box = (left, top, left + width, top + height)
    changed = photo.resize((INPUT_SIDE, INPUT_SIDE), Image.Resampling.BICUBIC, box)
    if random.random() < 0.5:
        changed = ImageOps.mirror(changed)
    for enhancer in (ImageEnhance.Color, ImageEnhance.Contrast, ImageEnhance.Brightness):
        changed = enhancer(changed).enhance(random.uniform(1 - COLOUR, 1 + COLOUR))
    return changed


def _write_view(path: Path, photos: Sequence[Image.Image], number: int, seed: int, trunk: Any, bar: Any) -> None:
    random = Random(f"{seed} {number}")
    partial = path.with_suffix(".partial")  # an interrupted run leaves no half file that the next one would trust
    rows = np.lib.format.open_memmap(partial, "w+", np.float16, (len(photos), *CELLS))
    for start in range(0, len(photos), BATCH):
        batch = [np.asarray(view(photo, number, random)) for photo in photos[start : start + BATCH]]
        pixels = torch.from_numpy(np.stack(batch)).permute(0, 3, 1, 2)
        with torch.inference_mode():
            scaled = ((pixels.float() - PIXEL_MEAN) / PIXEL_SCALE).bfloat16()
            cells = kept_part(trunk, scaled.to(memory_format=torch.channels_last))
        rows[start : start + len(batch)] = cells.float().numpy()
        bar.update(len(batch))
    rows.flush()
    partial.replace(path)
