"""What survives kills, interrupts, damage and full folders: real crawls, ended in every way, then started again."""

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from crawler.balance import Counts
from crawler.frontier_sqlite import SqliteFrontier
from tests.crawler_web import ROOT, Web, command, crawl, page, photo, serving

PAGES = 200
NOTHING_LEFT = "nothing left to do in"


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as site:
        yield site


def seeds_of(web: Web, out: Path, *paths: str) -> str:
    file = out.parent / f"{out.name}-seeds.txt"
    file.write_text("\n".join(f"{web.url}{path}" for path in paths))
    return f"-aseeds={file}"


def fill(web: Web) -> list[str]:
    """Pages with an image of their own each, but for some without one, some that fail and some that redirect."""
    paths = [f"/{number}" for number in range(PAGES)]
    for number, path in enumerate(paths):
        if number % 20 == 7:
            web.add(path, page(""))
        elif number % 40 == 11:
            web.add(path, b"", status=503)
        elif number % 40 == 31:
            web.add(path, b"", status=301, Location=f"/target{path}")
            web.add(f"/target{path}", page("/0.jpg"))
        else:
            web.add(path, page(f"{path}.jpg"))
            web.add(f"{path}.jpg", photo(number), "image/jpeg")
    return paths


def recorded(out: Path) -> list[str]:
    """The page of every row in every shard."""
    shards = [*out.glob("candidates/*.parquet"), *out.glob("refused/*.parquet")]
    return [url for shard in shards for url in pq.read_table(shard, columns=["page_url"])["page_url"].to_pylist()]


def stats(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "stats.json").read_text())
    return found


