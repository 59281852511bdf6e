"""What sites and senders lay over photographs: banners, title cards, lower thirds, panels, collages; no photographs."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from filters.fitting.drawn_letters import Style, Typeface, fitted, random_words

Colour = tuple[int, int, int]
_DARK_SUM: Final = 400  # of the three channels; under it letters are white


def _colour(rng: np.random.Generator) -> Colour:
    red, green, blue = (int(value) for value in rng.integers(0, 256, 3))
    return red, green, blue


def _ink(ground: Sequence[int]) -> str:
    return "white" if sum(ground) < _DARK_SUM else "black"


def _lower_third(rng: np.random.Generator, photo: Image.Image, typeface: Typeface) -> Image.Image:
    """A headline on a bar near the foot with a tag above it and a name in a corner, as news programmes have them."""
    width, height = photo.size
    pen, colour, top = ImageDraw.Draw(photo, "RGBA"), _colour(rng), height * rng.uniform(0.62, 0.8)
    bar = height * rng.uniform(0.12, 0.2)
    left = width * float(rng.choice([0, rng.uniform(0.02, 0.08)]))
    pen.rectangle((left, top, width - left, top + bar), (*colour, int(rng.integers(190, 256))))
    font, text = fitted(typeface, (width * 0.85, bar * 0.9), random_words(rng, int(rng.integers(4, 10))), bar * 0.5)
    pen.text((left + width * 0.03, top + bar / 2), text, _ink(colour), font, "lm")
    tag = _colour(rng)
    small, word = typeface(bar * 0.35), random_words(rng, int(rng.integers(1, 4))).upper()
    box = pen.textbbox((left + width * 0.03, top - bar * 0.02), word, small, "ld")
    pen.rectangle((box[0] - 8, box[1] - 6, box[2] + 8, top), tag)
    pen.text((left + width * 0.03, top - bar * 0.05), word, _ink(tag), small, "ld")
    if rng.random() < 0.6:
        pen.rectangle((width * 0.84, height * 0.04, width * 0.97, height * 0.12), _colour(rng))
        pen.text((width * 0.905, height * 0.08), random_words(rng, 1).upper(), "white", small, "mm")
    return photo


def _sale_banner(rng: np.random.Generator, photo: Image.Image, typeface: Typeface) -> Image.Image:
    """A photo that takes one side, and a headline, a line and a button on a plain ground beside it."""
    width, height = int(photo.width * rng.uniform(1.2, 2.2)), photo.height
    ground = _colour(rng) if rng.random() < 0.7 else (245, 245, 240)
    image = Image.new("RGB", (width, height), ground)
    right = rng.random() < 0.5
    shown = photo.crop((0, 0, int(width * rng.uniform(0.4, 0.55)), height)) if width < 2 * photo.width else photo
    image.paste(shown, (width - shown.width if right else 0, 0))
    left, room = (0 if right else shown.width) + width * 0.04, (width - shown.width) * 0.85
    pen, ink = ImageDraw.Draw(image), _ink(ground)
    for share, at, count in ((0.2, 0.3, int(rng.integers(2, 5))), (0.07, 0.6, int(rng.integers(5, 14)))):
        font, text = fitted(typeface, (room, height * share * 2), random_words(rng, count), height * share)
        pen.text((left, height * at), text.capitalize(), ink, font, "lm")
    if rng.random() < 0.7:
        button = _colour(rng)
        pen.rounded_rectangle((left, height * 0.76, left + room * 0.5, height * 0.88), 12, button)
        pen.text(
            (left + room * 0.25, height * 0.82),
            random_words(rng, 2).upper(),
            _ink(button),
            typeface(height * 0.045),
            "mm",
        )
    return image


def _title_card(rng: np.random.Generator, photo: Image.Image, typeface: Typeface) -> Image.Image:
    """A title and a line on a photo that runs into a colour towards one side, as articles are shared with."""
    width, height = photo.size
    ramp = np.clip(np.linspace(rng.uniform(0.9, 1.3), rng.uniform(-0.3, 0.3), 256), 0, 1) * 255
    mask = Image.fromarray(np.tile(ramp.astype(np.uint8), (256, 1)))
    upright = rng.random() < 0.5
    mask = (mask.rotate(90) if upright else mask).resize(photo.size)
    ground = _colour(rng) if rng.random() < 0.4 else (0, 0, 0)
    image = Image.composite(Image.new("RGB", photo.size, ground), photo, mask)
    pen, room = ImageDraw.Draw(image), width * (0.88 if upright else 0.5)
    title = random_words(rng, int(rng.integers(3, 9))).title()
    font, text = fitted(typeface, (room, height * 0.4), title, height * rng.uniform(0.08, 0.15))
    pen.text((width * 0.06, height * 0.84), text, _ink(ground), font, "ld")
    line = random_words(rng, int(rng.integers(3, 8)))
    pen.text((width * 0.06, height * 0.92), line, _ink(ground), typeface(height * 0.04), "ls")
    return image


def _text_panel(rng: np.random.Generator, photo: Image.Image, typeface: Typeface) -> Image.Image:
    """A panel with a heading and a paragraph in the middle of a photo, plain or translucent."""
    width, height = photo.size
    if rng.random() < 0.3:
        photo = photo.filter(ImageFilter.GaussianBlur(rng.uniform(1, 6)))
    pen = ImageDraw.Draw(photo, "RGBA")
    ground = (255, 255, 255) if rng.random() < 0.6 else _colour(rng)
    left, top = width * rng.uniform(0.06, 0.3), height * rng.uniform(0.08, 0.3)
    box = (left, top, width * rng.uniform(0.7, 0.95), height * rng.uniform(0.7, 0.95))
    pen.rounded_rectangle(box, float(rng.choice([0, 18])), (*ground, int(rng.integers(140, 256))))
    room, tall = (box[2] - box[0]) * 0.88, box[3] - box[1]
    for share, at, count in ((0.16, 0.18, 3), (0.08, 0.62, int(rng.integers(12, 40)))):
        font, text = fitted(
            typeface, (room, tall * (0.24 if at < 0.5 else 0.6)), random_words(rng, count), tall * share
        )
        pen.text((box[0] + room * 0.07, top + tall * at), text.capitalize(), _ink(ground), font, "lm")
    return photo


def _collage(rng: np.random.Generator, photo: Image.Image, typeface: Typeface) -> Image.Image:
    """Several views side by side or in a grid, with gaps, and words under each or on one field of the grid."""
    across, down = ((2, 1), (1, 2), (2, 2), (3, 1), (3, 2))[int(rng.integers(5))]
    width, height = photo.width // across, photo.height // down
    gap, foot = int(rng.integers(0, 14)), int(height * rng.uniform(0.14, 0.25))
    ground = (255, 255, 255) if rng.random() < 0.6 else (0, 0, 0)
    image = Image.new("RGB", (across * (width + gap) + gap, down * (height + foot + gap) + gap), ground)
    pen = ImageDraw.Draw(image)
    for column in range(across):
        for row in range(down):
            side = rng.uniform(0.35, 0.8)
            x, y = (rng.uniform(0, length * (1 - side)) for length in photo.size)
            view = photo.crop((int(x), int(y), int(x + photo.width * side), int(y + photo.height * side)))
            place = gap + column * (width + gap), gap + row * (height + foot + gap)
            image.paste(ImageOps.fit(view, (width, height)), place)
            font, text = fitted(
                typeface, (width * 0.95, foot * 0.95), random_words(rng, int(rng.integers(1, 6))), foot * 0.6
            )
            pen.text(
                (place[0] + width / 2, place[1] + height + foot / 2), text, _ink(ground), font, "mm", align="center"
            )
    return image


CARDS: Final[dict[str, Style]] = {
    "lower-thirds": _lower_third,
    "sale-banners": _sale_banner,
    "title-cards": _title_card,
    "text-panels": _text_panel,
    "collages": _collage,
}
CARD_FAMILIES: Final = {
    "lower-thirds": ("Inter-",),
    "sale-banners": ("GilliusADF",),
    "title-cards": ("Karla", "OldStandard"),
    "text-panels": ("AveriaSerif", "Junction"),
    "collages": ("Dosis", "Jura", "Comfortaa"),
}
