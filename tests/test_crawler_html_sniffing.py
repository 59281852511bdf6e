import pytest

from crawler.html_sniffing import is_html

PAGE = b"<!doctype html><title>Boats</title>"


@pytest.mark.parametrize("kind", ["text/html", "text/html; charset=utf-8", "Application/XHTML+XML"])
@pytest.mark.parametrize(
    "body", [PAGE, b"", b"Boats", b"<p>Boats", b"\xef\xbb\xbf \n<html>", b"[caption] boats", b"{{ title }}"]
)
def test_what_is_called_html_is_html(kind: str, body: bytes) -> None:
    assert is_html(kind, body)


@pytest.mark.parametrize(
    "body",
    [
        b"%PDF-1.7",
        b"PK\x03\x04\x14",
        b"\x1f\x8b\x08\x00",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"\xff\xd8\xff\xe0",
        b"RIFF\x10\x00\x00\x00WEBPVP8 ",
        b"\x00\x00\x00\x20ftypavif",
        b'{"error": "not found"}',
        b"\xef\xbb\xbf  {}",
        b'[{"id": 1}]',
        b"[1, 2]",
        b'<?xml version="1.0"?>\n<rss version="2.0">',
        b"<feed xmlns='http://www.w3.org/2005/Atom'>",
    ],
)
def test_what_is_called_html_and_starts_like_something_else_is_not(body: bytes) -> None:
    assert not is_html("text/html", body)
    assert not is_html("", body)


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "text/plain; charset=utf-8", "application/octet-stream", "unknown/unknown"]
)
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (PAGE, True),
        (b"\xef\xbb\xbf\n <!DOCTYPE HTML PUBLIC>", True),
        (b'<?xml version="1.0" encoding="utf-8"?>\n<html xmlns="http://www.w3.org/1999/xhtml">', True),
        (b"<!-- saved --><html>", True),
        (b"<body class=x>", True),
        (b"\xff\xfe" + "<html><title>Boats".encode("utf-16-le"), True),
        (b"\xfe\xff" + "<html><title>Boats".encode("utf-16-be"), True),
        (b"", False),
        (b"Boats at the pier <html>", False),
        (b"<article>", False),
        (b"<bodyguard>", False),
        (b'<?xml version="1.0"?><urlset>', False),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", False),
    ],
)
def test_what_is_called_nothing_in_particular_is_looked_at(kind: str, body: bytes, expected: bool) -> None:
    assert is_html(kind, body) is expected


@pytest.mark.parametrize("kind", ["application/pdf", "image/jpeg", "application/json", "text/css", "text/xml"])
def test_what_is_called_something_else_is_not_html(kind: str) -> None:
    assert not is_html(kind, PAGE)
