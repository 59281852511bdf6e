import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from crawler.items import Candidate, Refusal, Text
from crawler.ledger import Ledger

NOW = "2024-05-01T00:00:00+00:00"
CANDIDATE = Candidate(
    "http://a.example/1", "http://a.example/1.jpg", b"bytes", "00", "image/jpeg", 640, 480, (Text("alt", "A boat"),), 5.5,
    (("figure", 0.75),), "en", 0.75, None, (), 200, NOW,
)  # fmt: skip


def test_the_books_balance_and_are_written(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for _ in range(4):
        ledger.take_on()
    ledger.keep(CANDIDATE)
    ledger.refuse(Refusal("http://a.example/2", None, "not_english", "de 0.98", NOW))
    ledger.refuse(Refusal("http://a.example/3", None, "not_english", "fr 0.97", NOW))
    assert ledger.unfinished == 1
    ledger.close("shutdown")
    assert json.loads((tmp_path / "stats.json").read_text()) == {
        "ended": "shutdown",
        "pages": 4,
        "candidates": 1,
        "refusals": {"not_english": 2},
        "unfinished": 1,
        "lost": 0,
        "candidate_shards": ["candidates/candidates-00000.parquet"],
        "refusal_shards": ["refused/refused-00000.parquet"],
    }
    (row,) = pq.read_table(tmp_path / "candidates").to_pylist()
    assert Candidate.from_row(row) == CANDIDATE


def test_a_reason_that_is_not_in_the_list_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'bad_day'"):
        Ledger(tmp_path).refuse(Refusal("http://a.example/2", None, "bad_day", "", NOW))


def test_what_could_not_be_written_is_counted_as_lost_and_not_listed(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for _ in range(2):
        ledger.take_on()
    ledger.keep(CANDIDATE)
    ledger.refuse(Refusal("http://a.example/2", None, "not_english", "de 0.98", NOW))
    (tmp_path / "candidates").rmdir()
    with pytest.raises(FileNotFoundError):
        ledger.close("finished")
    lines = ledger.summary().splitlines()
    assert "lost                         1   they could not be written" in lines
    assert lines[lines.index("written:") + 1 :] == [
        f"  {tmp_path / 'refused' / 'refused-00000.parquet'}",
        f"  {tmp_path / 'stats.json'}",
    ]
    assert json.loads((tmp_path / "stats.json").read_text())["lost"] == 1
