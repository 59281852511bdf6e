import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from crawler.frontier import Ended, key_of, work_of
from crawler.frontier_sqlite import SqliteFrontier
from crawler.items import Candidate, Failure, Refusal, Text
from crawler.ledger import Ledger
from crawler.limits import Limits

NOW = "2024-05-01T00:00:00+00:00"
CANDIDATE = Candidate(
    "http://a.example/1", "http://a.example/1.jpg", b"bytes", "00", "image/jpeg", 640, 480, (Text("alt", "A boat"),), 5.5,
    (("figure", 0.75),), "en", 0.75, None, (), 200, NOW,
)  # fmt: skip
URLS = [f"http://a.example/{number}" for number in range(1, 7)]
KEYS = [key_of(url) for url in URLS]


@pytest.fixture
def limits() -> Limits:
    return Limits()


@pytest.fixture
def ledger(tmp_path: Path, limits: Limits) -> Iterator[Ledger]:
    """The books of a crawl that has taken on all of `URLS`."""
    frontier = SqliteFrontier(tmp_path)
    frontier.add(map(work_of, URLS))
    frontier.take(9, 9, {})
    ledger = Ledger(tmp_path, frontier, limits)
    for _ in URLS:
        ledger.take_on()
    yield ledger
    frontier.close()


def refuse(ledger: Ledger, number: int, reason: str, detail: str) -> None:
    ledger.refuse(Refusal(URLS[number], None, reason, detail, NOW), Ended(KEYS[number], "refused", NOW))


def test_the_books_balance_and_are_written(ledger: Ledger, tmp_path: Path) -> None:
    ledger.keep(CANDIDATE, Ended(KEYS[0], "done", NOW))
    refuse(ledger, 1, "not_english", "de 0.98")
    refuse(ledger, 2, "not_english", "fr 0.97")
    failure = Failure(URLS[3], None, "fetch_failed", "reset", 1, NOW, NOW)
    ledger.fail(KEYS[3], failure)
    ledger.leave_unchanged(Ended(KEYS[4], "same", NOW))
    assert ledger.unfinished == 1
    ledger.close("shutdown")
    assert json.loads((tmp_path / "stats.json").read_text()) == {
        "ended": "shutdown",
        "pages": 6,
        "candidates": 1,
        "refusals": {"not_english": 2},
        "failures": {"fetch_failed": 1},
        "not_modified": 1,
        "unfinished": 1,
        "lost": 0,
        "recovered": 0,
        "spooled": 0,
        "candidate_shards": ["candidates/candidates-00000.parquet"],
        "refusal_shards": ["refused/refused-00000.parquet"],
        "all_runs": {"pages": 6, "candidates": 1, "refused": 3, "failed": 1, "queued": 1},
    }
    (row,) = pq.read_table(tmp_path / "candidates").to_pylist()
    assert Candidate.from_row(row) == CANDIDATE
    failed = pq.read_table(tmp_path / "failures.parquet")
    assert failed.schema.metadata == {b"lait.schema": b"failure", b"lait.version": b"1"}
    assert [Failure(**row) for row in failed.to_pylist()] == [failure]
    assert "all runs: 6 pages = 1 candidates + 3 refused + 1 failed + 1 queued" in ledger.summary().splitlines()


def test_a_reason_that_is_not_in_the_list_is_a_fault(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="'bad_day'"):
        refuse(ledger, 0, "bad_day", "")


@pytest.mark.parametrize(
    ("limits", "title", "meaning"),
    [
        (Limits(spool=False), "lost", "they could not be written; the next run fetches them again"),
        (Limits(), "spooled", "of these, in no shard yet; the next run goes on from them"),
    ],
)
def test_what_could_not_be_written_is_counted_and_stays_queued(
    ledger: Ledger, title: str, meaning: str, tmp_path: Path
) -> None:
    ledger.keep(CANDIDATE, Ended(KEYS[0], "done", NOW))
    refuse(ledger, 1, "not_english", "de 0.98")
    (tmp_path / "candidates").rmdir()
    with pytest.raises(FileNotFoundError):
        ledger.close("finished")
    lines = ledger.summary().splitlines()
    assert f"{title:<26}{1:>8}   {meaning}" in lines
    assert lines[lines.index("written:") + 1 :] == [
        f"  {tmp_path / 'refused' / 'refused-00000.parquet'}",
        f"  {tmp_path / 'failures.parquet'}",
        f"  {tmp_path / 'stats.json'}",
    ]
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert (stats["lost"], stats["spooled"]) == (int(title == "lost"), int(title == "spooled"))
    assert stats["all_runs"] == {"pages": 6, "candidates": 0, "refused": 1, "failed": 0, "queued": 5}


def test_a_shard_is_written_once_its_first_row_is_old_enough(tmp_path: Path) -> None:
    frontier = SqliteFrontier(tmp_path)
    frontier.add(map(work_of, URLS))
    frontier.take(9, 9, {})
    for seconds, written in ((3600.0, []), (0.0, ["refused-00000.parquet"])):
        ledger = Ledger(tmp_path, frontier, Limits(shard_seconds=seconds))
        refuse(ledger, 0, "not_html", "text/plain")
        ledger.beat()
        assert [path.name for path in (tmp_path / "refused").iterdir()] == written
    assert frontier.counts().refused == 1
    frontier.close()
