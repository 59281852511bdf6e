"""What happens to photographs that stay photographs: watermarks, dates, frames, tones."""

from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from filters.fitting.drawn_letters import Style, Typeface, fitted, random_words


def _watermark(rng: np.random.Generator, photo: Image.Image, typeface: Typeface) -> Image.Image:
    """A small or faint name: in a corner, or across the photo and hardly to be seen."""
    width, height = photo.size
    pen = ImageDraw.Draw(photo, "RGBA")
    text = f"{random_words(rng, int(rng.integers(1, 4))).title()}"
    if rng.random() < 0.7:
        font = typeface(height * rng.uniform(0.025, 0.05))
        x, anchor = (0.02, "l") if rng.random() < 0.4 else (0.98, "r")
        y, foot = (0.97, "d") if rng.random() < 0.8 else (0.03, "a")
        pen.text((width * x, height * y), text, (255, 255, 255, int(rng.integers(120, 256))), font, anchor + foot)
    else:
        font, text = fitted(typeface, (width * 0.7, height * 0.2), text, height * 0.12)
        pen.text((width / 2, height / 2), text, (255, 255, 255, int(rng.integers(20, 70))), font, "mm")
    return photo


def _stamp(rng: np.random.Generator, photo: Image.Image, typeface: Typeface) -> Image.Image:
    """The date in a corner, as cameras print it."""
    width, height = photo.size
    day, month, year, hour = (int(rng.integers(low, high)) for low, high in ((1, 29), (1, 13), (1994, 2025), (0, 24)))
    text = f"{day:02}.{month:02}.{year}" if rng.random() < 0.5 else f"{year}/{month:02}/{day:02} {hour:02}:{day + 20}"
    ink = (255, 150, 30) if rng.random() < 0.7 else (255, 230, 60)
    font = typeface(height * rng.uniform(0.03, 0.055))
    ImageDraw.Draw(photo).text((width * 0.96, height * 0.95), text, ink, font, "rd")
    return photo


def _border(rng: np.random.Generator, photo: Image.Image, _typeface: Typeface) -> Image.Image:
    """A plain frame, thin, or with the broad foot of an instant photo, or bars above and below as from a film."""
    short = min(photo.size)
    thin, foot = int(short * rng.uniform(0.01, 0.06)), int(short * rng.uniform(0.1, 0.18))
    ground = (255, 255, 255) if rng.random() < 0.6 else (0, 0, 0)
    style = int(rng.integers(3))
    if style == 2:
        return ImageOps.expand(photo, (0, foot // 2, 0, foot // 2), (0, 0, 0))
    return ImageOps.expand(photo, (thin, thin, thin, foot if style else thin), ground)


def _toned(rng: np.random.Generator, photo: Image.Image, _typeface: Typeface) -> Image.Image:
    """Grey, sepia, or with the colours of a filter."""
    grey, style = ImageOps.grayscale(photo), int(rng.integers(3))
    if style == 0:
        return grey.convert("RGB")
    if style == 1:
        return ImageOps.colorize(grey, (30, 15, 5), (255, 240, 210), (150, 110, 70))
    return ImageEnhance.Contrast(ImageEnhance.Color(photo).enhance(rng.uniform(0.4, 1.6))).enhance(
        rng.uniform(0.7, 1.4)
    )


MARKS: Final[dict[str, Style]] = {
    "watermarks": _watermark,
    "date-stamps": _stamp,
    "borders": _border,
    "tones": _toned,
}
