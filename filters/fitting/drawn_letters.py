"""Words in a typeface, broken and sized to fit a box, for what is drawn over photographs."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, cast

import numpy as np
from PIL import Image, ImageFont

Typeface = Callable[[float], ImageFont.FreeTypeFont]
Style = Callable[[np.random.Generator, Image.Image, Typeface], Image.Image]
_SAID: Final = """when you finally find out that the cat was right about monday again nobody expected this but here we
are one does not simply walk into work before coffee good morning world keep calm and carry small things with great love
wait what did they say it would be easy life is a journey enjoy every moment today only never give up my face tell me
more how it started how going friends be like brain also me"""
_WORDS: Final = tuple(_SAID.split())


def typeface_of(path: Path | None) -> Typeface:
    """Gives the font of a file, or Pillow's own, at a size in pixels."""

    def at(size: float) -> ImageFont.FreeTypeFont:
        pixels = max(7, round(size))
        return (
            ImageFont.truetype(path, pixels) if path else cast("ImageFont.FreeTypeFont", ImageFont.load_default(pixels))
        )

    return at


def random_words(rng: np.random.Generator, count: int) -> str:
    """So many words that make no sense together, separated by spaces."""
    return " ".join(str(word) for word in rng.choice(_WORDS, count))


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    lines: list[str] = []
    for word in text.split():
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)


def fitted(
    typeface: Typeface, box: tuple[float, float], text: str, largest: float
) -> tuple[ImageFont.FreeTypeFont, str]:
    """The font, at most `largest` pixels, at which the text, broken into lines, stays in the box of width and height."""
    size = largest
    while size > 8:
        font = typeface(size)
        broken = _wrapped(text, font, box[0])
        lines = broken.count("\n") + 1
        if lines * size * 1.2 <= box[1] and max(map(font.getlength, broken.split("\n"))) <= box[0]:
            break
        size *= 0.9
    return typeface(size), _wrapped(text, typeface(size), box[0])
