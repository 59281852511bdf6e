import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from crawler.balance import Counts
from crawler.frontier import Ended, Frontier, FrontierError, Work, host_of, key_of, work_of
from crawler.frontier_redis import RedisFrontier
from crawler.frontier_sqlite import SqliteFrontier
from crawler.items import REFUSAL_SCHEMA, Failure, Refusal
from crawler.store import ParquetShards

OpenAt = Callable[[Path], Frontier]
NOW, LATER = "2024-05-01T00:00:00+00:00", "2024-05-02T00:00:00+00:00"
A, B, C = (f"http://a.example/{name}" for name in "abc")


@pytest.fixture(params=["sqlite", "redis"])
def open_at(request: pytest.FixtureRequest) -> OpenAt:
    """What opens the frontier of the crawl that writes to a folder."""
    if request.param == "sqlite":
        return SqliteFrontier
    server = request.getfixturevalue("redis_server")
    return lambda out: RedisFrontier(server.crawl(out.name), out, 60.0)


def failure(url: str, reason: str = "fetch_failed", at: str = NOW) -> Failure:
    return Failure(url, None, reason, "reset", 1, at, at)


def take(frontier: Frontier, count: int = 10, per_host: int = 10, **held: int) -> list[str]:
    return [work.url for work in frontier.take(count, per_host, held)]


def finish(frontier: Frontier, out: Path, shard: str, *ends: Ended) -> None:
    frontier.writing(shard, ends)
    (out / shard).write_bytes(b"whole")
    frontier.written(shard)


def reopened(open_at: OpenAt, frontier: Frontier, out: Path) -> Frontier:
    frontier.close()
    return open_at(out)


def test_an_address_is_queued_once_with_all_that_is_known_of_it(open_at: OpenAt, tmp_path: Path) -> None:
    frontier = open_at(tmp_path)
    work = work_of(A, "page", 2, "home.example")
    assert frontier.add([work, work_of(f"{A}#part"), work_of(B)]) == 2
    assert frontier.add([work_of(B), work_of(C)]) == 1
    assert frontier.take(1, 1, {}) == [work]
    assert frontier.counts() == Counts(queued=2, leased=1, done=0, refused=0, failed=0, other=0)
    frontier.close()


def test_hosts_take_turns_and_none_has_more_in_flight_than_allowed(open_at: OpenAt, tmp_path: Path) -> None:
    frontier = open_at(tmp_path)
    urls = [f"http://{host}.example/{number}" for host in "abcd" for number in range(10)]
    frontier.add(map(work_of, urls))
    first = take(frontier, 4, 3)
    assert Counter(map(host_of, first)) == {f"{host}.example": 1 for host in "abcd"}
    assert [url[-1] for url in first] == ["0"] * 4
    held = {"a.example": 3, "b.example": 1}
    assert Counter(host_of(work.url) for work in frontier.take(100, 3, held)) == {
        "b.example": 2,
        "c.example": 3,
        "d.example": 3,
    }
    assert frontier.take(100, 3, {f"{host}.example": 3 for host in "abcd"}) == []
    two = [host_of(work.url) for _ in range(6) for work in frontier.take(1, 3, {})]
    assert max(Counter(two).values()) == 2  # a take goes on with the host after the last one's
    frontier.close()


def test_what_is_leased_when_a_crawl_ends_is_queued_again(open_at: OpenAt, tmp_path: Path) -> None:
    frontier = open_at(tmp_path)
    frontier.add([work_of(A), work_of(B)])
    assert take(frontier) == [A, B]
    assert take(frontier) == []
    frontier = reopened(open_at, frontier, tmp_path)
    assert take(frontier) == [A, B]
    frontier.close()


