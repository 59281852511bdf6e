"""The pages that a crawl's shards have records of, for a folder whose frontier is missing."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from crawler.frontier import FrontierError

FOLDERS: Final = {"candidates": "done", "refused": "refused"}  # of the output, and how the pages in them ended


@dataclass(frozen=True, slots=True)
class RecordedPage:
    """A page that ended.

    Attributes:
        url: after redirects, as the record has it.
        outcome: `done` or `refused`.
        at: ISO 8601 in UTC, to the second.
    """

    url: str
    outcome: str
    at: str


def recorded_pages(out: Path) -> Iterator[RecordedPage]:
    """All pages in the shards below `out`, candidates first.

    Raises:
        FrontierError: a shard cannot be read.
    """
    for shard in shards_of(out):
        yield from pages_in(out, shard)


def shards_of(out: Path) -> Iterator[str]:
    """The names of all shards below `out`, such as `refused/refused-00000.parquet`, candidates first."""
    for folder in FOLDERS:
        yield from (f"{folder}/{path.name}" for path in sorted((out / folder).glob("*.parquet")))


def pages_in(out: Path, shard: str) -> Iterator[RecordedPage]:
    """All pages in a shard.

    Raises:
        FrontierError: it cannot be read.
    """
    path = out / shard
    outcome = FOLDERS[path.parent.name]
    try:
        columns = pq.read_table(path, columns=["page_url", "fetched_at"])
        rows = zip(columns["page_url"].to_pylist(), columns["fetched_at"].to_pylist(), strict=True)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise FrontierError(
            f"cannot read {path} ({str(error).splitlines()[0]}): move it away, or give another folder with -a out=DIR"
        ) from error
    yield from (RecordedPage(url, outcome, at) for url, at in rows)


def remove_partials(out: Path) -> None:
    """Remove what a killed process left half written; whoever calls holds the folder's lock."""
    for partial in (path for name in FOLDERS for path in (out / name).glob(".*.partial")):
        partial.unlink(missing_ok=True)
