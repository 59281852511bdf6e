import pytest

from crawler.optout import asks_not_to_follow, opt_outs
from crawler.page import parse_page


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("noai, noimageai", ("x-robots-tag:noai", "x-robots-tag:noimageai")),
        ("NoIndex", ("x-robots-tag:noindex",)),
        ("none", ("x-robots-tag:none",)),
        ("nofollow, nosnippet", ()),
        ("googlebot: noindex, noai", ()),
        ("googlebot: noindex, lait-crawler: noimageindex, nofollow", ("x-robots-tag:noimageindex",)),
        ("unavailable_after: 25 Jun 2030 15:00:00 PST, noai", ("x-robots-tag:noai",)),
        ("max-image-preview:large", ()),
        ("max-image-preview: none, noai", ("x-robots-tag:noai",)),
    ],
)
def test_x_robots_tag(value: str, found: tuple[str, ...]) -> None:
    assert opt_outs({"x-robots-tag": [value]}) == found


def test_every_value_of_a_repeated_header_counts() -> None:
    assert opt_outs({"x-robots-tag": ["otherbot: noindex", "noai"]}) == ("x-robots-tag:noai",)


@pytest.mark.parametrize(("value", "found"), [("1", ("header:tdm-reservation",)), ("0", ())])
def test_tdm_reservation_header(value: str, found: tuple[str, ...]) -> None:
    assert opt_outs({"tdm-reservation": [value]}) == found


@pytest.mark.parametrize(
    ("meta", "found"),
    [
        ('<meta name="ROBOTS" content="index, NOAI">', ("meta:noai",)),
        ('<meta name="lait-crawler" content="noindex">', ("meta:noindex",)),
        ('<meta name="googlebot" content="noindex">', ()),
        ('<meta name="robots" content="max-image-preview:none, nofollow">', ()),
        ('<meta name="tdm-reservation" content="1">', ("meta:tdm-reservation",)),
        ('<meta http-equiv="X-Robots-Tag" content="noimageai">', ("meta:noimageai",)),
    ],
)
def test_meta_tags(meta: str, found: tuple[str, ...]) -> None:
    assert opt_outs({}, parse_page(f"<head>{meta}</head>", "http://a.example/")) == found


@pytest.mark.parametrize(
    ("header", "meta", "asked"),
    [
        ("", "", False),
        ("nofollow", "", True),
        ("otherbot: nofollow", "", False),
        ("lait-crawler: nofollow", "", True),
        ("", '<meta name="robots" content="index,nofollow">', True),
        ("", '<meta name="lait-crawler" content="nofollow">', True),
        ("", '<meta name="otherbot" content="nofollow">', False),
    ],
)
def test_who_asks_not_to_follow(header: str, meta: str, asked: bool) -> None:
    page = parse_page(f"<head>{meta}</head>", "http://a.example/")
    assert asks_not_to_follow({"x-robots-tag": [header]}, page) is asked
