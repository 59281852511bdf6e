"""Writes out the pictures in the Qt resource files (.rcc) under a folder, for packages that ship their pictures so.

python -m filters.fitting.qt_resources PACKAGES/NAME PACKAGES/rcc/NAME
"""

import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

from filters.fitting.unpacking import is_picture, unpack

_ZLIB, _FOLDER, _ZSTD = 1, 2, 4  # flags of a node, as Qt's qresource.cpp has them


def resources(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Path, without a leading slash, and content of every file in one .rcc, in the order of its tree.

    Raises:
        ValueError: it is no .rcc of version 1 to 3, is cut off, or a file in it is compressed with Zstandard.
    """
    if data[:4] != b"qres":
        raise ValueError("it does not begin as a Qt resource file does")
    try:
        version, *offsets = struct.unpack_from(">4I", data, 4)
        if version not in (1, 2, 3):
            raise ValueError(f"its version is {version}, not 1 to 3")
        yield from _walk(data, (offsets[0], offsets[1], offsets[2]), 14 if version == 1 else 22, 0, "")
    except (struct.error, zlib.error, UnicodeDecodeError) as error:
        raise ValueError(f"it is damaged: {error}") from error


def write_pictures(folder: Path, out: Path) -> int:
    """Writes every picture in every .rcc under `folder` to its path under `out`, and returns how many.

    Raises:
        ValueError: one of the .rcc cannot be read, or names a path outside `out`; the message says which.
    """
    count = 0
    for source in sorted(folder.rglob("*.rcc")):
        try:
            pictures = [(name, data) for name, data in resources(source.read_bytes()) if is_picture(name)]
        except ValueError as error:
            raise ValueError(f"{source}: {error}") from error
        for name, data in pictures:
            target = out / name
            if not target.resolve().is_relative_to(out.resolve()):
                raise ValueError(f"{source} names a path outside the folder: {name}")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        count += len(pictures)
    return count


def _walk(
    data: bytes, offsets: tuple[int, int, int], node_size: int, node: int, path: str
) -> Iterator[tuple[str, bytes]]:
    tree, contents, names = offsets
    start = tree + node * node_size
    name_offset, flags = struct.unpack_from(">IH", data, start)
    if node:  # the root has no name
        path = f"{path}/{_name(data, names + name_offset)}".lstrip("/")
    if flags & _FOLDER:
        count, first = struct.unpack_from(">2I", data, start + 6)
        for child in range(first, first + count):
            if child <= node:
                raise ValueError("its tree runs in a circle")
            yield from _walk(data, offsets, node_size, child, path)
        return
    if flags & _ZSTD:
        raise ValueError(f"{path} is compressed with Zstandard")
    content = contents + struct.unpack_from(">I", data, start + 10)[0]  # after country and language
    size = struct.unpack_from(">I", data, content)[0]
    stored = data[content + 4 : content + 4 + size]
    yield path, zlib.decompress(stored[4:]) if flags & _ZLIB else stored


def _name(data: bytes, start: int) -> str:
    length = struct.unpack_from(">H", data, start)[0]
    return data[start + 6 : start + 6 + 2 * length].decode("utf-16-be")  # 4 bytes of a hash between


def main(arguments: list[str] | None = None) -> int:
    """The command in the module's docstring; 0, or 1 after a line that says what cannot be read."""
    return unpack("Qt resource files", write_pictures, arguments)


if __name__ == "__main__":
    sys.exit(main())
