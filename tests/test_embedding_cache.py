from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scoring.fitting import embedding_cache
from scoring.fitting.embedding_cache import EmbeddingCache

PICTURES = [Image.new("RGB", (60, 40), "red"), Image.new("RGB", (40, 60), "red")]


def stored(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_kept_is_what_the_encoders_said(tmp_path: Path) -> None:
    fresh = EmbeddingCache(None)
    for _ in range(2):  # made, then read
        cache = EmbeddingCache(tmp_path / "cache")
        assert cache.sentences(["a dog", "a cat"]).tolist() == fresh.sentences(["a dog", "a cat"]).tolist()
        again, known = (encoders.pictures(PICTURES, fully=True) for encoders in (cache, fresh))
        assert again.embedding.features_BD.tolist() == known.embedding.features_BD.tolist()
        assert again.embedding.class_probabilities_BC.tolist() == known.embedding.class_probabilities_BC.tolist()
        assert again.statistics_BS.tolist() == known.statistics_BS.tolist()
        assert (again.nsfw_B.tolist(), again.natural_B.tolist()) == (known.nsfw_B.tolist(), known.natural_B.tolist())
        assert again.sizes_B2.tolist() == [[60, 40], [40, 60]]
    assert [name.partition("-")[0] for name in stored(tmp_path / "cache")] == ["images", "looks1", "texts"]


def test_without_the_nsfw_model_its_score_is_unknown(tmp_path: Path) -> None:
    known = EmbeddingCache(tmp_path).pictures(PICTURES, fully=False)
    assert np.isnan(known.nsfw_B).all()
    assert not np.isnan(known.natural_B).any()


def test_pictures_of_the_same_pixels_but_another_shape_are_others(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path)
    cache.pictures(PICTURES[:1], fully=False)
    cache.pictures(PICTURES[1:], fully=False)
    assert len(stored(tmp_path)) == 4


def test_another_version_of_a_package_finds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    EmbeddingCache(tmp_path).sentences(["a dog"])
    (before,) = stored(tmp_path)
    np.savez(tmp_path / before, sentences=np.zeros((1, 384), np.float32))  # what the other version would have said
    monkeypatch.setattr(embedding_cache, "version", lambda name: "0")
    assert np.linalg.norm(EmbeddingCache(tmp_path).sentences(["a dog"])) == pytest.approx(1, abs=1e-3)
    assert len(stored(tmp_path)) == 2
