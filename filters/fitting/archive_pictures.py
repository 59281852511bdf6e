"""Writes out the pictures in the ZIP archives under a folder, for packages that ship their pictures so.

python -m filters.fitting.archive_pictures PACKAGES/NAME PACKAGES/zip/NAME
"""

import argparse
import sys
import zipfile
from pathlib import Path
from typing import Final

_ARCHIVES: Final = frozenset({".zip", ".pk3", ".jar", ".sh3f"})  # the last three are games' and programs' names for ZIP
_SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".webp")


def write_pictures(folder: Path, out: Path) -> int:
    """Writes every picture in every archive under `folder` to OUT/ARCHIVE/PATH, and returns how many.

    ARCHIVE is the archive's own path under `folder`; PATH is what the archive calls the picture, less any part that
    would lead out of the archive's folder.

    Raises:
        ValueError: an archive cannot be read; the message says which.
    """
    count = 0
    for source in sorted(path for path in folder.rglob("*") if path.suffix.lower() in _ARCHIVES and path.is_file()):
        try:
            with zipfile.ZipFile(source) as archive:
                pictures = [name for name in archive.namelist() if name.lower().endswith(_SUFFIXES)]
                archive.extractall(out / source.relative_to(folder), pictures)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:  # damaged; packed or locked otherwise
            raise ValueError(f"{source}: {error}") from error
        count += len(pictures)
    return count


def main(arguments: list[str] | None = None) -> int:
    """The command in the module's docstring; 0, or 1 after a line that says what cannot be read."""
    parser = argparse.ArgumentParser(description="Write out the pictures in ZIP archives.")
    parser.add_argument("folder", type=Path, help="an unpacked package")
    parser.add_argument("out", type=Path, help="folder for the pictures")
    options = parser.parse_args(arguments)
    try:
        print(f"{write_pictures(options.folder, options.out)} pictures in {options.out}")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
