"""Safe image decoding: bytes from the web become one upright RGB picture, or the reason why not; never an exception."""

import io
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import imagehash
from PIL import Image, UnidentifiedImageError

from filters.pixels import is_sideways, upright_rgb

MAX_PIXELS: Final = 100_000_000  # 400 MB in memory a worker, up to 1.6 GB from WebP; phones' photos have fewer
PILLOW_MAX_PIXELS: Final = 178_956_970  # above it Pillow itself refuses to open a file
SHORTEST_SIDE: Final = 256  # pixels: the models look at 224 of 256

# Formats that browsers show as photos. A closed list, because Pillow's other readers start programs or trust headers;
# TIFF is none that browsers show, and a damaged one of a few KB keeps libtiff busy for seconds while it fills stderr.
Image.init()  # Pillow knows no more than six of its readers until then
# HEIC is among them where a reader for Pillow is installed and registered before this module is imported.
FORMATS: Final = tuple(name for name in ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF", "BMP") if name in Image.OPEN)
_MIME: Final = {"MPO": "image/jpeg"}  # a JPEG with a second picture behind it
_ANIMATED: Final = frozenset({"PNG", "WEBP", "GIF", "AVIF"})
_GZIP: Final = b"\x1f\x8b"
_SNIFFED_BYTES: Final = 4096
_JPEG_SCAN: Final = b"\xff\xda"  # never inside a scan, where 0xff is followed by 0
_MOST_PASSES: Final = 20  # over as many pixels as are allowed; encoders make about 10 scans


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What an image file says of itself before a pixel is decoded.

    Attributes:
        width: pixels, as displayed (after EXIF rotation).
        height: pixels, as displayed.
        mime: by the bytes, never the server's word.
        animated: there are more pictures behind the first, which alone is looked at.
    """

    width: int
    height: int
    mime: str
    animated: bool


@dataclass(frozen=True, slots=True)
class ImageFilter:
    """Drops files that are no picture, or none that can be decoded within bounds.

    On a column of an Arrow table:

        >>> import pyarrow as pa
        >>> table = pa.table({"image": [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a"]})
        >>> rule = ImageFilter(max_pixels=50_000_000)
        >>> headers = [read_header(data, rule.max_pixels) for data in table["image"].to_pylist()]
        >>> [rule.reason_to_drop(header) for header in headers]
        ['svg', 'undecodable']

    Attributes:
        max_pixels: of the header's width x height; more are a bomb, a tape or a map. img2dataset looks at pixels only
            after it has decoded them. Pillow's own limit is the highest possible here.
        keep_animated: whether animations stay, as their first picture and marked in `Pair.animated`. The paper says
            nothing of them.
    """

    max_pixels: int = MAX_PIXELS
    keep_animated: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.max_pixels <= PILLOW_MAX_PIXELS:
            raise ValueError(f"max_pixels must lie in 1..{PILLOW_MAX_PIXELS}, not {self.max_pixels}")

    def reason_to_drop(self, header: "ImageHeader | str") -> str | None:
        """The reason that `read_header` gave in place of a header, "animated", or None to keep."""
        if isinstance(header, str):
            return header
        return "animated" if header.animated and not self.keep_animated else None


def read_header(data: bytes, max_pixels: int = MAX_PIXELS) -> ImageHeader | str:
    """The header of an image file, or the reason not to go on, without decoding a pixel and without an exception.

        >>> read_header(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
        'svg'

    Returns:
        The header; or "svg" (drawn, not photographed; packed with gzip or not), "too_many_pixels" (more than
        `max_pixels`; or a JPEG that draws its pixels over and over) or "undecodable" (of no format in `FORMATS`, or
        damaged).
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
        The picture, in sRGB if its file has a colour profile that works; or a reason of `read_header`. A truncated file
        is "undecodable". The worst that was found at the default cap took 3 s or 1.6 GB, and a file of markers and
        chunks without pixels 0.2 s for each of its MB.

    Raises:
        ValueError: `shortest_side` is not positive.
    """
    if shortest_side < 1:
        raise ValueError(f"shortest_side must be at least 1 pixel, not {shortest_side}")
    with _quiet():
        try:
            image = _open(data, max_pixels)
            return image if isinstance(image, str) else upright_rgb(image, shortest_side)
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
        return "svg" if _is_svg(data) else "undecodable"
    except Image.DecompressionBombError:
        return "too_many_pixels"
    pixels = image.width * image.height
    # Each scan of a progressive JPEG costs a pass over the picture, and a few bytes of file; of others, bits for each block.
    if image.info.get("progressive") and data.count(_JPEG_SCAN) * pixels > _MOST_PASSES * max_pixels:
        return "too_many_pixels"
    return "too_many_pixels" if pixels > max_pixels else image


def _is_svg(data: bytes) -> bool:
    if data.startswith(_GZIP):
        try:
            data = zlib.decompressobj(wbits=31).decompress(data, _SNIFFED_BYTES)
        except zlib.error:
            return False
    head = data[:_SNIFFED_BYTES].replace(b"\0", b"").lower()  # UTF-16 has a zero beside each letter
    return b"<svg" in head and b"<html" not in head


def _header(image: Image.Image) -> ImageHeader:
    width, height = image.size
    if is_sideways(image):
        width, height = height, width
    name = image.format or ""
    return ImageHeader(width, height, _MIME.get(name, Image.MIME[name]), name in _ANIMATED and _is_animated(image))


def _is_animated(image: Image.Image) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))  # a GIF is read on to its second picture, never to its last
    # what damage there makes of the reader; the first picture, which alone is looked at, may be whole
    except Exception:  # noqa: BLE001
        return True
