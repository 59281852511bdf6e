"""Damaged and hostile files: a reason each, never an exception, within bounds.

A long run: `pytest tests/test_image_damage.py -k fuzz --hypothesis-profile=fuzz`, until it finds something or is stopped.
"""

import random
import resource
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from filters.image import ImageHeader, decode, read_header
from tests.image_files import damaged, gif, photo, png, png_chunk, samples, saved

REASONS = {"undecodable", "too_many_pixels", "svg"}


def assert_is_answered(data: bytes) -> str:
    """Check what both functions promise of any bytes; the reason, or "" for a picture."""
    began = time.process_time()
    header, picture = read_header(data), decode(data)
    assert time.process_time() - began < 20  # seconds of the processor; far more than the worst, on a slow machine
    if isinstance(picture, str):
        assert picture in REASONS
        assert picture == header or isinstance(header, ImageHeader)
        return picture
    assert isinstance(header, ImageHeader)
    assert picture.mode == "RGB"
    assert type(picture) is Image.Image
    assert min(picture.size) == min(256, header.width, header.height)
    assert (picture.width >= picture.height) == (header.width >= header.height)
    return ""


def test_whole_files_are_pictures_and_a_drawing_is_none() -> None:
    assert [assert_is_answered(data) for data in samples()] == [""] * (len(samples()) - 1) + ["svg"]


@pytest.mark.parametrize("index", range(len(samples())))
def test_each_kind_of_file_damaged_in_forty_ways_has_an_answer(index: int) -> None:
    generator = random.Random(index)
    for _ in range(40):
        assert_is_answered(damaged(samples()[index], generator))


@given(st.sampled_from(samples()), st.randoms(use_true_random=False))
def test_fuzz_of_damaged_files(data: bytes, generator: random.Random) -> None:
    assert_is_answered(damaged(data, generator))


@given(st.binary(max_size=300), st.sampled_from([data[:40] for data in samples()]))
def test_fuzz_of_bytes_behind_a_good_beginning(data: bytes, beginning: bytes) -> None:
    assert_is_answered(beginning + data)


def test_damage_behind_the_first_picture_of_an_animation_is_none_of_it() -> None:
    data = gif(64, 48, 2)[:-20]
    assert read_header(data) == ImageHeader(64, 48, "image/gif", True)
    assert assert_is_answered(data) == ""


ZEROS = zlib.compress(b"\0" * 300_000_000, 9)  # 300 KB
PIXELS = zlib.compress(b"\0" * (1 + 3 * 400) * 300)
MANY_SCANS = saved(photo(100, 100), "JPEG", progressive=True)
SCAN = MANY_SCANS[MANY_SCANS.rindex(b"\xff\xda") : -2]


def webp_animation(side: int, frames: int) -> bytes:
    """A canvas of side x side pixels with so many frames of one pixel."""
    picture = saved(Image.new("RGB", (1, 1)), "WEBP")[12:]
    frame = bytes(6) + bytes(6) + b"\x0a\0\0\0" + picture
    body = b"VP8X" + (10).to_bytes(4, "little") + b"\x02\0\0\0" + 2 * (side - 1).to_bytes(3, "little")
    body += b"ANIM" + (6).to_bytes(4, "little") + bytes(6)
    body += (b"ANMF" + len(frame).to_bytes(4, "little") + frame) * frames
    return b"RIFF" + (4 + len(body)).to_bytes(4, "little") + b"WEBP" + body


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(png(400, 300, png_chunk(b"zTXt", b"k\0\0" + ZEROS), png_chunk(b"IDAT", PIXELS)), "undecodable", id="zTXt"),
        pytest.param(png(400, 300, png_chunk(b"iCCP", b"k\0\0" + ZEROS), png_chunk(b"IDAT", PIXELS)), "undecodable", id="iCCP"),
        pytest.param(png(400, 300, png_chunk(b"IDAT", ZEROS)), "", id="more pixels than said"),
        pytest.param(png(10_000, 10_000, png_chunk(b"IDAT", PIXELS), depth=16, colour=6), "undecodable", id="fewer"),
        pytest.param(gif(65_535, 65_535, 1), "too_many_pixels", id="GIF canvas"),
        pytest.param(gif(400, 300, 800_000), "", id="GIF frames"),
        pytest.param(webp_animation(16_384, 2), "too_many_pixels", id="WebP canvas"),
        pytest.param(webp_animation(400, 50_000), "", id="WebP frames"),
        pytest.param(MANY_SCANS[:-2] + SCAN * 20_000 + MANY_SCANS[-2:], "", id="JPEG scans"),
        pytest.param(MANY_SCANS[:2] + b"\xff\xe1\0\x02" * 100_000 + MANY_SCANS[2:], "", id="JPEG markers"),
        pytest.param(saved(photo(400, 300), "JPEG", icc_profile=bytes(8_000_000)), "", id="ICC profile"),
        pytest.param(b"\0" * 20_000_000, "undecodable", id="nothing"),
        pytest.param(b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\0" * 1000, "undecodable", id="bad gzip"),
    ],
)  # fmt: skip
def test_a_bomb_costs_little_time_and_memory(data: bytes, reason: str) -> None:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert assert_is_answered(data) == reason
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 300_000  # KiB
