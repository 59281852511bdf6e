import hashlib
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from filters.blocklist import Blocklist, BlocklistFilter, read_blocklist
from filters.blocklist_entries import canonical_address, entry, read_entries
from filters.image import decode
from filters.pdq import pdq_hashes
from tests.image_files import saved

FILE = b"the bytes of an image"
SHA256 = hashlib.sha256(FILE).hexdigest()
MD5 = hashlib.md5(FILE).hexdigest()


def scene(seed: int = 0) -> Image.Image:
    """Soft blobs of colour."""
    blobs = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(blobs).resize((1200, 900), Image.Resampling.BICUBIC)


def seen(image: Image.Image, **options: int) -> Image.Image:
    picture = decode(saved(image, "JPEG", **options))
    assert isinstance(picture, Image.Image)
    return picture


def pdq_entry(image: Image.Image) -> tuple[str, str]:
    return "pdq", pdq_hashes(seen(image))[0][0].astype(">u2").tobytes().hex()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (SHA256, ("sha256", SHA256)),
        (SHA256.upper(), ("sha256", SHA256)),
        (MD5, ("md5", MD5)),
        (f"sha256:{SHA256}", ("sha256", SHA256)),
        (f"PDQ: {SHA256}", ("pdq", SHA256)),
        ("https://Example.org/a.jpg", ("url", "example.org/a.jpg")),
        ("url:http://example.org", ("url", "example.org/")),
        ("cdn.example.org", ("host", "cdn.example.org")),
        ("host:Bücher.example", ("host", "xn--bcher-kva.example")),
        ("host:intranet", ("host", "intranet")),
        ("192.0.2.7", ("host", "192.0.2.7")),
    ],
)
def test_an_entry_is_told_by_its_prefix_or_its_shape(line: str, expected: tuple[str, str]) -> None:
    assert entry(line) == expected


def test_comments_blank_lines_and_a_byte_order_mark_are_no_entries(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(f"\ufeff# asked for on Monday\r\n\r\n  {MD5}  # the cat\nhttp://a.example/#top\n".encode())
    assert list(read_entries(path)) == [("md5", MD5), ("url", "a.example/")]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"sha256:1234", "sha256 takes 64 hex digits"),
        (SHA256[:-1].encode(), "neither a hash nor an address nor a host"),
        (b"pdq:" + b"x" * 64, "pdq takes 64 hex digits"),
        (b"http://[::1", "no address"),
        (b"host:a b", "no host name"),
        (b"example.org:8080", "neither a hash"),
        (b"localhost", "neither a hash"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_line_that_cannot_be_read_is_told_by_file_and_number_not_by_content(
    tmp_path: Path, line: bytes, message: str
) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(b"# first\n" + line + b"\n")
    with pytest.raises(ValueError, match=message) as caught:
        read_blocklist(BlocklistFilter((path,)))
    said = str(caught.value)
    assert said.startswith(f"blocklist {path}, line 2: ")
    assert "\n" not in said
    assert line.decode(errors="replace") not in said


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.txt cannot be read \(No such file"):
        read_blocklist(BlocklistFilter((tmp_path / "none.txt",)))


def test_files_are_blocked_by_either_digest() -> None:
    for one in (entry(SHA256), entry(MD5)):
        blocklist = Blocklist([one])
        assert blocklist.reason_to_drop(image=FILE) == "blocked"
        assert blocklist.reason_to_drop(image=FILE + b"\0") is None
        assert not blocklist.compares_pictures


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("https://example.org/a~b.jpg?x=1&y=2", "blocked"),
        ("http://EXAMPLE.org:80/a%7eb.jpg?y=2&x=1#top", "blocked"),
        ("https://example.org/a~b.jpg", None),
        ("https://www.example.org/a~b.jpg?x=1&y=2", None),
        ("https://example.org:8080/a~b.jpg?x=1&y=2", None),
    ],
)
def test_an_address_is_blocked_in_every_spelling_and_no_other_is(address: str, reason: str | None) -> None:
    blocklist = Blocklist([entry("https://example.org/a~b.jpg?x=1&y=2")])
    assert blocklist.reason_to_drop(["https://page.example/", address]) == reason


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("http://example.org/", "blocked"),
        ("https://img.cdn.Example.org./x", "blocked"),
        ("https://notexample.org/x", None),
        ("https://example.org.test/x", None),
        ("https://[::1", None),
        ("data:image/png;base64,AA", None),
        ("", None),
        ("https://a.example/\ud800", None),
    ],
)
def test_a_host_stands_for_all_of_its_subdomains_and_for_no_other(address: str, reason: str | None) -> None:
    assert Blocklist([entry("host:example.org")]).reason_to_drop([address]) == reason


def test_an_empty_blocklist_blocks_nothing() -> None:
    assert Blocklist([]).reason_to_drop(["https://example.org/"], FILE, seen(scene())) is None


def test_a_picture_is_blocked_in_copies_of_other_size_quality_light_and_turn() -> None:
    blocklist = Blocklist([pdq_entry(scene())])
    assert blocklist.compares_pictures
    copies = [
        scene().resize((640, 480)),
        ImageEnhance.Brightness(scene()).enhance(0.8),
        scene().transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        scene().transpose(Image.Transpose.ROTATE_90),
    ]
    assert [blocklist.reason_to_drop(picture=seen(copy, quality=40)) for copy in copies] == ["blocked"] * 4
    assert [blocklist.reason_to_drop(picture=seen(scene(seed))) for seed in range(1, 6)] == [None] * 5


def test_the_distance_is_the_callers() -> None:
    kind, digits = pdq_entry(scene())
    off_by_two = (kind, f"{int(digits, 16) ^ 0b11:064x}")
    assert Blocklist([off_by_two], BlocklistFilter(pdq_distance=2)).reason_to_drop(picture=seen(scene())) == "blocked"
    assert Blocklist([off_by_two], BlocklistFilter(pdq_distance=1)).reason_to_drop(picture=seen(scene())) is None


def test_a_picture_with_too_little_in_it_is_not_compared() -> None:
    flat = Image.new("RGB", (400, 400), "white")
    flat.putpixel((200, 200), (254, 254, 254))
    one = pdq_entry(flat)
    assert Blocklist([one]).reason_to_drop(picture=seen(flat)) is None
    assert Blocklist([one], BlocklistFilter(pdq_min_quality=0)).reason_to_drop(picture=seen(flat)) == "blocked"


def test_canonical_addresses_keep_what_makes_a_difference() -> None:
    assert canonical_address("ftp://example.org/") is None
    assert canonical_address("http://example.org/A?b=") == ("example.org/A?b=", "example.org")


@pytest.mark.parametrize(("name", "value"), [("pdq_distance", 64), ("pdq_distance", -1), ("pdq_min_quality", 101)])
def test_settings_that_make_no_sense_are_refused_with_their_values(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{name} .* not {value}"):
        BlocklistFilter(**{name: value})  # type: ignore[arg-type]


def test_a_long_list_is_searched_as_a_short_one() -> None:
    generator = random.Random(0)
    digests = [generator.randbytes(32).hex() for _ in range(5_000)]
    blocklist = Blocklist([("sha256", digest) for digest in digests] + [entry(MD5)])
    assert blocklist.reason_to_drop(image=FILE) == "blocked"
    assert blocklist.reason_to_drop(image=b"another") is None
