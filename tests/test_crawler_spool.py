"""The spool: its files, a kill between any two steps, and crawls that were killed before they could write a shard."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crawler.balance import Counts
from crawler.frontier import Ended, key_of, work_of
from crawler.frontier_sqlite import SqliteFrontier
from crawler.items import CANDIDATE_SCHEMA, REFUSAL_SCHEMA, Candidate, Refusal, Text, versioned
from crawler.ledger import Ledger
from crawler.limits import Limits
from crawler.spool import Spool
from tests.crawler_web import ROOT, Web, command, crawl, page, photo, serving
from tests.spool_kills import MOMENTS, URLS

NOW = "2024-05-01T00:00:00+00:00"
CANDIDATE = Candidate(
    URLS[0], f"{URLS[0]}.jpg", bytes(range(256)), "00", "image/jpeg", 640, 480, (Text("alt", "A bo\ud83daté"),), 5.5,
    (("figure", 0.1), ("area", float("inf"))), "en", 0.75, None, ("noai",), 200, NOW,
)  # fmt: skip
ENDED = Ended(key_of(URLS[0]), "done", NOW, '"1"', "Wed")


def refusal(number: int, detail: str = "de") -> tuple[dict[str, Any], Ended]:
    row = Refusal(URLS[number], None, "not_english", detail, NOW).to_row()
    return row, Ended(key_of(URLS[number]), "refused", NOW)


def refused(out: Path, schema: pa.Schema = REFUSAL_SCHEMA) -> Spool:
    return Spool(out, "refused", schema)


def filled(out: Path, count: int = 3) -> Path:
    """A spool of so many records in one segment, which is answered."""
    spool = refused(out)
    for number in range(count):
        spool.append(*refusal(number))
    (segment,) = (out / "spool").iterdir()
    return segment


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    Spool(tmp_path, "candidates", CANDIDATE_SCHEMA).append(CANDIDATE.to_row(), ENDED)
    ((row, ended),) = Spool(tmp_path, "candidates", CANDIDATE_SCHEMA).left()
    assert Candidate.from_row(row) == CANDIDATE
    assert ended == ENDED


def test_a_spool_that_is_cut_anywhere_gives_what_is_whole(tmp_path: Path) -> None:
    two, three = filled(tmp_path / "two", 2).read_bytes(), filled(tmp_path / "three", 3).read_bytes()
    assert three.startswith(two)
    segment = tmp_path / "spool" / "refused-00007.spool"
    segment.parent.mkdir()
    for length in range(len(two), len(three) + 1):
        segment.write_bytes(three[:length])
        spool = refused(tmp_path)
        whole = [refusal(0), refusal(1), *([refusal(2)] if length == len(three) else [])]
        assert list(spool.left()) == whole
        cut = (
            f"warning: {segment} cannot be read from byte {len(two):,} on, as after a kill in the middle of a write: the "
            "pages recorded there are fetched again"
        )
        assert spool.warnings == ([] if length in (len(two), len(three)) else [cut])


def test_a_bit_that_flipped_anywhere_ends_the_spool_before_its_record(tmp_path: Path) -> None:
    segment = filled(tmp_path)
    content = segment.read_bytes()
    ends = [len(filled(tmp_path / str(count), count).read_bytes()) for count in (1, 2, 3)]
    for position in range(len(content)):
        segment.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        spool = refused(tmp_path)
        before = sum(end <= position for end in ends)
        assert list(spool.left()) == [refusal(number) for number in range(before)]
        assert len(spool.warnings) == 1


@pytest.mark.parametrize("content", [b"", b"\0" * 4096, b"\xff" * 64])
def test_a_spool_of_nothing_or_of_zeros_gives_nothing(content: bytes, tmp_path: Path) -> None:
    segment = filled(tmp_path)
    segment.write_bytes(content)
    spool = refused(tmp_path)
    assert list(spool.left()) == []
    assert len(spool.warnings) == int(content != b"")
    spool.clear()
    assert list(tmp_path.iterdir()) == []


def test_zeros_after_the_last_record_end_the_spool(tmp_path: Path) -> None:
    segment = filled(tmp_path, 1)
    segment.write_bytes(segment.read_bytes() + b"\0" * 4096)
    spool = refused(tmp_path)
    assert list(spool.left()) == [refusal(0)]
    assert len(spool.warnings) == 1


def test_records_of_another_version_are_left(tmp_path: Path) -> None:
    filled(tmp_path)
    spool = refused(tmp_path, versioned("refusal", 2, list(REFUSAL_SCHEMA)))
    assert list(spool.left()) == []
    assert "cannot be read from byte 0 on" in spool.warnings[0]


def test_segments_are_read_oldest_first_and_removed_once_they_are_given_out(tmp_path: Path) -> None:
    for number in range(3):
        refused(tmp_path).append(*refusal(number))
    names = [f"refused-0000{number}.spool" for number in range(3)]
    assert sorted(path.name for path in (tmp_path / "spool").iterdir()) == names
    spool, read = refused(tmp_path), []
    for record in spool.left():
        read.append(record)
        spool.clear()  # as when a shard is full: not all of the segment that is being read is in it
        assert names[len(read) - 1] in {path.name for path in (tmp_path / "spool").iterdir()}
    assert read == [refusal(0), refusal(1), refusal(2)]
    spool.clear()
    assert not (tmp_path / "spool").exists()
    spool.append(*refusal(3))
    assert [path.name for path in (tmp_path / "spool").iterdir()] == ["refused-00003.spool"]


def test_a_record_that_finds_no_room_leaves_no_trace(tmp_path: Path) -> None:
    spool = refused(tmp_path)
    spool.append(*refusal(0))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            spool.append(*refusal(1, "x" * 100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    spool.append(*refusal(2))
    spool = refused(tmp_path)
    assert list(spool.left()) == [refusal(0), refusal(2)]
    assert spool.warnings == []


def test_a_record_whose_frontier_knows_nothing_of_it_or_has_handed_its_page_out_since_is_not_used(
    tmp_path: Path,
) -> None:
    frontier = SqliteFrontier(tmp_path)
    frontier.add(map(work_of, URLS[:2]))
    one, other = (work.key for work in frontier.take(2, 2, {}))
    frontier.spooling(one)
    frontier.close()
    frontier = SqliteFrontier(tmp_path)
    assert frontier.hold(other) is False  # a power cut undid what was done before it was recorded
    assert [work.key for work in frontier.take(1, 1, {})] == [one]
    frontier.close()
    frontier = SqliteFrontier(tmp_path)
    assert frontier.hold(one) is False
    assert frontier.counts() == Counts(queued=2, leased=0, done=0, refused=0, failed=0, other=0)
    frontier.close()


def recorded(out: Path) -> list[str]:
    """The page of every row in every shard."""
    shards = [*out.glob("candidates/*.parquet"), *out.glob("refused/*.parquet")]
    return [url for shard in shards for url in pq.read_table(shard, columns=["page_url"])["page_url"].to_pylist()]


def spooled(out: Path) -> list[str]:
    """The page of every record in the spool."""
    spools = Spool(out, "candidates", CANDIDATE_SCHEMA), refused(out)
    return [row["page_url"] for spool in spools for row, _ in spool.left()]


def test_a_kill_between_any_two_steps_leaves_each_page_in_one_place(tmp_path: Path) -> None:
    kills = [sys.executable, "-m", "tests.spool_kills", str(tmp_path)]
    subprocess.run(kills, cwd=ROOT, check=True)
    lost = {"before spooling", "after spooling", "before append", "in append"}  # for these, the page is in flight
    found, expected = {}, {}
    for moment in MOMENTS:
        for times, name in ((1, "once"), (2, "twice")):
            out = tmp_path / f"{moment.replace(' ', '-')}-{name}"
            frontier = SqliteFrontier(out)
            ledger = Ledger(out, frontier, Limits())
            ledger.recover()
            ledger.flush()
            rows, queued = sorted(recorded(out)), [work.url for work in frontier.take(9, 9, {})]
            found[moment, name] = rows, queued, frontier.counts().refused, (out / "spool").exists()
            frontier.close()
            ended = times if moment in lost else 2 * times
            expected[moment, name] = URLS[:ended], URLS[ended:], ended, False
    assert found == expected


def started(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(command(*arguments), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(happens: Callable[[], bool], process: subprocess.Popen[str], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not happens() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as site:
        yield site


def fill(web: Web, out: Path, count: int, side: int = 400) -> tuple[list[str], tuple[str, ...]]:
    """Pages, every fourth without an image; answered with the arguments of a crawl of them."""
    paths = [f"/{number}" for number in range(count)]
    for number, path in enumerate(paths):
        web.add(path, page("" if number % 4 == 3 else f"{path}.jpg"))
        web.add(f"{path}.jpg", photo(number, side), "image/jpeg")
    seeds = out.parent / f"{out.name}-seeds.txt"
    seeds.write_text("\n".join(f"{web.url}{path}" for path in paths))
    return paths, (f"-aseeds={seeds}", f"-aout={out}", "-sLAIT_CONTACT=me")


def ended(web: Web, paths: list[str]) -> set[str]:
    """The pages that the site gave all that they need."""
    answered = set(web.answered)
    return {path for path in paths if path in answered and (int(path[1:]) % 4 == 3 or f"{path}.jpg" in answered)}


def paths_of(web: Web, urls: list[str]) -> list[str]:
    return sorted(url.removeprefix(web.url) for url in urls)


@pytest.mark.parametrize("shared", [False, True])
def test_a_killed_crawl_asks_again_only_for_what_was_in_flight(
    shared: bool, web: Web, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    out = tmp_path / "crawl"
    paths, arguments = fill(web, out, 60)
    if shared:
        where = request.getfixturevalue("redis_server").crawl(tmp_path.name)
        arguments = (*arguments, f"-sLAIT_FRONTIER={where}")
    with started(*arguments, "-sCONCURRENT_REQUESTS=2") as process:
        wait_for(lambda: len(web.asked) >= 50, process)
        web.delay = 60.0
        wait_for(lambda: len(web.asked) - len(web.answered) == 2, process)
        wait_for(lambda: len(spooled(out)) == len(ended(web, paths)), process)
        process.kill()
    done, asked = ended(web, paths), set(web.paths())
    assert paths_of(web, spooled(out)) == sorted(done)
    assert recorded(out) == []
    in_flight = (asked & set(paths)) - done
    assert len(done) > 15
    assert 2 <= len(in_flight) <= 4  # two that wait for an answer, and those whose image is the next to be asked for
    web.delay, before = 0.0, len(web.asked)
    run = crawl(*arguments)
    assert (run.returncode, run.stderr) == (0, "")
    again = {path for path, _ in web.asked[before:]} & asked - {"/robots.txt", "/.well-known/tdmrep.json"}
    assert again & set(paths) == in_flight
    assert {path.removesuffix(".jpg") for path in again} == in_flight
    assert paths_of(web, recorded(out)) == sorted(paths)
    images = pq.read_table(out / "candidates", columns=["page_url", "image"]).to_pylist()
    assert {row["page_url"].removeprefix(web.url): row["image"] for row in images} == {
        path: web.answers[f"{path}.jpg"][2] for path in paths if int(path[1:]) % 4 != 3
    }
    assert not (out / "spool").exists()
    books = json.loads((out / "stats.json").read_text())
    assert (books["pages"], books["recovered"], books["lost"]) == (60 - len(done), len(done), 0)
    assert books["candidates"] + books["refusals"]["no_main_image"] == books["pages"]
    assert books["all_runs"] == {"pages": 60, "candidates": 45, "refused": 15, "failed": 0, "queued": 0}
    assert f"{'recovered':<26}{len(done):>8}   more, recorded by a run" in run.stdout


def test_a_crawl_that_is_killed_again_and_again_asks_for_nothing_that_was_recorded(web: Web, tmp_path: Path) -> None:
    out, chance = tmp_path / "crawl", random.Random(7)
    paths, arguments = fill(web, out, 120)
    web.delay = 0.004
    for kill in range(5):
        shard = "0.05" if kill % 2 else "128"
        before = len(web.asked)
        known = set(spooled(out) + recorded(out))
        target = before + chance.randint(15, 50)
        with started(*arguments, f"-sLAIT_SHARD_MB={shard}") as process:
            wait_for(lambda target=target: len(web.asked) >= target, process)  # type: ignore[misc]
            time.sleep(chance.random() * 0.05)
            process.kill()
        assert known & {f"{web.url}{path}" for path in web.paths()[before:]} == set()
        assert known <= set(spooled(out) + recorded(out))
    known, before = set(spooled(out) + recorded(out)), len(web.asked)
    assert 30 < len(known) < 120
    run = crawl(*arguments)
    assert run.returncode == 0, run.stderr
    assert known & {f"{web.url}{path}" for path in web.paths()[before:]} == set()
    assert paths_of(web, recorded(out)) == sorted(paths)
    books = json.loads((out / "stats.json").read_text())
    assert books["all_runs"] == {"pages": 120, "candidates": 90, "refused": 30, "failed": 0, "queued": 0}


def test_links_of_a_page_in_the_spool_are_followed_after_a_kill_at_once(web: Web, tmp_path: Path) -> None:
    out = tmp_path / "crawl"
    links = [f"/{number}" for number in range(20)]
    web.add("/hub", page("", text="".join(f'<a href="{link}">page</a>' for link in links)))
    for link in links:
        web.add(link, page(""))
    arguments = (f"-aseeds={web.url}/hub", f"-aout={out}", "-afollow=site", "-sLAIT_CONTACT=me")
    with started(*arguments) as process:
        wait_for(lambda: spooled(out) != [], process)
        process.kill()
    assert crawl(*arguments).returncode == 0
    assert web.paths().count("/hub") == 1
    assert paths_of(web, recorded(out)) == sorted(["/hub", *links])


def test_without_the_spool_records_wait_for_their_shard(web: Web, tmp_path: Path) -> None:
    out = tmp_path / "crawl"
    paths, arguments = fill(web, out, 8)
    web.silent.add("/never")
    with started(*arguments, "-sLAIT_SPOOL=False", "-sCONCURRENT_REQUESTS=1") as process:
        wait_for(lambda: len(web.answered) >= 8, process)
        web.delay = 60.0
        process.kill()
    assert not (out / "spool").exists()
    web.delay = 0.0
    assert crawl(*arguments, "-sLAIT_SPOOL=False").returncode == 0
    assert web.paths().count("/0") == 2
    assert paths_of(web, recorded(out)) == sorted(paths)


def test_a_spool_is_used_up_even_where_it_is_off(web: Web, tmp_path: Path) -> None:
    out = tmp_path / "crawl"
    paths, arguments = fill(web, out, 8)
    with started(*arguments, "-sCONCURRENT_REQUESTS=1") as process:
        wait_for(lambda: len(spooled(out)) >= 3, process)
        process.kill()
    known = set(spooled(out))
    assert crawl(*arguments, "-sLAIT_SPOOL=False").returncode == 0
    assert {web.paths().count(url.removeprefix(web.url)) for url in known} == {1}
    assert paths_of(web, recorded(out)) == sorted(paths)
    assert not (out / "spool").exists()


@pytest.mark.parametrize("value", ["maybe", "2"])
def test_a_switch_that_is_none_is_one_line(value: str, web: Web, tmp_path: Path) -> None:
    done = crawl(f"-aseeds={web.url}/page", f"-aout={tmp_path}", f"-sLAIT_SPOOL={value}")
    assert done.returncode == 1
    assert done.stderr == f"error: LAIT_SPOOL={value} is neither True nor False: use -s LAIT_SPOOL=True\n"


def test_a_segment_whose_shard_is_there_is_removed_by_the_next_run(web: Web, tmp_path: Path) -> None:
    out = tmp_path / "crawl"
    paths, arguments = fill(web, out, 3)
    assert crawl(*arguments).returncode == 0
    assert not (out / "spool").exists()
    filled(out)
    assert crawl(*arguments).stdout.startswith("nothing left to do in")
    assert not (out / "spool").exists()
    assert paths_of(web, recorded(out)) == sorted(paths)


def test_a_spool_without_its_frontier_is_fetched_again(web: Web, tmp_path: Path) -> None:
    out = tmp_path / "crawl"
    paths, arguments = fill(web, out, 8)
    with started(*arguments, "-sCONCURRENT_REQUESTS=1") as process:
        wait_for(lambda: len(spooled(out)) >= 3, process)
        process.kill()
    for file in out.glob("frontier.sqlite*"):
        file.unlink()
    assert crawl(*arguments).returncode == 0
    assert paths_of(web, recorded(out)) == sorted(paths)
    assert not (out / "spool").exists()


def test_a_disk_that_is_full_ends_the_crawl_in_one_line_and_loses_nothing(web: Web, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        out = disk / "crawl"
        paths, arguments = fill(web, tmp_path / "crawl", 40)
        for number in range(40):
            web.add(f"/{number}.jpg", photo(number) + random.Random(number).randbytes(80_000), "image/jpeg")
        arguments = (arguments[0], f"-aout={out}", arguments[2])
        done = crawl(*arguments)
        assert done.returncode == 1
        assert done.stderr == (
            f"error: cannot write to {out}/ (No space left on device); shards written before are whole: make room and run "
            "again, new shards are added to them\n"
        )
        known = set(spooled(out) + recorded(out))
        assert 3 < len(known) < 40
        before = len(web.asked)
        subprocess.run(["mount", "-o", "remount,size=50m", str(disk)], check=True)
        assert crawl(*arguments).returncode == 0
        assert known & {f"{web.url}{path}" for path in web.paths()[before:]} == set()
        assert paths_of(web, recorded(out)) == sorted(paths)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_signal_leaves_no_spool(web: Web, tmp_path: Path) -> None:
    out = tmp_path / "crawl"
    _, arguments = fill(web, out, 40)
    web.delay = 0.02
    with started(*arguments) as process:
        wait_for(lambda: len(web.answered) >= 12, process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT
    assert not (out / "spool").exists()
    books = json.loads((out / "stats.json").read_text())
    assert len(recorded(out)) == books["candidates"] + sum(books["refusals"].values())
