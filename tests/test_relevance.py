from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.Image import Image as Picture

from crawler.items import Text
from scoring.describe import Describer
from scoring.dual_encoder import Floats, Moments, unit
from scoring.features import FEATURES
from scoring.fitting.quality import expected_calibration_error, measure, measure_pages, threshold_for
from scoring.pictures import Pictures
from scoring.relevance import MODELS, Calibration, RelevanceFilter, RelevanceModel, RelevanceParts
from scoring.trees import Trees

CAPTIONS = (
    "A cup of espresso coffee on a saucer with a spoon",
    "A tabby cat looks into the camera",
    "A red motorcycle parked in a garage",
)
NOISE = (
    "Sign up for our newsletter and never miss a story",
    "Ten Proven Ways to Save on Your Mortgage",
    "Welcome to the Northwind Gazette",
)


class ToyEncoder:
    """Into two dimensions: an image by its first pixel's red and green, a text by whether it says coffee."""

    name = "toy"
    weights_hash = "0123"

    def project_images(self, images: Sequence[Picture]) -> Floats:
        pixels = [np.asarray(image)[0, 0, :2] for image in images]
        return unit(np.array(pixels, np.float32) + 1)

    def project_texts(self, texts: Sequence[str], sentences: Floats | None = None) -> Floats:
        return np.array([[1, 0] if "coffee" in text else [0, 1] for text in texts], np.float32)


@pytest.fixture(scope="module")
def model() -> RelevanceModel:
    return RelevanceModel()


@pytest.fixture(scope="module")
def photos() -> Pictures:
    names = ("coffee.png", "chelsea.png", "motorcycle_left.png")
    images = [Image.open(str(files("skimage.data") / name)).convert("RGB") for name in names]
    return Describer().pictures(images, [image.size for image in images])


def texts(*values: str) -> list[Text]:
    return [Text("alt", value) for value in values]


def test_each_photo_prefers_its_own_caption(model: RelevanceModel, photos: Pictures) -> None:
    scores = model.scores(photos, [texts(*CAPTIONS)] * 3)
    assert [int(np.argmax(row)) for row in scores] == [0, 1, 2]


def test_right_captions_pass_the_default_threshold_and_boilerplate_does_not(
    model: RelevanceModel, photos: Pictures
) -> None:
    keeps = RelevanceFilter()
    right = model.scores(photos, [texts(caption) for caption in CAPTIONS])
    assert [keeps.reason_to_drop(score) for (score,) in right] == [None, None, None]
    noise = [score for row in model.scores(photos, [texts(*NOISE)] * 3) for score in row]
    assert {keeps.reason_to_drop(score) for score in noise} == {"irrelevant"}


def test_names_places_and_headline_casing_do_not_sink_a_right_caption(model: RelevanceModel, photos: Pictures) -> None:
    dressed = "Tabby Cat Milou Looks Into the Camera at Karvelo Farm in Denver, Colorado"
    ((own,), (others,)) = model.scores(photos.take([1, 2]), [texts(dressed)] * 2)
    assert RelevanceFilter().reason_to_drop(own) is None
    assert RelevanceFilter().reason_to_drop(others) == "irrelevant"


def test_an_image_without_texts_gets_no_scores(model: RelevanceModel, photos: Pictures) -> None:
    scores = model.scores(photos, [texts(CAPTIONS[0]), [], texts(*CAPTIONS[:2])])
    assert [len(row) for row in scores] == [1, 0, 2]
    assert model.scores(photos, [[], [], []]) == [[], [], []]


def test_scores_do_not_depend_on_the_other_images_of_the_batch(model: RelevanceModel, photos: Pictures) -> None:
    together = model.scores(photos, [texts(*CAPTIONS)] * 3)
    assert model.scores(photos.take([0]), [texts(*CAPTIONS)])[0] == pytest.approx(together[0], abs=1e-6)


def test_texts_for_another_number_of_images_are_refused(model: RelevanceModel, photos: Pictures) -> None:
    with pytest.raises(ValueError, match="3 images but 1 lists"):
        model.scores(photos, [texts("a dog")])


