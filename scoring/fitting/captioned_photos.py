"""Photos with true captions, read from Parquet and embedded: what the relevance model is fitted on."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from filters.image import decode
from scoring.dual_encoder import Floats
from scoring.fitting.embedding_cache import EmbeddingCache
from scoring.fitting.photo_variants import web_variant
from scoring.fitting.web_texts import plain
from scoring.pictures import Pictures, joined

CHUNK: Final = 500  # photos decoded and embedded at once; bounds the memory


class PairsError(Exception):
    """The file of pairs cannot be used; the message is one line that says what to do next."""


@dataclass(frozen=True, slots=True, eq=False)
class CaptionedPhotos:
    """I photos with their captions.

    Attributes:
        captions: each photo's true descriptions, at least one, without a tokeniser's blanks.
        pictures: the photos as they are.
        variants: each photo as the web might serve it (`scoring.fitting.photo_variants`).
        sentences: embeddings of all captions, photo by photo, [C, 384].
        image_of: the photo of each caption, [C].
    """

    captions: tuple[tuple[str, ...], ...]
    pictures: Pictures
    variants: Pictures
    sentences: Floats
    image_of: NDArray[np.int64]

    def take(self, photos: NDArray[np.int64]) -> Self:
        """Those photos, in that order, renumbered from 0."""
        rows = [np.flatnonzero(self.image_of == photo) for photo in photos]
        return type(self)(
            tuple(self.captions[photo] for photo in photos),
            self.pictures.take(photos),
            self.variants.take(photos),
            self.sentences[np.concatenate(rows)] if rows else self.sentences[:0],
            np.repeat(np.arange(len(photos)), [len(row) for row in rows]),
        )


def read_photos(path: Path, cache: EmbeddingCache, seed: int) -> CaptionedPhotos:
    """The photos of a Parquet file with a column `image` (bytes, or {bytes, path}) and `captions` (list) or `text`.

    Photos that cannot be decoded and blank captions are left out.

    Raises:
        PairsError: the file is missing, not Parquet, lacks a column or holds fewer than 20 usable photos.
    """
    random = Random(seed)
    captions: list[tuple[str, ...]] = []
    plains: list[Pictures] = []
    variants: list[Pictures] = []
    for rows in _chunks(path):
        usable = [(photo, texts) for photo, texts in map(_usable, rows) if not isinstance(photo, str) and texts]
        captions += [texts for _, texts in usable]
        plains.append(cache.pictures([photo for photo, _ in usable], fully=True))
        variants.append(cache.pictures([web_variant(photo, random) for photo, _ in usable], fully=False))
    if len(captions) < 20:
        raise PairsError(f"{path} holds {len(captions)} usable photos; give at least 20, better thousands")
    return CaptionedPhotos(
        tuple(captions),
        joined(plains),
        joined(variants),
        cache.sentences([caption for texts in captions for caption in texts]),
        np.repeat(np.arange(len(captions)), [len(texts) for texts in captions]),
    )


def _chunks(path: Path) -> Iterator[list[dict[str, Any]]]:
    try:
        table = pq.ParquetFile(path)
    except FileNotFoundError:
        raise PairsError(f"{path} does not exist; check the path") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise PairsError(f"{path} is not a whole Parquet file ({error}); make it again") from error
    names = table.schema_arrow.names
    text_column = next((name for name in ("captions", "text") if name in names), None)
    if "image" not in names or text_column is None:
        raise PairsError(f"{path} has the columns {', '.join(names)}; it needs image, and captions or text")
    batches = table.iter_batches(batch_size=CHUNK, columns=["image", text_column])
    for batch in tqdm(batches, desc="embedding photos", total=-(-table.metadata.num_rows // CHUNK), unit="chunk"):
        yield batch.rename_columns(["image", "captions"]).to_pylist()


def _usable(row: dict[str, Any]) -> tuple[Image.Image | str, tuple[str, ...]]:
    data = row["image"]["bytes"] if isinstance(row["image"], dict) else row["image"]
    captions = [row["captions"]] if isinstance(row["captions"], str) else row["captions"] or []
    texts = tuple(text for text in map(plain, captions) if text)
    return ("missing" if data is None else decode(data)), texts


def usable_photos(path: Path) -> Iterator[tuple[Image.Image, tuple[str, ...]]]:
    """Each photo that can be decoded and has a caption, with its captions; the file and the errors as in `read_photos`."""
    for rows in _chunks(path):
        for photo, texts in map(_usable, rows):
            if not isinstance(photo, str) and texts:
                yield photo, texts
