"""WARC files for tests, written byte by byte so that each can be damaged where a test wants it."""

import gzip
import io
from collections.abc import Callable, Sequence
from typing import Any

from fastwarc.stream_io import WarcWriter, ZstdWriter, zstd_train_dictionary_from_samples

STORY = (
    "The harbour was quiet when the fishermen came back with their boats full of herring and cod. They had been out "
    "since midnight, and the wind had turned twice before the first nets were hauled on board. "
)


def page(image: str = "boats.jpg", head: str = "", text: str = STORY * 4) -> str:
    """An English page whose dominant image is `image`."""
    figure = f'<figure><img src="{image}" width="800" height="600" alt="Boats at the pier"></figure>' if image else ""
    return f"<html><head><title>Boats</title>{head}</head><body><h1>Boats</h1>{figure}<p>{text}</p></body></html>"


PAGE = page().encode()


def http(body: bytes = PAGE, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", *(headers or ("Content-Type: text/html; charset=utf-8",))]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def record(url: str, block: bytes, *headers: str, kind: str = "response", length: int | None = None) -> bytes:
    """One record; `length` lies about its size."""
    content_type = "application/warc-fields" if kind == "warcinfo" else f"application/http; msgtype={kind}"
    lines = [
        "WARC/1.0",
        f"WARC-Type: {kind}",
        f"WARC-Target-URI: {url}",
        "WARC-Date: 2026-01-02T03:04:05Z",
        "WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000001>",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(block) if length is None else length}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + block + b"\r\n\r\n"


def response(name: str, body: bytes | None = None, *headers: str) -> bytes:
    """A page's record; by itself, a page with a picture of its own."""
    return record(f"http://a.test/{name}", http(page(f"{name}.jpg").encode() if body is None else body, *headers))


def gzipped(records: Sequence[bytes]) -> list[bytes]:
    """One member a record, without a time stamp."""
    return [gzip.compress(record, mtime=0) for record in records]


def packed(writer: Callable[..., WarcWriter], *pieces: bytes, **options: Any) -> bytes:
    """The pieces as one of fastwarc's writers compresses them, each in a frame of its own."""
    file = io.BytesIO()
    stream = writer(file, **options)
    for piece in pieces:
        stream.write(piece)
        stream.finish()
    stream.close()
    return file.getvalue()


def with_dictionary(records: Sequence[bytes], compress_dictionary: bool) -> bytes:
    """A Zstandard WARC that begins with its dictionary."""
    dictionary = zstd_train_dictionary_from_samples([record[:800] for record in records] * 40, 2000)
    return packed(ZstdWriter, *records, dictionary=dictionary, compress_dictionary_frame=compress_dictionary)


def chunked(body: bytes, size: int = 100) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
