"""PyTorch's scaling of images against Pillow's."""

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from filters.resampling import resampled


@pytest.mark.parametrize("size", [(224, 224), (171, 256), (900, 600), (1, 1)])
@pytest.mark.parametrize("kernel", ["bilinear", "bicubic"])
def test_scaling_is_pillows_up_to_two_levels(size: tuple[int, int], kernel: str) -> None:
    photo = Image.fromarray(load_sample_image("china.jpg"))

    scaled = resampled(photo, size, kernel)  # type: ignore[arg-type]

    expected = np.asarray(photo.resize(size, Image.Resampling[kernel.upper()]))
    assert scaled.shape == expected.shape
    assert np.abs(scaled.astype(int) - expected).max() <= 2


def test_nothing_outside_the_box_counts() -> None:
    image = Image.new("RGB", (60, 40), "red")
    image.paste("blue", (10, 5, 40, 25))

    assert (resampled(image, (12, 8), "bicubic", (10, 5, 40, 25)) == [0, 0, 255]).all()


def test_a_part_of_the_size_that_is_asked_for_is_cut_out_as_it_is() -> None:
    photo = Image.fromarray(load_sample_image("flower.jpg"))

    cut = resampled(photo, (100, 50), "bilinear", (20, 30, 120, 80))

    assert (cut == np.asarray(photo.crop((20, 30, 120, 80)))).all()


def test_an_image_that_is_not_rgb_is_refused() -> None:
    with pytest.raises(ValueError, match="mode is L"):
        resampled(Image.new("L", (8, 8)), (4, 4), "bilinear")
