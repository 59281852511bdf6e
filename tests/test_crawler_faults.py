"""What becomes of pages when servers, robots.txt, addresses and sitemaps are not as they should be."""

import gzip
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest
from scrapy.http import Request, Response
from scrapy.settings import Settings
from twisted.python.failure import Failure

from crawler.frontier import work_of
from crawler.spiders.webpages import WebpagesSpider
from tests.crawler_web import STORY, Web, crawl, page, photo, serving


@pytest.fixture
def site() -> Iterator[Web]:
    with serving() as web:
        web.add("/page", page("/photo.jpg"))
        web.add("/photo.jpg", photo(1), "image/jpeg")
        yield web


@pytest.fixture
def other() -> Iterator[Web]:
    with serving() as web:
        yield web


def refusals(out: Path) -> dict[str, tuple[str, str]]:
    rows = pq.read_table(out / "refused").to_pylist()
    return {row["page_url"]: (row["reason"], row["detail"]) for row in rows}


def failures(out: Path) -> dict[str, tuple[str, str]]:
    rows = pq.read_table(out / "failures.parquet").to_pylist()
    return {row["page_url"]: (row["reason"], row["detail"]) for row in rows}


def stats(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "stats.json").read_text())
    return found


def crawl_list(out: Path, *urls: str, more: tuple[str, ...] = ()) -> str:
    seeds = out / "seeds.txt"
    seeds.write_text("\n".join(urls))
    done = crawl(f"-aseeds={seeds}", f"-aout={out}", "-sLAIT_CONTACT=me", *more)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_nothing_is_fetched_where_robots_txt_cannot_be_read_and_an_error_page_has_no_rules(tmp_path: Path) -> None:
    with ExitStack() as stack:
        sites = {status: stack.enter_context(serving()) for status in (503, 429, 404, 0)}
        for status, web in sites.items():
            web.add("/page", page("/photo.jpg"))
            web.add("/photo.jpg", photo(1), "image/jpeg")
            web.add("/robots.txt", b"User-agent: *\nDisallow: /\n", "text/plain", status=status)
        sites[0].silent.add("/robots.txt")
        assert crawl_list(tmp_path, *(f"{web.url}/page" for web in sites.values())) == ""
        failed = failures(tmp_path)
        for status in (503, 429):
            assert failed[f"{sites[status].url}/page"] == ("robots_unreachable", str(status))
        reason, detail = failed[f"{sites[0].url}/page"]
        assert reason == "robots_unreachable"
        assert detail.startswith("Connection")
        assert stats(tmp_path)["candidates"] == 1
        assert {status: set(web.paths()) for status, web in sites.items()} == {
            503: {"/robots.txt"},
            429: {"/robots.txt"},
            404: {"/robots.txt", "/page", "/photo.jpg"},
            0: {"/robots.txt"},
        }


def test_each_address_that_cannot_be_crawled_is_refused_for_its_reason(site: Web, tmp_path: Path) -> None:
    bad = ["http://[::1]%/", "http://a.example:0/", f"{site.url}/{'x' * 5_000}"]
    targets = ["ftp://a.example/x", "javascript:void(0)", "http://[::1/x", "http://a.example:0/"]
    for number, target in enumerate(targets):
        site.add(f"/away-{number}", b"", status=302, Location=target)
    site.add("/bomb", gzip.compress(page("/photo.jpg") + b" " * 1_000_000), Content_Encoding="gzip")
    names = ["bomb", *(f"away-{number}" for number in range(4)), "page"]
    urls = [*bad, *(f"{site.url}/{name}" for name in names)]
    assert crawl_list(tmp_path, *urls, more=("-sDOWNLOAD_MAXSIZE=500000",)) == ""
    assert stats(tmp_path)["candidates"] == 1
    assert refusals(tmp_path) == {
        bad[0]: ("not_crawlable", "no http or https address"),
        bad[1]: ("not_crawlable", "no http or https address"),
        bad[2][:4_000]: ("not_crawlable", "longer than 4000 characters"),
        f"{site.url}/bomb": ("too_large", "after decompression"),
        **{
            f"{site.url}/away-{number}": ("not_crawlable", f"redirects to {target}")
            for number, target in enumerate(targets)
        },
    }


def test_links_are_followed_on_the_site_of_the_seed_unless_the_page_says_no(
    site: Web, other: Web, tmp_path: Path
) -> None:
    def story(link: str) -> str:
        return f'{STORY * 4}<a href="{link}">one</a>'

    site.add("/header", page("", text=story("/left-1")), X_Robots_Tag="nofollow")
    site.add("/meta", page("", '<meta name="lait-crawler" content="nofollow">', story("/left-2")))
    site.add("/start", b"", status=302, Location=f"{other.url}/hub")
    other.add("/hub", page("", text=story("/theirs") + story(f"{site.url}/page")))
    seeds = [f"{site.url}/{name}" for name in ("header", "meta", "start")]
    crawl_list(tmp_path, *seeds, more=("-afollow=site",))
    assert set(site.paths()) == {"/robots.txt", "/header", "/meta", "/start", "/page", "/photo.jpg"}
    assert set(other.paths()) == {"/robots.txt", "/hub"}


