from io import BytesIO

import pytest
from PIL import Image

from crawler.image_file import MAX_PIXELS, ImageFile, sniff
from filters import image


@pytest.mark.parametrize(
    ("kind", "mime"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp"), ("GIF", "image/gif")]
)
def test_kind_and_size_come_from_the_bytes(kind: str, mime: str) -> None:
    file = BytesIO()
    Image.new("RGB", (31, 17), "navy").save(file, kind)
    assert sniff(file.getvalue()) == ImageFile(mime, 31, 17)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>no image</html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF",
        b"\xff\xd8\xff",
    ],
)
def test_what_is_no_image_is_none(body: bytes) -> None:
    assert sniff(body) is None


def test_a_header_that_claims_an_absurd_size_is_none() -> None:
    file = BytesIO()
    Image.new("1", (8, 8)).save(file, "BMP")
    body = bytearray(file.getvalue())
    body[18:26] = (100_000).to_bytes(4, "little") * 2
    assert sniff(bytes(body)) is None


@pytest.mark.parametrize(("width", "height", "known"), [(17_000, 10_526, True), (17_000, 10_528, False)])
def test_the_limit_of_pixels_holds_whatever_pillow_is_set_to(
    width: int, height: int, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    file = BytesIO()
    Image.new("1", (8, 8)).save(file, "BMP")
    body = bytearray(file.getvalue())
    body[18:26] = width.to_bytes(4, "little") + height.to_bytes(4, "little")
    assert sniff(bytes(body)) == (ImageFile("image/bmp", width, height) if known else None)


def test_no_picture_is_lost_that_a_recipe_may_want() -> None:
    assert MAX_PIXELS >= image.MAX_PIXELS
