"""What the frontier on Redis does beyond `test_crawler_frontier`: many processes, leases, and servers that will not do."""

import logging
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crawler.balance import Counts
from crawler.endings import shortfall
from crawler.frontier import Ended, FrontierError, Work, host_of, key_of, work_of
from crawler.frontier_redis import RedisFrontier
from crawler.frontiers import open_frontier
from crawler.items import REFUSAL_SCHEMA, Failure, Refusal
from crawler.ledger import Ledger
from crawler.limits import Limits
from crawler.plan import CrawlError
from crawler.redis_server import check, read_address
from crawler.store import ParquetShards
from tests.crawler_redis import RedisProgram, running_redis

NOW = "2024-05-01T00:00:00+00:00"
A, B, C = (f"http://{name}.example/" for name in "abc")
OpenAs = Callable[..., RedisFrontier]


@pytest.fixture
def open_as(redis_server: RedisProgram, tmp_path: Path) -> Iterator[OpenAs]:
    """What opens the test's crawl for a process with an output folder of that name."""
    opened = []

    def open_it(name: str, lease_seconds: float = 60.0) -> RedisFrontier:
        (tmp_path / name).mkdir(exist_ok=True)
        opened.append(RedisFrontier(redis_server.crawl(tmp_path.name), tmp_path / name, lease_seconds))
        return opened[-1]

    yield open_it
    for frontier in opened:
        try:
            frontier.close()
        except FrontierError:
            continue


def urls_of(frontier: RedisFrontier, count: int = 100, per_host: int = 100, **held: int) -> list[str]:
    return [work.url for work in frontier.take(count, per_host, {f"{name}.example": n for name, n in held.items()})]


def refused(url: str) -> tuple[dict[str, object], Ended]:
    return Refusal(url, None, "not_html", "", NOW).to_row(), Ended(key_of(url), "refused", NOW)


def killed(server: RedisProgram, out: Path, *lines: str) -> None:
    """Do that in a process with a lease of half a second, and end it without a farewell."""
    before = (
        "import os, pathlib, signal",
        "from crawler.frontier import Ended, key_of, work_of",
        "from crawler.frontier_redis import RedisFrontier",
        f"out, NOW = pathlib.Path({str(out)!r}), {NOW!r}",
        "out.mkdir(exist_ok=True)",
        f"frontier = RedisFrontier({server.crawl(out.parent.name)!r}, out, 0.5)",
    )
    program = "\n".join((*before, *lines, "os.kill(os.getpid(), signal.SIGKILL)"))
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -signal.SIGKILL


def test_a_host_goes_to_one_process_at_a_time_and_each_has_its_share(open_as: OpenAs) -> None:
    one, two = open_as("one"), open_as("two")
    one.add(work_of(f"http://{host}.example/{number}") for host in "abcd" for number in range(5))
    assert urls_of(two, 1, 1) == ["http://a.example/0"]
    first = one.take(100, 2, {})
    hosts = {work.host for work in first}
    assert len(first) == 4
    assert len(hosts) == 2  # half of them
    second = two.take(100, 2, {"a.example": 1})
    assert {work.host for work in second} | {"a.example"} == {f"{host}.example" for host in "abcd"} - hosts
    assert one.take(100, 2, dict.fromkeys(hosts, 2)) == []
    assert {host_of(url) for url in urls_of(two, 100, 5)} & hosts == set()


def test_the_hosts_and_pages_of_a_process_that_ends_are_others_at_once(open_as: OpenAs) -> None:
    one, two = open_as("one"), open_as("two")
    one.add([work_of(A), work_of(f"{A}1")])
    assert urls_of(one) == [A, f"{A}1"]
    assert urls_of(two) == []
    one.close()
    assert urls_of(two) == [A, f"{A}1"]
    assert two.counts() == Counts(queued=0, leased=2, done=0, refused=0, failed=0, other=0)


def test_what_a_killed_process_had_comes_back_when_its_lease_has_run_out(
    open_as: OpenAs, redis_server: RedisProgram, tmp_path: Path
) -> None:
    two = open_as("two")
    killed(redis_server, tmp_path / "one", f"frontier.add(map(work_of, [{A!r}, {B!r}]))", "frontier.take(1, 1, {})")
    assert urls_of(two) == [B]
    assert two.counts() == Counts(queued=0, leased=2, done=0, refused=0, failed=0, other=0)
    time.sleep(0.6)
    two.beat()
    assert urls_of(two) == [A]


