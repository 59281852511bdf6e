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
        ("unavailable_after: Fri, 25 Jun 2030 15:00:00 GMT, noai", ("x-robots-tag:noai",)),
        ("NOAI;NOIMAGEAI", ("x-robots-tag:noai", "x-robots-tag:noimageai")),
        ("Lait-Crawler/0.1: noindex", ("x-robots-tag:noindex",)),
        ("robots: noindex", ("x-robots-tag:noindex",)),
    ],
)
def test_x_robots_tag(value: str, found: tuple[str, ...]) -> None:
    assert opt_outs({"x-robots-tag": [value]}) == found


@pytest.mark.parametrize(
    ("date", "counts"),
    [
        ("25 Jun 2010 15:00:00 PST", True),
        ("Friday, 25-Jun-10 15:00:00 GMT", True),
        ("2020-09-21", True),
        ("2020-09-21T10:00:00Z", True),
        ("25 Jun 2030 15:00:00 PST", False),
        ("2026-11-24T12:00:00+01:00", False),  # an hour to go
        ("2026-11-24T10:00:00+01:00", True),
        ("next week", False),
    ],
)
def test_a_page_that_was_to_be_available_until_a_date_is_opted_out_after_it(date: str, counts: bool) -> None:
    page = parse_page(f'<meta name="robots" content="all, unavailable_after: {date}">', "http://a.example/")
    headers = {"x-robots-tag": [f"unavailable_after: {date}, googlebot: noai"]}
    both = ("meta:unavailable_after", "x-robots-tag:unavailable_after")
    assert opt_outs(headers, page, "2026-11-24T10:00:00+00:00") == (both if counts else ())
    assert opt_outs(headers, page) == ()


@pytest.mark.parametrize(
    ("header", "meta", "where"),
    [
        (["1"], "", "header"),
        (["0", "1"], "", "header"),
        (["0, 1"], "", "header"),
        (["0"], "1", "meta"),
        (["1"], "0", ""),
        (["1"], "2", "header"),
        (["2"], "", ""),
    ],
)
def test_tdm_meta_tags_overrule_headers(header: list[str], meta: str, where: str) -> None:
    page = parse_page(f'<meta name="TDM-Reservation" content="{meta}">' if meta else "", "http://a.example/")
    assert opt_outs({"tdm-reservation": header}, page) == ((f"{where}:tdm-reservation",) if where else ())


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
