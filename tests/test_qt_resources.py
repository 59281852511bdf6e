import struct
import zlib
from pathlib import Path

import pytest

from filters.fitting.qt_resources import main, resources

FILE, ZLIB, FOLDER, ZSTD = 0, 1, 2, 4


def rcc(version: int, nodes: list[tuple[str, int, bytes]]) -> bytes:
    """A resource file with a folder `art` in its root and `nodes` (name, flags, stored bytes) in that folder."""
    names, contents, name_offsets, content_offsets = b"", b"", [], []
    for name in ["art", *(name for name, _, _ in nodes)]:
        name_offsets.append(len(names))
        names += struct.pack(">HI", len(name), 0) + name.encode("utf-16-be")
    for _, _, stored in nodes:
        content_offsets.append(len(contents))
        contents += struct.pack(">I", len(stored)) + stored
    modified = b"" if version == 1 else bytes(8)
    tree = struct.pack(">IH2I", 0, FOLDER, 1, 1) + modified
    tree += struct.pack(">IH2I", name_offsets[0], FOLDER, len(nodes), 2) + modified
    for (_, flags, _), name_offset, content_offset in zip(nodes, name_offsets[1:], content_offsets, strict=True):
        tree += struct.pack(">IH2HI", name_offset, flags, 0, 0, content_offset) + modified
    start = 24
    offsets = (start, start + len(tree), start + len(tree) + len(contents))
    return b"qres" + struct.pack(">5I", version, *offsets, 0) + tree + contents + names


@pytest.mark.parametrize("version", [1, 2, 3])
def test_files_come_out_with_their_paths_and_contents(version: int) -> None:
    data = rcc(version, [("Eule.webp", FILE, b"owl"), ("a.txt", ZLIB, struct.pack(">I", 4) + zlib.compress(b"text"))])

    assert list(resources(data)) == [("art/Eule.webp", b"owl"), ("art/a.txt", b"text")]


def test_the_command_writes_pictures_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr" / "game.rcc").write_bytes(rcc(2, [("owl.webp", FILE, b"owl"), ("main.qml", FILE, b"code")]))

    assert main([str(tmp_path / "usr"), str(tmp_path / "out")]) == 0
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == [tmp_path / "out" / "art" / "owl.webp"]
    assert (tmp_path / "out" / "art" / "owl.webp").read_bytes() == b"owl"
    assert capsys.readouterr().out == f"1 pictures in {tmp_path / 'out'}\n"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"RIFF", "it does not begin as a Qt resource file does"),
        (rcc(9, []), "its version is 9, not 1 to 3"),
        (rcc(2, [("owl.webp", ZSTD, b"owl")]), "art/owl.webp is compressed with Zstandard"),
        (rcc(2, [("owl.webp", FILE, b"owl")])[:60], "it is damaged: "),
        (rcc(2, [("../../owl.webp", FILE, b"owl")]), "names a path outside the folder: art/../../owl.webp"),
    ],
)
def test_what_cannot_be_read_is_named(
    data: bytes, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "game.rcc").write_bytes(data)

    assert main([str(tmp_path / "in"), str(tmp_path / "out")]) == 1
    message = capsys.readouterr().err
    assert message.startswith(str(tmp_path / "in" / "game.rcc"))
    assert reason in message
