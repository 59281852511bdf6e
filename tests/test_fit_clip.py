"""Training our open_clip model: views, the trained part, the loss, the measures, and the command from pairs to card."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from PIL import ImageOps

from filters.backbone import Backbone
from scoring.clip import load_clip
from scoring.dual_encoder import Floats, Moments
from scoring.fit_clip import main
from scoring.fitting.captioned_photos import PairsError
from scoring.fitting.clip_folds import ClipFolds
from scoring.fitting.clip_model import ClipRecipe, image_to_text_loss, likeness_order
from scoring.fitting.clip_photos import read_clip_photos
from scoring.fitting.clip_quality import like_photos, measure_clip, measure_scores
from scoring.fitting.clip_training import train_clip
from scoring.fitting.clip_trunk import TrainedPart, pooled
from scoring.fitting.clip_views import Views, make_views, view
from tests.painted_pictures import SMALL, painted, pairs


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Views, Floats, Floats]:
    """Views, sentences and class probabilities of twelve painted pictures."""
    images = [painted(number)[0] for number in range(12)]
    views = make_views(images, 2, tmp_path_factory.mktemp("views"), seed=0)
    random = np.random.default_rng(0)
    sentences = random.normal(size=(12, 2, 384)).astype(np.float32)
    return views, sentences, Backbone().embed(images).class_probabilities_BC


def test_the_first_views_are_the_photo_and_its_mirror_image() -> None:
    photo = painted(1)[0].resize((224, 224))
    assert view(photo, 0, Random(0)).tobytes() == photo.tobytes()
    assert view(photo, 1, Random(0)).tobytes() == ImageOps.mirror(photo).tobytes()


def test_further_views_are_drawn_from_the_seed() -> None:
    photo = painted(1)[0]
    assert view(photo, 2, Random(3)).tobytes() == view(photo, 2, Random(3)).tobytes()
    assert view(photo, 2, Random(3)).tobytes() != view(photo, 2, Random(4)).tobytes()


def test_views_are_made_once_a_folder(tmp_path: Path) -> None:
    images = [painted(number)[0] for number in range(2)]
    first = make_views(images, 1, tmp_path, seed=0)
    [path] = tmp_path.iterdir()
    made = path.stat().st_mtime_ns
    assert make_views(images, 1, tmp_path, seed=0).digest == first.digest
    assert path.stat().st_mtime_ns == made
    assert first.views[0].shape == (2, 14, 14, 80)


def test_untrained_it_says_what_the_backbone_says_of_the_whole_image(world: tuple[Views, Floats, Floats]) -> None:
    features = pooled(TrainedPart(0), world[0].plain(np.arange(12), size=5)).numpy()
    expected = Backbone().grid([painted(number)[0] for number in range(12)]).features_BGGD.mean((1, 2))
    cosines = (features * expected).sum(1) / np.linalg.norm(features, axis=1) / np.linalg.norm(expected, axis=1)
    assert cosines.min() > 0.97  # half precision in between, which flat colours feel most


def test_a_right_caption_does_not_count_as_wrong_for_its_photo() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0, 0.0], [0.0, 0.0, 2.0, 1.0]])
    expected = np.mean([np.log1p(2 * np.exp(-2)), np.log1p(2 * np.exp(-1))])
    assert float(image_to_text_loss(logits, captions=2)) == pytest.approx(expected, abs=1e-6)


def test_like_photos_come_next_to_each_other() -> None:
    keys = np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2, 0, 1, 2]]
    order = likeness_order(keys, 9, np.random.default_rng(0))
    assert sorted(order.tolist()) == list(range(9))
    groups = (order % 3).tolist()
    assert sum(left != right for left, right in pairwise(groups)) == 2


def test_training_is_the_same_for_a_seed_and_goes_on_where_it_broke_off(
    world: tuple[Views, Floats, Floats], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train_clip(*world, SMALL, tmp_path / "whole").state_dict()
    again = train_clip(*world, SMALL, tmp_path / "again").state_dict()
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    with monkeypatch.context() as context:
        context.setattr("scoring.fitting.clip_training.save_state", _kill_after_the_first_epoch)
        with pytest.raises(KeyboardInterrupt):
            train_clip(*world, SMALL, tmp_path / "broken")
    resumed = train_clip(*world, SMALL, tmp_path / "broken").state_dict()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_training_brings_photos_and_their_texts_together(world: tuple[Views, Floats, Floats], tmp_path: Path) -> None:
    views, sentences, _ = world
    recipe = replace(SMALL, warm_up=200, change_rate=1e-5)  # flat colours leave the trunk nothing to learn from
    model = train_clip(*world, recipe, tmp_path / "checkpoint")
    with torch.inference_mode():
        images = model.images(model.trunk(views.batch(np.zeros(12, np.int64), np.arange(12))))
        texts = model.texts(torch.from_numpy(sentences[:, 0]))
    assert (images @ texts.T).argmax(1).tolist() == list(range(12))


def test_the_measures_are_those_computed_by_hand() -> None:
    scores = np.array([[0.9, 0.1, 0.5], [0.8, 0.7, 0.2], [0.3, 0.4, 0.6]], np.float32)
    quality = measure_scores("p", "s", scores, np.array([0, 1, 2]), np.array([[1], [0], [1]]))
    assert quality.random == pytest.approx((6 + 5 + 5) / 18)  # of own .9 .7 .6 against the six others
    assert quality.same_class == pytest.approx((3 + 2 + 2) / 9)  # against .1 .8 .4
    assert quality.image_to_text == pytest.approx(200 / 3)
    assert quality.text_to_image == pytest.approx(100)


def test_a_caption_near_to_all_images_is_held_against_what_is_usual() -> None:
    images = np.array([[1, 0], [0.8, 0.6]], np.float32)
    usual = Moments(np.array([0.9, 0.1], np.float32), np.eye(2, dtype=np.float32) * 0.01)
    plain, over = measure_clip("p", images, images, np.array([0, 1]), np.eye(2, 1000, dtype=np.float32), usual)
    assert (plain.score, over.score) == ("cosine", "over usual images")
    assert plain.random == over.random == 1


def test_like_photos_are_those_of_like_classes() -> None:
    probabilities = np.array([[0.9, 0.1, 0], [0, 0.1, 0.9], [0.7, 0.3, 0]], np.float32)
    assert like_photos(probabilities)[:, 0].tolist() == [2, 2, 0]


def test_the_split_is_that_of_the_relevance_fit(tmp_path: Path) -> None:
    photos = read_clip_photos(pairs(tmp_path / "pairs.parquet"))
    order = np.random.default_rng(7).permutation(24)
    expected = [[photos.captions[photo] for photo in part] for part in np.split(order, [20, 22])]
    assert [list(part.captions) for part in photos.split(7)] == expected


def test_too_few_photos_are_told(tmp_path: Path) -> None:
    with pytest.raises(PairsError, match="holds 23 usable photos; give at least 24, better thousands"):
        read_clip_photos(pairs(tmp_path / "pairs.parquet", count=23))


def test_a_missing_file_ends_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--pairs", str(tmp_path / "no.parquet"), "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"{tmp_path / 'no.parquet'} does not exist; check the path\n"


def test_a_recipe_without_epochs_is_refused() -> None:
    with pytest.raises(ValueError, match="epochs=0"):
        ClipRecipe(epochs=0)


@pytest.mark.slow
def test_the_command_makes_a_model_that_loads_and_a_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = pairs(tmp_path / "pairs.parquet"), tmp_path / "model"
    arguments = ["--pairs", str(file), "--validation", str(file), "--out", str(out), "--epochs", "1"]
    arguments += ["--folds", str(tmp_path / "folds.npz"), "--fold-count", "2", "--fold-epochs", "1"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "| 24 of pairs.parquet | cosine |" in printed
    assert f"load_clip('lait', '{out}')" in printed
    card = (out / "clip.md").read_text()
    assert (
        "python -m scoring.fit_clip --pairs pairs.parquet --seed 0 --epochs 1 --folds folds.npz --validation pairs.parquet"
        in card
    )
    assert "20 photos with 40 captions" in card
    assert load_clip("lait", str(out)).weights_hash != load_clip().weights_hash
    folds = ClipFolds.load(tmp_path / "folds.npz")
    assert np.bincount(folds.fold_of).tolist() == [10, 10]
    folds.check(read_clip_photos(file).split(0)[0].captions)


def _kill_after_the_first_epoch(state: dict[str, object], path: Path) -> None:
    torch.save(state, path)
    raise KeyboardInterrupt
