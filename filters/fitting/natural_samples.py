"""Training samples of the naturalness model: sources of images, random views of them, and the features of both."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from filters.backbone import Backbone
from filters.fitting.drawn_graphics import KINDS, draw
from filters.image import SHORTEST_SIDE, decode
from filters.natural import natural_features

_SMALL_SOURCE: Final = 100  # images; a smaller one gives four views of each
_BATCH_SIZE: Final = 32  # images; bounds memory
# of the first source's photos: memes and screens are drawn on them, and they teach nothing else
_CANVAS_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Source:
    """Images of one origin and one class.

    Attributes:
        name: of the folder or file they came from.
        natural: whether they are natural photographs.
        images: RGB, as `filters.image.decode` gives them.
    """

    name: str
    natural: bool
    images: tuple[Image.Image, ...]


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredSource:
    """What the model sees of a source: N images as decoded, and V random views of them.

    Attributes:
        name: of the source.
        natural: its class.
        features: float32 [N, F], of the images as the pipeline decodes them; only these are scored.
        view_features: float32 [V, F], of the views; only these are learnt from.
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


def load_sources(photos: Sequence[Path], graphics: Sequence[Path], limit: int, drawn: int, seed: int) -> list[Source]:
    """The sources at those paths and `drawn` pictures of each kind, photographs first.

    Raises:
        ValueError: a path holds no image.
    """
    rng = np.random.default_rng(seed)
    first, *others = [read_source(path, True, limit, rng) for path in photos]
    canvases = max(1, int(len(first.images) * _CANVAS_SHARE))
    sources = [Source(first.name, True, first.images[canvases:]), *others]
    sources += [read_source(path, False, limit, rng) for path in graphics]
    if drawn:
        sources += [
            Source(f"drawn-{kind}", False, tuple(map(_shrunk, draw(kind, drawn, first.images[:canvases], seed))))
            for kind in KINDS
        ]
    return sources


def _shrunk(image: Image.Image) -> Image.Image:
    """At the size of decoded images."""
    scale = SHORTEST_SIDE / min(image.size)
    return image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)


def random_view(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A crop at a random scale, sometimes grey, mostly through JPEG, drawn alike for both classes.

    So neither size, sharpness nor compression tells the class, though photographs and icons come in sizes of their own.
    """
    width, height = (max(1, int(side * rng.uniform(0.7, 1))) for side in image.size)
    left, top = int(rng.integers(image.width - width + 1)), int(rng.integers(image.height - height + 1))
    scale = 2 ** rng.uniform(np.log2(150), np.log2(400)) / max(width, height)
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    kernel = Image.Resampling.BICUBIC if rng.random() < 0.5 else Image.Resampling.BILINEAR
    view = image.resize(size, kernel, (left, top, left + width, top + height))
    if rng.random() < 0.1:
        view = view.convert("L").convert("RGB")
    if rng.random() < 0.7:
        buffer = io.BytesIO()
        view.save(buffer, "JPEG", quality=int(rng.integers(40, 96)))
        view = Image.open(buffer).convert("RGB")
    return view


def measure(source: Source, backbone: Backbone, rng: np.random.Generator) -> MeasuredSource:
    """The features of a source's images and of random views of them."""
    repeats = 4 if len(source.images) < _SMALL_SOURCE else 1
    views = [random_view(image, rng) for _ in range(repeats) for image in source.images]
    return MeasuredSource(source.name, source.natural, _features(source.images, backbone), _features(views, backbone))


def _features(images: Sequence[Image.Image], backbone: Backbone) -> NDArray[np.float32]:
    batches = [images[start : start + _BATCH_SIZE] for start in range(0, len(images), _BATCH_SIZE)]
    return np.concatenate([natural_features(batch, backbone.embed(batch)) for batch in batches])


def _folder_images(folder: Path) -> Iterator[bytes]:
    return (file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def _parquet_images(path: Path) -> list[bytes]:
    rows = pq.read_table(path, columns=["image"])["image"].to_pylist()
    return [row["bytes"] if isinstance(row, dict) else row for row in rows]
