"""A corpus's picture as a trainer's loader reads it right: as served where that is so, else upright RGB in a new file."""

import io
from dataclasses import dataclass
from typing import Final

from PIL import Image

from filters.image import decode, read_header

SUFFIXES: Final = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}  # that open_clip's loader looks for
PLAIN_MODES: Final = (
    "RGB",
    "L",
)  # others come out wrong of a loader's convert("RGB"): CMYK, and what has no white behind it
ORIENTATION: Final = 0x0112
QUALITY: Final = 95  # of JPEG, with colours at full size: differences that no eye sees
WHOLE: Final = 1 << 20  # pixels a side: never scaled


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's file for training.

    Attributes:
        suffix: jpg, png or webp.
        data: the file.
        as_served: it is the web's file, byte for byte.
    """

    suffix: str
    data: bytes
    as_served: bool


def for_training(image: bytes, suffixes: tuple[str, ...] = tuple(SUFFIXES.values())) -> Picture | str:
    """The picture as one of the formats of `suffixes`, jpg among them; a reason of `filters.image` when it cannot be read.

    A loader takes no notice of EXIF rotation, transparency or CMYK, so a file that has any of them is written anew.
    """
    header = read_header(image)
    if isinstance(header, str):
        return header
    suffix = SUFFIXES.get(header.mime)
    if suffix in suffixes and is_plain(image):
        return Picture(suffix, image, True)
    picture = decode(image, WHOLE)
    if isinstance(picture, str):
        return picture
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=QUALITY, subsampling=0)
    return Picture("jpg", file.getvalue(), False)


def is_plain(image: bytes) -> bool:
    """Whether a loader that knows nothing but pixels shows the file as a browser does."""
    with Image.open(io.BytesIO(image)) as opened:
        if opened.mode not in PLAIN_MODES or "transparency" in opened.info:
            return False
        # Without the condition, Pillow would decode a whole PNG to look for EXIF behind its pixels.
        if "exif" not in opened.info:
            return True
        try:
            return bool(opened.getexif().get(ORIENTATION, 1) == 1)
        except Exception:  # noqa: BLE001 - damage in what cameras write raises what it likes, and turns nothing
            return True
