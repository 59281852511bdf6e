"""The model learns what it should: to match texts with images, and nothing when they do not belong together."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training_world import world, write_corpus
from training.batch import Masking
from training.loop import train
from training.prepare import Settings, build_sampler, prepare
from training.recipes import tiny

RECIPE = replace(tiny(), batch_size=64, learning_rate=4e-3, dropout=0.0)
STEPS = 300
UNMASKED = Masking(token_share=0, region_share=0)


def itm_accuracy_on_held_out(folder: Path, shuffled: bool) -> float:
    """Train on three quarters of a world, shuffled or not, and match the (true) pairs of the rest."""
    pairs = world(shifts=(-6, 0, 6))
    random = np.random.default_rng(0)
    order = random.permutation(len(pairs))
    held_out, training = ([pairs[index] for index in part] for part in np.split(order, [len(pairs) // 4]))
    if shuffled:
        texts = random.permutation([text for _, text in training]).tolist()
        training = [(image, text) for (image, _), text in zip(training, texts, strict=True)]
    run = prepare(
        Settings(
            corpus=write_corpus(folder / "train.parquet", training),
            out=folder / "out",
            recipe=RECIPE,
            steps=STEPS,
            device="cpu",
        )
    )
    train(run)
    test = Settings(
        corpus=write_corpus(folder / "test.parquet", held_out),
        out=folder / "out",
        recipe=replace(RECIPE, masking=UNMASKED),
    )
    sampler = build_sampler(test, None, torch.device("cpu"))
    run.model.eval()
    with torch.no_grad():
        batch = sampler.batch(0, 4 * len(held_out))
        answers = run.model(batch, ("itm",))["itm"] > 0
    return float((answers == batch.matched_B.bool()).float().mean())


@pytest.mark.slow
def test_matching_beats_chance_on_pairs_never_seen(tmp_path: Path) -> None:
    assert itm_accuracy_on_held_out(tmp_path, shuffled=False) > 0.8


@pytest.mark.slow
def test_matching_stays_at_chance_when_texts_and_images_were_shuffled(tmp_path: Path) -> None:
    assert itm_accuracy_on_held_out(tmp_path, shuffled=True) == pytest.approx(0.5, abs=0.08)
