"""The training loop: steps, checkpoints, metrics, and a clean stop."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Never

import torch
from tqdm import tqdm

from training.batch import Batch
from training.checkpoint import restore, save_checkpoint
from training.interrupt import Stop, deferred_stop
from training.losses import Losses, pretraining_losses
from training.metrics import MetricsLog, metrics_row
from training.model import ImageBERT
from training.optim import build_optimizer, learning_rate, set_learning_rate
from training.recipes import Recipe
from training.sampling import Sampler


class TrainingError(Exception):
    """Training cannot go on; the message is one line that says what to do next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One pre-training run.

    Attributes:
        model: on its device; trained in place.
        sampler: where batches come from.
        recipe: how to train.
        steps: optimiser steps in all.
        out: the existing folder for checkpoints and metrics.
        description: everything that a checkpoint must have been trained with for this run to go on from it.
    """

    model: ImageBERT
    sampler: Sampler
    recipe: Recipe
    steps: int
    out: Path
    description: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a run ended.

    Attributes:
        step: optimiser steps done in all.
        checkpoint: the folder of the last one.
        interrupted: whether it was told to stop before its last step.
    """

    step: int
    checkpoint: Path
    interrupted: bool


def train(run: Run, start: int = 0, checkpoint: Path | None = None) -> Outcome:
    """Train from step `start`, that of `checkpoint`, to the last; Ctrl-C and SIGTERM save a checkpoint and end it.

    Raises:
        TrainingError: a loss is not finite, or the GPU's memory is full.
        DataError: `checkpoint` is damaged.
        OSError: `run.out` cannot be written.
    """
    optimizer = build_optimizer(run.model, run.recipe)
    if checkpoint is not None:
        restore(checkpoint, run.model, optimizer)
    run.model.train()
    try:
        with (
            deferred_stop() as stop,
            MetricsLog(run.out, start) as log,
            tqdm(total=run.steps, initial=start, desc="pretrain", unit="step") as progress,
        ):
            return _steps(run, optimizer, range(start, run.steps), stop, log, progress)
    except torch.OutOfMemoryError as error:
        raise TrainingError(
            f"the GPU's memory is full at batch size {run.recipe.batch_size}; give a smaller --batch-size"
        ) from error


def _steps(
    run: Run,
    optimizer: torch.optim.Optimizer,
    steps: range,
    stop: Stop,
    log: MetricsLog,
    progress: "tqdm[Never]",
) -> Outcome:
    recipe = run.recipe
    for step in steps:
        began = time.perf_counter()
        rate = learning_rate(step, run.steps, recipe)
        set_learning_rate(optimizer, rate)
        losses = _step(run, optimizer, step)
        done = step + 1
        epoch = done * recipe.batch_size / len(run.sampler.corpus)
        row = metrics_row(done, epoch, losses, rate, recipe.batch_size / (time.perf_counter() - began))
        log.append(row)
        shown = {task: f"{loss.item():.3f}" for task, loss in losses.losses.items()}
        progress.set_postfix({**shown, "samples/s": row["samples_per_s"]}, refresh=False)
        progress.update()
        if stop.requested or done == run.steps or done % recipe.checkpoint_steps == 0:
            sampler, keep = run.sampler, recipe.keep_checkpoints
            saved = save_checkpoint(run.out, done, run.model, sampler.tokenizer, optimizer, run.description, keep)
            if stop.requested or done == run.steps:
                return Outcome(done, saved, done < run.steps)
    raise ValueError(f"there are no steps left in {steps}")


def _step(run: Run, optimizer: torch.optim.Optimizer, step: int) -> Losses:
    device = next(run.model.parameters()).device
    batch = run.sampler.batch(step, run.recipe.batch_size).to(device)
    # Half precision pays on GPUs only; a CPU without its instructions would crawl.
    with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
        predictions = run.model(batch, run.recipe.weights.active())
    losses = pretraining_losses(predictions, batch, run.recipe.weights)
    _require_finite(losses.total, "loss", step, losses, batch)
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(losses.total)
    norm = torch.nn.utils.clip_grad_norm_(run.model.parameters(), run.recipe.gradient_norm)
    _require_finite(norm, "gradient", step, losses, batch)
    optimizer.step()
    return losses


def _require_finite(value: torch.Tensor, name: str, step: int, losses: Losses, batch: Batch) -> None:
    if not math.isfinite(value.item()):
        parts = ", ".join(f"{task} {loss.item():.4g}" for task, loss in losses.losses.items())
        raise TrainingError(f"the {name} of step {step + 1} is not finite ({parts}); {_remedy(batch)}")


def _remedy(batch: Batch) -> str:
    finite_B = batch.features_BRD.isfinite().all(-1).all(-1).tolist()
    damaged = sorted({key for key, finite in zip(batch.keys, finite_B, strict=True) if not finite})
    if damaged:
        return f"the regions of image {damaged[0]} are not finite: delete the regions' folder, they are found again"
    return "give a lower --lr"