@pytest.mark.parametrize("is_there", [False, True])
def test_what_a_killed_process_was_writing_waits_for_its_folder(
    is_there: bool, open_as: OpenAs, redis_server: RedisProgram, tmp_path: Path
) -> None:
    two, one = open_as("two"), tmp_path / "one"
    lines = (
        f"frontier.add(map(work_of, [{A!r}, {B!r}]))",
        "frontier.take(9, 9, {})",
        f"frontier.writing('refused/refused-00000.parquet', [Ended(key_of({A!r}), 'refused', NOW)])",
    )
    killed(redis_server, one, *lines)
    if is_there:
        shards = ParquetShards(one / "refused", "refused", REFUSAL_SCHEMA)
        shards.add(*refused(A))
        shards.close()
    time.sleep(0.6)
    two.beat()
    assert urls_of(two) == [B]
    two.end(Ended(key_of(B), "refused", NOW))
    assert two.counts() == Counts(queued=0, leased=0, done=0, refused=1, failed=0, other=0, waiting=1)
    assert (two.counts().open, two.counts().pages) == (0, 2)
    (remark,) = two.remarks()
    assert remark.startswith("1 pages wait for the folder ")
    assert f":{one}, which a process was writing to" in remark
    again = open_as("one")
    assert again.counts() == Counts(queued=int(not is_there), leased=0, done=0, refused=1 + is_there, failed=0, other=0)
    assert (two.remarks(), again.remarks()) == ([], [])


def test_a_folder_that_a_killed_process_had_is_settled_without_waiting_for_its_lease(
    open_as: OpenAs, redis_server: RedisProgram, tmp_path: Path
) -> None:
    killed(redis_server, tmp_path / "one", f"frontier.add([work_of({A!r})])", "frontier.take(1, 1, {})")
    assert urls_of(open_as("one")) == [A]


def test_a_copy_of_a_folder_is_not_taken_for_the_folder(open_as: OpenAs, tmp_path: Path) -> None:
    one = open_as("one")
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / ".crawl.id").write_bytes((tmp_path / "one" / ".crawl.id").read_bytes())
    with pytest.raises(FrontierError, match=r"another process has the same folder, as .*/one: give another"):
        open_as("copy")
    one.close()
    open_as("copy")


def test_two_processes_cannot_have_one_folder(open_as: OpenAs) -> None:
    open_as("one")
    with pytest.raises(FrontierError, match="another crawl is writing to"):
        open_as("one")


def test_what_failed_is_tried_again_only_when_no_other_process_is_at_work(open_as: OpenAs) -> None:
    one, two = open_as("one"), open_as("two")
    one.add([work_of(A)])
    one.take(1, 1, {})
    one.fail(key_of(A), Failure(A, None, "fetch_failed", "reset", 1, NOW, NOW))
    assert two.retry(5) == 0
    one.close()
    assert two.retry(5) == 1


def test_rows_of_one_image_that_follow_each_other_come_together(open_as: OpenAs) -> None:
    one, two = open_as("one"), open_as("two")
    urls = [f"{A}{name}.jpg" for name in (1, *[2] * 2_100, 3, *[2] * 2, 4)]
    works = [Work(number.to_bytes(16, "big"), url, "image", note="{}") for number, url in enumerate(urls)]
    one.add(works)
    assert one.take(2, 2, {}) == works[:2_002]  # a bounded number of them
    assert urls_of(two) == []
    assert one.take(1, 3_000, {"a.example": 2_002}) == works[2_002:2_101]
    assert one.take(2, 3_000, {"a.example": 2_101}) == works[2_101:2_104]


def test_what_other_processes_have_open_is_no_shortfall_of_this_one(open_as: OpenAs, tmp_path: Path) -> None:
    one, two = open_as("one"), open_as("two")
    one.add([work_of(A)])
    one.take(1, 1, {})
    ledger = Ledger(tmp_path / "one", one, Limits())
    ledger.take_on()
    ledger.refuse(Refusal(A, None, "not_html", "", NOW), Ended(key_of(A), "refused", NOW))
    two.add([work_of(B), work_of(C)])
    two.take(1, 1, {})
    ledger.close("finished")
    assert ledger.in_all == Counts(queued=1, leased=1, done=0, refused=1, failed=0, other=0)
    assert shortfall("finished", 0, ledger, "rows", 0) == ""
    assert shortfall("finished", 0, ledger, "rows", 1).startswith("1 rows came to no end; this is a fault")
    assert shortfall("finished", 0, ledger, "pages", None).startswith("2 pages came to no end; this is a fault")
    ledger.take_on()
    assert shortfall("finished", 0, ledger, "rows", 0).startswith("1 rows came to no end; this is a fault")


def test_long_lists_go_through_in_pieces(open_as: OpenAs) -> None:
    one = open_as("one")
    urls = [f"{A}{number}" for number in range(1_700)]
    assert one.add(map(work_of, urls)) == 1_700
    assert urls_of(one, 2_000, 2_000) == urls
    for url in urls[:1_200]:
        one.fail(key_of(url), Failure(url, f"{url}.jpg", "fetch_failed", "reset", 1, NOW, NOW))
    one.writing("one", [Ended(key_of(url), "done", NOW) for url in urls[1_200:]])
    one.written("one")
    assert [failure.page_url for failure in one.failures()] == urls[:1_200]
    assert one.retry(5) == 1_200
    assert urls_of(one, 2_000, 2_000) == urls[:1_200]
    one.writing("two", [Ended(key_of(url), "refused", NOW) for url in urls[:1_200]])
    one.written("two")
    assert one.refresh(NOW) == 1_700
    assert sorted(urls_of(one, 2_000, 2_000)) == sorted(urls)


