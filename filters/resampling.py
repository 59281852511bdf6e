"""Antialiased scaling of RGB images by PyTorch, whose 8-bit kernels are Pillow's algorithm in a third of the time."""

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn.functional import interpolate

Box = tuple[int, int, int, int]


def resampled(
    image: Image.Image, size: tuple[int, int], kernel: Literal["bilinear", "bicubic"], box: Box | None = None
) -> NDArray[np.uint8]:
    """The image at another size, as Pillow's `resize` makes it up to two levels of rounding: [height, width, 3].

    Args:
        image: RGB.
        size: width and height, in pixels.
        kernel: of the interpolation; it widens with the scale, so that shrinking does not alias.
        box: left, top, right and bottom of the part to take, in whole pixels; nothing outside counts. None takes all.

    Raises:
        ValueError: the image is not RGB.
    """
    if image.mode != "RGB":
        raise ValueError(f"the image's mode is {image.mode}, not RGB; decode it with filters.image.decode")
    left, top, right, bottom = box or (0, 0, *image.size)
    pixels = np.array(image)[top:bottom, left:right]  # a copy, for PyTorch takes no array that is read-only
    if (right - left, bottom - top) == size:
        return pixels
    width, height = size
    # reshaped, unlike indexed by None, the first axis has a stride by which PyTorch sees that channels come last
    channels_last = torch.from_numpy(pixels.reshape(1, *pixels.shape)).permute(0, 3, 1, 2)
    scaled = interpolate(channels_last, (height, width), mode=kernel, antialias=True)
    return np.ascontiguousarray(scaled.permute(0, 2, 3, 1)[0].numpy())
