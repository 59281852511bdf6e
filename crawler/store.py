"""Parquet shards that are whole or absent: each is written beside its place, flushed to disk, then renamed."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

SHARD_BYTES: Final = 128 * 2**20  # of row data: a few hundred photos, and what a crash can lose
SHARD_ROWS: Final = 10_000
ROW_GROUP_BYTES: Final = 16 * 2**20  # so that a reader need not hold a whole shard


class ParquetShards:
    """Rows of one schema, buffered and written as `FOLDER/PREFIX-NNNNN.parquet`.

    Shards that lie in the folder already are kept: numbering goes on after the highest. A failed write leaves neither
    a half-written file nor an emptied buffer, so `flush` can be tried again once there is room.

    Attributes:
        paths: the shards written so far by this writer, in order.
        rows: how many rows those hold.
    """

    def __init__(
        self,
        folder: Path,
        prefix: str,
        schema: pa.Schema,
        shard_bytes: int = SHARD_BYTES,
        shard_rows: int = SHARD_ROWS,
    ) -> None:
        if shard_bytes < 1 or shard_rows < 1:
            raise ValueError(f"a shard needs room for a row: shard_bytes={shard_bytes}, shard_rows={shard_rows}")
        folder.mkdir(parents=True, exist_ok=True)
        self.paths: list[Path] = []
        self.rows = 0
        self._folder, self._prefix, self._schema = folder, prefix, schema
        self._shard_bytes, self._shard_rows = shard_bytes, shard_rows
        self._buffer: list[Mapping[str, Any]] = []
        self._buffered_bytes = 0
        numbers = [path.stem.rpartition("-")[2] for path in folder.glob(f"{prefix}-*.parquet")]
        self._next = 1 + max((int(number) for number in numbers if number.isdigit()), default=-1)

    def add(self, row: Mapping[str, Any]) -> None:
        """Buffer a row, and write a shard when there are enough.

        Raises:
            OSError: the shard could not be written (no space left, folder gone).
        """
        self._buffer.append(row)
        self._buffered_bytes += row_bytes(row)
        if self._buffered_bytes >= self._shard_bytes or len(self._buffer) >= self._shard_rows:
            self.flush()

    def flush(self) -> None:
        """Write what is buffered as one shard; nothing when nothing is.

        Raises:
            OSError: it could not be written.
        """
        if not self._buffer:
            return
        table = pa.Table.from_pylist(self._buffer, schema=self._schema)
        mean = max(1, self._buffered_bytes // len(self._buffer))
        path = self._folder / f"{self._prefix}-{self._next:05d}.parquet"
        while not write_whole(path, table, row_group_size=max(1, ROW_GROUP_BYTES // mean)):
            self._next += 1
            path = self._folder / f"{self._prefix}-{self._next:05d}.parquet"
        self._next += 1
        self.paths.append(path)
        self.rows += len(self._buffer)
        self._buffer, self._buffered_bytes = [], 0

    def close(self) -> None:
        """Write what is left.

        Raises:
            OSError: it could not be written.
        """
        self.flush()


def row_bytes(row: Mapping[str, Any]) -> int:
    """About how much memory a row takes."""
    return 200 + sum(len(value) if isinstance(value, bytes | str) else 100 for value in row.values())


def write_whole(path: Path, table: pa.Table, row_group_size: int) -> bool:
    """Write a table so that `path` is either whole or not there, even after a power cut.

    Returns:
        Whether it was written: False when `path` exists, or when another process is writing it.

    Raises:
        OSError: it could not be written; nothing is left behind.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        file = partial.open("xb")  # the exclusive name is the claim on the number
    except FileExistsError:
        return False
    try:
        with file:
            if path.exists():
                return False
            pq.write_table(table, file, compression="zstd", row_group_size=row_group_size)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def write_text_whole(path: Path, text: str) -> None:
    """Replace a small text file at once: a reader sees the old one or the new one.

    Raises:
        OSError: it could not be written; the old one is untouched.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder last."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
