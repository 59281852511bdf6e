"""The records of one WARC file: HTTP responses with decoded bodies, what is skipped, and what is damaged.

Common Crawl's files (https://commoncrawl.org/get-started) are what this was written for; every other WARC/1.x file reads
as well. Nothing in a file ends the reading: damage is a `Fault`, and reading goes on at the next record's start.
fastwarc frames the records; it would stop at the first damage, and a body that it fails to decode would end its reading
too, so finding the next start and decoding are done here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from fastwarc.warc import WarcRecord

from pipelines import http_message
from pipelines.http_message import TooLargeError, UndecodableError
from pipelines.warc_starts import Archive

PAGE_BYTES: Final = 5 << 20  # of a decoded page; Common Crawl itself cut at 1 MiB for years, and then at 5
BLOCK_BYTES: Final = 2 * PAGE_BYTES  # of a response as stored, headers and chunk sizes included
LOOK: Final = 64 << 20  # bytes in which a file must show that it is a WARC


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response record.

    Attributes:
        offset: where it starts in the file, in bytes as stored.
        url: the page's address.
        date: when it was fetched, ISO 8601 in UTC, to the second.
        status: HTTP status code.
        headers: names in lower case, every value of a repeated header.
        body: encodings undone; None when it is over `PAGE_BYTES`, or the status is not 200.
        truncated: whether the archive says that it kept only a part (WARC-Truncated), or the body broke off.
    """

    offset: int
    url: str
    date: str
    status: int
    headers: dict[str, list[str]]
    body: bytes | None
    truncated: bool


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that holds no HTTP response.

    Attributes:
        offset: where it starts in the file, in bytes as stored.
        kind: its WARC-Type, such as `request`; `not_http` for a response of another protocol.
    """

    offset: int
    kind: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A record, or a stretch of the file, that cannot be used.

    Attributes:
        offset: where it starts in the file, in bytes as stored; for a stretch between records, where the one before does.
        reason: `damaged` (no record could be read), `cut_short` (it ends before its Content-Length), `no_address` (no
            target URI or date), `bad_http` (no HTTP message inside), `bad_body` (not encoded as its headers say), or
            `empty_file`.
        detail: what was found.
    """

    offset: int
    reason: str
    detail: str


class CutShortError(OSError):
    """A record ends before its Content-Length."""


def is_warc(path: Path) -> bool:
    """Whether a record starts somewhere in the file's beginning; True for an empty file, which is one without records.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return path.stat().st_size == 0 or Archive(file, path.name).start_from(0, LOOK) is not None


def records(path: Path) -> Iterator[Response | Skipped | Fault]:
    """Every record of a WARC file in order, and a `Fault` for each stretch between records that is none.

    Raises:
        OSError: the file itself cannot be opened.
    """
    with path.open("rb") as file:
        archive = Archive(file, path.name)
        start = archive.start_from(0)
        if start != archive.first:
            yield Fault(0, "damaged", "no record starts here") if path.stat().st_size else Fault(0, "empty_file", "")
        damage: Fault | None = None
        while start is not None:
            at, is_whole = start, False  # the head of the record there is; the rest remains to be seen
            try:
                for number, record in enumerate(archive.records(start)):
                    at, is_whole = max(start, record.stream_pos) if number else start, False
                    entry = entry_of(record, at)
                    if damage:
                        yield damage
                    damage, is_whole = None, True
                    yield entry
                if is_whole:
                    return
                damage = Fault(at, "damaged", "the file ends in its head")
            except OSError as error:  # fastwarc's for every damage
                damage = Fault(at, "cut_short" if isinstance(error, CutShortError) else "damaged", str(error))
            if not is_whole:  # it is this very record; else something behind it, which may turn out to be the next one
                yield damage
                damage = None
            start = archive.start_from(at + 1)
        if damage:
            yield damage


def entry_of(record: WarcRecord, offset: int) -> Response | Skipped | Fault:
    """What a record comes to, read to its end.

    Raises:
        OSError: the record is damaged.
        CutShortError: it ends too early.
    """
    kind = str(record.record_type)
    block = record.reader.read(min(record.content_length, BLOCK_BYTES)) if kind == "response" else b""
    size = len(block) + record.reader.consume()
    if size < record.content_length:
        raise CutShortError(f"{size} of {record.content_length} bytes")
    if kind != "response":
        return Skipped(offset, kind)
    http = "application/http" in (record.headers.get("Content-Type") or "").lower() or block.startswith(b"HTTP/")
    return response_of(record, offset, block, size > len(block)) if http else Skipped(offset, "not_http")


def response_of(record: WarcRecord, offset: int, block: bytes, is_partial: bool) -> Response | Fault:
    """The HTTP response in a record's block; `is_partial` says that the block is only its beginning."""
    url = (record.headers.get("WARC-Target-URI") or "").strip("<> ")
    date = date_of(record.headers.get("WARC-Date") or "")
    if not url or date is None:
        return Fault(offset, "no_address", f"WARC-Target-URI {url or 'missing'}"[:200])
    message = http_message.parse(block)
    if message is None:
        return Fault(offset, "bad_http", url[:200])
    is_truncated = "WARC-Truncated" in record.headers
    if message.status != 200 or is_partial:
        return Response(offset, url, date, message.status, message.headers, None, is_truncated)
    try:
        body = http_message.decoded(message, PAGE_BYTES)
    except TooLargeError:
        return Response(offset, url, date, message.status, message.headers, None, is_truncated)
    except UndecodableError as error:
        return Fault(offset, "bad_body", f"{error} {url}"[:200])
    return Response(offset, url, date, 200, message.headers, body.content, is_truncated or body.broke_off)


def date_of(text: str) -> str | None:
    """A WARC-Date as records have it: ISO 8601 in UTC, to the second; None when it is none."""
    try:
        date = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    try:
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="seconds")
    except OverflowError:  # year 1 in another time zone
        return None
