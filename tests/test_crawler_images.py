"""Spider `images`: real files of every layout, fetched from a real server, killed, resumed and got wrong."""

import csv
import gzip
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crawler.frontier_sqlite import SqliteFrontier
from crawler.image_feed import ROWS_AT_ONCE, RowFeed
from crawler.image_input import read_image_plan
from crawler.image_rows import BLANK, candidate_of_work, work_of_row
from crawler.items import CANDIDATE_SCHEMA, Candidate, Text
from crawler.plan import CrawlError
from crawler.spool import Spool
from crawler.tabular import BATCH_ROWS
from tests.crawler_web import ROOT, Web, command, photo, serving
from tests.warc_world import http, record
from tests.warc_world import page as warc_page


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as site:
        yield site


def images_command(*arguments: str) -> list[str]:
    return ["images" if part == "webpages" else part for part in command("-sLAIT_CONTACT=me", *arguments)]


def fetch(where: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    started = images_command(f"-ainput={where}", f"-aout={out}", *more)
    return subprocess.run(started, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def rows(out: Path) -> list[dict[str, Any]]:
    shards = sorted(out.glob("candidates/*.parquet"))
    return [row for shard in shards for row in pq.read_table(shard).to_pylist()]


def refusals(out: Path) -> dict[str, tuple[str, str]]:
    return {
        row["image_url"]: (row["reason"], row["detail"])
        for shard in out.glob("refused/*.parquet")
        for row in pq.read_table(shard).to_pylist()
    }


def stats(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "stats.json").read_text())
    return found


def captions(out: Path) -> list[tuple[str, str, str]]:
    """(page, image, text) of every candidate, sorted."""
    return sorted((row["page_url"], row["image_url"], *(text["text"] for text in row["texts"])) for row in rows(out))


def table(path: Path, **columns: Sequence[Any]) -> Path:
    pq.write_table(pa.table({name: list(values) for name, values in columns.items()}), path)
    return path


def candidate(web: Web, number: int) -> Candidate:
    return replace(
        BLANK,
        page_url=f"{web.url}/page-{number}",
        image_url=f"{web.url}/{number}.jpg",
        texts=(Text("figcaption", f"Boat {number}"), Text("title", "Boats")),
        main_image_score=0.1 + number,
        main_image_signals=(("in_article", 0.7), ("area", -0.25)),
        language="en",
        language_confidence=0.9,
        license_url="https://example.org/licence",
        opt_outs=("meta:noai",),
        fetched_at="2024-05-01T00:00:00+00:00",
    )


def shard(path: Path, *candidates: Candidate) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist([each.to_row() for each in candidates], schema=CANDIDATE_SCHEMA), path)
    return path


def test_candidates_get_their_images_and_keep_every_other_field(web: Web, tmp_path: Path) -> None:
    there = replace(candidate(web, 3), image=b"x", image_sha256="0" * 64)
    for number in range(4):
        web.add(f"/{number}.jpg", photo(number), "image/jpeg")
    shard(tmp_path / "in" / "candidates" / "a-00000.parquet", candidate(web, 1), there)
    shard(tmp_path / "in" / "candidates" / "b-00000.parquet", candidate(web, 2))
    done = fetch(tmp_path / "in", tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "1 rows have their image already, and were passed over\n")
    found = {row["image_url"]: row for row in rows(tmp_path / "out")}
    assert set(found) == {f"{web.url}/1.jpg", f"{web.url}/2.jpg"}
    as_given = [candidate(web, number).to_row() for number in range(3)]
    given_rows = pa.Table.from_pylist(as_given, schema=CANDIDATE_SCHEMA).to_pylist()
    for number in (1, 2):
        row, given = found[f"{web.url}/{number}.jpg"], given_rows[number]
        assert row["image"] == photo(number)
        assert (row["mime"], row["width"], row["height"], row["http_status"]) == ("image/jpeg", 400, 300, 200)
        filled = ("image", "image_sha256", "mime", "width", "height", "http_status", "fetched_at")
        assert row == {**given, **{name: row[name] for name in filled}}
    assert set(web.paths()) == {"/robots.txt", "/1.jpg", "/2.jpg"}


