import gzip
from pathlib import Path

import pytest
from scrapy.settings import Settings

from crawler.limits import Limits, read_limits
from crawler.plan import CrawlError, read_plan
from crawler.reasons import may_pass
from crawler.seeds import Seeds, parse_seeds

SITEMAP = b"""<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
  xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"><url><loc> http://a.example/1 </loc>
  <image:image><image:loc>http://a.example/i.jpg</image:loc></image:image></url><url><loc>http://a.example/2?a=1&amp;b=2</loc></url></urlset>"""
INDEX = b"<sitemapindex><sitemap><loc>http://a.example/s1.xml.gz</loc></sitemap></sitemapindex>"


def test_a_list_of_addresses_without_comments_blanks_and_repeats() -> None:
    content = b"\xef\xbb\xbf# mine\r\nhttp://a.example/1\r\n\r\n  http://a.example/2  \nhttp://a.example/1\nnonsense\n"
    assert parse_seeds(content) == Seeds(pages=("http://a.example/1", "http://a.example/2", "nonsense"))


@pytest.mark.parametrize("content", [SITEMAP, gzip.compress(SITEMAP)])
def test_a_sitemap_gives_its_pages_and_not_their_images(content: bytes) -> None:
    assert parse_seeds(content) == Seeds(pages=("http://a.example/1", "http://a.example/2?a=1&b=2"))


def test_a_sitemap_index_gives_sitemaps() -> None:
    assert parse_seeds(INDEX) == Seeds(sitemaps=("http://a.example/s1.xml.gz",))


def test_what_precedes_a_fault_in_a_sitemap_is_kept() -> None:
    assert parse_seeds(SITEMAP[: SITEMAP.index(b"<url><loc>http://a.example/2")]).pages == ("http://a.example/1",)


def test_a_sitemap_reads_no_files() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><urlset><url><loc>http://a.example/&e;</loc></url></urlset>'
    assert parse_seeds(bomb).pages == ("http://a.example/",)


def test_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = read_plan({"seeds": "http://a.example/sitemap.xml"})
    assert plan.seeds == Seeds(source="http://a.example/sitemap.xml")
    assert (plan.out, plan.follow, plan.depth) == (Path("crawl"), "none", 0)
    assert sorted(Path("crawl").rglob("*")) == [Path("crawl/candidates"), Path("crawl/refused")]


def test_following_goes_one_link_deep_unless_said(tmp_path: Path) -> None:
    assert read_plan({"out": str(tmp_path), "follow": "site"}).depth == 1
    assert read_plan({"out": str(tmp_path), "follow": "web", "depth": "3"}).depth == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"follow": "all"}, "follow=all is not known"),
        ({"follow": "site", "depth": "-1"}, "depth=-1 is no number"),
        ({"follow": "site", "depth": "0"}, "depth=0 does not go with follow=site"),
        ({"depth": "2"}, "depth=2 does not go with follow=none"),
        ({"refresh": "-1"}, "refresh=-1 is no number of days"),
        ({"refresh": "often"}, "refresh=often is no number of days"),
        ({"seed": "x"}, "-a seed=... is not known"),
        ({"seeds": "no/such/file"}, "cannot read seeds from no/such/file"),
        ({"seeds": "/dev/null"}, "/dev/null holds no http address"),
        ({"seeds": " "}, "seeds= is empty"),
        ({"out": "/dev/null/x"}, "cannot write to /dev/null/x"),
    ],
)
def test_what_the_user_has_to_change_is_said_in_one_line(
    arguments: dict[str, str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(CrawlError, match=message) as caught:
        read_plan({"out": str(tmp_path), **arguments})
    assert "\n" not in str(caught.value)


def test_a_folder_in_the_output_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "refused").write_bytes(b"")
    with pytest.raises(CrawlError, match=r"cannot write to .*/refused/"):
        read_plan({"out": str(tmp_path)})


@pytest.mark.parametrize(
    ("content", "damage"),
    [
        (gzip.compress(SITEMAP)[:-30], "its gzip data ends early"),
        (b"\x1f\x8b" + bytes(range(255)), "its gzip data is damaged"),
        (SITEMAP[:-20], "its XML is damaged"),
        (b"<urlset", "its XML is damaged"),
        (SITEMAP, ""),
        (b"http://a.example/1", ""),
    ],
)
def test_damage_to_seeds_is_said(content: bytes, damage: str) -> None:
    assert parse_seeds(content).damage == damage


def test_settings_that_are_numbers_are_checked() -> None:
    given = {"LAIT_SHARD_MB": "0.5", "LAIT_FAILED_RUNS": "2", "LAIT_PROGRESS_SECONDS": 0}
    assert read_limits(given.get) == Limits(shard_bytes=2**19, failed_runs=2, progress_seconds=0)
    assert read_limits(dict[str, str]().get) == Limits()
    settings = Settings()
    settings.setmodule("crawler.settings")
    assert read_limits(settings.get) == Limits()
    for value in ("-1", "nan", "many", ""):
        with pytest.raises(CrawlError, match=f"LAIT_SHARD_SECONDS={value} is no number of seconds"):
            read_limits({"LAIT_SHARD_SECONDS": value}.get)


@pytest.mark.parametrize(
    ("reason", "detail", "passes"),
    [
        ("fetch_failed", "ConnectionLost", True),
        ("image_robots_unreachable", "503", True),
        ("http_error", "500", True),
        ("http_error", "503, Retry-After 30 s", True),
        ("image_http_error", "429", True),
        ("http_error", "404", False),
        ("http_error", "", False),
        ("too_large", "", False),
        ("internal_error", "KeyError", False),
    ],
)
def test_a_reason_that_may_pass_is_known(reason: str, detail: str, passes: bool) -> None:
    assert may_pass(reason, detail) is passes
