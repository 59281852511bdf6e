"""The layouts that `pipelines.export` writes: WebDataset's tar, img2dataset's Parquet, and addresses without pictures."""

import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.export_images import for_training
from pipelines.schema import PAIR_SCHEMA

ROWS_HELD: Final = 100  # pictures in memory at once
# img2dataset's columns in its order, after those that it was given.
IMG2DATASET: Final = pa.schema(
    [
        *[pa.field(name, pa.string()) for name in ("url", "caption", "page_url", "license_url")],
        *[pa.field(name, pa.float32()) for name in ("relevance", "nsfw", "natural")],
        *[pa.field(name, pa.string()) for name in ("key", "status", "error_message")],
        *[pa.field(name, pa.int32()) for name in ("width", "height", "original_width", "original_height")],
        pa.field("sha256", pa.string()),
        pa.field("jpg", pa.binary()),
    ]
)
URLS: Final = pa.schema(
    [
        *[pa.field(name, pa.string(), False) for name in ("url", "caption", "sha256", "image_phash")],
        *[pa.field(name, pa.int32(), False) for name in ("width", "height")],
        *[pa.field(name, pa.float32(), False) for name in ("relevance", "nsfw", "natural")],
        pa.field("page_url", pa.string(), False),
        pa.field("license_url", pa.string()),
        pa.field("fetched_at", pa.string(), False),
    ]
)
ALL: Final = PAIR_SCHEMA.names
WITHOUT_IMAGE: Final = [name for name in ALL if name != "image"]


class Layout(Protocol):
    """A way to write pairs to files.

    Attributes:
        suffix: of its files.
        columns: of a pair that it needs.
    """

    suffix: str
    columns: list[str]

    def write(self, path: Path, rows: Iterable[Mapping[str, Any]], number: int) -> int:
        """Write the shard of this number; how many pairs it holds. The same rows give the same bytes."""


def named(row: Mapping[str, Any]) -> dict[str, Any]:
    """A pair's columns without the picture, under the names that other tools have for them: url, caption, sha256."""
    renamed = {"image_url": "url", "text": "caption", "image_sha256": "sha256"}
    return {renamed.get(name, name): value for name, value in row.items() if name != "image"}


class WebDataset:
    """A tar of KEY.jpg (or png, webp), KEY.txt with the text and KEY.json with the rest; the key is the image's SHA-256."""

    suffix = ".tar"
    columns = ALL

    def write(self, path: Path, rows: Iterable[Mapping[str, Any]], number: int) -> int:
        """See `Layout`."""
        count = 0
        with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
            for row in rows:
                picture = for_training(row["image"]["bytes"])
                if isinstance(picture, str):
                    continue
                told = named(row) | {"image_as_served": picture.as_served}
                members = {
                    picture.suffix: picture.data,
                    "txt": row["text"].encode(),
                    "json": json.dumps(told, ensure_ascii=False, sort_keys=True).encode(),
                }
                for suffix, data in members.items():
                    member = tarfile.TarInfo(f"{row['image_sha256']}.{suffix}")  # of no owner and no time
                    member.size = len(data)
                    tar.addfile(member, io.BytesIO(data))
                count += 1
        return count


class Img2Dataset:
    """Parquet as `img2dataset --output_format parquet --compute_hash sha256` writes it, pictures as JPEG."""

    suffix = ".parquet"
    columns = ALL

    def write(self, path: Path, rows: Iterable[Mapping[str, Any]], number: int) -> int:
        """See `Layout`."""
        return write_rows(path, IMG2DATASET, (self.row(row, index, number) for index, row in enumerate(rows)))

    def row(self, row: Mapping[str, Any], index: int, number: int) -> dict[str, Any] | None:
        """A row; None when the picture cannot be read."""
        picture = for_training(row["image"]["bytes"], ("jpg",))
        if isinstance(picture, str):
            return None
        size = {"original_width": row["width"], "original_height": row["height"]}
        key = f"{number:05d}{index:05d}"
        return {**named(row), **size, "key": key, "status": "success", "error_message": None, "jpg": picture.data}


class Urls:
    """Addresses, texts, digests and scores without a picture, for sharing; img2dataset fetches and verifies them."""

    suffix = ".parquet"
    columns = WITHOUT_IMAGE

    def write(self, path: Path, rows: Iterable[Mapping[str, Any]], number: int) -> int:
        """See `Layout`."""
        return write_rows(path, URLS, map(named, rows))


def write_rows(path: Path, schema: pa.Schema, rows: Iterable[Mapping[str, Any] | None]) -> int:
    """Write the rows that are there as Parquet, some at a time; how many they were."""
    count, waiting = 0, []
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for row in rows:
            if row is not None:
                waiting.append({name: row.get(name) for name in schema.names})
            if len(waiting) == ROWS_HELD:
                count += flush(writer, waiting, schema)
        count += flush(writer, waiting, schema)
    return count


def flush(writer: pq.ParquetWriter, rows: list[dict[str, Any]], schema: pa.Schema) -> int:
    """Write the rows that wait as a row group, and empty the list; how many they were."""
    count = len(rows)
    if rows:
        writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    rows.clear()
    return count


LAYOUTS: Final[Mapping[str, Layout]] = {"webdataset": WebDataset(), "img2dataset": Img2Dataset(), "urls": Urls()}
