"""Pictures drawn over and around photographs: memes and cards, no photographs any more, and marks, which leave one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageOps

from filters.fitting.drawn_cards import CARD_FAMILIES, CARDS
from filters.fitting.drawn_letters import typeface_of
from filters.fitting.drawn_marks import MARKS
from filters.fitting.drawn_memes import FAMILIES, MEMES

OVERLAYS: Final = MEMES | CARDS | MARKS  # by kind


def draw_overlay(
    kind: str, count: int, photos: Sequence[Image.Image], seed: int, fonts: Sequence[Path] = ()
) -> list[Image.Image]:
    """`count` RGB pictures of one of `OVERLAYS`, the same ones for the same arguments.

    Args:
        kind: a key of `OVERLAYS`.
        count: how many.
        photos: RGB, to draw over.
        seed: of the words, colours, places and sizes.
        fonts: TrueType or OpenType files; those named for the kind are used, Pillow's own if none.
    """
    rng = np.random.default_rng([seed, *kind.encode()])
    style, chosen = OVERLAYS[kind], _fonts_of(kind, fonts)
    pictures = []
    for _ in range(count):
        size = (int(rng.integers(320, 900)), int(rng.integers(320, 800)))
        photo = ImageOps.fit(photos[int(rng.integers(len(photos)))], size, Image.Resampling.BICUBIC)
        pictures.append(style(rng, photo, typeface_of(chosen[int(rng.integers(len(chosen)))] if chosen else None)))
    return pictures


def _fonts_of(kind: str, fonts: Sequence[Path]) -> list[Path]:
    return sorted(font for font in fonts if font.stem.startswith((FAMILIES | CARD_FAMILIES).get(kind, ("",))))
