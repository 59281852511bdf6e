import numpy as np
import pytest
from PIL import Image

from filters.lettering import LETTERING_NAMES, lettering_statistics


def named(grey: np.ndarray) -> dict[str, float]:
    return dict(zip(LETTERING_NAMES, lettering_statistics(grey), strict=True))


def lettered(ground: int, ink: int, rows: slice) -> np.ndarray:
    """100 x 101 pixels; in those rows every tenth column is inked, two pixels wide."""
    grey = np.full((100, 101), ground, np.uint8)
    for column in range(10, 100, 10):
        grey[rows, column : column + 2] = ink
    return grey


def test_white_strokes_count_where_they_are() -> None:
    found = named(lettered(ground=100, ink=255, rows=slice(80, 100)))

    # nine strokes begin in each of 20 rows, over 100 steps from pixel to pixel
    assert found["light_strokes"] == pytest.approx(0.09 * 20 / 100)
    assert found["light_strokes_densest"] == pytest.approx(0.09)
    assert found["light_strokes_top"] == 0.0
    assert found["light_strokes_bottom"] == pytest.approx(0.09 * 20 / 33)
    assert found["dark_strokes"] == 0.0


def test_black_strokes_are_told_from_white_ones() -> None:
    found = named(lettered(ground=200, ink=0, rows=slice(0, 33)))

    assert found["dark_strokes_top"] == pytest.approx(0.09)
    assert found["dark_strokes_bottom"] == 0.0
    assert found["light_strokes"] == 0.0


def test_grey_strokes_and_wide_bars_are_no_letters() -> None:
    bars = np.zeros((50, 101), np.uint8)
    bars[:, 20:40] = 255

    assert named(lettered(ground=60, ink=180, rows=slice(0, 100)))["light_strokes"] == 0.0
    assert named(bars)["light_strokes"] == 0.0


def test_plain_bands_above_and_below_are_measured() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (100, 60), dtype=np.uint8)
    grey[:25] = 255
    grey[90:] = 0
    found = named(grey)

    assert found["plain_top"] == 0.25
    assert found["plain_bottom"] == 0.1
    assert found["plain_rows"] == pytest.approx(0.35)
    assert found["plain_columns"] == 0.0


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 2), (2, 2), (5, 5)])
def test_tiny_pictures_have_finite_statistics(size: tuple[int, int]) -> None:
    found = lettering_statistics(np.asarray(Image.new("L", size, 90)))

    assert len(found) == len(LETTERING_NAMES)
    assert np.isfinite(found).all()
