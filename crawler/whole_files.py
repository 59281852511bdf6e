"""Files that are whole or absent: each is written beside its place, flushed to disk, then renamed."""

import os
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

BATCH_ROWS: Final = 10_000  # in memory at once


def write_whole(path: Path, table: pa.Table, row_group_size: int, note: Callable[[Path], None]) -> bool:
    """Write a table so that `path` is either whole or not there, even after a power cut.

    Args:
        path: where to.
        table: what.
        row_group_size: rows.
        note: called with `path` once all is on the disk, just before the file appears there.

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
        note(path)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def replace_whole(path: Path, schema: pa.Schema, rows: Iterable[Mapping[str, Any]]) -> None:
    """Replace a table at once, however long: a reader sees the old one or the new one.

    Raises:
        OSError: it could not be written; the old one is untouched.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            with pq.ParquetWriter(file, schema, compression="zstd") as writer:
                rest = iter(rows)
                while some := list(islice(rest, BATCH_ROWS)):
                    writer.write_table(pa.Table.from_pylist(some, schema=schema))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


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


def fault_of(write: Callable[[], None]) -> OSError | None:
    """What kept something from being written; None when nothing did."""
    try:
        write()
    except OSError as error:
        return error
    return None
