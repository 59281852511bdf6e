"""Image files of every format and kind that the web has, made by script, and how they come to harm."""

import gzip
import io
import random
import struct
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from filters.image import FORMATS

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="400" height="400"/>'


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    """The image as a file."""
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def photo(width: int, height: int) -> Image.Image:
    """Smooth colour gradients with a little noise: it compresses as a photograph does."""
    rows, columns = np.mgrid[0:height, 0:width]
    noise = np.random.default_rng(0).integers(0, 20, (height, width))
    channels = [rows * 200 // height + noise, columns * 200 // width + noise, 100 + noise]
    return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG of these chunks between its header and its end; colour 2 is RGB, 6 is RGBA."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + png_chunk(b"IEND", b"")


def png_header(width: int, height: int) -> bytes:
    """The start of a PNG, up to its pixels."""
    return png(width, height)[:33] + struct.pack(">I", 1000) + b"IDAT"


def gif(width: int, height: int, frames: int) -> bytes:
    """A GIF of a canvas with so many frames of one pixel."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x21\xf9\x04\0\x0a\0\0\0," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    return head + frame * frames + b";"


def svgz() -> bytes:
    """A packed SVG."""
    return gzip.compress(SVG, mtime=0)


def icc_profile(red_is_green: bool = True) -> bytes:
    """A profile of sRGB, in which red and green may change places."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    if red_is_green:  # of a tag's 12 bytes in the table, the last 8 say where it is
        red, green = profile.index(b"rXYZ") + 4, profile.index(b"gXYZ") + 4
        profile[red : red + 8], profile[green : green + 8] = profile[green : green + 8], profile[red : red + 8]
    return bytes(profile)


def linear_grey_profile() -> bytes:
    """A profile of grey levels that are proportional to light, where those of sRGB are not."""
    white = b"XYZ \0\0\0\0" + struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D)  # D50
    curve = b"curv" + bytes(8)  # of no points: none
    header = bytearray(128)
    header[0:4] = struct.pack(">I", 128 + 4 + 24 + len(white) + len(curve))
    header[8:24] = b"\x02\x10\0\0mntrGRAYXYZ "
    header[36:40] = b"acsp"
    header[68:80] = white[8:]
    table = struct.pack(">I4sII4sII", 2, b"wtpt", 156, len(white), b"kTRC", 156 + len(white), len(curve))
    return bytes(header) + table + white + curve


@cache
def samples() -> tuple[bytes, ...]:
    """Small whole files of every format, mode and feature that `filters.image` reads."""
    return tuple(_samples())


def _samples() -> Iterator[bytes]:
    image = photo(64, 48)
    exif = Image.Exif()
    exif[0x0112] = 6
    extras = {"exif": exif, "icc_profile": icc_profile()}
    for form in (*FORMATS, "MPO"):
        yield saved(image, form)
    for form in ("JPEG", "PNG", "WEBP", "AVIF"):
        if form in FORMATS:
            yield saved(image, form, **extras)
    yield saved(image, "JPEG", progressive=True)
    yield saved(image.convert("L"), "JPEG")
    yield saved(image.convert("CMYK"), "JPEG")
    yield saved(image, "WEBP", lossless=True)
    for mode in ("1", "L", "LA", "P", "RGBA"):
        yield saved(image.convert(mode), "PNG")
    yield saved(image.quantize(16), "PNG", transparency=3, bits=4)
    yield saved(Image.fromarray(np.arange(64 * 48, dtype=np.uint16).reshape(48, 64) * 21), "PNG")
    yield saved(image.quantize(16), "BMP")
    frames = [image.quantize(8), image.rotate(90).quantize(8), image.rotate(180).quantize(8)]
    for form in ("GIF", "PNG", "WEBP", "AVIF"):
        if form in FORMATS:
            yield saved(frames[0].convert("RGB"), form, save_all=True, append_images=frames[1:])
    yield gif(64, 48, 3)
    yield svgz()


def damaged(data: bytes, generator: random.Random) -> bytes:
    """The file after some harm: bytes changed, cut off, left out, repeated, or swapped for those of another file."""
    harmed = bytearray(data)
    for _ in range(generator.choice([1, 1, 2, 5, 20])):
        # most of what readers stumble over is near the beginning
        start = generator.randrange(max(1, min(len(harmed), generator.choice([40, 200, 10**6]))))
        end = start + generator.choice([1, 2, 4, 16, 100])
        match generator.randrange(6):
            case 0 | 1:
                harmed[start:end] = generator.randbytes(len(harmed[start:end]))
            case 2:
                harmed[start:end] = generator.choice([b"\0", b"\xff", b"\x7f"]) * len(harmed[start:end])
            case 3:
                del harmed[start:end]
            case 4:
                harmed[start:start] = harmed[start:end] * generator.choice([1, 1, 50])
            case 5:
                other = generator.choice(samples())
                harmed[start:end] = other[start:end]
        if not harmed:
            break
    return bytes(harmed[: generator.choice([len(harmed), len(harmed), generator.randrange(len(harmed) + 1)])])
