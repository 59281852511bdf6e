"""Two spiders, two folders, one crawl: real processes that share a real Redis server and crawl a real web site."""

import json
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest

from tests.crawler_redis import RedisProgram, running_redis
from tests.crawler_web import ROOT, Web, command, page, photo, serving

HOSTS, PAGES = [f"127.0.0.{number}" for number in range(2, 8)], 60
LEASE = "-sLAIT_LEASE_SECONDS=4"


@pytest.fixture
def web() -> Iterator[Web]:
    """Pages on several hosts, linked like a tree, most with an image of their own on another host."""
    with serving("0.0.0.0") as site:
        port = urlsplit(site.url).port
        for number in range(PAGES):
            links = [n for n in (2 * number + 1, 2 * number + 2) if n < PAGES]
            anchors = "".join(f'<a href="http://{HOSTS[n % len(HOSTS)]}:{port}/{n}">next</a>' for n in links)
            image = "" if number % 10 == 7 else f"http://{HOSTS[(number + 1) % len(HOSTS)]}:{port}/{number}.jpg"
            site.add(f"/{number}", page(image).replace(b"</body>", f"{anchors}</body>".encode()))
            site.add(f"/{number}.jpg", photo(number), "image/jpeg")
        site.url = f"http://{HOSTS[0]}:{port}"
        yield site


