import numpy as np
import pytest
import torch

from training.batch import Example, Masking, collate, masked_example
from training.regions import Regions
from training.tokenizer import WordPiece

TOKENIZER = WordPiece()


def regions(count: int = 4, size: int = 3) -> Regions:
    features = np.arange(1, count * size + 1, dtype=np.float16).reshape(count, size)
    boxes = np.tile(np.array([0, 0, 0.5, 0.5], np.float32), (count, 1))
    return Regions(features, boxes, np.arange(count, dtype=np.int32), np.ones(count, np.float32))


def example(
    masking: Masking | None = None, text: str = "a red dog runs", matched: bool = True, seed: int = 0, count: int = 4
) -> Example:
    ids = np.array(TOKENIZER.encode([text])[0], np.int32)
    random = np.random.default_rng(seed)
    return masked_example("00", ids, regions(count), matched, masking or Masking(), TOKENIZER, random)


def test_all_tokens_but_cls_and_sep_can_be_hidden() -> None:
    hidden = example(Masking(token_share=1, mask_share=1, random_share=0))
    mask = TOKENIZER.mask_id
    assert hidden.ids_T.tolist() == [101, mask, mask, mask, mask, 102]
    assert hidden.token_positions_M.tolist() == [1, 2, 3, 4]
    assert hidden.token_labels_M.tolist() == TOKENIZER.encode(["a red dog runs"])[0][1:-1]


def test_at_least_one_token_and_one_region_are_hidden() -> None:
    rare = Masking(token_share=1e-9, region_share=1e-9)
    drawn = [example(rare, seed=seed) for seed in range(50)]
    assert {len(sample.token_positions_M) for sample in drawn} == {1}
    assert {len(sample.region_positions_K) for sample in drawn} == {1}
    assert {int(sample.token_positions_M[0]) for sample in drawn} == {1, 2, 3, 4}
    assert {int(sample.region_positions_K[0]) for sample in drawn} == {0, 1, 2, 3}


def test_share_zero_hides_nothing() -> None:
    plain = example(Masking(token_share=0, region_share=0))
    assert len(plain.token_positions_M) == len(plain.region_positions_K) == 0
    assert np.array_equal(plain.features_RD, regions().features_RD)


def test_a_text_without_tokens_has_nothing_to_hide() -> None:
    assert example(text="").ids_T.tolist() == [101, 102]
    assert len(example(text="").token_positions_M) == 0


def test_shares_of_hidden_tokens_and_of_their_fates() -> None:
    text = "dog " * 40
    samples = [example(text=text, seed=seed) for seed in range(500)]
    dog = TOKENIZER.token_id("dog")
    now = np.concatenate([sample.ids_T[sample.token_positions_M] for sample in samples])
    assert len(now) / (500 * 40) == pytest.approx(0.15, abs=0.01)
    assert (now == TOKENIZER.mask_id).mean() == pytest.approx(0.8, abs=0.03)
    assert (now == dog).mean() == pytest.approx(0.1, abs=0.02)
    assert ((now != dog) & (now != TOKENIZER.mask_id)).mean() == pytest.approx(0.1, abs=0.02)


def test_hidden_regions_are_zeroed_nine_times_in_ten_and_their_features_kept_as_targets() -> None:
    samples = [example(seed=seed, count=100) for seed in range(100)]
    assert np.mean([len(sample.region_positions_K) for sample in samples]) == pytest.approx(15, abs=1)
    now = np.concatenate([sample.features_RD[sample.region_positions_K] for sample in samples])
    assert (now == 0).all(1).mean() == pytest.approx(0.9, abs=0.03)
    for sample in samples:
        assert np.array_equal(sample.region_targets_KD, regions(100).features_RD[sample.region_positions_K])
        assert np.array_equal(sample.region_labels_K, sample.region_positions_K)


def test_masking_leaves_the_stored_features_alone() -> None:
    stored = regions()
    masking = Masking(region_share=1, zero_share=1)
    ids = np.array([101, 5, 102], np.int32)
    hidden = masked_example("00", ids, stored, True, masking, TOKENIZER, np.random.default_rng(0))
    assert not hidden.features_RD.any()
    assert np.array_equal(stored.features_RD, regions().features_RD)
    assert ids.tolist() == [101, 5, 102]


def test_mismatched_pairs_are_masked_like_matched_ones() -> None:
    matched, mismatched = example(matched=True), example(matched=False)
    assert np.array_equal(matched.ids_T, mismatched.ids_T)
    assert np.array_equal(matched.features_RD, mismatched.features_RD)


def test_location_has_the_area_as_its_fifth_number() -> None:
    assert example().locations_R5[0].tolist() == [0, 0, 0.5, 0.5, 0.25]


def test_batch_is_padded_and_counts_hidden_positions_of_matched_pairs_only() -> None:
    everything = Masking(token_share=1, mask_share=1, random_share=0, region_share=1, zero_share=1)
    batch = collate(
        [
            example(everything, "a red dog runs", matched=False, count=2),
            example(everything, "two cats", matched=True, count=3),
        ],
        TOKENIZER.pad_id,
    )
    assert batch.ids_BT.tolist() == [[101, 103, 103, 103, 103, 102], [101, 103, 103, 102, 0, 0]]
    assert batch.text_mask_BT.tolist() == [[True] * 6, [True] * 4 + [False] * 2]
    assert batch.region_mask_BR.tolist() == [[True, True, False], [True, True, True]]
    assert batch.features_BRD.shape == (2, 3, 3)
    assert batch.matched_B.tolist() == [0, 1]
    assert batch.token_positions_M.tolist() == [7, 8]
    assert batch.token_labels_M.tolist() == [TOKENIZER.token_id("two"), TOKENIZER.token_id("cats")]
    assert batch.region_positions_K.tolist() == [3, 4, 5]
    assert batch.region_targets_KD.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


def test_batch_of_mismatched_pairs_has_empty_targets() -> None:
    batch = collate([example(matched=False)], TOKENIZER.pad_id)
    assert batch.token_labels_M.shape == (0,)
    assert batch.token_labels_M.dtype == torch.int64
    assert batch.region_targets_KD.shape == (0, 3)


@pytest.mark.parametrize("change", [{"token_share": 1.5}, {"negative_share": -0.1}, {"mask_share": 0.95}])
def test_impossible_shares_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        Masking(**change)
