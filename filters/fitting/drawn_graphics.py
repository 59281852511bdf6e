"""Pictures drawn by script for the naturalness model: charts, pages, screens, memes, placeholders, textures, blanks."""

from collections.abc import Callable, Sequence
from typing import Final, cast

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

Colour = tuple[int, int, int]
_WORDS: Final = ("about", "before", "every", "great", "little", "never", "other", "place", "right", "still", "world")


def draw(kind: str, count: int, photos: Sequence[Image.Image], seed: int) -> list[Image.Image]:
    """`count` RGB pictures of one of `KINDS`, the same ones for the same arguments.

    Args:
        kind: a key of `KINDS`.
        count: how many.
        photos: RGB; memes and screens are drawn over and around them, the other kinds do not look at them.
        seed: of the shapes, words, colours and sizes.
    """
    rng = np.random.default_rng([seed, *kind.encode()])
    pictures = []
    for _ in range(count):
        size = (int(rng.integers(320, 1000)), int(rng.integers(320, 800)))
        photo = photos[int(rng.integers(len(photos)))]
        pictures.append(KINDS[kind](rng, size, photo))
    return pictures


def _colour(rng: np.random.Generator, low: int = 0, high: int = 256) -> Colour:
    red, green, blue = (int(value) for value in rng.integers(low, high, 3))
    return red, green, blue


def _paper(rng: np.random.Generator) -> Colour:
    return (255, 255, 255) if rng.random() < 0.5 else _colour(rng, 225)


def _font(size: float) -> ImageFont.FreeTypeFont:
    return cast("ImageFont.FreeTypeFont", ImageFont.load_default(max(8, round(size))))


def _words(rng: np.random.Generator, count: int) -> str:
    return " ".join(str(word) for word in rng.choice(_WORDS, count))


def _chart(rng: np.random.Generator, size: tuple[int, int], _photo: Image.Image) -> Image.Image:
    image = Image.new("RGB", size, _paper(rng))
    pen = ImageDraw.Draw(image)
    left, top, right, bottom = size[0] * 0.12, size[1] * 0.12, size[0] * 0.95, size[1] * 0.88
    pen.text((left, top * 0.3), _words(rng, 4), "black", _font(top * 0.4))
    xs = np.linspace(left, right, int(rng.integers(5, 40)))
    style = int(rng.integers(4))
    for _ in range(int(rng.integers(1, 5))):
        ys = bottom - (bottom - top) * np.clip(np.abs(np.cumsum(rng.normal(0, 0.15, len(xs)))) + 0.1, 0, 1)
        colour, step = _colour(rng, 20, 220), float(xs[1] - xs[0])
        if style == 0:
            pen.line([(float(x), float(y)) for x, y in zip(xs, ys, strict=True)], colour, int(rng.integers(1, 5)))
        for x, y in zip(xs, ys, strict=True):
            if style == 1:
                pen.rectangle((x, y, x + step * 0.7, bottom), colour)
            elif style == 2:
                pen.ellipse((x - 4, y - 4, x + 4, y + 4), colour)
    if style == 3:
        start = 0.0
        for share in rng.dirichlet(np.ones(int(rng.integers(3, 8)))) * 360:
            pen.pieslice((left, top, left + bottom - top, bottom), start, start + float(share), _colour(rng), "white")
            start += float(share)
    else:
        pen.line([(left, top), (left, bottom), (right, bottom)], "black", 2)
        for x in xs[:: max(1, len(xs) // 6)]:
            pen.text((float(x), bottom + 4), str(int(rng.integers(100))), "black", _font(top * 0.25))
    return image


def _page(rng: np.random.Generator, size: tuple[int, int], _photo: Image.Image) -> Image.Image:
    image = Image.new("RGB", size, _paper(rng))
    pen = ImageDraw.Draw(image)
    ink, font = _colour(rng, 0, 90), _font(rng.uniform(9, 26))
    y = 20.0
    while y < size[1] - 20:
        if rng.random() > 0.12:
            pen.text((20, y), _words(rng, 40)[: int((size[0] - 40) / font.getlength("n"))], ink, font)
        y += font.size * 1.4
    return image


def _scan(rng: np.random.Generator, size: tuple[int, int], photo: Image.Image) -> Image.Image:
    page = _page(rng, size, photo).rotate(rng.uniform(-4, 4), Image.Resampling.BICUBIC, fillcolor=_colour(rng, 150))
    pixels = np.asarray(page.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.2))), dtype=np.float32)
    shade = np.linspace(rng.uniform(0.6, 1), rng.uniform(0.8, 1), size[0], dtype=np.float32)[None, :, None]
    grain = rng.normal(0, rng.uniform(1, 7), (*pixels.shape[:2], 1))
    return Image.fromarray(np.clip(pixels * shade + grain, 0, 255).astype(np.uint8))


def _meme(rng: np.random.Generator, size: tuple[int, int], photo: Image.Image) -> Image.Image:
    image = ImageOps.fit(photo, size)
    pen = ImageDraw.Draw(image)
    font = _font(size[1] * rng.uniform(0.1, 0.17))
    banner = rng.random() < 0.3
    for top in (0.02, 0.8):
        text = _words(rng, 9)[: max(4, int(size[0] * 0.95 / font.getlength("M")))].upper()
        if banner:
            pen.rectangle((0, size[1] * (top - 0.02), size[0], size[1] * (top + 0.2)), _paper(rng))
        pen.text(
            (size[0] * 0.03, size[1] * top),
            text,
            "black" if banner else "white",
            font,
            stroke_width=0 if banner else max(1, int(font.size / 14)),
            stroke_fill="black",
        )
    return image


