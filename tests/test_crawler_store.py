import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from crawler.items import REFUSAL_SCHEMA, Refusal
from crawler.store import SHARD_BYTES, SHARD_ROWS, ParquetShards
from crawler.whole_files import write_text_whole


def row(number: int, detail: str = "404") -> dict[str, object]:
    return Refusal(f"http://a.example/{number}", None, "http_error", detail, "2024-05-01T00:00:00+00:00").to_row()


def urls(folder: Path) -> list[list[str]]:
    return [pq.read_table(path)["page_url"].to_pylist() for path in sorted(folder.glob("*.parquet"))]


def shards(folder: Path, shard_bytes: int = SHARD_BYTES, shard_rows: int = SHARD_ROWS) -> ParquetShards:
    return ParquetShards(folder, "refused", REFUSAL_SCHEMA, shard_bytes, shard_rows)


def test_rows_are_split_by_count_and_close_writes_the_rest(tmp_path: Path) -> None:
    writer = shards(tmp_path, shard_rows=2)
    for number in range(5):
        writer.add(row(number))
    assert len(urls(tmp_path)) == 2
    writer.close()
    assert urls(tmp_path) == [
        ["http://a.example/0", "http://a.example/1"],
        ["http://a.example/2", "http://a.example/3"],
        ["http://a.example/4"],
    ]
    assert [path.name for path in writer.paths] == [f"refused-0000{number}.parquet" for number in range(3)]
    assert writer.rows == 5


def test_rows_are_split_by_bytes(tmp_path: Path) -> None:
    writer = shards(tmp_path, shard_bytes=50_000)
    for number in range(4):
        writer.add(row(number, "x" * 30_000))
    assert [len(shard) for shard in urls(tmp_path)] == [2, 2]


def test_a_shard_says_what_it_holds_and_is_compressed(tmp_path: Path) -> None:
    writer = shards(tmp_path)
    writer.add(row(0))
    writer.close()
    file = pq.ParquetFile(writer.paths[0])
    assert file.schema_arrow.metadata[b"lait.schema"] == b"refusal"
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"


def test_nothing_to_write_writes_nothing(tmp_path: Path) -> None:
    shards(tmp_path / "new").close()
    assert list((tmp_path / "new").iterdir()) == []


def test_an_earlier_runs_shards_are_kept(tmp_path: Path) -> None:
    for number in range(2):
        writer = shards(tmp_path)
        writer.add(row(number))
        writer.close()
    assert urls(tmp_path) == [["http://a.example/0"], ["http://a.example/1"]]


def test_two_writers_at_once_do_not_overwrite_each_other(tmp_path: Path) -> None:
    one, other = shards(tmp_path), shards(tmp_path)
    one.add(row(1))
    other.add(row(2))
    one.close()
    other.close()
    assert urls(tmp_path) == [["http://a.example/1"], ["http://a.example/2"]]


def test_a_number_claimed_by_a_crashed_writer_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".refused-00000.parquet.partial").write_bytes(b"half")
    writer = shards(tmp_path)
    writer.add(row(0))
    writer.close()
    assert [path.name for path in writer.paths] == ["refused-00001.parquet"]


def test_a_shard_without_room_for_a_row_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="shard_rows=0"):
        shards(tmp_path, shard_rows=0)


@pytest.fixture
def small_files() -> Iterator[None]:
    """Let no file of this process grow beyond 64 KiB: writes then fail as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, ignored)


def test_a_failed_write_leaves_no_half_file_and_keeps_the_rows(tmp_path: Path, small_files: None) -> None:
    writer = shards(tmp_path)
    writer.add(row(0))
    writer.flush()
    writer.add(row(1, os.urandom(200_000).hex()))
    with pytest.raises(OSError, match="File too large"):
        writer.flush()
    assert [path.name for path in tmp_path.iterdir()] == ["refused-00000.parquet"]
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))  # there is room again
    writer.close()
    assert urls(tmp_path) == [["http://a.example/0"], ["http://a.example/1"]]


def test_a_failed_text_leaves_the_old_one(tmp_path: Path, small_files: None) -> None:
    path = tmp_path / "stats.json"
    write_text_whole(path, "old")
    with pytest.raises(OSError, match="File too large"):
        write_text_whole(path, "new" * 50_000)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = sys.platform == "linux" and os.geteuid() == 0
    if (
        not mounted
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], check=False).returncode
    ):
        pytest.skip("needs the right to mount a small file system")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_loses_no_shard_that_was_written(full_disk: Path) -> None:
    writer = shards(full_disk, shard_rows=1)
    rows = (row(number, os.urandom(20_000).hex()) for number in range(50))
    with pytest.raises(OSError, match="No space left"):
        list(map(writer.add, rows))
    written = len(writer.paths)
    assert 0 < written < 50
    assert urls(full_disk) == [[f"http://a.example/{number}"] for number in range(written)]
    assert list(full_disk.glob(".*")) == []
