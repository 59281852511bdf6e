from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from filters.backbone import FEATURE_SIZE, LAYER_SIZE, Backbone, ImageEmbedding
from filters.fitting.drawn_graphics import draw
from filters.image_statistics import image_statistics
from filters.natural import INPUT_SIZE, MODEL_PATH, NaturalFilter, NaturalModel, natural_features

skimage_data = pytest.importorskip("skimage.data")
BACKBONE = Backbone()


def scores(images: list[Image.Image]) -> list[float]:
    return [float(score) for score in NaturalModel().scores(images, BACKBONE.embed(images))]


def embedding_of(features: list[list[float]]) -> ImageEmbedding:
    padded = np.zeros((len(features), FEATURE_SIZE), np.float32)
    padded[:, : len(features[0])] = features
    return ImageEmbedding(
        padded, np.zeros((len(features), 1000), np.float32), np.full((len(features), LAYER_SIZE), 7, np.float32)
    )


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "rocket"])
def test_packaged_photographs_are_natural(name: str) -> None:
    image = Image.fromarray(getattr(skimage_data, name)()).convert("RGB")

    (score,) = scores([image])
    assert score > 0.5
    assert NaturalFilter().reason_to_drop(score) is None


@pytest.mark.parametrize("kind", ["charts", "pages", "placeholders", "blanks"])
def test_drawn_pictures_are_unnatural(kind: str) -> None:
    # a seed of its own: the training pictures are others of the same kinds
    photo = Image.fromarray(skimage_data.astronaut())
    found = scores(draw(kind, 4, [photo], seed=987))

    assert [NaturalFilter().reason_to_drop(score) for score in found] == ["unnatural"] * 4


def test_scores_are_float32_probabilities_and_repeat() -> None:
    images = [Image.new("RGB", (300, 400), "white"), Image.fromarray(skimage_data.coffee())]
    embedding = BACKBONE.embed(images)

    first = NaturalModel().scores(images, embedding)

    assert first.shape == (2,)
    assert first.dtype == np.float32
    assert first.min() >= 0
    assert first.max() <= 1
    assert first.tolist() == NaturalModel().scores(images, embedding).tolist()


def test_features_are_roots_of_the_embedding_then_stages_then_statistics() -> None:
    image = Image.new("RGB", (10, 10), "red")

    features = natural_features([image], embedding_of([[4.0, 9.0]]))

    assert features.shape == (1, INPUT_SIZE)
    assert features[0, :3].tolist() == [2.0, 3.0, 0.0]
    assert features[0, FEATURE_SIZE : FEATURE_SIZE + LAYER_SIZE].tolist() == [7.0] * LAYER_SIZE
    assert features[0, FEATURE_SIZE + LAYER_SIZE :].tolist() == image_statistics(image).tolist()


def save_one_unit(path: Path, size: int, weight: float, bias: float) -> None:
    """A model of features that are taken as they are, with one unit that is the first of them."""
    hidden = np.zeros((size + 1, 1), np.float32)
    hidden[0] = weight
    zeros, ones, out = np.zeros(size, np.float32), np.ones(size, np.float32), np.array([1, bias], np.float32)
    np.savez(path, mean=zeros, spread=ones, hidden=hidden, out=out)


def test_score_is_the_logistic_of_the_networks_output(tmp_path: Path) -> None:
    save_one_unit(tmp_path / "model.npz", INPUT_SIZE, 1, -2)
    images = [Image.new("RGB", (8, 8))] * 2

    found = NaturalModel(tmp_path / "model.npz").scores(images, embedding_of([[4.0], [16.0]]))

    # roots 2 and 4: logits 0 and 2
    assert found.tolist() == pytest.approx([0.5, 1 / (1 + np.exp(-2))])


def test_no_images_have_no_scores() -> None:
    assert scores([]) == []


def test_embedding_of_other_images_is_an_error() -> None:
    with pytest.raises(ValueError, match="1 images, but an embedding of 2"):
        NaturalModel().scores([Image.new("RGB", (8, 8))], embedding_of([[0.0], [0.0]]))


def test_embedding_without_its_stages_is_an_error() -> None:
    whole = embedding_of([[0.0]])

    with pytest.raises(ValueError, match=r"no layers_BL; take it as Backbone\.embed gives it"):
        NaturalModel().scores(
            [Image.new("RGB", (8, 8))], ImageEmbedding(whole.features_BD, whole.class_probabilities_BC)
        )


def test_artefact_for_other_features_is_refused(tmp_path: Path) -> None:
    save_one_unit(tmp_path / "model.npz", 3, 1, 0)

    with pytest.raises(ValueError, match=r"of 2878 features; .* python -m filters\.fit_natural --out "):
        NaturalModel(tmp_path / "model.npz")


def test_missing_artefact_is_named_with_the_command_that_makes_one(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"

    with pytest.raises(ValueError, match=rf"{path} is missing; .* python -m filters\.fit_natural --out {path}"):
        NaturalModel(path)


@pytest.mark.parametrize("content", [b"", b"no arrays", MODEL_PATH.read_bytes()[:3000], MODEL_PATH.read_bytes()[:-1]])
def test_damaged_artefact_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.npz").write_bytes(content)

    with pytest.raises(ValueError, match=r"model\.npz is no naturalness model, or damaged; .*fit_natural"):
        NaturalModel(tmp_path / "model.npz")


def test_artefact_of_other_arrays_or_a_folder_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", np.zeros(3, np.float32))
    np.savez(tmp_path / "other.npz", thing=np.zeros(3, np.float32))

    for path in (tmp_path / "one.npy", tmp_path / "other.npz", tmp_path):
        with pytest.raises(ValueError, match="is no naturalness model"):
            NaturalModel(path)


def test_artefact_with_weights_that_are_no_numbers_is_refused(tmp_path: Path) -> None:
    save_one_unit(tmp_path / "model.npz", INPUT_SIZE, np.nan, 0)

    with pytest.raises(ValueError, match="is no naturalness model"):
        NaturalModel(tmp_path / "model.npz")


def test_filter_drops_below_its_threshold_only() -> None:
    natural = NaturalFilter(threshold=0.6)

    assert [natural.reason_to_drop(score) for score in (0.59, 0.6, 1.0)] == ["unnatural", None, None]


def test_a_score_that_is_no_number_is_dropped() -> None:
    assert NaturalFilter(threshold=0).reason_to_drop(float("nan")) == "unnatural"


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_threshold_outside_zero_to_one_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold must be in"):
        NaturalFilter(threshold)
