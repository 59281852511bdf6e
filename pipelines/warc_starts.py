"""Where records start in a WARC file, so that reading can go on behind damage.

https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/ (annex D for gzip) and
https://iipc.github.io/warc-specifications/specifications/warc-zstd/ for Zstandard and its dictionary.
"""

import io
import re
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from fastwarc.stream_io import GzipReader, ZstdReader
from fastwarc.warc import ArchiveIterator, WarcRecord

GZIP, ZSTD, DICTIONARY = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\x5d\x2a\x4d\x18"
RECORD: Final = re.compile(rb"WARC/\d\.\d{1,2}\r?\n(?:WARC|Content)-[A-Za-z-]{1,40}:")
BLOCK: Final = 1 << 20  # bytes looked through at once
HEAD: Final = 8192  # bytes of a member that are enough to unpack its first few
OVERLAP: Final = 80  # longer than what is looked for
MAX_DICTIONARY: Final = 16 << 20  # bytes; dictionaries are some hundred KB


class Archive:
    """An open WARC file: plain, gzip or Zstandard, told by its first bytes.

    Attributes:
        file: the file.
        magic: what each compressed member starts with; None where nothing is compressed.
        first: where the first record should start, in bytes as stored.
    """

    def __init__(self, file: BinaryIO, name: str = "") -> None:
        self.file = file
        file.seek(0)
        head = file.read(8)
        self.magic = magic_of(head, name)
        has_dictionary = head.startswith(DICTIONARY)
        self._dictionary = read_dictionary(file, head) if has_dictionary else None
        self.first = 8 + int.from_bytes(head[4:], "little") if has_dictionary else 0

    def start_from(self, offset: int, limit: int | None = None) -> int | None:
        """Where the first record that starts at or after `offset` does, in bytes as stored; None without one.

        Args:
            offset: where to look from.
            limit: how many bytes to look through; None for all.
        """
        for found in self._candidates(offset, None if limit is None else offset + limit):
            if self.magic is None or self._holds_record(found):
                return found
        return None

    def records(self, start: int) -> Iterator[WarcRecord]:
        """The records from the one that starts at `start` on; ends by an OSError at the first damage."""
        return iter(ArchiveIterator(self._reader(start), parse_http=False))

    def _candidates(self, offset: int, end: int | None) -> Iterator[int]:
        """Places that look like the start of a record."""
        pattern = RECORD if self.magic is None else re.compile(re.escape(self.magic))
        while end is None or offset < end:
            self.file.seek(offset)
            block = self.file.read(BLOCK + OVERLAP)
            for match in pattern.finditer(block):
                if match.start() < BLOCK:
                    yield offset + match.start()
            if len(block) <= BLOCK:
                return
            offset += BLOCK

    def _holds_record(self, offset: int) -> bool:
        """Whether the compressed member at `offset` starts with a record, whole or not."""
        try:
            if self.magic == GZIP:  # fastwarc unpacks all of a small member first, and fails where its end is bad
                self.file.seek(offset)
                return zlib.decompressobj(wbits=31).decompress(self.file.read(HEAD), 5) == b"WARC/"
            return bytes(self._reader(offset).read(5)) == b"WARC/"
        except (OSError, zlib.error):
            return False

    def _reader(self, offset: int) -> BinaryIO | GzipReader | ZstdReader:
        self.file.seek(offset)
        if self.magic == GZIP:
            return GzipReader(self.file)
        return ZstdReader(self.file, dictionary=self._dictionary) if self.magic == ZSTD else self.file


def magic_of(head: bytes, name: str) -> bytes | None:
    """What compressed members start with, by the file's first bytes, or by its name where those are damaged."""
    if head.startswith((GZIP, b"WARC/")):
        return GZIP if head.startswith(GZIP) else None
    if head.startswith((ZSTD, DICTIONARY)) or name.endswith(".zst"):
        return ZSTD
    return GZIP if name.endswith(".gz") else None


def read_dictionary(file: BinaryIO, head: bytes) -> bytes | None:
    """The dictionary in the file's first frame, itself compressed or not; None when it is damaged."""
    size = int.from_bytes(head[4:8], "little")
    if size > MAX_DICTIONARY:
        return None
    file.seek(8)
    content = file.read(size)
    try:
        if content.startswith(ZSTD):
            content = bytes(ZstdReader(io.BytesIO(content)).read(MAX_DICTIONARY))
        ZstdReader(io.BytesIO(), dictionary=content)
    except OSError:
        return None
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # fastwarc 2.0's answer to a damaged dictionary; it has no Error
            return None
        raise
    return content
