import gzip
import zlib

import pytest
from fastwarc.stream_io import BrotliWriter, ZstdWriter

from pipelines.http_message import Body, Message, TooLargeError, UndecodableError, decoded, parse
from tests.warc_world import PAGE, chunked, http, packed

LIMIT = 5 << 20
BOMB = b"a" * (20 << 20)


def body(stored: bytes, *headers: str, limit: int = LIMIT) -> Body:
    message = parse(http(stored, *headers))
    assert message is not None
    return decoded(message, limit)


ENCODINGS = {
    "gzip": gzip.compress(PAGE),
    "x-gzip": gzip.compress(PAGE),
    "GZip": gzip.compress(PAGE),
    "deflate": zlib.compress(PAGE),
    "br": packed(BrotliWriter, PAGE),
    "zstd": packed(ZstdWriter, PAGE),
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_encoded_bodies_are_decoded_chunked_or_not(name: str) -> None:
    stored = ENCODINGS[name]
    assert body(stored, f"Content-Encoding: {name}") == Body(PAGE, broke_off=False)
    both = (f"Content-Encoding: {name}", "Transfer-Encoding: chunked")
    assert body(chunked(stored), *both) == Body(PAGE, broke_off=False)
    assert body(chunked(stored), f"Transfer-Encoding: {name}, chunked") == Body(PAGE, broke_off=False)


def test_bare_deflate_is_decoded() -> None:
    assert body(zlib.compress(PAGE)[2:-4], "Content-Encoding: deflate").content == PAGE


def test_encodings_come_off_last_first() -> None:
    assert body(packed(BrotliWriter, gzip.compress(PAGE)), "Content-Encoding: gzip, br").content == PAGE


@pytest.mark.parametrize("header", [f"Content-Encoding: {name}" for name in ENCODINGS] + ["Transfer-Encoding: chunked"])
def test_a_body_stored_decoded_under_its_old_headers_is_taken_as_it_is(header: str) -> None:
    assert body(PAGE, header) == Body(PAGE, broke_off=False)


def test_common_crawls_renamed_headers_mean_nothing() -> None:
    assert body(PAGE, "X-Crawler-Content-Encoding: gzip", "Content-Length: 7").content == PAGE


@pytest.mark.parametrize("name", ["identity", "utf-8", "none", ""])
def test_a_name_that_is_no_encoding_is_passed_over(name: str) -> None:
    assert body(PAGE, f"Content-Encoding: {name}").content == PAGE


@pytest.mark.parametrize("stored", [chunked(PAGE)[:600], chunked(PAGE)[:530] + b"?" * 30 + b"\n", chunked(PAGE)[:-5]])
def test_chunks_that_break_off_are_kept_as_far_as_they_go(stored: bytes) -> None:
    found = body(stored, "Transfer-Encoding: chunked")
    assert found.broke_off
    assert PAGE.startswith(found.content)
    assert len(found.content) > 400


@pytest.mark.parametrize("name", ["gzip", "br", "zstd"])
def test_compressed_bodies_that_break_off_are_kept_as_far_as_they_go(name: str) -> None:
    # Two frames' worth, so that every encoding has something whole before the cut.
    long = b"".join(b"<p>%d</p>" % (number * number) for number in range(40_000))
    stored = {"gzip": gzip.compress(long), "br": packed(BrotliWriter, long), "zstd": packed(ZstdWriter, long)}[name]
    found = body(stored[: len(stored) * 3 // 4], f"Content-Encoding: {name}")
    assert long.startswith(found.content)
    assert len(found.content) > 100_000


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd", "chunked"])
def test_a_body_that_is_nothing_of_the_kind_cannot_be_decoded(name: str) -> None:
    header = "Transfer-Encoding" if name == "chunked" else "Content-Encoding"
    with pytest.raises(UndecodableError, match=name):
        body(b"\xff\xfe\xfd\xfc" * 50, f"{header}: {name}")


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("gzip", gzip.compress(BOMB)),
        ("deflate", zlib.compress(BOMB)),
        ("br", packed(BrotliWriter, BOMB)),
        ("zstd", packed(ZstdWriter, BOMB)),
        ("gzip, gzip", gzip.compress(gzip.compress(BOMB))),
    ],
)
def test_a_bomb_is_too_large(name: str, stored: bytes) -> None:
    with pytest.raises(TooLargeError):
        body(stored, f"Content-Encoding: {name}")


def test_many_encodings_on_one_another_are_not_undone() -> None:
    with pytest.raises(UndecodableError, match="50 encodings"):
        body(PAGE, "Content-Encoding: " + ", ".join(["gzip"] * 50))


def test_a_body_of_exactly_the_limit_is_kept() -> None:
    assert body(b"x" * 100, limit=100).content == b"x" * 100
    with pytest.raises(TooLargeError):
        body(b"x" * 101, limit=100)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (b"HTTP/1.1 200 OK\r\nA: b\r\na: c\r\n\r\nx", Message(200, {"a": ["b", "c"]}, b"x")),
        (b"HTTP/1.0 404\nA: b\n\nx\n\ny", Message(404, {"a": ["b"]}, b"x\n\ny")),
        (b"HTTP/2 200 \r\nA: b\r\n  more\r\nnothing\r\n: x\r\n\r\n", Message(200, {"a": ["b more"]}, b"")),
        (b"HTTP/1.1 200 OK\r\nA: \xe9\r\n\r\n", Message(200, {"a": ["\xe9"]}, b"")),
        (b"HTTP/1.1 200 OK\r\n\r\nx", Message(200, {}, b"x")),
        (b"HTTP/1.1 200 OK\r\nA: b", Message(200, {"a": ["b"]}, b"")),
        (b"HTTP/1.1 two hundred\r\n\r\n", None),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_heads_are_read_as_servers_send_them(block: bytes, message: Message | None) -> None:
    assert parse(block) == message
