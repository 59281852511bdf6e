import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from filters.fitting.natural_sources import PackagePart, lay_out, main, package_parts

PART = PackagePart("icons", "graphics", "some-icons", ("*/128/*.png",), ("*skip*",), limit=0)


def icon(path: Path, side: int, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)).save(path)


def test_lay_out_takes_each_large_included_image_once(tmp_path: Path) -> None:
    folder = tmp_path / "packages" / "some-icons" / "usr"
    icon(folder / "128" / "a.png", 128, seed=0)
    icon(folder / "128" / "same-as-a.png", 128, seed=0)
    icon(folder / "128" / "small.png", 95, seed=1)
    icon(folder / "128" / "skip.png", 128, seed=2)
    icon(folder / "64" / "b.png", 128, seed=3)
    (folder / "128" / "broken.png").write_bytes(b"no image")

    assert lay_out(PART, tmp_path / "packages", tmp_path / "out") == 1
    assert lay_out(PART, tmp_path / "packages", tmp_path / "out") == 1
    (copy,) = (tmp_path / "out" / "graphics" / "icons").iterdir()
    assert copy.read_bytes() == (folder / "128" / "a.png").read_bytes()


def test_a_missing_package_is_named_with_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--packages", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    first = package_parts()[0].package
    assert f"{first}/ is missing: apt-get download {first}, then dpkg -x it there" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("package", "advice"),
    [
        ("npm/a-kit@1.0.0", "npm pack a-kit@1.0.0, then unpack it there"),
        ("source/some-lib", "apt-get source some-lib, there"),
        ("sdist/some-shop==1.0", "pip download --no-deps --no-binary :all: some-shop==1.0, then unpack it there"),
        ("wheel/some-shop==1.0", "pip download --no-deps --only-binary :all: some-shop==1.0, then unpack it there"),
        ("rcc/some-game", "unpack some-game, then run filters.fitting.qt_resources on it"),
        ("zip/some-game", "unpack some-game, then run filters.fitting.archive_pictures on it"),
    ],
)
def test_packages_of_other_kinds_are_named_as_their_clients_know_them(
    package: str, advice: str, tmp_path: Path
) -> None:
    part = PackagePart("icons", "graphics", package, ("*",), (), 0)

    with pytest.raises(FileNotFoundError, match=re.escape(f"{package}/ is missing: {advice}")):
        lay_out(part, tmp_path, tmp_path / "out")


def test_list_prints_every_package_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert capsys.readouterr().out.split() == sorted({part.package for part in package_parts()})


def test_the_demo_photos_are_in_no_source() -> None:
    assert not [part for part in package_parts() if "skimage" in part.package or "scikit-image" in part.package]
    assert all(part.label in {"photos", "graphics"} and part.include for part in package_parts())
