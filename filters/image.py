"""Safe image decoding: bytes from the web become one upright RGB picture, or the reason why not; never an exception."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import imagehash
import numpy as np
from PIL import Image, UnidentifiedImageError

MAX_PIXELS: Final = 100_000_000  # 300 MB in RGB for each worker; above every photo but special modes of a few phones
SHORTEST_SIDE: Final = 256  # pixels: the models look at 224 of 256

# Formats that browsers show as photos. A closed list, because Pillow's other readers start programs or trust headers;
# TIFF is none that browsers show, and a damaged one of a few KB keeps libtiff busy for seconds while it fills stderr.
Image.init()  # Pillow knows no more than six of its readers until then
FORMATS: Final = tuple(name for name in ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP") if name in Image.OPEN)
_MIME: Final = {"MPO": "image/jpeg"}  # a JPEG with a second picture behind it
_ANIMATED: Final = frozenset({"PNG", "WEBP", "GIF", "AVIF"})
_SNIFFED_BYTES: Final = 4096
_JPEG_SCAN: Final = b"\xff\xda"  # never inside a scan, where 0xff is followed by 0
_MOST_PASSES: Final = 20  # over as many pixels as are allowed; encoders make about 10 scans

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


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What an image file says of itself before a pixel is decoded.

    Attributes:
        width: pixels, as displayed (after EXIF rotation).
        height: pixels, as displayed.
        mime: by the bytes, never the server's word.
        frames: pictures of an animation; 1 for a still.
    """

    width: int
    height: int
    mime: str
    frames: int


def read_header(data: bytes, max_pixels: int = MAX_PIXELS) -> ImageHeader | str:
    """The header of an image file, or the reason not to go on, without decoding a pixel and without an exception.

        >>> read_header(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
        'svg'

    Returns:
        The header; or "svg" (drawn, not photographed), "too_many_pixels" (more than `max_pixels`, a bomb or a tape; or
        a JPEG that draws its pixels over and over) or "undecodable" (of no format in `FORMATS`, or damaged). Pillow's
        own guard makes 178 million the highest cap.
    """
    with _quiet():
        try:
            image = _open(data, max_pixels)
            return image if isinstance(image, str) else _header(image)
        except Exception:  # noqa: BLE001 - see decode
            return "undecodable"


def decode(data: bytes, shortest_side: int = SHORTEST_SIDE, max_pixels: int = MAX_PIXELS) -> Image.Image | str:
    """An image file as one RGB picture: upright by EXIF, transparency on white, the first frame of an animation.

        >>> buffer = io.BytesIO()
        >>> Image.new("RGB", (800, 600)).save(buffer, "JPEG")
        >>> decode(buffer.getvalue()).size
        (341, 256)

    Args:
        data: the file.
        shortest_side: pixels; a picture whose shorter side is longer is scaled to it, a smaller one stays as it is.
        max_pixels: refused above, by the header.

    Returns:
        The picture; or a reason of `read_header`. A truncated file is "undecodable". Colour profiles are not applied.

    Raises:
        ValueError: `shortest_side` is not positive.
    """
    if shortest_side < 1:
        raise ValueError(f"shortest_side must be at least 1 pixel, not {shortest_side}")
    with _quiet():
        try:
            image = _open(data, max_pixels)
            return image if isinstance(image, str) else _pixels(image, shortest_side)
        # whatever a damaged file makes of Pillow's readers: OSError, SyntaxError, struct.error, KeyError, MemoryError
        except Exception:  # noqa: BLE001
            return "undecodable"


def perceptual_hash(image: Image.Image) -> str:
    """The 64-bit DCT hash of the picture, 16 hex digits; near-copies differ in few bits (ImageHash's `phash`)."""
    return str(imagehash.phash(image))


@contextmanager
def _quiet() -> Iterator[None]:
    # Pillow warns of large, damaged and oddly indexed files; under `-W error` that would drop good pictures. Python
    # keeps warning filters once a process, so decode in several processes, not in several threads.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _open(data: bytes, max_pixels: int) -> Image.Image | str:
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        head = data[:_SNIFFED_BYTES].lower()
        return "svg" if b"<svg" in head and b"<html" not in head else "undecodable"
    except Image.DecompressionBombError:
        return "too_many_pixels"
    pixels = image.width * image.height
    if image.format in {"JPEG", "MPO"} and data.count(_JPEG_SCAN) * pixels > _MOST_PASSES * max_pixels:
        return "too_many_pixels"  # each scan costs a pass over the picture, and a few bytes of file
    return "too_many_pixels" if pixels > max_pixels else image


def _header(image: Image.Image) -> ImageHeader:
    width, height = image.size
    if _orientation(image) in _SIDEWAYS:
        width, height = height, width
    name = image.format or ""
    frames = int(getattr(image, "n_frames", 1)) if name in _ANIMATED else 1
    return ImageHeader(width, height, _MIME.get(name, Image.MIME[name]), frames)


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation that is still to be applied, 1 if none."""
    # Pillow would decode a whole PNG to look for EXIF behind its pixels.
    if image.format == "PNG" and "exif" not in image.info:
        return 1
    return int(image.getexif().get(_EXIF_ORIENTATION, 1))


def _pixels(image: Image.Image, shortest_side: int) -> Image.Image:
    orientation = _orientation(image)
    image.draft("RGB", (shortest_side, shortest_side))  # a JPEG is scaled by 2, 4 or 8 for free while it is decoded
    image.load()
    picture = _rgb(image)
    scale = shortest_side / min(picture.size)
    if scale < 1:
        size = (max(shortest_side, round(picture.width * scale)), max(shortest_side, round(picture.height * scale)))
        picture = picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    return picture.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else picture


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return _eight_bits(image).convert("RGB")
    if image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    # a copy even of RGB: the caller gets a plain picture, without the file and its metadata
    return image.convert("RGB") if image.mode != "RGB" else Image.merge("RGB", image.split())


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 bits as 8 bits; Pillow's own conversion would clip at 255."""
    levels = np.rint(np.asarray(image, dtype=np.float32) / 257)
    return Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))
