"""Tables in files, read a batch of rows at a time however large they are: Parquet, CSV, TSV and JSON lines."""

import csv
import gzip
import json
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, Final, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

BATCH_ROWS: Final = 1_000  # in memory at once
READ_BYTES: Final = 2**20  # of a column at once: a row group of LAION's holds hundreds of megabytes
MAX_CELL: Final = 2**20  # characters of a CSV cell
DELIMITERS: Final = {".csv": ",", ".tsv": "\t"}
JSON_LINES: Final = (".jsonl", ".ndjson")
SUFFIXES: Final = (".parquet", *DELIMITERS, *JSON_LINES)  # all but Parquet may end in `.gz` as well

Row = dict[str, Any]


class TableError(Exception):
    """A table cannot be read; the message says why, without the file's name."""


def is_table(path: Path) -> bool:
    """Whether a file's name is that of a table; those that start with a dot or `_` are somebody's scratch files."""
    return kind_of(path) in SUFFIXES and path.name[0] not in "._"


def kind_of(path: Path) -> str:
    """The suffix that tells the format, in lower case, such as `.csv` of `a.csv.gz`."""
    name = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    suffix = name.suffix.lower()
    return "" if name is not path and suffix == ".parquet" else suffix


def columns_of(path: Path) -> tuple[str, ...]:
    """The names of a table's columns: those of its first row where rows name them themselves.

    Raises:
        TableError: it cannot be read, or has no row.
    """
    if kind_of(path) != ".parquet":
        with closing(text_rows(path)) as rows:
            return tuple(first) if (first := next(rows, None)) else empty()
    with opened(path) as file:
        names: list[str] = file.schema_arrow.names
        return tuple(names) if file.metadata.num_rows else empty()


def metadata_of(path: Path) -> dict[bytes, bytes]:
    """What a Parquet file says of itself; {} of another table.

    Raises:
        TableError: it cannot be read.
    """
    if kind_of(path) != ".parquet":
        return {}
    with opened(path) as file:
        return dict(file.schema_arrow.metadata or {})


def batches(path: Path, columns: tuple[str, ...], skip: int = 0) -> Iterator[list[Row]]:
    """The rows of a table from row number `skip` on, up to `BATCH_ROWS` at a time.

    Args:
        path: of the table.
        columns: the ones to read; None stands for a cell that a row lacks.
        skip: rows to leave out. Parquet's are passed over unread, but for those in the same row group.

    Raises:
        TableError: it cannot be read, or not any further.
    """
    if kind_of(path) == ".parquet":
        yield from parquet_batches(path, columns, skip)
        return
    with closing(text_rows(path)) as all_rows:
        rows = islice(all_rows, skip, None)
        while batch := list(islice(rows, BATCH_ROWS)):
            yield [{name: row.get(name) for name in columns} for row in batch]


def parquet_batches(path: Path, columns: tuple[str, ...], skip: int) -> Iterator[list[Row]]:
    """See `batches`."""
    with opened(path) as file:
        groups = list(range(file.num_row_groups))
        while groups and (size := file.metadata.row_group(groups[0]).num_rows) <= skip:
            skip -= size
            groups.pop(0)
        if not groups:
            return
        try:
            for batch in file.iter_batches(BATCH_ROWS, row_groups=groups, columns=list(columns)):
                rows = batch.to_pylist()
                if skip < len(rows):
                    yield rows[skip:]
                skip = max(0, skip - len(rows))
        except (pa.ArrowException, OSError, ValueError) as error:
            raise TableError(first_line(error)) from error


def opened(path: Path) -> pq.ParquetFile:
    """A Parquet file of which little is held in memory.

    Raises:
        TableError: it cannot be read.
    """
    try:
        return pq.ParquetFile(path, buffer_size=READ_BYTES)
    except (pa.ArrowException, OSError) as error:
        raise TableError(first_line(error)) from error


def text_rows(path: Path) -> Generator[Row, None, None]:
    """The rows of a table that is text.

    Raises:
        TableError: it cannot be read, or not any further.
    """
    try:
        opener = gzip.open if path.suffix.lower() == ".gz" else open
        with opener(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as file:
            yield from json_rows(file) if kind_of(path) in JSON_LINES else csv_rows(file, DELIMITERS[kind_of(path)])
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise TableError(first_line(error)) from error


def csv_rows(file: TextIO, delimiter: str) -> Iterator[Row]:
    """The rows below the line of names, each as long as that line or shorter."""
    csv.field_size_limit(MAX_CELL)
    rows = csv.reader(file, delimiter=delimiter)
    names = next(rows, [])
    return (dict(zip(names, row, strict=False)) for row in rows if row)


def json_rows(file: TextIO) -> Iterator[Row]:
    """One JSON object a line; blank lines are passed over.

    Raises:
        TableError: a line holds something else.
    """
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise TableError(f"line {number} is no JSON object")
        yield row


def empty() -> tuple[str, ...]:
    """Never answers.

    Raises:
        TableError: always.
    """
    raise TableError("it has no rows")


def first_line(error: Exception) -> str:
    """An error's message, which may run over many lines."""
    message = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(message).splitlines()[0].rstrip(".")
