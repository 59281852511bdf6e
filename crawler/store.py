"""Parquet shards that are whole or absent: rows are buffered until there are enough of them."""

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa

from crawler.frontier import Ended
from crawler.spool import Spool
from crawler.whole_files import write_whole

SHARD_ROWS: Final = 10_000
SHARD_BYTES: Final = 128 * 2**20  # of row data: a few hundred photos
ROW_GROUP_BYTES: Final = 16 * 2**20  # so that a reader need not hold a whole shard


class Journal(Protocol):
    """What is told of records: they are spooled, their shard is about to appear, it has; see `crawler.frontier.Frontier`."""

    def spooling(self, key: bytes) -> None:
        """The record of a unit is about to be put into the spool."""

    def writing(self, shard: str, ends: Iterable[Ended]) -> None:
        """A shard is about to appear."""

    def written(self, shard: str) -> None:
        """It has."""


class ParquetShards:
    """Rows of one schema, buffered and written as `FOLDER/PREFIX-NNNNN.parquet`.

    Shards that lie in the folder already are kept: numbering goes on after the highest. A failed write leaves neither
    a half-written file nor an emptied buffer, so `flush` can be tried again once there is room. A journal hears of each
    shard, as `FOLDER/NAME`, together with the units of work that end with it. A spool is given what is buffered, for
    another run to `recover`, and cleared when that is in a shard.

    Attributes:
        paths: the shards written so far by this writer, in order.
        rows: how many rows those hold.
        recovered: how many rows came from an earlier run's spool.
        spooled: how many of the buffered rows the spool has.
    """

    def __init__(
        self,
        folder: Path,
        prefix: str,
        schema: pa.Schema,
        shard_bytes: int = SHARD_BYTES,
        shard_rows: int = SHARD_ROWS,
        journal: Journal | None = None,
        spool: Spool | None = None,
    ) -> None:
        if shard_bytes < 1 or shard_rows < 1:
            raise ValueError(f"a shard needs room for a row: shard_bytes={shard_bytes}, shard_rows={shard_rows}")
        folder.mkdir(parents=True, exist_ok=True)
        self.paths: list[Path] = []
        self.rows = self.recovered = self.spooled = 0
        self._folder, self._prefix, self._schema = folder, prefix, schema
        self._shard_bytes, self._shard_rows = shard_bytes, shard_rows
        self._journal, self._spool = journal, spool
        self._buffer: list[Mapping[str, Any]] = []
        self._ends: list[Ended] = []
        self._buffered_bytes = 0
        self._since = 0.0  # when the first row was buffered, on the monotonic clock
        numbers = [path.stem.rpartition("-")[2] for path in folder.glob(f"{prefix}-*.parquet")]
        self._next = 1 + max((int(number) for number in numbers if number.isdigit()), default=-1)

    def add(self, row: Mapping[str, Any], ended: Ended | None = None) -> None:
        """Buffer a row, and write a shard when there are enough.

        Args:
            row: of the schema.
            ended: the unit of work that ends with the row.

        Raises:
            OSError: the row could not be spooled, or the shard not be written (no space left, folder gone); it is
                buffered.
        """
        self._put(row, ended)
        if self._spool is not None and self._spool.is_on and ended is not None:
            if self._journal is not None:
                self._journal.spooling(ended.key)
            self._spool.append(row, ended)
            self.spooled += 1
        self._flush_full()

    def recover(self, hold: Callable[[bytes], bool]) -> list[str]:
        """Buffer the rows that an earlier run left in the spool; to be called before anything is added.

        Args:
            hold: whether the row of the unit with that key is to be used.

        Returns:
            Warnings, a line each.

        Raises:
            OSError: the spool could not be read, or a shard not be written.
        """
        if self._spool is None:
            return []
        for row, ended in self._spool.left():
            if hold(ended.key):
                self._put(row, ended)
                self.recovered += 1
                self.spooled += 1
                self._flush_full()
        if not self._buffer:
            self._spool.clear()
        return self._spool.warnings

    def _put(self, row: Mapping[str, Any], ended: Ended | None) -> None:
        if not self._buffer:
            self._since = time.monotonic()
        self._buffer.append(row)
        if ended is not None:
            self._ends.append(ended)
        self._buffered_bytes += row_bytes(row)

    def _flush_full(self) -> None:
        if self._buffered_bytes >= self._shard_bytes or len(self._buffer) >= self._shard_rows:
            self.flush()

    def flush_older(self, seconds: float) -> None:
        """Write what is buffered if its first row has been for longer than that.

        Raises:
            OSError: it could not be written.
        """
        if self._buffer and time.monotonic() - self._since > seconds:
            self.flush()

    def flush(self) -> None:
        """Write what is buffered as one shard; nothing when nothing is.

        Raises:
            OSError: it could not be written.
        """
        if not self._buffer:
            return
        size = max(1, ROW_GROUP_BYTES * len(self._buffer) // max(1, self._buffered_bytes))
        while not write_whole(path := self._place(), self._schema, self._buffer, size, self._note):
            self._next += 1
        self._next += 1
        self.paths.append(path)
        self.rows += len(self._buffer)
        self._buffer, self._ends, self._buffered_bytes, self.spooled = [], [], 0, 0
        if self._journal is not None:
            self._journal.written(self._name(path))
        if self._spool is not None:
            self._spool.clear()

    def _place(self) -> Path:
        return self._folder / f"{self._prefix}-{self._next:05d}.parquet"

    def _name(self, path: Path) -> str:
        return f"{self._folder.name}/{path.name}"

    def _note(self, path: Path) -> None:
        if self._journal is not None:
            self._journal.writing(self._name(path), self._ends)

    def close(self) -> None:
        """Write what is left.

        Raises:
            OSError: it could not be written.
        """
        self.flush()


def row_bytes(row: Mapping[str, Any]) -> int:
    """About how much memory a row takes."""
    return 200 + sum(len(value) if isinstance(value, bytes | str) else 100 for value in row.values())