def _screen(rng: np.random.Generator, size: tuple[int, int], photo: Image.Image) -> Image.Image:
    width, height = size
    dark = rng.random() < 0.3
    image = Image.new("RGB", size, _colour(rng, 20, 50) if dark else _paper(rng))
    pen = ImageDraw.Draw(image)
    ink, font = ("white" if dark else "black"), _font(rng.uniform(10, 16))
    pen.rectangle((0, 0, width, height * 0.07), _colour(rng))
    pen.rectangle((0, height * 0.07, width * 0.2, height), _colour(rng, 40, 80) if dark else _colour(rng, 200))
    for row in range(int(height / 24)):
        pen.text((8, height * 0.1 + row * 24), _words(rng, 1), ink, font)
        if rng.random() < 0.8:
            line = _words(rng, 20)[: int(width * 0.75 / font.getlength("n"))]
            pen.text((width * 0.23, height * 0.1 + row * 24), line, ink, font)
    for _ in range(int(rng.integers(0, 4))):
        box = (int(width * rng.uniform(0.15, 0.4)), int(height * rng.uniform(0.15, 0.4)))
        image.paste(ImageOps.fit(photo, box), (int(rng.uniform(0.2, 0.6) * width), int(rng.uniform(0.1, 0.6) * height)))
    return image


def _placeholder(rng: np.random.Generator, size: tuple[int, int], _photo: Image.Image) -> Image.Image:
    image = Image.new("RGB", size, _colour(rng, 120))
    pen = ImageDraw.Draw(image)
    if rng.random() < 0.5:
        pen.rectangle(
            (size[0] * 0.3, size[1] * 0.3, size[0] * 0.7, size[1] * 0.6), outline=_colour(rng, 60, 200), width=6
        )
    text = str(rng.choice([f"{size[0]} x {size[1]}", "No image available", "Image not found", "Coming soon"]))
    pen.text((size[0] * 0.2, size[1] * 0.65), text, _colour(rng, 0, 140), _font(size[1] * 0.08))
    return image


def _gradient(rng: np.random.Generator, size: tuple[int, int], _photo: Image.Image) -> Image.Image:
    corners = rng.integers(0, 256, (int(rng.integers(1, 4)), int(rng.integers(2, 4)), 3), dtype=np.uint8)
    return Image.fromarray(corners).resize(size, Image.Resampling.BICUBIC)


def _texture(rng: np.random.Generator, size: tuple[int, int], _photo: Image.Image) -> Image.Image:
    """Noise of one scale around one colour, mirrored or tiled, as wallpaper and fabric tiles have it."""
    cells = max(2, int(2 ** rng.uniform(2, 8)))
    noise = rng.normal(0, rng.uniform(8, 50), (cells, cells, 3 if rng.random() < 0.3 else 1))
    tile = Image.fromarray(np.clip(np.array(_colour(rng, 30, 225)) + noise, 0, 255).astype(np.uint8))
    side = int(rng.integers(60, max(size)))
    tile = tile.resize((side, side), Image.Resampling.BICUBIC)
    image = Image.new("RGB", size)
    for x in range(0, size[0], side):
        for y in range(0, size[1], side):
            image.paste(tile, (x, y))
    return image


def _blank(rng: np.random.Generator, size: tuple[int, int], _photo: Image.Image) -> Image.Image:
    level = float(rng.choice([rng.uniform(0, 25), rng.uniform(225, 255), rng.uniform(0, 255)]))
    pixels = rng.normal(level, rng.uniform(0, 3), (size[1], size[0], 1)) + rng.uniform(-6, 6, 3)
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    if rng.random() < 0.4:
        x, y = rng.uniform(0, 0.8, 2) * size
        ImageDraw.Draw(image).ellipse((x, y, x + size[0] * 0.08, y + size[1] * 0.08), _colour(rng))
    return image


def _logo(rng: np.random.Generator, size: tuple[int, int], _photo: Image.Image) -> Image.Image:
    image = Image.new("RGB", size, _paper(rng) if rng.random() < 0.7 else _colour(rng))
    pen = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(1, 6))):
        centre, radius = rng.uniform(0.2, 0.7, 2) * size, float(rng.uniform(0.05, 0.3)) * min(size)
        pen.regular_polygon((float(centre[0]), float(centre[1]), radius), int(rng.integers(3, 12)), fill=_colour(rng))
    pen.text((size[0] * 0.15, size[1] * 0.75), _words(rng, 2).title(), _colour(rng, 0, 150), _font(size[1] * 0.12))
    return image


KINDS: Final[dict[str, Callable[[np.random.Generator, tuple[int, int], Image.Image], Image.Image]]] = {
    "charts": _chart,
    "pages": _page,
    "scans": _scan,
    "memes": _meme,
    "screens": _screen,
    "placeholders": _placeholder,
    "gradients": _gradient,
    "textures": _texture,
    "blanks": _blank,
    "logos": _logo,
}