def test_a_shard_that_was_being_written_counts_only_if_it_is_there(open_at: OpenAt, tmp_path: Path) -> None:
    frontier = open_at(tmp_path)
    frontier.add([work_of(A), work_of(B), work_of(C)])
    take(frontier)
    frontier.writing("one", [Ended(key_of(A), "done", NOW)])
    frontier.writing("two", [Ended(key_of(B), "refused", NOW)])
    (tmp_path / "two").write_bytes(b"whole")
    frontier = reopened(open_at, frontier, tmp_path)
    assert frontier.counts() == Counts(queued=2, leased=0, done=0, refused=1, failed=0, other=0)
    assert take(frontier) == [A, C]
    finish(frontier, tmp_path, "three", Ended(key_of(A), "done", NOW), Ended(key_of(C), "refused", NOW))
    assert frontier.counts() == Counts(queued=0, leased=0, done=1, refused=2, failed=0, other=0)
    frontier = reopened(open_at, frontier, tmp_path)
    assert frontier.counts().open == 0
    frontier.close()


def test_a_shard_is_noted_before_it_appears_even_if_all_is_lost_after(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, signal\n"
        "from crawler.frontier import Ended, work_of\n"
        "from crawler.frontier_sqlite import SqliteFrontier\n"
        f"frontier = SqliteFrontier(pathlib.Path({str(tmp_path)!r}))\n"
        f"frontier.add([work_of({A!r}), work_of({B!r})])\n"
        "key = frontier.take(1, 1, {})[0].key\n"
        f"frontier.writing('one', [Ended(key, 'done', {NOW!r})])\n"
        f"pathlib.Path({str(tmp_path)!r}, 'one').write_bytes(b'whole')\n"
        "frontier.written('one')\n"
        f"frontier.add([work_of({C!r})])\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -signal.SIGKILL
    frontier = SqliteFrontier(tmp_path)
    assert frontier.counts() == Counts(queued=1, leased=0, done=1, refused=0, failed=0, other=0)
    assert take(frontier) == [B]
    frontier.close()


def test_the_target_of_a_redirect_is_one_units(open_at: OpenAt, tmp_path: Path) -> None:
    frontier = open_at(tmp_path)
    frontier.add([work_of(A), work_of(B)])
    take(frontier)
    assert frontier.claim(C, key_of(A)) is True
    assert frontier.claim(C, key_of(B)) is False
    assert frontier.claim(A, key_of(B)) is False
    assert frontier.claim(A, key_of(A)) is True
    assert frontier.add([work_of(C)]) == 0
    frontier = reopened(open_at, frontier, tmp_path)
    assert frontier.claim(C, key_of(A)) is True  # it is fetched again after a kill
    assert frontier.counts().pages == 2
    frontier.close()


def test_what_failed_is_kept_with_its_last_error_and_tried_in_so_many_runs(open_at: OpenAt, tmp_path: Path) -> None:
    frontier = open_at(tmp_path)
    frontier.add([work_of(A), work_of(B)])
    take(frontier)
    frontier.fail(key_of(A), failure(A))
    frontier.fail(key_of(B), failure(B))
    assert take(frontier) == []
    frontier = reopened(open_at, frontier, tmp_path)
    assert frontier.retry(2) == 2
    assert take(frontier) == [A, B]
    frontier.fail(key_of(A), Failure(A, f"{A}.jpg", "image_http_error", "503", 1, LATER, LATER))
    finish(frontier, tmp_path, "one", Ended(key_of(B), "done", LATER))
    assert list(frontier.failures()) == [Failure(A, f"{A}.jpg", "image_http_error", "503", 2, NOW, LATER)]
    assert frontier.retry(2) == 0
    assert frontier.retry(3) == 1
    assert frontier.counts() == Counts(queued=1, leased=0, done=1, refused=0, failed=0, other=0)
    frontier.close()


def test_what_ended_long_enough_ago_is_asked_again_with_its_validators(open_at: OpenAt, tmp_path: Path) -> None:
    frontier = open_at(tmp_path)
    frontier.add([work_of(A), work_of(B), work_of(C)])
    take(frontier)
    ends = (
        Ended(key_of(A), "done", NOW, '"1"', "Wed"),
        Ended(key_of(B), "refused", NOW),
        Ended(key_of(C), "done", LATER),
    )
    finish(frontier, tmp_path, "one", *ends)
    assert frontier.refresh(NOW) == 2
    assert frontier.refresh(LATER) == 0  # the one that was begun goes first
    first, second = frontier.take(2, 2, {})
    assert (first.url, first.etag, first.modified) == (A, '"1"', "Wed")
    assert (second.url, second.etag, second.modified) == (B, "", "")
    frontier.end(Ended(first.key, "same", LATER))
    finish(frontier, tmp_path, "two", Ended(second.key, "done", LATER))
    assert frontier.counts() == Counts(queued=0, leased=0, done=3, refused=0, failed=0, other=0)
    assert frontier.refresh(NOW) == 0
    assert frontier.refresh(LATER) == 3
    assert frontier.take(1, 1, {})[0].etag == '"1"'
    frontier.close()


def test_sitemaps_are_work_but_no_pages(open_at: OpenAt, tmp_path: Path) -> None:
    frontier = open_at(tmp_path)
    frontier.add([work_of(A, "sitemap", 1), work_of(B, "seeds"), work_of(C, "seeds")])
    assert [(work.kind, work.depth) for work in frontier.take(9, 9, {})] == [("sitemap", 1), ("seeds", 0), ("seeds", 0)]
    assert frontier.counts() == Counts(queued=0, leased=0, done=0, refused=0, failed=0, other=3)
    frontier.end(Ended(key_of(A), "done", NOW))
    frontier.be_page(key_of(B))
    frontier.forget(key_of(C))
    assert frontier.counts() == Counts(queued=0, leased=1, done=0, refused=0, failed=0, other=0)
    assert frontier.add([work_of(A), work_of(B), work_of(C)]) == 1
    frontier.close()


def test_two_crawls_cannot_have_one_folder_and_a_kill_lets_go_of_it(tmp_path: Path) -> None:
    program = (
        "import pathlib\n"
        "from crawler.frontier_sqlite import SqliteFrontier\n"
        f"frontier = SqliteFrontier(pathlib.Path({str(tmp_path)!r}))\n"
        "print('open', flush=True)\n"
        "input()\n"
    )
    other = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(FrontierError, match="another crawl is writing to"):
            SqliteFrontier(tmp_path)
        os.kill(other.pid, signal.SIGKILL)
    SqliteFrontier(tmp_path).close()


def test_a_second_connection_reads_what_was_committed(tmp_path: Path) -> None:
    frontier = SqliteFrontier(tmp_path)
    other = sqlite3.connect(tmp_path / "frontier.sqlite")
    frontier.add([work_of(A)])
    assert other.execute("SELECT url FROM work").fetchall() == []
    frontier.beat()
    assert other.execute("SELECT url FROM work").fetchall() == [(A,)]
    other.close()
    frontier.close()


def test_a_folder_without_its_frontier_is_known_from_its_shards(open_at: OpenAt, tmp_path: Path) -> None:
    shards = ParquetShards(tmp_path / "refused", "refused", REFUSAL_SCHEMA)
    shards.add(Refusal(A, None, "not_english", "de", NOW).to_row())
    shards.close()
    (tmp_path / "refused" / ".refused-00001.parquet.partial").write_bytes(b"half")
    frontier = open_at(tmp_path)
    assert frontier.add([work_of(A), work_of(B)]) == 1
    assert frontier.counts() == Counts(queued=1, leased=0, done=0, refused=1, failed=0, other=0)
    assert [path.name for path in (tmp_path / "refused").iterdir()] == ["refused-00000.parquet"]
    frontier.close()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not a database, but long enough to be read as one" * 100, "is damaged"),
        (1, "is not the frontier of a crawl"),
        (2, "has version 9"),
    ],
)
def test_a_file_that_cannot_be_used_is_said_in_one_line(content: bytes | int, message: str, tmp_path: Path) -> None:
    path = tmp_path / "frontier.sqlite"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE x(y)")
            db.execute("PRAGMA user_version = 9")
            db.execute(f"PRAGMA application_id = {0x4C414954 if content == 2 else 7}")
        db.close()
    for _ in range(2):  # the lock is let go of
        with pytest.raises(FrontierError, match=message) as caught:
            SqliteFrontier(tmp_path)
        assert "\n" not in str(caught.value)


