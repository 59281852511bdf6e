"""Statistics of an image's pixels that tell photographs from drawings, screens and scans without a neural network."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from filters.lettering import LETTERING_NAMES, lettering_statistics
from filters.resampling import resampled

STATISTIC_NAMES: Final = (
    "top_colour",
    "top_5_colours",
    "top_20_colours",
    "distinct_colours",
    "colour_entropy",
    "zero_gradients",
    "weak_gradients",
    "strong_gradients",
    "log_gradient_spread",
    "axis_edges",
    "mean_saturation",
    "full_saturation",
    "no_saturation",
    "median_laplacian",
    "grey_entropy",
    "white",
    "black",
    "flat_windows",
    *LETTERING_NAMES,
)

_LONGEST_SIDE: Final = 256  # pixels; every image is measured at this size, so that a file's size says nothing
_COLOUR_BINS: Final = 1 << 15  # five bits a channel
_WEAK: Final = 4  # grey levels a pixel: up to here noise and smooth shading
_STRONG: Final = 48  # grey levels a pixel: from here the edges of drawings and letters
_WINDOW: Final = 5  # pixels


def image_statistics(image: Image.Image) -> NDArray[np.float32]:
    """The statistics named in `STATISTIC_NAMES`, in that order.

    All are shares or entropies scaled to about [0, 1], except the spread of the log gradient (nats).

    Args:
        image: RGB; shrunk to a longest side of 256 pixels where it is larger, never enlarged.
    """
    rgb = _shrunk(image.convert("RGB"))
    grey = np.asarray(Image.fromarray(rgb).convert("L"))
    return np.array(
        [*_colours(rgb), *_edges(grey), *_saturation(rgb), *_tones(grey), *lettering_statistics(grey)], dtype=np.float32
    )


def _shrunk(image: Image.Image) -> NDArray[np.uint8]:
    scale = min(1.0, _LONGEST_SIDE / max(image.size))
    width, height = (max(1, round(side * scale)) for side in image.size)
    return resampled(image, (width, height), "bilinear")


def _colours(rgb: NDArray[np.uint8]) -> list[float]:
    red, green, blue = (rgb[..., channel].astype(np.int64) >> 3 for channel in range(3))
    counts = np.bincount((red << 10 | green << 5 | blue).ravel(), minlength=_COLOUR_BINS)
    shares = np.sort(counts[counts > 0])[::-1] / (rgb.size // 3)
    return [
        float(shares[0]),
        float(shares[:5].sum()),
        float(shares[:20].sum()),
        float(np.log(len(shares)) / np.log(_COLOUR_BINS)),
        _entropy(shares) / 15,
    ]


def _edges(grey: NDArray[np.uint8]) -> list[float]:
    if min(grey.shape) < 2:
        return [1.0, 0.0, 0.0, 0.0, 0.0]
    levels = grey.astype(np.int16)
    across = np.abs(levels[:-1, 1:] - levels[:-1, :-1])
    down = np.abs(levels[1:, :-1] - levels[:-1, :-1])
    gradient = across + down
    strong = gradient >= _STRONG
    strong_count = int(np.count_nonzero(strong))
    on_axis = np.count_nonzero(strong & (8 * np.minimum(across, down) <= gradient))
    return [
        _share(gradient == 0),
        _share((gradient > 0) & (gradient <= _WEAK)),
        strong_count / gradient.size,
        float(np.log1p(gradient.astype(np.float32)).std()),
        on_axis / strong_count if strong_count else 0.0,
    ]


def _saturation(rgb: NDArray[np.uint8]) -> list[float]:
    highest = np.maximum(np.maximum(rgb[..., 0], rgb[..., 1]), rgb[..., 2])
    lowest = np.minimum(np.minimum(rgb[..., 0], rgb[..., 1]), rgb[..., 2])
    saturation = (highest - lowest).astype(np.float32) / np.maximum(highest, 1)
    return [float(saturation.mean()), _share(saturation > 0.99), _share(saturation < 0.02)]


def _tones(grey: NDArray[np.uint8]) -> list[float]:
    shares = np.bincount(grey.ravel(), minlength=256) / grey.size
    return [
        _median_laplacian(grey),
        _entropy(shares[shares > 0]) / 8,
        float(shares[250:].sum()),
        float(shares[:6].sum()),
        _flat_windows(grey),
    ]


def _median_laplacian(grey: NDArray[np.uint8]) -> float:
    if min(grey.shape) < 3:
        return 0.0
    levels = grey.astype(np.int16)
    around = levels[:-2, 1:-1] + levels[2:, 1:-1] + levels[1:-1, :-2] + levels[1:-1, 2:]
    laplacian = np.abs(4 * levels[1:-1, 1:-1] - around)
    below = np.cumsum(np.bincount(laplacian.ravel()))
    return float(np.searchsorted(below, (laplacian.size + 1) // 2)) / 255


def _flat_windows(grey: NDArray[np.uint8]) -> float:
    """Share of 5x5 windows whose grey levels differ by at most 2, enough for what JPEG does to a flat colour."""
    if min(grey.shape) < _WINDOW:
        return float(int(grey.max()) - int(grey.min()) <= 2)
    highest, lowest = _windowed(np.maximum, grey), _windowed(np.minimum, grey)
    return _share(highest - lowest <= 2)


def _windowed(extreme: np.ufunc, grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The extreme of each window: of 2 and then 4 and 5 rows, which is fewer comparisons than of 5 at once."""
    for _ in range(2):
        pairs = extreme(grey[:-1], grey[1:])
        grey = extreme(extreme(pairs[:-3], pairs[2:-1]), grey[_WINDOW - 1 :]).T
    return grey


def _share(claim: NDArray[np.bool_]) -> float:
    return int(np.count_nonzero(claim)) / claim.size  # a mean would make numbers of all of them first


def _entropy(shares: NDArray[np.float64]) -> float:
    return float(-(shares * np.log2(shares)).sum())