def test_calibration_keeps_the_order_and_stays_inside_zero_and_one(model: RelevanceModel) -> None:
    probabilities = model.parts.calibration.probabilities(np.linspace(-8, 8, 50))
    assert (np.diff(probabilities) > 0).all()
    assert 0 < probabilities[0] < probabilities[-1] < 1


def test_calibration_by_hand() -> None:
    assert Calibration(2.0, 0.0).probabilities(np.array([0.0, np.log(3)])).tolist() == pytest.approx([0.5, 0.9])


def test_a_falling_calibration_is_refused() -> None:
    with pytest.raises(ValueError, match=r"-1\.0"):
        Calibration(-1.0, 0.0)


def test_the_artefact_is_small_and_survives_saving(model: RelevanceModel, tmp_path: Path) -> None:
    assert sum(path.stat().st_size for path in MODELS.rglob("*")) < 10_000_000  # the open_clip model's among them
    model.parts.save(tmp_path)
    again = RelevanceParts.load(tmp_path)
    assert again.calibration == model.parts.calibration
    rows = np.zeros((1, len(FEATURES)), np.float32)
    assert again.probabilities(rows).tolist() == model.parts.probabilities(rows).tolist()


@pytest.mark.parametrize("name", ["relevance.npz", "relevance.txt", "relevance_cautious.txt"])
def test_a_missing_artefact_is_named_with_the_command_that_makes_one(
    name: str, model: RelevanceModel, tmp_path: Path
) -> None:
    model.parts.save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(
        ValueError, match=rf"{tmp_path / name} is missing; .*scoring\.fit --pairs PAIRS --out {tmp_path}"
    ):
        RelevanceModel(tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
@pytest.mark.parametrize("name", ["relevance.npz", "relevance.txt", "relevance_cautious.txt"])
def test_a_torn_artefact_is_refused(name: str, share: float, model: RelevanceModel, tmp_path: Path) -> None:
    model.parts.save(tmp_path)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ValueError, match=rf"{tmp_path / name} .*damaged.*python -m scoring\.fit"):
        RelevanceModel(tmp_path)


@pytest.mark.parametrize("lost", ["feature_names=", "num_leaves=", "threshold="])
def test_trees_that_lightgbm_cannot_read_are_refused(lost: str, model: RelevanceModel, tmp_path: Path) -> None:
    model.parts.save(tmp_path)
    trees = tmp_path / "relevance.txt"
    trees.write_text(trees.read_text().replace(lost, "", 1))
    with pytest.raises(ValueError, match="is damaged"):
        RelevanceModel(tmp_path)


def test_trees_of_other_features_are_refused(model: RelevanceModel, tmp_path: Path) -> None:
    model.parts.save(tmp_path)
    trees = tmp_path / "relevance.txt"
    trees.write_text(trees.read_text().replace("dual_cosine", "renamed", 1))
    with pytest.raises(ValueError, match="other features"):
        RelevanceParts.load(tmp_path)


def test_on_images_far_from_the_fitted_ones_the_trees_without_the_joint_encoder_have_more_to_say(
    model: RelevanceModel,
) -> None:
    trees = model.parts.trees
    assert trees.cautious is not None
    far, home = trees.trust
    rows = np.zeros((5, len(FEATURES)), np.float32)
    rows[:, FEATURES.index("image_coverage")] = [far - 0.1, (far + home) / 2, home + 0.1, np.nan, home]
    rows[4, FEATURES.index("clip_cosine")] = np.nan  # the joint encoder said nothing
    whole, cautious = (booster.predict(rows, raw_score=True) for booster in (trees.whole, trees.cautious))
    weights = np.array([0.2, 0.6, 1.0, 0.2, 0.0])
    assert trees.raw(rows).tolist() == pytest.approx((weights * whole + (1 - weights) * cautious).tolist(), abs=1e-5)
    assert trees.contributions(rows).sum(1).tolist() == pytest.approx(trees.raw(rows).tolist(), abs=1e-4)


