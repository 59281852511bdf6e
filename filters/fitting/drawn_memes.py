"""Memes, quotations and flyers drawn over photographs, each style with letters of its own: no photographs any more."""

from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from filters.fitting.drawn_letters import Style, Typeface, fitted, random_words


def _classic(rng: np.random.Generator, photo: Image.Image, typeface: Typeface) -> Image.Image:
    """White capitals with a black outline at the top, the bottom or both."""
    width, height = photo.size
    pen = ImageDraw.Draw(photo)
    places = [("ma", 0.02), ("md", 0.98)]
    for anchor, at in places if rng.random() < 0.7 else [places[int(rng.integers(2))]]:
        text = random_words(rng, int(rng.integers(2, 9))).upper()
        font, text = fitted(typeface, (width * 0.95, height * 0.33), text, height * rng.uniform(0.07, 0.17))
        stroke = max(1, round(font.size / rng.uniform(12, 20)))
        ink = "white" if rng.random() < 0.85 else (255, 240, 60)
        pen.text(
            (width / 2, height * at), text, ink, font, anchor, align="center", stroke_width=stroke, stroke_fill="black"
        )
    return photo


def _banner(rng: np.random.Generator, photo: Image.Image, typeface: Typeface) -> Image.Image:
    """Dark text on a plain band above the photo, sometimes light on dark, sometimes below."""
    width, height = photo.size
    dark = rng.random() < 0.2
    font, text = fitted(
        typeface,
        (width * 0.92, height * 0.4),
        random_words(rng, int(rng.integers(4, 18))),
        width * rng.uniform(0.045, 0.09),
    )
    band = int((text.count("\n") + 1) * font.size * 1.3 + font.size)
    image = Image.new("RGB", (width, height + band), (15, 15, 15) if dark else "white")
    below = rng.random() < 0.2
    image.paste(photo, (0, 0 if below else band))
    ink = "white" if dark else "black"
    align = "left" if rng.random() < 0.6 else "center"
    pen = ImageDraw.Draw(image)
    pen.text((width * 0.04, font.size * 0.4 + (height if below else 0)), text, ink, font, align=align)
    return image


def _quote(rng: np.random.Generator, photo: Image.Image, typeface: Typeface) -> Image.Image:
    """A sentence in the middle of a photo that is darkened, lightened or blurred under it."""
    width, height = photo.size
    dark = rng.random() < 0.7
    photo = ImageEnhance.Brightness(photo).enhance(rng.uniform(0.35, 0.8) if dark else rng.uniform(1.0, 1.5))
    if rng.random() < 0.4:
        photo = photo.filter(ImageFilter.GaussianBlur(rng.uniform(1, 5)))
    text = random_words(rng, int(rng.integers(5, 20)))
    font, text = fitted(typeface, (width * 0.85, height * 0.7), text, height * rng.uniform(0.07, 0.14))
    ink = "white" if dark else (20, 20, 30)
    ImageDraw.Draw(photo).text((width / 2, height * rng.uniform(0.4, 0.6)), text, ink, font, "mm", align="center")
    return photo


def _poster(rng: np.random.Generator, photo: Image.Image, typeface: Typeface) -> Image.Image:
    """A photo in a wide black or coloured frame with a title and a line under it."""
    width, height = photo.size
    side, foot = int(width * rng.uniform(0.06, 0.14)), int(height * rng.uniform(0.25, 0.4))
    ground = (0, 0, 0) if rng.random() < 0.7 else tuple(int(value) for value in rng.integers(0, 256, 3))
    image = Image.new("RGB", (width + 2 * side, height + side + foot), ground)
    image.paste(photo, (side, side))
    pen = ImageDraw.Draw(image)
    ink = "white" if sum(ground) < 380 else "black"
    pen.rectangle((side - 4, side - 4, side + width + 3, side + height + 3), outline=ink, width=2)
    for share, at, count in ((0.45, 0.3, 2), (0.2, 0.72, 7)):
        font, text = fitted(typeface, (image.width * 0.9, foot * share * 1.3), random_words(rng, count), foot * share)
        pen.text((image.width / 2, side + height + foot * at), text.upper(), ink, font, "mm", align="center")
    return image


