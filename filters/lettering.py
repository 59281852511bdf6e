"""Statistics that tell letters laid over or beside a picture: strokes, where they are, and plain bands round them."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

LETTERING_NAMES: Final = (
    "light_strokes",
    "light_strokes_densest",
    "light_strokes_top",
    "light_strokes_bottom",
    "dark_strokes",
    "dark_strokes_densest",
    "dark_strokes_top",
    "dark_strokes_bottom",
    "plain_rows",
    "plain_columns",
    "plain_top",
    "plain_bottom",
)

_EDGE: Final = 80  # grey levels from one pixel to the next: letters are sharper than most things in photographs
_LIGHT: Final = 235  # grey levels: ink and paper are nearly white or nearly black, few things in photographs are
_DARK: Final = 30
_STROKE: Final = 8  # pixels of a picture at 256: the thickest stroke that counts
_LINE: Final = 8  # rows: about the height of a line of small letters
_PLAIN: Final = 12  # grey levels: what JPEG leaves of a row of one colour


def lettering_statistics(grey: NDArray[np.uint8]) -> list[float]:
    """The statistics named in `LETTERING_NAMES`, in that order, all shares of pixels, rows or columns.

    A stroke is a nearly white run of at most 8 pixels with a sharp edge on both sides, or a nearly black one.

    Args:
        grey: [height, width] of a picture whose longest side is at most 256 pixels.
    """
    if min(grey.shape) < 2:
        return [0.0] * len(LETTERING_NAMES)
    levels = grey.astype(np.int16)
    step = levels[:, 1:] - levels[:, :-1]
    rising, falling = step >= _EDGE, step <= -_EDGE
    light = _strokes(rising & (grey[:, 1:] >= _LIGHT), falling)
    dark = _strokes(falling & (grey[:, 1:] <= _DARK), rising)
    return [*_profile(light), *_profile(dark), *_plainness(grey)]


def _strokes(begins: NDArray[np.bool_], ends: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The share of each row's pixels at which a stroke begins, [height]."""
    ended = np.zeros_like(begins)
    for width in range(1, min(_STROKE, begins.shape[1] - 1) + 1):
        ended[:, :-width] |= ends[:, width:]
    return np.asarray((begins & ended).mean(axis=1), dtype=np.float64)


def _profile(rows: NDArray[np.float64]) -> list[float]:
    third = max(1, len(rows) // 3)
    line = min(_LINE, len(rows))
    summed = np.concatenate([[0.0], np.cumsum(rows)])
    densest = float((summed[line:] - summed[:-line]).max()) / line
    return [float(rows.mean()), densest, float(rows[:third].mean()), float(rows[-third:].mean())]


def _plainness(grey: NDArray[np.uint8]) -> list[float]:
    rows = np.ptp(grey, axis=1) <= _PLAIN
    columns = np.ptp(grey, axis=0) <= _PLAIN
    busy = np.flatnonzero(~rows)
    top, bottom = (busy[0], len(rows) - 1 - busy[-1]) if len(busy) else (len(rows), len(rows))
    return [float(rows.mean()), float(columns.mean()), float(top / len(rows)), float(bottom / len(rows))]