def test_trees_without_a_joint_encoder_stand_alone(model: RelevanceModel, tmp_path: Path) -> None:
    alone = Trees(model.parts.trees.whole)
    replace(model.parts, trees=alone).save(tmp_path)
    assert not (tmp_path / "relevance_cautious.txt").exists()
    rows = np.zeros((1, len(FEATURES)), np.float32)
    expected = np.asarray(model.parts.trees.whole.predict(rows, raw_score=True)).tolist()
    assert RelevanceParts.load(tmp_path).trees.raw(rows).tolist() == pytest.approx(expected)


def test_a_joint_encoder_gives_its_features_to_the_model_that_was_fitted_with_it(
    model: RelevanceModel, photos: Pictures, tmp_path: Path
) -> None:
    moments = Moments(np.zeros(2, np.float32), np.eye(2, dtype=np.float32))
    matchers = replace(model.parts.matchers, joint="toy 0123", joint_images=moments, joint_texts=moments)
    replace(model.parts, matchers=matchers).save(tmp_path)
    joined = RelevanceModel(tmp_path, ToyEncoder())
    image = Image.new("RGB", (8, 8), (2, 3, 0))  # three to four, one added
    pictures = joined.with_joint(photos.take([0]), [image])
    rows = joined.features_of(joined.batch(pictures, [texts("hot coffee now", "a tabby cat")]))
    assert rows[:, FEATURES.index("clip_cosine")].tolist() == pytest.approx([0.6, 0.8])
    with pytest.raises(ValueError, match="toy"):
        RelevanceModel(tmp_path)  # no model of open_clip's has that name


def test_a_joint_encoder_that_the_model_was_not_fitted_with_is_refused() -> None:
    with pytest.raises(ValueError, match=r"not with toy 0123; fit .* with that: python -m scoring\.fit --clip toy"):
        RelevanceModel(joint=ToyEncoder())


def test_nothing_failed_on_the_photos(model: RelevanceModel, photos: Pictures) -> None:
    model.scores(photos, [texts(*CAPTIONS, *NOISE)] * 3)
    assert model.failures == {}


def test_the_filter_drops_below_its_threshold_only() -> None:
    keeps = RelevanceFilter(threshold=0.6)
    assert keeps.reason_to_drop(0.59) == "irrelevant"
    assert keeps.reason_to_drop(0.6) is None
    assert RelevanceFilter(threshold=0).reason_to_drop(float("nan")) == "irrelevant"


@pytest.mark.parametrize("threshold", [-0.1, 1.5])
def test_a_threshold_outside_zero_and_one_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match=str(threshold)):
        RelevanceFilter(threshold)


def test_quality_by_hand() -> None:
    probabilities = np.array([0.9, 0.7, 0.8, 0.1, 0.2])
    quality = measure(probabilities, ["matched", "matched", "random", "random", "noise"], threshold=0.5)
    assert quality.auc == {"random": 0.75, "noise": 1.0}
    assert quality.calibration_error["noise"] == pytest.approx((0.1 + 0.3 + 0.2) / 3)
    assert quality.kept == {"matched": 1.0, "random": 0.5, "noise": 0.0}
    assert f"| random | 0.750 | {quality.calibration_error['random']:.3f} | 0.500 |" in quality.table()


def test_page_quality_by_hand() -> None:
    probabilities = np.array([0.9, 0.2, 0.3, 0.6, 0.8, 0.4])
    right = np.array([True, False, True, False, True, True])
    quality = measure_pages(probabilities, right, np.array([0, 0, 1, 1, 2, 2]))  # the third page has no wrong text
    assert (quality.choices, quality.right) == (2, 0.5)
    assert quality.bins[0] == (0.2, 0.0, 1)
    assert quality.table().splitlines()[2] == "| 0.200 | 0.000 | 1 |"


def test_calibration_error_by_hand() -> None:
    claimed, right = np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, False])
    assert expected_calibration_error(claimed, right, bins=2) == pytest.approx((0.15 + 0.35) / 2)


def test_the_threshold_keeps_the_given_share_of_right_texts() -> None:
    right = np.arange(1, 101) / 100
    assert threshold_for(right, ["matched"] * 100, keep=0.85) == 0.15
    assert threshold_for(right, ["matched"] * 100, keep=1.0) == 0.0