def test_a_shard_that_cannot_be_read_is_said_in_one_line(open_at: OpenAt, tmp_path: Path) -> None:
    (tmp_path / "refused").mkdir()
    (tmp_path / "refused" / "refused-00000.parquet").write_bytes(b"no")
    with pytest.raises(FrontierError, match=r"cannot read .*refused-00000.parquet") as caught:
        open_at(tmp_path)
    assert "\n" not in str(caught.value)


def test_odd_addresses_are_work_as_well(open_at: OpenAt, tmp_path: Path) -> None:
    frontier = open_at(tmp_path)
    odd = ["nonsense", "http://[::1", "http://a.example/\ud800", f"http://a.example/{'x' * 9_000}", ""]
    assert frontier.add(map(work_of, odd)) == 5
    urls = {work.url for work in frontier.take(9, 9, {})}
    assert {"nonsense", "http://[::1", "http://a.example/?", ""} < urls
    assert max(map(len, urls)) == 4_001
    frontier.close()


def test_a_unit_with_a_key_of_its_own_carries_a_note(open_at: OpenAt, tmp_path: Path) -> None:
    frontier = open_at(tmp_path)
    works = [Work(key, "http://a.example/i.jpg", "image", note=f"of {key!r}") for key in (b"1" * 16, b"2" * 16)]
    assert frontier.add(works) == 2
    assert frontier.take(9, 9, {}) == works
    frontier.close()


