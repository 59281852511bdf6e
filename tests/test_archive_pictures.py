import zipfile
from pathlib import Path

import pytest

from filters.fitting.archive_pictures import main, write_pictures


def archive(path: Path, files: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as target:
        for name, data in files.items():
            target.writestr(name, data)


def written(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_pictures_of_every_archive_go_to_a_folder_of_its_own(tmp_path: Path) -> None:
    archive(tmp_path / "game" / "base" / "maps.PK3", {"shots/a.JPG": b"first", "shots/a.txt": b"text"})
    archive(tmp_path / "game" / "chairs.sh3f", {"a.png": b"second"})
    (tmp_path / "game" / "loose.png").write_bytes(b"in no archive")

    assert write_pictures(tmp_path / "game", tmp_path / "out") == 2
    assert written(tmp_path / "out") == {"base/maps.PK3/shots/a.JPG": b"first", "chairs.sh3f/a.png": b"second"}


def test_a_name_that_leads_out_of_the_folder_stays_in_it(tmp_path: Path) -> None:
    archive(tmp_path / "game" / "maps.zip", {"../../../evil.png": b"picture"})

    assert write_pictures(tmp_path / "game", tmp_path / "out") == 1
    assert written(tmp_path / "out") == {"maps.zip/evil.png": b"picture"}


def test_the_command_says_how_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive(tmp_path / "game" / "maps.zip", {"a.png": b"picture"})

    assert main([str(tmp_path / "game"), str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out == f"1 pictures in {tmp_path / 'out'}\n"


def test_a_damaged_archive_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "maps.zip").write_bytes(b"no archive")

    assert main([str(tmp_path), str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == f"{tmp_path / 'maps.zip'}: File is not a zip file\n"