def _labels(rng: np.random.Generator, photo: Image.Image, typeface: Typeface) -> Image.Image:
    """Words, in boxes, balloons or bare, on several things in the photo."""
    width, height = photo.size
    pen = ImageDraw.Draw(photo)
    for _ in range(int(rng.integers(2, 6))):
        font, text = fitted(
            typeface,
            (width * 0.4, height * 0.3),
            random_words(rng, int(rng.integers(1, 6))),
            height * rng.uniform(0.06, 0.11),
        )
        place = (width * rng.uniform(0.2, 0.8), height * rng.uniform(0.1, 0.9))
        style = int(rng.integers(3))
        box = pen.textbbox(place, text, font, "mm", align="center")
        grown = (box[0] - 10, box[1] - 8, box[2] + 10, box[3] + 8)
        if style == 0:
            pen.rectangle(grown, "white" if rng.random() < 0.6 else (255, 230, 0))
        elif style == 1:
            pen.ellipse((grown[0] - 25, grown[1] - 15, grown[2] + 25, grown[3] + 15), "white", "black", 3)
        stroke = max(1, round(font.size / 12)) if style == 2 else 0
        ink = "white" if style == 2 else "black"
        pen.text(place, text, ink, font, "mm", align="center", stroke_width=stroke, stroke_fill="black")
    return photo


def _flyer(rng: np.random.Generator, photo: Image.Image, typeface: Typeface) -> Image.Image:
    """A photo beside or above coloured fields with a headline, as advertisements and thumbnails of videos have it."""
    width, height = photo.size
    pen = ImageDraw.Draw(photo, "RGBA")
    colour = tuple(int(value) for value in rng.integers(0, 256, 3))
    share = rng.uniform(0.25, 0.5)
    box = (0.0, height * (1 - share), width, height) if rng.random() < 0.5 else (0.0, 0.0, width * share, height)
    pen.rectangle(box, (*colour, int(rng.integers(150, 256))))
    ink = "white" if sum(colour) < 420 else "black"
    inner = (box[2] - box[0]) * 0.88, (box[3] - box[1]) * 0.8
    font, text = fitted(
        typeface, inner, random_words(rng, int(rng.integers(3, 8))).title(), height * rng.uniform(0.1, 0.2)
    )
    pen.text((box[0] + inner[0] * 0.06, (box[1] + box[3]) / 2), text, ink, font, "lm")
    return photo


MEMES: Final[dict[str, Style]] = {
    "classic-memes": _classic,
    "banner-memes": _banner,
    "quote-cards": _quote,
    "posters": _poster,
    "label-memes": _labels,
    "flyers": _flyer,
}
# beginnings of font files' names, so that each meme style has letters that no other has
FAMILIES: Final = {
    "classic-memes": (
        "BebasNeue-Bold",
        "LiberationSansNarrow-Bold",
        "OpenSans-CondBold",
        "Lato-Black",
        "Cantarell-Extra",
    ),
    "banner-memes": ("DejaVuSans", "LiberationSans-", "Roboto-Regular", "Roboto-Medium", "Carlito"),
    "quote-cards": ("EBGaramond", "LinLibertine_R", "DancingScript", "lobster", "Vollkorn", "Quicksand"),
    "posters": ("FreeSerif", "LiberationSerif", "LinBiolinum_R", "Cabin"),
    "label-memes": ("ComicNeue", "Humor-Sans", "OpenSans-Bold", "FreeSansBold", "Play"),
    "flyers": ("LeagueSpartan", "Lato-Heavy", "RobotoCondensed-Bold", "OpenSans-ExtraBold", "Hack-Bold"),
}
