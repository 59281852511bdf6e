"""Input shards cut into slices of bounded size, and files that are written whole or not at all."""

import errno
import hashlib
import json
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crawler.items import CANDIDATE_SCHEMA
from crawler.whole_files import sync_folder
from pipelines.schema import DataError, open_shard

OUT_OF_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class Slice:
    """Consecutive row groups of one candidate shard: the unit of work, of memory and of resumption.

    Attributes:
        path: the shard.
        first: its first row group.
        last: one past its last row group.
        rows: candidates in it.
        fingerprint: digest of the shard's footer, size and time of change, as `make` would look at it.
    """

    path: str
    first: int
    last: int
    rows: int
    fingerprint: str

    @property
    def name(self) -> str:
        """A file name of its own: readable, and distinct for shards of one name in different folders."""
        place = hashlib.sha256(str(Path(self.path).parent).encode()).hexdigest()[:6]
        return f"{Path(self.path).stem}-{place}-{self.first:05d}"


def candidate_shards(source: Path) -> list[Path]:
    """The candidate shards a user means by `source`: a file, a folder of shards, or a crawl's folder.

    Raises:
        DataError: there are none.
    """
    if source.is_file():
        return [source]
    if not source.exists():
        raise DataError(
            f"{source} does not exist; crawl first (scrapy crawl webpages -a out={source}) or check --input"
        )
    crawled = (source / "candidates").is_dir()  # then what lies beside that folder is no candidates
    found = sorted(source.glob("candidates/*.parquet" if crawled else "*.parquet"))
    paths = [path for path in found if path.is_file()]  # a corpus beside the shards is a folder of that ending
    if not paths:
        raise DataError(f"{source}/ holds no candidate shards; crawl first, or check --input")
    return paths


def slices(paths: Sequence[Path], max_bytes: int) -> list[Slice]:
    """Cut the shards into runs of row groups of at most `max_bytes` (one row group at least), in order.

    Raises:
        DataError: a shard is damaged or holds something other than candidates.
    """
    cut = []
    for path in paths:
        with open_shard(path, CANDIDATE_SCHEMA) as shard:
            groups = [shard.metadata.row_group(index) for index in range(shard.num_row_groups)]
        state, first, size = fingerprint(path), 0, 0
        for index, group in enumerate(groups):
            size += group.total_byte_size
            after = groups[index + 1].total_byte_size if index + 1 < len(groups) else max_bytes
            if size + after > max_bytes:
                rows = sum(done.num_rows for done in groups[first : index + 1])
                cut.append(Slice(str(path), first, index + 1, rows, state))
                first, size = index + 1, 0
    return cut


def fingerprint(path: Path) -> str:
    """Digest of a Parquet file's footer, size and modification time: no second look at terabytes."""
    status = path.stat()
    with path.open("rb") as file:
        file.seek(-8, os.SEEK_END)
        footer = int.from_bytes(file.read(4), "little")
        file.seek(-min(status.st_size, 8 + footer), os.SEEK_END)
        return hashlib.sha256(f"{status.st_size} {status.st_mtime_ns} ".encode() + file.read()).hexdigest()


def candidate_rows(piece: Slice, batch_size: int) -> Iterator[list[dict[str, Any]]]:
    """The slice's rows in order, `batch_size` at a time.

    Raises:
        DataError: the shard's footer is whole but its data is not.
    """
    try:
        with open_shard(Path(piece.path), CANDIDATE_SCHEMA) as shard:
            for batch in shard.iter_batches(batch_size, row_groups=range(piece.first, piece.last)):
                yield batch.to_pylist()
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{piece.path} is damaged inside ({error}); delete it or fetch it again") from error


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that becomes `path`, synced to disk, when the block ends well.

    Raises:
        DataError: the disk is full; whatever stood at `path` before still does.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        yield draft
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        if error.errno not in OUT_OF_SPACE:
            raise
        raise DataError(
            f"no space left for {path}; free some and run the same command again: what is finished is kept"
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def write_parquet(path: Path, rows: Iterable[Mapping[str, Any]], schema: pa.Schema, row_group_size: int) -> None:
    """Write `rows` as one zstd Parquet file, by rename; the same rows give the same bytes."""
    table = pa.Table.from_pylist(list(rows), schema=schema)
    with whole_file(path) as draft:
        pq.write_table(table, draft, row_group_size=row_group_size, compression="zstd")


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write `value` as JSON, by rename."""
    with whole_file(path) as draft:
        draft.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object at `path`; empty when there is none, or one cut short by a crash of the machine."""
    try:
        value = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return value if isinstance(value, dict) else {}
