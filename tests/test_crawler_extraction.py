from crawler.extraction import Dropped, Extract, extract
from crawler.items import Text

URL = "https://news.example/bridge"
NOW = "2024-05-01T00:00:00+00:00"
BODY = (
    "<title>Bridge</title><link rel=license href='/cc-by'><figure><img src='/uploads/bridge.jpg' width=900 height=600 "
    "alt='The frozen bridge'></figure><p>" + "The bridge was closed for the whole winter because of the ice. " * 5
).encode()
HTML = {"content-type": ["text/html; charset=utf-8"]}


def test_an_english_page_with_an_image_gives_a_candidate_without_bytes() -> None:
    found = extract(BODY, URL, HTML, NOW)
    assert isinstance(found, Extract)
    candidate = found.candidate
    assert (candidate.page_url, candidate.image_url) == (URL, "https://news.example/uploads/bridge.jpg")
    assert (candidate.image, candidate.image_sha256, candidate.width, candidate.http_status) == (None, None, None, None)
    assert candidate.texts[0] == Text("alt", "The frozen bridge")
    assert (candidate.language, candidate.license_url) == ("en", "https://news.example/cc-by")
    assert candidate.fetched_at == NOW


def test_opt_outs_come_before_language_and_image() -> None:
    found = extract(b"<p>Guten Tag", URL, {**HTML, "x-robots-tag": ["noai"]}, NOW)
    assert isinstance(found, Dropped)
    assert (found.reason, found.detail) == ("opted_out", "x-robots-tag:noai")
