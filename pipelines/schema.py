"""The corpus's records, `Pair` and `Reject`, their Arrow schemas, and how a file of them is opened or refused."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from crawler.items import versioned


class DataError(Exception):
    """A file or folder the user gave cannot be used; the message is one line that says what to do next."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))  # what a library says of damage may have several lines


@dataclass(frozen=True, slots=True)
class Rival:
    """A text that competed for an image.

    Attributes:
        text: cleaned, or as found when cleaning dropped it.
        source: where on its page it stood.
        page_url: the page it came from.
        relevance: calibrated probability of describing the image; None when it was dropped before scoring.
        reason: why cleaning dropped it; None when it was scored.
    """

    text: str
    source: str
    page_url: str
    relevance: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Pair:
    """One row of the corpus: an image and the text that describes it.

    Attributes:
        image_sha256: hex digest of the image file; unique in a corpus.
        image: the image file as served.
        image_phash: 64-bit perceptual hash, 16 hex digits.
        width: pixels, as displayed (after EXIF rotation).
        height: pixels, as displayed.
        animated: the file has more pictures than the first, which alone was looked at.
        text: the cleaned description.
        text_source: where on the page it stood, one of `crawler.items.TEXT_SOURCES`.
        relevance: calibrated probability that the text describes the image.
        nsfw: the NSFW model's score in [0, 1]; higher is worse.
        natural: the naturalness model's score in [0, 1]; higher is more photo-like.
        rivals: the other texts seen with this image, on this page or on those merged into it, best first; of equal texts
            the best, and at most `pipelines.aggregation.MAX_RIVALS`.
        page_url: the page of the winning text.
        image_url: where the image was fetched from.
        license_url: the licence the page points to; None if it says nothing.
        fetched_at: ISO 8601 in UTC.
    """

    image_sha256: str
    image: bytes
    image_phash: str
    width: int
    height: int
    animated: bool
    text: str
    text_source: str
    relevance: float
    nsfw: float
    natural: float
    rivals: tuple[Rival, ...]
    page_url: str
    image_url: str
    license_url: str | None
    fetched_at: str

    def to_row(self) -> dict[str, Any]:
        """A row for `PAIR_SCHEMA`; `image` takes the {bytes, path} layout that Hugging Face datasets shows."""
        row = {name: getattr(self, name) for name in self.__slots__}
        row["image"] = {"bytes": self.image, "path": None}
        row["rivals"] = [asdict(rival) for rival in self.rivals]
        return row

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Pair":
        """The pair behind a row of `PAIR_SCHEMA`."""
        rivals = tuple(Rival(**rival) for rival in row["rivals"])
        return cls(**{**row, "image": row["image"]["bytes"], "rivals": rivals})


@dataclass(frozen=True, slots=True)
class Reject:
    """A candidate that is not in the corpus, and why; of one that a blocklist names, all but stage and reason is empty.

    Attributes:
        page_url: the candidate's page.
        image_url: the candidate's image.
        image_sha256: hex digest of the image; None without bytes.
        text: the text the decision fell on; None when it fell on the image.
        stage: blocklist, image, size, text, nsfw, natural, relevance, aggregation or error.
        reason: a lower-case word, stable for ever.
        detail: the value behind the reason, such as a score or the pair it was merged into; may be empty.
    """

    page_url: str
    image_url: str
    image_sha256: str | None
    text: str | None
    stage: str
    reason: str
    detail: str

    def to_row(self) -> dict[str, Any]:
        """A row for `REJECT_SCHEMA`."""
        return asdict(self)


IMAGE_TYPE: Final = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
RIVAL_TYPE: Final = pa.struct(
    [
        pa.field("text", pa.string(), False),
        pa.field("source", pa.string(), False),
        pa.field("page_url", pa.string(), False),
        pa.field("relevance", pa.float32()),
        pa.field("reason", pa.string()),
    ]
)

PAIR_SCHEMA: Final = versioned(
    "pair",
    2,
    [
        pa.field("image_sha256", pa.string(), False),
        pa.field("image", IMAGE_TYPE),  # nullable, or Hugging Face datasets would not know it for its own type
        pa.field("image_phash", pa.string(), False),
        pa.field("width", pa.int32(), False),
        pa.field("height", pa.int32(), False),
        pa.field("animated", pa.bool_(), False),
        pa.field("text", pa.string(), False),
        pa.field("text_source", pa.string(), False),
        pa.field("relevance", pa.float32(), False),
        pa.field("nsfw", pa.float32(), False),
        pa.field("natural", pa.float32(), False),
        pa.field("rivals", pa.list_(RIVAL_TYPE), False),
        pa.field("page_url", pa.string(), False),
        pa.field("image_url", pa.string(), False),
        pa.field("license_url", pa.string()),
        pa.field("fetched_at", pa.string(), False),
    ],
    huggingface='{"info": {"features": {"image": {"_type": "Image"}}}}',  # its datasets show a picture then
)

REJECT_SCHEMA: Final = versioned(
    "reject",
    1,
    [
        pa.field("page_url", pa.string(), False),
        pa.field("image_url", pa.string(), False),
        pa.field("image_sha256", pa.string()),
        pa.field("text", pa.string()),
        pa.field("stage", pa.string(), False),
        pa.field("reason", pa.string(), False),
        pa.field("detail", pa.string(), False),
    ],
)


def open_shard(path: Path, schema: pa.Schema) -> pq.ParquetFile:
    """A Parquet file that says of itself that it holds `schema`, at that version.

    Raises:
        DataError: it is missing, truncated, not Parquet, or of another kind or version.
    """
    name, version = (schema.metadata[key].decode() for key in (b"lait.schema", b"lait.version"))
    try:
        shard = pq.ParquetFile(path)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; check the path") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path} is not a whole Parquet file ({error}); delete it or fetch it again") from error
    found = shard.schema_arrow.metadata or {}
    fits = all(field.name in shard.schema_arrow.names for field in schema)
    if found.get(b"lait.schema", b"").decode() != name or not fits:
        raise DataError(
            f"{path} holds no {name} rows (columns: {', '.join(shard.schema_arrow.names[:6])}); give {name} shards"
        )
    if found.get(b"lait.version", b"none").decode() != version:
        raise DataError(
            f"{path} has {name} schema {found.get(b'lait.version', b'none').decode()}, this version reads {version}; rebuild it"
        )
    return shard


def shard_paths(source: Path, schema: pa.Schema) -> list[Path]:
    """The Parquet files of a corpus or crawl, sorted: `source` itself, or those in the folder `source`.

    Raises:
        DataError: there are none, or one of them is not a whole file of `schema`.
    """
    paths = sorted(path for path in source.glob("*.parquet") if path.is_file()) if source.is_dir() else [source]
    if not paths:
        raise DataError(f"{source}/ holds no *.parquet shards; check the path or make them first")
    for path in paths:
        open_shard(path, schema).close()
    return paths
