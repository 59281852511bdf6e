"""A person's verdicts on pairs of a crawl: which there are to give, and the Parquet file that keeps those given."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from crawler.items import CANDIDATE_SCHEMA, Text, versioned
from filters.text import TextFilter
from scoring.fitting.page_texts import cleaned_texts

VERDICTS: Final = ("relevant", "not_relevant", "skipped")
FOLDER_KEY: Final = b"lait.candidates"
LABEL_SCHEMA: Final = versioned(
    "label",
    1,
    [
        pa.field("image_sha256", pa.string(), False),
        pa.field("source", pa.string(), False),
        pa.field("text", pa.string(), False),
        pa.field("verdict", pa.string(), False),
    ],
)


class LabelsError(Exception):
    """Candidates or labels cannot be used; the message is one line that says what to do next."""


@dataclass(frozen=True, slots=True)
class Label:
    """One verdict.

    Attributes:
        image_sha256: of the candidate's image.
        source: where the text stood, one of `TEXT_SOURCES`.
        text: cleaned.
        verdict: one of `VERDICTS`.
    """

    image_sha256: str
    source: str
    text: str
    verdict: str


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """A candidate as a person judges it.

    Attributes:
        image_sha256: of its image.
        image_url: where it came from.
        page_url: the page it stands on.
        texts: cleaned, at least one, in source order.
        shard: the file that holds its bytes.
        row_group: in that file.
        row: in that row group.
    """

    image_sha256: str
    image_url: str
    page_url: str
    texts: tuple[Text, ...]
    shard: Path
    row_group: int
    row: int

    def image(self) -> bytes:
        """The image file as served."""
        column = pq.ParquetFile(self.shard).read_row_group(self.row_group, columns=["image"]).column(0)
        data: bytes = column[self.row].as_py()
        return data


def read_candidates(folder: Path) -> list[LabelledPage]:
    """The candidates of a crawl that have an image and a usable text, each image once; no bytes are held.

    Raises:
        LabelsError: there are none, or a file is not a candidate shard.
    """
    shards = sorted(folder.glob("*.parquet")) if folder.is_dir() else [folder]
    pages: dict[str, LabelledPage] = {}
    for shard in shards:
        for page in _pages(shard):
            pages.setdefault(page.image_sha256, page)
    if not pages:
        raise LabelsError(f"{folder} holds no candidate with an image and a usable text; give a crawl's folder")
    return list(pages.values())


def shuffled_pairs(pages: Sequence[LabelledPage], seed: int) -> list[tuple[LabelledPage, Text]]:
    """Every pair there is to judge, in an order that mixes pages, the same for the same seed."""
    pairs = [(page, text) for page in pages for text in page.texts]
    Random(seed).shuffle(pairs)
    return pairs


def read_labels(path: Path) -> tuple[list[Label], Path]:
    """The verdicts in a file, and the folder of candidates that they were given on.

    Raises:
        LabelsError: there is no such file, or it holds no labels.
    """
    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise LabelsError(f"{path} does not exist; make it: python -m scoring.label CANDIDATES") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise LabelsError(f"{path} is not a whole Parquet file ({error}); label again") from error
    found = table.schema.metadata or {}
    if found.get(b"lait.schema") != b"label" or FOLDER_KEY not in found:
        raise LabelsError(f"{path} holds no labels; make some: python -m scoring.label CANDIDATES")
    return [Label(**row) for row in table.to_pylist()], Path(found[FOLDER_KEY].decode())


def write_labels(path: Path, labels: Sequence[Label], candidates: Path) -> None:
    """Replace the file of labels as a whole, so that a reader or a power cut never meets half of it."""
    schema = LABEL_SCHEMA.with_metadata({**LABEL_SCHEMA.metadata, FOLDER_KEY: str(candidates.resolve()).encode()})
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    with partial.open("wb") as file:
        pq.write_table(pa.Table.from_pylist([asdict(label) for label in labels], schema=schema), file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _pages(shard: Path) -> Iterator[LabelledPage]:
    try:
        file = pq.ParquetFile(shard)
    except FileNotFoundError:
        raise LabelsError(f"{shard} does not exist; give a crawl's folder") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise LabelsError(f"{shard} is not a whole Parquet file ({error}); fetch it again") from error
    if (file.schema_arrow.metadata or {}).get(b"lait.schema") != CANDIDATE_SCHEMA.metadata[b"lait.schema"]:
        raise LabelsError(f"{shard} holds no candidates; give the folder that a crawl wrote")
    cleaning = TextFilter()
    for group in range(file.num_row_groups):
        table = file.read_row_group(group, columns=["image_sha256", "image_url", "page_url", "texts"])
        for row, found in enumerate(table.to_pylist()):
            texts = cleaned_texts([Text(**text) for text in found["texts"]], cleaning)
            if found["image_sha256"] and texts:
                yield LabelledPage(
                    found["image_sha256"], found["image_url"], found["page_url"], texts, shard, group, row
                )
