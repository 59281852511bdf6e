"""Which photos are left out together, and what encoders say of photos that they were not trained on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from filters.backbone import Backbone
from scoring.dual_encoder import Floats, Moments
from scoring.fitting.clip_folds import ClipFolds, captions_digest, train_folds
from scoring.fitting.clip_views import Views, make_views
from scoring.fitting.folds import folds_of
from tests.painted_pictures import SMALL, painted

CAPTIONS = [[f"caption {number}"] for number in range(12)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Views, Floats, Floats]:
    """Views, sentences and class probabilities of twelve painted pictures."""
    images = [painted(number)[0] for number in range(12)]
    views = make_views(images, 2, tmp_path_factory.mktemp("views"), seed=0)
    sentences = np.random.default_rng(0).normal(size=(12, 2, 384)).astype(np.float32)
    return views, sentences, Backbone().embed(images).class_probabilities_BC


@pytest.fixture(scope="module")
def folds(world: tuple[Views, Floats, Floats], tmp_path_factory: pytest.TempPathFactory) -> ClipFolds:
    return train_folds(*world, CAPTIONS, SMALL, tmp_path_factory.mktemp("cache"), folds=2)


def test_half_of_the_photos_are_left_out_with_their_whole_kind_and_half_are_drawn() -> None:
    kinds = np.repeat(np.arange(12), 50)
    fold_of = folds_of(np.eye(12, dtype=np.float32)[kinds], seed=0, folds=3)
    assert np.bincount(fold_of).tolist() == [200, 200, 200]
    whole = [len(set(fold_of[kinds == kind].tolist())) == 1 for kind in range(12)]
    assert sum(whole) == 6
    assert [len(set(fold_of[kinds == kind].tolist())) for kind in range(12) if not whole[kind]] == [3] * 6


def test_all_photos_can_be_left_out_with_their_whole_kind() -> None:
    kinds = np.repeat(np.arange(12), 50)
    fold_of = folds_of(np.eye(12, dtype=np.float32)[kinds], seed=0, folds=3, whole_share=1)
    assert [len(set(fold_of[kinds == kind].tolist())) for kind in range(12)] == [1] * 12


def test_folds_depend_on_the_seed_alone() -> None:
    probabilities = np.random.default_rng(0).dirichlet(np.ones(20), 60).astype(np.float32)
    assert folds_of(probabilities, 1).tolist() == folds_of(probabilities, 1).tolist()
    assert folds_of(probabilities, 1).tolist() != folds_of(probabilities, 2).tolist()


def test_one_fold_would_leave_nothing_to_train_on() -> None:
    with pytest.raises(ValueError, match="at least 2 folds are needed, got 1"):
        folds_of(np.eye(4, dtype=np.float32), seed=0, folds=1)


def test_views_of_some_photos_are_those_of_all(world: tuple[Views, Floats, Floats]) -> None:
    views = world[0]
    some = views.take(np.array([7, 3, 5])).take(np.array([2, 0]))
    found = some.batch(np.array([1, 0]), np.array([0, 1])).numpy()
    np.testing.assert_array_equal(found, views.batch(np.array([1, 0]), np.array([5, 7])).numpy())


def test_each_photo_is_projected_by_the_encoder_that_has_not_seen_it(
    world: tuple[Views, Floats, Floats], folds: ClipFolds, tmp_path: Path
) -> None:
    views, sentences, probabilities = world
    assert folds.images.shape == (2, 12, 256)
    np.testing.assert_allclose(np.linalg.norm(folds.images, axis=2), 1, atol=1e-5)
    changed = sentences.copy()
    changed[folds.fold_of == 0] = 1  # what is left out of the first encoder cannot matter to it
    again = train_folds(views, changed, probabilities, CAPTIONS, SMALL, tmp_path, folds=2)
    first = folds.fold_of == 0
    np.testing.assert_array_equal(again.images[:, first], folds.images[:, first])
    assert not np.allclose(again.images[:, ~first], folds.images[:, ~first])


def test_texts_are_projected_by_the_encoder_of_the_fold(folds: ClipFolds) -> None:
    sentence = np.eye(1, 384, 5, dtype=np.float32)
    row = folds.text_projections[1, 5]
    np.testing.assert_allclose(folds.project_texts(1, sentence)[0], row / np.linalg.norm(row), atol=1e-6)


def test_folds_come_back_from_their_file(folds: ClipFolds, tmp_path: Path) -> None:
    folds.save(tmp_path / "folds.npz")
    again = ClipFolds.load(tmp_path / "folds.npz")
    assert again.fold_of.tolist() == folds.fold_of.tolist()
    np.testing.assert_allclose(again.images, folds.images, atol=1e-3)
    assert len(again.seen) == 2
    np.testing.assert_allclose(again.seen[1].mean, folds.seen[1].mean, atol=1e-3)
    again.check(CAPTIONS)


def test_folds_of_other_photos_are_refused(folds: ClipFolds) -> None:
    with pytest.raises(ValueError, match=r"of other photos .* the same seed: python -m scoring\.fit_clip --folds"):
        folds.check(CAPTIONS[::-1])


def test_missing_or_damaged_folds_are_told(folds: ClipFolds, tmp_path: Path) -> None:
    path = tmp_path / "folds.npz"
    with pytest.raises(ValueError, match=r"folds.npz is missing; make it: python -m scoring.fit_clip --folds"):
        ClipFolds.load(path)
    folds.save(path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="holds no folds, or is damaged"):
        ClipFolds.load(path)


def toy_folds(fold_of: list[int]) -> ClipFolds:
    """Two encoders of two dimensions that say of every photo the same."""
    images = np.zeros((2, len(fold_of), 2), np.float32)
    images[..., 0] = 1
    moments = Moments(np.zeros(2, np.float32), np.eye(2, dtype=np.float32))
    projections = np.zeros((2, 384, 2), np.float32)
    return ClipFolds(np.array(fold_of), images, (moments, moments), projections, captions_digest(CAPTIONS))


def test_a_fold_is_told_by_its_number() -> None:
    folds = toy_folds([0, 1])
    projections = folds.text_projections.copy()
    projections[0, :, 0] = projections[1, :, 1] = 1
    folds = replace(folds, text_projections=projections)
    sentence = np.ones((1, 384), np.float32)
    assert folds.project_texts(0, sentence).tolist() == [[1, 0]]
    assert folds.project_texts(1, sentence).tolist() == [[0, 1]]
