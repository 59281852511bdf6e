"""Training samples of the naturalness model: sources of images, random views of them, and the features of both."""

import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from filters.backbone import Backbone
from filters.fitting.drawn_graphics import KINDS, draw
from filters.fitting.drawn_marks import MARKS
from filters.fitting.drawn_overlays import OVERLAYS, draw_overlay
from filters.image import SHORTEST_SIDE, decode
from filters.natural import natural_features

_SMALL_SOURCE: Final = 100  # images; a smaller one gives two views of each, one of less than half four
_BATCH_SIZE: Final = 32  # images; bounds memory
_SHARES: Final = len(OVERLAYS) + 1  # of the first source: one a kind that is drawn over photographs, one for graphics


@dataclass(frozen=True, slots=True)
class Source:
    """Images of one origin and one class.

    Attributes:
        name: of the folder or file they came from.
        natural: whether they are natural photographs.
        images: RGB, as `filters.image.decode` gives them.
        least_crop: share of the sides that a random view shows at least; nearly all where letters near the rim matter.
    """

    name: str
    natural: bool
    images: tuple[Image.Image, ...]
    least_crop: float = 0.75


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredSource:
    """What the model sees of a source: N images as decoded, and V views, which are these and random ones of them.

    Attributes:
        name: of the source.
        natural: its class.
        features: float32 [N, F], of the images as the pipeline decodes them; only these are scored.
        view_features: float32 [V, F], of the views, those that are learnt from.
    """

    name: str
    natural: bool
    features: NDArray[np.float32]
    view_features: NDArray[np.float32]


def read_source(path: Path, natural: bool, limit: int, rng: np.random.Generator) -> Source:
    """Up to `limit` images, chosen by `rng`, of a folder with its subfolders or a Parquet file with an `image` column.

    Files that are no images are skipped.

    Raises:
        ValueError: `path` holds no image that can be decoded.
    """
    files = _parquet_images(path) if path.suffix == ".parquet" else list(_folder_images(path))
    chosen = sorted(rng.permutation(len(files))[:limit])
    images = tuple(image for row in chosen if isinstance(image := decode(files[row]), Image.Image))
    if not images:
        raise ValueError(f"{path} holds no image that can be decoded; give a folder of images or a Parquet file")
    return Source(path.stem if path.suffix == ".parquet" else path.name, natural, images)


def load_sources(
    photos: Sequence[Path], graphics: Sequence[Path], limit: int, drawn: int, seed: int, fonts: Sequence[Path] = ()
) -> list[Source]:
    """The sources at those paths and `drawn` pictures of each kind, photographs first.

    What is drawn over photographs is drawn over `drawn` ones of the first path a kind, which are in no other source.

    Raises:
        ValueError: a path holds no image.
    """
    first = read_source(photos[0], True, limit + drawn * _SHARES, np.random.default_rng(seed))
    share = min(drawn, len(first.images) // (2 * _SHARES))  # of a small source half remains
    sources = [Source(first.name, True, first.images[share * _SHARES :])]
    for label, paths in ((True, photos[1:]), (False, graphics)):
        sources += [
            read_source(path, label, limit, np.random.default_rng([seed, *path.name.encode()])) for path in paths
        ]
    if drawn:
        below = [first.images[place * share : (place + 1) * share or None] for place in range(_SHARES)]
        sources += [_drawn_over(kind, below[place], drawn, seed, fonts) for place, kind in enumerate(OVERLAYS)]
        sources += [
            Source(f"drawn-{kind}", False, tuple(map(_shrunk, draw(kind, drawn, below[-1], seed)))) for kind in KINDS
        ]
    return sources


def _drawn_over(kind: str, photos: Sequence[Image.Image], drawn: int, seed: int, fonts: Sequence[Path]) -> Source:
    pictures = tuple(map(_shrunk, draw_overlay(kind, drawn, photos, seed, fonts)))
    return Source(f"drawn-{kind}", kind in MARKS, pictures, least_crop=0.9)


def _shrunk(image: Image.Image) -> Image.Image:
    """At the size of decoded images."""
    scale = SHORTEST_SIDE / min(image.size)
    return image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)


def random_view(image: Image.Image, rng: np.random.Generator, least_crop: float = 0.75) -> Image.Image:
    """A crop at a random scale, sometimes grey, mostly through JPEG, drawn alike for both classes.

    So neither size, sharpness nor compression tells the class, though photographs and icons come in sizes of their own.
    """
    width, height = (max(1, int(side * rng.uniform(least_crop, 1))) for side in image.size)
    left, top = int(rng.integers(image.width - width + 1)), int(rng.integers(image.height - height + 1))
    scale = min(2 ** rng.uniform(np.log2(180), np.log2(300)) / min(width, height), 900 / max(width, height))
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    kernel = Image.Resampling.BICUBIC if rng.random() < 0.5 else Image.Resampling.BILINEAR
    view = image.resize(size, kernel, (left, top, left + width, top + height))
    if rng.random() < 0.1:
        view = view.convert("L").convert("RGB")
    if rng.random() < 0.7:
        buffer = io.BytesIO()
        view.save(buffer, "JPEG", quality=int(rng.integers(35, 96)))
        view = Image.open(buffer).convert("RGB")
    return view


def measure(source: Source, seed: int) -> MeasuredSource:
    """The features of a source's images and of random views of them."""
    rng = np.random.default_rng([seed, *source.name.encode()])
    count = len(source.images)
    repeats = 1 if count >= _SMALL_SOURCE else 2 if count >= _SMALL_SOURCE / 2 else 4
    views = [random_view(image, rng, source.least_crop) for _ in range(repeats) for image in source.images]
    features = _features(source.images)
    return MeasuredSource(source.name, source.natural, features, np.concatenate([_features(views), features]))


def measure_all(sources: Sequence[Source], seed: int, workers: int) -> list[MeasuredSource]:
    """`measure` of each source, in order, in so many processes of one thread."""
    if workers < 2:
        return [measure(source, seed) for source in tqdm(sources, desc="measuring")]
    context = get_context("spawn")  # a fork would inherit locks that the threads of PyTorch hold
    with ProcessPoolExecutor(workers, context, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        measured = pool.map(measure, sources, [seed] * len(sources))
        return list(tqdm(measured, desc="measuring", total=len(sources)))


_backbone = cache(Backbone)


def _features(images: Sequence[Image.Image]) -> NDArray[np.float32]:
    batches = [images[start : start + _BATCH_SIZE] for start in range(0, len(images), _BATCH_SIZE)]
    return np.concatenate([natural_features(batch, _backbone().embed(batch)) for batch in batches])


def _folder_images(folder: Path) -> Iterator[bytes]:
    return (file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def _parquet_images(path: Path) -> list[bytes]:
    rows = pq.read_table(path, columns=["image"])["image"].to_pylist()
    return [row["bytes"] if isinstance(row, dict) else row for row in rows]