def test_an_operation_that_is_sent_twice_is_done_once(open_as: OpenAs) -> None:
    one = open_as("one")
    one.add([work_of(f"{A}{number}") for number in range(9)])
    first = one.take(2, 9, {})
    one._process._number -= 1  # as after a connection that broke before the answer came
    assert one.take(2, 9, {}) == first
    assert len(one.take(9, 9, {"a.example": 2})) == 7


def test_a_server_that_has_forgotten_is_told_what_the_shards_hold(
    open_as: OpenAs, redis_server: RedisProgram, tmp_path: Path
) -> None:
    one = open_as("one")
    one.add([work_of(A), work_of(B)])
    one.take(9, 9, {})
    shards = ParquetShards(tmp_path / "one" / "refused", "refused", REFUSAL_SCHEMA, journal=one)
    shards.add(*refused(A))
    shards.close()
    with redis_server.client() as client:
        for key in client.keys(f"lait:{tmp_path.name}:*"):
            client.delete(key)
    with pytest.raises(FrontierError, match="no longer knows this process"):
        one.beat()
    with pytest.raises(FrontierError):
        one.close()
    again = open_as("one")
    assert again.counts() == Counts(queued=0, leased=0, done=0, refused=1, failed=0, other=0)
    assert again.add([work_of(A), work_of(B)]) == 1


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nonsense", r"LAIT_FRONTIER=nonsense is no address"),
        ("http://127.0.0.1/", r"is no address of a Redis server: use redis://HOST:6379/0\?crawl=NAME"),
        ("redis://:secret@127.0.0.1/0?crawl=a b", r"LAIT_FRONTIER=redis://127.0.0.1/0\?crawl=a b is no address"),
        ("redis://127.0.0.1:x/0", r"is no address"),
        ("redis://127.0.0.1/0?unknown=1", r"is no address|cannot use"),
        (
            "redis://:secret@127.0.0.1:9/0",
            r"cannot use the Redis server at redis://127.0.0.1:9/0 .*: start it, or check",
        ),
    ],
)
def test_an_address_without_a_server_is_said_in_one_line(address: str, message: str, tmp_path: Path) -> None:
    for _ in range(2):  # the lock is let go of
        with pytest.raises(CrawlError, match=message) as caught:
            open_frontier(address, tmp_path)
        assert "\n" not in str(caught.value)
        assert "secret" not in str(caught.value)


def test_a_server_that_wants_a_password_says_so(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    with running_redis(tmp_path / "redis", "--requirepass", "sesame") as server:
        for password in ("", ":wrong@"):
            address = server.crawl("a").replace("//", f"//{password}")
            with pytest.raises(FrontierError, match="give user and password: redis://USER:PASSWORD@HOST") as caught:
                RedisFrontier(address, tmp_path, 60.0)
            assert "wrong@" not in str(caught.value)
        RedisFrontier(server.crawl("a").replace("//", "//:sesame@"), tmp_path, 60.0).close()


def test_a_full_server_says_so_and_has_done_nothing_by_halves(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    with running_redis(tmp_path / "redis") as server, server.client() as client:
        frontier = RedisFrontier(server.crawl("a"), tmp_path, 60.0)
        frontier.add([work_of(A), work_of(B)])
        client.config_set("maxmemory", 1)
        with pytest.raises(FrontierError, match="its memory is full: give it more"):
            frontier.take(1, 1, {})
        client.config_set("maxmemory", 0)
        frontier.beat()
        assert frontier.counts() == Counts(queued=2, leased=0, done=0, refused=0, failed=0, other=0)
        assert urls_of(frontier) == [A, B]
        frontier.close()


def test_a_server_that_would_lose_pages_is_refused_or_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    address = read_address("redis://:secret@127.0.0.1:6379/0?crawl=a")
    good = {"redis_version": "7.0.15", "maxmemory": 0, "maxmemory_policy": "noeviction", "aof_enabled": 1}
    check(good, address)
    assert caplog.messages == []
    with pytest.raises(FrontierError, match=r"has version 5\.0\.14: a crawl needs 6\.0 or later"):
        check({**good, "redis_version": "5.0.14"}, address)
    with pytest.raises(FrontierError, match=r"maxmemory-policy allkeys-lru\): set it to noeviction"):
        check({**good, "maxmemory": 1, "maxmemory_policy": "allkeys-lru"}, address)
    with caplog.at_level(logging.WARNING):
        check({**good, "aof_enabled": 0}, address)
    (message,) = caplog.messages
    assert message.endswith("set appendonly to yes")
    assert "secret" not in message


def test_without_the_package_a_crawl_says_how_to_get_it(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "sys.modules['redis'] = None\n"
        "from crawler.frontiers import open_frontier\n"
        f"open_frontier('redis://127.0.0.1/0', pathlib.Path({str(tmp_path)!r}))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].endswith("LAIT_FRONTIER needs the package redis: pip install 'lait[redis]'")
