import pytest
from scrapy.http import Request

from crawler.address import is_web_address


@pytest.mark.parametrize(
    "text",
    [
        "http://a.example",
        "HTTPS://A.example:8080/x?y#z",
        "http://user:word@a.example/",
        "http://[::1]:80/",
        "http://m\u00fcller.example/caf\u00e9",
        "http://a.example/%",
        "http://a.example:/",
    ],
)
def test_what_can_be_asked_for_makes_a_request(text: str) -> None:
    assert is_web_address(text)
    assert Request(text).url.lower().startswith("http")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "ftp://a.example/",
        "http:///x",
        "http://[::1]%/",
        "http://[::1/",
        "http://[fe80::1%25en0]/",
        "http://%zz/",
        "http://a b/",
        "http://a\x00b/",
        "http://a.example:0/",
        "http://a.example:99999/",
        "http://a.example:x/",
        "http://@/",
        "http://a.example/\ud800.jpg",
        "http://a.example/" + "x" * 4_000,
    ],
)
def test_what_cannot_be_asked_for_is_none(text: str) -> None:
    assert not is_web_address(text)
