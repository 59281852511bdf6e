from pathlib import Path

import pytest

from pipelines.schema import DataError
from training.atomic import atomic_folder, clear_leftovers, remove_folder, sole_writer


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_appears_only_when_its_block_ends_and_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    for text in ("old", "new"):
        with atomic_folder(tmp_path / "shard") as folder:
            (folder / text).touch()
            assert names(tmp_path / "shard") == ["old"] if text == "new" else not (tmp_path / "shard").exists()
    assert names(tmp_path) == ["shard"]
    assert names(tmp_path / "shard") == ["new"]


def test_what_a_kill_left_of_the_same_folder_is_no_part_of_the_next(tmp_path: Path) -> None:
    (tmp_path / ".shard.tmp").mkdir()
    (tmp_path / ".shard.tmp" / "half").touch()
    with atomic_folder(tmp_path / "shard") as folder:
        (folder / "whole").touch()
    assert names(tmp_path) == ["shard"]
    assert names(tmp_path / "shard") == ["whole"]


def test_a_write_that_fails_without_a_file_name_is_blamed_on_the_folder(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left") as caught, atomic_folder(tmp_path / "shard"):
        raise OSError(28, "No space left on device")
    assert caught.value.filename == f"{tmp_path}/shard"
    assert names(tmp_path) == []


def test_only_leftovers_of_the_pattern_are_cleared(tmp_path: Path) -> None:
    for name in (".step-000003.tmp", ".step-000002.old", ".other.tmp", "step-000002"):
        (tmp_path / name).mkdir()
    clear_leftovers(tmp_path, "step-*")
    assert names(tmp_path) == [".other.tmp", "step-000002"]


def test_a_removed_folder_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "step-000002").mkdir()
    (tmp_path / "step-000002" / "file").touch()
    remove_folder(tmp_path / "step-000002")
    assert names(tmp_path) == []


def test_a_folder_has_one_writer_at_a_time(tmp_path: Path) -> None:
    with sole_writer(tmp_path), pytest.raises(DataError, match="another process is writing"), sole_writer(tmp_path):
        pass
    with sole_writer(tmp_path):
        assert names(tmp_path) == [".lock"]
