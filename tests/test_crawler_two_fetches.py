"""Two `images` spiders, two folders, one input file: real processes that share a real Redis server."""

import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest

from tests.crawler_redis import RedisProgram
from tests.crawler_web import ROOT, Web, command, photo, serving

HOSTS, IMAGES = [f"127.0.0.{number}" for number in range(2, 10)], 120


@pytest.fixture
def web() -> Iterator[Web]:
    """Images on several hosts; the last three fail, are none, and are missing."""
    with serving("0.0.0.0") as site:
        for number in range(IMAGES - 3):
            site.add(f"/{number}.jpg", photo(number), "image/jpeg")
        site.add(f"/{IMAGES - 3}.jpg", b"", status=503)
        site.add(f"/{IMAGES - 2}.jpg", b"<html>", "image/jpeg")
        site.delay = 0.3
        yield site


def rows(web: Web) -> list[tuple[str, str, str]]:
    """(page, image, text) of the input: one to three rows an image, and many of one."""
    port = urlsplit(web.url).port
    found = [
        (
            f"http://page.example/{number}-{copy}",
            f"http://{HOSTS[number % len(HOSTS)]}:{port}/{number}.jpg",
            f"text {copy}",
        )
        for number in range(IMAGES)
        for copy in range(100 if number == 7 else 1 + number % 3)
    ]
    return found[::2] + found[1::2]  # an image's rows are not next to each other


def written(web: Web, path: Path) -> Path:
    lines = [dict(zip(("page_url", "url", "text"), row, strict=True)) for row in rows(web)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def start(server: RedisProgram, table: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    frontier = f"-sLAIT_FRONTIER={server.crawl(out.parent.name)}"
    given = command(f"-ainput={table}", f"-aout={out}", f"-sLAIT_CONTACT={out.name}", frontier, *more)
    parts = ["images" if part == "webpages" else part for part in given]
    return subprocess.Popen(parts, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def pages(outs: list[Path]) -> Counter[str]:
    """The page of every row in every shard."""
    shards = [
        shard for out in outs for folder in ("candidates", "refused") for shard in out.glob(f"{folder}/*.parquet")
    ]
    return Counter(url for shard in shards for url in pq.read_table(shard)["page_url"].to_pylist())


def test_two_spiders_share_a_file_and_each_image_is_fetched_and_each_row_recorded_once(
    web: Web, redis_server: RedisProgram, tmp_path: Path
) -> None:
    table, outs = written(web, tmp_path / "in.jsonl"), [tmp_path / name for name in ("one", "two")]
    with ExitStack() as stack:
        started = [stack.enter_context(start(redis_server, table, out)) for out in outs]
        ends = [(process.communicate(timeout=60)[1], process.returncode) for process in started]
    assert ends == [("", 0), ("", 0)]
    images = Counter(path for path in web.paths() if path.endswith(".jpg"))
    assert images == {f"/{number}.jpg": 1 for number in range(IMAGES)}
    failing = f"/{IMAGES - 3}."
    assert pages(outs) == {page: 1 for page, image, _ in rows(web) if failing not in image}
    assert min(len(pages([out])) for out in outs) > 0
    failures = [pq.read_table(out / "failures.parquet").to_pylist() for out in outs]
    assert sorted((row["page_url"], row["image_url"]) for row in failures[0]) == sorted(
        (page, image) for page, image, _ in rows(web) if failing in image
    )
    assert failures[0] == failures[1]
    stats = [json.loads((out / "stats.json").read_text()) for out in outs]
    assert stats[0]["all_runs"] == stats[1]["all_runs"]
    assert stats[0]["all_runs"]["pages"] == len(rows(web)) == sum(each["pages"] for each in stats)


def test_the_rows_of_a_spider_that_was_killed_are_read_on_by_the_other(
    web: Web, redis_server: RedisProgram, tmp_path: Path
) -> None:
    table, outs = written(web, tmp_path / "in.jsonl"), [tmp_path / name for name in ("one", "two")]
    more = ("-sLAIT_LEASE_SECONDS=3", "-sLAIT_SHARD_MB=0.02")
    with start(redis_server, table, outs[0], *more) as first:
        end = time.monotonic() + 30
        while len(web.asked) < 20 and time.monotonic() < end:
            time.sleep(0.01)
        first.kill()
    assert first.returncode == -signal.SIGKILL
    for out in (outs[1], outs[0]):  # and then its folder is settled
        with start(redis_server, table, out, *more) as process:
            _, stderr = process.communicate(timeout=60)
        assert (process.returncode, stderr) == (0, "")
    assert pages(outs) == {page: 1 for page, image, _ in rows(web) if f"/{IMAGES - 3}." not in image}
