from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pipelines.schema import DataError
from training.batch import Masking
from training.corpus import Corpus
from training.region_store import RegionStore, StoreKind, write_shard
from training.regions import Regions
from training.sampling import Negatives, Sampler, pairs_with_regions
from training.tokenizer import WordPiece

TOKENIZER = WordPiece()
KIND = StoreKind("test", max_regions=3, feature_size=2, classes=5)


def digest(index: int) -> str:
    return f"{index:064x}"


def corpus_of(texts: list[str]) -> Corpus:
    ids = [np.array(tokens, np.int32) for tokens in TOKENIZER.encode(texts)]
    starts = np.cumsum([0, *map(len, ids)], dtype=np.int64)
    return Corpus(np.array([digest(index) for index in range(len(texts))], "S64"), np.concatenate(ids), starts)


def store_of(folder: Path, count: int) -> RegionStore:
    """Image i has two regions whose features are all i + 1."""
    with write_shard(folder / "part", [digest(index) for index in range(count)], KIND) as writer:
        for index in range(count):
            features = np.full((2, 2), index + 1, np.float16)
            boxes = np.tile(np.array([0, 0, 1, 1], np.float32), (2, 1))
            writer.append(Regions(features, boxes, np.zeros(2, np.int32), np.ones(2, np.float32)))
    return RegionStore([folder / "part"])


def sampler_of(folder: Path, texts: list[str], seed: int = 0, negative_share: float = 0.5) -> Sampler:
    store = store_of(folder, len(texts))
    corpus, rows = pairs_with_regions(corpus_of(texts), store)
    return Sampler(
        corpus=corpus,
        rows=rows,
        store=store,
        negatives=Negatives(corpus.text_groups()),
        masking=Masking(negative_share=negative_share, token_share=0, region_share=0),
        tokenizer=TOKENIZER,
        max_regions=2,
        seed=seed,
    )


def groups(*numbers: int) -> NDArray[np.int64]:
    return np.array(numbers, np.int64)


def test_negatives_are_uniform_over_the_pairs_with_another_text() -> None:
    negatives = Negatives(groups(0, 1, 0, 2, 0))
    random = np.random.default_rng(0)
    assert set(Counter(negatives.draw(2, random) for _ in range(200))) == {1, 3}
    counts = Counter(negatives.draw(1, random) for _ in range(4000))
    assert set(counts) == {0, 2, 3, 4}
    assert all(count == pytest.approx(1000, abs=120) for count in counts.values())


def test_one_text_alone_has_no_negatives() -> None:
    assert not Negatives(groups(0, 0, 0)).exist
    assert Negatives(groups(0, 1)).exist


def test_texts_that_differ_in_case_only_are_equal() -> None:
    assert corpus_of(["A cat", "a CAT", "a dog"]).text_groups().tolist() == [0, 0, 1]


def test_half_of_the_samples_are_mismatched_and_each_side_is_replaced_in_half_of_them(tmp_path: Path) -> None:
    words = ["cat", "dog", "bird", "fish"]
    sampler = sampler_of(tmp_path, words)
    kinds: Counter[str] = Counter()
    for epoch in range(500):
        order = np.random.default_rng((1, 0, epoch)).permutation(4)
        for place in range(4):
            sample = sampler.example(epoch, place)
            image = int(sample.features_RD[0, 0]) - 1
            text = words.index(TOKENIZER.decode(sample.ids_T.tolist()))
            assert sample.matched == (image == text)
            assert sample.key == digest(image)
            kinds["matched" if sample.matched else "other text" if image == order[place] else "other image"] += 1
    assert kinds["matched"] == pytest.approx(1000, abs=80)
    assert kinds["other text"] == pytest.approx(500, abs=70)
    assert kinds["other image"] == pytest.approx(500, abs=70)


def test_a_text_equal_to_the_images_own_is_no_negative(tmp_path: Path) -> None:
    sampler = sampler_of(tmp_path, ["cat", "cat", "dog"], negative_share=1)
    for epoch in range(50):
        for place in range(3):
            sample = sampler.example(epoch, place)
            image_is_dog = int(sample.features_RD[0, 0]) == 3
            assert image_is_dog != (TOKENIZER.decode(sample.ids_T.tolist()) == "dog")
            assert not sample.matched


def test_an_epoch_shows_every_pair_once_in_an_order_of_its_own(tmp_path: Path) -> None:
    sampler = sampler_of(tmp_path, ["a", "b", "c", "d", "e", "f"], negative_share=0)
    orders = [[sampler.example(epoch, place).key for place in range(6)] for epoch in range(2)]
    assert sorted(orders[0]) == sorted(orders[1]) == [digest(index) for index in range(6)]
    assert orders[0] != orders[1]


def test_batches_run_on_over_the_end_of_an_epoch(tmp_path: Path) -> None:
    sampler = sampler_of(tmp_path, ["a", "b", "c"], negative_share=0)
    expected = [sampler.example(sample // 3, sample % 3).key for sample in range(4, 8)]
    assert list(sampler.batch(1, 4).keys) == expected


def test_a_step_gives_the_same_batch_again_and_another_seed_another(tmp_path: Path) -> None:
    texts = ["a red dog", "two cats", "a green bird on a tree", "fish"]
    for name in "abc":
        (tmp_path / name).mkdir()
    first, again, other = (sampler_of(tmp_path / name, texts, seed) for name, seed in (("a", 5), ("b", 5), ("c", 6)))
    first.batch(0, 16)  # what was drawn before does not matter
    assert torch.equal(first.batch(3, 16).ids_BT, again.batch(3, 16).ids_BT)
    assert torch.equal(first.batch(3, 16).features_BRD, again.batch(3, 16).features_BRD)
    assert first.batch(3, 16).keys != other.batch(3, 16).keys


def test_pairs_whose_image_has_no_regions_are_left_out(tmp_path: Path) -> None:
    store = store_of(tmp_path, 2)
    corpus, rows = pairs_with_regions(corpus_of(["a", "b", "c"]), store)
    assert corpus.digests_N.tolist() == [digest(0).encode(), digest(1).encode()]
    assert TOKENIZER.decode(corpus.text_ids(1).tolist()) == "b"
    assert rows.tolist() == [0, 1]


def test_a_corpus_without_any_regions_is_refused(tmp_path: Path) -> None:
    store = store_of(tmp_path, 1)
    stranger = Corpus(np.array([digest(9)], "S64"), np.array([101, 102], np.int32), np.array([0, 2]))
    with pytest.raises(DataError, match="none of the 1 pairs has an image that can be decoded"):
        pairs_with_regions(stranger, store)
