import pytest
from scrapy.http import Request

from crawler.address import MAX_ADDRESS, Resolver, is_web_address


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


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("/b?c=d", "https://a.example:8080/b?c=d"),
        ("/b#top", "https://a.example:8080/b"),
        ("//cdn.example/b", "https://cdn.example/b"),
        ("http://b.example/c#d", "http://b.example/c"),
        ("http://b.example", "http://b.example"),
        ("http://b.example?c=/d", "http://b.example?c=/d"),
        ("c", "https://a.example:8080/x/c"),
        ("../c", "https://a.example:8080/c"),
        ("/d/./../e", "https://a.example:8080/e"),
        ("/with space", "https://a.example:8080/with%20space"),
        ("/line\nbreak", "https://a.example:8080/linebreak"),
        ("/caf\u00e9", "https://a.example:8080/caf\u00e9"),
        ("http://b.example]/c", None),
        ("http://us er@b.example:99999/c", None),
        ("mailto:x@a.example", None),
        ("javascript:void(0)", None),
        ("#top", None),
        ("", None),
        ("/" + "x" * MAX_ADDRESS, None),
        ("/\ud800", None),
    ],
)
def test_many_addresses_are_made_absolute_as_one_is(address: str, url: str | None) -> None:
    resolver = Resolver("https://a.example:8080/x/y")
    assert resolver.absolute(address) == url
    for others in ([], ["/e"], ["/caf\u00e9"]):
        of_others = [resolver.absolute(other) for other in others]
        assert resolver.all_absolute([*others, address]) == of_others + ([url] if url is not None else [])