def write_csv(path: Path, delimiter: str, lines: Sequence[Sequence[str]]) -> None:
    with (gzip.open if path.suffix == ".gz" else open)(path, "wt", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows(lines)


@pytest.mark.parametrize(
    "name", ["laion.parquet", "list.csv", "list.tsv", "list.csv.gz", "list.jsonl", "list.jsonl.gz"]
)
def test_tables_of_addresses_and_texts_become_candidates(name: str, web: Web, tmp_path: Path) -> None:
    for number in range(2):
        web.add(f"/{number}.jpg", photo(number), "image/jpeg")
    urls, texts = [f"{web.url}/{number}.jpg" for number in range(2)], ['Two "boats",\n by the pier ', ""]
    path = tmp_path / name
    if ".csv" in name or ".tsv" in name:
        write_csv(path, "\t" if ".tsv" in name else ",", [("url", "caption"), *zip(urls, texts, strict=True)])
    elif ".jsonl" in name:
        lines = "".join(json.dumps({"URL": url, "text": text}) + "\n" for url, text in zip(urls, texts, strict=True))
        path.write_bytes(gzip.compress(lines.encode()) if name.endswith(".gz") else lines.encode())
    else:
        table(path, SAMPLE_ID=[1, 2], URL=urls, TEXT=[texts[0], None], similarity=[0.3, 0.4])
    done = fetch(path, tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert captions(tmp_path / "out") == [(urls[0], urls[0], 'Two "boats", by the pier'), (urls[1], urls[1])]
    (row, *_) = rows(tmp_path / "out")
    assert (row["language"], row["language_confidence"], row["main_image_score"]) == ("und", 0.0, 0.0)
    assert {text["source"] for row in rows(tmp_path / "out") for text in row["texts"]} == {"alt"}


def test_columns_can_be_named(web: Web, tmp_path: Path) -> None:
    web.add("/1.jpg", photo(1), "image/jpeg")
    url = f"{web.url}/1.jpg"
    path = table(tmp_path / "in.parquet", src=[url], url=["http://[no"], title=["A boat"], where=["http://a.example/"])
    named = ("-aurl_column=src", "-atext_column=Title", "-apage_column=where")
    assert fetch(path, tmp_path / "out", *named).returncode == 0
    assert captions(tmp_path / "out") == [("http://a.example/", url, "A boat")]


def test_what_img2dataset_failed_on_is_fetched(web: Web, tmp_path: Path) -> None:
    folder = tmp_path / "img2dataset"
    folder.mkdir()
    urls = [f"{web.url}/{number}.jpg" for number in range(4)]
    for number in range(4):
        web.add(f"/{number}.jpg", photo(number), "image/jpeg")
    for number in range(2):
        (folder / f"{number:05d}.tar").write_bytes(b"")
        (folder / f"{number:05d}_stats.json").write_text("{}")
        table(
            folder / f"{number:05d}.parquet",
            url=urls[2 * number : 2 * number + 2],
            caption=["one", "two"],
            key=["000000000", "000000001"],
            status=["success", "failed_to_download"],
            error_message=[None, "HTTP Error 503"],
        )
    done = fetch(folder, tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "2 rows have their image already, and were passed over\n")
    assert captions(tmp_path / "out") == [(urls[1], urls[1], "two"), (urls[3], urls[3], "two")]


def test_rows_of_one_image_share_a_fetch_and_each_has_its_candidate(web: Web, tmp_path: Path) -> None:
    web.add("/1.jpg", photo(1), "image/jpeg")
    web.add("/bad.jpg", b"<html>", "image/jpeg")
    web.add("/busy.jpg", b"", status=503)
    urls = [f"{web.url}/{name}.jpg" for name in ("1", "bad", "busy")]
    texts = [f"text {number}" for number in range(30)]
    path = table(
        tmp_path / "in.parquet", url=[url for _ in texts for url in urls], text=[t for t in texts for _ in urls]
    )
    done = fetch(path, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert captions(tmp_path / "out") == sorted((urls[0], urls[0], text) for text in texts)
    books = stats(tmp_path / "out")
    assert books["refusals"] == {"not_an_image": 30}
    assert books["failures"] == {"image_http_error": 30}
    asked = Counter(web.paths())
    assert (asked["/1.jpg"], asked["/bad.jpg"]) == (1, 1)


def test_the_rules_hold_and_every_refusal_is_told(web: Web, tmp_path: Path) -> None:
    web.add("/robots.txt", b"User-agent: *\nDisallow: /private\n", "text/plain")
    web.add("/noai.jpg", photo(1), "image/jpeg", X_Robots_Tag="noai")
    web.add("/moved.jpg", b"", status=302, Location="/private/1.jpg")
    web.add("/page.jpg", b"<html>", "image/jpeg")
    web.add("/big.jpg", photo(1) + b"\0" * 100_000, "image/jpeg")
    web.add("/good.jpg", photo(2), "image/jpeg")
    web.silent.add("/silent.jpg")
    names = ["noai", "private/1", "moved", "page", "big", "gone", "good", "silent"]
    urls = [*(f"{web.url}/{name}.jpg" for name in names), "ftp://a.example/x.jpg", "", f"{web.url}/{'x' * 5_000}"]
    path = table(
        tmp_path / "in.parquet", url=urls, text=["a boat"] * len(urls), page_url=[f"http://p/{n}" for n in urls]
    )
    done = fetch(path, tmp_path / "out", "-sDOWNLOAD_MAXSIZE=50000")
    assert done.returncode == 0, done.stderr
    assert [url.removeprefix(web.url) for _, url, _ in captions(tmp_path / "out")] == ["/good.jpg"]
    reasons = {url.removeprefix(web.url)[:12]: reason for url, (reason, _) in refusals(tmp_path / "out").items()}
    assert reasons == {
        "/noai.jpg": "image_opted_out",
        "/private/1.j": "image_robots_txt",
        "/moved.jpg": "image_robots_txt",
        "/page.jpg": "not_an_image",
        "/big.jpg": "too_large",
        "/gone.jpg": "image_http_error",
        "ftp://a.exam": "not_crawlable",
        "": "not_crawlable",
        "/xxxxxxxxxxx": "not_crawlable",
    }
    (failed,) = pq.read_table(tmp_path / "out" / "failures.parquet").to_pylist()
    assert (failed["page_url"], failed["image_url"]) == (f"http://p/{web.url}/silent.jpg", f"{web.url}/silent.jpg")
    assert "/private/1.jpg" not in web.paths()


def test_a_second_run_has_nothing_left_to_do_and_tries_only_what_failed(web: Web, tmp_path: Path) -> None:
    web.add("/1.jpg", photo(1), "image/jpeg")
    path = table(tmp_path / "in.parquet", url=[f"{web.url}/1.jpg", f"{web.url}/2.jpg"], text=["one", "two"])
    web.add("/2.jpg", b"", status=503)
    out = tmp_path / "out"
    assert fetch(path, out).returncode == 0
    web.asked.clear()
    web.add("/2.jpg", photo(2), "image/jpeg")
    assert fetch(path, out).returncode == 0
    assert web.paths() == ["/robots.txt", "/2.jpg"]
    done = fetch(path, out)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"nothing left to do in {out}/; all runs: 2 rows = 2 candidates + 0 refused")
    table(path, url=[f"{web.url}/{number}.jpg" for number in (1, 2, 3)], text=["one", "two", "three"])
    web.add("/3.jpg", photo(3), "image/jpeg")
    web.asked.clear()
    assert fetch(path, out).returncode == 0
    assert web.paths() == ["/robots.txt", "/3.jpg"]


def test_a_fetch_killed_at_random_moments_ends_with_every_row_once(web: Web, tmp_path: Path) -> None:
    count, chance, out = 300, random.Random(3), tmp_path / "out"
    for number in range(count):
        web.add(f"/{number}.jpg", photo(number % 250, 60 + number), "image/jpeg")
    urls = [f"{web.url}/{number}.jpg" for number in range(count)]
    path = table(tmp_path / "in.parquet", url=urls, text=[f"text {number}" for number in range(count)])
    web.delay = 0.003
    more = ("-sLAIT_SHARD_MB=0.04", "-sLAIT_ROWS_AHEAD=20")
    for _ in range(5):
        spool = Spool(out, "candidates", CANDIDATE_SCHEMA)
        durable = {row["image_url"] for row in (*rows(out), *(row for row, _ in spool.left()))}
        before = len(web.asked)
        with subprocess.Popen(images_command(f"-ainput={path}", f"-aout={out}", *more), cwd=ROOT) as process:
            target, end = before + chance.randint(15, 60), time.monotonic() + 30
            while len(web.asked) < target and process.poll() is None and time.monotonic() < end:
                time.sleep(0.005)
            process.kill()
        assert durable & {f"{web.url}{path}" for path in web.paths()[before:]} == set()
    done = fetch(path, out, *more)
    assert done.returncode == 0, done.stderr
    assert captions(out) == sorted((url, url, f"text {number}") for number, url in enumerate(urls))
    assert stats(out)["all_runs"] == {"pages": count, "candidates": count, "refused": 0, "failed": 0, "queued": 0}


@pytest.mark.parametrize("name", ["in.parquet", "in.csv"])
def test_rows_are_read_a_little_at_a_time_and_from_where_they_were_left(name: str, tmp_path: Path) -> None:
    count, path = 3 * ROWS_AT_ONCE + 1, tmp_path / name
    urls = [f"http://a.example/{number}.jpg" for number in range(count)]
    if name.endswith("csv"):
        write_csv(path, ",", [("url", "text"), *((url, "boat") for url in urls)])
    else:
        pq.write_table(pa.table({"url": urls, "text": ["boat"] * count}), path, row_group_size=700)
    arguments = {"input": str(path), "out": str(tmp_path / "out")}
    before, ended = 0, None
    while ended is None:
        plan, files = read_image_plan(arguments)
        frontier = SqliteFrontier(plan.out)
        assert frontier.add(files) == (0 if before else 1)
        work = next(work for work in frontier.take(1_000_000, 1_000_000, {}) if work.kind == "rows")
        feed = RowFeed(frontier, ahead=count)
        feed.open(work)
        ended = feed.turn()
        read = frontier.counts().pages - before
        assert ROWS_AT_ONCE <= read < ROWS_AT_ONCE + BATCH_ROWS or before + read == count
        before += read
        frontier.close()
    assert before == count


def test_no_rows_are_read_while_enough_are_waiting(tmp_path: Path) -> None:
    path = table(tmp_path / "in.parquet", url=[f"http://a/{n}" for n in range(5_000)], text=["boat"] * 5_000)
    plan, files = read_image_plan({"input": str(path), "out": str(tmp_path / "out")})
    frontier = SqliteFrontier(plan.out)
    frontier.add(files)
    feed = RowFeed(frontier, ahead=100)
    feed.open(frontier.take(1, 1, {})[0])
    for _ in range(3):
        feed.turn()
    assert frontier.counts().queued == ROWS_AT_ONCE
    frontier.close()


def test_a_row_becomes_a_unit_of_work_and_back(web: Web) -> None:
    row = candidate(web, 7)
    work = work_of_row(row)
    assert candidate_of_work(work) == replace(row, image_url=work.url)
    assert work_of_row(replace(row, texts=(Text("alt", "other"),))).key != work.key
    assert work_of_row(replace(row, main_image_score=9.0)).key == work.key


@pytest.mark.parametrize(
    ("arguments", "content", "message"),
    [
        ({}, b"", "input= is missing: give a file or folder with rows that name images, -a input=PATH"),
        ({"input": "{}/none"}, b"", "no such file or folder: {}/none; give one with rows"),
        ({"input": "{}/in.xlsx"}, b"x", "{}/in.xlsx is no table that can be read: give one of .parquet, .csv"),
        ({"input": "{}"}, b"", "{} holds no table: give a folder with files of .parquet, .csv"),
        ({"input": "{}/in.csv"}, b"", "cannot read {}/in.csv (it has no rows)"),
        ({"input": "{}/in.csv"}, b"url,text\n", "cannot read {}/in.csv (it has no rows)"),
        (
            {"input": "{}/in.csv"},
            b"link,text\nx,y\n",
            "has no column url or image_url; its columns are link, text: name",
        ),
        (
            {"input": "{}/in.csv", "text_column": "alt"},
            b"url,text\nx,y\n",
            "has no column alt; its columns are url, text",
        ),
        ({"input": "{}/in.csv", "page_column": "p"}, b"url,text\nx,y\n", "has no column p; its columns are url, text"),
        ({"input": "{}/in.parquet"}, b"PAR1 no", "cannot read {}/in.parquet (Parquet file size is 7 bytes"),
        ({"input": "{}/in.csv.gz"}, b"no gzip", "cannot read {}/in.csv.gz (Not a gzipped file"),
        ({"input": "{}/in.jsonl"}, b"[1]\n", "cannot read {}/in.jsonl (line 1 is no JSON object)"),
        ({"seeds": "x"}, b"", "-a seeds=... is not known: use input, out, url_column, text_column, page_column"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_line(
    arguments: dict[str, str], content: bytes, message: str, tmp_path: Path
) -> None:
    given = {name: value.format(tmp_path) for name, value in arguments.items()}
    path = Path(given.get("input", ""))
    if path.suffix:
        path.write_bytes(content)
    with pytest.raises(CrawlError) as told:
        read_image_plan({"out": str(tmp_path / "out"), **given})
    assert message.format(tmp_path) in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (
            {"lait.schema": "candidate", "lait.version": "9"},
            "has version 9 of the candidate schema, this program reads 1",
        ),
        ({"lait.schema": "refusal", "lait.version": "1"}, "holds rows of kind refusal, not candidate: give the folder"),
        ({"lait.schema": "candidate", "lait.version": "1"}, "lacks the columns page_url, image_sha256, texts,"),
    ],
)
def test_rows_of_another_schema_are_told_in_a_line(metadata: dict[str, str], message: str, tmp_path: Path) -> None:
    pq.write_table(pa.table({"image_url": ["http://a"]}).replace_schema_metadata(metadata), tmp_path / "a.parquet")
    with pytest.raises(CrawlError) as told:
        read_image_plan({"input": str(tmp_path), "out": str(tmp_path / "out")})
    assert message in str(told.value)


def test_a_file_that_ends_early_is_told_and_read_on_once_mended(web: Web, tmp_path: Path) -> None:
    web.add("/1.jpg", photo(1), "image/jpeg")
    web.add("/2.jpg", photo(2), "image/jpeg")
    lines = [("url", "text"), *((f"{web.url}/1.jpg", f"text {number}") for number in range(3_000))]
    path = tmp_path / "in" / "a.csv.gz"
    path.parent.mkdir()
    write_csv(path, ",", lines)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    table(tmp_path / "in" / "b.parquet", url=[f"{web.url}/2.jpg"], text=["two"])
    done = fetch(tmp_path / "in", tmp_path / "out")
    assert done.returncode == 1
    assert f"error: cannot read all of {path} (Compressed file ended before the end-of-stream marker" in done.stderr
    assert (f"{web.url}/2.jpg", f"{web.url}/2.jpg", "two") in captions(tmp_path / "out")
    path.write_bytes(whole)
    assert fetch(tmp_path / "in", tmp_path / "out").returncode == 0
    assert Counter(row["image_url"] for row in rows(tmp_path / "out"))[f"{web.url}/1.jpg"] == 3_000


def test_a_crawl_of_pages_and_a_fetch_of_images_do_not_mix(web: Web, tmp_path: Path) -> None:
    web.add("/busy", b"", status=503)
    seeds = tmp_path / "seeds.txt"
    seeds.write_text(f"{web.url}/busy")
    pages = command(f"-aseeds={seeds}", f"-aout={tmp_path / 'out'}")
    subprocess.run(pages, cwd=ROOT, capture_output=True, timeout=60, check=True)
    done = fetch(table(tmp_path / "in.parquet", url=[f"{web.url}/1.jpg"], text=["boat"]), tmp_path / "out")
    assert done.returncode == 1
    assert f"error: {tmp_path}/out/ holds a crawl of pages that is not done: give another folder" in done.stderr


@pytest.mark.slow
def test_what_was_extracted_from_a_warc_file_gets_its_images(web: Web, tmp_path: Path) -> None:
    web.add("/boats.jpg", photo(1), "image/jpeg")
    warc = tmp_path / "in.warc.gz"
    html = warc_page(f"{web.url}/boats.jpg").encode()
    warc.write_bytes(gzip.compress(record("http://a.example/boats", http(html))))
    extract = ["run", "pipelines/extract_candidates.py", f"--input={warc}", f"--output={tmp_path / 'extracted'}"]
    run = [sys.executable, "-m", "pipelines.run", *extract]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    done = fetch(tmp_path / "extracted", tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    (row,) = rows(tmp_path / "out")
    assert (row["page_url"], row["image"], row["language"]) == ("http://a.example/boats", photo(1), "en")
    assert ("alt", "Boats at the pier") in {(text["source"], text["text"]) for text in row["texts"]}
