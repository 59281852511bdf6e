import warnings

import numpy as np
import pytest
from PIL import Image

from filters.image import FORMATS, ImageFilter, ImageHeader, decode, perceptual_hash, read_header
from tests.image_files import SVG, icc_profile, linear_grey_profile, photo, png_header, saved, svgz

RED, WHITE, BLUE = (255, 0, 0), (255, 255, 255), (0, 0, 255)


def red_left_of_blue(width: int = 400, height: int = 300) -> Image.Image:
    image = Image.new("RGB", (width, height), BLUE)
    image.paste(RED, (0, 0, width // 2, height))
    return image


def decoded(data: bytes, shortest_side: int = 256) -> Image.Image:
    image = decode(data, shortest_side)
    assert isinstance(image, Image.Image), image
    assert image.mode == "RGB"
    return image


def assert_close(image: Image.Image, position: tuple[int, int], colour: tuple[int, int, int], within: int = 4) -> None:
    assert np.abs(np.subtract(np.asarray(image)[position[1], position[0]].astype(int), colour)).max() <= within


@pytest.mark.parametrize(
    ("form", "mime"),
    [
        ("JPEG", "image/jpeg"),
        ("MPO", "image/jpeg"),
        ("PNG", "image/png"),
        ("WEBP", "image/webp"),
        ("GIF", "image/gif"),
        ("AVIF", "image/avif"),
        ("BMP", "image/bmp"),
    ],
)
def test_every_format_of_web_photos_is_read(form: str, mime: str) -> None:
    if form != "MPO" and form not in FORMATS:
        pytest.skip(f"this Pillow was built without {form}")
    data = saved(red_left_of_blue(), form)

    assert read_header(data) == ImageHeader(400, 300, mime, False)
    image = decoded(data)
    assert image.size == (341, 256)
    assert_close(image, (40, 128), RED)
    assert_close(image, (300, 128), BLUE)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((2100, 1400), (384, 256)),
        ((1400, 2100), (256, 384)),
        ((512, 512), (256, 256)),
        ((511, 700), (256, 351)),
        ((300, 257), (299, 256)),
        ((256, 256), (256, 256)),
        ((900, 255), (900, 255)),  # never enlarged
        ((1, 1), (1, 1)),
    ],
)
def test_the_shorter_side_is_scaled_down_to_the_wanted_length(
    form: str, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert decoded(saved(Image.new("RGB", size), form)).size == expected


def test_the_wanted_length_is_the_callers() -> None:
    assert decoded(saved(photo(640, 480), "JPEG"), shortest_side=300).size == (400, 300)


def test_a_length_that_is_no_length_is_a_configuration_error() -> None:
    with pytest.raises(ValueError, match="not 0"):
        decode(saved(photo(8, 8), "PNG"), shortest_side=0)


def test_scaling_keeps_the_picture() -> None:
    original = photo(1024, 768)
    small = np.asarray(original.resize((341, 256), Image.Resampling.BICUBIC), dtype=float)

    difference = np.abs(np.asarray(decoded(saved(original, "JPEG", quality=95)), dtype=float) - small)

    assert difference.mean() < 2


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(form: str, orientation: int) -> None:
    upright = Image.new("RGB", (400, 320), WHITE)
    upright.paste(RED, (0, 0, 200, 160))  # top left
    upright.paste(BLUE, (200, 0, 400, 160))  # top right
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(stored, form, exif=exif)

    header = read_header(data)
    assert isinstance(header, ImageHeader)
    assert (header.width, header.height) == (400, 320)
    image = decoded(data)
    assert image.size == (320, 256)
    assert_close(image, (80, 64), RED)
    assert_close(image, (240, 64), BLUE)
    assert_close(image, (80, 192), WHITE)


def transparent(mode: str) -> bytes:
    """A PNG whose left half is transparent and whose right half is black."""
    image = Image.new("LA", (400, 300), (0, 0))
    image.paste((0, 255), (200, 0, 400, 300))
    if mode == "P":
        palette = Image.new("P", (400, 300), 0)
        palette.putpalette([9, 9, 9, 0, 0, 0])
        palette.paste(1, (200, 0, 400, 300))
        return saved(palette, "PNG", transparency=0)
    if mode == "RGB":
        keyed = Image.new("RGB", (400, 300), (9, 9, 9))
        keyed.paste((0, 0, 0), (200, 0, 400, 300))
        return saved(keyed, "PNG", transparency=(9, 9, 9))
    return saved(image.convert(mode), "PNG")


@pytest.mark.parametrize("mode", ["LA", "RGBA", "P", "RGB"])
def test_transparency_becomes_white(mode: str) -> None:
    image = decoded(transparent(mode))

    assert_close(image, (50, 128), WHITE)
    assert_close(image, (300, 128), (0, 0, 0))


def test_cmyk_jpeg_keeps_its_colours() -> None:
    image = decoded(saved(red_left_of_blue().convert("CMYK"), "JPEG", quality=95))

    assert_close(image, (60, 128), RED)
    assert_close(image, (300, 128), BLUE)


def test_cmyk_is_read_inverted_with_and_without_adobes_mark_as_browsers_do() -> None:
    data = saved(red_left_of_blue().convert("CMYK"), "JPEG", quality=95)
    mark = data.index(b"\xff\xee\x00\x0eAdobe")
    assert decoded(data[:mark] + data[mark + 16 :]).tobytes() == decoded(data).tobytes()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_a_colour_profile_is_applied(form: str) -> None:
    data = saved(red_left_of_blue(), form, quality=95, icc_profile=icc_profile(red_is_green=True))
    image = decoded(data)

    # sRGB's green as it is when the primaries of red and green change places
    assert_close(image, (60, 128), (0, 255, 0), within=8)
    assert_close(image, (300, 128), BLUE, within=8)


def test_a_profile_of_grey_levels_is_applied_to_grey_and_counts_as_none_for_colours() -> None:
    profile = linear_grey_profile()

    # half of the light is sRGB's level 188
    assert_close(decoded(saved(Image.new("L", (400, 300), 128), "JPEG", icc_profile=profile)), (9, 9), (188,) * 3)
    assert_close(decoded(saved(Image.new("RGB", (400, 300), RED), "JPEG", icc_profile=profile)), (9, 9), RED)


def test_a_profile_of_srgb_changes_nothing() -> None:
    plain = saved(photo(400, 300), "PNG")
    profiled = saved(photo(400, 300), "PNG", icc_profile=icc_profile(red_is_green=False))

    assert decoded(profiled).tobytes() == decoded(plain).tobytes()


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "CMYK"])
@pytest.mark.parametrize(
    "profile",
    [
        b"no profile",
        icc_profile(red_is_green=True)[:300],
        icc_profile(red_is_green=True).replace(b"RGB ", b"CMYK"),
        icc_profile(red_is_green=True).replace(b"RGB ", b"8CLR"),
        bytes(900_000),  # Pillow refuses a PNG with one of more than 1 MiB
    ],
)
def test_a_profile_that_cannot_be_used_counts_as_none(mode: str, profile: bytes) -> None:
    form = "JPEG" if mode == "CMYK" else "PNG"
    picture = red_left_of_blue().convert(mode)

    assert decoded(saved(picture, form, icc_profile=profile)).tobytes() == decoded(saved(picture, form)).tobytes()


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "PNG"])
def test_damaged_exif_is_no_reason_to_drop_a_photo(form: str) -> None:
    data = saved(red_left_of_blue(), form, exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\xff" * 40)

    assert read_header(data) == ImageHeader(400, 300, Image.MIME[form], False)
    assert_close(decoded(data), (40, 128), RED)


def test_what_comes_back_holds_nothing_of_its_file() -> None:
    exif = Image.Exif()
    exif[0x010E] = "a description"
    for size in ((64, 48), (640, 480)):
        assert decoded(saved(photo(*size), "JPEG", exif=exif, comment=b"made by hand")).info == {}


def test_sixteen_bits_of_grey_become_eight() -> None:
    grey = np.full((300, 300), 128 * 257, dtype=np.uint16)
    grey[:, 150:] = 65535
    image = decoded(saved(Image.fromarray(grey), "PNG"))

    assert_close(image, (40, 100), (128, 128, 128))
    assert_close(image, (220, 100), WHITE)


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "AVIF"])
def test_an_animation_is_its_first_frame(form: str) -> None:
    frames = [Image.new("RGB", (400, 300), colour) for colour in (RED, BLUE, WHITE)]
    data = saved(frames[0], form, save_all=True, append_images=frames[1:])

    header = read_header(data)
    assert isinstance(header, ImageHeader)
    assert header.animated
    assert ImageFilter().reason_to_drop(header) is None
    assert ImageFilter(keep_animated=False).reason_to_drop(header) == "animated"
    assert_close(decoded(data), (100, 100), RED)


