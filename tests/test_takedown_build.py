import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.build_lait import main as build
from pipelines.report import corpus_pairs, reject_records
from pipelines.shards import read_json, write_json
from pipelines.takedown import main as take_down
from pipelines.takedown_list import pending_marker
from tests.test_build_lait import ONE_PROCESS, candidates, everything_in, shard


def kept(corpus: Path) -> list[str]:
    return sorted(pair.page_url for pair in corpus_pairs(corpus))


# In a process without Beam's and torch's threads, which a fork would lose.
KILLS = """
import shutil, sys
from pathlib import Path
from pipelines.takedown import main
from pipelines.takedown_list import pending_marker
from tests.test_takedown import contents, killed_at
before, urls, after = map(Path, sys.argv[1:])
wanted, number, killed = contents(after), 0, True
while killed:
    number += 1
    folder = before.with_name(f"killed-{number}")
    corpus = shutil.copytree(before, folder) / "lait.parquet"
    killed = killed_at(number, main, ["--corpus", str(corpus), "--urls", str(urls)])
    lists = [] if pending_marker(corpus).exists() else ["--urls", str(urls)]
    killed_at(0, main, ["--corpus", str(corpus), *lists]) if killed else None
    found = contents(folder)
    differing = [name for name in sorted({*found, *wanted}) if found.get(name) != wanted.get(name)]
    if differing:
        raise SystemExit(f"killed at {number}: {differing} differ")
    shutil.rmtree(folder)
print(number - 1, "kills")
"""


def check_kills(before: Path, urls: Path, after: Path) -> None:
    """Kill the takedown at every rename and removal, and see that the same command ends as an undisturbed one does."""
    command = [sys.executable, "-c", KILLS, str(before), str(urls), str(after)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-2]) >= 20


def test_what_is_taken_down_leaves_the_build_too_and_no_later_build_brings_it_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = candidates()
    shard(tmp_path / "in" / "a.parquet", [rows[1], rows[3]])  # the rocket, and the astronaut in small
    shard(tmp_path / "in" / "b.parquet", rows[:1])
    shard(tmp_path / "in" / "d.parquet", rows[2:3])  # the rocket's copy
    corpus, folder = tmp_path / "made" / "lait.parquet", tmp_path / "made" / "lait.parquet.build"
    command = ["--input", str(tmp_path / "in"), "--output", str(corpus), *ONE_PROCESS]
    assert build(command) == 0
    assert kept(corpus) == ["http://a/astronaut", "http://a/rocket"]
    shutil.copytree(corpus.parent, tmp_path / "before")
    (tmp_path / "urls.txt").write_text("http://a/rocket\n")
    assert take_down(["--corpus", str(corpus), "--urls", str(tmp_path / "urls.txt")]) == 0
    assert "1 of 2 pairs taken down (url 1); 1 shards rewritten" in capsys.readouterr().out

    check_kills(tmp_path / "before", tmp_path / "urls.txt", corpus.parent)

    # the copy, which was merged into it, goes with it
    counters = read_json(folder / "counters.json")
    rejects = {"blocklist/blocked": 2, "size/too_small": 1}
    assert counters == {"candidates": 4, "pairs": 1, "merged": 0, "errors": 0, "rejects": rejects}
    assert sorted(row.reason for row in reject_records(folder / "rejects")) == ["blocked", "blocked", "too_small"]
    for row in rows[1:3]:
        left = everything_in(folder)
        assert [word for word in (row.page_url + "'", row.image_url, str(row.image_sha256)) if word in left] == []
        assert row.texts[0].text not in left

    finished = (corpus / "part-00000-of-00001.parquet").stat().st_mtime_ns
    assert build(command) == 0
    said = capsys.readouterr().out
    assert "is up to date" in said
    assert "blocklist   blocked" in said
    assert (corpus / "part-00000-of-00001.parquet").stat().st_mtime_ns == finished

    untouched = next((folder / "analysed").glob("b-*.json"))
    finished = untouched.stat().st_mtime_ns
    shard(tmp_path / "in" / "c.parquet", [replace(rows[1], page_url="http://b/again", image_url="http://b/i.jpg")])
    assert build(command) == 0
    assert kept(corpus) == ["http://a/astronaut"]
    assert read_json(folder / "counters.json")["rejects"] == {"blocklist/blocked": 3, "size/too_small": 1}
    assert untouched.stat().st_mtime_ns == finished  # what held nothing of it is not analysed again

    shutil.rmtree(folder)
    shutil.rmtree(corpus)
    assert build(command) == 0
    assert kept(corpus) == ["http://a/astronaut"]


def test_a_build_waits_for_a_takedown_that_was_stopped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, corpus = shard(tmp_path / "in.parquet", candidates()[:1]), tmp_path / "lait.parquet"
    write_json(pending_marker(corpus), {"number": 1, "entries": []})
    corpus.mkdir()
    (corpus / ".part-00000-of-00001.parquet.0.tmp").write_bytes(b"PAR1")
    assert build(["--input", str(source), "--output", str(corpus), *ONE_PROCESS]) == 2
    said = f"was stopped; finish it first: python -m pipelines.takedown --corpus {corpus}\n"
    assert capsys.readouterr().err.endswith(said)
