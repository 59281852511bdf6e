"""Rows streamed into Parquet shards that are cut by size and put in their place together, when all are whole."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from crawler.whole_files import sync_folder

SHARD_BYTES: Final = 128 << 20  # on disk; some 60,000 candidates without pictures
ROW_GROUP: Final = 1_000  # rows; what is held in memory


class RowShards:
    """Rows of one schema, on their way to `FOLDER/NAME-NNNNN.parquet`; the same rows give the same bytes.

    Use it as a context manager: what was not put in its place when the block ends is removed.
    """

    def __init__(
        self, drafts: Path, folder: Path, name: str, schema: pa.Schema, shard_bytes: int = SHARD_BYTES
    ) -> None:
        self.rows = 0
        drafts.mkdir(parents=True, exist_ok=True)
        # A folder of its own: the worker of a run that was killed may still be at it when the next run is.
        self._drafts = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=drafts))
        self._folder, self._name, self._schema = folder, name, schema
        self._shard_bytes = shard_bytes
        self._waiting: list[Mapping[str, Any]] = []
        self._whole: list[Path] = []
        self._file: BinaryIO | None = None
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            with suppress(OSError):  # a full disk, which has been told already
                self._file.close()
        shutil.rmtree(self._drafts, ignore_errors=True)

    def add(self, row: Mapping[str, Any]) -> None:
        """Take a row.

        Raises:
            OSError: the disk is full.
        """
        self.rows += 1
        self._waiting.append(row)
        if len(self._waiting) >= ROW_GROUP:
            self._write()

    def finish(self) -> list[str]:
        """Put every shard in its place, at least one; their names. Shards of that name from before are replaced.

        Raises:
            OSError: the disk is full.
        """
        if self._waiting or not (self._whole or self._writer):
            self._write()
        self._close()
        self._folder.mkdir(parents=True, exist_ok=True)
        names = [path.name for path in self._whole]
        remove(path for path in self._folder.glob(f"{self._name}-*.parquet") if path.name not in names)
        for path in self._whole:
            path.replace(self._folder / path.name)
        sync_folder(self._folder)
        return names

    def _write(self) -> None:
        """Write the rows that wait as a row group, and end the shard where that makes it large enough."""
        if self._file is None:
            self._file = (self._drafts / f"{self._name}-{len(self._whole):05d}.parquet").open("wb")
            self._writer = pq.ParquetWriter(self._file, self._schema, compression="zstd")
        if self._writer is not None and self._waiting:
            self._writer.write_table(pa.Table.from_pylist(self._waiting, schema=self._schema))
        self._waiting = []
        if self._file.tell() >= self._shard_bytes:
            self._close()

    def _close(self) -> None:
        """Make the open shard whole and lasting."""
        if self._writer is None or self._file is None:
            return
        self._writer.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._whole.append(Path(self._file.name))
        self._file = self._writer = None


def remove(paths: Iterable[Path]) -> None:
    """Remove files; those that are gone already are no error."""
    for path in paths:
        path.unlink(missing_ok=True)
