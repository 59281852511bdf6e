"""Writes out the pictures in the ZIP archives under a folder, for packages that ship their pictures so.

python -m filters.fitting.archive_pictures PACKAGES/NAME PACKAGES/zip/NAME
"""

import sys
import zipfile
from pathlib import Path
from typing import Final

from filters.fitting.unpacking import is_picture, unpack

_ARCHIVES: Final = frozenset({".zip", ".pk3", ".jar", ".sh3f"})  # the last three are games' and programs' names for ZIP


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
                pictures = [name for name in archive.namelist() if is_picture(name)]
                archive.extractall(out / source.relative_to(folder), pictures)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:  # damaged; packed or locked otherwise
            raise ValueError(f"{source}: {error}") from error
        count += len(pictures)
    return count


def main(arguments: list[str] | None = None) -> int:
    """The command in the module's docstring; 0, or 1 after a line that says what cannot be read."""
    return unpack("ZIP archives", write_pictures, arguments)


if __name__ == "__main__":
    sys.exit(main())
