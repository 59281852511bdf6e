from math import log

import numpy as np
import pytest
import torch

from training.batch import Batch, Masking, collate, masked_example
from training.losses import TaskWeights, pretraining_losses
from training.regions import Regions
from training.tokenizer import WordPiece

TOKENIZER = WordPiece()


def one_batch(*matched: bool) -> Batch:
    """Each sample hides one of its one tokens and both of its two regions of classes 0 and 1."""
    everything = Masking(token_share=1, mask_share=1, random_share=0, region_share=1, zero_share=1)
    regions = Regions(
        np.array([[1, 2], [3, 4]], np.float16),
        np.zeros((2, 4), np.float32),
        np.array([0, 1], np.int32),
        np.ones(2, np.float32),
    )
    random = np.random.default_rng(0)
    ids = np.array([101, 3, 102], np.int32)
    examples = [masked_example("00", ids, regions, match, everything, TOKENIZER, random) for match in matched]
    return collate(examples, TOKENIZER.pad_id)


def predictions() -> dict[str, torch.Tensor]:
    return {
        "mlm": torch.zeros(1, 4, requires_grad=True),
        "moc": torch.tensor([[log(3), 0.0], [log(3), 0.0]], requires_grad=True),
        "mrfr": torch.tensor([[1.0, 0.0], [3.0, 4.0]], requires_grad=True),
        "itm": torch.tensor([log(4), log(4)], requires_grad=True),
    }


def test_each_loss_and_accuracy_by_hand() -> None:
    found = pretraining_losses(predictions(), one_batch(True, False), TaskWeights())
    assert {task: loss.item() for task, loss in found.losses.items()} == pytest.approx(
        {
            "mlm": log(4),  # four equal logits
            "moc": -(log(3 / 4) + log(1 / 4)) / 2,
            "mrfr": 4 / 4,  # one of four numbers is off by 2
            "itm": -(log(4 / 5) + log(1 / 5)) / 2,
        }
    )
    assert {task: share.item() for task, share in found.accuracies.items()} == {"mlm": 0, "moc": 0.5, "itm": 0.5}


def test_total_is_the_weighted_sum() -> None:
    weights = TaskWeights(mlm=0, moc=2, mrfr=0.5, itm=0)
    found = pretraining_losses(predictions(), one_batch(True, False), weights)
    assert weights.active() == ("moc", "mrfr")
    assert sorted(found.losses) == ["moc", "mrfr"]
    assert found.total.item() == pytest.approx(2 * found.losses["moc"].item() + 0.5)


def test_a_batch_without_matched_pairs_has_itm_only() -> None:
    empty = {"mlm": torch.zeros(0, 4), "moc": torch.zeros(0, 2), "mrfr": torch.zeros(0, 2), "itm": torch.zeros(2)}
    found = pretraining_losses(empty, one_batch(False, False), TaskWeights())
    assert list(found.losses) == ["itm"]
    assert found.total.item() == pytest.approx(log(2))


def test_a_batch_without_anything_to_learn_costs_nothing_but_has_a_gradient() -> None:
    empty = {"mlm": torch.zeros(0, 4, requires_grad=True)}
    found = pretraining_losses(empty, one_batch(False), TaskWeights(moc=0, mrfr=0, itm=0))
    torch.autograd.backward(found.total)
    assert found.total.item() == 0
    assert found.losses == {}


@pytest.mark.parametrize("weights", [{"itm": -1.0}, {"mlm": 0.0, "moc": 0.0, "mrfr": 0.0, "itm": 0.0}])
def test_impossible_weights_are_refused(weights: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="task weights"):
        TaskWeights(**weights)
