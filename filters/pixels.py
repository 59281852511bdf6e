"""From an opened image file to pixels that models can look at: scaled, on white, in sRGB, upright."""

from typing import Final

import numpy as np
from PIL import Image

from filters.colour import in_srgb
from filters.resampling import resampled

_EXIF_ORIENTATION: Final = 0x0112
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS: Final = frozenset({5, 6, 7, 8})


def is_sideways(image: Image.Image) -> bool:
    """Whether the picture is shown turned by a quarter, so that its width is its height."""
    return _orientation(image) in _SIDEWAYS


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation that is still to be applied, 1 if none."""
    # Pillow would decode a whole PNG to look for EXIF behind its pixels.
    if image.format == "PNG" and "exif" not in image.info:
        return 1
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    # damage in what cameras write beside the picture is none of the picture; it raises what it likes
    except Exception:  # noqa: BLE001
        return 1


def upright_rgb(image: Image.Image, shortest_side: int) -> Image.Image:
    """The first picture of an opened file as `filters.image.decode` promises it; raises what Pillow's readers raise."""
    orientation, profile = _orientation(image), image.info.get("icc_profile")
    image.draft("RGB", (shortest_side, shortest_side))  # a JPEG is scaled by 2, 4 or 8 for free while it is decoded
    image.load()
    picture = _on_white(_scaled(_interpolable(image), shortest_side))
    picture = in_srgb(picture, profile if isinstance(profile, bytes) else None)
    if orientation in _UPRIGHT:
        picture = picture.transpose(_UPRIGHT[orientation])
    if picture is image:  # it would keep its file
        picture = Image.merge("RGB", image.split())
    picture.info = {}
    return picture


def _interpolable(image: Image.Image) -> Image.Image:
    """The picture in a mode whose pixels can be averaged: RGB, RGBA, L, LA or CMYK."""
    if image.mode.startswith("I"):
        return _eight_bits(image)
    if "transparency" in image.info or image.mode in {"PA", "RGBa", "La"}:
        return image.convert("RGBA")
    return image if image.mode in {"RGB", "RGBA", "L", "LA", "CMYK"} else image.convert("RGB")


def _scaled(picture: Image.Image, shortest_side: int) -> Image.Image:
    scale = shortest_side / min(picture.size)
    if scale >= 1:
        return picture
    width, height = (max(shortest_side, round(side * scale)) for side in picture.size)
    if picture.mode != "RGB" or scale < 0.5:
        return picture.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=2.0)
    return Image.fromarray(resampled(picture, (width, height), "bicubic"))  # what JPEGs come to, decoded smaller


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode not in {"RGBA", "LA"}:
        return picture
    rgba = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 bits as 8 bits; Pillow's own conversion would clip at 255."""
    levels = np.asarray(image)
    return Image.fromarray((np.clip(levels, 0, 65_535) >> 8).astype(np.uint8))
