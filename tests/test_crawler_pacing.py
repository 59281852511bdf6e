"""How fast a host is asked: never faster than it says, later and later while it fails, and at no other host's cost."""

import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests.crawler_web import ROOT, crawl
from tests.polite_web import Answer, Host, crawled, serving


@pytest.mark.parametrize(
    ("rule", "throttle"),
    [("Crawl-delay: 0.4", "AUTOTHROTTLE_ENABLED=1"), ("Request-rate: 5/2", "AUTOTHROTTLE_ENABLED=0")],
)
def test_a_crawl_delay_is_kept_between_all_requests(rule: str, throttle: str, host: Host, tmp_path: Path) -> None:
    host.robots(f"User-agent: *\n{rule}\n")
    settings = (
        throttle,
        "AUTOTHROTTLE_START_DELAY=0",
        "AUTOTHROTTLE_MAX_DELAY=0.1",
        "CONCURRENT_REQUESTS_PER_DOMAIN=8",
    )
    books = crawled(tmp_path, host.stories(3), *settings)
    assert books.stats["candidates"] == 3
    assert len(host.diary) == 8
    assert min(host.gaps()) >= 0.37


def test_a_crawl_delay_is_kept_for_images_and_redirects_from_elsewhere(host: Host, other: Host, tmp_path: Path) -> None:
    other.robots("User-agent: lait-crawler\nCrawl-delay: 0.4\n")
    other.stories(2)
    pages = host.stories(2, f"{other.url}/photo.jpg")
    for number in range(2):
        host.says(f"/moved-{number}", Answer(status=302, headers=(("Location", f"{other.url}/story-{number}"),)))
    crawled(tmp_path, [*pages, f"{host.url}/moved-0", f"{host.url}/moved-1"])
    assert len(other.diary) == 8
    assert min(other.gaps()) >= 0.37


def test_a_site_that_asks_for_too_long_a_delay_is_refused(host: Host, other: Host, tmp_path: Path) -> None:
    host.robots("User-agent: *\nCrawl-delay: 90\n")
    pages = host.stories(2) + other.stories(1, f"{host.url}/photo.jpg")
    books = crawled(tmp_path, pages)
    assert books.refused == {
        pages[0]: ("crawl_delay_too_long", "90 s"),
        pages[1]: ("crawl_delay_too_long", "90 s"),
        pages[2]: ("image_crawl_delay_too_long", "90 s"),
    }
    assert host.paths() == ["/robots.txt"]


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_pauses_the_whole_host(form: str, host: Host, tmp_path: Path) -> None:
    pages = host.stories(3)
    started, until = time.monotonic(), datetime.now(UTC) + timedelta(seconds=5)
    value = "1" if form == "seconds" else format_datetime(until, usegmt=True)
    host.answers["/story-0"].insert(0, Answer(status=503, headers=(("Retry-After", value),)))
    books = crawled(tmp_path, pages, "CONCURRENT_REQUESTS_PER_DOMAIN=1")
    assert books.stats["candidates"] == 3
    busy, *later = host.times()[host.paths().index("/story-0") :]
    assert len(later) >= 4
    assert min(later) >= (busy + 0.95 if form == "seconds" else started + 3.95)  # a date has whole seconds


def test_who_asks_for_too_much_patience_is_asked_no_more(host: Host, other: Host, tmp_path: Path) -> None:
    pages = host.stories(4)
    host.says("/story-0", Answer(status=429, headers=(("Retry-After", "3600"),)))
    books = crawled(tmp_path, pages + other.stories(1), "CONCURRENT_REQUESTS_PER_DOMAIN=1")
    assert books.refused[pages[0]] == ("http_error", "429, Retry-After 3600 s")
    assert host.paths()[-1] == "/story-0"
    assert ("http_error", "not asked: its host answered 429, Retry-After 3600 s") in books.refused.values()
    assert f"{other.url}/story-0" not in books.refused


def test_no_more_requests_are_made_at_once_than_the_setting_says_even_without_a_delay(
    host: Host, tmp_path: Path
) -> None:
    host.takes = 0.02
    books = crawled(tmp_path, host.stories(20, "/photo-{}.jpg"), "CONCURRENT_REQUESTS_PER_DOMAIN=2")
    assert books.stats["candidates"] == 20
    assert host.most_at_once == 2


def test_failures_are_made_again_later_each_time(host: Host, tmp_path: Path) -> None:
    host.says("/broken", Answer(status=500))
    books = crawled(tmp_path, [f"{host.url}/broken"], "LAIT_BACK_OFF=0.3")
    assert books.refused == {f"{host.url}/broken": ("http_error", "500")}
    first, second = host.gaps("/broken")
    assert first >= 0.28
    assert second >= 0.56


def test_other_hosts_do_not_wait_for_those_that_are_paused(other: Host, tmp_path: Path) -> None:
    with ExitStack() as stack:
        paused = [stack.enter_context(serving(f"127.0.0.{number}")) for number in range(3, 9)]
        pages = []
        for host in paused:
            pages += host.stories(2)
            host.answers["/story-0"].insert(0, Answer(status=503, headers=(("Retry-After", "6"),)))
        books = crawled(
            tmp_path,
            pages + other.stories(60, "/photo-{}.jpg"),
            "CONCURRENT_REQUESTS=6",
            "CONCURRENT_REQUESTS_PER_DOMAIN=1",
        )
    assert books.stats["candidates"] == 72
    assert all(max(host.gaps()) >= 5.9 for host in paused)
    assert max(other.times()) < min(max(host.times()) for host in paused)
    assert max(other.gaps()) < 3


def test_a_crawl_that_waits_for_a_host_can_be_stopped(host: Host, tmp_path: Path) -> None:
    (tmp_path / "seeds.txt").write_text("\n".join(host.stories(10)))
    host.says("/story-3", Answer(status=503, headers=(("Retry-After", "100"),)))
    arguments = (
        f"-aseeds={tmp_path}/seeds.txt",
        f"-aout={tmp_path}",
        "-sDOWNLOAD_DELAY=0.01",
        "-sAUTOTHROTTLE_ENABLED=0",
        "-sNETGUARD_ALLOW=127.0.0.0/8",
        "-sLAIT_DRAIN_SECONDS=1",
    )
    command = [sys.executable, "-m", "scrapy", "crawl", "webpages", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        deadline = time.monotonic() + 30
        while "/story-3" not in host.paths() and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(1)  # for what follows the answer
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert "stopped by SIGINT" in errors.decode()
    assert host.paths()[-1] == "/story-3"


@pytest.mark.parametrize("setting", ["LAIT_MAX_CRAWL_DELAY=soon", "LAIT_BACK_OFF=-1", "LAIT_ROBOTS_SECONDS=nan"])
def test_a_setting_that_is_no_number_is_one_line(setting: str, tmp_path: Path) -> None:
    done = crawl("-aseeds=http://127.0.0.1/", f"-aout={tmp_path}", f"-s{setting}")
    name = setting.partition("=")[0]
    assert done.stderr == f"error: {setting} is no number from 0 up: use -s {name}=30 or so, or leave it out\n"
    assert done.returncode == 1
