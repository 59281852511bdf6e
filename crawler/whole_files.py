"""Files that are whole or absent: each is written beside its place, flushed to disk, then renamed."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

BATCH_ROWS: Final = 10_000  # in memory at once


def write_whole(
    path: Path, schema: pa.Schema, rows: Sequence[Mapping[str, Any]], row_group_size: int, note: Callable[[Path], None]
) -> bool:
    """Write a table so that `path` is either whole or not there, even after a power cut.

    Args:
        path: where to.
        schema: of the table.
        rows: what.
        row_group_size: rows. No more are made Arrow's at once: memory that is used again costs a tenth of new memory.
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
            with pq.ParquetWriter(file, schema, compression=compression_of(schema)) as writer:
                for start in range(0, len(rows), row_group_size):
                    group = pa.Table.from_pylist(rows[start : start + row_group_size], schema=schema)
                    writer.write_table(group, row_group_size=row_group_size)
            file.flush()
            os.fsync(file.fileno())
        note(path)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def compression_of(schema: pa.Schema) -> dict[str, str]:
    """How each column of a file is stored: binary ones as they are, since images are compressed already, others by zstd."""
    compressed = {path: "zstd" for field in schema for path in leaves(field.name, field.type)}
    return compressed | {field.name: "none" for field in schema if pa.types.is_binary(field.type)}


def leaves(path: str, kind: pa.DataType) -> Iterator[str]:
    """The paths of the columns that a field is stored as."""
    if pa.types.is_list(kind):
        yield from leaves(f"{path}.list.element", kind.value_type)
    elif pa.types.is_struct(kind):
        for field in kind:
            yield from leaves(f"{path}.{field.name}", field.type)
    else:
        yield path


def replace_whole(path: Path, schema: pa.Schema, rows: Iterable[Mapping[str, Any]]) -> None:
    """Replace a table at once, however long: a reader sees the old one or the new one.

    Raises:
        OSError: it could not be written; the old one is untouched.
    """
    with replacing(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        rest = iter(rows)
        while some := list(islice(rest, BATCH_ROWS)):
            writer.write_table(pa.Table.from_pylist(some, schema=schema))


def write_text_whole(path: Path, text: str) -> None:
    """Replace a small text file at once: a reader sees the old one or the new one.

    Raises:
        OSError: it could not be written; the old one is untouched.
    """
    with replacing(path) as file:
        file.write(text.encode())


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` when the block ends well, flushed to disk; else the old one stays."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            yield file
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
