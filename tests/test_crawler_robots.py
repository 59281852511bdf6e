"""robots.txt as RFC 9309 has it: every request asks first, and a site that cannot say what it allows is left alone."""

from pathlib import Path

import pytest

from crawler.robots_rules import RobotsRules
from crawler.site_cache import RecentlyUsed
from tests.crawler_web import page
from tests.polite_web import Answer, Host, crawled

HTML = "text/html"


@pytest.mark.parametrize(
    ("robots", "path", "allowed"),
    [
        ("", "/x", True),
        ("<!DOCTYPE html><html><body>Welcome</body></html>", "/x", True),
        ("User-agent: *\nDisallow: /", "/x", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: lait-crawler\nDisallow: /a", "/x", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: lait-crawler\nDisallow:", "/x", True),
        ("User-agent: LAIT-Crawler/0.1 (+https://a.example)\nDisallow: /", "/x", False),
        ("User-agent: lait-crawler # theirs\nDisallow: /", "/x", False),
        ("User-agent: lait-crawler-pro\nDisallow: /", "/x", True),
        ("User-agent: otherbot\nDisallow: /", "/x", True),
        ("User-agent: otherbot\nUser-agent: lait-crawler\nDisallow: /", "/x", False),
        ("User-agent: lait-crawler\nDisallow: /a\n\nUser-agent: lait-crawler\nDisallow: /b", "/b", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/a/b.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/a/b.pdf?x", True),
        ("User-agent: *\nDisallow: /a*/c", "/abc/d/c", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("User-agent: *\nAllow: /a\nDisallow: /a", "/a", True),
        ("User-agent: *\nDisallow: /%7Ejoe", "/~joe/x", False),
        ("User-agent: *\nDisallow: /a?x=1", "/a?x=1&y", False),
        ("\ufeffUser-agent: *\r\nDisallow: /\r\n", "/x", False),
    ],
)
def test_the_longest_rule_of_our_own_group_decides(robots: str, path: str, allowed: bool) -> None:
    rules = RobotsRules.parse(robots.encode(), "lait-crawler")
    assert rules.allows(f"http://a.example{path}") is allowed


@pytest.mark.parametrize(
    ("robots", "seconds"),
    [
        ("User-agent: *\nCrawl-delay: 2.5", 2.5),
        ("User-agent: *\nCrawl-delay: 2.5\n\nUser-agent: lait-crawler\nDisallow: /x", 0.0),
        ("User-agent: *\nCrawl-delay: soon", 0.0),
        ("User-agent: *\nRequest-rate: 2/1m", 30.0),
        ("User-agent: *\nRequest-rate: 1/5 0800-1200\nCrawl-delay: 1", 5.0),
    ],
)
def test_the_pace_is_the_slower_one_asked_for(robots: str, seconds: float) -> None:
    assert RobotsRules.parse(robots.encode(), "lait-crawler").seconds == seconds


def test_what_was_not_asked_for_longest_is_forgotten_when_memory_is_short() -> None:
    kept: RecentlyUsed[str, str] = RecentlyUsed(4_000)
    for name in "abc":
        kept.put(name, name, 1_000)
    kept.put("b", "B", 1_000)
    assert kept.get("a") == "a"
    kept.put("d", "d", 1_000)
    assert [kept.get(name) for name in "abcd"] == ["a", "B", None, "d"]


def test_an_image_is_under_the_robots_txt_of_its_own_host(host: Host, other: Host, tmp_path: Path) -> None:
    other.robots("User-agent: lait-crawler\nDisallow: /private/\n")
    other.stories(0)
    pages = [*host.stories(1, f"{other.url}/private/photo.jpg")]
    host.says("/open", Answer(page(f"{other.url}/photo.jpg"), HTML))
    books = crawled(tmp_path, [*pages, f"{host.url}/open"])
    assert books.refused == {pages[0]: ("image_robots_txt", "")}
    assert books.stats["candidates"] == 1
    assert sorted(other.paths()) == ["/.well-known/tdmrep.json", "/photo.jpg", "/robots.txt"]
    assert {asked.agent for asked in host.diary + other.diary} == {host.diary[0].agent}
    assert host.diary[0].agent.startswith("lait-crawler/")


def test_many_requests_share_one_robots_txt_and_none_waits_for_ever(host: Host, tmp_path: Path) -> None:
    pages = host.stories(6, "/photo-{}.jpg")
    books = crawled(tmp_path, pages, "CONCURRENT_REQUESTS_PER_DOMAIN=1", "CONCURRENT_REQUESTS=1")
    assert books.stats["candidates"] == 6
    assert host.paths()[0] == "/robots.txt"
    assert host.paths().count("/robots.txt") == 1
    assert host.paths().count("/.well-known/tdmrep.json") == 1
    assert books.stats["pages"] == 6


def test_robots_txt_is_read_anew_when_it_has_expired(host: Host, tmp_path: Path) -> None:
    host.says("/robots.txt", Answer(b""), Answer(b"User-agent: *\nDisallow: /"))
    pages = [f"{host.url}/{number}" for number in range(3)]
    for number in range(3):
        host.says(f"/{number}", Answer(page(""), HTML))
    settings = ("LAIT_ROBOTS_SECONDS=0.2", "DOWNLOAD_DELAY=0.4", "CONCURRENT_REQUESTS_PER_DOMAIN=1", "LAIT_TDMREP=0")
    books = crawled(tmp_path, pages, *settings)
    assert books.stats["refusals"] == {"no_main_image": 1, "robots_txt": 2}
    assert host.paths().count("/robots.txt") >= 2
    assert len([path for path in host.paths() if path != "/robots.txt"]) == 1


@pytest.mark.parametrize("status", [503, 429, 0])
def test_a_robots_txt_that_cannot_be_read_is_waited_for(status: int, host: Host, tmp_path: Path) -> None:
    host.says("/robots.txt", Answer(status=status), Answer(status=status), Answer(b""))
    books = crawled(tmp_path, host.stories(3), "LAIT_BACK_OFF=0.3")
    assert books.stats["candidates"] == 3
    assert host.paths()[:3] == ["/robots.txt"] * 3
    first, second = host.gaps("/robots.txt")
    assert first >= 0.28
    assert second >= 0.56


@pytest.mark.parametrize(("status", "detail"), [(500, "500"), (0, "Connection")])
def test_a_site_whose_robots_txt_never_comes_is_left_alone(
    status: int, detail: str, host: Host, other: Host, tmp_path: Path
) -> None:
    host.says("/robots.txt", Answer(status=status))
    pages = host.stories(5)
    theirs = other.stories(2, f"{host.url}/photo.jpg")
    other.says("/fine", Answer(page("/photo.jpg"), HTML))
    books = crawled(tmp_path, [*pages, *theirs, f"{other.url}/fine"])
    assert set(host.paths()) == {"/robots.txt"}
    assert len(host.paths()) == 4
    assert {books.refused[url][0] for url in pages} == {"robots_unreachable"}
    assert {books.refused[url][0] for url in theirs} == {"image_robots_unreachable"}
    assert all(found.startswith(detail) for _, found in books.refused.values())
    assert books.stats["candidates"] == 1


def test_a_site_is_tried_again_some_time_after_it_was_left_alone(host: Host, tmp_path: Path) -> None:
    host.says("/robots.txt", Answer(status=500), Answer(b""))
    settings = ("LAIT_ROBOTS_RETRIES=0", "LAIT_ROBOTS_UNREACHABLE_SECONDS=0", "CONCURRENT_REQUESTS_PER_DOMAIN=1")
    books = crawled(tmp_path, host.stories(3), *settings)
    assert books.stats["failures"] == {"robots_unreachable": 1}
    assert books.stats["candidates"] == 2


def test_a_busy_server_is_asked_for_its_robots_txt_when_it_says(host: Host, other: Host, tmp_path: Path) -> None:
    host.says("/robots.txt", Answer(status=429, headers=(("Retry-After", "1"),)), Answer(b""))
    other.says("/robots.txt", Answer(status=503, headers=(("Retry-After", "3600"),)), Answer(b""))
    books = crawled(tmp_path, host.stories(1) + other.stories(1))
    assert host.gaps("/robots.txt")[0] >= 0.95
    assert other.paths() == ["/robots.txt"]
    assert books.refused == {f"{other.url}/story-0": ("robots_unreachable", "503, Retry-After 3600 s")}
    assert books.stats["candidates"] == 1


def test_robots_txt_may_lie_on_another_host(host: Host, other: Host, tmp_path: Path) -> None:
    host.says("/robots.txt", Answer(status=302, headers=(("Location", f"{other.url}/rules"),)))
    other.says("/rules", Answer(b"User-agent: *\nDisallow: /secret\n"))
    pages = host.stories(1)
    books = crawled(tmp_path, [*pages, f"{host.url}/secret"])
    assert books.refused == {f"{host.url}/secret": ("robots_txt", "")}
    assert books.stats["candidates"] == 1
    assert other.paths() == ["/rules"]


def test_a_robots_txt_without_an_end_of_redirects_has_no_rules_and_one_off_the_web_is_none(
    host: Host, other: Host, tmp_path: Path
) -> None:
    host.says("/robots.txt", Answer(status=301, headers=(("Location", "/robots.txt"),)))
    other.says("/robots.txt", Answer(status=301, headers=(("Location", "ftp://a.example/robots.txt"),)))
    books = crawled(tmp_path, host.stories(1) + other.stories(1))
    assert host.paths().count("/robots.txt") == 6
    assert books.stats["candidates"] == 1
    assert books.refused[f"{other.url}/story-0"][0] == "robots_unreachable"
    assert other.paths() == ["/robots.txt"]


def test_of_an_overlong_robots_txt_the_beginning_counts(host: Host, tmp_path: Path) -> None:
    lines = "User-agent: *\nDisallow: /first\n" + "# nothing\n" * 200_000 + "Disallow: /last\n"
    host.robots(lines)
    for path in ("/first", "/last"):
        host.says(path, Answer(page(""), HTML))
    books = crawled(tmp_path, [f"{host.url}/first", f"{host.url}/last"], "LAIT_ROBOTS_RETRIES=0")
    assert {url.removeprefix(host.url): reason for url, (reason, _) in books.refused.items()} == {
        "/first": "robots_txt",
        "/last": "no_main_image",
    }


def test_a_lone_carriage_return_ends_a_line() -> None:
    rules = RobotsRules.parse(b"User-agent: lait-crawler\rDisallow: /private\r\nDisallow: /more\n", "lait-crawler")
    allowed = [rules.allows(f"http://a.example{path}") for path in ("/private", "/more", "/other")]
    assert allowed == [False, False, True]
