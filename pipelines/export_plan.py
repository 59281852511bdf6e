"""What an export writes, settled before it starts: which rows of the corpus become which file."""

import fcntl
import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from pipelines.schema import PAIR_SCHEMA, DataError, open_shard
from pipelines.shards import fingerprint, read_json, write_json

VERSION: Final = 1  # of what the layouts write; another one writes everything anew
OURS: Final = re.compile(r"\d{5,}(\.tar|\.parquet|_stats\.json)|sizes\.json|\.export|\..*\.tmp")
BATCH: Final = 64  # rows in memory at once


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive rows of one corpus shard that become one file.

    Attributes:
        number: of the file.
        path: the corpus's shard; a file never holds rows of two, so that a takedown leaves most of an export as it is.
        first: its first row.
        last: one past its last row.
        made_from: digest of all that decides what the file holds.
    """

    number: int
    path: Path
    first: int
    last: int
    made_from: str


def planned(paths: Sequence[Path], to: str, shard_pairs: int) -> list[Piece]:
    """The files to write, in order; at least one, empty where the corpus is."""
    pieces: list[Piece] = []
    for path in paths:
        with open_shard(path, PAIR_SCHEMA) as shard:
            rows = shard.metadata.num_rows
        state = fingerprint(path)
        for first in range(0, rows, shard_pairs):
            last = min(rows, first + shard_pairs)
            made_from = hashlib.sha256(f"{VERSION} {to} {state} {first} {last} {len(pieces)}".encode()).hexdigest()
            pieces.append(Piece(len(pieces), path, first, last, made_from))
    return pieces or [Piece(0, paths[0], 0, 0, f"{VERSION} {to} empty")]


def rows_of(piece: Piece, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The piece's rows in order, reading only row groups that hold some of them.

    Raises:
        DataError: the shard is damaged.
    """
    try:
        with open_shard(piece.path, PAIR_SCHEMA) as shard:
            start = 0
            for group in range(shard.num_row_groups):
                rows = shard.metadata.row_group(group).num_rows
                if start < piece.last and start + rows > piece.first:
                    at = start
                    for batch in shard.iter_batches(BATCH, [group], list(columns)):
                        low, high = max(piece.first - at, 0), min(piece.last - at, len(batch))
                        yield from batch.slice(low, max(high - low, 0)).to_pylist()
                        at += len(batch)
                start += rows
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{piece.path} is damaged inside ({error}); restore it or build the corpus again") from error


@contextmanager
def reserved(out: Path, to: str) -> Iterator[None]:
    """Hold the folder for the time of the block.

    Raises:
        DataError: it is something else's, cannot be written, or another export is at it.
    """
    foreign = sorted(path.name for path in out.iterdir() if not OURS.fullmatch(path.name)) if out.is_dir() else []
    if foreign:
        raise DataError(f"{out}/ holds {foreign[0]}, not made by this command; give another --out")
    try:
        (out / ".export").mkdir(parents=True, exist_ok=True)
        lock = (out / ".export" / "lock").open("a")
    except OSError as error:
        raise DataError(f"cannot write to {out}/ ({error.strerror}); give another --out") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(f"another export is writing {out}; wait for it or give another --out") from None
        before = read_json(out / ".export" / "layout.json").get("to", to)
        if before != to:
            raise DataError(f"{out}/ holds an export --to {before}; give another --out")
        write_json(out / ".export" / "layout.json", {"to": to})
        yield