def test_a_unit_whose_record_is_in_the_spool_is_held_and_not_handed_out(open_at: OpenAt, tmp_path: Path) -> None:
    frontier = open_at(tmp_path)
    frontier.add(map(work_of, (A, B, C)))
    keys = [work.key for work in frontier.take(2, 2, {})]
    for key in keys:
        frontier.spooling(key)
    frontier.end(Ended(keys[1], "refused", NOW))
    for _ in range(2):  # the second time, as when it is killed before there is a shard
        frontier = reopened(open_at, frontier, tmp_path)
        assert [frontier.hold(key) for key in (*keys, b"unknown")] == [True, False, False]
        assert frontier.hold(keys[0]) is False  # there are two records of it
        assert frontier.counts() == Counts(queued=1, leased=1, done=0, refused=1, failed=0, other=0)
    assert take(frontier) == [C]
    finish(frontier, tmp_path, "one", Ended(keys[0], "done", NOW))
    frontier = reopened(open_at, frontier, tmp_path)
    assert frontier.hold(keys[0]) is False
    assert take(frontier) == [C]
    frontier.close()


def test_a_note_is_replaced_and_survives(open_at: OpenAt, tmp_path: Path) -> None:
    frontier = open_at(tmp_path)
    file = Work(b"f" * 16, "/in/a.csv", "rows", note="at 0")
    frontier.add([file, work_of(A)])
    assert {work.kind: work.note for work in frontier.take(9, 9, {})} == {"rows": "at 0", "page": ""}
    frontier.note(file.key, 'at 2,000 "\u00e9"')
    frontier.note(b"x" * 16, "of what is not there")
    frontier = reopened(open_at, frontier, tmp_path)
    assert {work.kind: work.note for work in frontier.take(9, 9, {})} == {"rows": 'at 2,000 "\u00e9"', "page": ""}
    frontier.end(Ended(file.key, "done", NOW))
    assert frontier.add([file]) == 0
    frontier.close()


def test_the_page_of_an_image_that_failed_is_the_one_in_its_note(open_at: OpenAt, tmp_path: Path) -> None:
    frontier = open_at(tmp_path)
    image = "http://a.example/i.jpg"
    notes = [json.dumps({"page_url": A}), json.dumps({"texts": []})]
    works = [Work(bytes([number] * 16), image, "image", note=note) for number, note in enumerate(notes)]
    frontier.add([*works, work_of(B), Work(b"f" * 16, "/in/a.csv", "rows", note="{}")])
    for work in frontier.take(9, 9, {}):
        frontier.fail(work.key, Failure(work.url, image, "image_http_error", "503", 1, NOW, NOW))
    assert [(failed.page_url, failed.image_url) for failed in frontier.failures()] == [
        (A, image),
        (image, image),
        (B, image),
    ]
    frontier.close()
