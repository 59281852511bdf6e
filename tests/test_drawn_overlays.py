from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from filters.fitting.drawn_marks import MARKS
from filters.fitting.drawn_memes import FAMILIES, MEMES
from filters.fitting.drawn_overlays import draw_overlay

PHOTO = Image.fromarray(np.random.default_rng(0).integers(60, 120, (224, 224, 3), dtype=np.uint8))


def changed(kind: str) -> float:
    """The share of pixels that are none of the photo's grey levels: ink, paper or frame."""
    pixels = np.asarray(draw_overlay(kind, 1, [PHOTO], seed=3)[0].convert("L"))
    return float(np.mean((pixels > 140) | (pixels < 40)))


@pytest.mark.parametrize("kind", [*MEMES, *MARKS])
def test_every_kind_is_drawn_and_repeats_with_its_seed(kind: str) -> None:
    first, again, other = (draw_overlay(kind, 2, [PHOTO], seed) for seed in (0, 0, 1))

    assert [picture.mode for picture in first] == ["RGB", "RGB"]
    assert [picture.tobytes() for picture in first] == [picture.tobytes() for picture in again]
    assert first[0].tobytes() != other[0].tobytes()


@pytest.mark.parametrize("kind", ["classic-memes", "banner-memes", "posters"])
def test_memes_carry_large_letters(kind: str) -> None:
    assert changed(kind) > 0.03


@pytest.mark.parametrize("kind", ["watermarks", "date-stamps"])
def test_marks_leave_nearly_all_of_the_photo(kind: str) -> None:
    assert changed(kind) < 0.03


def test_each_meme_style_has_letters_of_its_own() -> None:
    names = [name for family in FAMILIES.values() for name in family]

    assert set(FAMILIES) == set(MEMES)
    assert len(names) == len(set(names))


def test_a_kind_uses_the_fonts_of_its_family_only() -> None:
    with pytest.raises(OSError, match="cannot open resource"):
        draw_overlay("posters", 1, [PHOTO], 0, [Path("FreeSerif.ttf")])
    assert len(draw_overlay("flyers", 1, [PHOTO], 0, [Path("FreeSerif.ttf")])) == 1