def test_two_redirects_to_one_page_give_it_once(site: Web, tmp_path: Path) -> None:
    for name in ("one", "two"):
        site.add(f"/{name}", b"", status=301, Location="/page")
    crawl_list(tmp_path, f"{site.url}/one", f"{site.url}/two")
    assert stats(tmp_path)["candidates"] == 1
    assert {reason for reason, _ in refusals(tmp_path).values()} == {"duplicate_page"}


def test_sitemaps_that_are_damaged_or_empty_are_said(site: Web, tmp_path: Path) -> None:
    urlset = f"<urlset><url><loc>{site.url}/page</loc></url></urlset>"
    site.add("/cut.xml.gz", gzip.compress(urlset.encode())[:-8], "application/gzip")
    site.add("/login.xml", b"<html>Please log in</html>")
    names = ("cut.xml.gz", "login.xml", "gone.xml")
    index = "".join(f"<sitemap><loc>{site.url}/{name}</loc></sitemap>" for name in names)
    site.add("/sitemap.xml", f"<sitemapindex>{index}</sitemapindex>".encode(), "text/xml")
    done = crawl(f"-aseeds={site.url}/sitemap.xml", f"-aout={tmp_path}", "-sLAIT_CONTACT=me")
    assert sorted(done.stderr.splitlines()) == [
        f"warning: not all of sitemap {site.url}/cut.xml.gz could be read: its gzip data ends early",
        f"warning: sitemap {site.url}/gone.xml could not be read (http_error: 404)",
        f"warning: sitemap {site.url}/login.xml names no pages",
    ]
    assert stats(tmp_path)["candidates"] == 1


def test_sitemaps_that_name_sitemaps_without_end_are_left(site: Web, tmp_path: Path) -> None:
    for number in range(6):
        body = f"<sitemapindex><sitemap><loc>{site.url}/{number + 1}.xml</loc></sitemap></sitemapindex>"
        site.add(f"/{number}.xml", body.encode(), "text/xml")
    done = crawl(f"-aseeds={site.url}/0.xml", f"-aout={tmp_path}", "-sLAIT_CONTACT=me")
    assert site.paths() == ["/robots.txt", "/0.xml", "/1.xml", "/2.xml", "/3.xml"]
    assert done.returncode == 1
    assert "they are more than 3 levels deep" in done.stderr
    assert done.stderr.endswith("error: no page was found to crawl: check the seeds\n")


def test_a_sitemap_may_be_larger_than_a_page(site: Web, tmp_path: Path) -> None:
    body = f"<urlset><url><loc>{site.url}/page</loc></url>{' ' * 100_000}</urlset>".encode()
    site.add("/sitemap.xml", body, "text/xml")
    done = crawl(f"-aseeds={site.url}/sitemap.xml", f"-aout={tmp_path}", "-sDOWNLOAD_MAXSIZE=50000")
    assert done.returncode == 0, done.stderr
    assert stats(tmp_path)["candidates"] == 1


def test_a_crawl_that_is_ended_early_has_failed(site: Web, tmp_path: Path) -> None:
    done = crawl(
        f"-aseeds={site.url}/page", f"-aout={tmp_path}", "-sCLOSESPIDER_ERRORCOUNT=1", "-sCLOSESPIDER_PAGECOUNT=1"
    )
    assert done.returncode == 1
    assert "error: stopped before the end (closespider_pagecount)" in done.stderr


def test_a_progress_setting_that_is_no_number_is_one_line(site: Web, tmp_path: Path) -> None:
    done = crawl(f"-aseeds={site.url}/page", f"-aout={tmp_path}", "-sLAIT_PROGRESS_SECONDS=abc")
    assert done.returncode == 1
    assert (
        done.stderr
        == "error: LAIT_PROGRESS_SECONDS=abc is no number of seconds: use -s LAIT_PROGRESS_SECONDS=10 or so\n"
    )


@pytest.mark.parametrize(
    ("kind", "refused", "failed"),
    [("page", {"internal_error": 1}, False), ("sitemap", {}, True), ("seeds", {}, True)],
)
def test_a_fault_of_our_own_is_booked_for_a_page_and_fails_the_crawl_for_a_sitemap(
    kind: str, refused: dict[str, int], failed: bool, tmp_path: Path
) -> None:
    prepared = WebpagesSpider.prepare({"seeds": "http://a.example/", "out": str(tmp_path)}, Settings())
    spider = WebpagesSpider(**prepared)
    request = Request("http://a.example/x", cb_kwargs={"work": work_of("http://a.example/x", kind)})
    spider.crawler = SimpleNamespace(engine=None)  # type: ignore[assignment]
    fault = Failure(KeyError("x"))  # type: ignore[no-untyped-call]
    spider.on_fault(fault, Response(request.url, request=request), spider)
    assert spider.ledger.refusals == refused
    assert spider.failure.startswith("cannot use http://a.example/x (KeyError") is failed
    spider.frontier.close()
