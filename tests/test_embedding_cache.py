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
        again, embedding = cache.images(PICTURES), fresh.images(PICTURES)
        assert again.features_BD.tolist() == embedding.features_BD.tolist()
        assert again.class_probabilities_BC.tolist() == embedding.class_probabilities_BC.tolist()
    assert [name.partition("-")[0] for name in stored(tmp_path / "cache")] == ["images", "texts"]


def test_pictures_of_the_same_pixels_but_another_shape_are_others(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path)
    cache.images(PICTURES[:1])
    cache.images(PICTURES[1:])
    assert len(stored(tmp_path)) == 2


def test_another_version_of_a_package_finds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    EmbeddingCache(tmp_path).sentences(["a dog"])
    (before,) = stored(tmp_path)
    np.savez(tmp_path / before, sentences=np.zeros((1, 384), np.float32))  # what the other version would have said
    monkeypatch.setattr(embedding_cache, "version", lambda name: "0")
    assert np.linalg.norm(EmbeddingCache(tmp_path).sentences(["a dog"])) == pytest.approx(1)
    assert len(stored(tmp_path)) == 2
