"""The pace of a host that several processes ask: agreed on by way of a real Redis server, seen by a real web server."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from crawler.moments import Moment
from crawler.redis_moments import RedisMoments
from crawler.redis_server import RedisServer, read_address
from tests.crawler_redis import RedisProgram
from tests.crawler_web import ROOT, command, page, photo
from tests.polite_web import Answer, Asked, Host, refusals, serving

H = "a.example"


@pytest.fixture
def two(redis_server: RedisProgram, tmp_path: Path) -> Iterator[tuple[RedisMoments, RedisMoments]]:
    """The moments of a crawl, as two processes see them."""
    servers = [RedisServer(read_address(redis_server.crawl(tmp_path.name)), 1.0) for _ in range(2)]
    yield RedisMoments(servers[0]), RedisMoments(servers[1])
    for server in servers:
        server.close()


@pytest.fixture
def host() -> Iterator[Host]:
    with serving() as web:
        yield web


def test_each_moment_of_a_host_is_one_processs_and_hosts_do_not_wait_for_each_other(
    two: tuple[RedisMoments, RedisMoments],
) -> None:
    one, other = two
    assert one.take(H, 10).wait == 0
    waits = [moments.take(H, 10).wait for moments in (other, one, one)]
    assert waits == pytest.approx([10, 20, 30], abs=1)
    assert other.take("b.example", 10).wait == 0


def test_the_longer_of_two_delays_lies_between_two_requests(two: tuple[RedisMoments, RedisMoments]) -> None:
    one, other = two
    one.take(H, 30)
    assert other.take(H, 1).wait == pytest.approx(30, abs=1)
    assert one.take(H, 30).wait == pytest.approx(60, abs=1)


def test_a_ticket_is_good_until_its_moment_is_over_and_the_next_one_given_away(
    two: tuple[RedisMoments, RedisMoments],
) -> None:
    one, other = two
    one.take(H, 0.2)
    second = one.take(H, 0.2)
    assert one.take(H, 0.2, second.ticket).ticket == second.ticket
    time.sleep(0.4)
    moved = one.take(H, 0.2, second.ticket)  # late, but nobody waits for the next one
    assert moved.wait == 0
    assert moved.ticket > second.ticket
    third = other.take(H, 0.2)
    assert third.wait == pytest.approx(0.2, abs=0.15)
    time.sleep(0.1)
    again = one.take(H, 0.2, moved.ticket)
    assert float(again.ticket) == pytest.approx(float(third.ticket) + 0.2, abs=0.001)


def test_a_pause_holds_for_all_and_for_moments_that_were_taken(two: tuple[RedisMoments, RedisMoments]) -> None:
    one, other = two
    one.take(H, 5)
    second = other.take(H, 5)
    one.put_off(H, 100)
    one.put_off(H, 50)
    assert other.take(H, 5, second.ticket).wait == pytest.approx(100, abs=1)
    assert one.take(H, 5).wait == pytest.approx(105, abs=1)


def test_a_refusal_is_told_with_its_reason_until_it_is_over(two: tuple[RedisMoments, RedisMoments]) -> None:
    one, other = two
    one.put_off(H, 0.2, "busy")
    told = other.take(H, 1)
    assert told == Moment(told.wait, b"", "busy")
    assert told.wait == pytest.approx(0.2, abs=0.2)
    time.sleep(0.25)
    assert other.take(H, 1).wait == 0


def test_hosts_are_forgotten_in_time(
    two: tuple[RedisMoments, RedisMoments], redis_server: RedisProgram, tmp_path: Path
) -> None:
    two[0].take(H, 10)
    two[0].take("\ud800", 10)
    two[1].put_off("b.example", 1_000)
    with redis_server.client() as client:
        left = {key.rpartition(b":")[2]: client.ttl(key) for key in client.keys(f"lait:{tmp_path.name}:moment:*")}
    assert left == {
        H.encode(): pytest.approx(70, abs=2),
        b"?": pytest.approx(70, abs=2),
        b"b.example": pytest.approx(1_060, abs=2),
    }


def crawl_by_two(server: RedisProgram, folder: Path, urls: list[str], *settings: str) -> list[Path]:
    """Crawl pages with two spiders; answers their folders."""
    outs = [folder / name for name in ("one", "two")]
    with ExitStack() as stack:
        gate = stack.enter_context(serving("127.0.0.9"))
        gate.takes = 1.0  # for each of three answers, so that both spiders are at work when the links are found
        gate.says("/", Answer(page("").replace(b"</body>", linked(urls)), "text/html"))
        (folder / "seeds.txt").write_text(f"{gate.url}/")
        where = (f"-aseeds={folder}/seeds.txt", "-afollow=web", "-adepth=1")
        frontier = f"-sLAIT_FRONTIER={server.crawl(folder.name)}"
        started = []
        for out in outs:
            about = (f"-aout={out}", f"-sLAIT_CONTACT={out.name}", "-sLAIT_PROGRESS_SECONDS=0", frontier)
            process = subprocess.Popen(
                command(*where, *about, *(f"-s{setting}" for setting in settings)),
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            started.append(stack.enter_context(process))
        ends = [(process.communicate(timeout=100)[1], process.returncode) for process in started]
    assert ends == [("", 0), ("", 0)]
    return outs


def linked(urls: list[str]) -> bytes:
    return "".join(f'<a href="{url}">story</a>' for url in urls).encode() + b"</body>"


@pytest.fixture
def sites() -> Iterator[list[Host]]:
    with ExitStack() as stack:
        yield [stack.enter_context(serving(f"127.0.0.{number}")) for number in range(2, 8)]


def stories(sites: list[Host], count: int, image_host: Host) -> list[str]:
    """Pages of several sites, each with an image of its own on one host."""
    urls = []
    for number, site in enumerate(sites):
        for turn in range(count):
            image = f"/{number}-{turn}.jpg"
            image_host.says(image, Answer(photo(1), "image/jpeg"))
            site.says(f"/story-{turn}", Answer(page(f"{image_host.url}{image}"), "text/html"))
            urls.append(f"{site.url}/story-{turn}")
    return urls


def asked_for_images(host: Host) -> list[Asked]:
    return [asked for asked in host.diary if asked.path.endswith(".jpg")]


def agents(host: Host) -> set[str]:
    """Who asked for images: the contact in the agent's name."""
    return {asked.agent.rpartition("+")[2].rstrip(")") for asked in asked_for_images(host)}