def started(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(command(*arguments), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(happens: Callable[[], bool], process: subprocess.Popen[str], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not happens() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.005)


def asked_of(web: Web, more: int) -> Callable[[], bool]:
    """Whether the site was asked that many times from now on."""
    target = len(web.asked) + more
    return lambda: len(web.asked) >= target


def test_a_crawl_killed_at_random_moments_ends_with_every_page_once(web: Web, tmp_path: Path) -> None:
    paths, out, chance, kills = fill(web), tmp_path / "crawl", random.Random(5), 0
    web.delay = 0.004
    arguments = (seeds_of(web, out, *paths), f"-aout={out}", "-sLAIT_CONTACT=me", "-sLAIT_SHARD_MB=0.04")
    while kills < 7:
        durable, before = set(recorded(out)), len(web.asked)
        with started(*arguments) as process:
            wait_for(asked_of(web, chance.randint(10, 70)), process)
            time.sleep(chance.random() * 0.05)
            process.kill()
        again = {f"{web.url}{path}" for path in web.paths()[before:]}
        assert durable & again == set()
        kills += 1
    durable, before = set(recorded(out)), len(web.asked)
    assert 20 < len(durable) < PAGES
    done = crawl(*arguments)
    assert done.returncode == 0, done.stderr
    assert durable & {f"{web.url}{path}" for path in web.paths()[before:]} == set()
    rows, failed = recorded(out), pq.read_table(out / "failures.parquet")["page_url"].to_pylist()
    ends = Counter([*rows, *failed])
    assert set(ends.values()) == {1}
    assert {url.replace("/target", "") for url in ends} == {f"{web.url}{path}" for path in paths}
    assert (len(rows), len(failed)) == (195, 5)
    books = stats(out)["all_runs"]
    assert books == {"pages": 200, "candidates": 185, "refused": 10, "failed": 5, "queued": 0}
    assert [path.name for path in out.rglob(".*.partial")] == []
    with sqlite3.connect(out / "frontier.sqlite") as db:
        counted = db.execute(
            "SELECT kind, state, count(*) FROM work GROUP BY kind, state ORDER BY kind, state"
        ).fetchall()
        assert counted == db.execute("SELECT * FROM tally WHERE n > 0 ORDER BY kind, state").fetchall()
    db.close()


@pytest.mark.parametrize("moment", ["before writing", "after writing", "before written", "after written"])
def test_a_kill_around_the_appearance_of_a_shard_leaves_its_pages_in_one_place(moment: str, tmp_path: Path) -> None:
    program = f"""
import os, pathlib, signal
from crawler.frontier import Ended, work_of
from crawler.frontier_sqlite import SqliteFrontier
from crawler.items import REFUSAL_SCHEMA, Refusal
from crawler.store import ParquetShards

class Journal:
    def writing(self, shard, ends):
        self.then("before writing")
        frontier.writing(shard, ends)
        self.then("after writing")

    def written(self, shard):
        self.then("before written")
        frontier.written(shard)
        frontier.beat()
        self.then("after written")

    def then(self, moment):
        if moment == {moment!r}:
            os.kill(os.getpid(), signal.SIGKILL)

out = pathlib.Path({str(tmp_path)!r})
frontier = SqliteFrontier(out)
frontier.add([work_of("http://a.example/1")])
(work,) = frontier.take(1, 1, {{}})
frontier.beat()
shards = ParquetShards(out / "refused", "refused", REFUSAL_SCHEMA, journal=Journal())
shards.add(Refusal(work.url, None, "not_html", "", "2024-05-01T00:00:00+00:00").to_row(), Ended(work.key, "refused", ""))
shards.flush()
"""
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == -signal.SIGKILL
    frontier = SqliteFrontier(tmp_path)
    there = moment.endswith("written")
    assert recorded(tmp_path) == (["http://a.example/1"] if there else [])
    expected = Counts(queued=int(not there), leased=0, done=0, refused=int(there), failed=0, other=0)
    assert frontier.counts() == expected
    frontier.close()


def test_a_crawl_that_is_done_sends_no_request_and_new_seeds_add_their_pages(web: Web, tmp_path: Path) -> None:
    out = tmp_path / "crawl"
    for path in ("/one", "/two"):
        web.add(path, page("/photo.jpg"))
    web.add("/photo.jpg", photo(1), "image/jpeg")
    first = (seeds_of(web, out, "/one"), f"-aout={out}", "-sLAIT_CONTACT=me")
    assert crawl(*first).returncode == 0
    web.asked.clear()
    done = crawl(*first)
    assert (done.returncode, done.stderr, web.asked) == (0, "", [])
    balance = "all runs: 1 pages = 1 candidates + 0 refused + 0 failed + 0 queued"
    assert done.stdout == f"{NOTHING_LEFT} {out}/; {balance}\n"
    done = crawl(seeds_of(web, out, "/one", "/two"), *first[1:])
    assert done.returncode == 0, done.stderr
    assert web.paths() == ["/robots.txt", "/two", "/photo.jpg"]
    assert sorted(recorded(out)) == [f"{web.url}/one", f"{web.url}/two"]


def test_what_failed_is_tried_again_by_itself_in_so_many_runs(web: Web, tmp_path: Path) -> None:
    out = tmp_path / "crawl"
    web.add("/good", page("/photo.jpg"))
    web.add("/photo.jpg", photo(1), "image/jpeg")
    web.add("/busy", b"", status=503)
    web.add("/gone", b"", status=404)
    web.add("/image-busy", page("/busy.jpg"))
    web.add("/busy.jpg", b"", status=429)
    seeds = seeds_of(web, out, "/good", "/busy", "/gone", "/image-busy", "/silent")
    arguments = (seeds, f"-aout={out}", "-sLAIT_CONTACT=me", "-sLAIT_FAILED_RUNS=3")
    web.silent.add("/silent")
    assert crawl(*arguments).returncode == 0
    assert stats(out)["refusals"] == {"http_error": 1}
    assert stats(out)["failures"] == {"fetch_failed": 1, "http_error": 1, "image_http_error": 1}
    web.asked.clear()
    assert crawl(*arguments).returncode == 0
    assert sorted(web.paths()) == ["/busy", "/busy.jpg", "/image-busy", "/robots.txt", "/silent"]
    web.silent.clear()
    web.add("/silent", page("/photo.jpg"))
    assert crawl(*arguments).returncode == 0
    assert stats(out)["candidates"] == 1
    failed = {row["page_url"]: row for row in pq.read_table(out / "failures.parquet").to_pylist()}
    assert {
        url.removeprefix(web.url): (row["image_url"], row["reason"], row["detail"], row["attempts"])
        for url, row in failed.items()
    } == {
        "/busy": (None, "http_error", "503", 3),
        "/image-busy": (f"{web.url}/busy.jpg", "image_http_error", "429", 3),
    }
    assert all(row["first_at"] <= row["last_at"] for row in failed.values())
    web.asked.clear()
    done = crawl(*arguments)
    assert (done.returncode, web.asked) == (0, [])
    assert done.stdout.startswith(NOTHING_LEFT)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_lets_end_what_is_in_flight(signum: int, web: Web, tmp_path: Path) -> None:
    paths, out = fill(web), tmp_path / "crawl"
    web.delay = 0.02
    arguments = (seeds_of(web, out, *paths), f"-aout={out}", "-sLAIT_CONTACT=me")
    with started(*arguments) as process:
        wait_for(asked_of(web, 20), process)
        process.send_signal(signum)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 128 + signum
    first, *_, last = stderr.splitlines()
    assert first.startswith("stopping: ")
    assert last == (
        f"error: stopped by {signal.Signals(signum).name}; what was collected is in {out}/: run the same command again "
        "to go on"
    )
    books = stats(out)
    assert books["unfinished"] == 0
    ended = books["candidates"] + sum(books["refusals"].values()) + sum(books["failures"].values())
    assert 0 < ended < PAGES
    assert books["all_runs"]["queued"] == PAGES - ended
    assert len(recorded(out)) == books["candidates"] + sum(books["refusals"].values())


def test_a_second_signal_stops_at_once_and_what_was_done_is_written(web: Web, tmp_path: Path) -> None:
    out = tmp_path / "crawl"
    web.add("/good", page(""))
    web.delay = 0.2  # so that there is time to make it more while there are pages left
    paths = [f"/slow-{number}" for number in range(8)]
    for path in paths:
        web.add(path, page(""))
    arguments = (seeds_of(web, out, "/good", *paths), f"-aout={out}", "-sLAIT_CONTACT=me")
    with started(*arguments, "-sCONCURRENT_REQUESTS_PER_DOMAIN=1") as process:
        wait_for(lambda: "/good" in web.paths(), process)
        web.delay = 30.0
        wait_for(asked_of(web, 1), process)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.readline().startswith("stopping: ")
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        process.communicate(timeout=25)
        assert time.monotonic() - began < 20
    assert process.returncode == 128 + signal.SIGINT
    assert f"{web.url}/good" in recorded(out)
    web.delay = 0.0
    assert crawl(*arguments).returncode == 0
    assert sorted(recorded(out)) == sorted(f"{web.url}{path}" for path in ["/good", *paths])


def test_the_progress_line_has_rates_counts_and_the_queue(web: Web, tmp_path: Path) -> None:
    paths, out = fill(web), tmp_path / "crawl"
    web.delay = 0.05
    with started(
        seeds_of(web, out, *paths), f"-aout={out}", "-sLAIT_CONTACT=me", "-sLAIT_PROGRESS_SECONDS=1"
    ) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        process.kill()
    pattern = (
        r"(\d+) pages done \([\d.]+ pages/s, [\d.]+ images/s\): \d+ candidates, \d+ refused, \d+ failed; (\d+) queued\n"
    )
    found = re.fullmatch(pattern, line)
    assert found is not None, line
    assert 0 < int(found[1]) + int(found[2]) <= PAGES


def test_what_is_in_flight_has_a_deadline(web: Web, tmp_path: Path) -> None:
    out = tmp_path / "crawl"
    web.delay = 30.0
    with started(seeds_of(web, out, "/slow"), f"-aout={out}", "-sLAIT_DRAIN_SECONDS=0.3") as process:
        wait_for(asked_of(web, 1), process)
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        process.communicate(timeout=25)
        assert time.monotonic() - began < 20
    assert process.returncode == 128 + signal.SIGTERM
    assert stats(out)["all_runs"]["queued"] == 1


def test_a_folder_takes_one_crawl_at_a_time_and_a_kill_frees_it(web: Web, tmp_path: Path) -> None:
    out = tmp_path / "crawl"
    web.add("/page", page(""))
    web.delay = 20.0
    arguments = (seeds_of(web, out, "/page"), f"-aout={out}", "-sLAIT_CONTACT=me")
    with started(*arguments) as process:
        wait_for(asked_of(web, 1), process)
        other = crawl(*arguments)
        assert other.returncode == 1
        assert other.stderr == (
            f"error: another crawl is writing to {out}/: wait for it, or give another folder with -a out=DIR\n"
        )
        process.kill()
    web.delay = 0.0
    assert crawl(*arguments).returncode == 0
    assert recorded(out) == [f"{web.url}/page"]


def test_pages_that_did_not_change_are_not_written_again(web: Web, tmp_path: Path) -> None:
    out, date = tmp_path / "crawl", formatdate(1_700_000_000, usegmt=True)
    web.add("/same", page("/photo.jpg"), ETag='"1"', Last_Modified=date)
    web.add("/changed", page("/photo.jpg"), ETag='"2"')
    web.add("/now-opted-out", page("/photo.jpg"), Last_Modified=date)
    web.add("/wordy", page(""), ETag='"3"')
    web.add("/bad-image", page("/gone.jpg"), ETag='"4"')
    web.add("/photo.jpg", photo(1), "image/jpeg", ETag='"5"')
    names = ("same", "changed", "now-opted-out", "wordy", "bad-image")
    arguments = (seeds_of(web, out, *(f"/{name}" for name in names)), f"-aout={out}", "-sLAIT_CONTACT=me")
    assert crawl(*arguments).returncode == 0
    assert crawl(*arguments, "-arefresh=1").stdout.startswith(NOTHING_LEFT)
    web.asked.clear()
    web.headers.clear()
    web.add("/same", b"", status=304)
    web.add("/wordy", b"", status=304)
    web.add("/now-opted-out", b"", status=304, X_Robots_Tag="noai")
    done = crawl(*arguments, "-arefresh=0")
    assert done.returncode == 0, done.stderr
    asked = {path: headers for (path, _), headers in zip(web.asked, web.headers, strict=True)}
    del asked["/.well-known/tdmrep.json"]
    conditions = {
        path: (headers.get("If-None-Match"), headers.get("If-Modified-Since")) for path, headers in asked.items()
    }
    assert conditions == {
        "/robots.txt": (None, None),
        "/same": ('"1"', date),
        "/changed": ('"2"', None),
        "/now-opted-out": (None, date),
        "/wordy": ('"3"', None),
        "/bad-image": (None, None),  # its image may be there now
        "/gone.jpg": (None, None),
        "/photo.jpg": (None, None),  # a new row has the bytes
    }
    books = stats(out)
    assert (books["pages"], books["candidates"], books["not_modified"]) == (5, 1, 2)
    assert books["refusals"] == {"image_http_error": 1, "opted_out": 1}
    assert books["all_runs"] == {"pages": 5, "candidates": 2, "refused": 3, "failed": 0, "queued": 0}
    rows = Counter(url.removeprefix(web.url) for url in recorded(out))
    assert rows == {"/same": 1, "/changed": 2, "/now-opted-out": 2, "/wordy": 1, "/bad-image": 2}


def test_a_folder_can_be_asked_for_again_without_seeds(web: Web, tmp_path: Path) -> None:
    web.add("/page", page(""))
    assert crawl(f"-aseeds={web.url}/page", f"-aout={tmp_path}").returncode == 0
    assert crawl(f"-aout={tmp_path}", "-arefresh=0").returncode == 0
    assert web.paths().count("/page") == 2


def test_seeds_on_the_web_are_read_once_and_again_on_refresh(web: Web, tmp_path: Path) -> None:
    def sitemap(*paths: str) -> None:
        body = "".join(f"<url><loc>{web.url}{path}</loc></url>" for path in paths)
        web.add("/sitemap.xml", f"<urlset>{body}</urlset>".encode(), "text/xml")

    for path in ("/one", "/two"):
        web.add(path, page(""))
    sitemap("/one")
    arguments = (f"-aseeds={web.url}/sitemap.xml", f"-aout={tmp_path}")
    assert crawl(*arguments).returncode == 0
    assert crawl(*arguments).stdout.startswith(NOTHING_LEFT)
    sitemap("/one", "/two")
    assert crawl(*arguments, "-arefresh=0").returncode == 0
    assert Counter(web.paths()) == {"/robots.txt": 2, "/sitemap.xml": 2, "/one": 2, "/two": 1}


def test_a_sitemap_that_failed_is_read_by_the_next_run(web: Web, tmp_path: Path) -> None:
    out = tmp_path / "crawl"
    index = f"<sitemapindex><sitemap><loc>{web.url}/pages.xml</loc></sitemap></sitemapindex>"
    (tmp_path / "index.xml").write_text(index)
    web.add("/pages.xml", b"", status=503)
    arguments = (f"-aseeds={tmp_path / 'index.xml'}", f"-aout={out}")
    assert crawl(*arguments).returncode == 1
    web.add("/pages.xml", f"<urlset><url><loc>{web.url}/page</loc></url></urlset>".encode(), "text/xml")
    web.add("/page", page(""))
    assert crawl(*arguments).returncode == 0
    assert recorded(out) == [f"{web.url}/page"]


def test_links_that_a_killed_crawl_had_queued_are_followed(web: Web, tmp_path: Path) -> None:
    out = tmp_path / "crawl"
    links = "".join(f'<a href="/{number}">page</a>' for number in range(10))
    web.add("/hub", page("", text=links))
    for number in range(10):
        web.add(f"/{number}", page(""))
    frontier_file = out / "frontier.sqlite"
    arguments = (f"-aseeds={web.url}/hub", f"-aout={out}", "-afollow=site", "-sLAIT_CONTACT=me")
    with started(*arguments, "-sCONCURRENT_REQUESTS_PER_DOMAIN=1", "-sLAIT_SHARD_SECONDS=0") as process:
        wait_for(lambda: "/hub" in web.paths(), process)
        web.delay = 5.0
        wait_for(lambda: f"{web.url}/hub" in recorded(out), process)
        process.kill()
    with sqlite3.connect(frontier_file) as db:
        assert db.execute("SELECT count(*) FROM work WHERE state < 2 AND url LIKE '%/_'").fetchone() == (10,)
    db.close()
    web.delay = 0.0
    assert crawl(*arguments).returncode == 0
    assert web.paths().count("/hub") == 1
    assert sorted(recorded(out)) == sorted([f"{web.url}/hub", *(f"{web.url}/{number}" for number in range(10))])


def test_a_damaged_frontier_is_said_and_made_again_from_the_shards(web: Web, tmp_path: Path) -> None:
    out = tmp_path / "crawl"
    web.add("/page", page(""))
    arguments = (seeds_of(web, out, "/page"), f"-aout={out}", "-sLAIT_CONTACT=me")
    assert crawl(*arguments).returncode == 0
    (out / "frontier.sqlite").write_bytes(b"x" * 10_000)
    done = crawl(*arguments)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {out}/frontier.sqlite is damaged (file is not a database): move it away")
    assert done.stderr.count("\n") == 1
    (out / "frontier.sqlite").unlink()
    assert crawl(*arguments).stdout.startswith(NOTHING_LEFT)


def test_a_frontier_that_finds_no_room_ends_the_crawl_and_goes_on_when_there_is(web: Web, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        links = "".join(f'<a href="/{"long-name" * 9}-{number}">page</a>' for number in range(1_500))
        web.add("/hub", page("", text=links))
        out = disk / "crawl"
        arguments = (f"-aseeds={web.url}/hub", f"-aout={out}", "-sLAIT_CONTACT=me")
        done = crawl(*arguments, "-afollow=site")
        assert done.returncode == 1
        assert done.stderr == (
            f"error: cannot write to {out}/frontier.sqlite (database or disk is full); shards written before are whole: "
            "make room and run again\n"
        )
        subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
        done = crawl(*arguments, "-afollow=site", "-sLAIT_DRAIN_SECONDS=0", "-sCLOSESPIDER_PAGECOUNT=5")
        assert "stopped before the end" in done.stderr
        assert stats(out)["all_runs"]["pages"] == 1_501
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_killed_crawl_of_the_demo_site_goes_on(tmp_path: Path) -> None:
    with started(f"-aout={tmp_path}", "-sLAIT_SHARD_MB=0.3") as process:
        wait_for(lambda: bool(recorded(tmp_path)) if tmp_path.is_dir() else False, process)
        process.kill()
    done = crawl(f"-aout={tmp_path}")
    assert done.returncode == 0, done.stderr
    books = stats(tmp_path)["all_runs"]
    assert (books["pages"], books["failed"], books["queued"]) == (67, 0, 0)
    assert sorted(Counter(recorded(tmp_path)).values()) == [1] * 67
    assert crawl(f"-aout={tmp_path}").stdout.startswith(NOTHING_LEFT)


def test_a_script_crawls_as_the_command_does(web: Web, tmp_path: Path) -> None:
    web.add("/page", page(""))
    program = f"""
from scrapy.crawler import CrawlerProcess
from scrapy.utils.project import get_project_settings

settings = get_project_settings()
settings.set("NETGUARD_ALLOW", "127.0.0.0/8")
process = CrawlerProcess(settings)
process.crawl("webpages", seeds="{web.url}/page", out="{tmp_path}")
process.start()
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == (
        "warning: no contact in the user agent: set one with -s LAIT_CONTACT=https://your.site/crawler\n"
    )
    assert recorded(tmp_path) == [f"{web.url}/page"]


def test_a_folder_that_goes_away_ends_the_crawl_in_one_line(web: Web, tmp_path: Path) -> None:
    out = tmp_path / "crawl"
    web.add("/page", page(""))
    web.add("/slow", page(""))
    web.delay = 0.5
    with started(seeds_of(web, out, "/page"), f"-aout={out}", "-sLAIT_CONTACT=me") as process:
        wait_for(lambda: "/page" in web.paths(), process)
        (out / "refused").rmdir()
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 1
    assert stderr.startswith(f"error: cannot write to {out}/ (No such file or directory)")
    assert stderr.count("\n") == 1
