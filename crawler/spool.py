"""Records on disk as soon as they are made: a crawl that is killed goes on from them instead of fetching them again.

A spool is segments, `FOLDER/NAME-NNNNN.spool`: one for each shard to come, removed once that is in place. A segment is
frames: length and CRC-32 of a body, 4 bytes each, then the body. The first body says what the segment holds, each
other is a record: the length of a JSON object, the object, and the values that are bytes, one after the other.

Nothing is forced to the disk. What is written survives a kill of the process, perhaps not a power cut.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from struct import Struct
from typing import IO, Any, Final
from zlib import crc32

import pyarrow as pa

from crawler.frontier import Ended

FOLDER: Final = "spool"  # of the output
VERSION: Final = 1  # of the frames
HEAD: Final = Struct("<II")  # length and CRC-32 of a body
JSON_LENGTH: Final = Struct("<I")

Record = tuple[dict[str, Any], Ended]  # a row of a shard, and the unit of work that ended with it


class Spool:
    """The records of one writer of shards that are in no shard yet.

    Methods raise `OSError` when something cannot be read or written.

    Attributes:
        is_on: whether records are to be appended; those that an earlier run left are given out in any case.
        warnings: a line for each segment that `left` could not read to its end.
    """

    def __init__(self, out: Path, name: str, schema: pa.Schema, is_on: bool = True) -> None:
        self.is_on = is_on
        self.warnings: list[str] = []
        self._folder, self._name = out / FOLDER, name
        of = schema.metadata
        self._title = b"lait spool %d %s %s" % (VERSION, of[b"lait.schema"], of[b"lait.version"])
        numbers = (path.stem.rpartition("-")[2] for path in self._folder.glob(f"{name}-*.spool"))
        found = sorted(int(number) for number in numbers if number.isdigit())
        self._left = [self._segment(number) for number in found]
        self._next = 1 + max(found, default=-1)
        self._current: Path | None = None  # the segment that is appended to
        self._given: list[Path] = []  # segments of which every record is with whoever writes the shards

    def append(self, row: Mapping[str, Any], ended: Ended) -> None:
        """Write a record; one that finds no room leaves no trace, so that a later one can be read."""
        if self._current is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._current = self._segment(self._next)
            self._next += 1
            self._given.append(self._current)
        with self._current.open("ab", buffering=0) as file:
            size = file.tell()
            data = (frame(self._title) if size == 0 else b"") + frame(body_of(row, ended))
            try:
                write_all(file, data)
            except OSError:
                file.truncate(size)
                if not size:
                    self._current.unlink(missing_ok=True)
                    self._current = None
                raise

    def left(self) -> Iterator[Record]:
        """The records that were there when the spool was opened, oldest first, as far as each segment is whole; once."""
        for path in self._left:
            size, end = path.stat().st_size, 0
            with path.open("rb") as file:
                whole = frames(file, size)
                if next(whole, b"") == self._title:  # else it is of another version
                    end = HEAD.size + len(self._title)
                    for body in whole:
                        end += HEAD.size + len(body)
                        yield record_from(body)
            if end < size:
                self.warnings.append(
                    f"warning: {path} cannot be read from byte {end:,} on, as after a kill in the middle of a write: the "
                    "pages recorded there are fetched again"
                )
            self._given.append(path)

    def clear(self) -> None:
        """Remove all segments that were appended to or given out: their records are in shards."""
        for path in self._given:
            path.unlink(missing_ok=True)
        self._given.clear()
        self._current = None
        with suppress(OSError):  # the other writer's segments are there, or there is no spool
            self._folder.rmdir()

    def _segment(self, number: int) -> Path:
        return self._folder / f"{self._name}-{number:05d}.spool"


def remove_spool(out: Path) -> None:
    """Remove what is left of a spool when every unit of work has ended, so that all its records are in shards.

    Raises:
        OSError: it cannot be removed.
    """
    for path in (out / FOLDER).glob("*.spool"):
        path.unlink()
    with suppress(OSError):
        (out / FOLDER).rmdir()


def frame(body: bytes) -> bytes:
    """A body with its length and checksum before it."""
    return HEAD.pack(len(body), crc32(body)) + body


def frames(file: IO[bytes], size: int) -> Iterator[bytes]:
    """The bodies in a file of that size, up to the first that is cut or damaged."""
    while len(head := file.read(HEAD.size)) == HEAD.size:
        length, checksum = HEAD.unpack(head)
        if not 0 < length <= size - file.tell():  # zeros, which a power cut may leave, would pass for an empty body
            return
        if crc32(body := file.read(length)) != checksum:
            return
        yield body


def body_of(row: Mapping[str, Any], ended: Ended) -> bytes:
    """A record as one body; the values of the row are what JSON has, or bytes."""
    blobs = {name: value for name, value in row.items() if isinstance(value, bytes)}
    about = {
        "ended": asdict(ended) | {"key": ended.key.hex()},
        "row": {name: value for name, value in row.items() if name not in blobs},
        "bytes": {name: len(blob) for name, blob in blobs.items()},
    }
    text = json.dumps(about).encode()
    return b"".join((JSON_LENGTH.pack(len(text)), text, *blobs.values()))


def record_from(body: bytes) -> Record:
    """The record in a body."""
    start = JSON_LENGTH.size + JSON_LENGTH.unpack_from(body)[0]
    about = json.loads(body[JSON_LENGTH.size : start])
    row = about["row"]
    for name, length in about["bytes"].items():
        row[name] = body[start : start + length]
        start += length
    ended = about["ended"]
    return row, Ended(**ended | {"key": bytes.fromhex(ended["key"])})


def write_all(file: IO[bytes], data: bytes) -> None:
    """Write to a file without a buffer, which may take a part and then say why it takes no more.

    Raises:
        OSError: not all could be written.
    """
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
