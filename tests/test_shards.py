import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crawler.items import CANDIDATE_SCHEMA, Candidate, Text
from pipelines.schema import DataError
from pipelines.shards import (
    candidate_rows,
    candidate_shards,
    read_json,
    slices,
    whole_file,
    write_json,
    write_parquet,
)


def candidate(index: int, image: bytes | None = b"x" * 1000) -> Candidate:
    return Candidate(
        page_url=f"http://a/{index}",
        image_url=f"http://a/{index}.jpg",
        image=image,
        image_sha256=None,
        mime=None,
        width=None,
        height=None,
        texts=(Text("alt", "A red boat"),),
        main_image_score=1.5,
        main_image_signals=(("figure", 1.0),),
        language="en",
        language_confidence=0.75,
        license_url=None,
        opt_outs=(),
        http_status=200,
        fetched_at="2026-01-01T00:00:00+00:00",
    )


def shard(path: Path, count: int, row_group_size: int = 10) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist([candidate(index).to_row() for index in range(count)], schema=CANDIDATE_SCHEMA)
    pq.write_table(table, path, row_group_size=row_group_size, compression="none", use_dictionary=False)
    return path


def test_candidates_survive_the_trip_to_parquet_and_back(tmp_path: Path) -> None:
    [piece] = slices([shard(tmp_path / "a.parquet", 3)], max_bytes=1 << 20)
    [rows] = candidate_rows(piece, batch_size=10)
    assert [Candidate.from_row(row) for row in rows] == [candidate(0), candidate(1), candidate(2)]


def test_slices_cover_every_row_once_and_stay_under_the_byte_limit(tmp_path: Path) -> None:
    path = shard(tmp_path / "a.parquet", 95)
    pieces = slices([path], max_bytes=30_000)
    assert [(piece.first, piece.last, piece.rows) for piece in pieces] == [
        (0, 2, 20),
        (2, 4, 20),
        (4, 6, 20),
        (6, 8, 20),
        (8, 10, 15),
    ]
    urls = [row["page_url"] for piece in pieces for rows in candidate_rows(piece, 7) for row in rows]
    assert urls == [f"http://a/{index}" for index in range(95)]


def test_shards_of_one_name_in_two_folders_get_different_slice_names(tmp_path: Path) -> None:
    paths = [shard(tmp_path / day / "a.parquet", 1) for day in ("monday", "tuesday")]
    assert len({piece.name for piece in slices(paths, 1 << 20)}) == 2


def test_a_shard_that_was_written_again_has_another_fingerprint(tmp_path: Path) -> None:
    path = shard(tmp_path / "a.parquet", 3)
    [before] = slices([path], 1 << 20)
    assert slices([path], 1 << 20) == [before]
    data = path.read_bytes()
    path.write_bytes(data.replace(b"A red boat", b"A rad boat"))
    [after] = slices([path], 1 << 20)
    assert len(path.read_bytes()) == len(data)
    assert before.fingerprint != after.fingerprint


def test_a_crawl_folder_a_folder_of_shards_and_a_shard_are_all_input(tmp_path: Path) -> None:
    path = shard(tmp_path / "crawl" / "candidates" / "a.parquet", 1)
    assert [candidate_shards(given) for given in (tmp_path / "crawl", path.parent, path)] == [[path]] * 3


def test_a_crawl_without_candidates_has_no_shards_whatever_lies_beside_their_folder(tmp_path: Path) -> None:
    (tmp_path / "candidates").mkdir()
    (tmp_path / "failures.parquet").write_bytes(b"")
    with pytest.raises(DataError, match="holds no candidate shards"):
        candidate_shards(tmp_path)


def test_a_corpus_beside_the_shards_is_not_taken_for_one(tmp_path: Path) -> None:
    path = shard(tmp_path / "a.parquet", 1)
    (tmp_path / "lait.parquet").mkdir()
    assert candidate_shards(tmp_path) == [path]


@pytest.mark.parametrize("folder", ["nowhere", "empty"])
def test_input_without_shards_is_one_clear_line(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=folder) as error:
        candidate_shards(tmp_path / folder)
    assert "\n" not in str(error.value)


def test_a_truncated_shard_is_named(tmp_path: Path) -> None:
    path = shard(tmp_path / "cut.parquet", 50)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"cut\.parquet is not a whole Parquet file"):
        slices([path], 1 << 20)


def test_a_shard_damaged_inside_is_named(tmp_path: Path) -> None:
    path = shard(tmp_path / "holed.parquet", 50)
    data = bytearray(path.read_bytes())
    data[4:2000] = bytes(1996)
    path.write_bytes(data)
    [piece] = slices([path], 1 << 20)
    with pytest.raises(DataError, match=r"holed\.parquet is damaged inside"):
        list(candidate_rows(piece, 10))


def test_a_file_of_another_schema_is_named_with_what_was_expected(tmp_path: Path) -> None:
    pq.write_table(pa.table({"city": ["Oslo"]}), tmp_path / "cities.parquet")
    with pytest.raises(DataError, match=r"cities\.parquet holds no candidate rows \(columns: city\)"):
        slices([tmp_path / "cities.parquet"], 1 << 20)


def test_a_newer_schema_version_is_refused(tmp_path: Path) -> None:
    newer = CANDIDATE_SCHEMA.with_metadata({"lait.schema": "candidate", "lait.version": "99"})
    pq.write_table(pa.Table.from_pylist([], schema=newer), tmp_path / "new.parquet")
    with pytest.raises(DataError, match="schema 99, this version reads 1"):
        slices([tmp_path / "new.parquet"], 1 << 20)


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_parquet(tmp_path / name, [candidate(1).to_row()], CANDIDATE_SCHEMA, 10)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def fail_half_way(path: Path) -> None:
    with whole_file(path) as draft:
        draft.write_text("half")
        raise RuntimeError


def test_a_write_that_fails_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"kept": 1})
    with pytest.raises(RuntimeError):
        fail_half_way(path)
    assert read_json(path) == {"kept": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_marker_cut_short_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"made_from": ')
    assert read_json(tmp_path / "a.json") == {}


@pytest.mark.skipif(os.name != "posix", reason="file size limits are POSIX")
def test_a_full_disk_is_one_clear_line_and_keeps_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_parquet(path, [candidate(1).to_row()], CANDIDATE_SCHEMA, 10)
    before = path.read_bytes()
    script = f"""
import resource, signal
from pathlib import Path
from crawler.items import CANDIDATE_SCHEMA
from pipelines.schema import DataError
from pipelines.shards import write_parquet
from tests.test_shards import candidate
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
noise = __import__("random").Random(1).randbytes(100_000)
try:
    write_parquet(Path({str(path)!r}), [candidate(1, noise).to_row()], CANDIDATE_SCHEMA, 10)
except DataError as error:
    print(error)
"""
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.startswith(f"no space left for {path}; free some and run the same command again")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
