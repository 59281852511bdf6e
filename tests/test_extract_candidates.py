import fcntl
import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from fastwarc.stream_io import ZstdWriter

from crawler.items import CANDIDATE_SCHEMA, REFUSAL_SCHEMA
from crawler.reasons import REASONS
from pipelines.extract_candidates import main
from pipelines.row_shards import RowShards
from pipelines.shards import candidate_shards, read_json
from tests.warc_world import PAGE, chunked, gzipped, http, packed, page, record, response

ROOT = Path(__file__).resolve().parent.parent
ONE_PROCESS = ["--direct_num_workers=1"]
GERMAN = "Der Hafen war still, als die Fischer mit ihren Booten voller Heringe und Dorsche nach Hause kamen. " * 8


def written(path: Path, records: list[bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(gzipped(records)))
    return path


def everything() -> list[bytes]:
    """A record for each end that one can come to."""
    latin = page(
        "latin.jpg", text="The café's façade was painted, and the fishermen came back with boats full of cod. " * 8
    )
    return [
        record("x.warc.gz", b"software: test", kind="warcinfo"),
        record("http://a.test/good", b"GET /good HTTP/1.1\r\n\r\n", kind="request"),
        response("good"),
        record("http://a.test/good", b"languages: en", kind="metadata"),
        response(
            "gzip",
            gzip.compress(chunked(page("gzip.jpg").encode())),
            "Content-Type: text/html",
            "Content-Encoding: gzip",
        ),
        response(
            "chunked", chunked(page("chunked.jpg").encode()), "Content-Type: text/html", "Transfer-Encoding: chunked"
        ),
        response("latin", latin.encode("cp1252"), "Content-Type: text/html; charset=iso-8859-1"),
        response("utf16", latin.encode("utf-16"), "Content-Type: text/html"),
        record("http://a.test/cut", http(PAGE[:-40]), "WARC-Truncated: length"),
        response("good", page("other.jpg").encode()),
        response("robots", PAGE, "Content-Type: text/html", "X-Robots-Tag: noai"),
        response("meta", page(head='<meta name="robots" content="noimageindex">').encode()),
        response("tdm", PAGE, "Content-Type: text/html", "TDM-Reservation: 1"),
        response("german", page(text=GERMAN).encode()),
        response("bare", page(image="").encode()),
        response("picture", b"\xff\xd8\xff\xe0" * 99, "Content-Type: image/jpeg"),
        response("binary", bytes(range(256)) * 9, "Content-Type: "),
        response("bomb", gzip.compress(bytes(20 << 20)), "Content-Type: text/html", "Content-Encoding: gzip"),
        record("http://a.test/gone", http(b"gone", status="404 Not Found")),
        record("http://a.test/good", b"", kind="revisit"),
        record("http://a.test/no-http", b"<html>"),
        response("liar", b"\x00\x01" * 99, "Content-Type: text/html", "Content-Encoding: br"),
        record("ftp://a.test/file", http()),
    ]


def shard_bytes(folder: Path) -> dict[str, bytes]:
    """Every file below a folder that is no lock."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pipelines.run", "run", "pipelines/extract_candidates.py", *arguments]


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("extraction")
    written(folder / "warcs" / "all.warc.gz", everything())
    (folder / "warcs" / "zstd.warc.zst").write_bytes(packed(ZstdWriter, *(response(f"z{n}") for n in range(3))))
    (folder / "warcs" / "plain.warc").write_bytes(response("p0") + b"JUNK" * 9 + response("p1") + response("p2")[:-99])
    (folder / "warcs" / "empty.warc.gz").touch()
    arguments = ["--input", str(folder / "warcs" / "*.warc*"), "--output", f"{folder}/candidates/"]
    done = subprocess.run(command(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "4 of 4 files" in done.stderr
    (folder / "said").write_text(done.stdout)
    return folder


def test_each_record_ends_where_it_should(extracted: Path) -> None:
    assert read_json(extracted / "candidates.build" / "counters.json") == {
        "records": 31,
        "candidates": 11,
        "truncated": 1,
        "skipped": {"metadata": 1, "request": 1, "revisit": 1, "warcinfo": 1},
        "refused": {
            "duplicate_page": 1,
            "http_error": 1,
            "no_main_image": 1,
            "not_crawlable": 1,
            "not_english": 1,
            "not_html": 2,
            "opted_out": 3,
            "too_large": 1,
        },
        "faults": {"bad_body": 1, "bad_http": 1, "cut_short": 1, "damaged": 1, "empty_file": 1},
    }


def test_the_reasons_to_refuse_are_the_crawls(extracted: Path) -> None:
    assert set(read_json(extracted / "candidates.build" / "counters.json")["refused"]) < set(REASONS)


def test_candidates_have_all_but_the_picture(extracted: Path) -> None:
    table = ds.dataset(extracted / "candidates").to_table()
    rows = {row["page_url"].removeprefix("http://a.test/"): row for row in table.to_pylist()}
    assert set(rows) == {"good", "gzip", "chunked", "latin", "utf16", "cut", "z0", "z1", "z2", "p0", "p1"}
    assert rows["gzip"]["image_url"] == "http://a.test/gzip.jpg"
    assert rows["good"]["fetched_at"] == "2026-01-02T03:04:05+00:00"
    assert {"source": "alt", "text": "Boats at the pier"} in rows["good"]["texts"]
    for name in ("image", "image_sha256", "mime", "width", "height", "http_status"):
        assert {row[name] for row in rows.values()} == {None}
    for name in ("latin", "utf16"):
        assert any("The café's façade was painted" in text["text"] for text in rows[name]["texts"])


def test_a_picture_that_a_site_shows_on_page_after_page_is_none_of_their_subjects(tmp_path: Path) -> None:
    warc = written(
        tmp_path / "a.warc.gz",
        [
            response(str(number), page(head='<meta property="og:image" content="/stand-in.jpg">', image="").encode())
            for number in range(5)
        ],
    )
    assert main(["--input", str(warc), "--output", str(tmp_path / "out"), *ONE_PROCESS]) == 0
    assert len(pages_in(tmp_path / "out")) == 3
    refused = ds.dataset(tmp_path / "out.build" / "refused").to_table().to_pylist()
    assert {(row["reason"], row["detail"]) for row in refused} == {
        ("no_main_image", "stand-in of its site: http://a.test/stand-in.jpg")
    }


def test_the_output_reads_as_one_dataset_of_candidates_and_the_build_takes_it(extracted: Path) -> None:
    schema = ds.dataset(extracted / "candidates").schema
    assert schema.metadata == CANDIDATE_SCHEMA.metadata
    assert schema.equals(CANDIDATE_SCHEMA)
    assert len(candidate_shards(extracted / "candidates")) == 4


def test_refusals_say_why(extracted: Path) -> None:
    table = ds.dataset(extracted / "candidates.build" / "refused").to_table()
    assert table.schema.metadata == REFUSAL_SCHEMA.metadata
    said = {(row["page_url"].removeprefix("http://a.test/"), row["reason"], row["detail"]) for row in table.to_pylist()}
    assert said >= {
        ("good", "duplicate_page", "earlier in the same file"),
        ("robots", "opted_out", "x-robots-tag:noai"),
        ("meta", "opted_out", "meta:noimageindex"),
        ("tdm", "opted_out", "header:tdm-reservation"),
        ("picture", "not_html", "image/jpeg"),
        ("bomb", "too_large", ""),
        ("gone", "http_error", "404"),
        ("ftp://a.test/file", "not_crawlable", ""),
    }


def test_faults_are_told_with_their_place(extracted: Path) -> None:
    [marker] = (extracted / "candidates.build" / "done").glob("plain-*.json")
    faults = [(fault["reason"], fault["offset"]) for fault in read_json(marker)["faults"]]
    assert faults == [("damaged", 0), ("cut_short", len(response("p0") + b"JUNK" * 9 + response("p1")))]


def test_the_summary_shows_where_records_ended(extracted: Path) -> None:
    said = (extracted / "said").read_text()
    assert said.splitlines()[0].split() == ["records", "31"]
    lines = [line.split() for line in said.splitlines()]
    assert ["-", "fault", "damaged", "1"] in lines
    assert ["-", "refused", "opted_out", "3"] in lines


def test_a_rerun_finds_nothing_to_do(extracted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shards = sorted((extracted / "candidates").iterdir())
    before = [path.stat().st_mtime_ns for path in shards]
    arguments = ["--input", str(extracted / "warcs"), "--output", str(extracted / "candidates"), *ONE_PROCESS]
    assert main(arguments) == 0
    assert "is up to date" in capsys.readouterr().out
    assert [path.stat().st_mtime_ns for path in shards] == before


def test_one_worker_gives_the_bytes_that_many_give(extracted: Path, tmp_path: Path) -> None:
    assert main(["--input", str(extracted / "warcs"), "--output", str(tmp_path / "one"), *ONE_PROCESS]) == 0
    assert shard_bytes(tmp_path / "one") == shard_bytes(extracted / "candidates")
    assert shard_bytes(tmp_path / "one.build") == shard_bytes(extracted / "candidates.build")


def pages_in(output: Path) -> list[str]:
    return sorted(url.as_py().removeprefix("http://a.test/") for url in ds.dataset(output).to_table()["page_url"])


def test_a_file_that_changed_is_extracted_again_and_others_are_added(tmp_path: Path) -> None:
    warc = written(tmp_path / "in" / "a.warc.gz", [response("0"), response("1")])
    arguments = ["--output", str(tmp_path / "out"), *ONE_PROCESS]
    assert main(["--input", str(warc), *arguments]) == 0
    written(warc, [response("2")])
    assert main(["--input", str(warc), *arguments]) == 0
    assert pages_in(tmp_path / "out") == ["2"]
    other = written(tmp_path / "elsewhere" / "a.warc.gz", [response("3")])
    assert main(["--input", str(other), *arguments]) == 0
    assert pages_in(tmp_path / "out") == ["2", "3"]


def test_a_file_that_was_moved_is_known_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    warc = written(tmp_path / "a.warc.gz", [response("0")])
    arguments = ["--output", str(tmp_path / "out"), *ONE_PROCESS]
    assert main(["--input", str(warc), *arguments]) == 0
    (tmp_path / "archive").mkdir()
    warc.rename(tmp_path / "archive" / warc.name)
    assert main(["--input", str(tmp_path / "archive"), *arguments]) == 0
    assert "is up to date" in capsys.readouterr().out
    assert pages_in(tmp_path / "out") == ["0"]


def test_a_file_without_a_page_leaves_an_empty_shard_and_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    warc = written(tmp_path / "a.warc.gz", [record("http://a.test/", b"", kind="metadata")])
    assert main(["--input", str(warc), "--output", str(tmp_path / "out"), *ONE_PROCESS]) == 0
    assert "warning: no HTTP response in these files" in capsys.readouterr().err
    assert ds.dataset(tmp_path / "out").count_rows() == 0
    assert ds.dataset(tmp_path / "out").schema.metadata == CANDIDATE_SCHEMA.metadata


def test_shards_are_cut_by_size(tmp_path: Path) -> None:
    rows = [
        {
            "page_url": f"{number:06}",
            "image_url": None,
            "reason": "x",
            "detail": os.urandom(200).hex(),
            "fetched_at": "x",
        }
        for number in range(2500)
    ]
    with RowShards(tmp_path / "drafts", tmp_path / "out", "a", REFUSAL_SCHEMA, shard_bytes=150_000) as shards:
        for row in rows:
            shards.add(row)
        names = shards.finish()
    assert names == ["a-00000.parquet", "a-00001.parquet", "a-00002.parquet"]
    assert [pq.read_metadata(tmp_path / "out" / name).num_rows for name in names] == [1000, 1000, 500]
    assert ds.dataset(tmp_path / "out").to_table().to_pylist() == rows
    assert not any((tmp_path / "drafts").iterdir())


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main([*arguments, *ONE_PROCESS]) == 2
    [line] = [line for line in capsys.readouterr().err.splitlines() if line and not line.startswith("extract:")]
    assert line.startswith("error: ")
    return line


def test_bad_input_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = ["--output", str(tmp_path / "out")]
    assert "no WARC file matches" in refused(capsys, "--input", str(tmp_path / "*.warc.gz"), *output)
    assert "no WARC file matches" in refused(capsys, "--input", str(tmp_path), *output)
    assert "is no local path; download it" in refused(capsys, "--input", "s3://commoncrawl/x.warc.gz", *output)
    (tmp_path / "a.warc.gz").write_text("<html>an error page</html>")
    assert "a.warc.gz holds no WARC record" in refused(capsys, "--input", str(tmp_path / "a.warc.gz"), *output)
    assert "unknown option --imput" in refused(capsys, "--input", str(tmp_path), *output, "--imput", "x")
    assert not (tmp_path / "out").exists()


def test_bad_output_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = ["--input", str(written(tmp_path / "in" / "a.warc.gz", [response("0")])), "--output"]
    assert "is a file" in refused(capsys, *source, str(tmp_path / "in" / "a.warc.gz"))
    assert "holds a.warc.gz, not made by this command" in refused(capsys, *source, str(tmp_path / "in"))
    assert "cannot write to" in refused(capsys, *source, str(tmp_path / "in" / "a.warc.gz" / "out"))
    corpus = tmp_path / "lait.parquet"
    corpus.mkdir()
    (corpus / "part-00000-of-00001.parquet").touch()
    assert "not made by this command" in refused(capsys, *source, str(corpus))


def test_two_runs_into_one_output_do_not_meet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    warc = written(tmp_path / "a.warc.gz", [response("0")])
    (tmp_path / "out.build").mkdir()
    with (tmp_path / "out.build" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another run is writing" in refused(capsys, "--input", str(warc), "--output", str(tmp_path / "out"))


def wait_until(happened: Callable[[], bool], running: subprocess.Popen[str]) -> None:
    while not happened():
        assert running.poll() is None
        time.sleep(0.01)


def test_stopped_or_killed_half_way_and_started_again_it_gives_the_same_bytes_as_one_run(tmp_path: Path) -> None:
    for number in range(6):
        written(tmp_path / "in" / f"{number}.warc.gz", [response(f"{number}/{index}") for index in range(150)])
    arguments = ["--input", str(tmp_path / "in"), "--output", str(tmp_path / "out")]
    done = tmp_path / "out.build" / "done"
    for ending, status in ((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)):
        before = len(list(done.glob("*.json")))
        running = subprocess.Popen(
            command(*arguments),
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        wait_until(lambda before=before: len(list(done.glob("*.json"))) > before, running)  # type: ignore[misc]
        os.killpg(running.pid, ending)
        _, said = running.communicate()
        assert running.returncode == status
        assert said.endswith("goes on from the files that are finished\n") == (status == 130)
    finished = {path: path.stat().st_mtime_ns for path in done.glob("*.json")}
    assert len(finished) >= 2
    assert main([*arguments, *ONE_PROCESS]) == 0
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assert main(["--input", str(tmp_path / "in"), "--output", str(tmp_path / "one"), *ONE_PROCESS]) == 0
    assert shard_bytes(tmp_path / "out") == shard_bytes(tmp_path / "one")
    assert shard_bytes(tmp_path / "out.build") == shard_bytes(tmp_path / "one.build")


def test_a_full_disk_is_one_clear_line_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    written(tmp_path / "in" / "a.warc.gz", [response(str(index)) for index in range(150)])
    arguments = ["--input", str(tmp_path / "in"), "--output", str(tmp_path / "out"), *ONE_PROCESS]
    limited = ["bash", "-c", 'ulimit -f 2 && exec "$@"', "bash", *command(*arguments)]  # 2 KB a file
    full = subprocess.run(limited, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert full.returncode == 2
    assert full.stderr.splitlines()[-1].startswith(f"error: no space left for {tmp_path / 'out'}/; free some and run")
    assert [path.name for path in tmp_path.rglob("*.parquet")] == []
    assert main(arguments) == 0
    assert len(pages_in(tmp_path / "out")) == 150


def test_shards_that_no_marker_vouches_for_are_removed(tmp_path: Path) -> None:
    warc = written(tmp_path / "a.warc.gz", [response("0")])
    arguments = ["--input", str(warc), "--output", str(tmp_path / "out"), *ONE_PROCESS]
    assert main(arguments) == 0
    [shard] = (tmp_path / "out").iterdir()
    (tmp_path / "out" / "b-0123ab-00000.parquet").write_bytes(shard.read_bytes())
    assert main(arguments) == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == [shard.name]


def test_shards_that_hold_something_else_than_was_counted_fail_the_run(tmp_path: Path) -> None:
    warc = written(tmp_path / "a.warc.gz", [response("0")])
    arguments = ["--input", str(warc), "--output", str(tmp_path / "out"), *ONE_PROCESS]
    assert main(arguments) == 0
    [shard] = (tmp_path / "out").iterdir()
    pq.write_table(CANDIDATE_SCHEMA.empty_table(), shard)
    with pytest.raises(RuntimeError, match="holds 0 rows, not the 1 counted"):
        main(arguments)
