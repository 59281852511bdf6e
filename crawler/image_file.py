"""What an image file's own header says: its kind and size, without decoding a pixel."""

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image, UnidentifiedImageError

# The highest limit that a recipe can set for the corpus (filters.image), whose default is lower; nothing is decoded here.
MAX_PIXELS: Final = 178_956_970
# Formats that browsers show; Pillow's other readers are older and less tested on hostile files.
FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP", "TIFF")


@dataclass(frozen=True, slots=True)
class ImageFile:
    """The header of an image file.

    Attributes:
        mime: from the bytes, never from the server.
        width: pixels, before any EXIF rotation.
        height: pixels, before any EXIF rotation.
    """

    mime: str
    width: int
    height: int


def sniff(body: bytes) -> ImageFile | None:
    """The header of an image file; None when the bytes are no image of `FORMATS` or claim an absurd number of pixels."""
    Image.init()
    known: list[str] = [name for name in FORMATS if name in Image.OPEN]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd but readable headers
            with Image.open(BytesIO(body), formats=known) as image:
                if image.width * image.height > MAX_PIXELS:
                    return None
                return ImageFile(Image.MIME[image.format or ""], *image.size)
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        ValueError,
        SyntaxError,
        KeyError,
        RuntimeError,
    ):
        return None