def start(web: Web, server: RedisProgram, out: Path, *more: str) -> subprocess.Popen[str]:
    frontier = f"-sLAIT_FRONTIER={server.crawl(out.parent.name)}"
    arguments = (
        f"-aseeds={out.parent / 'seeds.txt'}",
        f"-aout={out}",
        "-afollow=web",
        "-adepth=9",
        f"-sLAIT_CONTACT={out.name}",
    )
    (out.parent / "seeds.txt").write_text(f"{web.url}/0\n")
    return subprocess.Popen(
        command(*arguments, frontier, *more), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def recorded(out: Path) -> list[str]:
    """The path of the page of every row in every shard."""
    shards = [*out.glob("candidates/*.parquet"), *out.glob("refused/*.parquet")]
    urls = [url for shard in shards for url in pq.read_table(shard, columns=["page_url"])["page_url"].to_pylist()]
    return [urlsplit(url).path for url in urls]


def fetched(web: Web) -> Counter[str]:
    """How often each page and image was asked for."""
    return Counter(path for path in web.paths() if path != "/robots.txt")


def fetched_again(web: Web) -> list[tuple[str, str, str, float]]:
    """Each page and image that was asked for again: its path, by whom before, by whom now, and when."""
    again, first = [], dict[str, str]()
    for (path, agent), at in zip(list(web.asked), list(web.times), strict=False):
        who = agent.rpartition("+")[2].rstrip(")")
        if path not in ("/robots.txt", "/.well-known/tdmrep.json"):
            if path in first:
                again.append((path, first[path], who, at))
            first[path] = who
    return again


def wait_for(happens: Callable[[], bool], *processes: subprocess.Popen[str], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not happens() and time.monotonic() < end and all(process.poll() is None for process in processes):
        time.sleep(0.005)
    assert happens()


def test_two_spiders_share_a_crawl_and_fetch_nothing_twice(
    web: Web, redis_server: RedisProgram, tmp_path: Path
) -> None:
    web.delay = 0.05
    one, two = (tmp_path / name for name in ("one", "two"))
    with start(web, redis_server, one) as first, start(web, redis_server, two) as second:
        ends = [process.communicate(timeout=60) for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], ends
    assert [stderr for _, stderr in ends] == ["", ""]
    pages = {f"/{number}" for number in range(PAGES)}
    images = {f"/{number}.jpg" for number in range(PAGES) if number % 10 != 7}
    assert fetched(web) == dict.fromkeys(pages | images, 1)
    assert Counter(recorded(one) + recorded(two)) == dict.fromkeys(pages, 1)
    assert min(len(recorded(one)), len(recorded(two))) > 0
    books = {"pages": 60, "candidates": 54, "refused": 6, "failed": 0, "queued": 0}
    assert [json.loads((out / "stats.json").read_text())["all_runs"] for out in (one, two)] == [books, books]


def test_the_pages_of_a_killed_spider_go_to_the_other_and_its_folder_is_settled(
    web: Web, redis_server: RedisProgram, tmp_path: Path
) -> None:
    chance = random.Random(7)
    web.delay = 0.05
    one, two = (tmp_path / name for name in ("one", "two"))
    small = ("-sLAIT_SHARD_MB=0.02", LEASE)
    with start(web, redis_server, one, *small) as first, start(web, redis_server, two, *small) as second:
        wait_for(lambda: len(recorded(one)) >= 3, first)
        time.sleep(chance.random() * 0.1)
        first.kill()
        killed = time.monotonic()
        _, stderr = second.communicate(timeout=60)
    assert (first.returncode, second.returncode, stderr) == (-signal.SIGKILL, 0, "")
    durable = set(recorded(one))
    again = fetched_again(web)
    assert {(before, after) for _, before, after, _ in again} <= {("one", "two")}
    assert all(at - killed > 1 for *_, at in again)  # once the lease has run out
    assert {path for path, *_ in again} & durable == set()
    with start(web, redis_server, one, *small) as first:
        _, stderr = first.communicate(timeout=60)
    assert (first.returncode, stderr) == (0, "")
    assert Counter(recorded(one) + recorded(two)) == {f"/{number}": 1 for number in range(PAGES)}
    assert [path.name for path in one.rglob(".*.partial")] == []


@pytest.mark.parametrize("downtime", [0.5, pytest.param(None, marks=pytest.mark.slow)])
def test_a_server_that_restarts_is_waited_for_and_one_that_stays_away_ends_the_crawl(
    downtime: float | None, web: Web, tmp_path: Path
) -> None:
    web.delay = 0.05
    out = tmp_path / "one"
    (tmp_path / "redis").mkdir()
    with running_redis(tmp_path / "redis") as server:
        with start(web, server, out, "-sLAIT_LEASE_SECONDS=6") as process:
            wait_for(lambda: len(web.asked) > 40, process)
            server.stop(signal.SIGKILL)
            if downtime is not None:
                time.sleep(downtime)
                server.start()
            _, stderr = process.communicate(timeout=60)
        first, *rest = stderr.splitlines()
        assert first == f"WARNING: the Redis server at {server.crawl(tmp_path.name)} does not answer; waiting for it"
        if downtime is None:
            assert process.returncode == 1
            assert len(rest) == 1
            assert rest[0].startswith(f"error: cannot use the Redis server at {server.crawl(tmp_path.name)} (")
            server.start()
            with start(web, server, out, LEASE) as process:
                _, stderr = process.communicate(timeout=60)
            assert stderr == ""
        else:
            assert rest == []
            assert fetched(web) == dict.fromkeys(fetched(web), 1)
        assert process.returncode == 0
        assert Counter(recorded(out)) == {f"/{number}": 1 for number in range(PAGES)}


@pytest.mark.slow
def test_spiders_killed_at_random_moments_and_started_again_end_with_every_page_once(
    web: Web, redis_server: RedisProgram, tmp_path: Path
) -> None:
    chance, small = (
        random.Random(11),
        ("-sLAIT_SHARD_MB=0.02", LEASE, "-sCONCURRENT_REQUESTS_PER_DOMAIN=1", "-sLAIT_PROGRESS_SECONDS=0"),
    )
    web.delay, at_work = 0.5, 0
    outs = [tmp_path / name for name in ("one", "two")]
    spiders = [start(web, redis_server, out, *small) for out in outs]
    for _ in range(8):
        time.sleep(1 + chance.random() * 3)
        which = chance.randrange(2)
        at_work += spiders[which].poll() is None
        spiders[which].kill()
        spiders[which].communicate()
        spiders[which] = start(web, redis_server, outs[which], *small)
    ends = [(spider.communicate(timeout=60)[1], spider.returncode) for spider in spiders]
    assert ends == [("", 0), ("", 0)]
    assert at_work > 4
    pages = Counter(path for out in outs for path in recorded(out))
    assert pages == dict.fromkeys((f"/{number}" for number in range(PAGES)), 1)


@pytest.mark.slow
def test_a_spider_that_was_taken_for_dead_writes_nothing_that_another_was_given(
    web: Web, redis_server: RedisProgram, tmp_path: Path
) -> None:
    web.delay = 0.05
    one, two = (tmp_path / name for name in ("one", "two"))
    with start(web, redis_server, one, LEASE) as first:
        wait_for(lambda: len(web.asked) > 20, first)
        first.send_signal(signal.SIGSTOP)
        with start(web, redis_server, two, LEASE) as second:
            _, stderr = second.communicate(timeout=60)
        assert (second.returncode, stderr) == (0, "")
        first.send_signal(signal.SIGCONT)
        _, stderr = first.communicate(timeout=60)
    assert first.returncode == 1
    assert stderr.count("\n") == 1
    assert stderr.startswith("error: the Redis server at ")
    assert "no longer knows this process: it was not heard of for 4 seconds" in stderr
    assert Counter(recorded(one) + recorded(two)) == {f"/{number}": 1 for number in range(PAGES)}