@pytest.mark.parametrize(
    "data",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg" width="400" height="400"/>',
        SVG.decode().encode("utf-16"),
        svgz(),
        b'\xef\xbb\xbf\n<?xml version="1.0"?>\n<!-- drawn -->\n<!DOCTYPE svg>\n<SVG></SVG>',
    ],
)
def test_svg_is_refused_by_name(data: bytes) -> None:
    assert read_header(data) == "svg"
    assert decode(data) == "svg"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"GIF89a",
        b"<!DOCTYPE html><html><body><svg></svg></body></html>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 400 400\nshowpage",  # would start Ghostscript
        saved(Image.new("RGB", (64, 64)), "ICO"),
        saved(Image.new("RGB", (64, 64)), "PPM"),
        saved(Image.new("RGB", (640, 640)), "TIFF"),  # libtiff is slow and loud on damaged files
    ],
)
def test_what_is_no_web_photo_is_undecodable(data: bytes) -> None:
    assert read_header(data) == "undecodable"
    assert decode(data) == "undecodable"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_a_truncated_file_is_undecodable(form: str) -> None:
    data = saved(photo(640, 480), form)

    assert decode(data[: len(data) // 2]) == "undecodable"


@pytest.mark.parametrize("side", [10_001, 12_000, 14_000, 60_000, 2**31 - 1])
def test_a_bomb_is_refused_by_its_header(side: int) -> None:
    assert read_header(png_header(side, side)) == "too_many_pixels"
    assert decode(png_header(side, side)) == "too_many_pixels"


def test_the_pixel_cap_is_the_callers() -> None:
    data = saved(photo(400, 300), "PNG")

    assert decode(data, max_pixels=119_999) == "too_many_pixels"
    assert read_header(data, max_pixels=119_999) == "too_many_pixels"
    assert decoded(data).size == (341, 256)
    assert read_header(data, max_pixels=120_000) == ImageHeader(400, 300, "image/png", False)


def test_a_jpeg_that_draws_its_pixels_over_and_over_is_refused() -> None:
    data = saved(Image.new("L", (1000, 1000)), "JPEG", progressive=True)
    scans = data.count(b"\xff\xda")
    last_scan = data[data.rindex(b"\xff\xda") : -2]
    again = data[:-2] + last_scan * (100 - scans) + data[-2:]

    # 100 passes over a million pixels, where 20 over the cap are allowed
    assert read_header(again, max_pixels=5_000_000) == ImageHeader(1000, 1000, "image/jpeg", False)
    assert read_header(again, max_pixels=4_999_999) == "too_many_pixels"
    assert decode(again, max_pixels=4_999_999) == "too_many_pixels"
    assert decoded(data).size == (256, 256)


def test_pillows_warnings_drop_nothing() -> None:
    large = Image.new("1", (9990, 9990))  # above the size at which Pillow warns of a bomb, below our cap
    indexed = Image.new("P", (300, 300), 1)
    indexed.putpalette([255, 0, 0, 255, 0, 0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decoded(saved(large, "PNG")).size == (256, 256)
        assert_close(decoded(saved(indexed, "PNG", transparency=b"\x00\xff")), (9, 9), RED)


def test_perceptual_hash_survives_scaling_and_compression_but_not_another_picture() -> None:
    blobs = Image.fromarray(np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8))
    stored = blobs.resize((800, 600), Image.Resampling.BICUBIC)
    other = perceptual_hash(stored.rotate(90))
    original = perceptual_hash(stored)
    copy = perceptual_hash(decoded(saved(stored, "JPEG", quality=40)))

    assert len(original) == 16
    assert (int(original, 16) ^ int(copy, 16)).bit_count() <= 4
    assert (int(original, 16) ^ int(other, 16)).bit_count() >= 10


def test_a_still_picture_is_kept_and_a_reason_in_place_of_a_header_is_passed_on() -> None:
    rule = ImageFilter(keep_animated=False)
    assert rule.reason_to_drop(read_header(saved(photo(64, 48), "PNG"))) is None
    assert rule.reason_to_drop("too_many_pixels") == "too_many_pixels"


@pytest.mark.parametrize("value", [0, 178_956_971])
def test_a_cap_that_makes_no_sense_is_refused_with_its_value(value: int) -> None:
    with pytest.raises(ValueError, match=f"not {value}"):
        ImageFilter(max_pixels=value)
