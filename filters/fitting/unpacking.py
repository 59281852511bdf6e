"""The command line of what writes pictures out of a package's archives, and which files in them are pictures."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def is_picture(name: str) -> bool:
    """Whether the file's name is that of a picture."""
    return name.lower().endswith(_SUFFIXES)


def unpack(archives: str, write_pictures: Callable[[Path, Path], int], arguments: Sequence[str] | None) -> int:
    """A command of the arguments FOLDER and OUT; 0, or 1 after a line that says what cannot be read.

    Args:
        archives: what they are called in the help.
        write_pictures: writes the pictures under the first folder to the second and says how many; raises ValueError.
        arguments: None takes the process's own.
    """
    parser = argparse.ArgumentParser(description=f"Write out the pictures in {archives}.")
    parser.add_argument("folder", type=Path, help="an unpacked package")
    parser.add_argument("out", type=Path, help="folder for the pictures")
    options = parser.parse_args(arguments)
    try:
        print(f"{write_pictures(options.folder, options.out)} pictures in {options.out}")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
