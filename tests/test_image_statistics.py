import numpy as np
import pytest
from PIL import Image

from filters.image_statistics import STATISTIC_NAMES, image_statistics


def named(image: Image.Image) -> dict[str, float]:
    return dict(zip(STATISTIC_NAMES, image_statistics(image).tolist(), strict=True))


def test_flat_white_image_is_one_colour_without_edges() -> None:
    statistics = named(Image.new("RGB", (320, 240), "white"))

    ones = {"top_colour", "top_5_colours", "top_20_colours", "zero_gradients", "no_saturation", "white", "flat_windows"}
    ones |= {"plain_rows", "plain_columns", "plain_top", "plain_bottom"}
    assert statistics == {name: float(name in ones) for name in STATISTIC_NAMES}


def test_two_colours_half_and_half_have_one_bit_of_entropy() -> None:
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[:, 50:] = (255, 0, 0)

    statistics = named(Image.fromarray(pixels))

    assert statistics["top_colour"] == 0.5
    assert statistics["top_5_colours"] == 1.0
    assert statistics["colour_entropy"] == pytest.approx(1 / 15)
    assert statistics["mean_saturation"] == 0.5
    assert statistics["full_saturation"] == 0.5
    assert statistics["black"] == 0.5


def test_a_vertical_edge_lies_on_an_axis() -> None:
    pixels = np.zeros((101, 101, 3), np.uint8)
    pixels[:, 50:] = 255

    statistics = named(Image.fromarray(pixels))

    assert statistics["strong_gradients"] == pytest.approx(1 / 100)
    assert statistics["zero_gradients"] == pytest.approx(99 / 100)
    assert statistics["axis_edges"] == 1.0
    assert statistics["flat_windows"] == pytest.approx(93 / 97)


def test_a_diagonal_edge_lies_on_no_axis() -> None:
    pixels = np.where(np.add.outer(np.arange(100), np.arange(100)) > 99, 255, 0).astype(np.uint8)
    # each pixel before the diagonal rises to the right and below at once
    assert named(Image.fromarray(pixels).convert("RGB"))["axis_edges"] == 0.0


def test_noise_has_many_colours_and_no_flat_window() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)

    statistics = named(Image.fromarray(noise))

    assert statistics["flat_windows"] == 0.0
    assert statistics["distinct_colours"] > 0.9
    assert statistics["median_laplacian"] > 0.2


def test_large_images_are_measured_at_256_pixels() -> None:
    small = Image.linear_gradient("L")  # 256 x 256, every level once
    large = small.resize((1024, 1024), Image.Resampling.BILINEAR)

    assert named(small)["zero_gradients"] == 0.0
    assert named(large.convert("RGB"))["weak_gradients"] == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 300), (4, 4)])
def test_tiny_images_have_finite_statistics(size: tuple[int, int]) -> None:
    assert np.isfinite(image_statistics(Image.new("RGB", size, "red"))).all()