def test_two_spiders_leave_the_delay_between_any_two_requests_to_one_image_host(
    host: Host, sites: list[Host], redis_server: RedisProgram, tmp_path: Path
) -> None:
    crawl_by_two(redis_server, tmp_path, stories(sites, 3, host), "DOWNLOAD_DELAY=0.2")
    assert len(asked_for_images(host)) == 18
    assert len(host.diary) == 22  # each spider reads robots.txt and tdmrep.json
    assert agents(host) == {"one", "two"}
    for each in (host, *sites):
        assert min(each.gaps()) >= 0.18


def test_a_pause_that_a_host_asks_of_one_spider_is_kept_by_both(
    host: Host, sites: list[Host], redis_server: RedisProgram, tmp_path: Path
) -> None:
    pages = stories(sites, 3, host)
    host.says("/0-0.jpg", Answer(status=503, headers=(("Retry-After", "2"),)))
    crawl_by_two(redis_server, tmp_path, pages, "DOWNLOAD_DELAY=0.1")
    assert len(asked_for_images(host)) == 18
    assert agents(host) == {"one", "two"}
    (gap,) = (after.at - asked.at for asked, after in pairwise(host.diary) if asked.path == "/0-0.jpg")
    assert gap >= 1.9


def test_a_host_that_asks_one_spider_for_too_much_patience_is_refused_by_both(
    host: Host, sites: list[Host], redis_server: RedisProgram, tmp_path: Path
) -> None:
    pages = stories(sites, 3, host)
    for path in list(host.answers):
        host.says(path, Answer(status=429, headers=(("Retry-After", "3600"),)))
    outs = crawl_by_two(redis_server, tmp_path, pages, "DOWNLOAD_DELAY=0.2")
    assert len(asked_for_images(host)) <= 2  # the other's next one may be under way
    rows = [[row for row in refusals(out / "refused") if row["image_url"]] for out in outs]
    failed = pq.read_table(outs[0] / "failures.parquet").to_pylist()  # of the whole crawl
    assert min(map(len, rows)) > 0
    assert [row["reason"] for row in [*rows[0], *rows[1], *failed]] == ["image_http_error"] * 18


@pytest.mark.slow
def test_two_spiders_take_turns_at_a_host_that_asks_for_a_long_delay(
    host: Host, sites: list[Host], redis_server: RedisProgram, tmp_path: Path
) -> None:
    host.robots("User-agent: *\nCrawl-delay: 6\n")
    crawl_by_two(redis_server, tmp_path, stories(sites[:2], 2, host), "DOWNLOAD_DELAY=0.1")
    assert len(asked_for_images(host)) == 4
    assert agents(host) == {"one", "two"}
    _, *gaps = host.gaps()
    assert min(gaps) >= 5.5
    assert max(gaps) < 9
